//! The machine that the figures are of.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use procfs::{CpuInfo, Current as _, Meminfo};
use serde::{Deserialize, Serialize};

use crate::error::BenchError;
use crate::plan::{Plan, repository};

/// Load average up to which a machine is idle enough to be measured.
pub(crate) const IDLE: f64 = 1.0;
/// The average falls from 6 to 1 in this time.
const LONGEST_SETTLING: Duration = Duration::from_secs(120);

/// What the figures are of, and when they were taken.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_gb: u64,
    pub(crate) kernel: String,
    pub(crate) date: String,
    pub(crate) commit: String,
    /// Load average of the last minute before anything was measured.
    #[serde(default)]
    pub(crate) load_average_before: f64,
    /// Of what else took part, by name.
    pub(crate) versions: BTreeMap<String, String>,
}

impl Machine {
    /// Whether figures of the two cannot be compared.
    pub(crate) fn differs_from(&self, other: &Self) -> bool {
        (&self.cpu, self.cores) != (&other.cpu, other.cores)
    }

    /// Whether something else used the processors, and the figures are worse than they would be.
    pub(crate) fn was_busy(&self) -> bool {
        self.load_average_before > IDLE
    }
}

/// This machine, and the versions of what is measured.
pub(crate) fn describe(plan: &Plan, load_average_before: f64) -> Result<Machine, BenchError> {
    let cpus = CpuInfo::current().ok();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory_kb = Meminfo::current().map_or(0, |memory| memory.mem_total / 1024);
    let express = fs::read_to_string(repository().join("bench/peers/express/package.json"))
        .map_err(BenchError::system("bench/peers/express/package.json"))?;
    let express: serde_json::Value = serde_json::from_str(&express).map_err(BenchError::unreadable("package.json"))?;
    let mut versions = BTreeMap::new();
    for (name, package) in [
        ("Express", "express"),
        ("AWS SDK v3", "@aws-sdk/client-dynamodb"),
        ("AWS SDK v2", "aws-sdk"),
    ] {
        let version = express["dependencies"][package].as_str().unwrap_or_default();
        versions.insert(name.to_owned(), version.to_owned());
    }
    let programs = [
        ("Node.js", Path::new("node").to_owned(), "--version"),
        ("nginx", Path::new("nginx").to_owned(), "-v"),
        ("wrk", Path::new("wrk").to_owned(), "-v"),
        ("Rust", Path::new("rustc").to_owned(), "--version"),
        ("oha", plan.oha().unwrap_or_default(), "--version"),
        ("k6", plan.k6().unwrap_or_default(), "version"),
        ("service", plan.program("service")?, "--version"),
        ("loadgen", plan.program("loadgen")?, "--version"),
    ];
    for (name, program, flag) in programs {
        if let Some(version) = version(&program, flag) {
            versions.insert(name.to_owned(), version);
        }
    }
    Ok(Machine {
        cpu: cpus
            .as_ref()
            .and_then(|cpus| cpus.model_name(0))
            .unwrap_or_default()
            .to_owned(),
        cores,
        memory_gb: memory_kb.div_ceil(1_000_000),
        kernel: said(Path::new("uname"), &["-sr"]).trim().to_owned(),
        date: humantime::format_rfc3339_seconds(SystemTime::now())
            .to_string()
            .split('T')
            .next()
            .unwrap_or_default()
            .to_owned(),
        commit: said(
            Path::new("git"),
            &["-C", &repository().to_string_lossy(), "rev-parse", "--short=12", "HEAD"],
        )
        .trim()
        .to_owned(),
        load_average_before,
        versions,
    })
}

/// Load average of the last minute, once the machine is idle: the build before still counts in it for a while.
pub(crate) fn settle() -> f64 {
    let deadline = Instant::now() + LONGEST_SETTLING;
    while load_average() > IDLE && Instant::now() < deadline {
        thread::sleep(Duration::from_secs(1));
    }
    load_average()
}

/// Load average of the last minute.
fn load_average() -> f64 {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ')
        .next()
        .and_then(|load| load.parse().ok())
        .unwrap_or_default()
}

/// The first word with digits and a dot of what a program says to the flag.
fn version(program: &Path, flag: &str) -> Option<String> {
    let is_version = |word: &&str| word.contains('.') && word.chars().any(|letter| letter.is_ascii_digit());
    let said = said(program, &[flag]);
    let word = said.split([' ', '/', '\n']).find(is_version)?;
    Some(word.trim_matches(['v', ',', '(', ')']).to_owned())
}

/// Both outputs, whatever the status: some print their version beside their usage.
fn said(program: &Path, arguments: &[&str]) -> String {
    Command::new(program).args(arguments).output().map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    )
}
