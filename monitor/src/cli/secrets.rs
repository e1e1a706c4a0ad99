//! `monitor secrets`.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::time::SystemTime;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use monitor::host::Host;
use monitor::progress::Progress;
use monitor::rotation;
use monitor::secrets::Secret;

use super::{CommandError, DONE, HostArgs, UNWELL, interrupt, print_json};

/// Commands of `monitor secrets`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Names, files and ages of all secrets; no values. Status 3 where one is missing or others may read it
    List {
        #[command(flatten)]
        host: HostArgs,
    },
    /// Print the value of one secret on standard output
    Show {
        #[command(flatten)]
        host: HostArgs,
        /// Its name, as `list` shows it
        #[arg(value_parser = secret_parser())]
        name: Secret,
    },
    /// Replace secrets while everything goes on: the old one is withdrawn once the new one is seen to work. Ended half
    /// way, what is in the files works, and running it again finishes it
    Rotate {
        #[command(flatten)]
        host: HostArgs,
        /// Their names, as `list` shows them
        #[arg(value_name = "NAME", value_parser = secret_parser(), required_unless_present = "all")]
        names: Vec<Secret>,
        /// Every one of them
        #[arg(long, conflicts_with = "names")]
        all: bool,
    },
}

fn secret_parser() -> impl TypedValueParser<Value = Secret> {
    PossibleValuesParser::new(Secret::ALL.map(Secret::name))
        .try_map(|name| Secret::named(&name).ok_or("there is no such secret"))
}

/// Does what is asked; gives the exit status.
pub(crate) async fn run(arguments: Arguments, json: bool) -> Result<u8, CommandError> {
    match arguments.command {
        Command::List { host } => Ok(list(&host.host()?, json)),
        Command::Show { host, name } => show(&host.host()?, name, json),
        Command::Rotate { host, names, all } => {
            let names = if all { Secret::ALL.to_vec() } else { names };
            rotate(&host.host()?, names, json).await
        }
    }
}

#[derive(serde::Serialize)]
struct Listed {
    name: &'static str,
    purpose: &'static str,
    file: std::path::PathBuf,
    /// Seconds since it was changed.
    age: Option<u64>,
    /// Why it is not as it should be.
    fault: Option<String>,
}

fn list(host: &Host, json: bool) -> u8 {
    let rows: Vec<_> = Secret::ALL.into_iter().map(|secret| listed(host, secret)).collect();
    if json {
        print_json(&rows);
    } else {
        let mut stdout = std::io::stdout().lock();
        // A reader that has gone away is no error.
        let _ = writeln!(stdout, "{:<25} {:<9} {:<48} STATE", "NAME", "CHANGED", "FOR");
        for row in &rows {
            let age = row.age.map_or_else(|| "-".to_owned(), age_text);
            let state = row.fault.as_deref().unwrap_or("well");
            let _ = writeln!(stdout, "{:<25} {age:<9} {:<48} {state}", row.name, row.purpose);
        }
        let _ = writeln!(stdout, "\nFiles are in {}.", host.secrets.folder().display());
    }
    if rows.iter().any(|row| row.fault.is_some()) {
        UNWELL
    } else {
        DONE
    }
}

fn listed(host: &Host, secret: Secret) -> Listed {
    let file = host.secrets.path(secret);
    let found = std::fs::metadata(&file);
    let changed = found.as_ref().ok().and_then(|found| found.modified().ok());
    let fault = match &found {
        Ok(found) if found.mode() & 0o077 != 0 => Some(format!(
            "others may read it (mode {:o}); `monitor up` puts that right",
            found.mode() & 0o777
        )),
        Ok(_) => None,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some("missing; `monitor up` makes it".to_owned()),
        Err(error) => Some(format!(
            "cannot be looked at ({error}); run this as the user who ran `monitor up`"
        )),
    };
    Listed {
        name: secret.name(),
        purpose: secret.purpose(),
        file,
        age: changed.map(|changed| SystemTime::now().duration_since(changed).unwrap_or_default().as_secs()),
        fault,
    }
}

fn age_text(seconds: u64) -> String {
    match seconds {
        0..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

fn show(host: &Host, secret: Secret, json: bool) -> Result<u8, CommandError> {
    let value = host.secrets.read(secret)?;
    if json {
        print_json(&serde_json::json!({"name": secret.name(), "value": value.expose()}));
    } else {
        // A reader that has gone away is no error.
        let _ = writeln!(std::io::stdout(), "{}", value.expose());
    }
    Ok(DONE)
}

async fn rotate(host: &Host, mut wanted: Vec<Secret>, json: bool) -> Result<u8, CommandError> {
    wanted.sort_unstable();
    wanted.dedup();
    rotation::rotate(host, &wanted, &interrupt()?, &Progress::default()).await?;
    let names: Vec<_> = wanted.iter().map(|secret| secret.name()).collect();
    if json {
        print_json(&serde_json::json!({"rotated": names}));
    } else {
        let _ = writeln!(std::io::stdout(), "Replaced: {}.", names.join(", "));
    }
    Ok(DONE)
}
