//! What is measured, for how long, with which programs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::error::BenchError;

/// Measures the service and loadgen beside their peers and as their work grows.
///
/// Writes bench/figures.json and docs/benchmarks.md. Ends with status 1 when a bound is missed. Nothing else should run
/// on the machine meanwhile.
#[derive(Debug, Parser)]
#[command(max_term_width = 110)]
pub(crate) struct Plan {
    /// What to measure; figures of the others stay as they are [default: all].
    #[arg(value_name = "GROUP")]
    chosen: Vec<Group>,

    /// The main figures alone, in a few minutes, beside the ones that are checked in; writes nothing, and ends with
    /// status 1 when a figure got worse by more than noise. On another machine than theirs bounds are judged instead.
    #[arg(long)]
    pub(crate) quick: bool,

    /// Measure nothing: write docs/benchmarks.md and docs/scaling.md from bench/figures.json.
    #[arg(long, conflicts_with = "quick")]
    pub(crate) render: bool,

    /// Turns of what is compared [default: 2 to 6, by group].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: Option<u32>,

    /// How long a turn takes, in seconds.
    #[arg(long, value_name = "S", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,

    /// How long memory is watched under steady load, in seconds: loadgen with 100 virtual users, and the service without a
    /// collector.
    #[arg(long, value_name = "S", default_value_t = 45, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    soak: u64,

    /// Where cargo builds.
    #[arg(long, value_name = "DIR", env = "CARGO_TARGET_DIR", default_value = "target")]
    target_dir: PathBuf,

    /// Folder of oha's program.
    #[arg(long, value_name = "DIR")]
    oha: Option<PathBuf>,

    /// Folder of k6's program.
    #[arg(long, value_name = "DIR")]
    k6: Option<PathBuf>,
}

/// A group of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    /// The service beside Express, axum and hyper.
    Service,
    /// Start, memory and sizes of the programs.
    Footprint,
    /// What telemetry costs the service.
    Telemetry,
    /// loadgen beside wrk, oha and k6.
    Generators,
    /// Whether schedules are kept and latencies are true.
    Accuracy,
    /// Virtual users, rates and generators.
    Growth,
    /// Items in the table.
    Table,
    /// Collector, Jaeger and InfluxDB.
    Pipeline,
    /// System calls and allocations.
    Profile,
    /// What the model of docs/scaling.md is checked against.
    Scaling,
}

impl Plan {
    /// Whether figures that are checked in stay beside what is measured.
    pub(crate) fn is_part(&self) -> bool {
        !self.quick && !self.chosen.is_empty()
    }

    /// What to measure, in this order.
    pub(crate) fn groups(&self) -> Vec<Group> {
        if !self.chosen.is_empty() {
            return self.chosen.clone();
        }
        let quick = [Group::Service, Group::Footprint, Group::Telemetry, Group::Generators];
        if self.quick {
            quick.to_vec()
        } else {
            Group::value_variants().to_vec()
        }
    }

    /// Turns; `usual` unless the command line says otherwise.
    pub(crate) fn rounds(&self, usual: u32) -> u32 {
        self.rounds.unwrap_or(if self.quick { 3 } else { usual })
    }

    /// How long a turn takes.
    pub(crate) fn turn(&self) -> Duration {
        if self.quick {
            Duration::from_secs(self.seconds.min(3))
        } else {
            Duration::from_secs(self.seconds)
        }
    }

    /// How long memory is watched.
    pub(crate) fn soak(&self) -> Duration {
        Duration::from_secs(self.soak)
    }

    /// A program of this workspace, optimised.
    pub(crate) fn program(&self, name: &str) -> Result<PathBuf, BenchError> {
        existing(repository().join(&self.target_dir).join("release").join(name))
    }

    /// oha's program.
    pub(crate) fn oha(&self) -> Result<PathBuf, BenchError> {
        in_folder(self.oha.as_deref(), "oha")
    }

    /// k6's program.
    pub(crate) fn k6(&self) -> Result<PathBuf, BenchError> {
        in_folder(self.k6.as_deref(), "k6")
    }
}

/// The checkout.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn in_folder(folder: Option<&Path>, name: &str) -> Result<PathBuf, BenchError> {
    match folder {
        Some(folder) => existing(folder.join(name)),
        None => Err(BenchError::Missing { path: name.into() }),
    }
}

fn existing(path: PathBuf) -> Result<PathBuf, BenchError> {
    if path.is_file() {
        Ok(path)
    } else {
        Err(BenchError::Missing { path })
    }
}
