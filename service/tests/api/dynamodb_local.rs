//! DynamoDB Local, started once for all tests of this process.

use std::io::{BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use crate::http_message::Message;

/// Folder whose `lib` holds DynamoDB Local.
const HOME_VARIABLE: &str = "DYNAMODB_LOCAL_HOME";

/// Its JVM takes some seconds to start, more on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Ends Java when stdin closes, and it closes with the process that holds its other end, however that ends.
const SUPERVISOR: &str = r#"java -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Djava.library.path=lib -cp 'lib/*' \
    com.amazonaws.services.dynamodbv2.local.main.ServerRunner -inMemory -sharedDb -port "$1" >&2 &
    cat; kill -9 $!"#;

static SERVER: LazyLock<Result<Server, String>> = LazyLock::new(Server::start);

struct Server {
    port: u16,
    /// Ends when its stdin is closed, at the latest by the end of this process.
    _supervisor: Child,
}

/// Where DynamoDB Local answers.
#[track_caller]
pub(crate) fn endpoint() -> String {
    format!("http://127.0.0.1:{}", port())
}

/// Its port on 127.0.0.1.
#[track_caller]
pub(crate) fn port() -> u16 {
    match &*SERVER {
        Ok(server) => server.port,
        Err(reason) => panic!("{reason}"),
    }
}

impl Server {
    fn start() -> Result<Self, String> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a setting of the tests, which have no settings module"
        )]
        let home = std::env::var_os(HOME_VARIABLE).map(PathBuf::from).ok_or_else(|| {
            format!("{HOME_VARIABLE} is not set; run make test, or first: eval \"$(make -s test-env)\"")
        })?;
        // Between finding a free port and its use another program may take it: then try the next.
        (0..3).find_map(|_| Self::start_on(&home, free_port()?)).ok_or_else(|| {
            format!(
                "DynamoDB Local in {} does not start; its output says why",
                home.display()
            )
        })
    }

    fn start_on(home: &PathBuf, port: u16) -> Option<Self> {
        let supervisor = Command::new("sh")
            .args(["-c", SUPERVISOR, "sh", &port.to_string()])
            .current_dir(home)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .ok()?;
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            if is_dynamodb(port) {
                return Some(Self {
                    port,
                    _supervisor: supervisor,
                });
            }
            thread::sleep(Duration::from_millis(50));
        }
        None
    }
}

fn free_port() -> Option<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
    Some(listener.local_addr().ok()?.port())
}

fn is_dynamodb(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(START_TIMEOUT))?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
        Message::read(&mut BufReader::new(stream), true)
    };
    ask().is_ok_and(|answer| answer.is_some_and(|answer| answer.header("x-amzn-requestid").is_some()))
}
