//! Every query of every dashboard, run as Grafana runs it for whoever looks; without Grafana, those of InfluxDB with
//! Grafana's token.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;

mod answers;
mod beginning;
mod request;
mod variable_values;

use answers::{Answer, Source};
use variable_values::Chosen;

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::dashboards::{Dashboard, Origin, PanelQuery, TimeRange, queries};
use crate::grafana::DataSourceHealth;

/// Panels whose queries run at the same time.
const AT_ONCE: usize = 6;
/// How long the queries of a panel may take.
const PATIENCE: Duration = Duration::from_secs(8);
/// Dashboards without a time range of their own show this.
const DEFAULT_FROM: &str = "now-1h";
/// The same, for what is written in another way than `now-1h`.
const DEFAULT_BACK: Duration = Duration::from_secs(3600);
/// Width of a point; what Grafana chooses for a panel of usual width.
const WINDOW: &str = "30s";

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let provisioning = super::dashboards::provisioning(&context)?;
    let source = Arc::new(Source::of(&context, PATIENCE).await?);
    let unusable = Arc::new(unusable(&context, &source).await);
    let mut faults = Vec::new();
    let (mut ran, mut left_out, mut lacking, mut not_yet) = (0, 0, 0, 0);
    let age = beginning::age_while_young(&context).await;
    let prepared = provisioning
        .dashboards
        .into_iter()
        .map(|dashboard| prepare(dashboard, Arc::clone(&source), Arc::clone(&unusable)));
    let prepared: Vec<_> = futures_util::stream::iter(prepared).buffered(AT_ONCE).collect().await;
    let mut usable = Vec::new();
    for opened in prepared {
        faults.extend(opened.chosen.faults);
        for panel in opened.panels {
            if panel.queries.iter().any(|query| unusable.contains(&query.datasource)) {
                left_out += 1;
            } else if panel.queries.iter().any(|query| query.lacks(&opened.chosen.lacking)) {
                lacking += 1;
            } else {
                ran += 1;
                usable.push(ask(panel, Arc::clone(&source)));
            }
        }
    }
    let mut asked = futures_util::stream::iter(usable).buffer_unordered(AT_ONCE);
    while let Some((panel, answer)) = asked.next().await {
        match fault(&panel, answer) {
            Some(Finding::NoData(_)) if age.is_some() && panel.is_of("influxdb") => not_yet += 1,
            Some(Finding::NoData(fault) | Finding::Mistake(fault)) => faults.push(fault),
            None => {}
        }
    }
    faults.sort_by(|one, other| one.seen.cmp(&other.seen));
    if ran == 0 && lacking == 0 {
        return Err(Stop::skip(format!("no data source works: {}", list(&unusable))));
    }
    let mut seen = format!("{} panels have what they should", ran - not_yet);
    if let Some(age) = age.filter(|_| not_yet > 0) {
        seen += &format!(
            "; {not_yet} have nothing yet, since telemetry began {} s ago",
            age.as_secs()
        );
    }
    if lacking > 0 {
        seen += &format!("; {lacking} were left out, whose variables have no value");
    }
    if left_out > 0 {
        seen += &format!(
            "; {left_out} were left out, whose data source is not there: {}",
            list(&unusable)
        );
    }
    Ok(Verdict::new(seen, faults))
}

/// The queries of a panel.
struct Panel {
    /// Dashboard and panel by their titles.
    name: String,
    from: String,
    queries: Vec<PanelQuery>,
}

impl Panel {
    fn is_of(&self, datasource: &str) -> bool {
        self.queries.iter().all(|query| query.datasource == datasource)
    }
}

/// A dashboard as somebody has it before them.
struct Opened {
    chosen: Chosen,
    panels: Vec<Panel>,
}

/// What a dashboard's panels ask when it is opened.
async fn prepare(dashboard: Dashboard, source: Arc<Source>, unusable: Arc<BTreeSet<String>>) -> Opened {
    let from = dashboard.json["time"]["from"]
        .as_str()
        .unwrap_or(DEFAULT_FROM)
        .to_owned();
    let range = range(&from, SystemTime::now());
    let chosen = variable_values::of(&dashboard, &range, &from, &source, &unusable).await;
    let mut panels: BTreeMap<Origin, Vec<PanelQuery>> = BTreeMap::new();
    for query in queries(&dashboard, &range, &chosen.values) {
        if matches!(query.origin, Origin::Panel { .. }) {
            panels.entry(query.origin.clone()).or_default().push(query);
        }
    }
    let title = dashboard.json["title"].as_str().unwrap_or_else(|| dashboard.uid());
    let panels = panels.into_iter().map(|(origin, queries)| Panel {
        name: match origin {
            Origin::Panel { title: panel, .. } => format!("{title}/{panel}"),
            other => format!("{title}/{other}"),
        },
        from: from.clone(),
        queries,
    });
    Opened {
        panels: panels.collect(),
        chosen,
    }
}

/// Data sources that are the business of another check, or are not used here.
async fn unusable(context: &Context, source: &Source) -> BTreeSet<String> {
    let mut unusable = BTreeSet::new();
    for uid in ["influxdb", "jaeger", "cloudwatch"] {
        let works = match uid {
            "influxdb" => context.influxdb_or_fault().await.is_ok(),
            "jaeger" => context.jaeger_or_fault().await.is_ok(),
            _ => super::data_sources::is_on_aws(context),
        };
        if !works || !source.reaches(uid).await {
            unusable.insert(uid.to_owned());
        }
    }
    unusable
}

/// As times, which queries may compare others with.
fn range(from: &str, now: SystemTime) -> TimeRange {
    let back = from
        .strip_prefix("now-")
        .and_then(|back| humantime::parse_duration(back).ok());
    let start = back
        .and_then(|back| now.checked_sub(back))
        .unwrap_or(now - DEFAULT_BACK);
    TimeRange {
        start: humantime::format_rfc3339_millis(start).to_string(),
        stop: humantime::format_rfc3339_millis(now).to_string(),
        window: WINDOW.to_owned(),
    }
}

async fn ask(panel: Panel, source: Arc<Source>) -> (Panel, Answer) {
    let answer = source.ask(&panel.from, &panel.queries).await;
    (panel, answer)
}

/// What is wrong with a panel.
enum Finding {
    NoData(Fault),
    Mistake(Fault),
}

fn fault(panel: &Panel, answer: Answer) -> Option<Finding> {
    let name = &panel.name;
    match answer {
        Answer::Rows(rows) if rows > 0 => None,
        Answer::Rows(_) if panel.queries.iter().all(|query| query.may_be_empty) => None,
        Answer::Rows(_) => Some(Finding::NoData(Fault::failed(
            format!("{name}: no data"),
            "see whether its sender sends (the panel's description says who); the checks otlp-metrics and \
             collector-health say whether what is sent arrives",
        ))),
        Answer::Error(message) => Some(Finding::Mistake(Fault::failed(
            format!("{name}: {message}"),
            "open it in Grafana and look at its query; `monitor dashboards lint` knows the usual mistakes",
        ))),
    }
}

fn list(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

impl Source {
    async fn reaches(&self, uid: &str) -> bool {
        match self {
            Self::Grafana { grafana, .. } => {
                let path = match uid {
                    "jaeger" => Some("/api/services"),
                    _ => None,
                };
                let health = grafana.data_source_health(uid, path).await;
                matches!(health, Ok(DataSourceHealth::Healthy | DataSourceHealth::Unknown))
            }
            Self::InfluxDb(_) => uid == "influxdb",
        }
    }
}
