//! The keys that Grafana reads in provisioning files. It passes over any other without a word.

use serde_json::Value;

use super::{Findings, Rule};
use crate::dashboards::File;

/// What may be in a place.
enum Shape {
    /// Keys of any value, with spaces between, and keys whose values have a shape.
    Keys(&'static str, &'static [(&'static str, &'static Shape)]),
    /// A list of such things.
    List(&'static Shape),
    /// Keys that depend on the text under `type` beside them.
    ByType(&'static [(&'static str, &'static Shape)]),
}

use Shape::{ByType, Keys, List};

static DATASOURCES: Shape = Keys(
    "apiVersion prune",
    &[
        ("datasources", &List(&DATASOURCE)),
        ("deleteDatasources", &List(&Keys("orgId orgName name", &[]))),
    ],
);

static DATASOURCE: Shape = Keys(
    "orgId orgName version name type access url user database basicAuth basicAuthUser withCredentials isDefault \
     correlations editable uid",
    &[
        ("jsonData", &ByType(JSON_DATA)),
        ("secureJsonData", &ByType(SECURE_JSON_DATA)),
    ],
);

static JSON_DATA: &[(&str, &Shape)] = &[
    (
        "influxdb",
        &Keys(
            "version organization defaultBucket dbName httpMode maxSeries timeInterval insecureGrpc timeout \
             keepCookies oauthPassThru serverName tlsAuth tlsAuthWithCACert tlsSkipVerify",
            &[],
        ),
    ),
    (
        "jaeger",
        &Keys(
            "tracesToLogs tracesToLogsV2 tracesToMetrics nodeGraph traceQuery spanBar traceIdTimeParams timeout \
             keepCookies oauthPassThru serverName tlsAuth tlsAuthWithCACert tlsSkipVerify",
            &[],
        ),
    ),
    (
        "cloudwatch",
        &Keys(
            "authType assumeRoleArn externalId profile defaultRegion endpoint customMetricsNamespaces logsTimeout \
             logGroups defaultLogGroups tracingDatasourceUid",
            &[],
        ),
    ),
];

static SECURE_JSON_DATA: &[(&str, &Shape)] = &[
    (
        "influxdb",
        &Keys(
            "token password basicAuthPassword tlsCACert tlsClientCert tlsClientKey",
            &[],
        ),
    ),
    (
        "jaeger",
        &Keys("basicAuthPassword tlsCACert tlsClientCert tlsClientKey", &[]),
    ),
    ("cloudwatch", &Keys("accessKey secretKey sessionToken", &[])),
];

static DASHBOARDS: Shape = Keys("apiVersion", &[("providers", &List(&PROVIDER))]);

static PROVIDER: Shape = Keys(
    "name type orgId orgName folder folderUid editable disableDeletion updateIntervalSeconds allowUiUpdates",
    &[("options", &Keys("path foldersFromFilesStructure", &[]))],
);

static ALERTING: Shape = Keys(
    "apiVersion resetPolicies",
    &[
        ("groups", &List(&GROUP)),
        ("deleteRules", &List(&Keys("orgId uid", &[]))),
        ("contactPoints", &List(&CONTACT_POINT)),
        ("deleteContactPoints", &List(&Keys("orgId uid", &[]))),
        ("policies", &List(&ROUTE)),
        ("muteTimes", &List(&Keys("orgId name time_intervals", &[]))),
        ("deleteMuteTimes", &List(&Keys("orgId name", &[]))),
        ("templates", &List(&Keys("orgId name template", &[]))),
        ("deleteTemplates", &List(&Keys("orgId name", &[]))),
    ],
);

static GROUP: Shape = Keys("orgId name folder interval", &[("rules", &List(&ALERT_RULE))]);

static ALERT_RULE: Shape = Keys(
    "uid title condition dashboardUid panelId noDataState execErrState for keepFiringFor \
     missing_series_evals_to_resolve annotations labels isPaused",
    &[
        ("data", &List(&ALERT_QUERY)),
        (
            "notification_settings",
            &Keys(
                "receiver group_by group_wait group_interval repeat_interval mute_time_intervals active_time_intervals",
                &[],
            ),
        ),
        ("record", &Keys("metric from targetDatasourceUid", &[])),
    ],
);

static ALERT_QUERY: Shape = Keys(
    "refId queryType datasourceUid model",
    &[("relativeTimeRange", &Keys("from to", &[]))],
);

static CONTACT_POINT: Shape = Keys("orgId name", &[("receivers", &List(&RECEIVER))]);

static RECEIVER: Shape = Keys(
    "uid type disableResolveMessage",
    &[("settings", &ByType(RECEIVER_SETTINGS))],
);

static RECEIVER_SETTINGS: &[(&str, &Shape)] = &[
    ("email", &Keys("addresses singleEmail message subject", &[])),
    (
        "sns",
        &Keys(
            "api_url topic_arn phone_number target_arn subject message attributes",
            &[("sigv4", &Keys("region access_key secret_key profile role_arn", &[]))],
        ),
    ),
    (
        "webhook",
        &Keys(
            "url httpMethod maxAlerts username password authorization_scheme authorization_credentials title message \
             headers payload tlsConfig hmacConfig http_config",
            &[],
        ),
    ),
];

static ROUTE: Shape = Keys(
    "orgId receiver group_by group_wait group_interval repeat_interval continue match match_re matchers \
     object_matchers mute_time_intervals active_time_intervals",
    &[("routes", &List(&ROUTE))],
);

pub(super) fn check(file: &File, findings: &mut Findings) {
    let shape = match file.folder.as_str() {
        "datasources" => &DATASOURCES,
        "dashboards" => &DASHBOARDS,
        "alerting" => &ALERTING,
        other => {
            let message =
                format!("what {other:?} holds is not known here: keep to datasources, dashboards and alerting");
            return findings.add("", Rule::ProvisioningKey, message);
        }
    };
    if file.yaml["apiVersion"] != 1 {
        findings.add(
            "",
            Rule::ProvisioningKey,
            "apiVersion is not 1, without which other keys are read: set it",
        );
    }
    compare(&file.yaml, shape, "", "", findings);
}

/// Holds a value against its shape. `kind` is the text under `type` of the object around it.
fn compare(value: &Value, shape: &Shape, kind: &str, path: &str, findings: &mut Findings) {
    match shape {
        List(shape) => match value {
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    compare(value, shape, kind, &format!("{path}[{index}]"), findings);
                }
            }
            Value::Null => {}
            _ => findings.add(
                path,
                Rule::ProvisioningKey,
                "it is no list, which Grafana wants here: make it one",
            ),
        },
        Keys(names, shapes) => match value {
            Value::Object(object) => {
                let kind = value["type"].as_str().unwrap_or_default();
                for (key, value) in object {
                    let path = if path.is_empty() {
                        key.clone()
                    } else {
                        format!("{path}.{key}")
                    };
                    if let Some((_, shape)) = shapes.iter().find(|(name, _)| name == key) {
                        compare(value, shape, kind, &path, findings);
                    } else if !names.split(' ').any(|name| name == key) {
                        let names: Vec<_> = names.split(' ').chain(shapes.iter().map(|(name, _)| *name)).collect();
                        let message = format!("Grafana knows no such key here: take one of {}", names.join(", "));
                        findings.add(path, Rule::ProvisioningKey, message);
                    }
                }
            }
            Value::Null => {}
            _ => findings.add(
                path,
                Rule::ProvisioningKey,
                "it has no keys, which Grafana wants here: add them",
            ),
        },
        ByType(shapes) => match shapes.iter().find(|(name, _)| *name == kind) {
            Some((_, shape)) => compare(value, shape, kind, path, findings),
            None => {
                let message = format!("the keys of type {kind:?} are not known here: add them to the check");
                findings.add(path, Rule::ProvisioningKey, message);
            }
        },
    }
}
