//! Where things are on a monitor host.

use std::path::{Path, PathBuf};

/// The two folders that everything is found from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    home: PathBuf,
    data: PathBuf,
    provisioning: Option<PathBuf>,
}

/// Folders of the data folder that belong to one server each, by the name of its service in `compose.yaml`.
pub const SERVER_DIRECTORIES: &[(&str, &str)] = &[
    ("grafana", "grafana"),
    ("influxdb", "influxdb"),
    ("jaeger", "jaeger"),
    ("otel-collector", "collector"),
];

impl Layout {
    /// `home` holds `compose.yaml` and what it refers to, `data` everything that the host must not lose.
    pub fn new(home: PathBuf, data: PathBuf, provisioning: Option<PathBuf>) -> Self {
        Self {
            home,
            data,
            provisioning,
        }
    }

    /// Folder of `compose.yaml`.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Folder of everything that the host must not lose; `MONITOR_DATA` in `compose.yaml`.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The definition of the containers.
    pub fn compose_file(&self) -> PathBuf {
        self.home.join("compose.yaml")
    }

    /// Data sources, dashboards and alert rules of Grafana: beside [`Layout::home`] unless said otherwise.
    pub fn provisioning(&self) -> PathBuf {
        self.provisioning
            .clone()
            .unwrap_or_else(|| self.home.join("../grafana-provisioning"))
    }

    /// Passwords and tokens, a file each.
    pub fn secrets(&self) -> PathBuf {
        self.data.join("secrets")
    }

    /// Settings of this host as `NAME=value` lines, for `compose.yaml` and for `monitor`.
    pub fn settings_file(&self) -> PathBuf {
        self.data.join("settings.env")
    }

    /// Held by whoever changes the host.
    pub fn lock_file(&self) -> PathBuf {
        self.data.join("monitor.lock")
    }

    /// Where backups go unless told otherwise.
    pub fn backups(&self) -> PathBuf {
        self.data.join("backups")
    }

    /// What the doctor keeps from one run to the next.
    pub fn doctor_state(&self) -> PathBuf {
        self.data.join("doctor.json")
    }

    /// When another host was last asked for, by whichever host had this data.
    pub fn replacement_record(&self) -> PathBuf {
        self.data.join("replacement.json")
    }

    /// State of the server of that service in `compose.yaml`.
    pub fn server(&self, service: &str) -> PathBuf {
        let known = SERVER_DIRECTORIES.iter().find(|(name, _)| *name == service);
        self.data.join(known.map_or(service, |(_, directory)| directory))
    }
}
