use std::fs;

use crate::host::Host;

#[test]
fn an_encrypted_backup_is_opened_by_its_own_key_alone() {
    let mut host = Host::with_data();
    let [key, other] = ["key", "other"].map(|name| host.beside(name));
    let [key_file, other_file] = [&key, &other].map(|path| path.display().to_string());
    let public = host.json(0, &["backup", "keygen", &key_file])["public_key"]
        .as_str()
        .unwrap()
        .to_owned();
    host.json(0, &["backup", "keygen", &other_file]);
    assert!(host.refused(&["backup", "keygen", &key_file]).contains("not there yet"));

    let manifest = host.json(0, &["backup", "--encrypt-to", &public]);
    assert_eq!(manifest["recipients"], serde_json::json!([public]));
    let backup = host.data().join("backups").join(manifest["id"].as_str().unwrap());
    for part in fs::read_dir(&backup).unwrap() {
        let part = part.unwrap();
        let name = part.file_name().into_string().unwrap();
        let content = fs::read(part.path()).unwrap();
        assert!(
            name == "manifest.json" || content.starts_with(b"age-encryption.org/v1\n"),
            "{name}"
        );
    }
    host.stop_influxdb();

    let error = host.refused(&["restore", "--force", "--no-start"]);
    assert!(error.contains("--identity"), "{error}");
    let error = host.refused(&["restore", "--force", "--no-start", "--identity", &other_file]);
    assert!(error.contains("none of the keys") && error.contains(&public), "{error}");
    let token = host.token();
    host.json(0, &["restore", "--force", "--no-start", "--identity", &key_file]);
    assert_eq!(host.token(), token);
}

#[test]
fn a_private_key_is_refused_where_the_public_one_belongs() {
    let host = Host::with_data();
    let key = host.beside("key");
    host.json(0, &["backup", "keygen", key.to_str().unwrap()]);
    let private = fs::read_to_string(&key).unwrap().lines().last().unwrap().to_owned();
    let error = host.refused(&["backup", "--encrypt-to", &private]);
    assert!(error.contains("private key") && !error.contains(&private), "{error}");
    let error = host.refused(&["backup", "--encrypt-to", key.to_str().unwrap()]);
    assert!(error.contains("no public key"), "{error}");
}
