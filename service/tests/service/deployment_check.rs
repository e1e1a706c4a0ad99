//! What a deployment asks the service before it calls itself done: `.github/scripts/verify-service`, against the real one.

use std::process::{Command, Output, Stdio};

use crate::running_service::RunningService;
use crate::stores::embedded;
use crate::write_token::guarded;

fn verify(service: &RunningService) -> Output {
    Command::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../.github/scripts/verify-service"
    ))
    .env("SERVICE_URL", format!("http://{}", service.address))
    .env("POLLS", "2")
    .env("POLL_SECONDS", "0")
    .env_remove("GITHUB_STEP_SUMMARY")
    .stdin(Stdio::null())
    .output()
    .expect("bash, curl and jq: make tools gets them")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

#[test]
fn a_deployed_service_passes_and_keeps_no_item() {
    let service = embedded().start();
    let output = verify(&service);
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        said(&output).contains("an item was created, read, updated and deleted"),
        "{}",
        said(&output)
    );
    assert_eq!(service.get("/items").json()["items"], serde_json::json!([]));
}

#[test]
fn a_service_that_refuses_writes_does_not_pass() {
    let folder = tempfile::tempdir().unwrap();
    let service = guarded(&folder).start();
    let output = verify(&service);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("POST /items was answered with 401 instead of 201"),
        "{}",
        said(&output)
    );
}
