//! The configuration files against the names that this crate gives, against the documentation, and as the programs
//! themselves judge them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use collector::environment::{self, INFLUXDB_TOKEN_FILE, Variable};
use collector::{influxdb, own_metrics};

const CONFIG: &str = "monitor/collector/config.yaml";
const JAEGER_CONFIG: &str = "monitor/jaeger.yaml";
const DOCUMENTATION: &str = "docs/telemetry.md";

type Variables<'a> = BTreeMap<&'a str, &'a str>;

#[test]
fn the_collector_reads_the_documented_variables() {
    let config = read(CONFIG);
    let documentation = read(DOCUMENTATION);
    assert_eq!(variables_in(&config), as_map(environment::COLLECTOR), "{CONFIG}");
    assert_eq!(
        table(&documentation, CONFIG),
        as_map(environment::COLLECTOR),
        "{DOCUMENTATION}"
    );
}

#[test]
fn jaeger_reads_the_documented_variables() {
    let config = read(JAEGER_CONFIG);
    let documentation = read(DOCUMENTATION);
    assert_eq!(variables_in(&config), as_map(environment::JAEGER), "{JAEGER_CONFIG}");
    assert_eq!(
        table(&documentation, JAEGER_CONFIG),
        as_map(environment::JAEGER),
        "{DOCUMENTATION}"
    );
}

#[test]
fn the_named_resource_attributes_alone_become_tags() {
    let config = read(CONFIG);
    let (_, kept) = config.split_once("keep_keys(resource.attributes, [").unwrap();
    let (kept, _) = kept.split_once(']').unwrap();
    let kept: Vec<_> = kept.split(',').map(|key| key.trim().trim_matches('"')).collect();
    assert_eq!(kept, influxdb::RESOURCE_TAGS);
}

#[test]
fn the_named_exporters_and_policies_are_configured() {
    let config = read(CONFIG);
    for exporter in [own_metrics::INFLUXDB_EXPORTER, own_metrics::JAEGER_EXPORTER] {
        assert!(config.contains(&format!("\n  {exporter}:\n")), "{exporter}");
    }
    for policy in [
        own_metrics::POLICY_ERRORS,
        own_metrics::POLICY_SLOW,
        own_metrics::POLICY_SHARE,
    ] {
        assert!(config.contains(&format!("\n      - name: {policy}\n")), "{policy}");
    }
}

#[test]
fn the_collector_accepts_its_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join(INFLUXDB_TOKEN_FILE.default);
    fs::create_dir_all(token.parent().unwrap()).unwrap();
    fs::write(token, "a-token\n").unwrap();
    assert_valid("OTELCOL", CONFIG, folder.path());
}

#[test]
fn jaeger_accepts_its_configuration() {
    let folder = tempfile::tempdir().unwrap();
    assert_valid("JAEGER", JAEGER_CONFIG, folder.path());
}

fn assert_valid(program_variable: &str, config: &str, folder: &Path) {
    let output = Command::new(program(program_variable))
        .args(["validate", "--config"])
        .arg(in_repository(config))
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{config}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "a setting of this test, which has no settings module"
)]
fn program(variable: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(
        || panic!("{variable} is not set. Set it with: eval \"$(make -s test-env)\", which also gets the program."),
        PathBuf::from,
    )
}

fn as_map(variables: &[Variable]) -> Variables<'static> {
    let map: Variables<'_> = variables
        .iter()
        .map(|variable| (variable.name, variable.default))
        .collect();
    assert_eq!(map.len(), variables.len(), "a name is there twice");
    map
}

/// Variables as configuration files name them: `${env:NAME:-default}`.
fn variables_in(config: &str) -> Variables<'_> {
    let mut variables = Variables::new();
    for reference in config.split("${env:").skip(1) {
        let (reference, _) = reference.split_once('}').unwrap();
        let (name, default) = reference
            .split_once(":-")
            .unwrap_or_else(|| panic!("{reference} has no default"));
        let before = variables.insert(name, default);
        assert!(before.is_none_or(|before| before == default), "{name} has two defaults");
    }
    variables
}

/// Variables and defaults of the table below the comment that names `config`.
fn table<'a>(documentation: &'a str, config: &str) -> Variables<'a> {
    let marker = format!("<!-- Checked against {config} -->\n");
    let (_, after) = documentation
        .split_once(&marker)
        .unwrap_or_else(|| panic!("no {marker}"));
    after
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|row| {
            let mut cells = row
                .trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().trim_matches('`'));
            (cells.next().unwrap(), cells.next().unwrap())
        })
        .collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(in_repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}
