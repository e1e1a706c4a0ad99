//! A double of the two AWS APIs that hand out secrets: it knows one request of each, checks no signature, and says that
//! it is a double.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};

pub(crate) type Parameters = Arc<Mutex<BTreeMap<String, String>>>;

pub(crate) struct AwsDouble {
    port: u16,
    pub(crate) parameters: Parameters,
}

impl AwsDouble {
    /// Lives as long as the process; nobody connects to it once its test is over.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let parameters = Parameters::default();
        let kept = Arc::clone(&parameters);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let parameters = Arc::clone(&kept);
                std::thread::spawn(move || while answer(&connection, &parameters).is_some() {});
            }
        });
        Self { port, parameters }
    }

    pub(crate) fn put(&self, name: &str, value: &str) {
        self.parameters
            .lock()
            .unwrap()
            .insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn variables(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "key".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }
}

/// Answers one request; `None` when there are no more.
fn answer(mut connection: &TcpStream, parameters: &Parameters) -> Option<()> {
    let mut reader = BufReader::new(connection);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    let length = headers
        .get("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body: Json = serde_json::from_slice(&body).ok()?;
    let (status, answer) = match headers.get("x-amz-target").map(String::as_str) {
        Some("AmazonSSM.GetParameters") => get_parameters(&body, parameters),
        Some("secretsmanager.GetSecretValue") => get_secret_value(&body, parameters),
        other => (
            400,
            json!({"__type": "UnknownOperationException", "message": format!("the double of AWS knows no {other:?}")}),
        ),
    };
    let answer = answer.to_string();
    write!(
        connection,
        "HTTP/1.1 {status} -\r\nServer: double-of-aws\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n{answer}",
        answer.len()
    )
    .ok()
}

fn get_parameters(body: &Json, parameters: &Parameters) -> (u16, Json) {
    if body["WithDecryption"] != true {
        return (
            400,
            json!({"__type": "ValidationException", "message": "a SecureString must be decrypted"}),
        );
    }
    let parameters = parameters.lock().unwrap();
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in body["Names"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        match parameters.get(name) {
            Some(value) => found.push(json!({"Name": name, "Type": "SecureString", "Value": value})),
            None => missing.push(name.to_owned()),
        }
    }
    (200, json!({"Parameters": found, "InvalidParameters": missing}))
}

fn get_secret_value(body: &Json, parameters: &Parameters) -> (u16, Json) {
    let name = body["SecretId"].as_str().unwrap_or_default();
    match parameters.lock().unwrap().get(name).map(String::as_str) {
        Some("(denied)") => (
            400,
            json!({"__type": "AccessDeniedException", "Message": "the double of AWS denies it"}),
        ),
        Some(value) => (200, json!({"Name": name, "SecretString": value})),
        None => (
            400,
            json!({"__type": "ResourceNotFoundException", "Message": "there is no such secret"}),
        ),
    }
}
