//! The key with which Grafana encrypts what it keeps. Its stub seals a data key with it as Grafana does, and does not
//! start where it cannot open that.

use std::fs;

use monitor::grafana_key::sealed::{self, Algorithm};
use monitor::secrets::Value;
use rusqlite::Connection;
use serde_json::json;

use crate::test_host::{TestHost, all, json, status, text};

/// What Grafana takes where it is given no key.
const PUBLIC: &str = "SW2YcwTIb9zpOOhoPsMm";
const NAME: &str = "grafana-secret-key";

fn database(host: &TestHost) -> Connection {
    Connection::open(host.data().join("grafana/grafana.db")).unwrap()
}

fn data_key(host: &TestHost) -> Option<Vec<u8>> {
    let query = "SELECT encrypted_data FROM data_keys WHERE name = 'one'";
    let sealed: Vec<u8> = database(host).query_row(query, [], |row| row.get(0)).unwrap();
    sealed::open(&sealed, &Value::new(host.secret(NAME)))
}

#[test]
fn a_host_from_before_there_was_a_key_gets_one_and_a_lost_one_is_not_made_up() {
    let host = TestHost::new();
    host.up(&[]);
    let known = data_key(&host).unwrap();
    // As it was: the data keys sealed with the public key, nothing noted, no file.
    host.project().compose(&["stop", "grafana"]).unwrap();
    let public = sealed::seal(Algorithm::Cfb, &known, &Value::new(PUBLIC)).unwrap();
    let connection = database(&host);
    // The stub makes another, with the only algorithm that it knows.
    let update = "UPDATE data_keys SET name = 'cfb', encrypted_data = ?1";
    connection.execute(update, [public]).unwrap();
    connection.execute_batch("DROP TABLE marketboro_secret_key").unwrap();
    drop(connection);
    let first = host.secret(NAME);
    fs::remove_file(host.data().join("secrets").join(NAME)).unwrap();

    let output = host.up(&["--json"]);
    let changes = json(&output)["changes"].clone();
    let expected = [
        "made grafana-secret-key",
        "Grafana's database is encrypted with the new key",
        "started grafana",
    ];
    assert_eq!(changes, json!(expected), "{}", all(&output));
    let second = host.secret(NAME);
    assert!(second != first && !all(&output).contains(&second));
    let query = "SELECT encrypted_data FROM data_keys WHERE name = 'cfb'";
    let resealed: Vec<u8> = database(&host).query_row(query, [], |row| row.get(0)).unwrap();
    assert_eq!(sealed::open(&resealed, &Value::new(&second)), Some(known));

    let file = host.data().join("secrets").join(NAME);
    fs::remove_file(&file).unwrap();
    let output = host.monitor(&["up"]);
    assert_eq!(status(&output), 1, "{}", all(&output));
    assert!(
        text(&output.stderr).contains("grafana.db is encrypted with another key than that in"),
        "{}",
        all(&output)
    );
    assert!(!file.exists(), "one at random would be of no use");
    fs::write(&file, &second).unwrap();
    host.up(&[]);
}

#[test]
fn a_rotation_of_the_key_that_ends_anywhere_is_finished_by_another() {
    let host = TestHost::new();
    host.up(&[]);
    let (known, first) = (data_key(&host).unwrap(), host.secret(NAME));
    // As left by one that ended after the database had the new key, and before its file.
    host.project().compose(&["stop", "grafana"]).unwrap();
    let output = host.monitor(&["secrets", "rotate", NAME]);
    assert_eq!(status(&output), 0, "{}", all(&output));
    let second = host.secret(NAME);
    assert_eq!(data_key(&host), Some(known.clone()));
    host.project().compose(&["stop", "grafana"]).unwrap();
    fs::rename(
        host.data().join("secrets").join(NAME),
        host.data().join("secrets/grafana-secret-key.new"),
    )
    .unwrap();
    fs::write(host.data().join("secrets").join(NAME), &first).unwrap();
    let output = host.up(&["--json"]);
    assert_eq!(host.secret(NAME), second, "{}", all(&output));
    assert_eq!(data_key(&host), Some(known));
    assert_eq!(json(&host.up(&["--json"]))["already_up"], true);
}
