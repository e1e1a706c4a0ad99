//! Fuzz targets of monitor, a file each: no input makes the parser panic, and what holds of every answer besides.

mod dashboards;
mod docker;
mod influxdb_csv;
mod machine;
mod manifest;
mod multipart;
mod places;
mod sealed;
mod settings;
mod tar_check;
mod units;

/// The targets by name.
pub const ALL: &[(&str, fn(&[u8]))] = &[
    ("monitor_dashboards", dashboards::check),
    ("monitor_docker", docker::check),
    ("monitor_influxdb_csv", influxdb_csv::check),
    ("monitor_machine", machine::check),
    ("monitor_manifest", manifest::check),
    ("monitor_multipart", multipart::check),
    ("monitor_places", places::check),
    ("monitor_sealed", sealed::check),
    ("monitor_settings", settings::check),
    ("monitor_tar_check", tar_check::check),
    ("monitor_units", units::check),
];
