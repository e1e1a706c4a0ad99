//! Asking AWS for another host, and the record of it that the next host finds on the data volume.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use super::decision::LastRequest;
use super::state::read_bounded;
use crate::layout::Layout;
use crate::program::{self, ProgramError};
use crate::settings::{AWS_REGION, Settings};
use crate::{disk, durable_file};

/// Setting: the Auto Scaling group that replaces this host.
pub const AUTO_SCALING_GROUP: &str = "AUTO_SCALING_GROUP";
/// Setting: the instance that this host is.
pub const INSTANCE_ID: &str = "INSTANCE_ID";
/// Longer than AWS takes for an answer, with retries of its program.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Who may be asked for another host.
#[derive(Clone, Debug)]
pub(super) struct Replacement {
    record: PathBuf,
    instance: Result<String, String>,
    region: String,
}

/// Why another host does not come.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    /// It is not on AWS.
    #[error("{0}")]
    Nobody(String),
    /// Nobody was asked, since the next host could not know of it.
    #[error("{path}: cannot be written ({reason}), so that the next host could not know of it", path = path.display())]
    NoRecord { path: PathBuf, reason: io::Error },
    /// AWS was asked, and refused or gave no answer.
    #[error("AWS was asked for one, and {0}; it is tried again in an hour")]
    Refused(#[from] ProgramError),
}

/// The last request.
#[derive(Serialize, Deserialize)]
struct Record {
    /// RFC 3339.
    time: String,
    instance: String,
    reason: String,
}

impl Replacement {
    pub(super) fn of(layout: &Layout, settings: &Settings) -> Self {
        let instance = match (settings.get(AUTO_SCALING_GROUP), settings.get(INSTANCE_ID)) {
            (Some(_), Some(id)) if is_instance(id) => Ok(id.to_owned()),
            (Some(_), Some(id)) => Err(format!("{INSTANCE_ID}={id} is no instance of EC2")),
            _ => Err(format!(
                "{AUTO_SCALING_GROUP} and {INSTANCE_ID} are not both set, so there is nobody to ask for one"
            )),
        };
        Self {
            record: layout.replacement_record(),
            instance,
            region: settings.aws_region().to_owned(),
        }
    }

    /// What is known of the last request.
    pub(super) fn last(&self, data_fault: Option<&str>, now: SystemTime) -> LastRequest {
        if let Err(reason) = &self.instance {
            return LastRequest::NobodyToAsk(reason.clone());
        }
        if let Some(fault) = data_fault {
            return LastRequest::Unrecordable(format!("{fault}, so that the next host could not know of it"));
        }
        let path = self.record.display();
        let text = match read_bounded(&self.record) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return LastRequest::None,
            Err(error) => return LastRequest::Unreadable(format!("{path}: cannot be read ({error})")),
        };
        let time = serde_json::from_str::<Record>(&text)
            .map_err(|error| error.to_string())
            .and_then(|record| humantime::parse_rfc3339(&record.time).map_err(|error| error.to_string()));
        match time {
            Ok(time) => now.duration_since(time).map_or(LastRequest::InFuture, LastRequest::Ago),
            Err(reason) => LastRequest::Unreadable(format!("{path}: cannot be read ({reason})")),
        }
    }

    /// Writes the record, then asks.
    pub(super) async fn ask(&self, reason: &str, now: SystemTime) -> Result<(), AskError> {
        let instance = self.instance.clone().map_err(AskError::Nobody)?;
        let record = Record {
            time: humantime::format_rfc3339_seconds(now).to_string(),
            instance: instance.clone(),
            reason: reason.to_owned(),
        };
        let text = serde_json::to_vec(&record).unwrap_or_default();
        durable_file::write(&self.record, &text, None).map_err(|reason| AskError::NoRecord {
            path: self.record.clone(),
            reason,
        })?;
        let mut command = Command::new("aws");
        command.args(["autoscaling", "set-instance-health", "--instance-id", &instance]);
        command.args(["--health-status", "Unhealthy", "--should-respect-grace-period"]);
        command.env(AWS_REGION, &self.region).env("AWS_PAGER", "");
        program::output(command, TIMEOUT).await?;
        Ok(())
    }
}

/// What is wrong with a data folder that should have a volume of its own.
pub(super) async fn data_fault(folder: &Path) -> Option<String> {
    let path = folder.to_owned();
    // On a thread for waiting: a disk that hangs would take the runtime with it.
    let asked = tokio::task::spawn_blocking(move || {
        if !path.canonicalize().is_ok_and(|path| disk::mount_point(&path) == path) {
            return Ok(Some("has no volume mounted on it"));
        }
        disk::is_read_only(&path).map(|is_read_only| is_read_only.then_some("is mounted read-only"))
    });
    let fault = match tokio::time::timeout(Duration::from_secs(5), asked).await {
        Ok(Ok(Ok(fault))) => fault,
        _ => Some("is on a disk that does not answer"),
    };
    fault.map(|fault| format!("the data folder {} {fault}", folder.display()))
}

fn is_instance(id: &str) -> bool {
    let digits = id.strip_prefix("i-").unwrap_or_default();
    !digits.is_empty() && digits.len() <= 32 && digits.chars().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_no_flag_of_another_program() {
        assert!(is_instance("i-0123456789abcdef0"));
        for text in ["", "i-", "--profile", "i-0 --x", "i-xyz"] {
            assert!(!is_instance(text), "{text}");
        }
    }
}
