//! The service's binary: started, talked to, stopped.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use reqwest::blocking::{Client, RequestBuilder};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use test_servers::poll;

use crate::answer::Answer;
use crate::raw_connection::{PATIENCE, RawConnection};

/// A command line of the service in an environment of its own.
pub(crate) struct ServiceCommand(Command);

impl ServiceCommand {
    /// Serves on a free port of this machine and leaves no files; nothing of this process's environment reaches it.
    pub(crate) fn new() -> Self {
        Self::bare()
            .env("LISTEN_ADDR", "127.0.0.1:0")
            .env("DATA_DIR", ":memory:")
    }

    /// Without any setting.
    pub(crate) fn bare() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_service"));
        command
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self(command).env("AWS_EC2_METADATA_DISABLED", "true")
    }

    pub(crate) fn arg(self, arg: &str) -> Self {
        self.args([arg])
    }

    pub(crate) fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.0.args(args);
        self
    }

    pub(crate) fn env(mut self, variable: &str, value: &str) -> Self {
        self.0.env(variable, value);
        self
    }

    pub(crate) fn without_env(mut self, variable: &str) -> Self {
        self.0.env_remove(variable);
        self
    }

    /// Starts it and waits until it serves.
    #[track_caller]
    pub(crate) fn start(self) -> RunningService {
        let process = Process::spawn(self.0);
        let mut service = RunningService {
            process,
            address: SocketAddr::from(([0; 4], 0)),
            client: client(),
        };
        let line = service.process.poll("the line that it serves", |process| {
            process
                .log_lines()
                .into_iter()
                .find(|line| line["message"] == "serving")
        });
        service.address = line["address"].as_str().unwrap().parse().unwrap();
        service
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Finished {
        Process::spawn(self.0).finish()
    }
}

/// What a run of the service left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<String>,
    pub(crate) stderr: Vec<String>,
}

impl Finished {
    /// Asserts the exit code and that stderr holds one line, with these parts.
    #[track_caller]
    pub(crate) fn is_refused(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        let [line] = self.stderr.as_slice() else {
            panic!("not one line: {self:?}");
        };
        assert!(line.starts_with("error: "), "{line}");
        assert!(line.len() < 400, "too long to read: {line}");
        for part in parts {
            assert!(line.contains(part), "no {part:?} in {line:?}");
        }
    }
}

fn client() -> Client {
    let no_redirects = reqwest::redirect::Policy::none();
    test_servers::client_builder()
        .redirect(no_redirects)
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

/// A service that serves; killed when dropped.
pub(crate) struct RunningService {
    process: Process,
    pub(crate) address: SocketAddr,
    client: Client,
}

impl RunningService {
    /// A request that can be changed before it goes out through [`RunningService::send`].
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.address);
        self.client.request(method.parse().unwrap(), url)
    }

    #[track_caller]
    pub(crate) fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().unwrap_or_else(|error| panic!("{error:?}"));
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().unwrap().into(),
        }
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path))
    }

    #[track_caller]
    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send(self.request("DELETE", path))
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request("POST", path).json(body))
    }

    #[track_caller]
    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request("PUT", path).json(body))
    }

    /// A connection of its own.
    #[track_caller]
    pub(crate) fn connect(&self) -> RawConnection {
        RawConnection::open(self.address).unwrap()
    }

    /// The log so far, one JSON object a line.
    #[track_caller]
    pub(crate) fn log_lines(&self) -> Vec<Value> {
        self.process.log_lines()
    }

    /// Waits for a log line of this message.
    #[track_caller]
    pub(crate) fn wait_for_log(&self, message: &str) -> Value {
        poll(message, || {
            self.log_lines().into_iter().find(|line| line["message"] == message)
        })
    }

    /// All it wrote so far, to stdout and stderr.
    pub(crate) fn output(&self) -> String {
        [self.process.stdout.lines(), self.process.stderr.lines()]
            .concat()
            .join("\n")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.process.child)
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> Finished {
        self.process.finish()
    }
}

struct Process {
    child: Child,
    guard: Child,
    stdout: Output,
    stderr: Output,
}

impl Process {
    fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let guard = guard(&child);
        let stdout = Output::read(child.stdout.take().unwrap());
        let stderr = Output::read(child.stderr.take().unwrap());
        Self {
            child,
            guard,
            stdout,
            stderr,
        }
    }

    #[track_caller]
    fn log_lines(&self) -> Vec<Value> {
        let json = |line: &String| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        self.stdout.lines().iter().map(json).collect()
    }

    /// Asks until there is an answer or the process ends.
    #[track_caller]
    fn poll<T>(&mut self, what: &str, mut ask: impl FnMut(&Self) -> Option<T>) -> T {
        poll(what, || {
            let ended = self.child.try_wait().unwrap();
            ask(self).or_else(|| {
                let status = ended?;
                panic!("ended ({status}) before {what}: {:?}", self.finish());
            })
        })
    }

    /// Waits for its end.
    #[track_caller]
    fn finish(&mut self) -> Finished {
        Finished {
            code: poll("the end of the service", || self.child.try_wait().unwrap()).code(),
            stdout: self.stdout.finish(),
            stderr: self.stderr.finish(),
        }
    }
}

/// Ends the service if this process is killed: then the guard's stdin closes.
fn guard(service: &Child) -> Child {
    Command::new("sh")
        .args(["-c", "read -r _; kill -9 \"$1\"", "sh", &service.id().to_string()])
        .process_group(0)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap()
}

impl Drop for Process {
    fn drop(&mut self) {
        // Failing, they have ended already. The guard goes first: later the service's id may be another process's.
        for process in [&mut self.guard, &mut self.child] {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The lines of a pipe, read as they come.
struct Output {
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<thread::JoinHandle<()>>,
}

impl Output {
    fn read(pipe: impl Read + Send + 'static) -> Self {
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let write = Arc::clone(&lines);
        let reader = thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                write.lock().unwrap().push(line);
            }
        });
        Self {
            lines,
            reader: Some(reader),
        }
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    fn finish(&mut self) -> Vec<String> {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.lines()
    }
}
