//! Flags that say what is put under load and with which requests.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use clap::Args;

use loadgen::influxdb::names::{MOST_RUN_TAGS, TAKEN_TAGS};
use loadgen::scenario::{RequestSpec, Scenario};
use loadgen::settings::{RunId, Settings, TraceSettings};
use loadgen::target::Target;

use super::Failure;
use super::durations::positive_duration;
use super::transport::TransportArgs;
use crate::redact;

/// Characters of a tag's name and of its value.
const LONGEST_TAG: usize = 64;

/// What to put under load.
#[derive(Debug, Args)]
#[command(next_help_heading = "Requests")]
pub(crate) struct TargetArgs {
    /// URL under load; http where no scheme is given. For --scenario, the base URL.
    #[arg(help_heading = None)]
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

    /// Run a scenario instead of repeating one request: `items` creates, reads, updates, lists and deletes items of its
    /// own and removes them afterwards; anything else is a TOML file (see docs/scenarios.md).
    #[arg(long, value_name = "FILE")]
    scenario: Option<String>,

    #[command(flatten)]
    vars: VarArgs,

    /// How long a request may take, opening a connection included.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = positive_duration)]
    timeout: Duration,

    /// Identifies the run in every output and in the baggage sent to the target: 1 to 64 characters of
    /// A-Z a-z 0-9 . _ - [default: made of the time].
    #[arg(long, value_name = "ID", env = "LOADGEN_RUN_ID", help_heading = "Outputs")]
    run_id: Option<RunId>,

    /// Describes the run in every output, `name=value`; may be repeated, up to 8 times.
    #[arg(long = "tag", value_name = "TAG", value_parser = tag, help_heading = "Outputs")]
    tags: Vec<(String, String)>,

    /// Share of the requests, 0 to 1, whose traces the target is asked to record; the others carry a traceparent that
    /// asks it not to.
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, value_parser = share, help_heading = "Traces")]
    trace_sample: f64,

    /// Where a trace can be looked at, e.g. 'http://localhost:16686/trace/{trace_id}': the summary and the report link
    /// the slowest and the failed requests to it.
    #[arg(long, value_name = "URL", value_parser = trace_url, help_heading = "Traces")]
    trace_url: Option<String>,

    /// Send no traceparent and baggage headers.
    #[arg(long, conflicts_with_all = ["trace_url", "trace_sample"], help_heading = "Traces")]
    no_trace_headers: bool,

    #[command(flatten)]
    transport: TransportArgs,
}

/// Variables of a scenario.
#[derive(Debug, Args)]
pub(crate) struct VarArgs {
    /// A variable of the scenario, in place of what its file says; may be repeated. NAME=@FILE takes the value from a
    /// file, which keeps secrets out of the process list.
    #[arg(long = "var", value_name = "NAME=VALUE", requires = "scenario")]
    vars: Vec<String>,
}

impl TargetArgs {
    /// The settings of a run, everything else by default; reads the files that the arguments name.
    pub(crate) fn settings(&self, command_line: &[String]) -> Result<Settings, Failure> {
        let target: Target = self.url.parse().map_err(Failure::usage)?;
        let mut settings = Settings::new(target);
        settings.scenario = match &self.scenario {
            Some(name) => Scenario::named(name, &self.vars.read()?).map_err(Failure::usage)?,
            None => Scenario::request(self.request()?),
        };
        settings.thresholds = settings.scenario.thresholds().to_vec();
        settings.headers = headers(&self.headers)?;
        settings.timeout = self.timeout;
        if let Some(run_id) = &self.run_id {
            settings.run_id = run_id.clone();
        }
        settings.tags = self.tags()?;
        settings.trace = TraceSettings {
            headers: !self.no_trace_headers,
            sample: if self.no_trace_headers { 0.0 } else { self.trace_sample },
            url: self.trace_url.clone(),
        };
        settings.transport = self.transport.settings()?;
        settings.command = redact::command_line(command_line);
        Ok(settings)
    }

    fn tags(&self) -> Result<BTreeMap<String, String>, Failure> {
        let mut tags = BTreeMap::new();
        for (name, value) in &self.tags {
            if tags.insert(name.clone(), value.clone()).is_some() {
                return Err(Failure::usage(format!("--tag {name} is given twice")));
            }
        }
        if tags.len() > MOST_RUN_TAGS {
            return Err(Failure::usage(format!("a run has at most {MOST_RUN_TAGS} tags")));
        }
        Ok(tags)
    }

    fn request(&self) -> Result<RequestSpec, Failure> {
        let body = self.data.as_deref().map(read_data).transpose()?;
        let method = match &self.method {
            Some(method) => {
                if !is_token(method) {
                    return Err(Failure::usage(format!(
                        "--method `{method}` is not a method; write e.g. PUT"
                    )));
                }
                method.to_ascii_uppercase()
            }
            None if body.is_some() => "POST".to_owned(),
            None => "GET".to_owned(),
        };
        if method == "CONNECT" {
            return Err(Failure::usage(
                "--method CONNECT is for proxies and cannot be put under load",
            ));
        }
        Ok(RequestSpec {
            method,
            body: body.map(Into::into),
        })
    }
}

impl VarArgs {
    /// Names and values; a value is one line of a file where it begins with @.
    pub(crate) fn read(&self) -> Result<Vec<(String, String)>, Failure> {
        let parse = |argument: &String| {
            // The value may be a secret, so errors repeat only the name.
            let Some((name, value)) = argument.split_once('=') else {
                return Err(Failure::usage("--var: a variable is written NAME=VALUE"));
            };
            let value = match value.strip_prefix('@') {
                None => value.to_owned(),
                Some(file) => std::fs::read_to_string(file)
                    .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
                    .map_err(Failure::unreadable(format!("--var {name}=@{file}")))?,
            };
            Ok((name.to_owned(), value))
        };
        self.vars.iter().map(parse).collect()
    }
}

fn read_data(data: &str) -> Result<Vec<u8>, Failure> {
    let Some(source) = data.strip_prefix('@') else {
        return Ok(data.as_bytes().to_vec());
    };
    let read = if source == "-" {
        let mut body = Vec::new();
        std::io::stdin().lock().read_to_end(&mut body).map(|_| body)
    } else {
        std::fs::read(source)
    };
    read.map_err(Failure::unreadable(format!("--data {data}")))
}

fn headers(given: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let mut headers = Vec::new();
    for argument in given {
        match argument.strip_prefix('@') {
            Some(file) => {
                let lines = std::fs::read_to_string(file);
                let lines = lines.map_err(Failure::unreadable(format!("--header {argument}")))?;
                for line in lines.lines().filter(|line| !line.trim().is_empty()) {
                    headers.push(header(line)?);
                }
            }
            None => headers.push(header(argument)?),
        }
    }
    Ok(headers)
}

/// Whether HTTP would take a text as a method or as a field's name.
fn is_token(text: &str) -> bool {
    let of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(of_token)
}

fn header(text: &str) -> Result<(String, String), Failure> {
    // The value may be a secret, so errors repeat only the name.
    let wrong = |name: &str, reason: &str| Failure::usage(format!("--header `{name}`: {reason}"));
    let Some((name, value)) = text.split_once(':') else {
        return Err(wrong("…", "a header field is written `Name: value`"));
    };
    if !is_token(name) {
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

fn tag(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write e.g. --tag commit=1a2b3c")?;
    let plain =
        |text: &str| !text.is_empty() && text.chars().count() <= LONGEST_TAG && !text.chars().any(char::is_control);
    let named = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if !plain(name) || !named || name.starts_with('_') {
        return Err("a tag's name has 1 to 64 characters of A-Z a-z 0-9 . _ -, and does not begin with _".to_owned());
    }
    if TAKEN_TAGS.contains(&name) {
        return Err(format!("the tag {name} is set by loadgen itself"));
    }
    if !plain(value) {
        return Err("a tag's value has 1 to 64 characters".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("write a number from 0 to 1".to_owned()),
    }
}

fn trace_url(text: &str) -> Result<String, String> {
    let is_web = text.starts_with("http://") || text.starts_with("https://");
    if is_web && text.contains("{trace_id}") {
        Ok(text.to_owned())
    } else {
        Err("write an http or https URL with {trace_id} in place of the id".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_plain_and_few() {
        assert_eq!(tag("commit=1a=b"), Ok(("commit".to_owned(), "1a=b".to_owned())));
        let long = "x".repeat(65);
        let (long_name, long_value) = (format!("{long}=a"), format!("a={long}"));
        let taken = TAKEN_TAGS.map(|name| format!("{name}=x"));
        let refused = [
            "commit",
            "=a",
            "a=",
            "a b=c",
            "_x=y",
            "a=\n\u{7}",
            &long_name,
            &long_value,
        ];
        for text in refused.into_iter().chain(taken.iter().map(String::as_str)) {
            assert!(tag(text).is_err(), "{text}");
        }
    }

    #[test]
    fn headers_cannot_smuggle_anything() {
        assert_eq!(header("X-A:  b ").unwrap(), ("X-A".to_owned(), "b".to_owned()));
        for text in ["novalue", "a b: c", ": c", "a: b\r\nc: d", "Content-Length: 5"] {
            assert!(header(text).is_err(), "{text}");
        }
    }
}
