//! A state of terraform/dev is one run's at a time: real Terraform with the backend that the roots have, on a double of
//! S3 and on DynamoDB Local.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at what it did not expect"
)]

mod terraform;

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output};

use serde_json::Value as Json;
use tempfile::TempDir;
use terraform::{Run, backend, backend_settings, make_table, said_by_backend, succeeded};
use test_servers::S3Double;

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
}

impl State {
    /// With a key of its own, since all tests share the table.
    fn of(test: &str) -> Self {
        let bucket = said_by_backend("bucket");
        make_table();
        Self {
            s3: S3Double::with_bucket(&bucket).unwrap(),
            bucket,
            key: format!("{test}/terraform.tfstate"),
        }
    }

    /// A client of it, with the backend of the roots and these settings in their place.
    fn client(&self, settings: &[&str]) -> Client {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("backend.tf"), backend()).unwrap();
        fs::write(folder.path().join("main.tf"), CONFIGURATION).unwrap();
        let here = format!(
            "{}key = \"{}\"\n{}\n",
            backend_settings(&self.s3),
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
        terraform::lock_in_table(&self.bucket, &self.key)
    }

    /// Id of the lock in the file.
    fn lock_in_file(&self) -> Option<String> {
        terraform::lock_in_file(&self.s3, &self.key)
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
        let mut command = terraform::command("terraform", self.folder.path());
        command.args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        terraform::output(&mut self.terraform(arguments))
    }

    fn apply(&self, content: &str) -> Output {
        self.run(&["apply", "-auto-approve", &format!("-var=content={content}")])
    }

    /// Begins an apply that has the lock and waits to be told to go on.
    fn begin(&self, content: &str) -> Run {
        let mut command = self.terraform(&["apply", &format!("-var=content={content}")]);
        let mut run = Run::start(&mut command, self.folder.path().join("output"));
        run.until(|said| said.contains(QUESTION));
        run
    }
}

/// Tells a run that asks whether it may go on, and waits for its end.
fn answer(mut run: Run, answer: &str) -> bool {
    writeln!(run.child.stdin.take().unwrap(), "{answer}").unwrap();
    run.child.wait().unwrap().success()
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
    assert!(answer(run, "yes"));
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
    assert!(answer(run, "yes"));
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
    assert!(!answer(run, "no"));
    succeeded(&ours.apply("three"));
    state.has_versions(&["one", "three"]);
}
