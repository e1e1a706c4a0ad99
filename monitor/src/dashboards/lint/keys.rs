//! The keys that Grafana reads in provisioning files. It passes over any other without a word.

use serde_json::Value;

use super::{Findings, Rule};
use crate::dashboards::File;

/// What may be in a place.
enum Shape {
    /// A value without keys, or with keys of one's own choice.
    Any,
    /// These keys.
    Keys(&'static [(&'static str, &'static Shape)]),
    /// A list of such things.
    List(&'static Shape),
    /// Keys that depend on the text under `type` beside them.
    ByType(&'static [(&'static str, &'static Shape)]),
}

use Shape::{Any, ByType, Keys, List};

static DATASOURCES: Shape = Keys(&[
    ("apiVersion", &Any),
    ("prune", &Any),
    ("datasources", &List(&DATASOURCE)),
    (
        "deleteDatasources",
        &List(&Keys(&[("orgId", &Any), ("orgName", &Any), ("name", &Any)])),
    ),
]);

static DATASOURCE: Shape = Keys(&[
    ("orgId", &Any),
    ("orgName", &Any),
    ("version", &Any),
    ("name", &Any),
    ("type", &Any),
    ("access", &Any),
    ("url", &Any),
    ("user", &Any),
    ("database", &Any),
    ("basicAuth", &Any),
    ("basicAuthUser", &Any),
    ("withCredentials", &Any),
    ("isDefault", &Any),
    ("correlations", &Any),
    ("jsonData", &ByType(JSON_DATA)),
    ("secureJsonData", &ByType(SECURE_JSON_DATA)),
    ("editable", &Any),
    ("uid", &Any),
]);

static JSON_DATA: &[(&str, &Shape)] = &[
    (
        "influxdb",
        &Keys(&[
            ("version", &Any),
            ("organization", &Any),
            ("defaultBucket", &Any),
            ("dbName", &Any),
            ("httpMode", &Any),
            ("maxSeries", &Any),
            ("timeInterval", &Any),
            ("insecureGrpc", &Any),
            ("timeout", &Any),
            ("keepCookies", &Any),
            ("oauthPassThru", &Any),
            ("serverName", &Any),
            ("tlsAuth", &Any),
            ("tlsAuthWithCACert", &Any),
            ("tlsSkipVerify", &Any),
        ]),
    ),
    (
        "jaeger",
        &Keys(&[
            ("tracesToLogs", &Any),
            ("tracesToLogsV2", &Any),
            ("tracesToMetrics", &Any),
            ("nodeGraph", &Any),
            ("traceQuery", &Any),
            ("spanBar", &Any),
            ("traceIdTimeParams", &Any),
            ("timeout", &Any),
            ("keepCookies", &Any),
            ("oauthPassThru", &Any),
            ("serverName", &Any),
            ("tlsAuth", &Any),
            ("tlsAuthWithCACert", &Any),
            ("tlsSkipVerify", &Any),
        ]),
    ),
    (
        "cloudwatch",
        &Keys(&[
            ("authType", &Any),
            ("assumeRoleArn", &Any),
            ("externalId", &Any),
            ("profile", &Any),
            ("defaultRegion", &Any),
            ("endpoint", &Any),
            ("customMetricsNamespaces", &Any),
            ("logsTimeout", &Any),
            ("logGroups", &Any),
            ("defaultLogGroups", &Any),
            ("tracingDatasourceUid", &Any),
        ]),
    ),
];

static SECURE_JSON_DATA: &[(&str, &Shape)] = &[
    (
        "influxdb",
        &Keys(&[
            ("token", &Any),
            ("password", &Any),
            ("basicAuthPassword", &Any),
            ("tlsCACert", &Any),
            ("tlsClientCert", &Any),
            ("tlsClientKey", &Any),
        ]),
    ),
    (
        "jaeger",
        &Keys(&[
            ("basicAuthPassword", &Any),
            ("tlsCACert", &Any),
            ("tlsClientCert", &Any),
            ("tlsClientKey", &Any),
        ]),
    ),
    (
        "cloudwatch",
        &Keys(&[("accessKey", &Any), ("secretKey", &Any), ("sessionToken", &Any)]),
    ),
];

static DASHBOARDS: Shape = Keys(&[("apiVersion", &Any), ("providers", &List(&PROVIDER))]);

static PROVIDER: Shape = Keys(&[
    ("name", &Any),
    ("type", &Any),
    ("orgId", &Any),
    ("orgName", &Any),
    ("folder", &Any),
    ("folderUid", &Any),
    ("editable", &Any),
    ("disableDeletion", &Any),
    ("updateIntervalSeconds", &Any),
    ("allowUiUpdates", &Any),
    ("options", &Keys(&[("path", &Any), ("foldersFromFilesStructure", &Any)])),
]);

static ALERTING: Shape = Keys(&[
    ("apiVersion", &Any),
    ("groups", &List(&GROUP)),
    ("deleteRules", &List(&Keys(&[("orgId", &Any), ("uid", &Any)]))),
    ("contactPoints", &List(&CONTACT_POINT)),
    ("deleteContactPoints", &List(&Keys(&[("orgId", &Any), ("uid", &Any)]))),
    ("policies", &List(&ROUTE)),
    ("resetPolicies", &Any),
    (
        "muteTimes",
        &List(&Keys(&[("orgId", &Any), ("name", &Any), ("time_intervals", &Any)])),
    ),
    ("deleteMuteTimes", &List(&Keys(&[("orgId", &Any), ("name", &Any)]))),
    (
        "templates",
        &List(&Keys(&[("orgId", &Any), ("name", &Any), ("template", &Any)])),
    ),
    ("deleteTemplates", &List(&Keys(&[("orgId", &Any), ("name", &Any)]))),
]);

static GROUP: Shape = Keys(&[
    ("orgId", &Any),
    ("name", &Any),
    ("folder", &Any),
    ("interval", &Any),
    ("rules", &List(&ALERT_RULE)),
]);

static ALERT_RULE: Shape = Keys(&[
    ("uid", &Any),
    ("title", &Any),
    ("condition", &Any),
    ("data", &List(&ALERT_QUERY)),
    ("dashboardUid", &Any),
    ("panelId", &Any),
    ("noDataState", &Any),
    ("execErrState", &Any),
    ("for", &Any),
    ("keepFiringFor", &Any),
    ("missing_series_evals_to_resolve", &Any),
    ("annotations", &Any),
    ("labels", &Any),
    ("isPaused", &Any),
    (
        "notification_settings",
        &Keys(&[
            ("receiver", &Any),
            ("group_by", &Any),
            ("group_wait", &Any),
            ("group_interval", &Any),
            ("repeat_interval", &Any),
            ("mute_time_intervals", &Any),
            ("active_time_intervals", &Any),
        ]),
    ),
    (
        "record",
        &Keys(&[("metric", &Any), ("from", &Any), ("targetDatasourceUid", &Any)]),
    ),
]);

static ALERT_QUERY: Shape = Keys(&[
    ("refId", &Any),
    ("queryType", &Any),
    ("relativeTimeRange", &Keys(&[("from", &Any), ("to", &Any)])),
    ("datasourceUid", &Any),
    ("model", &Any),
]);

static CONTACT_POINT: Shape = Keys(&[("orgId", &Any), ("name", &Any), ("receivers", &List(&RECEIVER))]);

static RECEIVER: Shape = Keys(&[
    ("uid", &Any),
    ("type", &Any),
    ("disableResolveMessage", &Any),
    ("settings", &ByType(RECEIVER_SETTINGS)),
]);

static RECEIVER_SETTINGS: &[(&str, &Shape)] = &[
    (
        "email",
        &Keys(&[
            ("addresses", &Any),
            ("singleEmail", &Any),
            ("message", &Any),
            ("subject", &Any),
        ]),
    ),
    (
        "sns",
        &Keys(&[
            ("api_url", &Any),
            (
                "sigv4",
                &Keys(&[
                    ("region", &Any),
                    ("access_key", &Any),
                    ("secret_key", &Any),
                    ("profile", &Any),
                    ("role_arn", &Any),
                ]),
            ),
            ("topic_arn", &Any),
            ("phone_number", &Any),
            ("target_arn", &Any),
            ("subject", &Any),
            ("message", &Any),
            ("attributes", &Any),
        ]),
    ),
    (
        "webhook",
        &Keys(&[
            ("url", &Any),
            ("httpMethod", &Any),
            ("maxAlerts", &Any),
            ("username", &Any),
            ("password", &Any),
            ("authorization_scheme", &Any),
            ("authorization_credentials", &Any),
            ("title", &Any),
            ("message", &Any),
            ("headers", &Any),
            ("payload", &Any),
            ("tlsConfig", &Any),
            ("hmacConfig", &Any),
            ("http_config", &Any),
        ]),
    ),
];

static ROUTE: Shape = Keys(&[
    ("orgId", &Any),
    ("receiver", &Any),
    ("group_by", &Any),
    ("group_wait", &Any),
    ("group_interval", &Any),
    ("repeat_interval", &Any),
    ("continue", &Any),
    ("match", &Any),
    ("match_re", &Any),
    ("matchers", &Any),
    ("object_matchers", &Any),
    ("mute_time_intervals", &Any),
    ("active_time_intervals", &Any),
    ("routes", &List(&ROUTE)),
]);

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
        Any => {}
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
        Keys(keys) => match value {
            Value::Object(object) => {
                let kind = value["type"].as_str().unwrap_or_default();
                for (key, value) in object {
                    let path = if path.is_empty() {
                        key.clone()
                    } else {
                        format!("{path}.{key}")
                    };
                    match keys.iter().find(|(name, _)| name == key) {
                        Some((_, shape)) => compare(value, shape, kind, &path, findings),
                        None => {
                            let names: Vec<_> = keys.iter().map(|(name, _)| *name).collect();
                            let message = format!("Grafana knows no such key here: take one of {}", names.join(", "));
                            findings.add(path, Rule::ProvisioningKey, message);
                        }
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
