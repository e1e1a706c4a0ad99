//! InfluxDB 2, set up as on the monitor host: organisation, buckets, scoped tokens.

mod series;

use std::path::Path;
use std::sync::LazyLock;

use reqwest::blocking::{Client, RequestBuilder};
use reqwest::header::AUTHORIZATION;
use serde_json::{Value as Json, json};

pub use series::{Point, Series, Value};

use crate::error::ServerError;
use crate::http;
use crate::port;
use crate::process::{Launch, ServerProcess, installed_at};

const SERVER: &str = "InfluxDB";

/// The program.
const PROGRAM_VARIABLE: &str = "INFLUXD";

static SHARED: LazyLock<Result<InfluxDb, ServerError>> = LazyLock::new(InfluxDb::start);

/// InfluxDB 2 with the organisation [`InfluxDb::ORGANISATION`], its two buckets, and a token for each use.
pub struct InfluxDb {
    process: ServerProcess,
    port: u16,
    client: Client,
    tokens: Tokens,
}

/// What each may do is in the names of the methods that give them.
pub(crate) struct Tokens {
    pub(crate) telemetry_writer: String,
    pub(crate) loadgen_writer: String,
    pub(crate) reader: String,
    pub(crate) operator: String,
}

impl InfluxDb {
    /// The organisation that everything belongs to.
    pub const ORGANISATION: &str = "marketboro";
    /// The bucket of what the collector writes.
    pub const TELEMETRY: &str = "telemetry";
    /// The bucket of what load runs write.
    pub const LOADGEN: &str = "loadgen";

    /// The one of this test process.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[track_caller]
    pub fn shared() -> &'static Self {
        SHARED.as_ref().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts one and sets it up.
    pub fn start() -> Result<Self, ServerError> {
        Self::start_with(&[])
    }

    /// [`InfluxDb::start`] with settings of its own, as `INFLUXD_…` variables.
    pub fn start_with(variables: &[(&'static str, &str)]) -> Result<Self, ServerError> {
        let program = installed_at(PROGRAM_VARIABLE)?;
        let client = http::client();
        let launch = |port: &u16, folder: &Path| {
            let mut arguments = vec!["--reporting-disabled".into()];
            for (flag, file) in [
                ("--bolt-path", "influxd.bolt"),
                ("--engine-path", "engine"),
                ("--sqlite-path", "influxd.sqlite"),
            ] {
                arguments.extend([flag.into(), folder.join(file).into()]);
            }
            arguments.extend(["--http-bind-address".into(), format!("127.0.0.1:{port}").into()]);
            Ok(Launch {
                server: SERVER,
                program: program.clone(),
                arguments,
                variables: variables.iter().map(|(name, value)| (*name, value.into())).collect(),
                working_directory: None,
            })
        };
        let (process, port) = ServerProcess::start(SERVER, port::free, launch, |port, _| is_ready(&client, *port))?;
        let tokens = set_up(&client, &url(port))?;
        Ok(Self {
            process,
            port,
            client,
            tokens,
        })
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// Writes [`InfluxDb::TELEMETRY`], and nothing else: the collector's.
    pub fn telemetry_writer_token(&self) -> &str {
        &self.tokens.telemetry_writer
    }

    /// Writes [`InfluxDb::LOADGEN`], and nothing else: loadgen's.
    pub fn loadgen_writer_token(&self) -> &str {
        &self.tokens.loadgen_writer
    }

    /// Reads both buckets, and does nothing else: Grafana's.
    pub fn reader_token(&self) -> &str {
        &self.tokens.reader
    }

    /// May do everything.
    pub fn operator_token(&self) -> &str {
        &self.tokens.operator
    }

    /// Runs one InfluxQL statement on a bucket; a series for each combination of the tags it groups by.
    pub fn query(&self, bucket: &str, influxql: &str) -> Result<Vec<Series>, ServerError> {
        let request = self
            .client
            .get(format!("{}/query", self.url()))
            .header(AUTHORIZATION, format!("Token {}", self.reader_token()))
            .query(&[("db", bucket), ("epoch", "ns"), ("q", influxql)]);
        series::parse(SERVER, http::json(SERVER, request)?)
    }

    /// Its process, whose CPU time and memory are measured.
    pub fn process(&self) -> &ServerProcess {
        &self.process
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub fn stop(&mut self) -> Result<(), ServerError> {
        self.process.stop()
    }

    /// Ends it without a chance to save anything (SIGKILL).
    pub fn kill(&mut self) -> Result<(), ServerError> {
        self.process.kill()
    }

    /// Starts it again with the same port, data and tokens, once it was stopped or killed.
    pub fn restart(&mut self) -> Result<(), ServerError> {
        self.process.restart(|| is_ready(&self.client, self.port))
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn is_ready(client: &Client, port: u16) -> bool {
    let answer = client.get(format!("{}/health", url(port))).send();
    answer.is_ok_and(|answer| answer.status().is_success())
}

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// What an administrator does once on a new InfluxDB.
pub(crate) fn set_up(client: &Client, url: &str) -> Result<Tokens, ServerError> {
    let post = |path: &str, body: Json| client.post(format!("{url}{path}")).json(&body);
    let ask = |request: RequestBuilder| http::json(SERVER, request);
    let first = ask(post(
        "/api/v2/setup",
        json!({
            "username": "operator",
            "password": format!("{:032x}", fastrand::u128(..)),
            "org": InfluxDb::ORGANISATION,
            "bucket": InfluxDb::TELEMETRY,
            "retentionPeriodSeconds": 30 * DAY_SECONDS,
        }),
    ))?;
    let operator = text(&first, "/auth/token")?;
    let organisation = text(&first, "/org/id")?;
    let telemetry = text(&first, "/bucket/id")?;
    let as_operator = |path: &str, body: Json| ask(post(path, body).header(AUTHORIZATION, format!("Token {operator}")));
    let retention = json!([{ "type": "expire", "everySeconds": 365 * DAY_SECONDS }]);
    let bucket = json!({ "orgID": organisation, "name": InfluxDb::LOADGEN, "retentionRules": retention });
    let loadgen = text(&as_operator("/api/v2/buckets", bucket)?, "/id")?;
    let token = |action: &str, buckets: &[&str]| {
        let permission =
            |id: &&str| json!({ "action": action, "resource": { "type": "buckets", "id": id, "orgID": organisation } });
        let permissions: Vec<_> = buckets.iter().map(permission).collect();
        let authorization = json!({ "orgID": organisation, "permissions": permissions });
        text(&as_operator("/api/v2/authorizations", authorization)?, "/token")
    };
    Ok(Tokens {
        telemetry_writer: token("write", &[&telemetry])?,
        loadgen_writer: token("write", &[&loadgen])?,
        reader: token("read", &[&telemetry, &loadgen])?,
        operator,
    })
}

fn text(answer: &Json, pointer: &str) -> Result<String, ServerError> {
    match answer.pointer(pointer).and_then(Json::as_str) {
        Some(text) => Ok(text.to_owned()),
        None => Err(http::unreadable(SERVER, format!("no {pointer}"), &answer.to_string())),
    }
}
