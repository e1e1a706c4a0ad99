//! Terraform with the backend that the roots of terraform/dev have, on a double of S3 and on DynamoDB Local.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value as Json, json};
use test_servers::{DynamoDbLocal, S3Double, client_builder};

/// Longer than a run takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// A program that calls Terraform, or Terraform itself, in this folder, with nothing of the caller's settings.
pub(crate) fn command(program: impl AsRef<Path>, folder: &Path) -> Command {
    let mut command = Command::new(program.as_ref());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("TF_") || name.starts_with("AWS_") {
            command.env_remove(&*name);
        }
    }
    command
        .current_dir(folder)
        .env("HOME", folder)
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_CLI_ARGS", "-no-color")
        .stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) fn output(command: &mut Command) -> Output {
    command
        .output()
        .expect("Terraform is needed, 1.11 or newer: https://developer.hashicorp.com/terraform/install")
}

#[track_caller]
pub(crate) fn succeeded(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

/// A run that has not ended. It is killed with all that it called when dropped.
pub(crate) struct Run {
    pub(crate) child: Child,
    output: PathBuf,
}

impl Run {
    /// Starts it in a process group of its own, with a pipe to tell it something and with what it says in this file.
    pub(crate) fn start(command: &mut Command, output: PathBuf) -> Self {
        let file = File::create(&output).unwrap();
        let child = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stderr(file.try_clone().unwrap())
            .stdout(file)
            .spawn()
            .unwrap();
        Self { child, output }
    }

    /// Waits until this is true of what it said.
    #[track_caller]
    pub(crate) fn until(&mut self, is_so: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let said = || fs::read_to_string(&self.output).unwrap();
        while !is_so(&said()) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "{}", said());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // Failing, it has ended already.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// A file of this repository.
pub(crate) fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// backend.tf of the first root; the others' differs by the key and by what they read.
pub(crate) fn backend() -> String {
    fs::read_to_string(in_repository("terraform/dev/back/backend.tf")).unwrap()
}

/// What it says in this line.
pub(crate) fn said_by_backend(name: &str) -> String {
    let backend = backend();
    let line = backend.lines().find(|line| line.trim_start().starts_with(name));
    line.unwrap().split('"').nth(1).unwrap().to_owned()
}

/// What it must say besides, to find the doubles instead of AWS.
pub(crate) fn backend_settings(s3: &S3Double) -> String {
    format!(
        "endpoints = {{ s3 = \"{}\", dynamodb = \"{}\" }}\n\
         use_path_style = true\n\
         skip_credentials_validation = true\n\
         skip_metadata_api_check = true\n\
         skip_requesting_account_id = true\n",
        s3.endpoint(),
        DynamoDbLocal::shared().endpoint(),
    )
}

/// Makes the table of locks, unless it is there.
pub(crate) fn make_table() {
    dynamodb(
        "CreateTable",
        &json!({
            "TableName": said_by_backend("dynamodb_table"),
            "AttributeDefinitions": [{"AttributeName": "LockID", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "LockID", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        }),
    );
}

/// Asks DynamoDB Local, which wants a signature and does not check it.
pub(crate) fn dynamodb(operation: &str, body: &Json) -> Json {
    let authorization = "AWS4-HMAC-SHA256 Credential=key/20250101/ap-northeast-2/dynamodb/aws4_request, \
                         SignedHeaders=host, Signature=none";
    let answer = client_builder()
        .build()
        .unwrap()
        .post(DynamoDbLocal::shared().endpoint())
        .header("X-Amz-Target", format!("DynamoDB_20120810.{operation}"))
        .header("Content-Type", "application/x-amz-json-1.0")
        .header("Authorization", authorization)
        .body(body.to_string())
        .send()
        .unwrap();
    let (status, text) = (answer.status(), answer.text().unwrap());
    assert!(
        status.is_success() || text.contains("ResourceInUseException"),
        "{operation}: {text}"
    );
    serde_json::from_str(&text).unwrap()
}

/// Id of the lock in the table of a state.
pub(crate) fn lock_in_table(bucket: &str, key: &str) -> Option<String> {
    let key = json!({"LockID": {"S": format!("{bucket}/{key}")}});
    let table = said_by_backend("dynamodb_table");
    let item = dynamodb(
        "GetItem",
        &json!({"TableName": table, "Key": key, "ConsistentRead": true}),
    );
    let lock: Json = serde_json::from_str(item["Item"]["Info"]["S"].as_str()?).unwrap();
    Some(lock["ID"].as_str().unwrap().to_owned())
}

/// Id of the lock in the file beside a state.
pub(crate) fn lock_in_file(s3: &S3Double, key: &str) -> Option<String> {
    let lock: Json = serde_json::from_slice(&s3.content(&format!("{key}.tflock"))?).unwrap();
    Some(lock["ID"].as_str().unwrap().to_owned())
}
