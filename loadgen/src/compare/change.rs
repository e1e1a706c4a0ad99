//! The change of a figure from one run to the other, and what to make of it.

use serde::{Deserialize, Serialize};

use super::{Estimate, FigureChange};

/// When a change of this share could not be told from none, there is too little data to say anything.
const BLIND: f64 = 0.5;
/// The same for shares of requests, which may be 0: a difference of so much of all requests.
const BLIND_SHARE: f64 = 0.05;

/// What a change means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A change for the better, beyond chance and tolerance.
    Better,
    /// A change for the worse, beyond chance and tolerance.
    Worse,
    /// None that is beyond both.
    NoDifference,
    /// Even a large change would not have shown.
    TooLittleData,
}

impl Verdict {
    /// In words.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NoDifference => "no difference shown",
            Self::TooLittleData => "too little data",
        }
    }
}

/// What sort of figure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The less, the better; changes by a factor.
    Latency,
    /// The more, the better; changes by a factor.
    Rate,
    /// A share of requests: the less, the better; may be 0.
    Share,
}

/// Judges one figure.
pub(super) fn judge(
    step: Option<&str>,
    figure: &str,
    kind: Kind,
    of: [Option<Estimate>; 2],
    tolerance: f64,
) -> FigureChange {
    let [base, new] = of;
    let change = base.zip(new).map(|(base, new)| match kind {
        Kind::Share => difference(base, new),
        Kind::Latency | Kind::Rate => relative(base, new),
    });
    let verdict = match (base, change) {
        (Some(base), Some(change)) => verdict(kind, base, change, tolerance),
        _ => Verdict::TooLittleData,
    };
    FigureChange {
        step: step.map(str::to_owned),
        figure: figure.to_owned(),
        base,
        new,
        change,
        verdict,
    }
}

fn verdict(kind: Kind, base: Estimate, change: Estimate, tolerance: f64) -> Verdict {
    let (bearable, blind) = match kind {
        Kind::Share => (tolerance * base.value, BLIND_SHARE.max(BLIND * base.value)),
        Kind::Latency | Kind::Rate => (tolerance, BLIND),
    };
    let matters = change.value.abs() > bearable;
    let more = change.low > 0.0;
    let less = change.high < 0.0;
    if more || less {
        let good = more == (kind == Kind::Rate);
        match (matters, good) {
            (false, _) => Verdict::NoDifference,
            (true, true) => Verdict::Better,
            (true, false) => Verdict::Worse,
        }
    } else if change.high > blind {
        Verdict::TooLittleData
    } else {
        Verdict::NoDifference
    }
}

/// The difference of two figures, with an interval recovered from theirs (R. G. Newcombe, "Interval estimation for the
/// difference between independent proportions", Statistics in Medicine 17, 1998, method 10; for any figures G. Y. Zou
/// and A. Donner, "Construction of confidence limits about effect measures", Statistics in Medicine 27, 2008).
fn difference(base: Estimate, new: Estimate) -> Estimate {
    let value = new.value - base.value;
    Estimate {
        value,
        low: value - (new.value - new.low).hypot(base.high - base.value),
        high: value + (new.high - new.value).hypot(base.value - base.low),
    }
}

/// The change as a share of the base: the difference of the logarithms.
fn relative(base: Estimate, new: Estimate) -> Estimate {
    let logarithm = |estimate: Estimate| Estimate {
        value: estimate.value.ln(),
        low: estimate.low.ln(),
        high: estimate.high.ln(),
    };
    let Estimate { value, low, high } = difference(logarithm(base), logarithm(new));
    Estimate {
        value: value.exp_m1(),
        low: low.exp_m1(),
        high: high.exp_m1(),
    }
}
