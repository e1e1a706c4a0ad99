//! The settings of the host: known names, and nothing published where everyone reaches it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use collector::environment::TRACE_DECISION_WAIT;

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::settings::{MONITOR_PRIVATE_ADDRESS, PORTS, Settings};
use crate::token_publication::TokenPublication;
use crate::watchdog::{AUTO_SCALING_GROUP, INSTANCE_ID};

/// How settings begin that are read by programs and not by `compose.yaml`.
const OTHER_READERS: &[&str] = &[
    "MONITOR_",
    "AWS_",
    "COMPOSE_",
    "DOCKER_",
    AUTO_SCALING_GROUP,
    INSTANCE_ID,
];

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let path = context.layout().settings_file();
    let written = Settings::written(context.layout())
        .map_err(|error| Fault::failed(error.to_string(), format!("correct {}", path.display())))?;
    let mut faults = unknown(&context, &written);
    faults.extend(writable_by_others(&path));
    faults.extend(bad_address(context.settings()));
    faults.extend(bad_ports(context.settings()));
    faults.extend(bad_wait(context.settings()));
    faults.extend(
        TokenPublication::of(context.settings())
            .err()
            .map(|error| Fault::failed(error.to_string(), "correct settings.env, then `monitor up`")),
    );
    let seen = match written.len() {
        0 => "nothing is set, so defaults hold".to_owned(),
        count => format!("{count} settings in {}", path.display()),
    };
    Ok(Verdict::new(seen, faults))
}

fn unknown(context: &Context, written: &BTreeMap<String, String>) -> Vec<Fault> {
    // What is wrong with compose.yaml itself is for the check `files`.
    let Ok(compose) = std::fs::read_to_string(context.layout().compose_file()) else {
        return Vec::new();
    };
    let known = variables(&compose);
    let unknown = written
        .keys()
        .filter(|name| !known.contains(name.as_str()) && !OTHER_READERS.iter().any(|prefix| name.starts_with(prefix)));
    unknown
        .map(|name| {
            Fault::warning(
                format!("settings.env sets {name}, which nothing reads"),
                "correct its name after compose.yaml, or remove the line",
            )
        })
        .collect()
}

/// Names that `compose.yaml` takes from its environment: `${NAME…}`, and `NAME:` without a value.
pub(crate) fn variables(compose: &str) -> BTreeSet<&str> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let referred = compose.split("${").skip(1);
    let referred = referred.map(|rest| rest.split(|character| !is_part(character)).next().unwrap_or_default());
    let handed_on = compose.lines().filter_map(|line| line.trim().strip_suffix(':'));
    let handed_on = handed_on.filter(|name| name.starts_with(|first: char| first.is_ascii_uppercase()));
    referred
        .chain(handed_on)
        .filter(|name| !name.is_empty() && name.chars().all(is_part))
        .collect()
}

fn writable_by_others(path: &std::path::Path) -> Option<Fault> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o022 != 0).then(|| {
        Fault::failed(
            format!(
                "{} has mode {mode:04o}: others may change where data goes",
                path.display()
            ),
            format!("chmod go-w {}", path.display()),
        )
    })
}

fn bad_address(settings: &Settings) -> Option<Fault> {
    let address = match settings.private_address() {
        Ok(address) => address,
        Err(error) => {
            return Some(Fault::failed(
                error.to_string(),
                "set it to this host's private address",
            ));
        }
    };
    let remedy =
        format!("set {MONITOR_PRIVATE_ADDRESS} to this host's address in the private network, then `monitor up`");
    if !is_private(address) {
        let seen = format!(
            "{MONITOR_PRIVATE_ADDRESS} is {address}, so OTLP, which asks no password, is taken from {}",
            if address.is_unspecified() {
                "every network"
            } else {
                "the internet"
            }
        );
        return Some(Fault::failed(seen, remedy));
    }
    let error = TcpListener::bind((address, 0)).err()?;
    Some(Fault::failed(
        format!("{MONITOR_PRIVATE_ADDRESS} is {address}, which is no address of this host ({error})"),
        remedy,
    ))
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            // RFC 6598, which providers use inside their networks.
            let is_shared = address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64;
            address.is_private() || address.is_loopback() || address.is_link_local() || is_shared
        }
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

fn bad_ports(settings: &Settings) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut taken = BTreeMap::new();
    for (name, _) in PORTS {
        match settings.port(name) {
            Ok(0) => faults.push(Fault::failed(
                format!("{name} is 0"),
                format!("set {name} to a port from 1 to 65535"),
            )),
            Ok(port) => {
                if let Some(other) = taken.insert(port, name) {
                    faults.push(Fault::failed(
                        format!("{other} and {name} are both {port}"),
                        "give each server a port of its own, then `monitor up`",
                    ));
                }
            }
            Err(error) => faults.push(Fault::failed(error.to_string(), format!("correct {name}"))),
        }
    }
    faults
}

fn bad_wait(settings: &Settings) -> Option<Fault> {
    let wait = settings.get(TRACE_DECISION_WAIT.name)?;
    humantime::parse_duration(wait).err()?;
    Some(Fault::failed(
        format!("{} is {wait}, which is no duration", TRACE_DECISION_WAIT.name),
        "write it as in 10s or 500ms, then `monitor up`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_a_compose_file_are_found() {
        let text = "image: ${A_IMAGE:-x}\n  B_SIZE:\n  ports: [\"${C}:${D:?set it}:1\"]\nservices:\n";
        assert_eq!(
            variables(text).into_iter().collect::<Vec<_>>(),
            ["A_IMAGE", "B_SIZE", "C", "D"]
        );
    }

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        for address in [
            "127.0.0.1",
            "10.0.3.4",
            "172.31.0.9",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fd00::1",
        ] {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        for address in ["0.0.0.0", "::", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1"] {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }
}
