//! Images, ports and projects.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use super::Found;
use crate::docker::{self, Inspected};
use crate::host::Host;

/// The first version whose `ps` writes a line for each container.
const OLDEST_COMPOSE: (u32, u32) = (2, 21);

pub(crate) fn is_too_old(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < OLDEST_COMPOSE,
        // Builds of its own that carry no number are rather new.
        _ => false,
    }
}

pub(super) async fn missing_images(found: &Found) -> Vec<String> {
    let images: BTreeSet<_> = found
        .configuration
        .services
        .values()
        .filter_map(|service| service.image.as_deref())
        .collect();
    let mut faults = Vec::new();
    for image in images {
        match docker::has_image(image).await {
            Ok(true) => {}
            Ok(false) => faults.push(format!(
                "image {image} is not on this machine, and nothing is downloaded at run time; {}",
                docker::how_to_get(image)
            )),
            Err(error) => faults.push(error.to_string()),
        }
    }
    faults
}

pub(super) fn taken_ports(host: &Host, found: &Found) -> Vec<String> {
    let project = Some(host.compose.project());
    let (ours, others): (Vec<_>, Vec<_>) = found
        .running
        .iter()
        .partition(|container| container.project() == project);
    let ours: BTreeSet<u16> = ours.into_iter().flat_map(Inspected::published).collect();
    let mut wanted: BTreeMap<(IpAddr, u16), &str> = BTreeMap::new();
    let mut faults = Vec::new();
    for (service, port) in published(found) {
        if let Some(other) = wanted.insert(port, service) {
            faults.push(format!(
                "port {} is to lead to both {other} and {service}; give one of them another port in {}",
                port.1,
                host.layout.settings_file().display()
            ));
            continue;
        }
        if ours.contains(&port.1) {
            continue;
        }
        if let Err(reason) = TcpListener::bind(SocketAddr::from(port)) {
            faults.extend(refusal(host, service, port, &others, &reason));
        }
    }
    faults
}

fn published(found: &Found) -> impl Iterator<Item = (&str, (IpAddr, u16))> {
    found.configuration.services.iter().flat_map(|(name, service)| {
        service.ports.iter().filter_map(move |port| {
            let number = port.published.as_deref()?.parse().ok()?;
            let address = port.host_ip.as_deref().and_then(|address| address.parse().ok());
            Some((name.as_str(), (address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()), number)))
        })
    })
}

fn refusal(
    host: &Host,
    service: &str,
    (address, port): (IpAddr, u16),
    others: &[&Inspected],
    reason: &io::Error,
) -> Option<String> {
    let settings = host.layout.settings_file();
    let settings = settings.display();
    match reason.kind() {
        io::ErrorKind::AddrInUse => {
            let holder = others
                .iter()
                .find(|container| container.published().any(|taken| taken == port));
            let holder = holder.map_or_else(
                || format!("another program (`ss -ltnp 'sport = :{port}'` shows which)"),
                |container| format!("the container {}", container.name.trim_start_matches('/')),
            );
            Some(format!(
                "port {port}, which {service} needs, is taken by {holder}; stop that, or set another port in {settings}"
            ))
        }
        io::ErrorKind::AddrNotAvailable => Some(format!(
            "{address}, on which {service} is to be reached, is no address of this machine; set one that is in {settings}"
        )),
        // Ports below 1024 are Docker's to open.
        _ => None,
    }
}

pub(super) fn foreign_projects(host: &Host, found: &Found) -> Vec<String> {
    let data = host.layout.data();
    let data = without_links(data);
    let mut faults = BTreeSet::new();
    for container in &found.running {
        let name = container.name.trim_start_matches('/');
        if container.project() == Some(host.compose.project()) {
            if let Some(elsewhere) = other_data(container, &data) {
                faults.insert(format!(
                    "project {} is up already with the data in {}; give `--data-dir` that folder, or `--project` another name",
                    host.compose.project(),
                    elsewhere.display()
                ));
            }
        } else if container
            .mounts
            .iter()
            .any(|mount| without_links(&mount.source).starts_with(&data))
        {
            let project = container
                .project()
                .map_or_else(|| format!("container {name}"), |project| format!("project {project}"));
            faults.insert(format!(
                "{project} uses the data in {} as well, and two would spoil it; take that down (`docker stop {name}`), or give `--data-dir` another folder",
                data.display()
            ));
        }
    }
    faults.into_iter().collect()
}

/// The data folder of a container of ours, if it is another one: every one of them has its secrets from there.
fn other_data(container: &Inspected, data: &Path) -> Option<PathBuf> {
    container.mounts.iter().find_map(|mount| {
        let folder = mount
            .source
            .ancestors()
            .find(|folder| folder.ends_with("secrets"))?
            .parent()?;
        (without_links(folder) != data).then(|| folder.to_owned())
    })
}

/// As the system sees it; as it is named where it is not there.
fn without_links(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart() {
        for (version, old) in [
            ("2.20.3", true),
            ("v2.21.0", false),
            ("2.40.3-desktop.1", false),
            ("1.29.2", true),
            ("5.0.0", false),
            ("dev", false),
        ] {
            assert_eq!(is_too_old(version), old, "{version}");
        }
    }
}
