//! Against a double of S3.

use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use test_servers::S3Double;

use super::*;
use crate::results::sample::{intervals, write};
use crate::run_info::sample::info;

fn bucket(s3: &S3Double, prefix: &str) -> Bucket {
    let credentials = Credentials::new("key", "secret", None, None, "test");
    let shared = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .endpoint_url(s3.endpoint())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Bucket::at(&shared, S3Double::BUCKET, prefix)
}

/// Fills the folder of an upload with what a generator leaves.
fn leave(upload: &Upload, generator: &str) {
    let info = info(generator);
    let other = tempfile::tempdir().unwrap();
    write(other.path(), &info, &intervals(&info, &[], |_| true), false).unwrap();
    let from = GeneratorResults::of_folder(other.path()).unwrap()[0]
        .folder()
        .to_owned();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), upload.folder().join(entry.file_name())).unwrap();
    }
}

const LONG: Duration = Duration::from_secs(3600);

#[test]
fn generators_leave_their_results_and_a_merge_finds_them() {
    let s3 = S3Double::start().unwrap();
    for generator in ["1/2", "2/2"] {
        let upload = Upload::to(bucket(&s3, "runs/a"), "run-1", generator, LONG).unwrap();
        leave(&upload, generator);
        upload.finish().unwrap();
    }
    assert!(
        s3.keys().contains(&"runs/a/1-of-2/report.html".to_owned()),
        "{:?}",
        s3.keys()
    );
    let found = download_from(&bucket(&s3, "runs/a")).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].place(), "s3://bucket/runs/a/2-of-2");
    assert_eq!(found[1].info(), &info("2/2"));
    assert!(found[1].summary().is_some());
    assert_eq!(found[1].intervals().unwrap().map(Result::unwrap).count(), 5);

    let refused = |run_id: &str, generator: &str| {
        let refused = Upload::to(bucket(&s3, "runs/a"), run_id, generator, LONG);
        refused.err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(refused("run-1", "2/2").contains("results of generator 2-of-2 already"));
    assert!(refused("run-2", "3/4").contains("the run \"run-1\""));
    assert!(refused("run-1", "1/1").contains("several generators"));
}

#[test]
fn a_killed_generator_leaves_what_was_copied_before() {
    let s3 = S3Double::start().unwrap();
    let upload = Upload::to(bucket(&s3, "runs"), "run-1", "1/1", Duration::from_millis(50)).unwrap();
    assert_eq!(s3.keys(), [format!("runs/{INTERVALS}")], "the place is taken");
    leave(&upload, "1/1");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !s3.keys().contains(&format!("runs/{SUMMARY}")) {
        assert!(Instant::now() < deadline, "{:?}", s3.keys());
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(
        download_from(&bucket(&s3, "runs")).unwrap()[0]
            .intervals()
            .unwrap()
            .count(),
        5
    );
    upload.finish().unwrap();
}

#[test]
fn a_run_that_never_began_leaves_nothing_and_what_is_missing_is_named() {
    let s3 = S3Double::start().unwrap();
    Upload::to(bucket(&s3, "runs"), "run-1", "1/1", LONG)
        .unwrap()
        .finish()
        .unwrap();
    assert!(s3.keys().is_empty(), "{:?}", s3.keys());
    let error = download_from(&bucket(&s3, "runs")).unwrap_err().to_string();
    assert!(
        error.contains("s3://bucket/runs") && error.contains("no results"),
        "{error}"
    );
}

#[test]
fn keys_cannot_leave_their_folder() {
    for key in ["run.json", "1-of-2/run.json"] {
        assert_eq!(Key::new(key).unwrap().relative(), key);
    }
    for key in [
        "../run.json",
        "a/../run.json",
        "/run.json",
        "a//run.json",
        "a/b/run.json",
        "a\x1b[2J/run.json",
        "",
    ] {
        assert!(Key::new(key).is_none(), "{key}");
    }
}
