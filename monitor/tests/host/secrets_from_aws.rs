//! `monitor up --secrets-from`, against a double of AWS.

use crate::aws_double::AwsDouble;
use crate::test_host::{TestHost, all, json, status, text};

const FIRST: &str = "first-0123456789abcdef0123456789abcdef";
const SECOND: &str = "second-0123456789abcdef0123456789abcdef";

fn with(host: TestHost, aws: &AwsDouble) -> TestHost {
    aws.variables()
        .into_iter()
        .fold(host, |host, (name, value)| host.variable(name, value))
}

fn host() -> (TestHost, AwsDouble) {
    let host = TestHost::new();
    let aws = host.inside(AwsDouble::start);
    (with(host, &aws), aws)
}

#[test]
fn secrets_are_taken_from_ssm_and_a_password_changed_there_is_taken_later() {
    let (host, aws) = host();
    aws.put("/marketboro/monitor/grafana-admin-password", FIRST);
    let output = host.monitor(&["up", "--secrets-from", "ssm:/marketboro/monitor/"]);
    assert_eq!(status(&output), 1, "{}", all(&output));
    let told = text(&output.stderr);
    assert!(
        told.contains("SSM has no /marketboro/monitor/grafana-secret-key, /marketboro/monitor/influxdb-admin-password, /marketboro/monitor/influxdb-operator-token; create"),
        "{told}"
    );
    assert!(
        !host.data().join("secrets/grafana-admin-password").exists(),
        "all or nothing"
    );

    aws.put("/marketboro/monitor/grafana-secret-key", FIRST);
    aws.put("/marketboro/monitor/influxdb-admin-password", FIRST);
    aws.put("/marketboro/monitor/influxdb-operator-token", FIRST);
    let output = host.up(&["--secrets-from", "ssm:/marketboro/monitor"]);
    assert!(!all(&output).contains(FIRST));
    for name in [
        "grafana-admin-password",
        "grafana-secret-key",
        "influxdb-admin-password",
        "influxdb-operator-token",
    ] {
        assert_eq!(host.secret(name), FIRST, "{name}");
    }

    for name in [
        "grafana-admin-password",
        "grafana-secret-key",
        "influxdb-admin-password",
        "influxdb-operator-token",
    ] {
        aws.put(&format!("/marketboro/monitor/{name}"), SECOND);
    }
    let host = host.variable("MONITOR_SECRETS_FROM", "ssm:/marketboro/monitor/");
    let output = host.up(&["--json"]);
    let changes = json(&output)["changes"].to_string();
    assert!(
        changes.contains("Grafana's user admin has the new password"),
        "{changes}"
    );
    assert!(
        changes.contains("Grafana's database is encrypted with the new key"),
        "{changes}"
    );
    assert!(
        changes.contains("the user admin has the password of the file again"),
        "{changes}"
    );
    assert_eq!(
        (
            host.secret("grafana-admin-password"),
            host.secret("grafana-secret-key"),
            host.secret("influxdb-admin-password")
        ),
        (SECOND.to_owned(), SECOND.to_owned(), SECOND.to_owned())
    );
    assert_eq!(
        host.secret("influxdb-operator-token"),
        FIRST,
        "InfluxDB makes its tokens by itself"
    );
    assert!(
        text(&output.stderr).contains("the one of this host was changed since, and stays"),
        "{}",
        all(&output)
    );
    let output = host.up(&["--json"]);
    assert_eq!(json(&output)["already_up"], true, "{}", all(&output));
}

#[test]
fn secrets_are_taken_from_secrets_manager_and_refusals_are_told() {
    let (host, aws) = host();
    aws.put("monitor-grafana-admin-password", FIRST);
    let output = host.monitor(&["up", "--secrets-from", "secretsmanager:monitor-"]);
    assert!(
        text(&output.stderr).contains(
            "Secrets Manager has no monitor-grafana-secret-key, monitor-influxdb-admin-password, monitor-influxdb-operator-token; create"
        ),
        "{}",
        all(&output)
    );
    aws.put("monitor-grafana-secret-key", FIRST);
    aws.put("monitor-influxdb-admin-password", "(denied)");
    let output = host.monitor(&["up", "--secrets-from", "secretsmanager:monitor-"]);
    let told = text(&output.stderr);
    assert!(
        told.contains("AccessDeniedException: the double of AWS denies it") && told.contains("check AWS_REGION"),
        "{told}"
    );
    aws.put("monitor-influxdb-admin-password", FIRST);
    aws.put("monitor-influxdb-operator-token", SECOND);
    host.up(&["--secrets-from", "secretsmanager:monitor-"]);
    assert_eq!(host.secret("influxdb-operator-token"), SECOND);

    let output = host.monitor(&["up", "--secrets-from", "vault:monitor"]);
    assert_eq!(status(&output), 2);
    assert!(
        text(&output.stderr).contains("expected ssm:/path/ or secretsmanager:PREFIX"),
        "{}",
        all(&output)
    );
}
