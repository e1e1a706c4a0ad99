//! The main job in one command: the service on its embedded store, a load run against it, a summary and a report.

use std::io::{self, IsTerminal as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use loadgen::engine::Finished;
use loadgen::interrupt::Interrupt;
use loadgen::load::{Load, Ramp};
use loadgen::output_file::{OutputError, OutputFile};
use loadgen::progress::Progress;
use loadgen::run_error::RunError;
use loadgen::scenario::{Scenario, ScenarioError};
use loadgen::summary::Summary;
use loadgen::summary_text::{self, Colour};
use loadgen::target::TargetError;
use service::settings::StoreSettings;
use service::telemetry::settings::TelemetrySettings;
use service::{Service, ServiceError};
use tokio::sync::oneshot;
use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::cli::{DONE, FAILED, INTERRUPTED};

const REPORT_FLAG: &str = "--report";

/// Flags of `monitor demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Port on 127.0.0.1 that the service listens on; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,

    /// How long the load lasts
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    duration: Duration,

    /// Virtual users, each sending one request after the other
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    vus: u32,

    /// Where the HTML report goes
    #[arg(long, value_name = "FILE", default_value = "demo-report.html")]
    report: PathBuf,

    /// Keep the service's data in this folder; otherwise it is removed at the end
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    match humantime::parse_duration(text) {
        Ok(duration) if (Duration::from_secs(1)..=Duration::from_secs(3600)).contains(&duration) => Ok(duration),
        _ => Err("allowed: 1s to 1h, such as 30s or 1m30s"),
    }
}

/// Why the demonstration ended without a result, in one line that says what to do.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("--port {port} is taken by another program; choose another one, or 0 for a free one")]
    PortInUse { port: u16 },
    #[error("the service did not start: {0}")]
    Service(ServiceError),
    #[error("the load could not be run: {0}")]
    Load(#[from] RunError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    #[error("the operating system refused a thread, a socket or a folder: {0}")]
    System(#[from] io::Error),
}

/// Runs the demonstration and says how it went; gives the exit status.
pub(crate) fn run(arguments: &Arguments) -> u8 {
    demonstrate(arguments).unwrap_or_else(|error| {
        if matches!(error, DemoError::Load(RunError::Interrupted)) {
            return INTERRUPTED;
        }
        // Without standard error the exit status has to do.
        let _ = writeln!(io::stderr(), "error: {error}");
        FAILED
    })
}

/// Gives the exit status. A reader of what is shown that has gone away is no error.
fn demonstrate(arguments: &Arguments) -> Result<u8, DemoError> {
    let report = OutputFile::prepare(REPORT_FLAG, &arguments.report)?;
    let interrupt = Interrupt::new();
    loadgen::signals::request_on_signal(&interrupt)?;
    // The service's own log would drown the progress; what goes wrong in it is shown.
    service::logging::init(&log_filter());

    let temporary = match arguments.data_dir {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("marketboro-demo-").tempdir()?),
    };
    let data_dir = arguments
        .data_dir
        .as_deref()
        .or(temporary.as_ref().map(tempfile::TempDir::path));
    let service = RunningService::start(arguments.port, data_dir)?;
    let _ = writeln!(
        io::stderr(),
        "The service listens on http://{}, its data in {}",
        service.address,
        kept_in(data_dir, temporary.is_some())
    );

    let settings = load(arguments, service.address)?;
    let mut progress = Progress::for_stderr();
    let finished = loadgen::run(&settings, &interrupt, &mut progress);
    progress.finish();
    let stopped = service.stop();
    let finished = finished?;

    let colour = if io::stdout().is_terminal() {
        Colour::Ansi
    } else {
        Colour::Never
    };
    let summary = &finished.result.summary;
    let text = summary_text::render(summary, &settings.thresholds, finished.housekeeping.as_ref(), colour);
    let _ = write!(io::stdout(), "{text}");
    report.write(loadgen::report::render(&finished.result).as_bytes())?;
    let _ = writeln!(io::stdout(), "\nReport: {}", arguments.report.display());
    stopped.map_err(DemoError::Service)?;
    Ok(verdict(&finished))
}

fn log_filter() -> Targets {
    Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("dynoxide", LevelFilter::ERROR)
}

fn kept_in(data_dir: Option<&Path>, temporary: bool) -> String {
    let folder = data_dir.unwrap_or(Path::new(".")).display();
    if temporary {
        format!("{folder} until it ends")
    } else {
        folder.to_string()
    }
}

fn load(arguments: &Arguments, address: SocketAddr) -> Result<loadgen::settings::Settings, DemoError> {
    let mut settings = loadgen::settings::Settings::new(format!("http://{address}").parse()?);
    settings.scenario = Scenario::named("items", &[])?;
    settings.load = Load::Closed {
        vus: Ramp::constant(f64::from(arguments.vus), arguments.duration),
    };
    settings.command = format!(
        "loadgen run http://{address} --scenario items --vus {} --duration {}",
        arguments.vus,
        humantime::format_duration(arguments.duration)
    );
    Ok(settings)
}

/// Success only if every request was answered as it should be and everything the run created is gone.
fn verdict(finished: &Finished) -> u8 {
    let left_behind = finished
        .housekeeping
        .as_ref()
        .is_some_and(|done| done.left_behind.is_some());
    let Summary {
        interrupted,
        failed,
        requests,
        ..
    } = finished.result.summary;
    if failed > 0 || requests == 0 || left_behind {
        FAILED
    } else if interrupted {
        INTERRUPTED
    } else {
        DONE
    }
}

/// The service on threads of this process.
struct RunningService {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<Result<(), ServiceError>>,
}

impl RunningService {
    fn start(port: u16, data_dir: Option<&Path>) -> Result<Self, DemoError> {
        let settings = service::settings::Settings {
            listen: (Ipv4Addr::LOCALHOST, port).into(),
            store: StoreSettings::Embedded {
                data_dir: data_dir.map(Path::to_owned),
            },
            table: "items".to_owned(),
            create_table: true,
            max_in_flight: 1024,
            request_timeout: Duration::from_secs(5),
            shutdown_grace: Duration::from_secs(5),
            write_token_file: None,
            log: log_filter(),
            telemetry: TelemetrySettings::default(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let (started, address) = mpsc::channel();
        let thread = thread::Builder::new().name("service".to_owned()).spawn(move || {
            runtime.block_on(async {
                let service = Service::start(settings).await?;
                // The receiver waits for it.
                let _ = started.send(service.address());
                // A dropped sender stops it as well.
                service.serve_until(async { drop(stopped.await) }).await
            })
        })?;
        match address.recv() {
            Ok(address) => Ok(Self { address, stop, thread }),
            // It ended before it had an address.
            Err(_) => Err(match join(thread) {
                Err(ServiceError::Listen { cause, .. }) if cause.kind() == io::ErrorKind::AddrInUse => {
                    DemoError::PortInUse { port }
                }
                Err(error) => DemoError::Service(error),
                Ok(()) => DemoError::System(io::Error::other("the service ended at once")),
            }),
        }
    }

    fn stop(self) -> Result<(), ServiceError> {
        drop(self.stop);
        join(self.thread)
    }
}

fn join(thread: thread::JoinHandle<Result<(), ServiceError>>) -> Result<(), ServiceError> {
    thread
        .join()
        .unwrap_or_else(|_| Err(ServiceError::System(io::Error::other("its thread panicked"))))
}
