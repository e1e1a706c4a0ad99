//! What can be set from outside: one flag and one environment variable each.
//!
//! AWS settings are read by the SDK from its standard variables, those of OpenTelemetry in [`crate::telemetry::settings`].

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};
use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::telemetry::settings::{ECS_METADATA_VARIABLE, TelemetrySettings};

/// The embedded store warns of every refused write, which is everyday business here.
const DEFAULT_LOG: &str = "info,dynoxide=error";

/// What the command line asks for.
#[derive(Clone, Debug)]
pub enum Invocation {
    /// Serve with these settings.
    Serve(Box<Settings>),
    /// Ask the service that listens on this address for its health.
    CheckHealth(SocketAddr),
}

/// Settings of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Address to serve on.
    pub listen: SocketAddr,
    /// Where items are kept.
    pub store: StoreSettings,
    /// Name of the DynamoDB table.
    pub table: String,
    /// Create the table when it does not exist.
    pub create_table: bool,
    /// Item requests served at once; more are shed.
    pub max_in_flight: usize,
    /// How long a request may take before it is answered with 504.
    pub request_timeout: Duration,
    /// How long requests in flight may take to finish after SIGTERM.
    pub shutdown_grace: Duration,
    /// File holding the bearer token asked of writes.
    pub write_token_file: Option<PathBuf>,
    /// Which log lines are written.
    pub log: Targets,
    /// What telemetry is exported.
    pub telemetry: TelemetrySettings,
}

/// Where items are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreSettings {
    /// In an emulator inside this process, on a file in `data_dir` or, without one, in memory.
    #[cfg(feature = "embedded")]
    Embedded {
        /// Folder of the database file; `None` keeps items in memory.
        data_dir: Option<PathBuf>,
    },
    /// In DynamoDB, found by the AWS SDK's settings.
    DynamoDb,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum StoreKind {
    /// A DynamoDB emulator inside this process, on a file in --data-dir
    Embedded,
    /// DynamoDB, by the AWS SDK's usual settings (AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB, …)
    Dynamodb,
}

/// A REST service that keeps items in DynamoDB.
#[derive(Debug, Parser)]
#[command(name = "service", version, max_term_width = 120)]
struct Arguments {
    /// Address and port to serve on; port 0 takes a free one
    #[arg(long, env = "LISTEN_ADDR", value_name = "ADDR", default_value = "0.0.0.0:8080", value_parser = socket_address)]
    listen: SocketAddr,

    /// Where items are kept; embedded unless set
    #[arg(long, env = "STORE", value_name = "STORE")]
    store: Option<StoreKind>,

    /// Folder of the embedded store, or :memory: to keep nothing
    #[arg(long, env = "DATA_DIR", value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,

    /// Name of the DynamoDB table
    #[arg(long, env = "TABLE_NAME", value_name = "NAME", default_value = "items", value_parser = table_name)]
    table: String,

    /// Create the table if it does not exist
    #[arg(long, env = "CREATE_TABLE", value_parser = boolean)]
    create_table: bool,

    /// Item requests served at once; more are answered with 503 and Retry-After
    #[arg(long, env = "MAX_IN_FLIGHT", value_name = "N", default_value = "1024", value_parser = max_in_flight)]
    max_in_flight: usize,

    /// Time a request may take before it is answered with 504
    #[arg(long, env = "REQUEST_TIMEOUT", value_name = "TIME", default_value = "5s", value_parser = duration)]
    request_timeout: Duration,

    /// Time that requests in flight get to finish after SIGTERM
    #[arg(long, env = "SHUTDOWN_GRACE", value_name = "TIME", default_value = "20s", value_parser = duration)]
    shutdown_grace: Duration,

    /// File with a bearer token that POST, PUT and DELETE must carry; without it anyone may write
    #[arg(long, env = "WRITE_TOKEN_FILE", value_name = "FILE")]
    write_token_file: Option<PathBuf>,

    /// Which log lines are written: a level, or levels by module such as info,service=debug
    #[arg(long, env = "RUST_LOG", value_name = "FILTER", default_value = DEFAULT_LOG, value_parser = log_filter)]
    log: Targets,

    /// Ask the service that runs with the same --listen whether it is healthy, and exit with 0 if it is, with 1 if not;
    /// for the health check of a container
    #[arg(long)]
    check_health: bool,
}

impl Invocation {
    /// Reads the flags and variables of this process.
    pub fn from_command_line() -> Result<Self, Refusal> {
        let command = Arguments::command();
        let arguments = command
            .clone()
            .try_get_matches()
            .and_then(|matches| Arguments::from_arg_matches(&matches))
            .map_err(|error| Refusal::from_clap(&command, error))?;
        if !arguments.check_health {
            return Settings::read(arguments).map(|settings| Self::Serve(Box::new(settings)));
        }
        if arguments.listen.port() == 0 {
            return Err(Refusal::line(
                "--check-health needs the port that the service listens on; set --listen / LISTEN_ADDR to it, not to 0"
                    .to_owned(),
            ));
        }
        Ok(Self::CheckHealth(arguments.listen))
    }
}

impl Settings {
    fn read(arguments: Arguments) -> Result<Self, Refusal> {
        #[expect(clippy::disallowed_methods, reason = "this is the settings module")]
        let variable = |name: &str| std::env::var(name).ok();
        let in_ecs = variable(ECS_METADATA_VARIABLE).is_some();
        let telemetry =
            TelemetrySettings::from_variables(&variable).map_err(|error| Refusal::line(error.to_string()))?;
        Ok(Self {
            listen: arguments.listen,
            store: store(arguments.store, arguments.data_dir, in_ecs)?,
            table: arguments.table,
            create_table: arguments.create_table,
            max_in_flight: arguments.max_in_flight,
            request_timeout: arguments.request_timeout,
            shutdown_grace: arguments.shutdown_grace,
            write_token_file: arguments.write_token_file,
            log: arguments.log,
            telemetry,
        })
    }
}

fn store(kind: Option<StoreKind>, data_dir: PathBuf, in_ecs: bool) -> Result<StoreSettings, Refusal> {
    match kind {
        Some(StoreKind::Dynamodb) => Ok(StoreSettings::DynamoDb),
        None if in_ecs => Err(Refusal::line(format!(
            "--store / STORE is not set, and in ECS ({ECS_METADATA_VARIABLE} is set) the embedded store would lose its \
             data with the task; set it to dynamodb, or to embedded if that is what you want"
        ))),
        #[cfg(feature = "embedded")]
        Some(StoreKind::Embedded) | None => {
            let data_dir = (data_dir.as_os_str() != ":memory:").then_some(data_dir);
            Ok(StoreSettings::Embedded { data_dir })
        }
        #[cfg(not(feature = "embedded"))]
        Some(StoreKind::Embedded) | None => {
            drop(data_dir);
            Err(Refusal::line(
                "--store / STORE: this build has no embedded store; set it to dynamodb".to_owned(),
            ))
        }
    }
}

/// Why the settings were not taken, or the help text that was asked for.
#[derive(Debug)]
pub struct Refusal(RefusalKind);

#[derive(Debug)]
enum RefusalKind {
    Help(clap::Error),
    Line(String),
}

impl Refusal {
    fn line(text: String) -> Self {
        Self(RefusalKind::Line(text))
    }

    /// True if help or the version was asked for.
    pub fn is_help(&self) -> bool {
        matches!(self.0, RefusalKind::Help(_))
    }

    /// Prints help to stdout, or one line that says what is wrong to stderr.
    pub fn print(&self) {
        match &self.0 {
            // A closed stdout leaves nobody to tell.
            RefusalKind::Help(help) => drop(help.print()),
            RefusalKind::Line(line) => eprintln!("error: {line}"),
        }
    }

    /// One line naming the flag, its variable, the value and what is allowed.
    fn from_clap(command: &clap::Command, error: clap::Error) -> Self {
        if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            return Self(RefusalKind::Help(error));
        }
        let text = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => Some(text.clone()),
            Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
            _ => None,
        };
        let Some(argument) = text(ContextKind::InvalidArg) else {
            return Self::line("unusable arguments; see --help".to_owned());
        };
        let known = command
            .get_arguments()
            .find(|known| known.get_long().is_some_and(|long| flag_name(&argument) == long));
        let mut line = match known.and_then(clap::Arg::get_env) {
            Some(variable) => format!("--{} / {}", flag_name(&argument), variable.display()),
            None => argument.clone(),
        };
        let value = text(ContextKind::InvalidValue);
        // Writing to a String cannot fail.
        let _ = match (error.kind(), value.as_deref()) {
            (ErrorKind::UnknownArgument, _) => write!(line, ": no such flag; see --help"),
            (ErrorKind::InvalidValue, None | Some("")) => write!(line, ": the value is missing"),
            (ErrorKind::ArgumentConflict, _) => write!(line, ": given more than once"),
            (_, value) => write!(line, ": {:?} is not allowed", value.unwrap_or_default()),
        };
        if let Some(allowed) = text(ContextKind::ValidValue).filter(|allowed| !allowed.is_empty()) {
            let _ = write!(line, "; allowed: {allowed}");
        } else if let Some(source) = std::error::Error::source(&error) {
            let _ = write!(line, "; {source}");
        }
        Self::line(line)
    }
}

/// `max-in-flight` of clap's `--max-in-flight <N>`.
fn flag_name(argument: &str) -> &str {
    argument
        .trim_start_matches("--")
        .split([' ', '='])
        .next()
        .unwrap_or(argument)
}

fn socket_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "allowed: an IP address and a port, such as 0.0.0.0:8080 or [::]:8080")
}

fn boolean(text: &str) -> Result<bool, &'static str> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("allowed: true or false"),
    }
}

fn max_in_flight(text: &str) -> Result<usize, &'static str> {
    match text.parse() {
        Ok(count @ 1..=1_000_000) => Ok(count),
        _ => Err("allowed: a whole number from 1 to 1000000"),
    }
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    match humantime::parse_duration(text) {
        Ok(duration) if (Duration::from_millis(1)..=Duration::from_secs(3600)).contains(&duration) => Ok(duration),
        _ => Err("allowed: 1ms to 1h, such as 500ms, 5s or 1m30s"),
    }
}

/// By DynamoDB's naming rules.
fn table_name(text: &str) -> Result<String, &'static str> {
    let fits = (3..=255).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    fits.then(|| text.to_owned())
        .ok_or("allowed: 3 to 255 of A-Z a-z 0-9 _ - .")
}

fn log_filter(text: &str) -> Result<Targets, &'static str> {
    // A bare word that is no level would be taken for a module whose every line is wanted.
    let levels_are_known = text
        .split(',')
        .all(|part| part.contains('=') || !part.is_empty() && part.parse::<LevelFilter>().is_ok());
    let filter = text.parse().ok().filter(|_| levels_are_known);
    filter.ok_or("allowed: error, warn, info, debug, trace or off, alone or by module such as info,service=debug")
}
