//! What Docker and compose print about containers.

use crate::compose::{Configuration, containers};
use crate::docker::Inspected;
use crate::preflight::containers::is_too_old;

pub(super) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(containers) = containers(&text) {
        for container in containers {
            let _ = (container.condition(), container.is_healthy());
        }
    }
    if let Ok(containers) = serde_json::from_str::<Vec<Inspected>>(&text) {
        for container in containers {
            let _ = (container.project(), container.published().count());
            let complaint = container.health_complaint().unwrap_or_default();
            assert!(!complaint.contains('\n'), "{complaint:?} is more than a line");
        }
    }
    let _ = serde_json::from_str::<Configuration>(&text);
    let _ = is_too_old(&text);
}
