//! Runs scenarios one after the other and says what came of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Arguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::report::{self, Figures, Row};
use crate::scenarios::{ALL, Scenario};

const EXIT_BROKEN: u8 = 1;
const EXIT_USAGE: u8 = 2;
const EXIT_INTERRUPTED: u8 = 130;

/// Does what the command line says.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    if arguments.list {
        for scenario in ALL {
            println!("{:<20}{}", scenario.name, scenario.what);
        }
        return ExitCode::SUCCESS;
    }
    let scenarios = match chosen(&arguments.scenarios) {
        Ok(scenarios) => scenarios,
        Err(unknown) => {
            eprintln!("error: there is no scenario {unknown:?}; faults --list shows all");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let interrupted = Arc::<AtomicBool>::default();
    let prepared = stop_on_signal(&interrupted).and_then(|()| kept_folder(seed));
    let kept = match prepared {
        Ok(kept) => kept,
        Err(cause) => {
            eprintln!("error: the operating system refused a thread or a folder: {cause}");
            return ExitCode::from(EXIT_BROKEN);
        }
    };
    raise_open_files_limit();
    println!(
        "{} scenarios, {} s of each fault, seed {seed} (--seed {seed} repeats its choices)",
        scenarios.len(),
        arguments.seconds().as_secs()
    );
    let begin = Instant::now();
    let mut rows = Vec::new();
    let mut broken = false;
    for scenario in scenarios {
        let context = Context {
            scenario: scenario.name,
            seed,
            seconds: arguments.seconds(),
            folder: kept.join(scenario.name),
            interrupted: Arc::clone(&interrupted),
        };
        let figures = match observe(scenario, &context) {
            Ok(figures) => Some(figures),
            Err(Failure::Interrupted) => {
                println!("interrupted");
                remove(&context.folder);
                // Empty, unless a scenario before was broken.
                let _ = fs::remove_dir(&kept);
                return ExitCode::from(EXIT_INTERRUPTED);
            }
            Err(failure) => {
                broken = true;
                println!(
                    "BROKEN {}: {failure}; logs are in {}",
                    scenario.name,
                    context.folder.display()
                );
                None
            }
        };
        rows.push(Row {
            scenario: scenario.name,
            figures,
        });
    }
    println!("\n{}", report::text(&rows));
    println!("{} s, seed {seed}", begin.elapsed().as_secs());
    if broken {
        return ExitCode::from(EXIT_BROKEN);
    }
    remove(&kept);
    let heading = format!("{} s of each fault, seed {seed}.", arguments.seconds().as_secs());
    match &arguments.markdown {
        Some(_) if rows.len() < ALL.len() => {
            println!("--markdown: not written, since not all scenarios were run");
            ExitCode::SUCCESS
        }
        Some(file) => match report::write_markdown(file, &rows, &heading) {
            Ok(()) => ExitCode::SUCCESS,
            Err(cause) => {
                eprintln!("error: --markdown {}: {cause}", file.display());
                ExitCode::from(EXIT_BROKEN)
            }
        },
        None => ExitCode::SUCCESS,
    }
}

fn chosen(names: &[String]) -> Result<Vec<&'static Scenario>, &str> {
    if names.is_empty() {
        return Ok(ALL.iter().collect());
    }
    names
        .iter()
        .map(|name| ALL.iter().find(|scenario| scenario.name == name).ok_or(name.as_str()))
        .collect()
}

/// Runs one; what it left stays where it broke a promise.
fn observe(scenario: &Scenario, context: &Context) -> Result<Figures, Failure> {
    fs::create_dir_all(&context.folder).map_err(Failure::system("the folder of the scenario"))?;
    test_servers::keep_logs_in(Some(context.folder.clone()));
    context.say(scenario.what);
    let figures = (scenario.run)(context);
    test_servers::keep_logs_in(None);
    let figures = figures?;
    context.say(format!(
        "kept: {} writes acknowledged, none lost; {} MiB; good again after {} ms",
        figures.acknowledged,
        figures.memory_peak >> 20,
        figures.first_good.as_millis()
    ));
    remove(&context.folder);
    Ok(figures)
}

fn remove(folder: &Path) {
    // What stays is in a folder for temporary files.
    let _ = fs::remove_dir_all(folder);
}

fn kept_folder(seed: u64) -> io::Result<PathBuf> {
    let folder = tempfile::Builder::new().prefix(&format!("faults-{seed}-")).tempdir()?;
    Ok(folder.keep())
}

/// Scenarios look at it whenever they wait, and end in order.
fn stop_on_signal(interrupted: &Arc<AtomicBool>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let interrupted = Arc::clone(interrupted);
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        interrupted.store(true, Ordering::Relaxed);
    });
    Ok(())
}

/// One scenario opens 10 000 connections; what the service is started with is inherited from here.
fn raise_open_files_limit() {
    let limit = getrlimit(Resource::Nofile);
    // Failing, the limit stays what it was, and that scenario says so.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
}
