//! terraform/bootstrap on a copy of root back, with a double of the AWS provider: the state ends in the bucket that it
//! describes, whenever the script is interrupted.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at what it did not expect"
)]

mod terraform;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use terraform::{
    Run, backend_settings, dynamodb, in_repository, lock_in_file, lock_in_table, make_table, said_by_backend, succeeded,
};
use test_servers::{S3Double, installed_at};

/// Where backend.tf puts the state.
const KEY: &str = "back/terraform.tfstate";

/// Id of the lock of a run that nobody knows.
const LOCK: &str = "5f1d9c3e-3c0b-4d7e-9a51-0e1c7a9b2d44";

/// A copy of what bootstrap works on, and an S3 without a bucket.
struct Checkout {
    folder: TempDir,
    s3: S3Double,
    bucket: String,
}

impl Checkout {
    /// With a bucket of its own, since all tests share the table of locks.
    fn of(test: &str) -> Self {
        let bucket = format!("marketboro-{test}-terraform-state");
        let s3 = S3Double::without_bucket(&bucket).unwrap();
        make_table();
        let folder = tempfile::tempdir().unwrap();
        copy(folder.path());
        let checkout = Self { folder, s3, bucket };
        let given = said_by_backend("bucket");
        checkout.edit("backend.tf", |text| {
            let settings = backend_settings(&checkout.s3);
            let begin = "backend \"s3\" {\n";
            text.replace(&given, &checkout.bucket)
                .replace(begin, &format!("{begin}{settings}"))
        });
        checkout.edit("variable.tf", |text| text.replace(&given, &checkout.bucket));
        let root = checkout.root();
        fs::copy(
            root.join("terraform.auto.tfvars.example"),
            root.join("terraform.auto.tfvars"),
        )
        .unwrap();
        fs::write(root.join("bucket.tf"), checkout.making_the_bucket()).unwrap();
        checkout
    }

    /// The double of the provider makes nothing.
    fn making_the_bucket(&self) -> String {
        let address = self.s3.endpoint().replace("http://", "").replace(':', "/");
        let bucket = &self.bucket;
        format!(
            r#"
resource "terraform_data" "bucket" {{
  depends_on = [module.state_bucket, module.lock_table]

  provisioner "local-exec" {{
    interpreter = ["bash", "-c"]
    command     = <<-TEXT
      exec 3<>/dev/tcp/{address}
      printf 'PUT /{bucket} HTTP/1.1\r\nHost: s3\r\n\r\n' >&3
      grep '^HTTP/1.1 200' <&3
    TEXT
  }}
}}
"#
        )
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("terraform/dev/back")
    }

    fn edit(&self, file: &str, change: impl Fn(&str) -> String) {
        let path = self.root().join(file);
        let before = fs::read_to_string(&path).unwrap();
        let after = change(&before);
        assert_ne!(before, after, "{file} is not written as this test expects");
        fs::write(path, after).unwrap();
    }

    fn command(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Command {
        let mut command = terraform::command(program, self.folder.path());
        command
            .env(
                "TF_CLI_CONFIG_FILE",
                installed_at("TERRAFORM_PROVIDER").unwrap().join("terraform.rc"),
            )
            // What it leaves behind when killed goes with this folder.
            .env("TMPDIR", self.folder.path())
            .args(arguments);
        command
    }

    fn bootstrapping(&self, arguments: &[&str]) -> Command {
        self.command(self.folder.path().join("terraform/bootstrap"), arguments)
    }

    fn bootstrap(&self, arguments: &[&str]) -> Output {
        terraform::output(&mut self.bootstrapping(arguments))
    }

    /// Starts it, and kills it with all that it called once this is true of what it said.
    fn bootstrap_killed_when(&self, is_so: impl Fn(&str) -> bool) {
        let mut command = self.bootstrapping(&["--yes", "dev"]);
        Run::start(&mut command, self.folder.path().join("output")).until(is_so);
    }

    /// That it says why it does nothing.
    #[track_caller]
    fn refuses(&self, arguments: &[&str], why: &str) {
        let output = self.bootstrap(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(why), "{output:?}");
    }

    /// The state in the local file.
    fn local_state(&self) -> Option<Json> {
        let text = fs::read(self.root().join("bootstrap.tfstate")).ok()?;
        Some(serde_json::from_slice(&text).unwrap())
    }

    /// The state in the bucket.
    fn kept_state(&self) -> Option<Json> {
        Some(serde_json::from_slice(&self.s3.content(KEY)?).unwrap())
    }

    /// That the state is in the bucket alone, without a lock, that it describes what was made, and that Terraform reads
    /// it there.
    #[track_caller]
    fn is_complete(&self) {
        assert_eq!(self.s3.keys(), [KEY]);
        let left: Vec<_> = fs::read_dir(self.root())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.contains("bootstrap"))
            .collect();
        assert_eq!(left, Vec::<String>::new(), "a local file is left");
        self.has_nothing_to_do();
    }

    /// Locks it like a run that was killed.
    fn lock_table(&self) {
        let path = format!("{}/{KEY}", self.bucket);
        let item = json!({"LockID": {"S": path}, "Info": {"S": self.lock().to_string()}});
        dynamodb(
            "PutItem",
            &json!({"TableName": said_by_backend("dynamodb_table"), "Item": item}),
        );
    }

    /// Locks it like a run that was killed.
    fn lock_file(&self) {
        self.s3
            .put(&format!("{KEY}.tflock"), self.lock().to_string().into_bytes());
    }

    fn lock(&self) -> Json {
        let path = format!("{}/{KEY}", self.bucket);
        json!({"ID": LOCK, "Operation": "state-push", "Created": "2025-01-01T00:00:00Z", "Path": path})
    }

    /// Ids of the locks in the table and in the file.
    fn locks(&self) -> (Option<String>, Option<String>) {
        (lock_in_table(&self.bucket, KEY), lock_in_file(&self.s3, KEY))
    }

    /// That the script takes away the lock that is left, if there is one.
    #[track_caller]
    fn is_unlocked(&self) {
        let (table, file) = self.locks();
        if let Some(id) = table.or(file) {
            succeeded(&self.bootstrap(&["--unlock", &id, "dev"]));
        }
        assert_eq!(self.locks(), (None, None));
    }

    #[track_caller]
    fn has_nothing_to_do(&self) {
        let root = self.root();
        let chdir = format!("-chdir={}", root.display());
        let mut command = self.command("terraform", &[&chdir, "plan", "-input=false", "-detailed-exitcode"]);
        succeeded(&terraform::output(&mut command));
    }
}

/// Copies what git would, and so nothing that somebody's own runs left there.
fn copy(folder: &Path) {
    let paths = ["terraform/bootstrap", "terraform/dev/back", "terraform/modules"];
    let list = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"])
        .args(paths)
        .current_dir(in_repository(""))
        .output()
        .expect("git is needed");
    succeeded(&list);
    let list = String::from_utf8(list.stdout).unwrap();
    // A lock file of the real provider would refuse the double.
    for file in list.split_terminator('\0').filter(|file| !file.ends_with(".lock.hcl")) {
        let copied = folder.join(file);
        fs::create_dir_all(copied.parent().unwrap()).unwrap();
        fs::copy(in_repository(file), copied).unwrap();
    }
}

/// What a state describes: the rest changes when it moves.
#[track_caller]
fn resources(state: Option<Json>) -> Json {
    let resources = state.expect("a state")["resources"].take();
    assert!(resources.as_array().is_some_and(|all| all.len() > 10), "{resources}");
    resources
}

#[test]
fn the_state_goes_into_the_bucket_and_comes_back() {
    let checkout = Checkout::of("there");
    succeeded(&checkout.bootstrap(&["--yes", "dev"]));
    checkout.is_complete();
    let made = resources(checkout.kept_state());

    checkout.refuses(&["--yes", "dev"], "nothing is left to do");
    checkout.is_complete();

    succeeded(&checkout.bootstrap(&["--undo", "dev"]));
    assert_eq!(resources(checkout.local_state()), made);
    checkout.has_nothing_to_do();

    succeeded(&checkout.bootstrap(&["--yes", "dev"]));
    checkout.is_complete();
    assert_eq!(resources(checkout.kept_state()), made);
}

#[test]
fn a_run_that_was_killed_before_the_move_is_completed() {
    let checkout = Checkout::of("before");
    checkout.bootstrap_killed_when(|said| said.contains("Moving the state into the bucket"));
    let made = resources(checkout.local_state());
    succeeded(&checkout.bootstrap(&["--yes", "dev"]));
    checkout.is_complete();
    assert_eq!(resources(checkout.kept_state()), made);
}

#[test]
fn a_run_that_was_killed_after_the_move_is_completed() {
    let checkout = Checkout::of("after");
    checkout.bootstrap_killed_when(|_| checkout.kept_state().is_some());
    let made = resources(checkout.local_state());
    succeeded(&checkout.bootstrap(&["--yes", "dev"]));
    checkout.is_unlocked();
    checkout.is_complete();
    assert_eq!(resources(checkout.kept_state()), made);

    // A run takes one lock after the other, and gives them back so.
    checkout.lock_table();
    checkout.is_unlocked();
    checkout.lock_file();
    checkout.is_unlocked();
    checkout.lock_table();
    checkout.lock_file();
    let wrong = "00000000-0000-0000-0000-000000000000";
    checkout.refuses(&["--unlock", wrong, "dev"], "no lock of dev/back");
    assert_eq!(checkout.locks(), (Some(LOCK.into()), Some(LOCK.into())));
    checkout.is_unlocked();
    checkout.is_complete();
}

#[test]
fn what_is_no_environment_is_refused() {
    let checkout = Checkout::of("refused");
    checkout.refuses(&["Dev"], "'Dev' is no environment");
    checkout.refuses(&["qa"], "there is no");
    checkout.refuses(&["--undo", "dev"], "there is no state of dev/back");
    assert_eq!(checkout.local_state(), None);
}
