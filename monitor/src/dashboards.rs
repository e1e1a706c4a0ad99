//! What Grafana is provisioned with: reading it, the queries its panels run, and whether it is in order.

pub mod cloudwatch;
pub mod flux;
pub mod lint;
mod load;
mod panels;
mod queries;
pub mod variables;

use serde_json::Value;

pub use load::{Dashboard, File, LoadError, Provisioning, Unreadable, load};
pub use panels::Panel;
pub use queries::{Origin, PanelQuery, Query, TimeRange, queries};

/// The items of a list; none of what is no list.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
