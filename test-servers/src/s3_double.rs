//! A double of S3 that keeps the objects of one bucket in memory.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::ServerError;
use crate::http_double::{Answer, Request, serve};

const SERVER: &str = "the double of S3";

#[derive(Default)]
struct Kept {
    bucket: String,
    bucket_is_there: bool,
    objects: BTreeMap<String, Vec<u8>>,
    /// By key, oldest first, what puts have replaced: the bucket is versioned.
    replaced: BTreeMap<String, Vec<Vec<u8>>>,
    /// By id, with the key and the pieces by number.
    uploads: BTreeMap<String, (String, BTreeMap<u32, Vec<u8>>)>,
    begun: usize,
    refuses_pieces: bool,
}

/// A double of S3 with one versioned bucket. It knows the requests that programs here make of S3, and checks no signature.
pub struct S3Double {
    port: u16,
    kept: Arc<Mutex<Kept>>,
}

impl S3Double {
    /// Its bucket, where it is not asked for another.
    pub const BUCKET: &str = "bucket";

    /// Starts one, which lives as long as the process: nobody connects to it once its test is over.
    pub fn start() -> Result<Self, ServerError> {
        Self::with_bucket(Self::BUCKET)
    }

    /// [`S3Double::start`] with a bucket of this name.
    pub fn with_bucket(bucket: &str) -> Result<Self, ServerError> {
        Self::starting(bucket, true)
    }

    /// [`S3Double::with_bucket`] whose bucket is not there until a request makes it.
    pub fn without_bucket(bucket: &str) -> Result<Self, ServerError> {
        Self::starting(bucket, false)
    }

    fn starting(bucket: &str, bucket_is_there: bool) -> Result<Self, ServerError> {
        let system = |cause| ServerError::System { server: SERVER, cause };
        let listener = TcpListener::bind("127.0.0.1:0").map_err(system)?;
        let port = listener.local_addr().map_err(system)?.port();
        let kept = Arc::new(Mutex::new(Kept {
            bucket: bucket.to_owned(),
            bucket_is_there,
            ..Kept::default()
        }));
        let answering = Arc::clone(&kept);
        std::thread::spawn(move || serve(&listener, move |request| answer(request, &mut lock(&answering))));
        Ok(Self { port, kept })
    }

    /// Where it answers.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Keys of its objects.
    pub fn keys(&self) -> Vec<String> {
        self.kept().objects.keys().cloned().collect()
    }

    /// What an object holds, if it is there.
    pub fn content(&self, key: &str) -> Option<Vec<u8>> {
        self.kept().objects.get(key).cloned()
    }

    /// What an object has ever held, oldest first.
    pub fn versions(&self, key: &str) -> Vec<Vec<u8>> {
        let kept = self.kept();
        let replaced = kept.replaced.get(key).into_iter().flatten();
        replaced.chain(kept.objects.get(key)).cloned().collect()
    }

    /// Puts an object there.
    pub fn put(&self, key: &str, content: Vec<u8>) {
        self.kept().objects.insert(key.to_owned(), content);
    }

    /// Changes the objects whose keys end so.
    pub fn change(&self, ending: &str, change: impl Fn(&mut Vec<u8>)) {
        for (key, content) in &mut self.kept().objects {
            if key.ends_with(ending) {
                change(content);
            }
        }
    }

    /// From now on it takes no piece of an upload.
    pub fn refuse_pieces(&self) {
        self.kept().refuses_pieces = true;
    }

    /// Uploads in pieces that were ever begun.
    pub fn begun_uploads(&self) -> usize {
        self.kept().begun
    }

    /// Uploads in pieces that have neither been completed nor given up.
    pub fn open_uploads(&self) -> usize {
        self.kept().uploads.len()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        lock(&self.kept)
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(request: &Request, kept: &mut Kept) -> Answer {
    let path = request.path.trim_start_matches('/');
    let Some(key) = path.strip_prefix(&kept.bucket) else {
        return refusal(404, "NoSuchBucket");
    };
    let key = key.trim_start_matches('/').to_owned();
    if key.is_empty() && request.method == "PUT" {
        kept.bucket_is_there = true;
        return success("");
    }
    if !kept.bucket_is_there {
        return refusal(404, "NoSuchBucket");
    }
    let query = |name: &str| request.query.get(name).map(String::as_str);
    let prefix = query("prefix").unwrap_or_default();
    match (request.method.as_str(), query("uploadId"), query("partNumber")) {
        ("POST", None, _) if query("uploads").is_some() => {
            kept.begun += 1;
            let id = format!("upload-{}", kept.begun);
            let text =
                format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>");
            kept.uploads.insert(id, (key, BTreeMap::new()));
            success(text)
        }
        ("PUT", Some(_), Some(_)) if kept.refuses_pieces => refusal(403, "AccessDenied"),
        ("PUT", Some(id), Some(number)) => match (kept.uploads.get_mut(id), number.parse()) {
            (Some((_, pieces)), Ok(number)) => {
                pieces.insert(number, request.body.clone());
                success("")
            }
            _ => refusal(404, "NoSuchUpload"),
        },
        ("POST", Some(id), _) => match kept.uploads.remove(id) {
            Some((key, pieces)) => {
                kept.objects.insert(key, pieces.into_values().flatten().collect());
                success("<CompleteMultipartUploadResult><ETag>tag</ETag></CompleteMultipartUploadResult>")
            }
            None => refusal(404, "NoSuchUpload"),
        },
        ("DELETE", Some(id), _) => {
            kept.uploads.remove(id);
            answered(204, "")
        }
        ("PUT", ..) if request.headers.contains_key("if-none-match") && kept.objects.contains_key(&key) => {
            refusal(412, "PreconditionFailed")
        }
        ("PUT", ..) => {
            if let Some(replaced) = kept.objects.insert(key.clone(), request.body.clone()) {
                kept.replaced.entry(key).or_default().push(replaced);
            }
            success("")
        }
        ("DELETE", ..) => {
            kept.objects.remove(&key);
            answered(204, "")
        }
        _ if query("uploads").is_some() => {
            let under = kept.uploads.iter().filter(|(_, (key, _))| key.starts_with(prefix));
            let uploads: String = under
                .map(|(id, (key, _))| format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId></Upload>"))
                .collect();
            success(format!(
                "<ListMultipartUploadsResult>{uploads}</ListMultipartUploadsResult>"
            ))
        }
        _ if key.is_empty() => {
            let under = kept.objects.iter().filter(|(key, _)| key.starts_with(prefix));
            let contents: String = under
                .map(|(key, content)| {
                    let size = content.len();
                    format!("<Contents><Key>{key}</Key><Size>{size}</Size></Contents>")
                })
                .collect();
            success(format!(
                "<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
            ))
        }
        _ => match kept.objects.get(&key) {
            Some(content) => success(content.clone()),
            None => refusal(404, "NoSuchKey"),
        },
    }
}

fn success(body: impl Into<Vec<u8>>) -> Answer {
    answered(200, body)
}

fn refusal(status: u16, code: &str) -> Answer {
    answered(
        status,
        format!("<Error><Code>{code}</Code><Message>the double of S3 says so</Message></Error>"),
    )
}

fn answered(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer {
        status,
        headers: vec![("ETag", "\"tag\"")],
        body: body.into(),
    }
}
