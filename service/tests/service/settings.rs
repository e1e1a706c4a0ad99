//! Flags and variables: a bad one stops the start with one line that names it.

use crate::running_service::ServiceCommand;
use crate::stores::embedded;

/// A flag with its variable, bad values, and a part of what the line says is allowed.
struct Setting {
    flag: &'static str,
    variable: &'static str,
    bad: &'static [&'static str],
    allowed: &'static str,
}

const SETTINGS: [Setting; 7] = [
    Setting {
        flag: "--listen",
        variable: "LISTEN_ADDR",
        bad: &["8080", "localhost:8080", "0.0.0.0", "0.0.0.0:65536", "nonsense"],
        allowed: "0.0.0.0:8080",
    },
    Setting {
        flag: "--store",
        variable: "STORE",
        bad: &["postgres", "DYNAMODB"],
        allowed: "embedded, dynamodb",
    },
    Setting {
        flag: "--table",
        variable: "TABLE_NAME",
        bad: &["ab", "two words", "a/b", "täble"],
        allowed: "3 to 255",
    },
    Setting {
        flag: "--max-in-flight",
        variable: "MAX_IN_FLIGHT",
        bad: &["0", "-1", "many", "1.5", "1000001", "99999999999999999999999"],
        allowed: "1 to 1000000",
    },
    Setting {
        flag: "--request-timeout",
        variable: "REQUEST_TIMEOUT",
        bad: &["5", "0s", "2h", "soon", "-1s"],
        allowed: "1ms to 1h",
    },
    Setting {
        flag: "--shutdown-grace",
        variable: "SHUTDOWN_GRACE",
        bad: &["5", "0s", "2h", "soon"],
        allowed: "1ms to 1h",
    },
    Setting {
        flag: "--log",
        variable: "RUST_LOG",
        bad: &["loud", "service", "service=loud", "info,,debug"],
        allowed: "error, warn, info",
    },
];

#[test]
fn a_bad_flag_is_one_line_that_names_flag_variable_value_and_what_is_allowed() {
    for Setting {
        flag,
        variable,
        bad,
        allowed,
    } in SETTINGS
    {
        for value in bad {
            let given = format!("{flag}={value}");
            let parts = [flag, variable, &format!("{value:?}"), allowed];
            ServiceCommand::new().arg(&given).run().is_refused(2, &parts);
        }
    }
}

#[test]
fn a_bad_variable_is_one_line_that_names_flag_variable_value_and_what_is_allowed() {
    let only_a_variable = Setting {
        flag: "--create-table",
        variable: "CREATE_TABLE",
        bad: &["maybe", "2"],
        allowed: "true",
    };
    for Setting {
        flag,
        variable,
        bad,
        allowed,
    } in SETTINGS.into_iter().chain([only_a_variable])
    {
        for value in bad {
            let parts = [flag, variable, &format!("{value:?}"), allowed];
            ServiceCommand::new().env(variable, value).run().is_refused(2, &parts);
        }
    }
}

#[test]
fn an_empty_variable_is_refused_by_name() {
    for Setting { flag, variable, .. } in SETTINGS {
        ServiceCommand::new()
            .env(variable, "")
            .run()
            .is_refused(2, &[flag, variable]);
    }
}

#[test]
fn arguments_that_do_not_exist_are_refused_in_one_line() {
    ServiceCommand::new()
        .arg("--port=8080")
        .run()
        .is_refused(2, &["--port", "--help"]);
    ServiceCommand::new()
        .arg("serve")
        .run()
        .is_refused(2, &["serve", "--help"]);
    ServiceCommand::new()
        .arg("--listen")
        .run()
        .is_refused(2, &["--listen", "LISTEN_ADDR", "missing"]);
    let twice = ["--table", "first", "--table", "second"];
    ServiceCommand::new()
        .args(twice)
        .run()
        .is_refused(2, &["--table", "TABLE_NAME", "more than once"]);
}

#[test]
fn help_names_every_flag_and_variable() {
    let help = ServiceCommand::bare().arg("--help").run();
    assert_eq!(help.code, Some(0), "{help:?}");
    assert!(help.stderr.is_empty(), "{help:?}");
    let text = help.stdout.join("\n");
    for Setting { flag, variable, .. } in SETTINGS {
        assert!(text.contains(flag) && text.contains(variable), "{flag} {variable}");
    }
    let others = [
        "--data-dir",
        "DATA_DIR",
        "--create-table",
        "CREATE_TABLE",
        "--write-token-file",
        "WRITE_TOKEN_FILE",
    ];
    assert!(others.iter().all(|name| text.contains(name)), "{text}");
}

#[test]
fn version_is_the_version() {
    let version = ServiceCommand::bare().arg("--version").run();
    assert_eq!(
        (version.code, version.stdout),
        (Some(0), vec![concat!("service ", env!("CARGO_PKG_VERSION")).to_owned()])
    );
}

#[test]
fn a_flag_wins_over_its_variable() {
    let service = embedded()
        .env("STORE", "dynamodb")
        .env("TABLE_NAME", "from-variable")
        .args(["--table", "from-flag"])
        .start();
    let line = service.wait_for_log("serving");
    assert_eq!(line["table"], "from-flag");
    assert!(line["store"].as_str().unwrap().contains("embedded"), "{line}");
}

#[test]
fn variables_alone_are_enough() {
    let folder = tempfile::tempdir().unwrap();
    let variables = ServiceCommand::new()
        .env("STORE", "embedded")
        .env("DATA_DIR", folder.path().to_str().unwrap())
        .env("TABLE_NAME", "my-items")
        .env("CREATE_TABLE", "true")
        .env("MAX_IN_FLIGHT", "10")
        .env("REQUEST_TIMEOUT", "2s")
        .env("SHUTDOWN_GRACE", "1s")
        .env("RUST_LOG", "info,service=debug");
    let service = variables.start();
    let line = service.wait_for_log("serving");
    assert_eq!(line["table"], "my-items");
    assert!(
        line["store"]
            .as_str()
            .unwrap()
            .contains(folder.path().to_str().unwrap()),
        "{line}"
    );
}

#[test]
fn in_ecs_the_embedded_store_must_be_asked_for() {
    let in_ecs = |command: ServiceCommand| command.env("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/task");
    in_ecs(ServiceCommand::new())
        .run()
        .is_refused(2, &["--store / STORE", "dynamodb", "embedded"]);
    let service = in_ecs(
        ServiceCommand::new()
            .env("STORE", "embedded")
            .env("DATA_DIR", ":memory:"),
    )
    .start();
    assert_eq!(service.get("/readyz").status, 200);
}
