//! DynamoDB Local, in memory or on disk.

use std::ffi::OsString;
use std::path::Path;
use std::sync::LazyLock;

use reqwest::blocking::Client;

use crate::error::ServerError;
use crate::http;
use crate::port;
use crate::process::{Launch, ServerProcess, installed_at};

const SERVER: &str = "DynamoDB Local";

/// Folder whose `lib` holds DynamoDB Local.
const HOME_VARIABLE: &str = "DYNAMODB_LOCAL_HOME";

/// Settings of Java for tests, which ask little of it and wait for its start.
const QUICK_TO_START: &[&str] = &["-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];

static SHARED: LazyLock<Result<DynamoDbLocal, ServerError>> = LazyLock::new(DynamoDbLocal::start);

/// DynamoDB Local.
pub struct DynamoDbLocal {
    process: ServerProcess,
    port: u16,
    client: Client,
}

impl DynamoDbLocal {
    /// The one of this test process.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[track_caller]
    pub fn shared() -> &'static Self {
        SHARED.as_ref().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts one in memory: what it holds is gone when it is stopped. Takes some seconds.
    pub fn start() -> Result<Self, ServerError> {
        Self::launch(QUICK_TO_START, |_| vec!["-inMemory".into()])
    }

    /// Starts one that has its data in its folder, where they outlive a restart.
    pub fn start_on_disk() -> Result<Self, ServerError> {
        Self::launch(QUICK_TO_START, |folder| vec!["-dbPath".into(), folder.into()])
    }

    /// Starts one in memory that is slow to warm up and fast then, as measurements want it.
    pub fn start_for_load() -> Result<Self, ServerError> {
        Self::launch(&[], |_| vec!["-inMemory".into()])
    }

    fn launch(of_java: &[&str], place: impl Fn(&Path) -> Vec<OsString>) -> Result<Self, ServerError> {
        let home = installed_at(HOME_VARIABLE)?;
        let client = http::client();
        let launch = |port: &u16, folder: &Path| {
            let mut arguments: Vec<OsString> = of_java.iter().map(Into::into).collect();
            // It unpacks its native library there.
            let mut temporary = OsString::from("-Djava.io.tmpdir=");
            temporary.push(folder);
            arguments.push(temporary);
            arguments.extend(["-Djava.library.path=lib", "-cp", "lib/*"].map(Into::into));
            arguments.push("com.amazonaws.services.dynamodbv2.local.main.ServerRunner".into());
            arguments.extend(place(folder));
            arguments.extend(["-sharedDb", "-port"].map(Into::into));
            arguments.push(port.to_string().into());
            Ok(Launch {
                server: SERVER,
                program: "java".into(),
                arguments,
                variables: Vec::new(),
                working_directory: Some(home.clone()),
            })
        };
        let (process, port) = ServerProcess::start(SERVER, port::free, launch, |port, _| is_dynamodb(&client, *port))?;
        Ok(Self { process, port, client })
    }

    /// Where it answers, for `AWS_ENDPOINT_URL_DYNAMODB`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it without a chance to save anything (SIGKILL).
    pub fn kill(&mut self) -> Result<(), ServerError> {
        self.process.kill()
    }

    /// Starts it again with the same port, once it was killed.
    pub fn restart(&mut self) -> Result<(), ServerError> {
        self.process.restart(|| is_dynamodb(&self.client, self.port))
    }

    /// Makes it hang (SIGSTOP): connections are accepted, nothing is answered.
    pub fn pause(&self) -> Result<(), ServerError> {
        self.process.pause()
    }

    /// Ends [`DynamoDbLocal::pause`].
    pub fn resume(&self) -> Result<(), ServerError> {
        self.process.resume()
    }

    /// Its process, whose CPU time is measured.
    pub fn process(&self) -> &ServerProcess {
        &self.process
    }
}

fn is_dynamodb(client: &Client, port: u16) -> bool {
    let answer = client.get(format!("http://127.0.0.1:{port}/")).send();
    answer.is_ok_and(|answer| answer.headers().contains_key("x-amzn-requestid"))
}
