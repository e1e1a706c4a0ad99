//! What checks need to know of the host, and its servers, each asked once whether it answers.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::OnceCell;

use super::verdict::{Fault, Stop};
use crate::compose::Compose;
use crate::grafana::Grafana;
use crate::host::Host;
use crate::http::HttpError;
use crate::influxdb::InfluxDb;
use crate::jaeger::Jaeger;
use crate::layout::Layout;
use crate::otlp::{Measurement, Otlp};
use crate::secrets::{Secret, SecretFiles};
use crate::settings::{Settings, SettingsError};

/// How thorough a run is; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Depth {
    /// Nothing runs here: an image of the host.
    Offline,
    /// What is free of charge and takes less than two seconds.
    Quick,
    /// Everything.
    Full,
}

/// What checks need to know of the host.
#[derive(Debug)]
pub struct Context {
    host: Host,
    depth: Depth,
    influxdb: OnceCell<Result<InfluxDb, Fault>>,
    operator: OnceCell<Result<InfluxDb, Stop>>,
    grafana: OnceCell<Result<Grafana, Stop>>,
    jaeger: OnceCell<Result<Jaeger, Fault>>,
    otlp: OnceCell<Result<Otlp, Fault>>,
    measured: Mutex<Vec<Measurement>>,
}

impl Context {
    /// Nothing is asked yet.
    pub fn new(host: Host, depth: Depth) -> Self {
        Self {
            host,
            depth,
            influxdb: OnceCell::new(),
            operator: OnceCell::new(),
            grafana: OnceCell::new(),
            jaeger: OnceCell::new(),
            otlp: OnceCell::new(),
            measured: Mutex::new(Vec::new()),
        }
    }

    /// Where things are.
    pub fn layout(&self) -> &Layout {
        &self.host.layout
    }

    /// What is set.
    pub fn settings(&self) -> &Settings {
        &self.host.settings
    }

    /// Passwords and tokens.
    pub fn secrets(&self) -> &SecretFiles {
        &self.host.secrets
    }

    /// The containers.
    pub fn compose(&self) -> &Compose {
        &self.host.compose
    }

    /// How thorough this run is.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// How long a server may take to answer.
    pub fn patience(&self) -> Duration {
        match self.depth {
            Depth::Offline | Depth::Quick => Duration::from_millis(1200),
            Depth::Full => Duration::from_secs(4),
        }
    }

    /// Keeps what a check measured on its way.
    pub(super) fn measure(&self, measurement: Measurement) {
        self.measured
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(measurement);
    }

    /// What checks measured on their way.
    pub(super) fn measured(&self) -> Vec<Measurement> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// InfluxDB, without a token.
    pub(super) async fn influxdb_or_fault(&self) -> Result<InfluxDb, Fault> {
        let probe = async {
            let url = self.settings().influxdb_url().map_err(unset)?;
            let influxdb = InfluxDb::new(url, None, self.patience());
            influxdb.health().await.map_err(|error| away("influxdb", &error))?;
            Ok(influxdb)
        };
        self.influxdb.get_or_init(|| probe).await.clone()
    }

    /// InfluxDB with the operator token, for checks of something else.
    pub(super) async fn operator(&self) -> Result<InfluxDb, Stop> {
        self.operator_or_fault().await.map_err(|stop| match stop {
            Stop::Fault(_) => Stop::skip("InfluxDB cannot be asked; see the check influxdb"),
            skip @ Stop::Skip(_) => skip,
        })
    }

    /// InfluxDB with the operator token.
    pub(super) async fn operator_or_fault(&self) -> Result<InfluxDb, Stop> {
        let probe = async {
            let influxdb = self.influxdb_or_fault().await?;
            let token = self
                .secrets()
                .read(Secret::InfluxdbOperatorToken)
                .map_err(|_| Stop::skip("there is no operator token to ask with; see the check secrets"))?;
            let influxdb = influxdb.with_token(token);
            match influxdb.organisation().await {
                Ok(_) => Ok(influxdb),
                Err(error) if error.status() == Some(401) => Err(Fault::failed(
                    "InfluxDB does not take the operator token in secrets/influxdb-operator-token",
                    "put the right token there, from a backup for instance; without it nothing can be administered",
                )
                .in_data()
                .into()),
                Err(error) => Err(error.into()),
            }
        };
        self.operator.get_or_init(|| probe).await.clone()
    }

    /// Grafana as its administrator, for checks of something else.
    pub(super) async fn grafana(&self) -> Result<Grafana, Stop> {
        self.grafana_or_fault().await.map_err(|stop| match stop {
            Stop::Fault(_) => Stop::skip("Grafana cannot be asked; see the check grafana"),
            skip @ Stop::Skip(_) => skip,
        })
    }

    /// Grafana as its administrator. Asked once: Grafana locks a user out after some wrong passwords.
    pub(super) async fn grafana_or_fault(&self) -> Result<Grafana, Stop> {
        let probe = async {
            let url = self.settings().grafana_url().map_err(unset)?;
            let grafana = Grafana::new(url, self.patience());
            grafana.health().await.map_err(|error| away("grafana", &error))?;
            let password = self.secrets().read(Secret::GrafanaAdminPassword).map_err(|_| {
                Stop::skip("there is no administrator's password to log in with; see the check secrets")
            })?;
            let grafana = grafana.with_password(password);
            match grafana.log_in().await {
                Ok(()) => Ok(grafana),
                Err(error) if error.status() == Some(401) => Err(Fault::failed(
                    "Grafana does not take the password in secrets/grafana-admin-password",
                    "it was changed in Grafana's page: put it into that file, or set another with `monitor secrets rotate`",
                )
                .in_data()
                .into()),
                Err(error) => Err(error.into()),
            }
        };
        self.grafana.get_or_init(|| probe).await.clone()
    }

    /// Jaeger, for checks of something else.
    pub(super) async fn jaeger(&self) -> Result<Jaeger, Stop> {
        let jaeger = self.jaeger_or_fault().await;
        jaeger.map_err(|_| Stop::skip("Jaeger does not answer; see the check jaeger"))
    }

    /// Jaeger.
    pub(super) async fn jaeger_or_fault(&self) -> Result<Jaeger, Fault> {
        let probe = async {
            let url = self.settings().jaeger_url().map_err(unset)?;
            let jaeger = Jaeger::new(url, self.patience());
            jaeger.health().await.map_err(|error| away("jaeger", &error))?;
            Ok(jaeger)
        };
        self.jaeger.get_or_init(|| probe).await.clone()
    }

    /// The collector, for checks of something else.
    pub(super) async fn otlp(&self) -> Result<Otlp, Stop> {
        let otlp = self.otlp_or_fault().await;
        otlp.map_err(|_| Stop::skip("the collector takes no OTLP over HTTP; see the check otlp-http"))
    }

    /// The collector.
    pub(super) async fn otlp_or_fault(&self) -> Result<Otlp, Fault> {
        let probe = async {
            let url = self.settings().otlp_url().map_err(unset)?;
            let otlp = Otlp::new(url, self.patience());
            otlp.health()
                .await
                .map_err(|error| away(crate::otlp::SERVICE, &error))?;
            Ok(otlp)
        };
        self.otlp.get_or_init(|| probe).await.clone()
    }
}

/// A setting that is no address or port; the check `settings` says more.
fn unset(error: SettingsError) -> Fault {
    Fault::failed(error.to_string(), "correct settings.env; see the check settings")
}

fn away(server: &str, error: &HttpError) -> Fault {
    Fault::failed(
        error.to_string(),
        format!(
            "see whether it runs and what it says: `monitor status`, `monitor logs {server}`; `monitor up` starts it"
        ),
    )
}
