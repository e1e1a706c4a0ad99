//! Tells whether one run was worse than another, or only different by chance.
//!
//! Each figure gets a confidence interval that allows for requests close in time being alike (`estimate`), the two
//! intervals give one for the change (`change`), and a change counts only when that leaves no room for none and when it
//! is large enough to matter. What two runs cannot tell is how much the target differs from one start to the next.

mod change;
mod estimate;
mod quantile;
mod series;
#[cfg(test)]
mod simulation;
mod text;

use serde::{Deserialize, Serialize};

use crate::health::Health;
use crate::merge::{Merge, MergeError};
use crate::run_info::{Environment, LoadModel, RunInfo};
use change::Kind;
pub use change::Verdict;
use estimate::Confidence;
pub use estimate::Estimate;
use series::Series;
pub use text::render;

/// Version of the format.
pub const SCHEMA: u32 = 1;

/// The percentiles that are compared, with their names.
const PERCENTILES: [(&str, f64); 5] = [
    ("p50", 0.5),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p99", 0.99),
    ("p99_9", 0.999),
];

/// What is asked of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Criteria {
    /// The smallest change worth reporting, as a share of the base's figure.
    pub tolerance: f64,
    /// How sure it must be that none of all figures is called changed by chance; below 1.
    pub confidence: f64,
    /// Compare runs that did different things.
    pub force: bool,
}

/// Why runs cannot be compared.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum CompareError {
    #[error("{side}: {error}")]
    Side { side: &'static str, error: MergeError },
    #[error(
        "the runs cannot be compared: their {what} differ ({base} and {new}); repeat one of them, or compare them all the same \
         with --force"
    )]
    Different {
        what: &'static str,
        base: String,
        new: String,
    },
    #[error("the runs have no step in common, so there is nothing to compare")]
    NothingInCommon,
}

/// Two runs side by side: the document that `loadgen compare --json` writes. Later versions add fields, they never
/// rename, remove or change the unit of one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// Version of this format, [`SCHEMA`].
    pub schema: u32,
    /// The run that sets the mark.
    pub base: Side,
    /// The run that is held against it.
    pub new: Side,
    /// See [`Criteria::tolerance`].
    pub tolerance: f64,
    /// See [`Criteria::confidence`].
    pub confidence: f64,
    /// What the user should know before trusting the verdicts, one sentence each.
    pub warnings: Vec<String>,
    /// Whether any figure got worse.
    pub regression: bool,
    /// Every figure of all steps together, then of each step.
    pub figures: Vec<FigureChange>,
}

/// One of the two runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Side {
    /// Identifies the run.
    pub run_id: String,
    /// Version of the generator.
    pub loadgen_version: String,
    /// The URL under load.
    pub target: String,
    /// The load in words.
    pub load: String,
    /// The generators.
    pub generators: Vec<String>,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// Seconds that were recorded.
    pub seconds: u64,
    /// Requests that ended.
    pub requests: u64,
    /// Of these, the failed ones.
    pub failed: u64,
    /// Whether a generator was the bottleneck.
    pub saturated: bool,
    /// Where the first generator ran.
    pub environment: Environment,
}

/// One figure of both runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FigureChange {
    /// The step; `None` for all together.
    pub step: Option<String>,
    /// `mean`, `p50` … `p99_9` (latency in milliseconds), `rate` (requests per second), `error_rate` (share of
    /// requests that failed), `dropped` (share of due iterations that were not started).
    pub figure: String,
    /// In the base; `None` if it had nothing to take it from.
    pub base: Option<Estimate>,
    /// In the new run.
    pub new: Option<Estimate>,
    /// New against base: as a share of the base's figure, for `error_rate` and `dropped` the difference of the shares.
    pub change: Option<Estimate>,
    /// What that means.
    pub verdict: Verdict,
}

/// Compares two runs.
///
/// # Errors
/// They cannot be read, or did different things and `force` is not set.
pub fn compare(base: &Merge, new: &Merge, criteria: Criteria) -> Result<Comparison, CompareError> {
    let mut warnings = differences(base.info(), new.info(), criteria.force)?;
    let base = Run::read("BASE", base)?;
    let new = Run::read("NEW", new)?;
    for run in [&base, &new] {
        warnings.extend(run.warnings.iter().map(|text| format!("{}: {text}", run.name)));
    }
    let scopes = scopes(&base, &new)?;
    let per_scope = PERCENTILES.len() + 3;
    let open = base.info.model == LoadModel::Open && new.info.model == LoadModel::Open;
    let figures = scopes.len() * per_scope + usize::from(open);
    let confidence = Confidence::of_each(criteria.confidence, figures);
    let mut changes = Vec::with_capacity(figures);
    for Scope { step, series } in scopes {
        changes.extend(figures_of(step, series, open, criteria.tolerance, confidence));
    }
    Ok(Comparison {
        schema: SCHEMA,
        regression: changes.iter().any(|change| change.verdict == Verdict::Worse),
        base: base.side(),
        new: new.side(),
        tolerance: criteria.tolerance,
        confidence: criteria.confidence,
        warnings,
        figures: changes,
    })
}

/// Compares the figures of all requests or of a step.
fn figures_of(
    step: Option<&str>,
    [base, new]: [&Series; 2],
    open: bool,
    tolerance: f64,
    confidence: Confidence,
) -> Vec<FigureChange> {
    let judge = |figure: &str, kind, take: &dyn Fn(&Series) -> Option<Estimate>| {
        change::judge(step, figure, kind, [take(base), take(new)], tolerance)
    };
    let mut changes = vec![judge("mean", Kind::Latency, &|series| {
        estimate::mean(series, confidence)
    })];
    changes.extend(PERCENTILES.map(|(name, share)| {
        judge(name, Kind::Latency, &|series| {
            estimate::percentile(series, share, confidence)
        })
    }));
    changes.push(judge("rate", Kind::Rate, &|series| estimate::rate(series, confidence)));
    changes.push(judge("error_rate", Kind::Share, &|series| {
        estimate::share(series, |cell| (cell.failed, cell.requests), confidence)
    }));
    if step.is_none() && open {
        changes.push(judge("dropped", Kind::Share, &|series| {
            estimate::share(series, |cell| (cell.dropped, cell.due), confidence)
        }));
    }
    changes
}

/// Requests of both runs that are compared.
struct Scope<'a> {
    /// All, if there is none.
    step: Option<&'a str>,
    series: [&'a Series; 2],
}

/// The steps that both runs have, with all together first; a single step is all.
fn scopes<'a>(base: &'a Run, new: &'a Run) -> Result<Vec<Scope<'a>>, CompareError> {
    let names = base.info.steps.iter().map(|step| step.name.as_str());
    let steps: Vec<Scope<'_>> = names
        .zip(&base.steps)
        .filter_map(|(name, series)| {
            let at = new.info.steps.iter().position(|other| other.name == name)?;
            Some(Scope {
                step: Some(name),
                series: [series, new.steps.get(at)?],
            })
        })
        .collect();
    if steps.is_empty() {
        return Err(CompareError::NothingInCommon);
    }
    let mut scopes = vec![Scope {
        step: None,
        series: [&base.all, &new.all],
    }];
    if base.info.steps.len() > 1 || new.info.steps.len() > 1 {
        scopes.extend(steps);
    }
    Ok(scopes)
}

/// What runs may differ in, and what it is in one of them.
type Respect = (&'static str, fn(&RunInfo) -> String);

/// Refuses runs that did different things; says in which other respects they differ.
fn differences(base: &RunInfo, new: &RunInfo, force: bool) -> Result<Vec<String>, CompareError> {
    let essentials: [Respect; 4] = [
        ("scenarios", |info| info.scenario.clone()),
        ("steps", |info| {
            let names: Vec<&str> = info.steps.iter().map(|step| step.name.as_str()).collect();
            names.join(", ")
        }),
        ("load models", |info| match info.model {
            LoadModel::Closed => "closed".to_owned(),
            LoadModel::Open => "open".to_owned(),
        }),
        ("loads", |info| info.load.clone()),
    ];
    let circumstances: [Respect; 6] = [
        ("targets", |info| info.target.clone()),
        ("versions of loadgen", |info| info.loadgen_version.clone()),
        ("hosts of the generator", |info| info.environment.host.clone()),
        ("operating systems of the generator", |info| info.environment.os.clone()),
        ("processor architectures of the generator", |info| {
            info.environment.architecture.clone()
        }),
        ("numbers of cores of the generator", |info| {
            info.environment.cores.to_string()
        }),
    ];
    let mut warnings = Vec::new();
    for (index, (what, of)) in essentials.into_iter().chain(circumstances).enumerate() {
        let (base, new) = (of(base), of(new));
        if base == new {
            continue;
        }
        if index < essentials.len() && !force {
            return Err(CompareError::Different { what, base, new });
        }
        warnings.push(format!("the {what} differ: {base} and {new}"));
    }
    Ok(warnings)
}

/// One of the two runs, read.
struct Run {
    name: &'static str,
    info: RunInfo,
    generators: Vec<String>,
    all: Series,
    steps: Vec<Series>,
    seconds: u64,
    saturated: bool,
    warnings: Vec<String>,
}

impl Run {
    fn read(name: &'static str, merge: &Merge) -> Result<Self, CompareError> {
        let info = merge.info().clone();
        let generators = merge.generators();
        let mut all = Series::new();
        let mut steps: Vec<Series> = info.steps.iter().map(|_| Series::new()).collect();
        let mut health: Vec<Health> = generators.iter().map(|_| Health::new()).collect();
        let mut seconds = 0;
        let found = merge.seconds(|parts| {
            for (generator, interval) in parts {
                seconds = seconds.max(interval.number + 1);
                all.add(interval, interval.steps.iter());
                for (series, step) in steps.iter_mut().zip(&interval.steps) {
                    series.add(interval, std::iter::once(step));
                }
                if let Some(health) = health.get_mut(*generator) {
                    health.add(interval);
                }
            }
        });
        let found = found.map_err(|error| CompareError::Side { side: name, error })?;
        let reasons: Vec<String> = health.iter().flat_map(|health| health.verdict().reasons).collect();
        let mut warnings = merge.warnings().to_vec();
        warnings.extend(found);
        warnings.extend(
            reasons
                .iter()
                .map(|reason| format!("the generator was the bottleneck, so the figures are partly its own: {reason}")),
        );
        Ok(Self {
            name,
            info,
            generators,
            all,
            steps,
            seconds,
            saturated: !reasons.is_empty(),
            warnings,
        })
    }

    fn side(&self) -> Side {
        let started = std::time::UNIX_EPOCH + std::time::Duration::from_millis(self.info.started_at_ms.min(LATEST_MS));
        Side {
            run_id: self.info.run_id.clone(),
            loadgen_version: self.info.loadgen_version.clone(),
            target: self.info.target.clone(),
            load: self.info.load.clone(),
            generators: self.generators.clone(),
            started_at: humantime::format_rfc3339_millis(started).to_string(),
            seconds: self.seconds,
            requests: self.all.sum(|cell| cell.requests),
            failed: self.all.sum(|cell| cell.failed),
            saturated: self.saturated,
            environment: self.info.environment.clone(),
        }
    }
}

/// The last instant that RFC 3339 can write, the end of the year 9999.
const LATEST_MS: u64 = 253_402_300_799_000;
