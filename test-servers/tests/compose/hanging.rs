//! A server that hangs is unhealthy, though its process runs and its port takes connections.

use test_servers::{ComposeProject, Docker};

use crate::CHECKED;

#[test]
fn a_server_that_hangs_is_unhealthy_until_it_goes_on() {
    let project = ComposeProject::new(Docker::shared()).unwrap();
    project.up(&["local"]).unwrap();
    let containers = CHECKED.map(|service| project.container(service).unwrap());
    for container in &containers {
        assert_eq!(container.health().unwrap(), "healthy");
        container.signal("STOP").unwrap();
    }
    for container in &containers {
        container.wait_for_health("unhealthy").unwrap();
        assert_eq!(container.inspect().unwrap()["State"]["Running"], true);
    }
    for container in &containers {
        container.signal("CONT").unwrap();
    }
    for container in &containers {
        container.wait_for_health("healthy").unwrap();
    }
}

#[test]
fn a_folder_or_secret_that_is_absent_is_named_and_not_made_up() {
    let project = ComposeProject::new(Docker::shared()).unwrap();
    let up = |service| project.compose(&["up", "--detach", "--no-deps", "--no-build", "--pull", "never", service]);
    std::fs::remove_dir(project.data().join("jaeger")).unwrap();
    let error = up("jaeger").unwrap_err().to_string();
    assert!(error.contains("bind source path does not exist"), "{error}");
    assert!(!project.data().join("jaeger").exists());
    let error = up("otel-collector").unwrap_err().to_string();
    assert!(error.contains("influxdb-telemetry-token"), "{error}");
    assert!(!project.data().join("secrets/influxdb-telemetry-token").exists());
}
