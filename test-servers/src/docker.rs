//! Docker for the tests, with images of the servers.

mod images;
mod project;

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread;

use rustix::process::geteuid;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tempfile::TempDir;

use crate::error::ServerError;
use crate::process::{Launch, ServerProcess, installed_at, setting};

pub use project::{ComposeProject, Container};

const SERVER: &str = "Docker";

/// A daemon that may be used, as Docker's own tools understand it.
const HOST_VARIABLE: &str = "DOCKER_HOST";
/// Docker's folder of settings and plugins.
const CONFIG_VARIABLE: &str = "DOCKER_CONFIG";
/// The Compose plugin.
const COMPOSE_VARIABLE: &str = "COMPOSE";

/// In namespaces of its own the daemon meets no other daemon's bridges and packet filters, every port is free, and what
/// it started and mounted is gone when it ends. Mounts are shared there, as systemd has them on a host.
const DAEMON: &str = r#"mount --make-rshared / && ip link set lo up && exec dockerd --host "unix://$1/docker.sock" --data-root "$1/data" \
--exec-root "$1/exec" --pidfile "$1/dockerd.pid" --cgroup-parent "/$(basename "$1")" \
--exec-opt native.cgroupdriver=cgroupfs"#;

/// Waits for the end of its stdin, then removes folders, though processes in them may be on their way out still, and the
/// control groups named like them.
const CLEANER: &str = r#"read -r _
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    left=
    for folder; do
        rm -rf "$folder" || left=1
        find /sys/fs/cgroup -depth -type d -path "*/$(basename "$folder")*" -exec rmdir {} + || left=1
    done
    [ "$left" ] || exit 0
    sleep 0.2
done"#;

static SHARED: LazyLock<Result<Docker, ServerError>> = LazyLock::new(|| {
    let docker = Docker::start()?;
    docker.import_images()?;
    Ok(docker)
});

/// A Docker daemon: a private one, or that of `DOCKER_HOST` where it is set.
///
/// A private one has a network of its own. What it publishes is reached from [`Docker::inside`] only, by the programs
/// started there as well.
pub struct Docker {
    host: OsString,
    /// The file of the network that it is in, and the file's path.
    network: Option<(File, PathBuf)>,
    // Dropped in this order: the daemon ends, then what is left of it is removed.
    _daemon: Option<ServerProcess>,
    config: TempDir,
    _cleaner: Cleaner,
}

impl Docker {
    /// The one of this test process, with all images.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[track_caller]
    pub fn shared() -> &'static Self {
        SHARED.as_ref().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts one, without images.
    ///
    /// # Errors
    /// Without root, unless `DOCKER_HOST` names a daemon.
    pub fn start() -> Result<Self, ServerError> {
        let config = compose_plugin()?;
        if let Some(host) = setting(HOST_VARIABLE) {
            let cleaner = Cleaner::start(&[config.path()]).map_err(system)?;
            return Ok(Self {
                host,
                network: None,
                _daemon: None,
                config,
                _cleaner: cleaner,
            });
        }
        if !geteuid().is_root() {
            return Err(ServerError::NotRoot);
        }
        let launch = |(): &(), folder: &Path| {
            let namespaces = [
                "--net",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child=KILL",
                "--mount-proc",
            ];
            let mut arguments: Vec<OsString> = namespaces.map(Into::into).to_vec();
            arguments.extend(["sh", "-c", DAEMON, "sh"].map(Into::into));
            arguments.push(folder.into());
            Ok(Launch {
                server: SERVER,
                program: "unshare".into(),
                arguments,
                variables: Vec::new(),
                working_directory: None,
            })
        };
        let answers = |(): &(), folder: &Path| docker(&host(folder), config.path(), ["version"]).is_ok();
        let (daemon, ()) = ServerProcess::start(SERVER, || Ok(()), launch, answers)?;
        let cleaner = Cleaner::start(&[daemon.folder(), config.path()]).map_err(system)?;
        let path = PathBuf::from(format!("/proc/{}/ns/net", daemon.id()?));
        let network = File::open(&path).map_err(system)?;
        Ok(Self {
            host: host(daemon.folder()),
            network: Some((network, path)),
            _daemon: Some(daemon),
            config,
            _cleaner: cleaner,
        })
    }

    /// Gives it the images of `monitor/compose.yaml`, made from the programs that the tests have, and that of Grafana's
    /// stub. Images of the same names that it has already are left as they are.
    pub fn import_images(&self) -> Result<(), ServerError> {
        images::import(self)
    }

    /// Writes the images of the monitor host into `folder`, each as `NAME.tar` with `/` and `:` of its name as `-`.
    /// Grafana's stub has Grafana's name there.
    ///
    /// # Errors
    /// Docker's, and those of the folder.
    pub fn save_images(&self, folder: &Path) -> Result<(), ServerError> {
        fs::create_dir_all(folder).map_err(system)?;
        for name in images::import_for_host(self)? {
            let archive = folder.join(name.replace(['/', ':'], "-") + ".tar");
            self.run([
                OsStr::new("save"),
                OsStr::new("--output"),
                archive.as_os_str(),
                OsStr::new(&name),
            ])?;
        }
        Ok(())
    }

    /// What makes Docker's tools, `docker compose` among them, use this daemon.
    pub fn environment(&self) -> [(&'static str, OsString); 2] {
        [
            (HOST_VARIABLE, self.host.clone()),
            (CONFIG_VARIABLE, self.config.path().into()),
        ]
    }

    /// Where `nsenter --net` goes to reach what a private daemon publishes.
    pub fn network(&self) -> Option<&Path> {
        self.network.as_ref().map(|(_, path)| path.as_path())
    }

    /// Runs `act` where the ports that it publishes are; on a thread of its own, since only that one and what is
    /// started from it goes there.
    ///
    /// # Panics
    /// As `act` does.
    pub fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        let Some((network, _)) = &self.network else {
            return act();
        };
        let run = || {
            if let Err(error) = move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)) {
                panic!("the network of the Docker daemon cannot be entered: {error}");
            }
            act()
        };
        thread::scope(|scope| scope.spawn(run).join().unwrap_or_else(|panic| resume_unwind(panic)))
    }

    /// Runs `docker` with these arguments; what it writes to stdout.
    pub fn run<Argument: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = Argument>,
    ) -> Result<String, ServerError> {
        docker(&self.host, self.config.path(), arguments)
    }

    /// `docker`, to be given arguments.
    fn command(&self) -> Command {
        command(&self.host, self.config.path())
    }
}

fn host(folder: &Path) -> OsString {
    let mut host = OsString::from("unix://");
    host.push(folder.join("docker.sock"));
    host
}

/// A folder for `DOCKER_CONFIG` that holds the Compose plugin.
fn compose_plugin() -> Result<TempDir, ServerError> {
    let compose = installed_at(COMPOSE_VARIABLE)?;
    let make = || {
        let config = tempfile::Builder::new().prefix("docker-config-").tempdir()?;
        let plugins = config.path().join("cli-plugins");
        fs::create_dir(&plugins)?;
        symlink(compose, plugins.join("docker-compose"))?;
        Ok(config)
    };
    make().map_err(system)
}

fn command(host: &OsStr, config: &Path) -> Command {
    let mut command = Command::new("docker");
    command
        .env(HOST_VARIABLE, host)
        .env(CONFIG_VARIABLE, config)
        .stdin(Stdio::null());
    command
}

fn docker<Argument: AsRef<OsStr>>(
    host: &OsStr,
    config: &Path,
    arguments: impl IntoIterator<Item = Argument>,
) -> Result<String, ServerError> {
    finish(command(host, config).args(arguments))
}

/// Runs a command to its end, which must be a success; what it writes to stdout.
fn finish(command: &mut Command) -> Result<String, ServerError> {
    let output = command.output().map_err(|cause| ServerError::Spawn {
        server: SERVER,
        program: command.get_program().into(),
        cause,
    })?;
    if !output.status.success() {
        return Err(ServerError::Command {
            command: format!("{command:?}"),
            status: output.status,
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn system(cause: io::Error) -> ServerError {
    ServerError::System { server: SERVER, cause }
}

/// Removes folders when it is dropped, and also when this process ends in any other way.
struct Cleaner(Child);

impl Cleaner {
    fn start(folders: &[&Path]) -> io::Result<Self> {
        Command::new("sh")
            .args(["-c", CLEANER, "sh"])
            .args(folders)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Self)
    }
}

impl Drop for Cleaner {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // Failing, it has ended already.
        let _ = self.0.wait();
    }
}
