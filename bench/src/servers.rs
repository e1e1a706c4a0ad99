//! The servers under load.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::blocking::Client;
use rustix::process::{Pid, Signal, kill_process};
use test_servers::{DynamoDbLocal, Launch, ServerProcess};

use crate::error::BenchError;
use crate::load::Run;
use crate::plan::{Plan, repository};
use crate::usage;

/// For the answer of a server that runs.
const LONGEST_ANSWER: Duration = Duration::from_secs(10);

/// What nginx answers: as long as an item.
const BODY: &str = r#"{"id":"1","name":"abcdefg"}"#;

/// A server on a port of its own, gone when dropped.
pub(crate) struct Server {
    process: ServerProcess,
    port: u16,
    /// Which process does the work.
    worker: u32,
}

impl Drop for Server {
    fn drop(&mut self) {
        // A worker outlives its master where that is killed.
        if self.process.id().is_ok_and(|master| master != self.worker) {
            // Failing, it is killed as any other.
            let _ = self.process.stop();
        }
    }
}

impl Server {
    /// The service on DynamoDB.
    pub(crate) fn service(
        plan: &Plan,
        dynamodb: &DynamoDbLocal,
        variables: &[(&'static str, &str)],
    ) -> Result<Self, BenchError> {
        let mut all = aws(dynamodb);
        all.extend(variables.iter().map(|(name, value)| (*name, OsString::from(value))));
        let arguments = ["--store", "dynamodb", "--create-table"];
        Self::start_service(plan, &arguments, all)
    }

    /// The service on its embedded store.
    pub(crate) fn embedded(plan: &Plan, data_dir: &str) -> Result<Self, BenchError> {
        Self::start_service(plan, &["--store", "embedded", "--data-dir", data_dir], Vec::new())
    }

    /// The service on its embedded store in memory, exporting spans.
    pub(crate) fn traced(plan: &Plan, otlp_endpoint: &str) -> Result<Self, BenchError> {
        let variables = vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", otlp_endpoint.into()),
            ("OTEL_METRICS_EXPORTER", "none".into()),
        ];
        Self::start_service(plan, &["--store", "embedded", "--data-dir", ":memory:"], variables)
    }

    fn start_service(
        plan: &Plan,
        arguments: &[&str],
        mut variables: Vec<(&'static str, OsString)>,
    ) -> Result<Self, BenchError> {
        variables.push(("RUST_LOG", "warn".into()));
        let program = plan.program("service")?;
        Self::start("the service", variables, |port| {
            let mut all = vec![program.clone().into(), "--listen".into(), local(port).into()];
            all.extend(arguments.iter().map(Into::into));
            all
        })
    }

    /// The Express service with this AWS SDK, `v3` or `v2`.
    pub(crate) fn express(sdk: &str, dynamodb: &DynamoDbLocal) -> Result<Self, BenchError> {
        let port = free_port()?;
        let mut variables = aws(dynamodb);
        variables.extend([
            ("NODE_ENV", "production".into()),
            ("TABLE_NAME", "items".into()),
            ("AWS_SDK", sdk.into()),
            ("PORT", port.to_string().into()),
        ]);
        let script = express()?.join("server.js");
        Self::start_on("Express", port, variables, |_| {
            vec!["node".into(), script.clone().into()]
        })
    }

    /// axum, or hyper alone.
    pub(crate) fn limit(plan: &Plan, framework: &str) -> Result<Self, BenchError> {
        let program = plan.program("axum-peer")?;
        Self::start("the axum peer", Vec::new(), |port| {
            vec![program.clone().into(), local(port).into(), framework.into()]
        })
    }

    /// nginx with one worker, which answers with a file of 27 bytes.
    pub(crate) fn nginx() -> Result<Self, BenchError> {
        let choose = test_servers::free_port;
        let launch = |port: &u16, folder: &Path| {
            // Its worker is another user's when it is started by root.
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
            fs::write(folder.join("index.html"), BODY)?;
            let configuration = folder.join("nginx.conf");
            fs::write(&configuration, nginx_configuration(folder, *port))?;
            Ok(Launch {
                server: "nginx",
                program: "nginx".into(),
                arguments: vec![
                    "-e".into(),
                    folder.join("error.log").into(),
                    "-c".into(),
                    configuration.into(),
                ],
                variables: Vec::new(),
                working_directory: None,
            })
        };
        let (process, port) = ServerProcess::start("nginx", choose, launch, |port, _| answers(*port))?;
        let worker = usage::child_of(process.id()?)?;
        Ok(Self { process, port, worker })
    }

    fn start(
        name: &'static str,
        variables: Vec<(&'static str, OsString)>,
        command: impl Fn(u16) -> Vec<OsString>,
    ) -> Result<Self, BenchError> {
        Self::start_on(name, free_port()?, variables, command)
    }

    fn start_on(
        server: &'static str,
        port: u16,
        variables: Vec<(&'static str, OsString)>,
        command: impl Fn(u16) -> Vec<OsString>,
    ) -> Result<Self, BenchError> {
        let launch = |port: &u16, _: &Path| {
            let mut command = command(*port).into_iter();
            Ok(Launch {
                server,
                program: command.next().unwrap_or_default().into(),
                arguments: command.collect(),
                variables: variables.clone(),
                working_directory: None,
            })
        };
        let (process, port) = ServerProcess::start(server, || Ok(port), launch, |port, _| answers(*port))?;
        let worker = process.id()?;
        Ok(Self { process, port, worker })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", local(self.port))
    }

    /// Which process does the work.
    pub(crate) fn worker(&self) -> u32 {
        self.worker
    }

    pub(crate) fn cpu_seconds(&self) -> Result<f64, BenchError> {
        usage::cpu_seconds(self.worker)
    }

    /// Does a run; gives the CPU time that the server took for each of its requests, in microseconds, too.
    pub(crate) fn under(&self, run: impl FnOnce() -> Result<Run, BenchError>) -> Result<(Run, f64), BenchError> {
        let before = self.cpu_seconds()?;
        let run = run()?;
        let taken = self.cpu_seconds()? - before;
        let cpu_us = taken / run.requests() * 1e6;
        Ok((run, cpu_us))
    }

    pub(crate) fn peak_mb(&self) -> Result<f64, BenchError> {
        usage::peak_mb(self.worker)
    }

    /// Opens a connection.
    pub(crate) fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(LONGEST_ANSWER))?;
        Ok(stream)
    }

    /// Stops the process that does the work: its port takes connections, and nothing is answered.
    pub(crate) fn pause(&self) -> Result<(), BenchError> {
        self.signal(Signal::STOP)
    }

    /// Ends [`Server::pause`].
    pub(crate) fn resume(&self) -> Result<(), BenchError> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<(), BenchError> {
        let refused = |cause: rustix::io::Errno| BenchError::system("a server could not be stopped")(cause.into());
        let id = Pid::from_raw(self.worker as i32).ok_or_else(|| BenchError::Wrong("no process".to_owned()))?;
        kill_process(id, signal).map_err(refused)
    }

    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    /// Creates an item.
    pub(crate) fn create(&self, id: &str) -> Result<(), BenchError> {
        let body = format!(r#"{{"id":"{id}","name":"First"}}"#);
        self.expect(reqwest::Method::POST, "/items", Some(&body), 201)
    }

    /// Asks and fails when the answer has another status.
    pub(crate) fn expect(
        &self,
        method: reqwest::Method,
        path: &str,
        json: Option<&str>,
        status: u16,
    ) -> Result<(), BenchError> {
        let mut request = client().request(method.clone(), self.url(path));
        if let Some(json) = json {
            request = request.header("content-type", "application/json").body(json.to_owned());
        }
        let answer = request.send()?.status().as_u16();
        if answer == status {
            Ok(())
        } else {
            let what = format!("{method} {} was answered with {answer}, not {status}", self.url(path));
            Err(BenchError::Wrong(what))
        }
    }
}

/// Asks the servers of this machine.
///
/// # Panics
/// Where the system has no threads left.
pub(crate) fn client() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| match test_servers::client_builder().build() {
        Ok(client) => client,
        Err(error) => panic!("no HTTP client can be made: {error}"),
    })
}

/// The folder of the Express service, with its packages.
pub(crate) fn express() -> Result<std::path::PathBuf, BenchError> {
    let folder = repository().join("bench/peers/express");
    let modified = |path: &str| fs::metadata(folder.join(path)).and_then(|file| file.modified()).ok();
    if modified("node_modules/.package-lock.json") < modified("package-lock.json") {
        eprintln!("Getting the packages of the Express service");
        usage::run(
            "npm",
            Command::new("npm").args(["ci", "--silent", "--prefix"]).arg(&folder),
        )?;
    }
    Ok(folder)
}

/// What the SDKs need to find DynamoDB Local.
pub(crate) fn aws(dynamodb: &DynamoDbLocal) -> Vec<(&'static str, OsString)> {
    vec![
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint().into()),
        ("AWS_REGION", "us-east-1".into()),
        ("AWS_ACCESS_KEY_ID", "bench".into()),
        ("AWS_SECRET_ACCESS_KEY", "bench".into()),
    ]
}

/// A free port of 127.0.0.1.
pub(crate) fn free_port() -> Result<u16, BenchError> {
    test_servers::free_port().map_err(BenchError::system("no port is free"))
}

fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

fn answers(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        && client().get(format!("http://{}/", local(port))).send().is_ok()
}

fn nginx_configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "worker_processes 1;
        worker_rlimit_nofile 30000;
        daemon off;
        pid {folder}/nginx.pid;
        error_log {folder}/error.log;
        events {{ worker_connections 25000; }}
        http {{
            access_log off;
            keepalive_requests 1000000000;
            client_body_temp_path {folder}/body;
            proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/fastcgi;
            uwsgi_temp_path {folder}/uwsgi;
            scgi_temp_path {folder}/scgi;
            server {{ listen 127.0.0.1:{port} backlog=20000; location / {{ root {folder}; }} }}
        }}
        "
    )
}
