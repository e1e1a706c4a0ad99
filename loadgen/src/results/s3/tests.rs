//! Against a double of S3 that keeps objects in memory and knows the four requests that are made of it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};

use super::*;
use crate::results::sample::{info, intervals, write};
use crate::results::{INTERVALS, SUMMARY};

type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

struct S3Double {
    port: u16,
    objects: Objects,
}

impl S3Double {
    /// Lives as long as the process; nobody connects to it once its test is over.
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let objects = Objects::default();
        let kept = Arc::clone(&objects);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let objects = Arc::clone(&kept);
                std::thread::spawn(move || while answer(connection.as_ref().ok(), &objects).is_some() {});
            }
        });
        Self { port, objects }
    }

    fn bucket(&self, prefix: &str) -> Bucket {
        let credentials = Credentials::new("key", "secret", None, None, "test");
        let shared = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-central-1"))
            .endpoint_url(format!("http://127.0.0.1:{}", self.port))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Bucket::at(&shared, "bucket", prefix)
    }

    fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }
}

/// Answers one request; `None` when there are no more.
fn answer(connection: Option<&TcpStream>, objects: &Objects) -> Option<()> {
    let mut connection = connection?;
    let mut reader = BufReader::new(connection);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let mut words = head.first()?.split(' ');
    let (method, url) = (words.next()?, words.next()?);
    let url = url::Url::parse(&format!("http://s3{url}")).ok()?;
    let key = url
        .path()
        .strip_prefix("/bucket")
        .unwrap_or_default()
        .trim_start_matches('/')
        .to_owned();
    let mut objects = objects.lock().ok()?;
    let (status, content) = match (method, url.path()) {
        (_, path) if !path.starts_with("/bucket") => ("404 Not Found", no_such("NoSuchBucket")),
        ("PUT", _) => {
            objects.insert(key, body);
            ("200 OK", Vec::new())
        }
        ("DELETE", _) => {
            objects.remove(&key);
            ("204 No Content", Vec::new())
        }
        (_, _) if key.is_empty() => {
            let asked = url.query_pairs().find(|(name, _)| name == "prefix");
            let prefix = asked.map(|(_, prefix)| prefix.into_owned()).unwrap_or_default();
            let found = objects.keys().filter(|key| key.starts_with(&prefix));
            let contents: String = found
                .map(|key| format!("<Contents><Key>{key}</Key></Contents>"))
                .collect();
            let list = format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>");
            ("200 OK", list.into_bytes())
        }
        _ => match objects.get(&key) {
            Some(content) => ("200 OK", content.clone()),
            None => ("404 Not Found", no_such("NoSuchKey")),
        },
    };
    drop(objects);
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", content.len());
    connection.write_all(head.as_bytes()).ok()?;
    connection.write_all(&content).ok()
}

fn no_such(code: &str) -> Vec<u8> {
    format!("<Error><Code>{code}</Code><Message>there is none</Message></Error>").into_bytes()
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
    let s3 = S3Double::start();
    for generator in ["1/2", "2/2"] {
        let upload = Upload::to(s3.bucket("runs/a"), "run-1", generator, LONG).unwrap();
        leave(&upload, generator);
        upload.finish().unwrap();
    }
    assert!(
        s3.keys().contains(&"runs/a/1-of-2/report.html".to_owned()),
        "{:?}",
        s3.keys()
    );
    let found = download_from(&s3.bucket("runs/a")).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].place(), "s3://bucket/runs/a/2-of-2");
    assert_eq!(found[1].info(), &info("2/2"));
    assert!(found[1].summary().is_some());
    assert_eq!(found[1].intervals().unwrap().map(Result::unwrap).count(), 5);

    let refused = |run_id: &str, generator: &str| {
        let refused = Upload::to(s3.bucket("runs/a"), run_id, generator, LONG);
        refused.err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(refused("run-1", "2/2").contains("results of generator 2-of-2 already"));
    assert!(refused("run-2", "3/4").contains("the run \"run-1\""));
    assert!(refused("run-1", "1/1").contains("several generators"));
}

#[test]
fn a_killed_generator_leaves_what_was_copied_before() {
    let s3 = S3Double::start();
    let upload = Upload::to(s3.bucket("runs"), "run-1", "1/1", Duration::from_millis(50)).unwrap();
    assert_eq!(s3.keys(), [format!("runs/{INTERVALS}")], "the place is taken");
    leave(&upload, "1/1");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !s3.keys().contains(&format!("runs/{SUMMARY}")) {
        assert!(Instant::now() < deadline, "{:?}", s3.keys());
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(
        download_from(&s3.bucket("runs")).unwrap()[0]
            .intervals()
            .unwrap()
            .count(),
        5
    );
    upload.finish().unwrap();
}

#[test]
fn a_run_that_never_began_leaves_nothing_and_what_is_missing_is_named() {
    let s3 = S3Double::start();
    Upload::to(s3.bucket("runs"), "run-1", "1/1", LONG)
        .unwrap()
        .finish()
        .unwrap();
    assert!(s3.keys().is_empty(), "{:?}", s3.keys());
    let error = download_from(&s3.bucket("runs")).unwrap_err().to_string();
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
        "",
    ] {
        assert!(Key::new(key).is_none(), "{key}");
    }
}
