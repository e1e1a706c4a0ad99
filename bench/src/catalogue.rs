//! What figures mean: their units, which way is better, and the bounds that are promised.

use serde::{Deserialize, Serialize};

/// Which values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Better {
    Lower,
    Higher,
    Neither,
}

/// What a median must keep to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    /// Whether a value keeps to it.
    pub(crate) fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtMost(most) => write!(formatter, "≤ {}", number(*most)),
            Self::AtLeast(least) => write!(formatter, "≥ {}", number(*least)),
        }
    }
}

/// What names of figures end with, the unit it stands for, and which way is better.
const ENDINGS: [(&str, &str, Better); 17] = [
    ("cpu_us", "µs", Better::Lower),
    ("_mb", "MB", Better::Lower),
    ("_ms", "ms", Better::Lower),
    (".rate", "1/s", Better::Higher),
    ("cpu_ratio", "×", Better::Higher),
    ("cost_ratio", "×", Better::Lower),
    ("growth_kb", "kB", Better::Lower),
    ("throughput_percent", "%", Better::Higher),
    ("percent", "%", Better::Lower),
    ("_bytes", "bytes", Better::Lower),
    ("bytes_per_item", "bytes", Better::Lower),
    ("syscalls", "", Better::Lower),
    ("allocations", "", Better::Lower),
    ("spans_per_request", "", Better::Neither),
    ("points_per_export", "", Better::Neither),
    ("points_per_second", "1/s", Better::Neither),
    ("requests_per_second", "1/s", Better::Neither),
];

/// The bounds. The peer on today's AWS SDK (v3) is judged; the retired one (v2), which needs less, is shown beside it.
const BOUNDS: [(&str, Bound); 24] = [
    ("express_v3.get.cpu_ratio", Bound::AtLeast(6.0)),
    ("express_v3.put.cpu_ratio", Bound::AtLeast(6.0)),
    ("service.peak_mb", Bound::AtMost(40.0)),
    ("service.ready_ms", Bound::AtMost(100.0)),
    ("telemetry.all.percent", Bound::AtMost(10.0)),
    ("telemetry.all_grpc.percent", Bound::AtMost(10.0)),
    ("telemetry.tenth.percent", Bound::AtMost(4.0)),
    ("telemetry.undelivered", Bound::AtMost(0.0)),
    ("telemetry.hung.of_slowest_off", Bound::AtMost(1.0)),
    // What an allocator keeps varies by some pages.
    ("telemetry.away.growth_kb", Bound::AtMost(1024.0)),
    // Nine tenths of what either takes is the kernel's: 0.86 to 0.91 on a quiet host, 0.99 on one that gives processors
    // late.
    ("loadgen.share_of_wrk", Bound::AtMost(1.0)),
    // The kernel's part alone is 0.6 of all that oha takes, and dearer on some hosts than on others: 0.68 to 0.73.
    ("loadgen.share_of_oha", Bound::AtMost(0.7)),
    ("loadgen.user_share_of_oha", Bound::AtMost(0.4)),
    ("loadgen.share_of_k6", Bound::AtMost(1.0)),
    ("loadgen.peak_mb", Bound::AtMost(20.0)),
    ("loadgen.soak.peak_mb", Bound::AtMost(20.0)),
    ("loadgen.schedule.rate_error_percent", Bound::AtMost(0.1)),
    ("loadgen.schedule.lag_beyond_timer_ms", Bound::AtMost(1.0)),
    ("loadgen.stall.p95_error_percent", Bound::AtMost(2.0)),
    ("loadgen.stall.p99_error_percent", Bound::AtMost(2.0)),
    ("loadgen.stall.dropped", Bound::AtMost(0.0)),
    ("growth.vus.10000.peak_mb", Bound::AtMost(150.0)),
    ("loadgen.items.cost_ratio", Bound::AtMost(1.5)),
    ("loadgen.influxdb.throughput_percent", Bound::AtLeast(98.0)),
];

/// The bound of a figure, where one is promised.
pub(crate) fn bound(name: &str) -> Option<Bound> {
    BOUNDS.iter().find(|(known, _)| *known == name).map(|(_, bound)| *bound)
}

/// The unit of a figure; none for counts and shares.
pub(crate) fn unit(name: &str) -> &'static str {
    ending(name).map_or("", |(_, unit, _)| unit)
}

/// Whether it is of a program of ours: those of peers show how the machine is today, and judge nothing.
pub(crate) fn is_ours(name: &str) -> bool {
    ["service.", "loadgen.", "telemetry."]
        .iter()
        .any(|program| name.starts_with(program))
}

/// Which way a figure is better.
pub(crate) fn better(name: &str) -> Better {
    ending(name).map_or(Better::Lower, |(_, _, better)| better)
}

fn ending(name: &str) -> Option<(&'static str, &'static str, Better)> {
    ENDINGS.into_iter().find(|(ending, ..)| name.ends_with(ending))
}

/// A value with as many decimals as it needs for three digits.
pub(crate) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 0.1 => 2,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    if value.abs() < 10_000.0 {
        return text.to_owned();
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let groups: Vec<_> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(String::from_utf8_lossy)
        .collect();
    format!("{sign}{}", groups.join(" "))
}
