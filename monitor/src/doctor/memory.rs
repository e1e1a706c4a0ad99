//! The memory of the host.

use std::sync::Arc;

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::bytes;
use crate::memory::{self, Memory};

/// Percent of available memory below which processes are about to be killed.
const FAILED_PERCENT: f64 = 4.0;
/// Percent below which it is time to act.
const WARNING_PERCENT: f64 = 10.0;
/// Percent of the last minute in which everything waited for memory.
const WARNING_PRESSURE: f64 = 10.0;

const ADVICE: &str =
    "see who uses it (`docker stats`); ask for shorter time ranges, lower mem_limit, or use a larger host";

#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
pub(super) async fn check(_: Arc<Context>) -> Result<Verdict, Stop> {
    let Memory { total, available } =
        memory::read().map_err(|error| Stop::skip(format!("this system does not tell ({error})")))?;
    let percent = available as f64 * 100.0 / (total as f64).max(1.0);
    let seen = format!("{percent:.0} % of {} are available", bytes::text(total));
    let mut faults = Vec::new();
    if percent < FAILED_PERCENT {
        faults.push(Fault::failed(seen.clone(), ADVICE));
    } else if percent < WARNING_PERCENT {
        faults.push(Fault::warning(seen.clone(), ADVICE));
    }
    // Not every kernel measures it.
    let pressure = std::fs::read_to_string("/proc/pressure/memory").unwrap_or_default();
    if let Some(percent) = stalled(&pressure)
        && percent > WARNING_PRESSURE
    {
        faults.push(Fault::warning(
            format!("in {percent:.0} % of the last minute everything waited for memory"),
            ADVICE,
        ));
    }
    Ok(Verdict::new(seen, faults))
}

pub(crate) fn stalled(pressure: &str) -> Option<f64> {
    let line = pressure.lines().find_map(|line| line.strip_prefix("full "))?;
    let value = line.split(' ').find_map(|part| part.strip_prefix("avg60="))?;
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressure_is_that_of_the_last_minute() {
        let pressure = "some avg10=0.00 avg60=3.00 avg300=0 total=0\nfull avg10=0.00 avg60=12.50 avg300=0 total=0\n";
        assert_eq!(stalled(pressure), Some(12.5));
    }
}
