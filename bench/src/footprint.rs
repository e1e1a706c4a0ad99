//! How soon servers are ready, what they hold at rest, how large the programs are, and what a request and its answer weigh.

use std::ffi::OsString;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use test_servers::DynamoDbLocal;

use crate::error::BenchError;
use crate::load::{Loadgen, Method};
use crate::plan::Plan;
use crate::samples::Samples;
use crate::servers::{self, Server};
use crate::usage;

const PATIENCE: Duration = Duration::from_secs(30);
/// Short beside what is measured.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// As `monitor/compose.yaml` calls it.
const IMAGE: &str = concat!("marketboro/service:", env!("CARGO_PKG_VERSION"), "-embedded");

pub(crate) fn measure(plan: &Plan, samples: &mut Samples) -> Result<(), BenchError> {
    for program in ["service", "loadgen"] {
        let path = plan.program(program)?;
        let size = fs::metadata(&path).map_err(BenchError::system(program))?.len();
        samples.add(format!("{program}.binary_mb"), size as f64 / 1e6);
    }
    start_times(plan, samples)?;
    if plan.quick {
        return Ok(());
    }
    if let Some(size) = image_size() {
        samples.add("service.image_mb", size);
    }
    let dynamodb = DynamoDbLocal::start_for_load()?;
    let loadgen = Loadgen::new(plan)?;
    for _ in 0..plan.rounds(3) {
        let server = Server::service(plan, &dynamodb, &[])?;
        thread::sleep(Duration::from_secs(1));
        samples.add("service.memory.rest_mb", usage::resident_mb(server.worker())?);
        let url = server.url("/healthz");
        loadgen.run(&url, &["--vus", "1000"], Duration::from_secs(3))?;
        let open = open_connections(&server, 1000)?;
        samples.add(
            "service.memory.1000_connections_mb",
            usage::resident_mb(server.worker())?,
        );
        drop(open);
    }
    let server = Server::service(plan, &dynamodb, &[])?;
    server.create("1")?;
    for method in Method::BOTH {
        let arguments = [method.arguments(), &["--iterations", "100", "--vus", "1"]].concat();
        let run = loadgen.run(&server.url("/items/1"), &arguments, PATIENCE)?;
        let name = method.name();
        samples.add(
            format!("service.{name}.request_bytes"),
            run.figure("/bytes_sent") / run.requests(),
        );
        samples.add(
            format!("service.{name}.answer_bytes"),
            run.figure("/bytes_received") / run.requests(),
        );
    }
    Ok(())
}

/// From the start of the process to the first 200; on an empty embedded store for the service.
fn start_times(plan: &Plan, samples: &mut Samples) -> Result<(), BenchError> {
    let (service, axum, express) = (
        plan.program("service")?,
        plan.program("axum-peer")?,
        servers::express()?,
    );
    for _ in 0..5 {
        let folder = tempfile::tempdir().map_err(BenchError::system("no folder for a store"))?;
        let port = servers::free_port()?;
        let address: OsString = format!("127.0.0.1:{port}").into();
        let mut command = Command::new(&service);
        command.env("STORE", "embedded").env("RUST_LOG", "warn");
        command
            .arg("--data-dir")
            .arg(folder.path())
            .arg("--listen")
            .arg(&address);
        samples.add(
            "service.ready_ms",
            time_to_answer(&mut command, port, "/readyz", "200")?,
        );
        if plan.quick {
            continue;
        }
        let port = servers::free_port()?;
        let mut command = Command::new(&axum);
        command.args([format!("127.0.0.1:{port}").as_str(), "axum"]);
        samples.add("axum.ready_ms", time_to_answer(&mut command, port, "/items/1", "200")?);
        let port = servers::free_port()?;
        let mut command = Command::new("node");
        command.arg(express.join("server.js")).env("PORT", port.to_string());
        command
            .env("AWS_SDK", "v3")
            .env("AWS_REGION", "us-east-1")
            .env("NODE_ENV", "production");
        samples.add("express_v3.ready_ms", time_to_answer(&mut command, port, "/", "404")?);
    }
    Ok(())
}

fn time_to_answer(command: &mut Command, port: u16, path: &str, status: &str) -> Result<f64, BenchError> {
    let begun = Instant::now();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut child = Kept(child.map_err(BenchError::system("a server could not be started"))?);
    while !is_answered(port, path, status) {
        if let Ok(Some(status)) = child.0.try_wait() {
            return Err(BenchError::Wrong(format!(
                "a server ended ({status}) before it was ready"
            )));
        }
        if begun.elapsed() > PATIENCE {
            return Err(BenchError::Wrong("a server was not ready within 30 s".to_owned()));
        }
        thread::sleep(POLL_INTERVAL);
    }
    Ok(begun.elapsed().as_secs_f64() * 1e3)
}

fn is_answered(port: u16, path: &str, status: &str) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with(&format!("HTTP/1.1 {status}")))
}

/// Ended when dropped.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        // Failing, it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Connections that have been used once and stay open.
fn open_connections(server: &Server, count: usize) -> Result<Vec<TcpStream>, BenchError> {
    let open = || {
        let mut stream = server.connect()?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
        let mut beginning = [0; 12];
        stream.read_exact(&mut beginning)?;
        Ok(stream)
    };
    (0..count)
        .map(|_| open().map_err(BenchError::system("a connection")))
        .collect()
}

/// Size in MB of the service's image, where `make images` has built it.
fn image_size() -> Option<f64> {
    let mut docker = Command::new("docker");
    let output = docker
        .args(["image", "inspect", "--format", "{{.Size}}", IMAGE])
        .output()
        .ok()?;
    let bytes: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().ok()?;
    Some(bytes / 1e6)
}
