//! What concerns files of secrets alone, and needs no server.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::test_host::{all, json, monitor, status, text};

fn keep(data: &Path, name: &str, value: &str, mode: u32) {
    let folder = data.join("secrets");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), value).unwrap();
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_list_shows_no_value_and_says_what_is_wrong() {
    let data = tempfile::tempdir().unwrap();
    keep(data.path(), "grafana-admin-password", "correct-horse", 0o600);
    keep(data.path(), "influxdb-operator-token", "battery-staple", 0o644);
    let output = monitor(data.path(), &["secrets", "list"]).output().unwrap();
    assert_eq!(status(&output), 3, "{}", all(&output));
    let list = text(&output.stdout);
    assert!(
        !list.contains("correct-horse") && !list.contains("battery-staple"),
        "{list}"
    );
    let line = |name: &str| list.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("grafana-admin-password").ends_with("well"), "{list}");
    assert!(
        line("influxdb-operator-token").contains("others may read it (mode 644)"),
        "{list}"
    );
    assert!(line("influxdb-loadgen-token").contains("missing"), "{list}");

    let listed = json(&monitor(data.path(), &["--json", "secrets", "list"]).output().unwrap());
    assert_eq!(listed.as_array().unwrap().len(), 7);
    assert_eq!(listed[0]["name"], "grafana-admin-password");
    assert!(listed[0]["fault"].is_null(), "{listed}");
}

#[test]
fn a_secret_is_shown_only_when_asked_for_by_name() {
    let data = tempfile::tempdir().unwrap();
    keep(data.path(), "grafana-admin-password", "correct-horse\n", 0o600);
    let output = monitor(data.path(), &["secrets", "show", "grafana-admin-password"])
        .output()
        .unwrap();
    assert_eq!((status(&output), text(&output.stdout).as_str()), (0, "correct-horse\n"));
    let output = monitor(data.path(), &["secrets", "show", "influxdb-admin-password"])
        .output()
        .unwrap();
    assert_eq!(status(&output), 1);
    assert!(
        text(&output.stderr).contains("`monitor up` makes it"),
        "{}",
        all(&output)
    );
    let output = monitor(data.path(), &["secrets", "show", "nothing"]).output().unwrap();
    assert_eq!(status(&output), 2);
}

#[test]
fn a_variable_of_another_program_that_is_no_text_is_left_alone() {
    let data = tempfile::tempdir().unwrap();
    keep(data.path(), "grafana-admin-password", "correct-horse", 0o600);
    let mut command = monitor(data.path(), &["secrets", "show", "grafana-admin-password"]);
    let output = command.env("OF_ANOTHER", OsStr::from_bytes(b"\xff")).output().unwrap();
    assert_eq!(status(&output), 0, "{}", all(&output));
}

#[test]
fn rotation_needs_to_be_told_what() {
    let data = tempfile::tempdir().unwrap();
    let output = monitor(data.path(), &["secrets", "rotate"]).output().unwrap();
    assert_eq!(status(&output), 2, "{}", all(&output));
}

#[test]
fn a_password_from_aws_is_changed_there() {
    let data = tempfile::tempdir().unwrap();
    fs::write(data.path().join("settings.env"), "MONITOR_SECRETS_FROM=ssm:/monitor/\n").unwrap();
    let output = monitor(data.path(), &["secrets", "rotate", "grafana-admin-password"])
        .output()
        .unwrap();
    assert_eq!(status(&output), 1);
    assert!(
        text(&output.stderr).contains("taken from ssm:/monitor/; change it there"),
        "{}",
        all(&output)
    );
}

#[test]
fn one_at_a_time_changes_a_host() {
    let data = tempfile::tempdir().unwrap();
    let mut lock = File::create(data.path().join("monitor.lock")).unwrap();
    lock.lock().unwrap();
    writeln!(lock, "4711").unwrap();
    let output = monitor(data.path(), &["secrets", "rotate", "--all"]).output().unwrap();
    assert_eq!(status(&output), 1);
    assert!(
        text(&output.stderr).contains("another `monitor` (process 4711) is changing this host"),
        "{}",
        all(&output)
    );
}
