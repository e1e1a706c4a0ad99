//! A double of the two AWS APIs that hand out secrets: it knows one request of each, checks no signature, and says that
//! it is a double.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use test_servers::http_double::{Answer, Request, serve};

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
        std::thread::spawn(move || serve(&listener, move |request| answer(request, &kept)));
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

fn answer(request: &Request, parameters: &Parameters) -> Answer {
    let Ok(body) = serde_json::from_slice::<Json>(&request.body) else {
        return Answer::json(400, &json!({"__type": "SerializationException"}));
    };
    let (status, answer) = match request.headers.get("x-amz-target").map(String::as_str) {
        Some("AmazonSSM.GetParameters") => get_parameters(&body, parameters),
        Some("secretsmanager.GetSecretValue") => get_secret_value(&body, parameters),
        other => (
            400,
            json!({"__type": "UnknownOperationException", "message": format!("the double of AWS knows no {other:?}")}),
        ),
    };
    let mut answer = Answer::json(status, &answer);
    answer.headers.push(("Server", "double-of-aws"));
    answer
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
