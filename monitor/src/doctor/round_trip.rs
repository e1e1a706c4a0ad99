//! A trace and a metric, sent to the collector and read back where they belong.
//!
//! The span has failed, because the collector keeps every trace with an error. Its id is new with each run, and so is
//! the value of the metric, whose attributes are not: all runs together are one series.

use std::sync::Arc;
use std::time::Duration;

use collector::environment::TRACE_DECISION_WAIT;
use collector::influxdb::MEASUREMENT;
use tokio::time::{Instant, sleep};

use super::catalogue::WHOLE;
use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::influxdb::TELEMETRY;
use crate::metrics;
use crate::otlp::Measurement;

/// From the collector's decision to keep a trace until it must be in Jaeger, at least.
const AFTER_DECISION: Duration = Duration::from_secs(4);
/// How long before its time limit a check says what it has not seen.
const MARGIN: Duration = Duration::from_millis(300);
/// How long a metric may take: two seconds, and those of a retry.
const METRIC: Duration = Duration::from_millis(7500);
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Name of the span.
const SPAN: &str = "doctor.probe";
/// Every whole number up to here is told apart by a float.
const VALUES: std::ops::Range<u64> = 1..(1 << 53);

const LOOK: &str = "see what the collector says: `monitor logs otel-collector`; its queues and counters are the check \
    collector-health";

/// How long a trace may take. With the collector's usual settings that is what a whole run may take.
pub(super) fn trace_limit(context: &Context) -> Duration {
    let decision = context.settings().duration(TRACE_DECISION_WAIT);
    WHOLE.max(decision.saturating_add(AFTER_DECISION))
}

pub(super) async fn traces(context: Arc<Context>) -> Result<Verdict, Stop> {
    let began = Instant::now();
    let limit = trace_limit(&context) - MARGIN;
    let (otlp, jaeger) = tokio::join!(context.otlp(), context.jaeger());
    let (otlp, jaeger) = (otlp?, jaeger?);
    let trace_id = format!("{:032x}", fastrand::u128(1 << 64..));
    otlp.send_failed_trace(&trace_id, SPAN).await?;
    loop {
        // An answer that fails now may succeed the next time; that Jaeger answers at all is for another check.
        if jaeger.spans(&trace_id).await.is_ok_and(|spans| spans > 0) {
            let seconds = began.elapsed().as_secs_f64();
            return Ok(Verdict::ok(format!("trace {trace_id} was there after {seconds:.1} s")));
        }
        if began.elapsed() + POLL_INTERVAL > limit {
            return Err(Fault::failed(
                format!(
                    "trace {trace_id} was taken, and is not in Jaeger after {:.0} s",
                    limit.as_secs_f64()
                ),
                format!("{LOOK}; `monitor logs jaeger` says whether it stores"),
            )
            .into());
        }
        sleep(POLL_INTERVAL).await;
    }
}

pub(super) async fn metrics(context: Arc<Context>) -> Result<Verdict, Stop> {
    let began = Instant::now();
    let (otlp, influxdb) = tokio::join!(context.otlp(), context.operator());
    let (otlp, influxdb) = (otlp?, influxdb?);
    #[expect(clippy::cast_precision_loss, reason = "none up to 53 bits")]
    let value = fastrand::u64(VALUES) as f64;
    let probe = Measurement::gauge(metrics::DOCTOR_PROBE, "1", value);
    otlp.send_metrics(None, &[probe]).await?;
    let flux = format!(
        r#"from(bucket: "{bucket}")
  |> range(start: -1m, stop: 1m)
  |> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and r._field == "{field}")
  |> filter(fn: (r) => r._value == {value:.1})"#,
        bucket = TELEMETRY.name,
        field = metrics::DOCTOR_PROBE,
    );
    loop {
        match influxdb.query(&flux).await {
            Ok(rows) if !rows.is_empty() => {
                let seconds = began.elapsed().as_secs_f64();
                return Ok(Verdict::ok(format!("a metric was there after {seconds:.1} s")));
            }
            Err(error) if error.status() == Some(404) => {
                return Err(Stop::skip("there is no bucket telemetry; see the check buckets"));
            }
            Ok(_) | Err(_) => {}
        }
        if began.elapsed() + POLL_INTERVAL > METRIC {
            return Err(Fault::failed(
                format!(
                    "a metric was taken, and is not in InfluxDB after {:.0} s",
                    METRIC.as_secs_f64()
                ),
                format!("{LOOK}; the check tokens says whether it may write"),
            )
            .into());
        }
        sleep(POLL_INTERVAL).await;
    }
}
