//! Whether a new host from the same image, with the same data volume, would cure what a check finds.

/// What a new host would change about the failure of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cure {
    /// It would be gone: the cause is in this machine, or in what its image brought along.
    NewHost,
    /// It would be gone, unless what comes with the data or the settings is the cause.
    NewHostIfDataIsWell,
    /// It would come along: with the data, the settings, or from elsewhere.
    None,
}

/// For each check.
#[rustfmt::skip]
const CURES: &[(&str, Cure)] = &[
    ("settings", Cure::None),
    ("files", Cure::NewHost),
    ("docker", Cure::NewHost),
    ("images", Cure::NewHost),
    ("disk", Cure::None),
    ("root-disk", Cure::NewHost),
    ("memory", Cure::NewHost),
    // Of a unit that failed other checks see what is missing.
    ("units", Cure::None),
    ("clock", Cure::None),
    ("secrets", Cure::None),
    ("certificates", Cure::None),
    ("containers", Cure::NewHostIfDataIsWell),
    ("grafana", Cure::NewHostIfDataIsWell),
    ("influxdb", Cure::NewHostIfDataIsWell),
    ("jaeger", Cure::NewHostIfDataIsWell),
    ("otlp-http", Cure::NewHostIfDataIsWell),
    ("otlp-grpc", Cure::NewHostIfDataIsWell),
    ("buckets", Cure::None),
    ("tokens", Cure::None),
    ("series", Cure::None),
    ("backup", Cure::None),
    ("collector-health", Cure::None),
    ("otlp-traces", Cure::None),
    ("otlp-metrics", Cure::None),
    ("data-source-influxdb", Cure::None),
    ("data-source-jaeger", Cure::None),
    ("data-source-cloudwatch", Cure::None),
    ("dashboards", Cure::None),
    ("alert-rules", Cure::None),
    ("panel-queries", Cure::None),
];

/// Of the check of that name.
pub fn cure_of(check: &str) -> Cure {
    let found = CURES.iter().find(|(name, _)| *name == check);
    found.map_or(Cure::None, |(_, cure)| *cure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::names;

    #[test]
    fn every_check_is_in_the_table_once_and_in_order() {
        assert_eq!(
            CURES.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            names().collect::<Vec<_>>()
        );
    }
}
