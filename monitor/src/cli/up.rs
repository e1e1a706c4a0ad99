//! `monitor up`.

use std::io::Write as _;
use std::time::Duration;

use monitor::compose::LOCAL_PROFILE;
use monitor::preflight::Check;
use monitor::progress::Progress;
use monitor::secret_source::SecretSource;
use monitor::up::{self, Request, Up};

use super::{CommandError, DONE, HostArgs, interrupt, print_json};

/// Flags of `monitor up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    host: HostArgs,

    /// The service, on its embedded store, and a load generator as well: something to see on a laptop
    #[arg(long)]
    local: bool,

    /// The same as --local, as compose says it
    #[arg(long, value_name = "PROFILE")]
    profile: Option<Profile>,

    /// Take passwords and the first operator token from ssm:/path/ (parameters named like the files in secrets/) or
    /// from secretsmanager:PREFIX, instead of making them at random [env: MONITOR_SECRETS_FROM, settings.env as well]
    #[arg(long, value_name = "SOURCE")]
    secrets_from: Option<SecretSource>,

    /// How long everything may take to become healthy
    #[arg(long, value_name = "TIME", default_value = "3m", value_parser = timeout)]
    timeout: Duration,

    /// Do not look at this before; may be repeated
    #[arg(long, value_name = "NAME", num_args = 1..)]
    skip_check: Vec<Check>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Profile {
    Local,
}

fn timeout(text: &str) -> Result<Duration, &'static str> {
    match humantime::parse_duration(text) {
        Ok(duration) if (Duration::from_secs(1)..=Duration::from_secs(3600)).contains(&duration) => Ok(duration),
        _ => Err("allowed: 1s to 1h, such as 90s or 3m"),
    }
}

/// Brings the host up and says where everything is; gives the exit status.
pub(crate) async fn run(arguments: Arguments, json: bool) -> Result<u8, CommandError> {
    let host = arguments.host.host()?;
    let interrupt = interrupt()?;
    let source = match arguments.secrets_from {
        None => SecretSource::of(&host.settings)?,
        given => given,
    };
    let request = Request {
        local: arguments.local || matches!(arguments.profile, Some(Profile::Local)),
        timeout: arguments.timeout,
        skipped: arguments.skip_check,
        source,
    };
    let up = up::up(&host, &request, &interrupt, &Progress::default()).await?;
    if json {
        print_json(&up);
    } else {
        show(&up, request.local);
    }
    Ok(DONE)
}

fn show(up: &Up, local: bool) {
    let mut stdout = std::io::stdout().lock();
    let state = if up.already_up { "already up" } else { "up" };
    let with = if local {
        format!(" (with the profile {LOCAL_PROFILE})")
    } else {
        String::new()
    };
    // A reader that has gone away is no error.
    let _ = writeln!(stdout, "The monitor host is {state}{with}.\n");
    for address in &up.addresses {
        let _ = writeln!(stdout, "  {:<15} {}", address.name, address.url);
    }
    let _ = writeln!(
        stdout,
        "\nGrafana: user admin, password in {}\n(`monitor secrets show grafana-admin-password` prints it)",
        up.grafana_password_file.display()
    );
}
