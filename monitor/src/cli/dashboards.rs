//! `monitor dashboards`: what Grafana is provisioned with.

use std::io::Write as _;
use std::path::PathBuf;

use monitor::dashboards::lint::{Finding, lint};
use monitor::dashboards::load;

use super::{CommandError, DONE, UNWELL, print_json};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum DashboardsCommand {
    /// Check dashboards, data sources and alert rules: what Grafana would take and show wrongly
    #[command(after_long_help = "Exit status: 0 all in order, 1 could not be read, 3 something was found.")]
    Lint {
        /// Folder that holds datasources/, dashboards/ and alerting/
        #[arg(
            value_name = "DIR",
            env = "GRAFANA_PROVISIONING",
            default_value = "grafana-provisioning"
        )]
        folder: PathBuf,
    },
}

/// What `lint` prints as JSON.
#[derive(serde::Serialize)]
struct Report {
    dashboards: usize,
    findings: Vec<Finding>,
}

impl DashboardsCommand {
    pub(crate) fn run(self, json: bool) -> Result<u8, CommandError> {
        let Self::Lint { folder } = self;
        let provisioning = load(&folder)?;
        let report = Report {
            dashboards: provisioning.dashboards.len(),
            findings: lint(&provisioning),
        };
        if json {
            print_json(&report);
        } else {
            report.print();
        }
        Ok(if report.findings.is_empty() { DONE } else { UNWELL })
    }
}

impl Report {
    fn print(&self) {
        let mut stdout = std::io::stdout().lock();
        // A reader that has gone away is no error.
        for finding in &self.findings {
            let _ = writeln!(stdout, "{finding}");
        }
        let dashboards = self.dashboards;
        let _ = match self.findings.len() {
            0 => writeln!(stdout, "{dashboards} dashboards are in order."),
            findings => writeln!(stdout, "{dashboards} dashboards, {findings} findings."),
        };
    }
}
