//! `grafana-stub`: stands in for Grafana in the tests, which cannot have it. It says so, answers those routes of
//! Grafana's API that `monitor` asks, does what they do as far as InfluxDB and Jaeger are concerned, and draws nothing.

mod api;
mod cloudwatch;
mod data_source;
mod database;
mod frames;
mod password;
mod provisioning;
mod secret_key;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use test_servers::http_double;
use tokio::signal::unix::{SignalKind, signal};

use crate::api::Api;

/// A stub of Grafana for tests. It is not Grafana.
#[derive(Debug, Parser)]
#[command(name = "grafana-stub")]
struct Arguments {
    /// Where to answer.
    #[arg(long, default_value = "0.0.0.0:3000")]
    listen: SocketAddr,
    /// Folder of grafana.db.
    #[arg(long, env = "GF_PATHS_DATA", default_value = "/var/lib/grafana")]
    data: PathBuf,
    /// Folder of datasources/, dashboards/ and alerting/.
    #[arg(long, env = "GF_PATHS_PROVISIONING", default_value = "/etc/grafana/provisioning")]
    provisioning: PathBuf,
    /// File with the password of `admin`, taken when the database is made.
    #[arg(long, env = "GF_SECURITY_ADMIN_PASSWORD__FILE")]
    admin_password_file: PathBuf,
    /// File with the key that data keys are sealed with; without one there are none.
    #[arg(long, env = "GF_SECURITY_SECRET_KEY__FILE")]
    secret_key_file: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("grafana-stub: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    // Before anything is served: as the first process of a container it is told to end in no other way.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut terminate = {
        let _context = runtime.enter();
        signal(SignalKind::terminate())?
    };
    let api = Arc::new(Api::open(
        &arguments.data,
        &arguments.provisioning,
        &arguments.admin_password_file,
        arguments.secret_key_file.as_deref(),
    )?);
    let listener = TcpListener::bind(arguments.listen)?;
    println!(
        "grafana-stub: this is a stub for tests, not Grafana; answering on {}",
        arguments.listen
    );
    std::thread::spawn(move || http_double::serve(&listener, move |request| api.answer(request)));
    runtime.block_on(terminate.recv());
    Ok(())
}
