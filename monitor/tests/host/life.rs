//! A host's life: up from nothing, up again, something breaks, down, up with its data.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use monitor::influxdb::InfluxDb;
use monitor::secrets::Value;
use rustix::process::{Pid, Signal, kill_process};

use crate::test_host::{TestHost, all, json, monitor, run, status, text};

const SERVICES: [&str; 4] = ["grafana", "influxdb", "jaeger", "otel-collector"];

const SECRETS: [&str; 7] = [
    "grafana-admin-password",
    "grafana-secret-key",
    "influxdb-admin-password",
    "influxdb-operator-token",
    "influxdb-telemetry-token",
    "influxdb-loadgen-token",
    "influxdb-grafana-token",
];

fn containers(host: &TestHost) -> BTreeMap<String, String> {
    let services = SERVICES.map(str::to_owned).into_iter();
    services
        .map(|service| {
            (
                service.clone(),
                host.project().container(&service).unwrap().id().to_owned(),
            )
        })
        .collect()
}

/// When the files that `monitor up` writes were changed.
fn changed(host: &TestHost) -> BTreeMap<String, SystemTime> {
    let mut files = vec![host.data().join("settings.env")];
    files.extend(
        fs::read_dir(host.data().join("secrets"))
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    let changed = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    files
        .iter()
        .map(|path| (path.display().to_string(), changed(path)))
        .collect()
}

/// Command lines of every process, looked at while `act` runs.
fn command_lines<T>(act: impl FnOnce() -> T) -> (T, BTreeSet<String>) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !done.load(Ordering::Relaxed) {
                for entry in fs::read_dir("/proc").unwrap().flatten() {
                    seen.extend(fs::read_to_string(entry.path().join("cmdline")));
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            seen
        });
        let result = act();
        done.store(true, Ordering::Relaxed);
        (result, looking.join().unwrap())
    })
}

#[test]
fn a_host_comes_up_from_nothing_and_a_second_time_changes_nothing() {
    let host = TestHost::new();
    let (output, seen) = command_lines(|| host.up(&[]));
    let told = text(&output.stdout);
    assert!(told.starts_with("The monitor host is up.\n"), "{told}");
    assert!(
        told.contains(&host.url("GRAFANA_PORT")) && told.contains("secrets/grafana-admin-password"),
        "{told}"
    );
    for service in SERVICES {
        assert!(
            text(&output.stderr).contains(&format!("{service}: healthy")),
            "{}",
            all(&output)
        );
    }
    assert_eq!(fs::metadata(host.data().join("secrets")).unwrap().mode() & 0o777, 0o700);
    for name in SECRETS {
        let secret = host.secret(name);
        assert!(secret.len() >= 32, "{name}");
        assert!(!all(&output).contains(&secret), "{name}");
        assert!(
            !seen.iter().any(|line| line.contains(&secret)),
            "{name} was in a command line"
        );
        let file = fs::metadata(host.data().join("secrets").join(name)).unwrap();
        assert_eq!((file.mode() & 0o777, file.uid()), (0o600, 10_001), "{name}");
    }
    assert!(
        seen.iter().any(|line| line.contains("compose")),
        "the command lines were not seen"
    );

    let (containers_before, changed_before) = (containers(&host), changed(&host));
    let output = host.up(&[]);
    assert!(
        text(&output.stdout).starts_with("The monitor host is already up.\n"),
        "{}",
        all(&output)
    );
    let output = host.up(&["--json"]);
    let found = json(&output);
    assert_eq!(found["already_up"], true, "{found}");
    assert_eq!(found["changes"], serde_json::json!([]));
    assert_eq!(containers(&host), containers_before);
    assert_eq!(changed(&host), changed_before);

    let output = host.monitor(&["status"]);
    assert_eq!(status(&output), 0, "{}", all(&output));
    two_at_once_do_not_mix(&host);
    two_projects_do_not_share_their_data(&host);
    its_logs_can_be_read(&host);
}

fn two_at_once_do_not_mix(host: &TestHost) {
    let lock = fs::File::open(host.data().join("monitor.lock")).unwrap();
    lock.lock().unwrap();
    for command in ["up", "down"] {
        let output = host.monitor(&[command]);
        assert_eq!(status(&output), 1, "{}", all(&output));
        assert!(
            text(&output.stderr).contains("is changing this host; wait until it is done"),
            "{}",
            all(&output)
        );
    }
}

fn two_projects_do_not_share_their_data(host: &TestHost) {
    let other = TestHost::new();
    let mut command = other.command(&["--json", "up"]);
    command.env("MONITOR_DATA", host.data());
    let output = host.inside(move || command.output().unwrap());
    assert_eq!(status(&output), 1, "{}", all(&output));
    let faults = json(&output)["faults"].to_string();
    assert!(
        faults.contains(&format!("project {} uses the data in", host.project().name())),
        "{faults}"
    );

    let mut command = host.command(&["--json", "up"]);
    command.env("MONITOR_DATA", other.data());
    let output = host.inside(move || command.output().unwrap());
    assert_eq!(status(&output), 1, "{}", all(&output));
    let faults = json(&output)["faults"].to_string();
    assert!(
        faults.contains(&format!(
            "project {} is up already with the data in",
            host.project().name()
        )),
        "{faults}"
    );
}

fn its_logs_can_be_read(host: &TestHost) {
    let output = host.monitor(&["logs", "grafana", "--tail", "5"]);
    assert_eq!(status(&output), 0, "{}", all(&output));
    assert!(
        text(&output.stdout).contains("grafana-stub: this is a stub for tests"),
        "{}",
        all(&output)
    );
    let output = host.monitor(&["--json", "logs", "grafana"]);
    let first: serde_json::Value = serde_json::from_str(text(&output.stdout).lines().next().unwrap()).unwrap();
    assert!(
        first["message"].as_str().unwrap().contains("grafana-stub") && first["container"] == "grafana-1",
        "{first}"
    );
    let output = host.monitor(&["logs", "nothing"]);
    assert_eq!(status(&output), 1);
    assert!(
        text(&output.stderr).contains("there is no service nothing; there are grafana, influxdb"),
        "{}",
        all(&output)
    );
}

/// With a double of docker, since the real one's log driver keeps nothing that is no text, and others do.
#[test]
fn a_line_of_a_log_that_is_no_text_is_shown_and_so_are_those_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let docker_double = folder.path().join("docker");
    let script = "#!/bin/sh
case \"$*\" in
*--services) echo grafana ;;
*) printf 'grafana-1  | now a\\377b\\ngrafana-1  | now last\\n' ;;
esac
";
    fs::write(&docker_double, script).unwrap();
    fs::set_permissions(&docker_double, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = monitor(&folder.path().join("data"), &["logs"]);
    let output = command.env("PATH", folder.path()).output().unwrap();
    assert_eq!(status(&output), 0, "{}", all(&output));
    assert_eq!(
        text(&output.stdout),
        "grafana-1  | now a\u{fffd}b\ngrafana-1  | now last\n"
    );
}

/// Points of the probe in the bucket `telemetry`.
fn points(host: &TestHost) -> usize {
    host.inside(|| {
        let token = Value::new(host.secret("influxdb-operator-token"));
        let server = InfluxDb::new(host.url("INFLUXDB_PORT"), Some(token), Duration::from_secs(10));
        let flux = "from(bucket: \"telemetry\") |> range(start: 0) |> filter(fn: (r) => r._measurement == \"probe\")";
        run(server.query(flux)).unwrap().len()
    })
}

#[test]
fn what_breaks_is_named_and_mended_and_down_keeps_the_data() {
    let host = TestHost::new();
    interrupt_and_go_on(&host);
    host.inside(|| {
        let token = Value::new(host.secret("influxdb-telemetry-token"));
        let server = InfluxDb::new(host.url("INFLUXDB_PORT"), Some(token), Duration::from_secs(10));
        run(server.write("telemetry", "probe,number=1 value=1\nprobe,number=2 value=2".to_owned())).unwrap();
    });
    assert_eq!(points(&host), 2);

    // As its end counts as wanted, Docker does not start it again.
    host.project().compose(&["kill", "jaeger"]).unwrap();
    let output = host.monitor(&["status"]);
    assert_eq!(status(&output), 3, "{}", all(&output));
    assert!(
        text(&output.stdout).contains("jaeger: it ended with status 137 (killed)"),
        "{}",
        all(&output)
    );
    let found = json(&host.monitor(&["--json", "status"]));
    let jaeger = found["containers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["service"] == "jaeger")
        .unwrap();
    assert_eq!(
        (&jaeger["well"], &jaeger["state"]),
        (&false.into(), &"exited".into()),
        "{found}"
    );
    let grafana = found["containers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["service"] == "grafana")
        .unwrap();
    assert_eq!(grafana["well"], true, "{found}");

    host.project().compose(&["pause", "grafana"]).unwrap();
    let before = containers(&host);
    let output = host.up(&["--json"]);
    assert_eq!(
        json(&output)["changes"],
        serde_json::json!(["started grafana", "started jaeger"]),
        "{}",
        all(&output)
    );
    assert_eq!(containers(&host), before);

    let output = host.monitor(&["down"]);
    assert_eq!(status(&output), 0, "{}", all(&output));
    assert!(text(&output.stdout).contains("The data stays in"), "{}", all(&output));
    let output = host.monitor(&["status"]);
    assert_eq!(status(&output), 3, "{}", all(&output));
    assert!(
        text(&output.stdout).contains("grafana: there is no container; `monitor up` makes it"),
        "{}",
        all(&output)
    );
    let output = host.monitor(&["down"]);
    assert!(
        status(&output) == 0 && text(&output.stdout).starts_with("Nothing was up."),
        "{}",
        all(&output)
    );
    host.up(&[]);
    assert_eq!(points(&host), 2);
}

/// Half way up it is told to end, and brought up after that.
fn interrupt_and_go_on(host: &TestHost) {
    let (mut child, lines) = host.start_until(&["up"], "influxdb: ");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let rest: Vec<_> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(rest.last().unwrap().contains("interrupted; run it again"), "{rest:?}");
    host.up(&[]);
}

#[test]
fn a_container_that_does_not_get_well_is_named_with_its_last_words() {
    let host = TestHost::new().variable("MEMORY_LIMIT_MIB", "much");
    let output = host.monitor(&["up"]);
    assert_eq!(status(&output), 1, "{}", all(&output));
    let told = text(&output.stderr);
    let error = told.lines().find(|line| line.starts_with("error: ")).unwrap();
    assert!(
        error.starts_with("error: otel-collector ends with status 1 again and again; mend what its log says"),
        "{told}"
    );
    assert!(
        told.lines()
            .any(|line| line.starts_with("  otel-collector: ") && line.contains("limit_mib")),
        "{told}"
    );
    let output = host.monitor(&["status"]);
    assert_eq!(status(&output), 3);
    assert!(
        text(&output.stdout).contains("otel-collector: it ends again and again"),
        "{}",
        all(&output)
    );
    // Mended, it goes on from there.
    let host = host.variable("MEMORY_LIMIT_MIB", "512");
    host.up(&[]);
}

#[test]
fn secrets_that_others_may_read_are_closed_and_a_lost_operator_token_is_not_made_up() {
    let host = TestHost::new();
    host.up(&[]);
    let file = host.data().join("secrets/influxdb-operator-token");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let output = host.up(&["--json"]);
    assert_eq!(
        json(&output)["changes"],
        serde_json::json!(["only its owner may read influxdb-operator-token again"])
    );
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);

    let token = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let output = host.monitor(&["up"]);
    assert_eq!(status(&output), 1, "{}", all(&output));
    assert!(
        text(&output.stderr).contains("InfluxDB has data already"),
        "{}",
        all(&output)
    );
    assert!(!file.exists(), "one at random would be of no use");

    fs::write(&file, token).unwrap();
    // A token of a file that InfluxDB does not know, and whose user has it.
    let collectors = host.data().join("secrets/influxdb-telemetry-token");
    fs::write(&collectors, "of another host").unwrap();
    let output = host.up(&["--json"]);
    let changes = json(&output)["changes"].to_string();
    assert!(
        changes.contains("replaced the token influxdb-telemetry-token, which InfluxDB did not know"),
        "{changes}"
    );
    assert!(
        text(&output.stderr).contains("otel-collector: is started again, to take its new token"),
        "{}",
        all(&output)
    );
}

#[test]
fn the_local_profile_brings_a_service_under_load_and_goes_by_itself() {
    let host = TestHost::new().variable("LOADGEN_DURATION", "10s");
    let output = host.up(&["--local"]);
    assert!(
        text(&output.stdout).contains(&host.url("SERVICE_PORT")),
        "{}",
        all(&output)
    );
    let found = json(&host.monitor(&["--json", "status"]));
    assert_eq!(found["containers"].as_array().unwrap().len(), 6, "{found}");
    let output = host.monitor(&["down", "--local"]);
    assert!(
        text(&output.stdout).starts_with("Down: loadgen, service."),
        "{}",
        all(&output)
    );
    let found = json(&host.monitor(&["--json", "status"]));
    assert_eq!(found["containers"].as_array().unwrap().len(), 4, "{found}");
    assert_eq!(found["well"], true, "{found}");
}
