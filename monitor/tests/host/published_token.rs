//! Loadgen's token in a parameter for generators elsewhere, against a double of AWS.

use std::time::Duration;

use monitor::influxdb::InfluxDb;
use monitor::secrets::Value;

use crate::aws_double::AwsDouble;
use crate::test_host::{TestHost, all, json, monitor, run, status, text};

const PARAMETER: &str = "/marketboro/test/loadgen/influxdb-token";
const NAME: &str = "influxdb-loadgen-token";
const PUT: &str = "AmazonSSM.PutParameter";

fn works(host: &TestHost, token: &str) -> bool {
    let server = InfluxDb::new(
        host.url("INFLUXDB_PORT"),
        Some(Value::new(token)),
        Duration::from_secs(10),
    );
    host.inside(|| run(server.write("loadgen", String::new())).is_ok())
}

#[test]
fn the_token_is_written_when_it_is_another_and_what_is_missing_is_said() {
    let host = TestHost::new();
    let aws = host.inside(AwsDouble::start);
    let host = aws
        .variables()
        .into_iter()
        .fold(host, |host, (name, value)| host.variable(name, value))
        .variable("MONITOR_LOADGEN_TOKEN_TO", format!("ssm:{PARAMETER}"))
        .variable("MONITOR_LOADGEN_TOKEN_KMS_KEY", "alias/marketboro");
    aws.put(PARAMETER, "placeholder");
    let output = host.up(&["--json"]);
    let told = json(&output)["changes"].to_string();
    assert!(
        told.contains(&format!("wrote {NAME} to ssm:{PARAMETER}")),
        "{}",
        all(&output)
    );
    let first = host.secret(NAME);
    assert_eq!(aws.value(PARAMETER), Some(first.clone()));
    assert!(!all(&output).contains(&first));
    let put = &aws.requests(PUT)[0];
    assert_eq!(
        (&put["Type"], &put["Overwrite"]),
        (&"SecureString".into(), &true.into())
    );
    assert_eq!(put["KeyId"], "alias/marketboro");

    assert_eq!(json(&host.up(&["--json"]))["already_up"], true);
    assert_eq!(aws.requests(PUT).len(), 1, "it was there");

    aws.deny(PUT, true);
    let output = host.monitor(&["secrets", "rotate", NAME]);
    assert_eq!(status(&output), 1, "{}", all(&output));
    let told = text(&output.stderr);
    let refusal = format!("ssm:{PARAMETER} cannot be written (AccessDeniedException: the double of AWS denies");
    for part in [
        refusal.as_str(),
        "give the role of this host ssm:PutParameter on it",
        "the old influxdb-loadgen-token still works",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(works(&host, &first), "generators elsewhere have no other");
    let output = host.monitor(&["up"]);
    assert_eq!(status(&output), 1, "{}", all(&output));
    assert!(text(&output.stderr).contains("ssm:PutParameter"), "{}", all(&output));

    aws.deny(PUT, false);
    let output = host.monitor(&["secrets", "rotate", NAME]);
    assert_eq!(status(&output), 0, "{}", all(&output));
    let second = host.secret(NAME);
    assert_eq!(aws.value(PARAMETER), Some(second.clone()));
    assert!(works(&host, &second) && !works(&host, &first));

    aws.deny("AmazonSSM.GetParameter", true);
    let output = host.monitor(&["up"]);
    assert!(
        text(&output.stderr).contains("cannot be read (AccessDeniedException")
            && text(&output.stderr).contains("ssm:GetParameter on it"),
        "{}",
        all(&output)
    );
}

#[test]
fn a_place_that_is_none_is_named_before_anything_is_done() {
    let data = tempfile::tempdir().unwrap();
    let mut command = monitor(data.path(), &["up"]);
    let output = command.env("MONITOR_LOADGEN_TOKEN_TO", "s3://bucket").output().unwrap();
    assert_eq!(status(&output), 1);
    assert!(
        text(&output.stderr).contains("MONITOR_LOADGEN_TOKEN_TO=s3://bucket: expected ssm:/path"),
        "{}",
        all(&output)
    );
    assert!(!data.path().join("secrets").exists());
}
