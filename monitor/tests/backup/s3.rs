//! Against a double of S3.

use std::fs;
use std::process::Command;

use test_servers::S3Double;

use crate::host::{Host, json_of};

fn monitor(s3: &S3Double, host: &Host, arguments: &[&str]) -> Command {
    let mut command = host.monitor(["--json"]);
    command
        .args(arguments)
        .env("AWS_ENDPOINT_URL_S3", s3.endpoint())
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_MAX_ATTEMPTS", "1");
    command
}

#[track_caller]
fn json(s3: &S3Double, host: &Host, status: i32, arguments: &[&str]) -> serde_json::Value {
    json_of(&monitor(s3, host, arguments).output().unwrap(), status)
}

/// A host whose Jaeger needs several pieces.
fn host() -> (Host, Vec<u8>) {
    let host = Host::with_data();
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(40_000_000).collect();
    fs::write(host.data().join("jaeger/keys/000002.sst"), &noise).unwrap();
    (host, noise)
}

#[test]
fn a_backup_in_s3_is_listed_restored_and_pruned() {
    let (s3, (mut host, noise)) = (S3Double::start().unwrap(), host());
    let place = "s3://bucket/monitor/one";
    let manifest = json(&s3, &host, 0, &["backup", "--to", place]);
    let id = manifest["id"].as_str().unwrap();
    assert!(
        s3.keys().contains(&format!("monitor/one/{id}/manifest.json")),
        "{:?}",
        s3.keys()
    );
    assert_eq!(s3.begun_uploads(), 1, "one part is larger than a piece");
    let listed = json(&s3, &host, 0, &["backup", "list", "--from", place]);
    assert_eq!(listed["backups"][0]["complete"], true, "{listed}");
    host.stop_influxdb();
    let (token, data) = (host.token(), host.data().to_owned());
    fs::remove_dir_all(&data).unwrap();
    json(&s3, &host, 0, &["restore", "--from", place, "--no-start"]);
    assert_eq!(host.token(), token);
    assert!(fs::read(data.join("jaeger/keys/000002.sst")).unwrap() == noise);

    s3.put("monitor/one/20200101T000000Z/host.zst", Vec::new());
    let pruned = json(&s3, &host, 0, &["backup", "prune", "--from", place]);
    assert_eq!(pruned["removed"], serde_json::json!(["20200101T000000Z"]));
    assert!(s3.keys().iter().all(|key| key.contains(id)), "{:?}", s3.keys());
}

#[test]
fn a_backup_that_s3_refuses_leaves_nothing_there() {
    let (s3, (host, _)) = (S3Double::start().unwrap(), host());
    s3.refuse_pieces();
    let refused = json(&s3, &host, 1, &["backup", "--to", "s3://bucket/monitor"]);
    let error = refused["error"].as_str().unwrap();
    assert!(
        error.contains("s3://bucket/monitor") && error.contains("AccessDenied"),
        "{error}"
    );
    assert!(s3.keys().is_empty(), "{:?}", s3.keys());
    assert_eq!(s3.open_uploads(), 0);
}

#[test]
fn a_changed_object_is_refused() {
    let (s3, (mut host, _)) = (S3Double::start().unwrap(), host());
    json(&s3, &host, 0, &["backup", "--to", "s3://bucket"]);
    host.stop_influxdb();
    s3.change("jaeger.zst", |content| content[20_000_000] ^= 1);
    let refused = json(
        &s3,
        &host,
        1,
        &["restore", "--from", "s3://bucket", "--force", "--no-start"],
    );
    assert!(refused["error"].as_str().unwrap().contains("is damaged"), "{refused}");
}
