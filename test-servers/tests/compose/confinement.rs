//! What the containers may do, and what can be reached of them.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use test_servers::{ComposeProject, Docker};

use crate::SERVICES;

/// Files of `secrets/`.
const SECRETS: [&str; 7] = [
    "grafana-admin-password",
    "grafana-secret-key",
    "influxdb-admin-password",
    "influxdb-operator-token",
    "influxdb-telemetry-token",
    "influxdb-loadgen-token",
    "influxdb-grafana-token",
];

#[test]
fn containers_are_confined_and_keep_secrets_to_themselves() {
    let project = ComposeProject::new(Docker::shared())
        .unwrap()
        // As `monitor up` sets it on a host, though with an address of this machine.
        .variable("MONITOR_PRIVATE_ADDRESS", "127.0.0.2");
    project.up(&["local"]).unwrap();
    for service in SERVICES {
        let container = project.container(service).unwrap().inspect().unwrap();
        is_confined(service, &container);
        keeps_secrets(service, &container, &project);
        reads_only_its_own_secrets(service, &container);
    }
    nobody_is_root(&project);
    root_is_read_only(&project);
    ports_are_published_where_promised(&project);
    the_way_out_is_for_those_who_need_it(&project);
    a_second_up_changes_nothing(&project);
}

fn is_confined(service: &str, container: &Json) {
    let host = &container["HostConfig"];
    assert_eq!(host["ReadonlyRootfs"], true, "{service}");
    assert_eq!(host["CapDrop"], json!(["ALL"]), "{service}");
    assert_eq!(host["CapAdd"], Json::Null, "{service}");
    assert_eq!(host["Privileged"], false, "{service}");
    assert_eq!(host["SecurityOpt"], json!(["no-new-privileges:true"]), "{service}");
    assert_eq!(container["Config"]["User"], "10001:10001", "{service}");
    let memory = host["Memory"].as_u64().unwrap();
    assert!((64 << 20..=2 << 30).contains(&memory), "{service}: {memory}");
    assert_eq!(host["MemorySwap"], host["Memory"], "{service}");
    assert!(host["PidsLimit"].as_u64().unwrap() <= 512, "{service}");
    assert_eq!(host["RestartPolicy"]["Name"], "unless-stopped", "{service}");
    assert_eq!(
        host["LogConfig"],
        json!({ "Type": "json-file", "Config": { "max-size": "10m", "max-file": "3" } }),
        "{service}"
    );
    assert!(container["Config"]["StopTimeout"].as_u64().unwrap() >= 20, "{service}");
    let mounts = container["Mounts"].as_array().unwrap();
    assert!(
        mounts.iter().all(|mount| mount["Type"] != "volume"),
        "{service}: {mounts:?}"
    );
}

fn keeps_secrets(service: &str, container: &Json, project: &ComposeProject<'_>) {
    let container = container.to_string();
    for secret in SECRETS {
        let secret = project.secret(secret).unwrap();
        assert!(!secret.is_empty() && !container.contains(&secret), "{service}");
    }
}

fn reads_only_its_own_secrets(service: &str, container: &Json) {
    let mut secrets: Vec<_> = container["Mounts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|mount| mount["Destination"].as_str()?.strip_prefix("/run/secrets/"))
        .collect();
    secrets.sort_unstable();
    let expected: &[&str] = match service {
        "grafana" => &[
            "grafana-admin-password",
            "grafana-secret-key",
            "influxdb-grafana-token",
            "smtp-password",
        ],
        "otel-collector" => &["influxdb-telemetry-token"],
        "loadgen" => &["influxdb-loadgen-token"],
        _ => &[],
    };
    assert_eq!(secrets, expected, "{service}");
}

fn nobody_is_root(project: &ComposeProject<'_>) {
    for service in SERVICES {
        let container = project.container(service).unwrap();
        let processes = Docker::shared().run(["top", container.id(), "-eo", "uid,pid"]).unwrap();
        let users: Vec<_> = processes
            .lines()
            .skip(1)
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        // A load run may be between its end and the next start.
        assert!(service == "loadgen" || !users.is_empty(), "{processes}");
        assert!(users.iter().all(|user| *user == "10001"), "{service}: {processes}");
    }
}

fn root_is_read_only(project: &ComposeProject<'_>) {
    // Those whose image has a shell.
    for service in ["influxdb", "jaeger", "grafana"] {
        let container = project.container(service).unwrap();
        let write = |path: &str| Docker::shared().run(["exec", container.id(), "sh", "-c", &format!("echo > {path}")]);
        let error = write("/written").unwrap_err().to_string();
        assert!(error.contains("Read-only file system"), "{error}");
        write("/tmp/written").unwrap();
    }
}

fn ports_are_published_where_promised(project: &ComposeProject<'_>) {
    let mut published = BTreeMap::new();
    for service in SERVICES {
        let container = project.container(service).unwrap().inspect().unwrap();
        for (port, bindings) in container["HostConfig"]["PortBindings"].as_object().unwrap() {
            for binding in bindings.as_array().unwrap() {
                let text = |name: &str| binding[name].as_str().unwrap().to_owned();
                let host_port = text("HostPort").parse::<u16>().unwrap();
                published.insert(format!("{service} {port}"), (text("HostIp"), host_port));
            }
        }
    }
    let expected = [
        ("grafana 3000/tcp", "127.0.0.1", "GRAFANA_PORT"),
        ("influxdb 8086/tcp", "127.0.0.2", "INFLUXDB_PORT"),
        ("jaeger 16686/tcp", "127.0.0.1", "JAEGER_PORT"),
        ("otel-collector 4317/tcp", "127.0.0.2", "OTLP_GRPC_PORT"),
        ("otel-collector 4318/tcp", "127.0.0.2", "OTLP_HTTP_PORT"),
        ("service 8080/tcp", "127.0.0.1", "SERVICE_PORT"),
    ];
    let expected = expected.map(|(what, ip, port)| (what.to_owned(), (ip.to_owned(), project.port(port))));
    assert_eq!(published, BTreeMap::from(expected));
}

fn the_way_out_is_for_those_who_need_it(project: &ComposeProject<'_>) {
    for service in SERVICES {
        let container = project.container(service).unwrap().inspect().unwrap();
        let networks: Vec<_> = container["NetworkSettings"]["Networks"]
            .as_object()
            .unwrap()
            .keys()
            .map(|name| {
                name.trim_start_matches(project.name())
                    .trim_start_matches('_')
                    .to_owned()
            })
            .collect();
        let expected: &[&str] = match service {
            "grafana" | "otel-collector" => &["internal", "outward"],
            "loadgen" => &["internal"],
            _ => &["internal", "published"],
        };
        assert_eq!(networks, expected, "{service}");
    }
}

fn a_second_up_changes_nothing(project: &ComposeProject<'_>) {
    let ids = || {
        SERVICES
            .map(|service| project.container(service).unwrap().id().to_owned())
            .to_vec()
    };
    let before = ids();
    project
        .compose(&[
            "--profile",
            "local",
            "up",
            "--detach",
            "--wait",
            "--no-build",
            "--pull",
            "never",
        ])
        .unwrap();
    assert_eq!(ids(), before);
}
