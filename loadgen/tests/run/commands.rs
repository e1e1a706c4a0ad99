//! The commands that put nothing under load.

use crate::command::loadgen;

#[test]
fn a_scenario_is_looked_over_and_its_mistakes_are_named_by_place() {
    let fine = loadgen(&["check", "items"]);
    let text = String::from_utf8_lossy(&fine.stdout).into_owned();
    assert_eq!(fine.status.code(), Some(0), "{fine:?}");
    assert!(text.contains("create") && text.contains("POST /items"), "{text}");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("wrong.toml");
    std::fs::write(
        &file,
        "name = \"wrong\"\n\n[[step]]\nname = \"read\"\nmethod = \"GET\"\npath = \"/a/{{nobody}}\"\n\n[[step]]\nname = \"read\"\npaht = \"/\"\n",
    )
    .unwrap();
    let wrong = loadgen(&["check", file.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    for place in ["wrong.toml:10:", "paht", "^"] {
        assert!(text.contains(place), "no {place} in {text}");
    }
    let missing = loadgen(&["check", "no-such-file.toml"]);
    assert_eq!(missing.status.code(), Some(1), "{missing:?}");
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no-such-file.toml"));
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let output = loadgen(&["completions", shell]);
        let script = String::from_utf8(output.stdout).unwrap();
        for word in ["capacity", "merge", "compare", "push", "check", "max-vus"] {
            assert!(script.contains(word), "{shell}: no {word}");
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let output = loadgen(&["man", directory.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let page = std::fs::read_to_string(directory.path().join("loadgen-run.1")).unwrap();
    assert!(page.contains("stages") && directory.path().join("loadgen.1").exists());
    let nowhere = loadgen(&["man", "/no/such/folder"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("give a folder"));
}
