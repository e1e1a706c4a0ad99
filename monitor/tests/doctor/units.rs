//! The check `units` and `monitor status` on a machine with systemd, of which there is a double.

use serde_json::Value;

use crate::host::{Findings, Host, Servers};
use crate::program_doubles::{Machine, ProgramDoubles, STACK_IS_UP};

/// The volume cannot be attached, so the stack waits; the watchdog has failed because of that.
const UNITS: &str = "Id=marketboro-data-volume.service
LoadState=loaded
ActiveState=failed
SubState=failed
Result=exit-code
ExecMainStatus=4
NRestarts=0
MainPID=0
InvocationID=0123456789abcdef0123456789abcdef

Id=marketboro-stack.service
LoadState=loaded
ActiveState=activating
SubState=start
Result=success
NRestarts=0
MainPID=77

Id=marketboro-watchdog.service
LoadState=loaded
ActiveState=failed
SubState=failed
Result=exit-code
ExecMainStatus=3

Id=marketboro-watchdog.timer
LoadState=loaded
ActiveState=active
SubState=waiting

Id=var-lib-marketboro.mount
LoadState=not-found
ActiveState=inactive
SubState=dead
";

fn machine(doubles: &ProgramDoubles) -> Machine<'_> {
    Machine {
        doubles,
        uptime_s: 7200,
        mounts: ":",
    }
}

fn examine(doubles: &ProgramDoubles, host: &Host) -> Findings {
    let arguments = ["doctor", "--quick", "--only", "units", "--json"];
    Findings::of(&machine(doubles).monitor(host, &arguments).output().unwrap())
}

#[test]
fn a_unit_that_failed_is_named_with_its_last_words_and_those_that_run_the_doctor_are_not_judged() {
    let host = Host::new(Servers::shared());
    let doubles = ProgramDoubles::new();
    let findings = examine(&doubles, &host);
    findings.assert_failed(&[]);
    assert_eq!(findings.check("units")["outcome"], "skipped", "{}", findings.text);

    doubles.says("systemctl", STACK_IS_UP);
    let findings = examine(&doubles, &host);
    assert_eq!(findings.check("units")["seen"], "1 units, none of which failed");

    doubles.says("systemctl", UNITS);
    doubles.says(
        "journalctl",
        "waiting for vol-1\n\n\x1b[2Jvol-1 is \x07attached to i-2\n",
    );
    let findings = examine(&doubles, &host);
    findings.assert_failed(&["units"]);
    assert_eq!(
        findings.check("units")["faults"].as_array().unwrap().len(),
        1,
        "{}",
        findings.text
    );
    findings.assert_says(
        "units",
        "marketboro-data-volume.service failed: it ended with status 4; it said: waiting for vol-1 / [2Jvol-1 is attached to i-2",
    );
    let asked = doubles.calls("journalctl");
    assert!(
        asked
            .iter()
            .any(|call| call.starts_with("_SYSTEMD_INVOCATION_ID=0123456789abcdef0123456789abcdef")),
        "{asked:?}"
    );

    doubles.put("systemctl", "exec sleep 60");
    let findings = examine(&doubles, &host);
    findings.assert_failed(&["units"]);
    findings.assert_says("units", "systemctl gave no answer within");
}

#[test]
fn status_tells_of_units_first_even_without_docker() {
    let mut host = Host::new(Servers::shared());
    host.set("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let doubles = ProgramDoubles::new();
    doubles.says("systemctl", UNITS);
    doubles.says("journalctl", "no volume has the tag\n");
    let output = machine(&doubles).monitor(&host, &["status"]).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{shown}{errors}");
    assert!(shown.starts_with("UNIT "), "{shown}");
    let lines: Vec<_> = shown
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for line in [
        "marketboro-data-volume.service failed failed (failed)",
        "marketboro-stack.service starting activating (start)",
        "marketboro-watchdog.timer active active (waiting)",
        "marketboro-data-volume.service: it ended with status 4; `journalctl -u marketboro-data-volume.service` says more",
        "no volume has the tag",
    ] {
        assert!(lines.iter().any(|shown| shown == line), "{line}: {shown}");
    }
    assert!(!shown.contains("var-lib-marketboro.mount"), "{shown}");
    assert!(errors.contains("containers cannot be looked at: "), "{errors}");

    let output = machine(&doubles)
        .monitor(&host, &["status", "--json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&status["well"], status["units"].as_array().unwrap().len()),
        (&Value::Bool(false), 4)
    );
    let failed = &status["units"][0];
    assert_eq!(
        (&failed["condition"], &failed["log"][0]),
        (&"failed".into(), &"no volume has the tag".into()),
        "{failed}"
    );
    assert!(status["error"].as_str().unwrap().contains("ocker"), "{status}");
}
