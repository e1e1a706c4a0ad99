//! Hosts that are not fit to be brought up: each is told from the others, and left as it was.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};

use test_servers::Docker;

use crate::test_host::{TestHost, all, home, json, monitor, status, text};

/// Somebody without rights.
const NOBODY: u32 = 65_534;

/// The refusal, which must be the only one.
#[track_caller]
fn refusal(output: &Output) -> String {
    assert_eq!(status(output), 1, "{}", all(output));
    let said = text(&output.stderr);
    let errors: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("error: ")).collect();
    assert_eq!(errors.len(), 1, "{said}");
    errors[0].to_owned()
}

fn without_daemon(data: &Path, arguments: &[&str]) -> Command {
    let mut command = monitor(data, arguments);
    command.envs(Docker::shared().environment()).env(
        "DOCKER_HOST",
        format!("unix://{}", data.with_extension("no-socket").display()),
    );
    command
}

#[test]
fn without_docker_it_says_how_to_get_it_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let output = monitor(&data, &["up"]).env("PATH", folder.path()).output().unwrap();
    let refusal = refusal(&output);
    assert!(
        refusal.starts_with("docker cannot be run") && refusal.contains("install Docker"),
        "{refusal}"
    );
    assert!(!data.exists());
    let output = monitor(&data, &["status"]).env("PATH", folder.path()).output().unwrap();
    assert_eq!(status(&output), 1);
    assert!(text(&output.stderr).contains("install Docker"), "{}", all(&output));
}

#[test]
fn without_compose_it_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // Where a plugin of the system would be found there is nothing.
    let script = "for place in /usr/local/lib /usr/local/libexec /usr/lib /usr/libexec; do \
                  [ ! -d $place/docker/cli-plugins ] || mount -t tmpfs none $place/docker/cli-plugins; done; exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_monitor"), "up"]);
    let output = command
        .env("MONITOR_DATA", &data)
        .env("MONITOR_HOME", home())
        .envs(Docker::shared().environment())
        .env("DOCKER_CONFIG", folder.path())
        .output()
        .unwrap();
    let refusal = refusal(&output);
    assert!(
        refusal.contains("docker has no compose plugin; install it"),
        "{refusal}"
    );
}

#[test]
fn without_a_daemon_it_says_how_to_start_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let refused = refusal(&without_daemon(&data, &["up"]).output().unwrap());
    assert!(
        refused.starts_with("the Docker daemon does not answer") && refused.contains("systemctl start docker"),
        "{refused}"
    );
    assert!(!data.exists());
    let found = json(&without_daemon(&data, &["--json", "up"]).output().unwrap());
    assert_eq!(found["faults"][0]["check"], "docker", "{found}");
    for command in ["status", "down", "logs"] {
        let refused = refusal(&without_daemon(&data, &[command]).output().unwrap());
        assert!(refused.contains("does not answer"), "{command}: {refused}");
    }
}

#[test]
fn a_folder_without_compose_yaml_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = monitor(folder.path(), &["up", "--home", "/nowhere"]).output().unwrap();
    let refusal = refusal(&output);
    assert!(
        refusal.starts_with("/nowhere/compose.yaml: is not there; give `--home`"),
        "{refusal}"
    );
}

#[test]
fn a_malformed_line_of_settings_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("settings.env"), "# fine\nGRAFANA_PORT 3000\n").unwrap();
    for command in ["up", "down", "status", "logs"] {
        let output = monitor(folder.path(), &[command]).output().unwrap();
        let refusal = refusal(&output);
        assert!(
            refusal.ends_with("settings.env, line 2: expected NAME=value"),
            "{command}: {refusal}"
        );
    }
}

/// Both faults are told at once: of Docker and of the data.
#[track_caller]
fn data_refusal(output: &Output) -> String {
    assert_eq!(status(output), 1, "{}", all(output));
    let found = json(output);
    let faults = found["faults"].as_array().unwrap();
    let fault = faults
        .iter()
        .find(|fault| fault["check"] == "data")
        .unwrap_or_else(|| panic!("{found}"));
    fault["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_data_folder_that_cannot_be_made_or_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let below_a_file = folder.path().join("file/data");
    let refusal = data_refusal(&without_daemon(&below_a_file, &["--json", "up"]).output().unwrap());
    assert!(
        refusal.contains("cannot be made") && refusal.contains("is a file"),
        "{refusal}"
    );

    let is_root = rustix::process::geteuid().is_root();
    let as_nobody = |data: &Path| {
        let mut command = monitor(data, &["--json", "up"]);
        command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.output().unwrap()
    };
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    let refusal = data_refusal(&as_nobody(&closed.join("data")));
    assert!(
        refusal.contains("cannot be written by this user; give `--data-dir`"),
        "{refusal}"
    );
    assert!(!closed.join("data").exists());
}

#[test]
fn data_of_another_user_is_told_with_the_command_that_puts_it_right() {
    let host = TestHost::new();
    let grafana = host.data().join("grafana");
    fs::create_dir(&grafana).unwrap();
    fs::write(grafana.join("grafana.db"), "").unwrap();
    chown(grafana.join("grafana.db"), Some(1234), Some(1234)).unwrap();
    let refusal = refusal(&host.monitor(&["up"]));
    assert!(
        refusal
            .contains("grafana.db: belongs to user 1234, and the containers run as 10001; `sudo chown -R 10001:10001"),
        "{refusal}"
    );
}

#[test]
fn a_full_disk_is_told_before_anything_is_written_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=1m none \"$1\" && exec \"$2\" --json up";
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    let output = command
        .args(["--mount", "sh", "-c", script, "sh"])
        .arg(folder.path())
        .arg(env!("CARGO_BIN_EXE_monitor"))
        .env("MONITOR_DATA", folder.path().join("data"))
        .env("MONITOR_HOME", home())
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .output()
        .unwrap();
    assert_eq!(status(&output), 1, "{}", all(&output));
    let found = json(&output);
    let disk = found["faults"]
        .as_array()
        .unwrap()
        .iter()
        .find(|fault| fault["check"] == "disk");
    let message = disk.unwrap_or_else(|| panic!("{found}"))["message"].as_str().unwrap();
    assert!(
        message.contains("MiB free, and 1024 are needed; free some"),
        "{message}"
    );
}

#[test]
fn a_port_that_another_program_has_is_named() {
    let host = TestHost::new();
    let port = host.project().port("GRAFANA_PORT");
    let _taken = host.inside(|| TcpListener::bind(("127.0.0.1", port)).unwrap());
    let refused = refusal(&host.monitor(&["up"]));
    assert!(
        refused.starts_with(&format!(
            "port {port}, which grafana needs, is taken by another program"
        )),
        "{refused}"
    );
    assert!(!host.data().join("secrets").exists(), "nothing is made before");
}

#[test]
fn an_address_of_another_machine_an_absent_image_and_a_port_used_twice_are_all_told_at_once() {
    let host = TestHost::new();
    let host = host
        .variable("MONITOR_PRIVATE_ADDRESS", "192.0.2.1")
        .variable("JAEGER_IMAGE", "jaegertracing/jaeger:0.0.0")
        .variable("COLLECTOR_IMAGE", "marketboro/otelcol:0.0.0");
    let found = json(&host.monitor(&["--json", "up"]));
    let messages: Vec<_> = found["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["message"].as_str().unwrap())
        .collect();
    let told = |part: &str| {
        assert!(
            messages.iter().any(|message| message.contains(part)),
            "{part}: {messages:#?}"
        );
    };
    told("192.0.2.1, on which influxdb is to be reached, is no address of this machine");
    told(
        "image jaegertracing/jaeger:0.0.0 is not on this machine, and nothing is downloaded at run time; `docker pull",
    );
    told("image marketboro/otelcol:0.0.0 is not on this machine, and nothing is downloaded at run time; `make images`");
    let skipped = json(&host.monitor(&["--json", "up", "--skip-check", "ports", "images", "--timeout", "1s"]));
    assert!(skipped["faults"].is_null(), "{skipped}");

    let host = TestHost::new();
    let port = host.project().port("JAEGER_PORT").to_string();
    let refused = refusal(&host.variable("INFLUXDB_PORT", &port).monitor(&["up"]));
    assert!(
        refused.starts_with(&format!("port {port} is to lead to both influxdb and jaeger")),
        "{refused}"
    );
}
