//! What the service needs and does not find stops the start with one line that says what to do.

use std::fs;
use std::net::TcpListener;

use test_servers::DynamoDbLocal;

use crate::stores::{embedded, on_data_dir, on_dynamodb, on_table, unused_table};
use test_servers::dynamodb_double::{self, Proxy, Treatment, refusal};

#[test]
fn a_port_in_use_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    embedded()
        .args(["--listen", &address])
        .run()
        .is_refused(1, &["--listen / LISTEN_ADDR", &address, "in use"]);
    // An address of another machine.
    let elsewhere = embedded().args(["--listen", "192.0.2.1:8080"]).run();
    elsewhere.is_refused(1, &["--listen / LISTEN_ADDR", "192.0.2.1:8080"]);
}

#[test]
fn a_data_dir_that_cannot_be_used_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "not a folder").unwrap();
    // Root may write anywhere but to these.
    for path in [
        file.to_str().unwrap(),
        file.join("below").to_str().unwrap(),
        "/proc/service-data",
        "/dev/null",
    ] {
        on_data_dir(path).run().is_refused(1, &["--data-dir / DATA_DIR", path]);
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "not a folder");
}

#[test]
fn a_corrupted_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let mut service = on_data_dir(path).start();
    service.create("1", "First item");
    service.signal(rustix::process::Signal::TERM);
    assert_eq!(service.wait().code, Some(0));
    let database = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "sqlite"));
    let database = database.expect("no database file");
    let good = fs::read(&database).unwrap();
    for bad in [
        "not a database, but long enough to be one".repeat(200).into_bytes(),
        good[..good.len() / 2].to_vec(),
    ] {
        fs::write(&database, &bad).unwrap();
        on_data_dir(path)
            .run()
            .is_refused(1, &["--data-dir / DATA_DIR", database.to_str().unwrap()]);
        assert_eq!(fs::read(&database).unwrap(), bad);
    }
}

#[test]
fn a_missing_table_is_refused() {
    let table = unused_table();
    let command = on_table(&DynamoDbLocal::shared().endpoint(), &table);
    command
        .run()
        .is_refused(1, &["--table / TABLE_NAME", &table, "--create-table"]);
}

#[test]
fn an_existing_table_is_used_and_not_made_again() {
    let table = unused_table();
    let command = || on_table(&DynamoDbLocal::shared().endpoint(), &table);
    let first = command().arg("--create-table").start();
    first.create("1", "First item");
    for command in [command().arg("--create-table"), command()] {
        assert_eq!(command.start().get("/items/1").status, 200);
    }
}

#[test]
fn a_table_of_another_key_is_refused() {
    let table = unused_table();
    let body = serde_json::json!({
        "TableName": table,
        "AttributeDefinitions": [{ "AttributeName": "other", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "other", "KeyType": "HASH" }],
        "BillingMode": "PAY_PER_REQUEST",
    });
    let created = test_servers::client_builder().build().unwrap().post(DynamoDbLocal::shared().endpoint())
        .header("authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
        .header("x-amz-target", "DynamoDB_20120810.CreateTable")
        .header("content-type", "application/x-amz-json-1.0")
        .body(body.to_string())
        .send()
        .unwrap();
    assert_eq!(created.status(), 200, "{:?}", created.text());
    let command = || on_table(&DynamoDbLocal::shared().endpoint(), &table);
    for command in [command(), command().arg("--create-table")] {
        command.run().is_refused(1, &["--table / TABLE_NAME", &table, "key"]);
    }
}

#[test]
fn a_missing_region_is_refused() {
    on_dynamodb(&dynamodb_double::absent())
        .without_env("AWS_REGION")
        .run()
        .is_refused(1, &["AWS_REGION"]);
}

#[test]
fn missing_credentials_are_refused() {
    let command = on_dynamodb(&DynamoDbLocal::shared().endpoint())
        .without_env("AWS_ACCESS_KEY_ID")
        .without_env("AWS_SECRET_ACCESS_KEY");
    command.run().is_refused(1, &["credentials", "AWS_ACCESS_KEY_ID"]);
}

#[test]
fn credentials_that_aws_refuses_are_refused() {
    let double = dynamodb_double::refusing("400 Bad Request", "UnrecognizedClientException");
    on_dynamodb(&double)
        .run()
        .is_refused(1, &["--table / TABLE_NAME", "UnrecognizedClientException"]);
    let double = dynamodb_double::refusing("400 Bad Request", "AccessDeniedException");
    on_dynamodb(&double)
        .run()
        .is_refused(1, &["--table / TABLE_NAME", "AccessDeniedException"]);
}

#[test]
fn a_role_that_may_not_ask_whether_the_table_is_made_is_refused_at_once() {
    let proxy = Proxy::start();
    proxy.treat(|request| match request.header("x-amz-target") {
        Some(target) if target.ends_with("DescribeTable") => {
            Treatment::AnswerInstead(refusal("400 Bad Request", "AccessDeniedException"))
        }
        _ => Treatment::Pass,
    });
    let end = on_dynamodb(&proxy.endpoint).arg("--create-table").run();
    end.is_refused(1, &["--create-table / CREATE_TABLE", "AccessDeniedException"]);
}

#[test]
fn a_table_cannot_be_made_in_an_absent_dynamodb() {
    let command = on_dynamodb(&dynamodb_double::absent()).arg("--create-table");
    command.run().is_refused(1, &["--create-table / CREATE_TABLE"]);
}

#[test]
fn a_write_token_file_that_cannot_be_used_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let path = file.to_str().unwrap();
    let refused = |parts: &[&str]| {
        let finished = embedded().args(["--write-token-file", path]).run();
        finished.is_refused(1, &[&["--write-token-file / WRITE_TOKEN_FILE", path], parts].concat());
        finished.stderr.concat()
    };
    refused(&["cannot be read"]);
    for content in [
        "",
        "\n",
        "fifteen-charact",
        "two words that are long enough",
        "two-lines-that-are\nlong-enough-both",
        "ümläuts-are-not-visible-ascii",
    ] {
        fs::write(&file, content).unwrap();
        let line = refused(&["16"]);
        assert!(
            content.trim().is_empty() || !line.contains(content.trim()),
            "shows the token: {line}"
        );
    }
    let folder_for_file = embedded()
        .args(["--write-token-file", folder.path().to_str().unwrap()])
        .run();
    folder_for_file.is_refused(1, &["--write-token-file / WRITE_TOKEN_FILE"]);
}
