//! Flags that say which host is meant.

use std::path::PathBuf;

use monitor::compose::Compose;
use monitor::host::Host;
use monitor::layout::Layout;
use monitor::secrets::SecretFiles;
use monitor::settings::{Settings, SettingsError};

/// User and group of the containers where `monitor` runs as root.
const UNPRIVILEGED: u32 = 10_001;

/// Flags that say which host is meant.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct HostArgs {
    /// Folder of everything that the host must not lose
    #[arg(long, env = "MONITOR_DATA", value_name = "DIR", default_value = "data/monitor")]
    data_dir: PathBuf,

    /// Folder of compose.yaml
    #[arg(long, env = "MONITOR_HOME", value_name = "DIR", default_value = "monitor")]
    home: PathBuf,

    /// Folder of Grafana's data sources, dashboards and alert rules [default: grafana-provisioning beside --home]
    #[arg(long, env = "GRAFANA_PROVISIONING", value_name = "DIR")]
    provisioning: Option<PathBuf>,

    /// Name of the project in Docker; another one keeps a second host apart on the same machine
    #[arg(long, env = "MONITOR_PROJECT", value_name = "NAME", default_value = "marketboro")]
    project: String,

    /// Compose file that is merged over the host's; may be repeated
    #[arg(long, env = "MONITOR_COMPOSE_FILES", value_name = "FILE", value_delimiter = ',')]
    compose_file: Vec<PathBuf>,
}

impl HostArgs {
    /// Reads the host's settings.
    ///
    /// # Errors
    /// They cannot be read or understood.
    pub(crate) fn host(self) -> Result<Host, SettingsError> {
        let layout = Layout::new(
            absolute(self.home),
            absolute(self.data_dir),
            self.provisioning.map(absolute),
        );
        let settings = Settings::load(&layout)?;
        Ok(Host {
            secrets: SecretFiles::new(layout.secrets()),
            compose: Compose::new(layout.clone(), self.project, self.compose_file, owner()),
            settings,
            layout,
        })
    }
}

/// Compose takes relative paths from its project directory, people from where they are.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

fn owner() -> (u32, u32) {
    let (user, group) = (rustix::process::getuid(), rustix::process::getgid());
    if user.is_root() {
        (UNPRIVILEGED, UNPRIVILEGED)
    } else {
        (user.as_raw(), group.as_raw())
    }
}
