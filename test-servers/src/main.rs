//! `test-servers`: the servers of the tests, to try something on by hand. They run until this program ends.

use std::io::Write as _;
use std::process::ExitCode;
use std::thread;

use test_servers::{Collector, DynamoDbLocal, InfluxDb, Jaeger, ServerError};

fn main() -> ExitCode {
    match run() {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<std::convert::Infallible, ServerError> {
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
    let _ = writeln!(out, "# They run until this program is ended, with Ctrl-C for instance.");
    let _ = out.flush();
    loop {
        thread::park();
    }
}
