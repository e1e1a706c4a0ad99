//! `monitor up --secrets-from`, against a double of AWS.

use std::fs;
use std::net::TcpListener;
use std::process::Output;
use std::time::{Duration, Instant};

use crate::aws_double::AwsDouble;
use crate::test_host::{TestHost, all, json, status, text};

const FIRST: &str = "first-0123456789abcdef0123456789abcdef";
const SECOND: &str = "second-0123456789abcdef0123456789abcdef";
const SOURCE: &str = "ssm:/marketboro/monitor/";
const NAMES: [&str; 4] = [
    "grafana-admin-password",
    "grafana-secret-key",
    "influxdb-admin-password",
    "influxdb-operator-token",
];

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

fn put_all(aws: &AwsDouble, value: &str) {
    for name in NAMES {
        aws.put(&format!("/marketboro/monitor/{name}"), value);
    }
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

    put_all(&aws, FIRST);
    let output = host.up(&["--secrets-from", "ssm:/marketboro/monitor"]);
    assert!(!all(&output).contains(FIRST));
    for name in NAMES {
        assert_eq!(host.secret(name), FIRST, "{name}");
    }

    put_all(&aws, SECOND);
    let host = host.variable("MONITOR_SECRETS_FROM", SOURCE);
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

/// Goes on with the secrets that it has, and says so.
#[track_caller]
fn assert_goes_on(output: &Output, reason: &str) {
    assert_eq!(status(output), 0, "{}", all(output));
    let told = text(&output.stderr);
    assert!(
        told.contains(reason) && told.contains("going on with the secrets that are kept in the data folder"),
        "{told}"
    );
    let changes = json(output)["changes"].to_string();
    assert!(
        changes.contains("kept the secrets of the data folder, since ssm:/marketboro/monitor/ cannot be reached"),
        "{changes}"
    );
}

#[test]
fn a_host_with_its_secrets_comes_up_while_aws_is_away_and_one_without_does_not() {
    let (host, aws) = host();
    put_all(&aws, FIRST);
    let host = host
        .variable("MONITOR_SECRETS_FROM", SOURCE)
        .variable("MONITOR_LOADGEN_TOKEN_TO", "ssm:/marketboro/loadgen/token");
    host.up(&[]);
    assert_eq!(aws.requests("AmazonSSM.PutParameter").len(), 1);

    aws.deny("AmazonSSM.GetParameters", true);
    let output = host.monitor(&["up"]);
    assert_eq!(
        status(&output),
        1,
        "a refusal is none of AWS being away: {}",
        all(&output)
    );
    aws.deny("AmazonSSM.GetParameters", false);

    aws.fail();
    assert_goes_on(
        &host.monitor(&["--json", "up"]),
        "SSM (ssm:/marketboro/monitor/) cannot be reached",
    );
    assert_eq!(host.secret("influxdb-operator-token"), FIRST);

    let without = |variables: &[(&str, &str)]| {
        let mut command = host.command(&["--json", "up"]);
        command.envs(variables.iter().copied());
        host.inside(move || command.output().unwrap())
    };
    // Nobody listens there.
    assert_goes_on(
        &without(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:9")]),
        "Connection refused",
    );
    assert_goes_on(
        &without(&[("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")]),
        "cannot be reached",
    );
    let silent = host.inside(|| TcpListener::bind("127.0.0.1:0").unwrap());
    let url = format!("http://{}", silent.local_addr().unwrap());
    let began = Instant::now();
    assert_goes_on(&without(&[("AWS_ENDPOINT_URL", &url)]), "no answer within 20 s");
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());

    fs::remove_file(host.data().join("secrets/influxdb-admin-password")).unwrap();
    let output = without(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:9")]);
    assert_eq!(status(&output), 1, "{}", all(&output));
    assert!(text(&output.stderr).contains("cannot be reached"), "{}", all(&output));
}
