//! What to make of the run, in a sentence or two.

use super::format;
use crate::summary::Summary;

/// How the run came out, worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Passed,
    Warning,
    Failed,
}

impl Level {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }

    /// In one word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Passed => "Passed",
            Self::Warning => "Attention",
            Self::Failed => "Failed",
        }
    }
}

pub(super) struct Verdict {
    pub(super) level: Level,
    /// The weightiest finding.
    pub(super) headline: String,
    /// The others, and what to do.
    pub(super) remarks: Vec<String>,
}

impl Verdict {
    pub(super) fn of(summary: &Summary) -> Self {
        let mut findings = findings(summary);
        // Stable, so that equally grave findings keep their order.
        findings.sort_by_key(|(level, ..)| std::cmp::Reverse(*level));
        let Some((level, headline, advice)) = findings.first().cloned() else {
            return Self {
                level: Level::Passed,
                headline: passed(summary),
                remarks: Vec::new(),
            };
        };
        let others = findings.into_iter().skip(1).map(|(_, finding, advice)| match advice {
            Some(advice) => format!("{finding}. {advice}"),
            None => format!("{finding}."),
        });
        Self {
            level,
            headline,
            remarks: advice.map(str::to_owned).into_iter().chain(others).collect(),
        }
    }
}

type Finding = (Level, String, Option<&'static str>);

fn findings(summary: &Summary) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let crossed = summary.thresholds.iter().filter(|threshold| !threshold.passed).count();
    if crossed > 0 {
        let headline = match (crossed, summary.thresholds.len()) {
            (_, 1) => "The threshold was crossed".to_owned(),
            (1, all) => format!("1 of {all} thresholds was crossed"),
            (crossed, all) => format!("{crossed} of {all} thresholds were crossed"),
        };
        findings.push((Level::Failed, headline, None));
    }
    if summary.requests == 0 {
        let advice = "Is the target up, and was the run long enough for one answer?";
        findings.push((Level::Failed, "No request ended".to_owned(), Some(advice)));
    } else if summary.failed >= summary.requests {
        let advice = "The errors below say why.";
        findings.push((Level::Failed, "Every request failed".to_owned(), Some(advice)));
    } else if summary.failed > 0 {
        let share = format::percent(summary.failed, summary.requests);
        let requests = if summary.failed == 1 { "request" } else { "requests" };
        findings.push((
            Level::Warning,
            format!("{} {requests} failed ({share})", format::count(summary.failed)),
            None,
        ));
    }
    if summary.generator.saturated {
        // Why is in the banner above.
        let finding = "The figures are partly the generator's own".to_owned();
        findings.push((Level::Warning, finding, None));
    }
    if summary.dropped > 0 {
        let iterations = if summary.dropped == 1 {
            "iteration"
        } else {
            "iterations"
        };
        let share = if summary.due > 0 {
            format!(" ({} of those due)", format::percent(summary.dropped, summary.due))
        } else {
            String::new()
        };
        let finding = format!(
            "{} {iterations} could not be started on time{share}",
            format::count(summary.dropped)
        );
        findings.push((Level::Warning, finding, None));
    }
    if summary.interrupted {
        let advice = "The figures cover the time until then.";
        findings.push((Level::Warning, "The run was interrupted".to_owned(), Some(advice)));
    }
    findings
}

fn passed(summary: &Summary) -> String {
    match summary.thresholds.len() {
        0 => "Every request succeeded; no thresholds were set".to_owned(),
        1 => "The threshold was met and every request succeeded".to_owned(),
        n => format!("All {n} thresholds were met and every request succeeded"),
    }
}
