//! Puts the results of several generators together, as if one had done all the work: every histogram is added bucket by
//! bucket, so that each percentile is that of all requests.

mod sum;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use crate::interval::Interval;
use crate::results::{GeneratorResults, Intervals, Location, MergedWriter, ResultsError};
use crate::run_info::RunInfo;
use crate::run_result::RunEnd;
use crate::summary::{RunResult, Summary};
use crate::threshold::Threshold;
use crate::totals::Totals;
use sum::Sum;

/// Runs of different ids are put side by side; those of one must have begun within this time, milliseconds.
const LONGEST_SPREAD_MS: u64 = 24 * 3600 * 1000;
/// Starts that lie further apart than this, milliseconds, are worth a warning.
const APART_MS: u64 = 500;

/// Why results cannot be merged.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum MergeError {
    #[error(transparent)]
    Results(#[from] ResultsError),
    #[error(
        "{first} and {second} are of different runs ({first_id}, {second_id}); give the generators of a run the same --run-id, or \
         merge them all the same with --allow-different"
    )]
    OtherRun {
        first: String,
        second: String,
        first_id: String,
        second_id: String,
    },
    #[error("{first} and {second} have different {what}; only generators that did the same work can be merged")]
    OtherWork {
        first: String,
        second: String,
        what: &'static str,
    },
    #[error("{first} and {second} are both generator {generator} of the run {run_id}; name each only once")]
    Twice {
        first: String,
        second: String,
        generator: String,
        run_id: String,
    },
    #[error(
        "{first} and {second} are of one run, yet began {hours} hours apart; set the clocks of the machines, or merge them all \
         the same with --allow-different"
    )]
    Apart { first: String, second: String, hours: u64 },
}

/// Results of generators that belong together.
#[derive(Debug)]
pub struct Merge {
    parts: Vec<Part>,
    info: RunInfo,
    warnings: Vec<String>,
}

#[derive(Debug)]
struct Part {
    results: GeneratorResults,
    /// Seconds by which its load began after that of the first generator.
    shift: u64,
}

impl Merge {
    /// Opens the results in all these places; each may hold those of one generator or of several.
    ///
    /// # Errors
    /// They cannot be read, or do not belong together. Of different runs they may be with `allow_different`.
    pub fn open(locations: &[Location], allow_different: bool) -> Result<Self, MergeError> {
        let mut results = Vec::new();
        for location in locations {
            results.extend(GeneratorResults::at(location)?);
        }
        Self::of(results, allow_different)
    }

    fn of(mut results: Vec<GeneratorResults>, allow_different: bool) -> Result<Self, MergeError> {
        results.sort_by_key(|part| {
            let info = part.info();
            (info.run_id.clone(), segment(&info.generator), info.generator.clone())
        });
        check(&results, allow_different)?;
        let mut warnings = missing_segments(&results);
        let of_one_run = results
            .windows(2)
            .all(|pair| pair[0].info().run_id == pair[1].info().run_id);
        let began = |part: &GeneratorResults| part.info().started_at_ms;
        let first = results.iter().map(began).min().unwrap_or_default();
        let last = results.iter().map(began).max().unwrap_or_default();
        let aligned = of_one_run && last - first <= LONGEST_SPREAD_MS;
        if !of_one_run {
            warnings.push("these are different runs, laid over each other from their beginnings".to_owned());
        } else if last - first > APART_MS {
            warnings.push(format!(
                "the generators began {:.1} s apart; give them the same --start-at to have all of the load at once",
                (last - first) as f64 / 1e3
            ));
        }
        let mut info = match results.first() {
            Some(part) => part.info().clone(),
            None => return Err(ResultsError::Missing(".".into()).into()),
        };
        info.started_at_ms = first;
        if results.len() > 1 {
            "1/1".clone_into(&mut info.generator);
        }
        let part = |results: GeneratorResults| Part {
            shift: if aligned {
                (results.info().started_at_ms - first + 500) / 1000
            } else {
                0
            },
            results,
        };
        Ok(Self {
            parts: results.into_iter().map(part).collect(),
            info,
            warnings,
        })
    }

    /// The run as a whole.
    pub fn info(&self) -> &RunInfo {
        &self.info
    }

    /// Names the generators.
    pub fn generators(&self) -> Vec<String> {
        let name = |part: &Part| part.results.info().generator.clone();
        self.parts.iter().map(name).collect()
    }

    /// What the user should know before trusting the figures, one sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The figures of the whole, held against these thresholds, with what is worth a warning.
    ///
    /// # Errors
    /// The results cannot be read.
    pub fn result(&self, thresholds: &[Threshold]) -> Result<(RunResult, Vec<String>), MergeError> {
        let mut totals = Totals::of_generators(&self.info, thresholds, self.parts.len());
        if let Some(end) = self.info.load_s.and_then(|end| Duration::try_from_secs_f64(end).ok()) {
            totals.watch.load_ends_at(end);
        }
        let mut most_vus = 0;
        let mut warnings = self.warnings.clone();
        warnings.extend(self.seconds(|parts| {
            let vus = parts.iter().map(|(_, part)| u64::from(part.vus)).sum();
            most_vus = most_vus.max(vus);
            for (generator, part) in parts {
                totals.add(*generator, part);
            }
        })?);
        let summaries = || self.parts.iter().filter_map(|part| part.results.summary());
        let end = RunEnd {
            interrupted: summaries().any(|summary| summary.interrupted),
            vus: u32::try_from(most_vus).unwrap_or(u32::MAX),
            generators: self.generators(),
            trace_url: summaries().find_map(trace_url),
        };
        Ok((totals.result(&self.info, &end), warnings))
    }

    /// Goes through the seconds of the run in order; `visit` is given the parts of one second, each with the number of
    /// its generator. Gives what is worth a warning.
    ///
    /// # Errors
    /// The results cannot be read.
    pub(crate) fn seconds(&self, mut visit: impl FnMut(&[(usize, Interval)])) -> Result<Vec<String>, MergeError> {
        let mut sources = self.parts.iter().map(Source::new).collect::<Result<Vec<_>, _>>()?;
        let mut parts: Vec<(usize, Interval)> = Vec::with_capacity(sources.len());
        while let Some(number) = sources.iter().filter_map(Source::number).min() {
            parts.clear();
            for (generator, source) in sources.iter_mut().enumerate() {
                if source.number() == Some(number)
                    && let Some(interval) = source.take()?
                {
                    parts.push((generator, interval));
                }
            }
            visit(&parts);
        }
        Ok(sources.iter().filter_map(Source::warning).collect())
    }

    /// Writes a folder of the merged results: those of the whole and, below them, those of each generator as they were.
    ///
    /// # Errors
    /// The folder holds results already or cannot be written, or the results cannot be read.
    pub fn write(&self, folder: &Path, result: &RunResult) -> Result<(), MergeError> {
        let results: Vec<&GeneratorResults> = self.parts.iter().map(|part| &part.results).collect();
        let mut writer = MergedWriter::new(folder, &self.info, &results)?;
        let mut sum = Sum::new(self.info.steps.len());
        self.seconds(|parts| writer.interval(&sum.of(parts)))?;
        Ok(writer.finish(result)?)
    }
}

/// One generator's seconds on their way into the whole.
struct Source<'a> {
    part: &'a Part,
    intervals: Intervals<'a>,
    next: Option<Interval>,
    /// Seconds that should have been there and were not.
    missing: u64,
    /// The number after that of the last second.
    end: u64,
}

impl<'a> Source<'a> {
    fn new(part: &'a Part) -> Result<Self, ResultsError> {
        let mut intervals = part.results.intervals()?;
        Ok(Self {
            part,
            next: intervals.next().transpose()?,
            intervals,
            missing: 0,
            end: 0,
        })
    }

    /// The number of the next second, counted as the whole counts.
    fn number(&self) -> Option<u64> {
        self.next.as_ref().map(|interval| interval.number + self.part.shift)
    }

    fn take(&mut self) -> Result<Option<Interval>, ResultsError> {
        let Some(mut interval) = self.next.take() else {
            return Ok(None);
        };
        self.next = self.intervals.next().transpose()?;
        self.missing += interval.number.saturating_sub(self.end);
        self.end = interval.number + 1;
        interval.number += self.part.shift;
        let shift = Duration::from_secs(self.part.shift);
        interval.last_end = interval.last_end.map(|end| end + shift);
        for traced in interval.slowest.iter_mut().chain(&mut interval.failures) {
            traced.ended += shift;
        }
        Ok(Some(interval))
    }

    fn warning(&self) -> Option<String> {
        let results = &self.part.results;
        let who = format!("generator {} ({})", results.info().generator, results.place());
        if results.summary().is_none() {
            Some(format!(
                "{who} did not come to its end; what it had recorded, {} s, is in the figures",
                self.end
            ))
        } else if self.missing > 0 {
            Some(format!(
                "{who} could not record {} s, which are not in the figures",
                self.missing
            ))
        } else {
            None
        }
    }
}

fn check(parts: &[GeneratorResults], allow_different: bool) -> Result<(), MergeError> {
    for pair in parts.windows(2) {
        let (first, second) = (pair[0].info(), pair[1].info());
        let place = |part: &GeneratorResults| part.place().to_owned();
        if first.run_id != second.run_id && !allow_different {
            return Err(MergeError::OtherRun {
                first: place(&pair[0]),
                second: place(&pair[1]),
                first_id: first.run_id.clone(),
                second_id: second.run_id.clone(),
            });
        }
        if first.run_id == second.run_id && first.generator == second.generator {
            return Err(MergeError::Twice {
                first: place(&pair[0]),
                second: place(&pair[1]),
                generator: first.generator.clone(),
                run_id: first.run_id.clone(),
            });
        }
        let parts_of = |generator: &str| segment(generator).map(|(_, of)| of);
        let different = if first.steps != second.steps {
            Some("steps")
        } else if first.model != second.model {
            Some("load models")
        } else if allow_different {
            None
        } else if first.scenario != second.scenario {
            Some("scenarios")
        } else if first.target != second.target {
            Some("targets")
        } else if parts_of(&first.generator) != parts_of(&second.generator) {
            Some("numbers of segments")
        } else {
            None
        };
        if let Some(what) = different {
            return Err(MergeError::OtherWork {
                first: place(&pair[0]),
                second: place(&pair[1]),
                what,
            });
        }
        let apart = first.started_at_ms.abs_diff(second.started_at_ms);
        if apart > LONGEST_SPREAD_MS && !allow_different {
            return Err(MergeError::Apart {
                first: place(&pair[0]),
                second: place(&pair[1]),
                hours: apart / 3_600_000,
            });
        }
    }
    Ok(())
}

/// The `--trace-url` that a generator was given, by an address made of it.
fn trace_url(summary: &Summary) -> Option<String> {
    let traced = summary.slowest.iter().chain(&summary.failures);
    traced
        .filter(|request| !request.trace_id.is_empty())
        .find_map(|request| {
            let url = request.trace_url.as_deref()?;
            url.contains(&request.trace_id)
                .then(|| url.replace(&request.trace_id, "{trace_id}"))
        })
}

/// The number of a segment and of how many it is one.
fn segment(generator: &str) -> Option<(u32, u32)> {
    let (index, of) = generator.split_once('/')?;
    Some((index.parse().ok()?, of.parse().ok()?))
}

/// Says of each run which segments are not there.
fn missing_segments(parts: &[GeneratorResults]) -> Vec<String> {
    let mut warnings = Vec::new();
    for run in parts.chunk_by(|a, b| a.info().run_id == b.info().run_id) {
        let segments: Vec<(u32, u32)> = run.iter().filter_map(|part| segment(&part.info().generator)).collect();
        let Some((_, of)) = segments.first().copied() else {
            continue;
        };
        let count = of as usize - segments.len().min(of as usize);
        let missing: Vec<String> = (1..=of)
            .filter(|index| !segments.iter().any(|(present, _)| present == index))
            .take(10)
            .map(|index| format!("{index}/{of}"))
            .collect();
        if count > 0 {
            let more = if count > missing.len() { ", …" } else { "" };
            warnings.push(format!(
                "of the run {} {count} of {of} generators are missing ({}{more}); the figures are those of the others",
                run[0].info().run_id,
                missing.join(", ")
            ));
        }
    }
    warnings
}
