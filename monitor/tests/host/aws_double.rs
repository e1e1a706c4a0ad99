//! A double of the two AWS APIs that keep secrets: it knows the few requests that are sent to them, checks no signature, and says that
//! it is a double.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use test_servers::http_double::{Answer, Request, serve};

pub(crate) type Parameters = Arc<Mutex<BTreeMap<String, String>>>;

/// Parameters have no such names.
const OUT_OF_ORDER: &str = "(out of order)";

/// What is asked of the double.
type Requests = Arc<Mutex<Vec<(String, Json)>>>;

pub(crate) struct AwsDouble {
    port: u16,
    parameters: Parameters,
    requests: Requests,
}

impl AwsDouble {
    /// Lives as long as the process; nobody connects to it once its test is over.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let parameters = Parameters::default();
        let requests = Requests::default();
        let kept = (Arc::clone(&parameters), Arc::clone(&requests));
        std::thread::spawn(move || serve(&listener, move |request| answer(request, &kept.0, &kept.1)));
        Self {
            port,
            parameters,
            requests,
        }
    }

    /// Is out of order from now on.
    pub(crate) fn fail(&self) {
        self.parameters
            .lock()
            .unwrap()
            .insert(OUT_OF_ORDER.to_owned(), String::new());
    }

    pub(crate) fn put(&self, name: &str, value: &str) {
        self.parameters
            .lock()
            .unwrap()
            .insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn value(&self, name: &str) -> Option<String> {
        self.parameters.lock().unwrap().get(name).cloned()
    }

    /// Refuses an action from now on, or allows it again.
    pub(crate) fn deny(&self, action: &str, is_denied: bool) {
        let mut parameters = self.parameters.lock().unwrap();
        if is_denied {
            parameters.insert(denial(action), String::new());
        } else {
            parameters.remove(&denial(action));
        }
    }

    /// Bodies of the requests for an action.
    pub(crate) fn requests(&self, action: &str) -> Vec<Json> {
        let requests = self.requests.lock().unwrap();
        let of_action = requests.iter().filter(|(name, _)| name == action);
        of_action.map(|(_, body)| body.clone()).collect()
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

/// Parameters have no such names.
fn denial(action: &str) -> String {
    format!("(denied) {action}")
}

fn answer(request: &Request, parameters: &Parameters, requests: &Requests) -> Answer {
    let Ok(body) = serde_json::from_slice::<Json>(&request.body) else {
        return Answer::json(400, &json!({"__type": "SerializationException"}));
    };
    let action = request.headers.get("x-amz-target").cloned().unwrap_or_default();
    requests.lock().unwrap().push((action.clone(), body.clone()));
    if parameters.lock().unwrap().contains_key(OUT_OF_ORDER) {
        return Answer::json(503, &json!({"__type": "ServiceUnavailable"}));
    }
    let is_denied = parameters.lock().unwrap().contains_key(&denial(&action));
    let (status, answer) = match Some(action.as_str()).filter(|_| !is_denied) {
        None => (
            400,
            json!({"__type": "AccessDeniedException", "Message": format!("the double of AWS denies {action}")}),
        ),
        Some("AmazonSSM.GetParameter") => get_parameter(&body, parameters),
        Some("AmazonSSM.PutParameter") => put_parameter(&body, parameters),
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

fn get_parameter(body: &Json, parameters: &Parameters) -> (u16, Json) {
    let name = body["Name"].as_str().unwrap_or_default();
    match parameters.lock().unwrap().get(name) {
        Some(value) => (
            200,
            json!({"Parameter": {"Name": name, "Type": "SecureString", "Value": value}}),
        ),
        None => (400, json!({"__type": "ParameterNotFound"})),
    }
}

fn put_parameter(body: &Json, parameters: &Parameters) -> (u16, Json) {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let mut parameters = parameters.lock().unwrap();
    if parameters.contains_key(&text("Name")) && body["Overwrite"] != true {
        return (400, json!({"__type": "ParameterAlreadyExists"}));
    }
    parameters.insert(text("Name"), text("Value"));
    (200, json!({"Version": 1, "Tier": "Standard"}))
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
