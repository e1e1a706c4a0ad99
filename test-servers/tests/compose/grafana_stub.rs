//! Grafana's stub: that it says what it is, and asks the servers that Grafana would ask.

use std::fs;
use std::path::Path;

use reqwest::blocking::RequestBuilder;
use serde_json::{Value as Json, json};
use test_servers::{ComposeProject, Docker, client_builder};

const DATA_SOURCES: &str = r"
apiVersion: 1
datasources:
  - name: InfluxDB
    type: influxdb
    uid: influxdb
    url: http://influxdb:8086
    jsonData: { version: Flux, organization: marketboro, defaultBucket: telemetry }
    secureJsonData: { token: '$__file{/run/secrets/influxdb-grafana-token}' }
  - { name: Jaeger, type: jaeger, uid: jaeger, url: 'http://jaeger:16686' }
  - { name: CloudWatch, type: cloudwatch, uid: cloudwatch, jsonData: { defaultRegion: '${AWS_REGION}' } }
";

const RULES: &str = r"
apiVersion: 1
groups:
  - name: first
    rules: [{ uid: error-ratio, title: Error ratio }]
";

#[test]
fn grafanas_stub_asks_influxdb_and_jaeger() {
    let provisioning = provisioning();
    let project = ComposeProject::new(Docker::shared())
        .unwrap()
        .variable("GRAFANA_PROVISIONING", provisioning.path());
    project.up(&[]).unwrap();
    let log = project.compose(&["logs", "grafana"]).unwrap();
    assert!(
        log.contains("grafana-stub: this is a stub for tests, not Grafana"),
        "{log}"
    );
    Docker::shared().inside(|| {
        it_lets_in_whoever_has_the_password(&project);
        it_knows_whether_data_sources_work(&project);
        it_runs_queries(&project);
        it_lists_what_is_provisioned(&project);
        its_password_outlives_a_restart(&project);
    });
    let database = fs::read(project.data().join("grafana/grafana.db")).unwrap();
    assert!(database.starts_with(b"SQLite format 3\0"));
}

/// A folder that the container's user may read.
fn provisioning() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("datasources/datasources.yaml", DATA_SOURCES);
    write("alerting/rules.yaml", RULES);
    write(
        "dashboards/overview.json",
        r#"{"uid": "overview", "title": "Overview", "tags": ["marketboro"]}"#,
    );
    folder
}

fn ask(project: &ComposeProject<'_>, method: &str, path: &str, password: &str, body: Option<Json>) -> (u16, Json) {
    let url = format!("http://127.0.0.1:{}{path}", project.port("GRAFANA_PORT"));
    let request = client_builder().build().unwrap().request(method.parse().unwrap(), url);
    let request: RequestBuilder = request.basic_auth("admin", Some(password));
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let answer = request.send().unwrap();
    (answer.status().as_u16(), answer.json().unwrap())
}

fn get(project: &ComposeProject<'_>, path: &str) -> (u16, Json) {
    let password = project.secret("grafana-admin-password").unwrap();
    ask(project, "GET", path, &password, None)
}

fn it_lets_in_whoever_has_the_password(project: &ComposeProject<'_>) {
    let (status, health) = ask(project, "GET", "/api/health", "wrong", None);
    assert_eq!(
        (status, &health["database"], &health["version"]),
        (200, &json!("ok"), &json!("grafana-stub"))
    );
    assert_eq!(ask(project, "GET", "/api/search", "wrong", None).0, 401);
    assert_eq!(get(project, "/api/search").0, 200);
}

fn it_knows_whether_data_sources_work(project: &ComposeProject<'_>) {
    let health = |uid: &str| get(project, &format!("/api/datasources/uid/{uid}/health"));
    assert_eq!(health("influxdb").0, 200, "{:?}", health("influxdb"));
    assert_eq!(health("jaeger").0, 200, "{:?}", health("jaeger"));
    assert_eq!(health("cloudwatch").1["status"], "ERROR");
    assert_eq!(health("nobody").0, 404);
    project.container("jaeger").unwrap().signal("STOP").unwrap();
    let hung = health("jaeger");
    project.container("jaeger").unwrap().signal("CONT").unwrap();
    assert_eq!((hung.0, &hung.1["status"]), (400, &json!("ERROR")));
    let (_, described) = get(project, "/api/datasources/uid/influxdb");
    assert!(
        !described
            .to_string()
            .contains(&project.secret("influxdb-grafana-token").unwrap())
    );
}

fn it_runs_queries(project: &ComposeProject<'_>) {
    let password = project.secret("grafana-admin-password").unwrap();
    let run = |flux: &str| {
        let query = json!({ "refId": "A", "datasource": { "type": "influxdb", "uid": "influxdb" }, "query": flux });
        let body = json!({ "from": "now-15m", "to": "now", "queries": [query] });
        ask(project, "POST", "/api/ds/query", &password, Some(body))
    };
    let (status, answer) = run(r#"import "array"
        array.from(rows: [{_time: v.timeRangeStart, _value: 1.5, kind: "a"}, {_time: v.timeRangeStop, _value: 2.5, kind: "a"}])"#);
    assert_eq!(status, 200, "{answer}");
    let frames = answer.pointer("/results/A/frames").unwrap();
    let fields = frames.pointer("/0/schema/fields").unwrap().as_array().unwrap();
    let names: Vec<_> = fields.iter().map(|field| field["name"].as_str().unwrap()).collect();
    let at = names.iter().position(|name| *name == "_value").unwrap();
    assert_eq!(frames[0]["data"]["values"][at], json!([1.5, 2.5]), "{answer}");
    let (status, answer) = run(r#"from(bucket: "telemetry") |> range(start: v.timeRangeStart) |> limit(n: 0)"#);
    assert_eq!((status, answer.pointer("/results/A/frames")), (200, Some(&json!([]))));
    let (status, answer) = run("nonsense");
    assert_eq!(status, 400);
    assert!(
        answer
            .pointer("/results/A/error")
            .unwrap()
            .as_str()
            .unwrap()
            .contains("nonsense"),
        "{answer}"
    );
}

fn it_lists_what_is_provisioned(project: &ComposeProject<'_>) {
    let (_, found) = get(project, "/api/search");
    assert_eq!(found[0]["uid"], "overview");
    let (_, dashboard) = get(project, "/api/dashboards/uid/overview");
    assert_eq!(dashboard["dashboard"]["title"], "Overview");
    assert_eq!(get(project, "/api/dashboards/uid/nobody").0, 404);
    let (_, rules) = get(project, "/api/v1/provisioning/alert-rules");
    assert_eq!(
        (&rules[0]["uid"], &rules[0]["ruleGroup"]),
        (&json!("error-ratio"), &json!("first"))
    );
}

fn its_password_outlives_a_restart(project: &ComposeProject<'_>) {
    let first = project.secret("grafana-admin-password").unwrap();
    let change = json!({ "oldPassword": first, "newPassword": "another", "confirmNew": "another" });
    assert_eq!(ask(project, "PUT", "/api/user/password", &first, Some(change)).0, 200);
    project.compose(&["restart", "grafana"]).unwrap();
    project
        .container("grafana")
        .unwrap()
        .wait_for_health("healthy")
        .unwrap();
    assert_eq!(ask(project, "GET", "/api/search", "another", None).0, 200);
    assert_eq!(ask(project, "GET", "/api/search", &first, None).0, 401);
}
