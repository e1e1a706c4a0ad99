//! Disk, secrets, settings, certificates: what is wrong with the machine and its files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::host::{Findings, Host, Servers};

#[test]
fn a_secret_that_others_may_read_or_that_is_missing_is_named() {
    let host = Host::new(Servers::shared());
    let open = host.secret("influxdb-loadgen-token");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    fs::remove_file(host.secret("influxdb-admin-password")).unwrap();
    let findings = host.examine_with(&["--quick"]);
    findings.assert_failed(&["secrets"]);
    findings.assert_says("secrets", "influxdb-loadgen-token has mode 0644");
    findings.assert_says("secrets", "influxdb-admin-password: there is no such secret");
}

#[test]
fn what_needs_a_missing_secret_is_skipped_and_refers_to_the_secrets() {
    let host = Host::new(Servers::shared());
    fs::remove_file(host.secret("influxdb-operator-token")).unwrap();
    let findings = host.examine_with(&["--quick"]);
    findings.assert_failed(&["secrets"]);
    let reason = findings.check("tokens")["seen"].as_str().unwrap();
    assert!(reason.ends_with("see the check secrets"), "{reason}");
}

/// The doctor with the data folder on a file system of 1 MiB, of which that much is taken. It is mounted where that
/// process alone sees it, and gone with it.
fn examine_on_a_small_disk(host: &Host, taken: &str) -> Findings {
    let fill = format!(
        r#"set -e
cp -a "$0" "$0.kept"; mount -t tmpfs -o size=1m tmpfs "$0"; cp -a "$0.kept/." "$0"; rm -rf "$0.kept"
head -c {taken} /dev/zero > "$0/filling" 2>/dev/null || true
exec {} doctor --json --quick "$@""#,
        env!("CARGO_BIN_EXE_monitor")
    );
    let mut command = Command::new("unshare");
    if !rustix::process::getuid().is_root() {
        command.args(["--map-current-user", "--keep-caps"]);
    }
    command.args(["--mount", "sh", "-c", &fill]).arg(host.data());
    command.args([
        "--skip",
        "docker",
        "--skip",
        "containers",
        "--skip",
        "images",
        "--skip",
        "memory",
        "--skip",
        "root-disk",
    ]);
    host.prepare(&mut command);
    Findings::of(&command.output().unwrap())
}

#[test]
fn a_full_disk_is_named_and_one_with_room_is_not() {
    let host = Host::new(Servers::shared());
    let findings = examine_on_a_small_disk(&host, "100k");
    findings.assert_failed(&[]);
    assert_eq!(findings.check("disk")["outcome"], "ok", "{}", findings.text);
    let findings = examine_on_a_small_disk(&host, "2m");
    findings.assert_failed(&["disk"]);
    findings.assert_says("disk", "(0 %) free");
}

#[test]
fn an_address_that_everyone_reaches_is_named() {
    let mut host = Host::new(Servers::shared());
    host.set("MONITOR_PRIVATE_ADDRESS", "0.0.0.0");
    let findings = host.examine_with(&["--quick"]);
    findings.assert_failed(&["settings"]);
    findings.assert_says("settings", "every network");
}

#[test]
fn settings_that_nothing_reads_others_may_write_or_that_collide_are_named() {
    let mut host = Host::new(Servers::shared());
    host.write_settings("GRAFANA_PROT=3001\nTRACE_SLOW_MS=300\nAUTO_SCALING_GROUP=monitor\nINSTANCE_ID=i-0\n");
    let findings = host.examine_with(&["--only", "settings"]);
    assert_eq!(findings.status, 0);
    findings.assert_says("settings", "GRAFANA_PROT, which nothing reads");
    for known in ["TRACE_SLOW_MS", "AUTO_SCALING_GROUP", "INSTANCE_ID"] {
        assert!(!findings.text.contains(known), "{known}: {}", findings.text);
    }

    let file = host.data().join("settings.env");
    fs::set_permissions(file, fs::Permissions::from_mode(0o666)).unwrap();
    host.set("JAEGER_PORT", "4318");
    host.set("OTLP_HTTP_PORT", "4318");
    let findings = host.examine_with(&["--only", "settings"]);
    findings.assert_failed(&["settings"]);
    findings.assert_says("settings", "mode 0666");
    findings.assert_says("settings", "are both 4318");
}

#[test]
fn certificates_that_have_ended_or_soon_will_are_named() {
    let host = Host::new(Servers::shared());
    let (ended, ending) = (host.data().join("ended.crt"), host.data().join("ending.crt"));
    write_certificate(&ended, -1);
    write_certificate(&ending, 3);
    host.write_settings(&format!(
        "MONITOR_A_CERT={}\nMONITOR_B_CERT={}\n",
        ended.display(),
        ending.display()
    ));
    let findings = host.examine_with(&["--quick"]);
    findings.assert_failed(&["certificates"]);
    findings.assert_says("certificates", "MONITOR_A_CERT has ended");
    findings.assert_says("certificates", "MONITOR_B_CERT ends on");

    fs::write(&ended, "no certificate").unwrap();
    host.write_settings(&format!("MONITOR_A_CERT={}\n", ended.display()));
    let findings = host.examine_with(&["--only", "certificates"]);
    findings.assert_says("certificates", "holds no certificate");
}

fn write_certificate(path: &Path, days: i64) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(vec!["monitor".to_owned()]).unwrap();
    let now = std::time::SystemTime::now();
    let day = std::time::Duration::from_secs(86_400);
    parameters.not_before = (now - day * 30).into();
    let length = day * u32::try_from(days.unsigned_abs()).unwrap();
    parameters.not_after = if days < 0 { now - length } else { now + length }.into();
    fs::write(path, parameters.self_signed(&key).unwrap().pem()).unwrap();
}
