//! `test-servers`: the servers of the tests, to try something on by hand; `test-servers docker`: a Docker daemon with
//! images of them. They run until this program ends. `test-servers save-images DIR` writes the images as archives.

use std::convert::Infallible;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::{Parser, Subcommand};
use test_servers::{Collector, Docker, DynamoDbLocal, InfluxDb, Jaeger, ServerError};

/// The servers of the tests, to try something on by hand.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A Docker daemon with the images of monitor/compose.yaml, in place of the servers
    Docker,
    /// Writes the images of the monitor host as archives of `docker save`; Grafana's stub stands in under Grafana's name
    SaveImages {
        /// Folder that they go to
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        None => run_servers().map(|never| match never {}),
        Some(Command::Docker) => run_docker().map(|never| match never {}),
        Some(Command::SaveImages { folder }) => Docker::start().and_then(|docker| docker.save_images(&folder)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run_docker() -> Result<Infallible, ServerError> {
    let docker = Docker::start()?;
    docker.import_images()?;
    let mut out = std::io::stdout().lock();
    for (variable, value) in docker.environment() {
        let _ = writeln!(out, "export {variable}='{}'", value.display());
    }
    if let Some(network) = docker.network() {
        let _ = writeln!(
            out,
            "# What it publishes is reached with: nsenter --net={} COMMAND",
            network.display()
        );
    }
    stay(out)
}

fn run_servers() -> Result<Infallible, ServerError> {
    let dynamodb = DynamoDbLocal::start()?;
    let influxdb = InfluxDb::start()?;
    let jaeger = Jaeger::start()?;
    let collector = Collector::options().influxdb(&influxdb).jaeger(&jaeger).start()?;
    let lines = [
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.http_endpoint()),
        ("INFLUX_URL", influxdb.url()),
        ("INFLUX_ORG", InfluxDb::ORGANISATION.to_owned()),
        ("INFLUX_TOKEN", influxdb.operator_token().to_owned()),
        ("JAEGER_URL", jaeger.url()),
    ];
    let mut out = std::io::stdout().lock();
    // A closed stdout leaves nobody to tell.
    for (variable, value) in lines {
        let _ = writeln!(out, "export {variable}='{value}'");
    }
    stay(out)
}

/// Says that it is done, and keeps what was started.
fn stay(mut out: impl Write) -> ! {
    let _ = writeln!(out, "# It runs until this program is ended, with Ctrl-C for instance.");
    let _ = out.flush();
    loop {
        thread::park();
    }
}
