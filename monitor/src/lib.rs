//! Tools of the monitor host: what `monitor` and its tests share.

pub mod dashboards;
