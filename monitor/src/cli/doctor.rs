//! `monitor doctor`.

mod text;

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use monitor::doctor::{self, CHECKS, Check, CheckReport, Context, Depth, Report};
use monitor::host::Host;
use tokio::time::sleep;

use super::{CommandError, DONE, FAILED, HostArgs, INTERRUPTED, UNWELL, interrupt, print_json};

/// Time between two runs of `--watch`, unless told otherwise.
const INTERVAL: &str = "30s";

/// Which checks to run, how often.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Everything is checked from here to the screen: a trace and a metric are sent to the collector and \
    read back from Jaeger and InfluxDB, every dashboard's queries are run. The trace has to wait for the collector's decision \
    (TRACE_DECISION_WAIT, 10 s), which is what most of the time goes to.\n\nExit status: 0 nothing failed (there may be warnings), \
    1 it could not be done, 2 wrong command line, 3 a check failed, 130 interrupted."
)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    host: HostArgs,

    /// Run what is free of charge and takes less than two seconds: for every minute
    #[arg(long)]
    quick: bool,

    /// Run what needs no running server: for an image of the host
    #[arg(long, conflicts_with_all = ["quick", "watch"])]
    offline: bool,

    /// Run again and again until interrupted
    #[arg(long)]
    watch: bool,

    /// Time between two runs of --watch
    #[arg(long, value_name = "TIME", default_value = INTERVAL, value_parser = humantime::parse_duration)]
    interval: Duration,

    /// Run this check alone; may be repeated
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(doctor::names()), hide_possible_values = true)]
    only: Vec<String>,

    /// Leave this check out; may be repeated
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(doctor::names()), hide_possible_values = true)]
    skip: Vec<String>,

    /// List the checks and what each expects
    #[arg(long)]
    list: bool,
}

/// Runs the checks; gives the exit status.
pub(crate) async fn run(arguments: DoctorArgs, json: bool) -> Result<u8, CommandError> {
    if arguments.list {
        list(json);
        return Ok(DONE);
    }
    let examined = interrupt()?.during(examine(arguments, json)).await;
    examined.unwrap_or(Ok(INTERRUPTED))
}

async fn examine(arguments: DoctorArgs, json: bool) -> Result<u8, CommandError> {
    let depth = match (arguments.offline, arguments.quick) {
        (true, _) => Depth::Offline,
        (_, true) => Depth::Quick,
        _ => Depth::Full,
    };
    let only: BTreeSet<_> = arguments.only.iter().map(String::as_str).collect();
    let skip: BTreeSet<_> = arguments.skip.iter().map(String::as_str).collect();
    let is_wanted = |check: &Check| (only.is_empty() || only.contains(check.name)) && !skip.contains(check.name);
    if !CHECKS.iter().any(|check| check.belongs_to(depth) && is_wanted(check)) {
        return Err(CommandError::NoCheck);
    }
    loop {
        // Settings and secrets may change while this watches.
        let report = once(arguments.host.clone().host()?, depth, is_wanted).await;
        if !arguments.watch {
            show(&report, json);
            return Ok(if report.healthy { DONE } else { UNWELL });
        }
        if show_again(&report, json).is_err() {
            return Ok(FAILED);
        }
        sleep(arguments.interval).await;
    }
}

async fn once(host: Host, depth: Depth, is_wanted: impl Fn(&Check) -> bool) -> Report {
    let context = Arc::new(Context::new(host, depth));
    let progress = text::Progress::new(io::stderr().is_terminal(), depth);
    let report = doctor::run(&context, is_wanted, |check: &CheckReport, running: &[&str]| {
        progress.show(check, running);
    })
    .await;
    if depth != Depth::Offline {
        doctor::export(&context, &report).await;
    }
    progress.clear();
    report
}

fn show(report: &Report, json: bool) {
    if json {
        print_json(report);
        return;
    }
    let mut stdout = io::stdout().lock();
    let is_coloured = stdout.is_terminal();
    // A reader that has gone away is no error.
    let _ = text::write(&mut stdout, report, is_coloured);
}

/// One line of JSON, a fresh screen, or a line for each change of the time.
fn show_again(report: &Report, json: bool) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    if json {
        serde_json::to_writer(&mut stdout, report)?;
        writeln!(stdout)?;
    } else if stdout.is_terminal() {
        write!(stdout, "\x1b[H\x1b[2J")?;
        text::write(&mut stdout, report, true)?;
    } else {
        text::write_lines(&mut stdout, report)?;
    }
    stdout.flush()
}

fn list(json: bool) {
    if json {
        let checks = CHECKS.iter().map(|check| {
            serde_json::json!({
                "name": check.name,
                "group": check.group,
                "expected": check.expected,
                "from": check.from,
            })
        });
        print_json(&checks.collect::<Vec<_>>());
        return;
    }
    let mut stdout = io::stdout().lock();
    let _ = text::write_list(&mut stdout);
}
