//! The command line.

pub(crate) mod compare;
pub(crate) mod merge;

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};

use loadgen::scenario::{RequestSpec, Scenario};
use loadgen::settings::{RunId, Settings};
use loadgen::target::Target;
use loadgen::threshold::Threshold;
use loadgen::tls::TlsSettings;

use crate::redact;

/// HTTP load generator: puts a target under load and says how it fared.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Put a target under load.
    #[command(after_long_help = RUN_HELP)]
    Run(Box<RunArgs>),
    /// Put the results of several generators together, as if one had done all the work.
    #[command(after_long_help = merge::MERGE_HELP)]
    Merge(merge::MergeArgs),
    /// Tell whether one run was worse than another, or only different by chance.
    #[command(after_long_help = compare::COMPARE_HELP)]
    Compare(compare::CompareArgs),
}

const RUN_HELP: &str = "\
Exit status:
  0    the run was done (failed requests are figures; set --threshold 'error_rate==0' to fail on them)
  1    the run could not be done, or left items behind
  2    the command line is wrong
  99   a threshold was crossed
  130  interrupted; the summary and everything recorded still come out

Latency counts from the instant a virtual user is ready to send, so it includes opening a connection where one had to be opened. Failed and timed-out requests stay in the figures.

Examples:
  loadgen run localhost:8080/items/1 --vus 50 --duration 1m
  loadgen run www.example.com/items/1 -X PUT -d '{\"name\":\"Updated\"}' --vus 100 --duration 60s --think-time 1s
  loadgen run localhost:8080 --scenario items --threshold 'p(99)<250ms' --threshold 'error_rate<1%' --report run.html";

/// Settings of `loadgen run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// URL under load; http where no scheme is given. For --scenario, the base URL.
    url: String,

    /// Request method [default: GET, or POST with --data].
    #[arg(short = 'X', long, value_name = "METHOD", conflicts_with = "scenario")]
    method: Option<String>,

    /// Request body; @FILE takes it from a file, @- from standard input. It is sent as application/json unless a
    /// --header says otherwise.
    #[arg(
        short,
        long,
        value_name = "BODY",
        conflicts_with = "scenario",
        allow_hyphen_values = true
    )]
    data: Option<String>,

    /// Header field, `Name: value`; may be repeated. @FILE takes one field per line from a file, which keeps secrets
    /// out of the process list.
    #[arg(short = 'H', long = "header", value_name = "FIELD")]
    headers: Vec<String>,

    /// Virtual users: each sends one request after the other on a connection of its own.
    #[arg(long, value_name = "N", default_value_t = Settings::DEFAULT_VUS, value_parser = value_parser!(u32).range(1..=1_000_000))]
    vus: u32,

    /// How long requests are sent, e.g. 60s or 1m30s.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = positive_duration)]
    duration: Duration,

    /// How long a virtual user waits after each request.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    think_time: Duration,

    /// Run a scenario instead of repeating one request: `items` creates, reads, updates, lists and deletes items of
    /// its own and removes them afterwards.
    #[arg(long, value_name = "NAME")]
    scenario: Option<ScenarioName>,

    /// Objective, e.g. 'p(99)<250ms', 'create: avg<50ms', 'error_rate<1%', 'rate>500/s', 'count>=1000'; may be
    /// repeated. Metrics: p(N), avg, min, max, med, rate, error_rate, dropped, count. A crossed one makes the exit
    /// status 99.
    #[arg(long = "threshold", value_name = "OBJECTIVE")]
    thresholds: Vec<Threshold>,

    /// How long a request may take, opening a connection included.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = positive_duration)]
    timeout: Duration,

    /// How long requests in flight may go on when the duration is over; what is unanswered then counts as failed.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    graceful_stop: Duration,

    /// Identifies the run in every output and in the baggage sent to the target: 1 to 64 characters of
    /// A-Z a-z 0-9 . _ - [default: made of the time].
    #[arg(long, value_name = "ID")]
    run_id: Option<RunId>,

    /// Write the summary as JSON; - for standard output, the text then goes to standard error.
    #[arg(long, value_name = "FILE")]
    pub(crate) summary_json: Option<PathBuf>,

    /// Write a report in HTML, one file that can be opened offline.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Show no progress, only the summary.
    #[arg(long)]
    pub(crate) quiet: bool,

    /// Trust the certificates in a PEM file besides the system's.
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,

    /// Trust whatever certificate the target shows.
    #[arg(short = 'k', long)]
    insecure: bool,

    /// Send no traceparent and baggage headers.
    #[arg(long)]
    no_trace_headers: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScenarioName {
    /// The mix of requests on items.
    Items,
}

/// What is wrong with a command line, beyond what clap finds.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(String);

impl RunArgs {
    /// The settings of the run; reads the files that the arguments name.
    pub(crate) fn settings(&self, command_line: &[String]) -> Result<Settings, UsageError> {
        let target: Target = self.url.parse().map_err(|error| UsageError(format!("{error}")))?;
        let mut settings = Settings::new(target);
        settings.scenario = match self.scenario {
            Some(ScenarioName::Items) => Scenario::Items,
            None => Scenario::Request(self.request()?),
        };
        settings.headers = headers(&self.headers)?;
        settings.vus = self.vus;
        settings.duration = self.duration;
        settings.think_time = self.think_time;
        settings.timeout = self.timeout;
        settings.graceful_stop = self.graceful_stop;
        if let Some(run_id) = &self.run_id {
            settings.run_id = run_id.clone();
        }
        settings.thresholds = self.thresholds.clone();
        settings.trace_headers = !self.no_trace_headers;
        settings.tls = TlsSettings {
            ca_file: self.cacert.clone(),
            insecure: self.insecure,
        };
        settings.command = redact::command_line(command_line);
        Ok(settings)
    }

    fn request(&self) -> Result<RequestSpec, UsageError> {
        let body = self.data.as_deref().map(read_data).transpose()?;
        let method = match &self.method {
            Some(method) => {
                let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
                if method.is_empty() || !method.bytes().all(is_token) {
                    return Err(UsageError(format!(
                        "--method `{method}` is not a method; write e.g. PUT"
                    )));
                }
                method.to_ascii_uppercase()
            }
            None if body.is_some() => "POST".to_owned(),
            None => "GET".to_owned(),
        };
        if method == "CONNECT" {
            return Err(UsageError(
                "--method CONNECT is for proxies and cannot be put under load".to_owned(),
            ));
        }
        Ok(RequestSpec {
            method,
            body: body.map(Into::into),
        })
    }
}

fn read_data(data: &str) -> Result<Vec<u8>, UsageError> {
    let Some(source) = data.strip_prefix('@') else {
        return Ok(data.as_bytes().to_vec());
    };
    let read = if source == "-" {
        let mut body = Vec::new();
        std::io::stdin().lock().read_to_end(&mut body).map(|_| body)
    } else {
        std::fs::read(source)
    };
    read.map_err(|error| UsageError(format!("--data {data}: {error}; give a file that can be read")))
}

fn headers(given: &[String]) -> Result<Vec<(String, String)>, UsageError> {
    let mut headers = Vec::new();
    for argument in given {
        match argument.strip_prefix('@') {
            Some(file) => {
                let lines = std::fs::read_to_string(file).map_err(|error| {
                    UsageError(format!("--header {argument}: {error}; give a file that can be read"))
                })?;
                for line in lines.lines().filter(|line| !line.trim().is_empty()) {
                    headers.push(header(line)?);
                }
            }
            None => headers.push(header(argument)?),
        }
    }
    Ok(headers)
}

fn header(text: &str) -> Result<(String, String), UsageError> {
    // The value may be a secret, so errors repeat only the name.
    let wrong = |name: &str, reason: &str| UsageError(format!("--header `{name}`: {reason}"));
    let Some((name, value)) = text.split_once(':') else {
        return Err(wrong("…", "a header field is written `Name: value`"));
    };
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(wrong(name, "a field's name has only letters, digits and -"));
    }
    let value = value.trim();
    if value.bytes().any(|byte| byte == 0x7f || (byte < 0x20 && byte != b'\t')) {
        return Err(wrong(name, "a value has no control characters"));
    }
    if ["content-length", "transfer-encoding", "expect", "upgrade"].contains(&name.to_ascii_lowercase().as_str()) {
        return Err(wrong(name, "this field is loadgen's own business; leave it out"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn duration(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);
    let duration = humantime::parse_duration(text).map_err(|_| "write e.g. 250ms, 60s or 1m30s".to_owned())?;
    if duration > LONGEST {
        Err("at most 30 days".to_owned())
    } else {
        Ok(duration)
    }
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("must be longer than nothing, e.g. 60s".to_owned()),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_have_units_and_bounds() {
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert!(duration("10").is_err() && duration("1year").is_err() && positive_duration("0s").is_err());
    }

    #[test]
    fn headers_cannot_smuggle_anything() {
        assert_eq!(header("X-A:  b ").unwrap(), ("X-A".to_owned(), "b".to_owned()));
        for text in ["novalue", "a b: c", ": c", "a: b\r\nc: d", "Content-Length: 5"] {
            assert!(header(text).is_err(), "{text}");
        }
    }
}
