//! `monitor logs`.

use std::io::Write as _;
use std::process::Stdio;

use monitor::compose::{ComposeError, LOCAL_PROFILE};
use monitor::host::Host;
use monitor::progress::without_controls;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::{DONE, HostArgs, INTERRUPTED, complain, interrupt};

/// Flags of `monitor logs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    host: HostArgs,

    /// Services of compose.yaml, such as grafana or otel-collector [default: all]
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,

    /// Go on with what comes, until interrupted
    #[arg(short, long)]
    follow: bool,

    /// Only what came since then: 10m, or 2026-11-25T09:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Only that many lines of each service
    #[arg(short = 'n', long, value_name = "N")]
    tail: Option<u64>,
}

/// Shows what the containers wrote; gives the exit status. As JSON it is a line for each of theirs.
pub(crate) async fn run(arguments: Arguments, json: bool) -> u8 {
    let host = match arguments.host.clone().host() {
        Ok(host) => host,
        Err(error) => return complain(&error, json),
    };
    let interrupt = match interrupt(json) {
        Ok(interrupt) => interrupt,
        Err(status) => return status,
    };
    match host.compose.services(&[LOCAL_PROFILE]).await {
        Ok(known) => {
            if let Some(unknown) = arguments.services.iter().find(|service| !known.contains(service)) {
                return complain(
                    &format!("there is no service {unknown}; there are {}", known.join(", ")),
                    json,
                );
            }
        }
        Err(error) => return complain(&error, json),
    }
    match interrupt.during(show(&host, &arguments, json)).await {
        Ok(Ok(())) => DONE,
        Ok(Err(error)) => complain(&error, json),
        Err(_) => INTERRUPTED,
    }
}

async fn show(host: &Host, arguments: &Arguments, json: bool) -> Result<(), ComposeError> {
    let tail = arguments.tail.map(|tail| tail.to_string());
    let mut words = vec!["--profile", LOCAL_PROFILE, "logs", "--no-color", "--timestamps"];
    if arguments.follow {
        words.push("--follow");
    }
    for (flag, value) in [("--since", &arguments.since), ("--tail", &tail)] {
        if let Some(value) = value {
            words.extend([flag, value]);
        }
    }
    words.extend(arguments.services.iter().map(String::as_str));
    let mut command = host.compose.command(&words);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    // What docker itself has to say goes to standard error as it is.
    let mut child = command.spawn().map_err(|reason| ComposeError::NoDocker { reason })?;
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let line = if json { as_json(&line) } else { without_controls(&line) };
            if writeln!(std::io::stdout(), "{line}").is_err() {
                // Nobody reads any more.
                return Ok(());
            }
        }
    }
    let status = child.wait().await.map_err(|reason| ComposeError::NoDocker { reason })?;
    if status.success() {
        return Ok(());
    }
    Err(ComposeError::Failed {
        command: "compose logs".to_owned(),
        message: format!("{status}, as it says above"),
    })
}

/// Of `grafana-1  | 2026-11-25T09:00:00.123456789Z text`.
fn as_json(line: &str) -> String {
    let (container, rest) = line.split_once('|').unwrap_or(("", line));
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let (time, message) = rest.split_once(' ').unwrap_or((rest, ""));
    serde_json::json!({"container": container.trim(), "time": time, "message": message}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart() {
        let json: serde_json::Value =
            serde_json::from_str(&as_json("jaeger-1  | 2026-11-25T09:00:00.1Z a | b  c")).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"container": "jaeger-1", "time": "2026-11-25T09:00:00.1Z", "message": "a | b  c"})
        );
    }
}
