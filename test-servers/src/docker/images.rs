//! Images for `monitor/compose.yaml` made from the programs that the tests have: each holds a program, the libraries it
//! is linked to, and of what the official image has besides only what a health check asks for.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::{Docker, finish, system};
use crate::error::ServerError;
use crate::process::{built, in_repository, installed_at};

/// The name of the image with Grafana's stub, which `compose.grafana-stub.yaml` puts in Grafana's place.
pub(super) const GRAFANA_STUB: &str = "marketboro/grafana-stub:0.1.0";

/// In place of InfluxDB's command line client, of which the health check uses this.
const INFLUX: &str = r#"#!/bin/sh
[ "$1 $2" = "ping --host" ] || { echo "influx: this stand-in knows ping --host URL only" >&2; exit 2; }
exec /healthcheck "$3/health"
"#;

/// In place of wget, of which health checks use this.
const WGET: &str = r#"#!/bin/sh
[ "$1 $2 $3 $4 $5" = "-q -T 4 -O /dev/null" ] || { echo "wget: this stand-in knows -q -T 4 -O /dev/null URL only" >&2; exit 2; }
exec /healthcheck "$6"
"#;

/// Asks a URL; set by `make test-env`.
const HEALTH_CHECK: (&str, &str) = ("HEALTHCHECK", "/healthcheck");

/// Where a program comes from.
enum Program {
    /// Set by `make test-env`.
    Variable(&'static str),
    /// Built by cargo beside the tests.
    Workspace(&'static str),
}

struct Image {
    name: String,
    program: Program,
    /// Where the program is, and the image's entrypoint.
    path: &'static str,
    /// For the health check: a script that needs a shell, or none.
    script: Option<(&'static str, &'static str)>,
    /// Whether the health check's own program is there.
    with_health_check: bool,
}

#[derive(Deserialize)]
struct ComposeFile {
    #[serde(rename = "x-images")]
    images: BTreeMap<String, String>,
}

pub(super) fn import(docker: &Docker) -> Result<(), ServerError> {
    for image in images()? {
        let listed = docker.run(["image", "ls", "--quiet", &image.name])?;
        if listed.trim().is_empty() {
            import_one(docker, &image)?;
        }
    }
    Ok(())
}

/// Those that the monitor host runs; their names.
pub(super) fn import_for_host(docker: &Docker) -> Result<Vec<String>, ServerError> {
    let local = ["service", "loadgen"]
        .map(name)
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    let mut names = Vec::new();
    for mut image in images()?.into_iter().filter(|image| !local.contains(&image.name)) {
        if image.name == GRAFANA_STUB {
            image.name = name("grafana")?;
        }
        import_one(docker, &image)?;
        names.push(image.name);
    }
    Ok(names)
}

fn images() -> Result<Vec<Image>, ServerError> {
    let wget = Some(("/usr/bin/wget", WGET));
    let image = |name, program, path, script| Image {
        name,
        program,
        path,
        script,
        with_health_check: script.is_some(),
    };
    let (influxd, jaeger, otelcol) = ["INFLUXD", "JAEGER", "OTELCOL"].map(Program::Variable).into();
    let (stub, service, loadgen) = ["grafana-stub", "service", "loadgen"].map(Program::Workspace).into();
    Ok(vec![
        image(
            name("influxdb")?,
            influxd,
            "/usr/local/bin/influxd",
            Some(("/usr/local/bin/influx", INFLUX)),
        ),
        image(name("jaeger")?, jaeger, "/cmd/jaeger/jaeger-linux", wget),
        Image {
            with_health_check: true,
            ..image(name("otel-collector")?, otelcol, "/otelcol", None)
        },
        image(GRAFANA_STUB.to_owned(), stub, "/grafana-stub", wget),
        image(name("service")?, service, "/service", None),
        image(name("loadgen")?, loadgen, "/loadgen", None),
    ])
}

/// What `monitor/compose.yaml` calls the image of a service unless a variable says otherwise.
fn name(service: &str) -> Result<String, ServerError> {
    let text = fs::read_to_string(in_repository("monitor/compose.yaml")).map_err(system)?;
    let file: ComposeFile = serde_saphyr::from_str(&text).map_err(|error| unusable(&error.to_string()))?;
    let name = file.images.get(service).and_then(|image| {
        let (_, default) = image.strip_suffix('}')?.split_once(":-")?;
        Some(default.to_owned())
    });
    name.ok_or_else(|| unusable(&format!("x-images has no default for {service}")))
}

fn unusable(cause: &str) -> ServerError {
    system(io::Error::other(format!("monitor/compose.yaml: {cause}")))
}

fn import_one(docker: &Docker, image: &Image) -> Result<(), ServerError> {
    let root = tempfile::Builder::new().prefix("image-").tempdir().map_err(system)?;
    fill(root.path(), image)?;
    let entrypoint = format!("ENTRYPOINT [{:?}]", image.path);
    let mut tar = Command::new("tar")
        .arg("-C")
        .arg(root.path())
        .args(["--owner=0", "--group=0", "--numeric-owner", "-c", "."])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(system)?;
    let mut import = docker.command();
    import.args(["import", "--change", &entrypoint, "-", &image.name]);
    if let Some(layer) = tar.stdout.take() {
        import.stdin(layer);
    }
    let imported = finish(&mut import);
    tar.wait().map_err(system)?;
    imported.map(drop)
}

/// Puts together the files of an image.
fn fill(root: &Path, image: &Image) -> Result<(), ServerError> {
    let program = match &image.program {
        Program::Variable(variable) => installed_at(variable)?,
        Program::Workspace(name) => built(name)?,
    };
    add_program(root, &program, image.path)?;
    if image.with_health_check {
        let (variable, in_image) = HEALTH_CHECK;
        add_program(root, &installed_at(variable)?, in_image)?;
    }
    if let Some((in_image, script)) = image.script {
        let busybox = finish(Command::new("sh").args(["-c", "command -v busybox"]))?;
        add_program(root, Path::new(busybox.trim()), "/bin/busybox")?;
        symlink("busybox", root.join("bin/sh")).map_err(system)?;
        let path = place(root, in_image)?;
        fs::write(&path, script).map_err(system)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(system)?;
    }
    Ok(())
}

fn add_program(root: &Path, program: &Path, in_image: &str) -> Result<(), ServerError> {
    copy(root, program, in_image)?;
    // Fails for a program that is linked to none.
    let output = Command::new("ldd").arg(program).output().map_err(system)?;
    if output.status.success() {
        for library in String::from_utf8_lossy(&output.stdout).lines().filter_map(library) {
            copy(root, Path::new(library), library)?;
        }
    }
    Ok(())
}

/// The path in a line of `ldd` such as `libc.so.6 => /lib/libc.so.6 (0x…)` or `/lib64/ld-linux.so.2 (0x…)`.
fn library(line: &str) -> Option<&str> {
    let (path, _) = line.rsplit_once(" (")?;
    let path = path.rsplit_once("=> ").map_or(path, |(_, path)| path).trim();
    path.starts_with('/').then_some(path)
}

fn copy(root: &Path, file: &Path, in_image: &str) -> Result<(), ServerError> {
    let path = place(root, in_image)?;
    fs::copy(file, path).map(drop).map_err(system)
}

/// Where a file of the image is put together, in a folder that exists.
fn place(root: &Path, in_image: &str) -> Result<PathBuf, ServerError> {
    let path = root.join(in_image.trim_start_matches('/'));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(system)?;
    }
    Ok(path)
}
