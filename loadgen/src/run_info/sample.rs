//! A run as the tests know it.

use std::collections::BTreeMap;

use super::{Environment, LoadModel, RunInfo, StepInfo};

pub(crate) fn info(generator: &str) -> RunInfo {
    let step = |name: &str, checks: &[&str]| StepInfo {
        name: name.to_owned(),
        tags: BTreeMap::new(),
        checks: checks.iter().map(|check| (*check).to_owned()).collect(),
    };
    RunInfo {
        run_id: "run-1".to_owned(),
        loadgen_version: "1".to_owned(),
        command: "loadgen run".to_owned(),
        scenario: "shop".to_owned(),
        target: "http://127.0.0.1/".to_owned(),
        model: LoadModel::Open,
        load: "10/s for 5s".to_owned(),
        generator: generator.to_owned(),
        tags: BTreeMap::new(),
        steps: vec![step("browse", &[]), step("buy, now", &["is paid", "is sent"])],
        started_at_ms: 1_795_391_990_000,
        load_s: None,
        environment: Environment::default(),
    }
}
