//! How OpenTelemetry's metrics look in InfluxDB, where the collector writes them as `telegraf-prometheus-v2`.
//!
//! A metric is a field of [`MEASUREMENT`], named like the metric, dots included. A histogram is several fields, of which
//! the buckets are apart by the tag [`BUCKET_BOUND_TAG`]. Attributes are tags, and so are the [`RESOURCE_TAGS`].

/// The measurement of every metric.
pub const MEASUREMENT: &str = "prometheus";

/// Tag of a histogram's buckets: the bucket's upper bound, inclusive.
pub const BUCKET_BOUND_TAG: &str = "le";
/// Value of [`BUCKET_BOUND_TAG`] for the last bucket, which has no bound.
pub const BUCKET_BOUND_INFINITY: &str = "+Inf";

/// Field beside a metric's: when it began to count, in nanoseconds since 1970.
pub const START_TIME_FIELD: &str = "start_time_unix_nano";

/// Resource attributes that become tags. All others are dropped on the way, because every value of a tag is a series.
pub const RESOURCE_TAGS: &[&str] = &[
    "service.name",
    "service.version",
    "service.instance.id",
    "deployment.environment.name",
    "host.name",
    "aws.ecs.cluster.arn",
    "aws.ecs.task.id",
];

/// Field of the number of values of the histogram `metric` that are not above the bound in [`BUCKET_BOUND_TAG`].
pub fn bucket_field(metric: &str) -> String {
    format!("{metric}_bucket")
}

/// Field of the number of values of the histogram `metric`.
pub fn count_field(metric: &str) -> String {
    format!("{metric}_count")
}

/// Field of the sum of all values of the histogram `metric`.
pub fn sum_field(metric: &str) -> String {
    format!("{metric}_sum")
}

/// Field of the smallest value of the histogram `metric`, where its sender reports one.
pub fn min_field(metric: &str) -> String {
    format!("{metric}_min")
}

/// Field of the largest value of the histogram `metric`, where its sender reports one.
pub fn max_field(metric: &str) -> String {
    format!("{metric}_max")
}
