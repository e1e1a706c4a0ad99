//! Starting containers and waiting until they are healthy.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::compose::{Compose, ComposeError, Container};
use crate::docker;
use crate::progress::{Progress, without_controls};

const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Looks at containers after which one that ended, or is started again and again, is given up.
const PATIENCE_WITH_ENDED: u32 = 20;
/// Looks after which one whose health check has failed for good is given up.
const PATIENCE_WITH_UNHEALTHY: u32 = 60;
/// Lines of a container's log that are shown with its failure.
const LOG_LINES: &str = "12";

/// A container that does not get well.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Failure {
    /// Its service in `compose.yaml`.
    pub service: String,
    /// How it is, to go after its name in a sentence.
    pub condition: String,
    /// What to do about it.
    pub advice: String,
    /// The last lines of its log.
    pub log: Vec<String>,
}

/// Why containers were not started.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// Docker.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// One of them does not get well.
    #[error("{} {}; {}", .0.service, .0.condition, .0.advice)]
    Failed(Failure),
}

/// Looks at the containers of a host and tells each change.
pub(crate) struct Watch<'a> {
    compose: &'a Compose,
    progress: &'a Progress,
    deadline: Instant,
    seen: BTreeMap<String, Seen>,
}

struct Seen {
    id: String,
    condition: String,
    looks: u32,
    /// Looks at which it had ended and was about to be started again.
    restarting: u32,
    /// How it had ended at the last of them.
    exit_code: i64,
}

impl<'a> Watch<'a> {
    /// `known` are the containers as they were, which is not told.
    pub(crate) fn new(compose: &'a Compose, progress: &'a Progress, deadline: Instant, known: &[Container]) -> Self {
        let seen = known
            .iter()
            .map(|container| (container.service.clone(), Seen::new(container)));
        Self {
            compose,
            progress,
            deadline,
            seen: seen.collect(),
        }
    }

    /// Starts services, all of the profiles where none is named, and waits until they are healthy.
    pub(crate) async fn start(&mut self, profiles: &[&str], services: &[&str]) -> Result<(), WaitError> {
        let mut arguments: Vec<&str> = profiles.iter().flat_map(|profile| ["--profile", profile]).collect();
        arguments.extend(["up", "--detach", "--no-build", "--pull", "never"]);
        arguments.extend(services);
        let compose = self.compose;
        let mut starting = std::pin::pin!(compose.run(&arguments));
        let started = loop {
            tokio::select! {
                started = &mut starting => break started,
                () = sleep(POLL_INTERVAL) => drop(self.look().await?),
            }
            if Instant::now() > self.deadline {
                return Err(self.most_likely_failure(services).await?);
            }
        };
        if let Err(error) = started {
            let containers = self.look().await?;
            return Err(match containers.iter().find(|container| is_broken(container)) {
                Some(broken) => WaitError::Failed(self.failure(broken).await?),
                None => error.into(),
            });
        }
        let expected = match services {
            [] => self.compose.services(profiles).await?,
            some => some.iter().map(|service| (*service).to_owned()).collect(),
        };
        self.until_healthy(&expected).await
    }

    /// Starts the containers of services again, which thereby read their secrets anew, and waits until they are healthy.
    pub(crate) async fn restart(&mut self, services: &[&str]) -> Result<(), WaitError> {
        for service in services {
            self.progress
                .line(&format!("{service}: is started again, to take its new token"));
        }
        let mut arguments = vec!["restart"];
        arguments.extend(services);
        self.compose.run(&arguments).await?;
        self.until_healthy(&services.iter().map(|service| (*service).to_owned()).collect::<Vec<_>>())
            .await
    }

    async fn until_healthy(&mut self, services: &[String]) -> Result<(), WaitError> {
        loop {
            let containers = self.look().await?;
            let of = |service: &String| containers.iter().find(|container| container.service == *service);
            if services
                .iter()
                .all(|service| of(service).is_some_and(Container::is_healthy))
            {
                return Ok(());
            }
            let waited_for = containers
                .iter()
                .filter(|container| services.contains(&container.service));
            let hopeless = waited_for
                .filter(|container| !container.is_healthy())
                .find(|container| self.is_hopeless(container));
            if let Some(container) = hopeless {
                return Err(WaitError::Failed(self.failure(container).await?));
            }
            if Instant::now() > self.deadline {
                let names: Vec<_> = services.iter().map(String::as_str).collect();
                return Err(self.most_likely_failure(&names).await?);
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    async fn look(&mut self) -> Result<Vec<Container>, ComposeError> {
        let containers = self.compose.containers().await?;
        for container in &containers {
            let is_new = match self.seen.get_mut(&container.service) {
                Some(seen) if seen.id == container.id => seen.look(container),
                _ => {
                    self.seen.insert(container.service.clone(), Seen::new(container));
                    true
                }
            };
            if is_new {
                self.progress
                    .line(&format!("{}: {}", container.service, container.condition()));
            }
        }
        Ok(containers)
    }

    fn is_hopeless(&self, container: &Container) -> bool {
        let Some(seen) = self.seen.get(&container.service) else {
            return false;
        };
        match container.state.as_str() {
            "exited" | "dead" => seen.looks >= PATIENCE_WITH_ENDED,
            "running" if container.health == "unhealthy" => seen.looks >= PATIENCE_WITH_UNHEALTHY,
            _ => seen.keeps_ending(),
        }
    }

    /// What stands in the way when the time is over.
    async fn most_likely_failure(&mut self, services: &[&str]) -> Result<WaitError, ComposeError> {
        let containers = self.look().await?;
        let ours = |container: &&Container| services.is_empty() || services.contains(&container.service.as_str());
        let unwell: Vec<_> = containers
            .iter()
            .filter(ours)
            .filter(|container| !container.is_healthy())
            .collect();
        // Others wait for it.
        let first = unwell.iter().find(|container| is_broken(container)).or_else(|| {
            unwell
                .iter()
                .find(|container| container.state != "created")
                .or(unwell.first())
        });
        Ok(WaitError::Failed(match first {
            Some(container) => self.failure(container).await?,
            None => Failure {
                service: services.join(", "),
                condition: "did not start in time".to_owned(),
                advice: "give it longer with --timeout, and see `monitor status`".to_owned(),
                log: Vec::new(),
            },
        }))
    }

    async fn failure(&self, container: &Container) -> Result<Failure, ComposeError> {
        let inspected = docker::inspect(std::slice::from_ref(&container.id)).await?;
        let inspected = inspected.first();
        let service = &container.service;
        let logs = self
            .compose
            .run(&["logs", "--no-color", "--no-log-prefix", "--tail", LOG_LINES, service])
            .await?;
        // Between two ends it looks for an instant as if it ran.
        let keeps_ending = self.seen.get(service).filter(|seen| seen.keeps_ending());
        let mut condition = match container.condition().as_str() {
            "restarting" => format!("ends with status {} again and again", container.exit_code),
            "running" | "starting" if let Some(seen) = keeps_ending => {
                format!("ends with status {} again and again", seen.exit_code)
            }
            "starting" => "is not healthy in time".to_owned(),
            "created" => "was not started in time".to_owned(),
            ended if ended.starts_with("ended") => ended.to_owned(),
            other => format!("is {other}"),
        };
        let mut advice =
            format!("mend what its log says, then run `monitor up` again (`monitor logs {service}` shows more)");
        if let Some(inspected) = inspected {
            if inspected.state.out_of_memory {
                condition.push_str(" for want of memory");
                advice = format!(
                    "raise mem_limit of {service} in compose.yaml, or see what takes so much (`monitor logs {service}`)"
                );
            } else if !inspected.state.error.is_empty() {
                condition = format!("{condition} ({})", without_controls(&inspected.state.error));
            } else if let Some(complaint) = inspected.health_complaint() {
                condition = format!("{condition} (its health check: {})", without_controls(&complaint));
            }
        }
        Ok(Failure {
            service: service.clone(),
            condition,
            advice,
            log: logs
                .lines()
                .map(without_controls)
                .filter(|line| !line.trim().is_empty())
                .collect(),
        })
    }
}

impl Seen {
    fn new(container: &Container) -> Self {
        let mut seen = Self {
            id: container.id.clone(),
            condition: String::new(),
            looks: 0,
            restarting: 0,
            exit_code: 0,
        };
        seen.look(container);
        seen
    }

    /// Whether it is in another condition than at the last look.
    fn look(&mut self, container: &Container) -> bool {
        if container.state == "restarting" {
            self.restarting += 1;
            self.exit_code = container.exit_code;
        }
        let condition = container.condition();
        let is_new = condition != self.condition;
        self.looks = if is_new { 0 } else { self.looks + 1 };
        self.condition = condition;
        is_new
    }

    fn keeps_ending(&self) -> bool {
        self.restarting >= PATIENCE_WITH_ENDED
    }
}

fn is_broken(container: &Container) -> bool {
    container.health == "unhealthy"
        || !container.is_healthy() && matches!(container.state.as_str(), "exited" | "dead" | "restarting")
}
