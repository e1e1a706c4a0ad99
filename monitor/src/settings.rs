//! Settings of this host: variables of `compose.yaml`, from `settings.env` in the data folder and from the environment,
//! which wins.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use collector::environment::Variable;

use crate::durable_file;
use crate::layout::Layout;

/// Every setting with its default, and what it is for.
const EXAMPLE: &str = include_str!("../settings.example.env");

/// Port of Grafana's page.
pub const GRAFANA_PORT: &str = "GRAFANA_PORT";
/// Address of Grafana's page.
pub const GRAFANA_BIND: &str = "GRAFANA_BIND";
/// Address on which OTLP and InfluxDB are reached from the private network.
pub const MONITOR_PRIVATE_ADDRESS: &str = "MONITOR_PRIVATE_ADDRESS";
/// Port of OTLP over gRPC.
pub const OTLP_GRPC_PORT: &str = "OTLP_GRPC_PORT";
/// Port of OTLP over HTTP.
pub const OTLP_HTTP_PORT: &str = "OTLP_HTTP_PORT";
/// Port of InfluxDB.
pub const INFLUXDB_PORT: &str = "INFLUXDB_PORT";
/// Port of Jaeger's query API, on loopback alone.
pub const JAEGER_PORT: &str = "JAEGER_PORT";
/// Port of the service in the profile `local`, on loopback alone.
pub const SERVICE_PORT: &str = "SERVICE_PORT";

/// Where backups go, and are looked for.
pub const MONITOR_BACKUP_TO: &str = "MONITOR_BACKUP_TO";
/// Public keys that backups are encrypted to, or a file of such.
pub const MONITOR_BACKUP_ENCRYPT_TO: &str = "MONITOR_BACKUP_ENCRYPT_TO";
/// File of the private key that opens backups.
pub const MONITOR_BACKUP_IDENTITY: &str = "MONITOR_BACKUP_IDENTITY";

/// Region of the metrics and logs that Grafana shows.
pub const AWS_REGION: &str = "AWS_REGION";
/// Default of [`AWS_REGION`] in `compose.yaml`.
const DEFAULT_AWS_REGION: &str = "eu-central-1";
/// Where loadgen's token is written for generators elsewhere.
pub const MONITOR_LOADGEN_TOKEN_TO: &str = "MONITOR_LOADGEN_TOKEN_TO";
/// Key in KMS that it is encrypted with there.
pub const MONITOR_LOADGEN_TOKEN_KMS_KEY: &str = "MONITOR_LOADGEN_TOKEN_KMS_KEY";

/// Ports that `compose.yaml` publishes, and their defaults there.
pub const PORTS: &[(&str, u16)] = &[
    (GRAFANA_PORT, 3000),
    (OTLP_GRPC_PORT, 4317),
    (OTLP_HTTP_PORT, 4318),
    (INFLUXDB_PORT, 8086),
    (JAEGER_PORT, 16686),
    (SERVICE_PORT, 8080),
];

/// What is set for this host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    values: BTreeMap<String, String>,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is there and cannot be read.
    #[error("{path}: cannot be read ({reason}); make it readable for this user", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// A line is neither empty, nor a comment, nor `NAME=value`.
    #[error("{path}, line {line}: expected NAME=value", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// A value is not what its setting needs.
    #[error("{name}={value} is not {expected}")]
    Invalid {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl Settings {
    /// Reads `settings.env`, if there is one; the environment wins over it.
    ///
    /// # Errors
    /// The file cannot be read or understood.
    pub fn load(layout: &Layout) -> Result<Self, SettingsError> {
        let mut values = Self::written(layout)?;
        // A variable that is no text is none of ours.
        let texts = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        values.extend(std::env::vars_os().filter_map(texts));
        Ok(Self { values })
    }

    /// What `settings.env` alone says; nothing where there is no such file.
    ///
    /// # Errors
    /// The file cannot be read or understood.
    pub fn written(layout: &Layout) -> Result<BTreeMap<String, String>, SettingsError> {
        let path = layout.settings_file();
        match std::fs::read_to_string(&path) {
            Ok(text) => parse(&text, &path),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(BTreeMap::new())
            }
            Err(reason) => Err(SettingsError::Unreadable { path, reason }),
        }
    }

    /// The same settings with these instead of some.
    pub fn with(&self, values: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut changed = self.clone();
        changed.values.extend(values);
        changed
    }

    /// The value of a setting; an empty one counts as not set, as in `${NAME:-default}`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Region of the metrics and logs that Grafana shows.
    pub fn aws_region(&self) -> &str {
        self.get(AWS_REGION).unwrap_or(DEFAULT_AWS_REGION)
    }

    /// One of [`PORTS`].
    ///
    /// # Errors
    /// It is not a port.
    pub fn port(&self, name: &'static str) -> Result<u16, SettingsError> {
        let default = PORTS
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(0, |(_, port)| *port);
        self.parsed(name, "a port from 1 to 65535")
            .map(|port| port.unwrap_or(default))
    }

    /// Address on which OTLP and InfluxDB are published.
    ///
    /// # Errors
    /// It is not an IP address.
    pub fn private_address(&self) -> Result<IpAddr, SettingsError> {
        self.parsed(MONITOR_PRIVATE_ADDRESS, "an IP address")
            .map(|address| address.unwrap_or(Ipv4Addr::LOCALHOST.into()))
    }

    /// Where this host reaches what it publishes on its private address.
    ///
    /// # Errors
    /// It is not an IP address.
    pub fn reachable_address(&self) -> Result<IpAddr, SettingsError> {
        self.private_address().map(reachable)
    }

    /// How long, by a variable of the collector or of Jaeger; its default where it says no duration.
    pub fn duration(&self, variable: Variable) -> Duration {
        let texts = self.get(variable.name).into_iter().chain([variable.default]);
        let mut durations = texts.filter_map(|text| humantime::parse_duration(text).ok());
        durations.next().unwrap_or_default()
    }

    /// Where this host reaches its own Grafana.
    ///
    /// # Errors
    /// Its address or port is not one.
    pub fn grafana_url(&self) -> Result<String, SettingsError> {
        let address = self.parsed(GRAFANA_BIND, "an IP address")?;
        let address = address.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        Ok(url(reachable(address), self.port(GRAFANA_PORT)?))
    }

    /// Where this host reaches its own InfluxDB.
    ///
    /// # Errors
    /// Its address or port is not one.
    pub fn influxdb_url(&self) -> Result<String, SettingsError> {
        Ok(url(self.reachable_address()?, self.port(INFLUXDB_PORT)?))
    }

    /// Where this host reaches its own collector, OTLP over HTTP.
    ///
    /// # Errors
    /// Its address or port is not one.
    pub fn otlp_url(&self) -> Result<String, SettingsError> {
        Ok(url(self.reachable_address()?, self.port(OTLP_HTTP_PORT)?))
    }

    /// Where this host reaches its own collector, OTLP over gRPC.
    ///
    /// # Errors
    /// Its address or port is not one.
    pub fn otlp_grpc_url(&self) -> Result<String, SettingsError> {
        Ok(url(self.reachable_address()?, self.port(OTLP_GRPC_PORT)?))
    }

    /// Where this host reaches the service of the profile `local`.
    ///
    /// # Errors
    /// Its port is not one.
    pub fn service_url(&self) -> Result<String, SettingsError> {
        Ok(url(Ipv4Addr::LOCALHOST.into(), self.port(SERVICE_PORT)?))
    }

    /// Where this host reaches its own Jaeger.
    ///
    /// # Errors
    /// Its port is not one.
    pub fn jaeger_url(&self) -> Result<String, SettingsError> {
        Ok(url(Ipv4Addr::LOCALHOST.into(), self.port(JAEGER_PORT)?))
    }

    /// A setting that is to be of that type; nothing where it is not set.
    pub(crate) fn parsed<T: std::str::FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, SettingsError> {
        self.get(name)
            .map(|value| {
                value.parse().map_err(|_| SettingsError::Invalid {
                    name,
                    value: value.to_owned(),
                    expected,
                })
            })
            .transpose()
    }
}

/// Writes a file with every setting as a comment, where there is none; gives whether it did.
///
/// # Errors
/// The file cannot be written.
pub fn write_example(path: &Path, owner: (u32, u32)) -> io::Result<bool> {
    if path.exists() {
        return Ok(false);
    }
    // For its owner alone: it may come to hold the password of a mail server.
    durable_file::write(path, EXAMPLE.as_bytes(), Some(owner))?;
    Ok(true)
}

/// What is published on every address is reached over loopback.
fn reachable(address: IpAddr) -> IpAddr {
    if address.is_unspecified() {
        Ipv4Addr::LOCALHOST.into()
    } else {
        address
    }
}

fn url(address: IpAddr, port: u16) -> String {
    format!("http://{}", SocketAddr::new(address, port))
}

pub(crate) fn parse(text: &str, path: &Path) -> Result<BTreeMap<String, String>, SettingsError> {
    let mut values = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            return Err(SettingsError::Malformed {
                path: path.to_owned(),
                line: index + 1,
            });
        };
        values.insert(name.trim().to_owned(), unquoted(value.trim()).to_owned());
    }
    Ok(values)
}

/// As compose reads such a file.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Result<Settings, SettingsError> {
        parse(text, Path::new("settings.env")).map(|values| Settings { values })
    }

    #[test]
    fn the_host_reaches_what_is_published_on_every_address_over_loopback() {
        let settings = settings("# a comment\nMONITOR_PRIVATE_ADDRESS=\"0.0.0.0\"\nINFLUXDB_PORT=18086\n").unwrap();
        assert_eq!(settings.influxdb_url().unwrap(), "http://127.0.0.1:18086");
        assert_eq!(settings.otlp_url().unwrap(), "http://127.0.0.1:4318");
    }

    #[test]
    fn the_example_changes_nothing_and_is_well_formed_without_its_comment_signs() {
        assert_eq!(settings(EXAMPLE).unwrap(), Settings::default());
        let lines = EXAMPLE.lines().filter_map(|line| line.strip_prefix('#'));
        let set: Vec<_> = lines.filter(|line| !line.starts_with([' ', '#'])).collect();
        let values = settings(&set.join("\n")).unwrap();
        for (name, default) in PORTS {
            assert_eq!(values.port(name).unwrap(), *default, "{name}");
        }
    }

    #[test]
    fn the_example_has_every_variable_of_the_compose_file() {
        let names = crate::doctor::host_settings::variables(include_str!("../compose.yaml"));
        // Set by this program.
        let own = ["MONITOR_DATA", "MONITOR_UID", "MONITOR_GID", "GRAFANA_PROVISIONING"];
        let of_builds = |name: &str| name.ends_with("_PLUGIN_VERSION");
        assert!(names.len() > 30, "{names:?}");
        for name in names.into_iter().filter(|name| !own.contains(name) && !of_builds(name)) {
            assert!(EXAMPLE.contains(&format!("\n#{name}=")), "{name}");
        }
    }

    #[test]
    fn a_line_that_is_no_setting_and_a_port_that_is_none_are_named() {
        let malformed = settings("A=1\nnonsense\n").unwrap_err().to_string();
        assert_eq!(malformed, "settings.env, line 2: expected NAME=value");
        let invalid = settings("GRAFANA_PORT=high")
            .unwrap()
            .grafana_url()
            .unwrap_err()
            .to_string();
        assert_eq!(invalid, "GRAFANA_PORT=high is not a port from 1 to 65535");
    }
}
