//! `monitor logs`.

use std::io::Write as _;
use std::process::{Output, Stdio};

use monitor::compose::{self, ComposeError, LOCAL_PROFILE};
use monitor::host::Host;
use monitor::progress::without_controls;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use super::{CommandError, DONE, HostArgs, INTERRUPTED, interrupt};

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
pub(crate) async fn run(arguments: Arguments, json: bool) -> Result<u8, CommandError> {
    let host = arguments.host.clone().host()?;
    let interrupt = interrupt()?;
    let known = host.compose.services(&[LOCAL_PROFILE]).await?;
    if let Some(name) = arguments.services.iter().find(|service| !known.contains(service)) {
        return Err(CommandError::NoService {
            name: name.clone(),
            known: known.join(", "),
        });
    }
    match interrupt.during(show(&host, &arguments, json)).await {
        Ok(shown) => Ok(shown.map(|()| DONE)?),
        Err(_) => Ok(INTERRUPTED),
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
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|reason| ComposeError::NoDocker { reason })?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let copying = async {
        let Some(stdout) = stdout else { return Ok(()) };
        // Containers write what they like, which need not be text.
        let mut lines = BufReader::new(stdout).split(b'\n');
        while let Ok(Some(line)) = lines.next_segment().await {
            let line = String::from_utf8_lossy(&line);
            let line = if json {
                as_json(line.trim_end_matches('\r'))
            } else {
                without_controls(&line)
            };
            writeln!(std::io::stdout(), "{line}")?;
        }
        Ok::<(), std::io::Error>(())
    };
    let complaining = async {
        let mut complaint = Vec::new();
        if let Some(mut stderr) = stderr {
            stderr.read_to_end(&mut complaint).await?;
        }
        Ok(complaint)
    };
    // Without a reader there is nothing more to do.
    let Ok(((), stderr)) = tokio::try_join!(copying, complaining) else {
        return Ok(());
    };
    let status = child.wait().await.map_err(|reason| ComposeError::NoDocker { reason })?;
    if status.success() {
        return Ok(());
    }
    let stdout = Vec::new();
    Err(compose::failure(
        "compose logs".to_owned(),
        &Output { status, stdout, stderr },
    ))
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
