//! A state of terraform/dev is one run's at a time: real Terraform with the backend that the roots have, on a double of
//! S3 and on DynamoDB Local.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at what it did not expect"
)]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use test_servers::{DynamoDbLocal, S3Double, client_builder};

/// Longer than a run takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a run waits for where nobody has said that it may go on.
const QUESTION: &str = "Enter a value:";

/// One resource that needs no provider.
const CONFIGURATION: &str = r#"
variable "content" {
  type = string
}

resource "terraform_data" "kept" {
  input = var.content
}
"#;

/// A state, and the two places where a run of it says that it is the only one.
struct State {
    s3: S3Double,
    bucket: String,
    key: String,
    table: String,
}

impl State {
    /// With a key of its own, since all tests share the table.
    fn of(test: &str) -> Self {
        let backend = backend();
        let said = |name: &str| {
            let line = backend.lines().find(|line| line.trim_start().starts_with(name));
            line.unwrap().split('"').nth(1).unwrap().to_owned()
        };
        let (bucket, table) = (said("bucket"), said("dynamodb_table"));
        make_table(&table);
        Self {
            s3: S3Double::with_bucket(&bucket).unwrap(),
            bucket,
            key: format!("{test}/terraform.tfstate"),
            table,
        }
    }

    /// A client of it, with the backend of the roots and these settings in their place.
    fn client(&self, settings: &[&str]) -> Client {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("backend.tf"), backend()).unwrap();
        fs::write(folder.path().join("main.tf"), CONFIGURATION).unwrap();
        let here = format!(
            "endpoints = {{ s3 = \"{}\", dynamodb = \"{}\" }}\n\
             key = \"{}\"\n\
             use_path_style = true\n\
             skip_credentials_validation = true\n\
             skip_metadata_api_check = true\n\
             skip_requesting_account_id = true\n\
             {}\n",
            self.s3.endpoint(),
            DynamoDbLocal::shared().endpoint(),
            self.key,
            settings.join("\n"),
        );
        fs::write(folder.path().join("here.tfbackend"), here).unwrap();
        let client = Client { folder };
        succeeded(&client.run(&["init", "-backend-config=here.tfbackend"]));
        client
    }

    /// Id of the lock in the table.
    fn lock_in_table(&self) -> Option<String> {
        let key = json!({"LockID": {"S": format!("{}/{}", self.bucket, self.key)}});
        let item = dynamodb(
            "GetItem",
            &json!({"TableName": self.table, "Key": key, "ConsistentRead": true}),
        );
        let lock: Json = serde_json::from_str(item["Item"]["Info"]["S"].as_str()?).unwrap();
        Some(lock["ID"].as_str().unwrap().to_owned())
    }

    /// Id of the lock in the file.
    fn lock_in_file(&self) -> Option<String> {
        let lock: Json = serde_json::from_slice(&self.s3.content(&format!("{}.tflock", self.key))?).unwrap();
        Some(lock["ID"].as_str().unwrap().to_owned())
    }

    #[track_caller]
    fn is_free(&self) {
        assert_eq!((self.lock_in_table(), self.lock_in_file()), (None, None));
    }

    /// What each version of it says that is kept, with their serials.
    fn versions(&self) -> Vec<(u64, String)> {
        let read = |version: Vec<u8>| {
            let state: Json = serde_json::from_slice(&version).unwrap();
            let kept = &state["resources"][0]["instances"][0]["attributes"]["input"]["value"];
            (
                state["serial"].as_u64().unwrap(),
                kept.as_str().unwrap_or_default().to_owned(),
            )
        };
        self.s3.versions(&self.key).into_iter().map(read).collect()
    }

    #[track_caller]
    fn has_versions(&self, expected: &[&str]) {
        let expected: Vec<_> = (1..).zip(expected.iter().map(|&kept| kept.to_owned())).collect();
        assert_eq!(self.versions(), expected);
    }
}

/// A checkout that Terraform runs in.
struct Client {
    folder: TempDir,
}

impl Client {
    fn terraform(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("terraform");
        for (name, _) in std::env::vars_os() {
            if ["TF_", "AWS_"]
                .iter()
                .any(|prefix| name.to_string_lossy().starts_with(prefix))
            {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("CHECKPOINT_DISABLE", "1")
            .env("TF_CLI_ARGS", "-no-color")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.terraform(arguments)
            .output()
            .expect("Terraform is needed, 1.11 or newer: https://developer.hashicorp.com/terraform/install")
    }

    fn apply(&self, content: &str) -> Output {
        self.run(&["apply", "-auto-approve", &format!("-var=content={content}")])
    }

    /// Begins an apply that has the lock and waits to be told to go on.
    fn begin(&self, content: &str) -> Waiting {
        let path = self.folder.path().join("output");
        let output = File::create(&path).unwrap();
        let child = self
            .terraform(&["apply", &format!("-var=content={content}")])
            .stdin(Stdio::piped())
            .stderr(output.try_clone().unwrap())
            .stdout(output)
            .spawn()
            .unwrap();
        let mut waiting = Waiting { child, output: path };
        let deadline = Instant::now() + PATIENCE;
        while !waiting.said().contains(QUESTION) {
            let ended = waiting.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "{}", waiting.said());
            thread::sleep(Duration::from_millis(20));
        }
        waiting
    }
}

/// A run that asks whether it may go on. It is killed when dropped.
struct Waiting {
    child: Child,
    output: PathBuf,
}

impl Waiting {
    fn said(&self) -> String {
        fs::read_to_string(&self.output).unwrap()
    }

    /// Tells it, and waits for its end.
    fn answer(mut self, answer: &str) -> bool {
        writeln!(self.child.stdin.take().unwrap(), "{answer}").unwrap();
        self.child.wait().unwrap().success()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // Failing, it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// backend.tf of the first root; the others' differs by the key and by what they read.
fn backend() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../terraform/dev/back/backend.tf");
    fs::read_to_string(path).unwrap()
}

fn make_table(name: &str) {
    dynamodb(
        "CreateTable",
        &json!({
            "TableName": name,
            "AttributeDefinitions": [{"AttributeName": "LockID", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "LockID", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        }),
    );
}

/// Asks DynamoDB Local, which wants a signature and does not check it.
fn dynamodb(operation: &str, body: &Json) -> Json {
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

#[track_caller]
fn succeeded(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

/// That a run found the lock of another, and says whose.
#[track_caller]
fn refused(output: &Output, id: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(
        said.contains("Error acquiring the state lock") && said.contains(id),
        "{said}"
    );
}

#[test]
fn a_run_holds_both_locks_and_a_second_is_refused() {
    let state = State::of("at-once");
    let (first, second) = (state.client(&[]), state.client(&[]));
    succeeded(&first.apply("one"));
    state.is_free();
    let run = first.begin("two");
    let id = state.lock_in_file().unwrap();
    assert_eq!(state.lock_in_table().as_ref(), Some(&id));
    refused(&second.apply("three"), &id);
    assert_eq!(
        state.lock_in_file().as_ref(),
        Some(&id),
        "a refused run leaves the lock of the other"
    );
    assert_eq!(
        state.lock_in_table().as_ref(),
        Some(&id),
        "a refused run leaves the lock of the other"
    );
    assert!(run.answer("yes"));
    state.is_free();
    state.has_versions(&["one", "two"]);
    succeeded(&second.apply("three"));
    state.has_versions(&["one", "two", "three"]);
}

#[test]
fn what_a_killed_run_locked_is_unlocked_by_its_id() {
    let state = State::of("killed");
    let (first, second) = (state.client(&[]), state.client(&[]));
    succeeded(&first.apply("one"));
    let run = first.begin("two");
    let id = state.lock_in_file().unwrap();
    drop(run);
    refused(&second.apply("three"), &id);
    let unlock = |id: &str| second.run(&["force-unlock", "-force", id]);
    assert!(!unlock("00000000-0000-0000-0000-000000000000").status.success());
    assert_eq!(
        (state.lock_in_table().as_ref(), state.lock_in_file().as_ref()),
        (Some(&id), Some(&id))
    );
    succeeded(&unlock(&id));
    state.is_free();
    state.has_versions(&["one"]);
    succeeded(&second.apply("three"));
    state.has_versions(&["one", "three"]);
}

#[test]
fn a_lock_of_a_client_that_knows_only_the_table_counts() {
    let state = State::of("table-alone");
    let (older, ours) = (state.client(&["use_lockfile = false"]), state.client(&[]));
    succeeded(&ours.apply("one"));
    let run = older.begin("two");
    assert_eq!(state.lock_in_file(), None);
    let id = state.lock_in_table().unwrap();
    refused(&ours.apply("three"), &id);
    assert_eq!(state.lock_in_file(), None, "a refused run leaves no lock of its own");
    assert!(run.answer("yes"));
    succeeded(&ours.apply("three"));
    state.has_versions(&["one", "two", "three"]);
}

#[test]
fn a_lock_of_a_client_that_knows_only_the_file_counts() {
    let state = State::of("file-alone");
    let (newer, ours) = (state.client(&["dynamodb_table = \"\""]), state.client(&[]));
    succeeded(&ours.apply("one"));
    let run = newer.begin("two");
    assert_eq!(state.lock_in_table(), None);
    let id = state.lock_in_file().unwrap();
    refused(&ours.apply("three"), &id);
    assert_eq!(state.lock_in_table(), None, "a refused run leaves no lock of its own");
    assert!(!run.answer("no"));
    succeeded(&ours.apply("three"));
    state.has_versions(&["one", "three"]);
}
