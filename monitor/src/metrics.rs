//! Every metric that `monitor` exports: its name and attributes. Values go to the collector by OTLP.

/// `service.name` of these metrics.
pub const SERVICE_NAME: &str = "marketboro-monitor";

/// 1 where the check [`CHECK`] found a fault, otherwise 0.
pub const CHECK_FAILED: &str = "marketboro.monitor.check.failed";
/// Seconds that the check [`CHECK`] took.
pub const CHECK_DURATION: &str = "marketboro.monitor.check.duration";

/// What the doctor sends and reads back; its value is new with each run and means nothing.
pub const DOCTOR_PROBE: &str = "marketboro.monitor.doctor.probe";

/// Seconds since the last complete backup; absent where there is none.
pub const BACKUP_AGE: &str = "marketboro.monitor.backup.age";
/// Bytes of that backup.
pub const BACKUP_SIZE: &str = "marketboro.monitor.backup.size";
/// Seconds since a backup was last restored into scratch servers and found equal.
pub const BACKUP_VERIFIED_AGE: &str = "marketboro.monitor.backup.verified.age";

/// Series of the bucket [`BUCKET`] in InfluxDB.
pub const INFLUXDB_SERIES: &str = "marketboro.monitor.influxdb.series";
/// Mean seconds of a write to InfluxDB since the measurement before.
pub const INFLUXDB_WRITE_DURATION: &str = "marketboro.monitor.influxdb.write.duration";
/// Writes that InfluxDB has answered since its start.
pub const INFLUXDB_WRITE_COUNT: &str = "marketboro.monitor.influxdb.write.count";

/// Attribute: name of a check of the doctor.
pub const CHECK: &str = "check";
/// Attribute: name of a bucket in InfluxDB.
pub const BUCKET: &str = "bucket";

/// Every metric above.
pub const ALL: &[&str] = &[
    CHECK_FAILED,
    CHECK_DURATION,
    DOCTOR_PROBE,
    BACKUP_AGE,
    BACKUP_SIZE,
    BACKUP_VERIFIED_AGE,
    INFLUXDB_SERIES,
    INFLUXDB_WRITE_DURATION,
    INFLUXDB_WRITE_COUNT,
];
