//! Nothing is left of a private daemon and its containers, however the process that started it ends.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use test_servers::{ComposeProject, Docker, poll};

#[test]
fn a_project_that_is_dropped_leaves_nothing_in_the_daemon() {
    let docker = Docker::shared();
    let label;
    let data;
    {
        let project = ComposeProject::new(docker).unwrap();
        label = format!("label=com.docker.compose.project={}", project.name());
        data = project.data().to_owned();
        project
            .compose(&["up", "--detach", "--no-deps", "--no-build", "--pull", "never", "jaeger"])
            .unwrap();
        assert!(!docker.run(["ps", "--quiet", "--filter", &label]).unwrap().is_empty());
    }
    assert_eq!(docker.run(["ps", "--all", "--quiet", "--filter", &label]).unwrap(), "");
    assert_eq!(
        docker.run(["network", "ls", "--quiet", "--filter", &label]).unwrap(),
        ""
    );
    assert!(!data.exists());
}

#[test]
fn a_private_daemon_ends_with_a_process_that_is_killed() {
    let temporary = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_test-servers"))
        .arg("docker")
        .env("TMPDIR", temporary.path())
        .env_remove("DOCKER_HOST")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let line = BufReader::new(program.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap)
        .find(|line| line.starts_with("export DOCKER_HOST="))
        .unwrap();
    let host = line.split_once('=').unwrap().1.trim_matches('\'').to_owned();
    let docker = |arguments: &[&str]| {
        let mut command = Command::new("docker");
        let status = command
            .env("DOCKER_HOST", &host)
            .args(arguments)
            .stdout(Stdio::null())
            .status();
        status.unwrap().success()
    };
    // A container that goes on for ever, were it not for the end of its daemon.
    assert!(docker(&[
        "run",
        "--detach",
        "--entrypoint",
        "/bin/busybox",
        "influxdb:2.7.12",
        "tail",
        "-f",
        "/dev/null"
    ]));
    // Of unix:///tmp/FOLDER/docker.sock.
    let folder = host.rsplit('/').nth(1).unwrap();
    assert!(is_mentioned_by_a_process(folder));
    program.kill().unwrap();
    program.wait().unwrap();
    poll("the end of the daemon", || {
        (!is_mentioned_by_a_process(folder)).then_some(())
    });
    poll("empty folders", || {
        (temporary.path().read_dir().unwrap().count() == 0).then_some(())
    });
    poll("no control group", || {
        let groups = fs::read_dir("/sys/fs/cgroup").unwrap();
        let left = groups.flatten().any(|group| group.path().join(folder).exists());
        (!left && !Path::new("/sys/fs/cgroup").join(folder).exists()).then_some(())
    });
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(folder), "{mounts}");
}

fn is_mentioned_by_a_process(word: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut command_lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    command_lines.any(|line| String::from_utf8_lossy(&line).contains(word))
}
