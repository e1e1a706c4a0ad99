//! Against a double of S3 that keeps objects in memory and knows the requests that are made of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::host::{Host, json_of};

#[derive(Default)]
struct Kept {
    objects: BTreeMap<String, Vec<u8>>,
    /// By id, with the key and the pieces by number.
    uploads: BTreeMap<String, (String, BTreeMap<u32, Vec<u8>>)>,
    /// Uploads that were begun.
    begun: usize,
    /// Answers no further upload of a piece.
    is_broken: bool,
}

struct S3Double {
    port: u16,
    kept: Arc<Mutex<Kept>>,
}

impl S3Double {
    /// Lives as long as the process; nobody connects to it once its test is over.
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let kept = Arc::<Mutex<Kept>>::default();
        let shared = Arc::clone(&kept);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let kept = Arc::clone(&shared);
                std::thread::spawn(move || while answer(connection.as_ref().ok(), &kept).is_some() {});
            }
        });
        Self { port, kept }
    }

    fn monitor(&self, host: &Host, arguments: &[&str]) -> Command {
        let mut command = host.monitor(["--json"]);
        command
            .args(arguments)
            .env("AWS_ENDPOINT_URL_S3", format!("http://127.0.0.1:{}", self.port))
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_MAX_ATTEMPTS", "1");
        command
    }

    #[track_caller]
    fn json(&self, host: &Host, status: i32, arguments: &[&str]) -> serde_json::Value {
        json_of(&self.monitor(host, arguments).output().unwrap(), status)
    }

    fn keys(&self) -> Vec<String> {
        self.kept.lock().unwrap().objects.keys().cloned().collect()
    }
}

/// Answers one request; `None` when there are no more.
fn answer(connection: Option<&TcpStream>, kept: &Mutex<Kept>) -> Option<()> {
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
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query: BTreeMap<&str, &str> = query
        .split('&')
        .map(|one| one.split_once('=').unwrap_or((one, "")))
        .collect();
    let key = path.strip_prefix("/bucket")?.trim_start_matches('/').to_owned();
    let (status, content) = respond(method, key, &query, body, &mut *kept.lock().ok()?);
    let head = format!(
        "HTTP/1.1 {status}\r\nETag: \"tag\"\r\ncontent-length: {}\r\n\r\n",
        content.len()
    );
    connection.write_all(head.as_bytes()).ok()?;
    connection.write_all(&content).ok()
}

fn respond(
    method: &str,
    key: String,
    query: &BTreeMap<&str, &str>,
    body: Vec<u8>,
    kept: &mut Kept,
) -> (&'static str, Vec<u8>) {
    let prefix = || {
        query
            .get("prefix")
            .map(|prefix| prefix.replace("%2F", "/"))
            .unwrap_or_default()
    };
    match (method, query.get("uploadId"), query.get("partNumber")) {
        ("POST", None, _) if query.contains_key("uploads") => {
            kept.begun += 1;
            let id = format!("upload-{}", kept.begun);
            let text =
                format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>");
            kept.uploads.insert(id, (key, BTreeMap::new()));
            ("200 OK", text.into_bytes())
        }
        ("PUT", Some(_), Some(_)) if kept.is_broken => ("403 Forbidden", error("AccessDenied")),
        ("PUT", Some(id), Some(number)) => match (kept.uploads.get_mut(*id), number.parse()) {
            (Some((_, pieces)), Ok(number)) => {
                pieces.insert(number, body);
                ("200 OK", Vec::new())
            }
            _ => ("404 Not Found", error("NoSuchUpload")),
        },
        ("POST", Some(id), _) => match kept.uploads.remove(*id) {
            Some((key, pieces)) => {
                kept.objects.insert(key, pieces.into_values().flatten().collect());
                let text = "<CompleteMultipartUploadResult><ETag>tag</ETag></CompleteMultipartUploadResult>";
                ("200 OK", text.into())
            }
            None => ("404 Not Found", error("NoSuchUpload")),
        },
        ("DELETE", Some(id), _) => {
            kept.uploads.remove(*id);
            ("204 No Content", Vec::new())
        }
        ("PUT", ..) => {
            kept.objects.insert(key, body);
            ("200 OK", Vec::new())
        }
        ("DELETE", ..) => {
            kept.objects.remove(&key);
            ("204 No Content", Vec::new())
        }
        _ if query.contains_key("uploads") => {
            let under = kept.uploads.iter().filter(|(_, (key, _))| key.starts_with(&prefix()));
            let uploads: String = under
                .map(|(id, (key, _))| format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId></Upload>"))
                .collect();
            let text = format!("<ListMultipartUploadsResult>{uploads}</ListMultipartUploadsResult>");
            ("200 OK", text.into_bytes())
        }
        _ if key.is_empty() => {
            let under = kept.objects.iter().filter(|(key, _)| key.starts_with(&prefix()));
            let contents: String = under
                .map(|(key, content)| {
                    let size = content.len();
                    format!("<Contents><Key>{key}</Key><Size>{size}</Size></Contents>")
                })
                .collect();
            let text = format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>");
            ("200 OK", text.into_bytes())
        }
        _ => match kept.objects.get(&key) {
            Some(content) => ("200 OK", content.clone()),
            None => ("404 Not Found", error("NoSuchKey")),
        },
    }
}

fn error(code: &str) -> Vec<u8> {
    format!("<Error><Code>{code}</Code><Message>the double of S3 says so</Message></Error>").into_bytes()
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
    let (s3, (mut host, noise)) = (S3Double::start(), host());
    let place = "s3://bucket/monitor/one";
    let manifest = s3.json(&host, 0, &["backup", "--to", place]);
    let id = manifest["id"].as_str().unwrap();
    assert!(
        s3.keys().contains(&format!("monitor/one/{id}/manifest.json")),
        "{:?}",
        s3.keys()
    );
    assert_eq!(s3.kept.lock().unwrap().begun, 1, "one part is larger than a piece");
    let listed = s3.json(&host, 0, &["backup", "list", "--from", place]);
    assert_eq!(listed["backups"][0]["complete"], true, "{listed}");
    host.stop_influxdb();
    let (token, data) = (host.token(), host.data().to_owned());
    fs::remove_dir_all(&data).unwrap();
    s3.json(&host, 0, &["restore", "--from", place, "--no-start"]);
    assert_eq!(host.token(), token);
    assert!(fs::read(data.join("jaeger/keys/000002.sst")).unwrap() == noise);

    s3.kept
        .lock()
        .unwrap()
        .objects
        .insert("monitor/one/20200101T000000Z/host.zst".to_owned(), Vec::new());
    let pruned = s3.json(&host, 0, &["backup", "prune", "--from", place]);
    assert_eq!(pruned["removed"], serde_json::json!(["20200101T000000Z"]));
    assert!(s3.keys().iter().all(|key| key.contains(id)), "{:?}", s3.keys());
}

#[test]
fn a_backup_that_s3_refuses_leaves_nothing_there() {
    let (s3, (host, _)) = (S3Double::start(), host());
    s3.kept.lock().unwrap().is_broken = true;
    let refused = s3.json(&host, 1, &["backup", "--to", "s3://bucket/monitor"]);
    let error = refused["error"].as_str().unwrap();
    assert!(
        error.contains("s3://bucket/monitor") && error.contains("AccessDenied"),
        "{error}"
    );
    assert!(s3.keys().is_empty(), "{:?}", s3.keys());
    assert!(s3.kept.lock().unwrap().uploads.is_empty());
}

#[test]
fn a_changed_object_is_refused() {
    let (s3, (mut host, _)) = (S3Double::start(), host());
    s3.json(&host, 0, &["backup", "--to", "s3://bucket"]);
    host.stop_influxdb();
    for (key, content) in &mut s3.kept.lock().unwrap().objects {
        if key.ends_with("jaeger.zst") {
            content[20_000_000] ^= 1;
        }
    }
    let refused = s3.json(&host, 1, &["restore", "--from", "s3://bucket", "--force", "--no-start"]);
    assert!(refused["error"].as_str().unwrap().contains("is damaged"), "{refused}");
}
