//! The host's Compose file in Docker: each container killed, paused, or of another image.

use std::process::Command;

use test_servers::{ComposeProject, Docker};

use crate::host::{Findings, Host, wait_for};

/// A run with everything, from where the containers' ports are reached.
fn examine(host: &Host, arguments: &[&str]) -> Findings {
    let output = Docker::shared().inside(|| {
        host.doctor(&["--json", "--skip", "disk", "--skip", "root-disk", "--skip", "memory"])
            .args(arguments)
            .output()
            .unwrap()
    });
    Findings::of(&output)
}

#[test]
fn each_container_that_is_killed_or_paused_is_named_with_its_server_and_nothing_else() {
    let (project, host) = Host::in_docker();
    wait_for("a healthy host", || examine(&host, &["--quick"]).status == 0);
    let findings = examine(&host, &[]);
    findings.assert_failed(&[]);
    assert_eq!(
        findings.check("containers")["seen"],
        "4 of 4 containers run and are healthy"
    );
    assert_eq!(findings.check("images")["outcome"], "ok", "{}", findings.text);

    for (service, checks) in [
        ("grafana", &["containers", "grafana"][..]),
        ("jaeger", &["containers", "jaeger"]),
        ("influxdb", &["containers", "influxdb"]),
        ("otel-collector", &["containers", "otlp-grpc", "otlp-http"]),
    ] {
        project.compose(&["kill", service]).unwrap();
        let findings = examine(&host, &["--quick"]);
        findings.assert_failed(checks);
        findings.assert_says("containers", &format!("{service} has ended with status 137"));
        project.compose(&["start", service]).unwrap();
        project.container(service).unwrap().wait_for_health("healthy").unwrap();
    }
    wait_for("a healthy host", || examine(&host, &["--quick"]).status == 0);

    project.compose(&["pause", "jaeger"]).unwrap();
    let findings = examine(&host, &["--quick"]);
    findings.assert_failed(&["containers", "jaeger"]);
    findings.assert_says("containers", "jaeger is paused");
    project.compose(&["unpause", "jaeger"]).unwrap();

    project.compose(&["rm", "--stop", "--force", "jaeger"]).unwrap();
    let findings = examine(&host, &["--quick"]);
    findings.assert_failed(&["containers", "jaeger"]);
    findings.assert_says("containers", "jaeger has no container");

    let mut host = host;
    host.set("COLLECTOR_IMAGE", "marketboro/otelcol:another");
    let findings = examine(&host, &["--quick", "--only", "containers"]);
    findings.assert_says(
        "containers",
        "otel-collector runs marketboro/otelcol:0.150.0, compose.yaml names marketboro/otelcol:another",
    );
    let findings = examine(&host, &["--offline", "--only", "images"]);
    findings.assert_failed(&["images"]);
    findings.assert_says("images", "there is no image marketboro/otelcol:another");
}

#[test]
fn a_machine_that_was_never_up_has_everything_that_an_image_must_have() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_monitor"));
    command
        .args(["doctor", "--offline", "--json", "--skip", "disk", "--skip", "memory"])
        .env("MONITOR_HOME", env!("CARGO_MANIFEST_DIR"))
        .env("MONITOR_DATA", folder.path().join("of/a/volume/to/come"))
        .env("AUTO_SCALING_GROUP", "monitor")
        .env("DATA_VOLUME_TAG_KEY", "Name")
        // With the stub's image for Grafana's.
        .env("MONITOR_COMPOSE_FILES", &ComposeProject::files()[1])
        .envs(Docker::shared().environment());
    let findings = Findings::of(&command.output().unwrap());
    findings.assert_failed(&[]);
    for check in ["settings", "files", "docker", "images"] {
        assert_eq!(findings.check(check)["outcome"], "ok", "{}", findings.text);
    }
    assert!(!folder.path().join("of").exists());
}
