//! `monitor watchdog`: what it does about faults that last, with doubles of AWS and of systemd.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use test_servers::Docker;

use crate::host::{Host, Servers, wait_for};
use crate::program_doubles::{MOUNTED, Machine, ProgramDoubles, STACK_IS_UP};

const INSTANCE: &str = "i-0123456789abcdef0";
const REQUEST: &str = "autoscaling set-instance-health --instance-id i-0123456789abcdef0 --health-status Unhealthy \
    --should-respect-grace-period";
const HOUR: u64 = 3600;

/// A host that Auto Scaling replaces, and whose Docker daemon is away.
struct Watched {
    host: Host,
    doubles: ProgramDoubles,
    uptime_s: u64,
    mounts: &'static str,
}

impl Watched {
    fn new() -> Self {
        let mut host = Host::new(Servers::shared());
        host.set("DOCKER_HOST", "unix:///nowhere/docker.sock");
        host.set("AUTO_SCALING_GROUP", "monitor");
        host.set("INSTANCE_ID", INSTANCE);
        host.set("AWS_REGION", "eu-west-3");
        let state = host.data().with_extension("watchdog.json");
        host.set("MONITOR_WATCHDOG_STATE", state);
        Self {
            host,
            doubles: ProgramDoubles::new(),
            uptime_s: 2 * HOUR,
            mounts: MOUNTED,
        }
    }

    fn output(&self, arguments: &[&str]) -> Output {
        let machine = Machine {
            doubles: &self.doubles,
            uptime_s: self.uptime_s,
            mounts: self.mounts,
        };
        let arguments: Vec<_> = ["watchdog"].iter().chain(arguments).copied().collect();
        machine.monitor(&self.host, &arguments).output().unwrap()
    }

    /// What a run came to; its status says the same.
    #[track_caller]
    fn run(&self) -> Value {
        run_of(&self.output(&["--json"]))
    }

    fn state_file(&self) -> PathBuf {
        self.host.data().with_extension("watchdog.json")
    }

    /// As if the run before had been now, and Docker away for so long; `monitor up` was tried or not.
    fn has_lasted(&self, seconds: u64, is_repaired: bool) {
        let text = fs::read_to_string(self.state_file()).unwrap();
        let mut state: Value = serde_json::from_str(&text).unwrap();
        let now = i64::try_from(self.uptime_s).unwrap();
        state["looked_at"] = (now - 60).into();
        state["failing_since"] = serde_json::json!({"docker": now - i64::try_from(seconds).unwrap()});
        state["repaired_at"] = if is_repaired { (now - 300).into() } else { Value::Null };
        fs::write(self.state_file(), state.to_string()).unwrap();
    }

    /// Looks for the first time, then as if Docker had been away for twenty minutes.
    #[track_caller]
    fn run_after_twenty_minutes(&self) -> Value {
        assert_eq!(self.run()["action"], "watched");
        self.has_lasted(20 * 60, true);
        self.run()
    }

    fn record(&self) -> PathBuf {
        self.host.data().join("replacement.json")
    }

    fn write_record(&self, time: SystemTime) {
        let time = humantime::format_rfc3339_seconds(time).to_string();
        let record = serde_json::json!({"time": time, "instance": "i-1", "reason": "of a test"});
        fs::write(self.record(), record.to_string()).unwrap();
    }

    #[track_caller]
    fn assert_nobody_was_asked(&self) {
        assert_eq!(self.doubles.calls("aws"), Vec::<String>::new());
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.state_file());
    }
}

#[track_caller]
fn run_of(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let run: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{errors}"));
    let status = match run["action"].as_str().unwrap() {
        "well" | "skipped" => 0,
        _ => 3,
    };
    assert_eq!(output.status.code(), Some(status), "{text}{errors}");
    run
}

#[track_caller]
fn assert_did(run: &Value, action: &str, part: &str) {
    assert_eq!(run["action"], action, "{run}");
    assert!(
        run["message"].as_str().unwrap().contains(part),
        "{part} is not in {run}"
    );
}

#[test]
fn a_fault_that_lasts_is_mended_first_and_then_another_host_is_asked_for_once_an_hour() {
    let watched = Watched::new();
    // AWS finds the request recorded before it is made.
    let kept = watched.host.data().join("as-aws-saw-it.json");
    let copy = format!(
        "cp '{}' '{}'; echo \"$AWS_REGION\" >&2",
        watched.record().display(),
        kept.display()
    );
    watched.doubles.put("aws", &copy);

    assert_did(&watched.run(), "watched", "watching for 0 min");
    watched.has_lasted(2 * 60, false);
    assert_did(&watched.run(), "watched", "watching for 2 min");
    watched.has_lasted(4 * 60, false);
    assert_did(
        &watched.run(),
        "repaired",
        "for 4 min; tried monitor up: it could not: the Docker daemon does not answer",
    );
    assert_did(&watched.run(), "watched", "watching for");
    watched.has_lasted(16 * 60, false);
    assert_did(&watched.run(), "repaired", "tried monitor up");
    watched.assert_nobody_was_asked();

    watched.has_lasted(16 * 60, true);
    let run = watched.run();
    assert_did(
        &run,
        "asked",
        "asked AWS for another host: docker failed for 16 min in spite of monitor up",
    );
    assert_eq!(watched.doubles.calls("aws"), [REQUEST]);
    let record: Value = serde_json::from_str(&fs::read_to_string(&kept).unwrap()).unwrap();
    assert_eq!(record["instance"], INSTANCE);
    assert!(
        record["reason"]
            .as_str()
            .unwrap()
            .contains("the Docker daemon does not answer"),
        "{record}"
    );

    watched.has_lasted(17 * 60, true);
    assert_did(&watched.run(), "held", "one was asked for 0 min ago");
    // The next host has the same data, and another state.
    fs::remove_file(watched.state_file()).unwrap();
    watched.write_record(SystemTime::now() - Duration::from_secs(HOUR - 120));
    assert_did(&watched.run_after_twenty_minutes(), "held", "the next may be in 2 min");
    watched.write_record(SystemTime::now() + Duration::from_secs(HOUR));
    watched.has_lasted(20 * 60, true);
    assert_did(&watched.run(), "held", "is of the future");
    assert_eq!(watched.doubles.calls("aws").len(), 1);
    watched.write_record(SystemTime::now() - Duration::from_secs(HOUR + 1));
    watched.has_lasted(20 * 60, true);
    assert_did(&watched.run(), "asked", "");
    assert_eq!(watched.doubles.calls("aws").len(), 2);
}

#[test]
fn a_host_whose_record_says_nothing_asks_once_it_has_been_up_for_an_hour() {
    let mut watched = Watched::new();
    watched.uptime_s = HOUR - 60;
    fs::write(watched.record(), "{").unwrap();
    assert_did(
        &watched.run_after_twenty_minutes(),
        "held",
        "replacement.json: cannot be read",
    );
    watched.assert_nobody_was_asked();
    watched.uptime_s = HOUR + 60;
    watched.has_lasted(20 * 60, true);
    assert_did(&watched.run(), "asked", "");

    let mut young = Watched::new();
    young.uptime_s = 30 * 60;
    assert_did(&young.run_after_twenty_minutes(), "asked", "");
}

#[test]
fn without_a_data_volume_that_can_be_written_or_anybody_to_ask_no_host_is_asked_for() {
    let mut watched = Watched::new();
    watched.mounts = ":";
    assert_did(
        &watched.run_after_twenty_minutes(),
        "held",
        "has no volume mounted on it",
    );
    watched.mounts = r#"mount --bind "$DATA" "$DATA"; mount -o remount,bind,ro "$DATA""#;
    watched.has_lasted(20 * 60, true);
    assert_did(&watched.run(), "held", "is mounted read-only");
    watched.assert_nobody_was_asked();
    assert!(!watched.record().exists());

    watched.mounts = MOUNTED;
    watched.host.set("AUTO_SCALING_GROUP", "");
    watched.has_lasted(20 * 60, true);
    assert_did(
        &watched.run(),
        "held",
        "AUTO_SCALING_GROUP and INSTANCE_ID are not both set",
    );
    watched.host.set("AUTO_SCALING_GROUP", "monitor");
    watched.host.set("INSTANCE_ID", "--cli-input-json");
    watched.has_lasted(20 * 60, true);
    assert_did(&watched.run(), "held", "is no instance of EC2");
    watched.assert_nobody_was_asked();
}

#[test]
fn a_full_disk_is_no_reason_for_another_host() {
    let mut watched = Watched::new();
    watched.mounts = r#"cp -a "$DATA" "$DATA.kept"; mount -t tmpfs -o size=1m none "$DATA"; cp -a "$DATA.kept/." "$DATA";
        rm -rf "$DATA.kept"; head -c 2m /dev/zero > "$DATA/filling" 2>/dev/null || true"#;
    let run = watched.run();
    assert_did(&run, "watched", "a new host would not cure it (the check disk fails)");
    watched.has_lasted(20 * 60, true);
    assert_did(
        &watched.run(),
        "watched",
        "a new host would not cure it (the check disk fails)",
    );
    watched.assert_nobody_was_asked();
}

#[test]
fn a_refusal_of_aws_is_told_and_counts_as_a_request() {
    let watched = Watched::new();
    watched.doubles.put(
        "aws",
        "echo; echo 'An error occurred (AccessDenied): not you' >&2; exit 254",
    );
    assert_did(
        &watched.run_after_twenty_minutes(),
        "held",
        "aws failed: An error occurred (AccessDenied): not you; it is tried again in an hour",
    );
    watched.has_lasted(21 * 60, true);
    assert_did(&watched.run(), "held", "one was asked for");
    assert_eq!(watched.doubles.calls("aws").len(), 1);
}

#[test]
fn a_state_of_another_boot_or_one_that_cannot_be_read_counts_as_none() {
    let watched = Watched::new();
    watched.run();
    watched.has_lasted(20 * 60, true);
    let text = fs::read_to_string(watched.state_file()).unwrap();
    let mut state: Value = serde_json::from_str(&text).unwrap();
    state["boot_id"] = "of another boot".into();
    fs::write(watched.state_file(), state.to_string()).unwrap();
    assert_did(&watched.run(), "watched", "watching for 0 min");

    fs::write(watched.state_file(), "{\"boot_id\":").unwrap();
    let output = watched.output(&[]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("docker") && said.ends_with(", watching for 0 min\n"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("how long faults have lasted is not known"), "{errors}");
    watched.assert_nobody_was_asked();
}

#[test]
fn it_keeps_out_of_the_way_of_other_commands_and_of_the_first_start() {
    let watched = Watched::new();
    watched.run();
    watched.has_lasted(20 * 60, true);
    let starting = STACK_IS_UP.replace(
        "ActiveState=active\nSubState=exited",
        "ActiveState=activating\nSubState=start",
    );
    watched.doubles.says("systemctl", &starting);
    let output = watched.output(&[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "marketboro-stack.service is still starting\n"
    );

    watched.doubles.says("systemctl", STACK_IS_UP);
    let path = watched.host.data().join("monitor.lock");
    fs::write(&path, "4242\n").unwrap();
    let lock = fs::File::open(&path).unwrap();
    lock.lock().unwrap();
    assert_did(
        &watched.run(),
        "skipped",
        "another `monitor` (process 4242) is changing this host",
    );
    watched.assert_nobody_was_asked();

    // The stack's own tries are no other command; they may go on for ever.
    let again = starting
        .replace("NRestarts=0", "NRestarts=5")
        .replace("MainPID=0", "MainPID=4242");
    watched.doubles.says("systemctl", &again);
    watched.has_lasted(4 * 60, false);
    assert_did(&watched.run(), "repaired", "tried monitor up");
    watched.has_lasted(20 * 60, true);
    assert_did(&watched.run(), "asked", "");
}

#[test]
fn a_container_that_was_killed_is_started_again() {
    let (project, host) = Host::in_docker();
    let folder = tempfile::tempdir().unwrap();
    let state_file = folder.path().join("below/watchdog.json");
    let watch = || watch_in_docker(&host, &state_file);
    wait_for("a host that is well", || watch()["action"] == "well");

    project.compose(&["kill", "jaeger"]).unwrap();
    let run = watch();
    assert_did(&run, "watched", "watching for 0 min");
    let failed = run["failed"].as_array().unwrap();
    assert!(
        ["containers", "jaeger"]
            .iter()
            .all(|check| failed.contains(&(*check).into())),
        "{run}"
    );
    let mut state: Value = serde_json::from_str(&fs::read_to_string(&state_file).unwrap()).unwrap();
    let since = state["failing_since"]["jaeger"].as_i64().unwrap() - 181;
    state["failing_since"]["jaeger"] = since.into();
    fs::write(&state_file, state.to_string()).unwrap();
    assert_did(&watch(), "repaired", "tried monitor up: it brought everything up");
    wait_for("a host that is well again", || watch()["action"] == "well");
    let state: Value = serde_json::from_str(&fs::read_to_string(&state_file).unwrap()).unwrap();
    assert_eq!(state["failing_since"], serde_json::json!({}));
}

/// `monitor watchdog` from where the containers' ports are reached.
fn watch_in_docker(host: &Host, state_file: &Path) -> Value {
    let mut command = host.monitor(&["watchdog", "--json", "--state-file"]);
    command.arg(state_file);
    run_of(&Docker::shared().inside(move || command.output().unwrap()))
}
