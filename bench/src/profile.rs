//! What a request takes besides time: system calls, counted by strace, and allocations, counted by valgrind. Both slow the
//! programs down; the counts stay what they are.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::BenchError;
use crate::load::{Loadgen, Method};
use crate::plan::Plan;
use crate::samples::Samples;
use crate::servers::{self, Server};

/// Requests of the shorter and of the longer run: start and end are in both.
const REQUESTS: [u32; 2] = [500, 2500];

const PATIENCE: Duration = Duration::from_secs(60);

/// What mimalloc gives to Rust.
const ALLOCATORS: [&str; 3] = ["mi_malloc_aligned", "mi_zalloc_aligned", "mi_realloc_aligned"];

pub(crate) fn measure(plan: &Plan, samples: &mut Samples) -> Result<(), BenchError> {
    let folder = tempfile::tempdir().map_err(BenchError::system("no folder for counts"))?;
    let dynamodb = test_servers::DynamoDbLocal::start_for_load()?;
    let loadgen = Loadgen::new(plan)?;
    let service = Server::service(plan, &dynamodb, &[])?;
    service.create("1")?;
    loadgen.saturate(&service.url("/items/1"), Method::Get, Duration::from_secs(3))?;

    let strace = folder.path().join("strace");
    samples.add("profile.service.get.syscalls", of_service(&strace, &loadgen, &service)?);
    let nginx = Server::nginx()?;
    let count = |requests: u32| {
        let mut command = Command::new("strace");
        command
            .args(["-c", "-f", "-o"])
            .arg(&strace)
            .arg(plan.program("loadgen")?);
        generate(&mut command, &nginx.url("/"), requests)?;
        system_calls(&strace)
    };
    samples.add("profile.loadgen.syscalls", of_each(count)?);

    let calls = folder.path().join("callgrind");
    let count = |requests: u32| {
        let port = servers::free_port()?;
        let mut command = valgrind(&calls);
        command
            .arg(plan.program("service")?)
            .envs(servers::aws(&dynamodb))
            .env("RUST_LOG", "warn");
        command.args(["--store", "dynamodb", "--listen", &format!("127.0.0.1:{port}")]);
        let mut child = spawn(&mut command)?;
        let url = format!("http://127.0.0.1:{port}/items/1");
        let begun = Instant::now();
        while servers::client().get(&url).send().is_err() {
            if begun.elapsed() > PATIENCE {
                let _ = child.kill();
                return Err(BenchError::Wrong("the service did not start under valgrind".to_owned()));
            }
            thread::sleep(Duration::from_millis(100));
        }
        let iterations = requests.to_string();
        let arguments = ["--vus", "4", "--iterations", &iterations, "--no-trace-headers"];
        let run = loadgen.run(&url, &arguments, PATIENCE);
        end(&mut child, Signal::TERM)?;
        run?;
        allocations(&calls)
    };
    // Not of loadgen: it reads the clock by itself, from what valgrind hides.
    samples.add("profile.service.get.allocations", of_each(count)?);
    Ok(())
}

/// What each request adds to a count.
fn of_each(count: impl Fn(u32) -> Result<f64, BenchError>) -> Result<f64, BenchError> {
    let [few, many] = REQUESTS;
    Ok((count(many)? - count(few)?) / f64::from(many - few))
}

/// strace is attached, so that the start is not counted.
fn of_service(file: &Path, loadgen: &Loadgen, service: &Server) -> Result<f64, BenchError> {
    let mut command = Command::new("strace");
    command
        .args(["-c", "-f", "-p", &service.worker().to_string(), "-o"])
        .arg(file);
    let mut strace = spawn(&mut command)?;
    thread::sleep(Duration::from_secs(1));
    let run = loadgen.saturate(&service.url("/items/1"), Method::Get, Duration::from_secs(4));
    end(&mut strace, Signal::INT)?;
    Ok(system_calls(file)? / run?.requests())
}

fn generate(command: &mut Command, url: &str, requests: u32) -> Result<(), BenchError> {
    let requests = requests.to_string();
    command.args(["run", url, "--vus", "10", "--iterations", &requests, "--quiet"]);
    crate::usage::run("loadgen", command).map(drop)
}

fn valgrind(file: &Path) -> Command {
    let mut out = std::ffi::OsString::from("--callgrind-out-file=");
    out.push(file);
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--tool=callgrind"]).arg(out);
    command
}

fn spawn(command: &mut Command) -> Result<Child, BenchError> {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    child.map_err(BenchError::system(format!("{:?}", command.get_program())))
}

fn end(child: &mut Child, signal: Signal) -> Result<(), BenchError> {
    // Failing, it has ended already.
    let _ = kill_process(Pid::from_child(child), signal);
    child
        .wait()
        .map_err(BenchError::system("a program did not end"))
        .map(drop)
}

/// The calls of all kinds in strace's table.
fn system_calls(file: &Path) -> Result<f64, BenchError> {
    let table = fs::read_to_string(file).map_err(BenchError::system("strace left no table"))?;
    let total = table.lines().rev().find(|line| line.ends_with("total"));
    // Share, seconds, microseconds of each (which some versions leave out), calls, errors where there were any.
    let words: Vec<_> = total.map(|line| line.split_whitespace().collect()).unwrap_or_default();
    let calls = words
        .iter()
        .skip(2)
        .filter_map(|word| word.parse::<f64>().ok())
        .reduce(f64::max);
    calls.ok_or_else(|| BenchError::Wrong("strace counted nothing".to_owned()))
}

/// Calls of the allocator in callgrind's output: names come with a number at first, which stands for them later.
fn allocations(file: &Path) -> Result<f64, BenchError> {
    let text = fs::read_to_string(file).map_err(BenchError::system("valgrind left no counts"))?;
    let mut names: HashMap<&str, &str> = HashMap::new();
    let mut is_allocator = false;
    let mut calls = 0.0;
    for line in text.lines() {
        let (key, value) = line.split_once('=').unwrap_or_default();
        if ["fn", "cfn"].contains(&key) {
            let (number, name) = value.split_once(' ').unwrap_or((value, ""));
            let name = if name.is_empty() {
                names.get(number).copied().unwrap_or_default()
            } else {
                names.insert(number, name);
                name
            };
            is_allocator = key == "cfn" && ALLOCATORS.contains(&name);
        } else if key == "calls" && is_allocator {
            let count = value.split(' ').next().and_then(|count| count.parse::<f64>().ok());
            calls += count.unwrap_or_default();
        }
    }
    if calls > 0.0 {
        Ok(calls)
    } else {
        Err(BenchError::Wrong(
            "valgrind saw no allocation; is the program stripped?".to_owned(),
        ))
    }
}
