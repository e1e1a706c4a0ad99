//! What virtual users do before and after the load: the set-up and clean-up of the run, and of their own resources.

use std::iter::repeat;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::scenario::resources::{Removal, is_gone, push_number};
use crate::scenario::script::Script;
use crate::scenario::{CleanUp, Fate};

/// Attempts at each request of set-up.
const SET_UP_ATTEMPTS: u32 = 5;
/// A create that got no answer can still be carried out for so many timeouts, but at least for [`LEAST_LATENESS`].
const LATENESS_TIMEOUTS: u32 = 2;
const LEAST_LATENESS: Duration = Duration::from_secs(5);
/// How long clean-up goes on without any progress.
const CLEAN_UP_PATIENCE: Duration = Duration::from_secs(10);
const RETRY_PAUSE: Duration = Duration::from_millis(200);

impl Script {
    /// Takes the steps of the run's set-up, trying each again where the target is only busy. Done by the virtual user
    /// that sent the opening request, which was the first of these steps.
    ///
    /// `opened` says how the opening request ended.
    pub(crate) async fn set_up_run(&mut self, client: &mut Client, opened: &Result<u16, String>) -> Result<(), String> {
        let mut rng = fastrand::Rng::new();
        let steps = self.templates.definition.set_up.clone();
        let mut last = Some(opened.clone());
        for step in steps {
            let mut attempt = 0;
            loop {
                let result = match last.take() {
                    Some(result) => result,
                    None => {
                        self.prepare_outside(step, &mut rng);
                        self.send(client).await.0
                    }
                };
                attempt += 1;
                match result {
                    Ok(_) => break,
                    Err(_) if client.stopping() => return Err("interrupted".to_owned()),
                    Err(reason)
                        if attempt >= SET_UP_ATTEMPTS
                            || self.failed_status.is_some_and(|status| !is_worth_retrying(status)) =>
                    {
                        return Err(reason);
                    }
                    Err(_) => {}
                }
                tokio::time::sleep(RETRY_PAUSE * attempt).await;
            }
        }
        Ok(())
    }

    /// Takes the steps of the run's clean-up, whatever becomes of each; gives the first failure.
    pub(crate) async fn clean_up_run(&mut self, client: &mut Client) -> Result<(), String> {
        let mut rng = fastrand::Rng::new();
        let mut outcome = Ok(());
        for step in self.templates.definition.clean_up.clone() {
            self.draw(&mut rng);
            self.prepare_outside(step, &mut rng);
            if let (Err(reason), ..) = self.send(client).await {
                outcome = outcome.and(Err(reason));
            }
        }
        outcome
    }

    /// Creates the resources that the virtual user has at the start, trying again where the target is only busy; gives
    /// their number.
    pub(crate) async fn set_up(&mut self, client: &mut Client) -> Result<u64, String> {
        let mut rng = fastrand::Rng::new();
        let mut created = 0;
        for index in 0..self.values.books.len() {
            let resource = &self.templates.definition.resources[index];
            let (create, at_start) = (resource.create, resource.at_start);
            let mut attempt = 0;
            while self.values.books[index].live() < at_start && !client.stopping() {
                let before = self.values.books[index].live();
                self.draw(&mut rng);
                self.prepare_outside(create, &mut rng);
                let (result, fate) = self.send(client).await;
                if self.values.books[index].live() > before {
                    attempt = 0;
                    continue;
                }
                attempt += 1;
                let worth_retrying = match fate {
                    Fate::Answered(status) => is_worth_retrying(status),
                    _ => true,
                };
                if attempt >= SET_UP_ATTEMPTS || !worth_retrying {
                    return Err(match result {
                        Ok(status) => format!("status {status}"),
                        Err(reason) => reason,
                    });
                }
                tokio::time::sleep(RETRY_PAUSE * attempt).await;
            }
            created += self.values.books[index].live() as u64;
        }
        Ok(created)
    }

    /// Deletes everything this script created.
    pub(crate) async fn clean_up(&mut self, client: &mut Client) -> CleanUp {
        let lateness = (client.timeout() * LATENESS_TIMEOUTS).max(LEAST_LATENESS);
        let mut outcome = CleanUp::default();
        // What was created last may belong to what was created first.
        for index in (0..self.values.books.len()).rev() {
            let removal = self.values.books[index].close(Instant::now(), lateness);
            self.remove(client, index, removal, &mut outcome).await;
        }
        outcome
    }

    /// Deletes resources of one kind.
    ///
    /// One whose create got no answer may appear late: it is deleted again and again until the target says that it has
    /// deleted it, or that there is none at a time when no create can be under way any more.
    async fn remove(&mut self, client: &mut Client, index: usize, mut removal: Removal, outcome: &mut CleanUp) {
        let mut rng = fastrand::Rng::new();
        let late_until = removal.late_until;
        let mut last_progress = Instant::now();
        let patience = |last_progress: Instant| late_until.max(last_progress) + CLEAN_UP_PATIENCE;
        loop {
            let (mut known, mut unknown) = (Vec::new(), Vec::new());
            let numbers = removal.known.into_iter().flatten().zip(repeat(true));
            for (number, created) in numbers.chain(removal.unknown.into_iter().flatten().zip(repeat(false))) {
                let asked = Instant::now();
                let patient = asked < patience(last_progress);
                let result = if patient {
                    self.delete(client, index, number, &mut rng).await
                } else {
                    Err(String::new())
                };
                match result {
                    Ok(Deleted::Removed) => outcome.deleted += 1,
                    Ok(Deleted::Gone) if created || asked >= late_until => {}
                    result => {
                        push_number(if created { &mut known } else { &mut unknown }, number);
                        if let (true, Err(reason)) = (patient, result) {
                            outcome.reason = Some(reason);
                        }
                        continue;
                    }
                }
                last_progress = Instant::now();
            }
            removal = Removal {
                known,
                unknown,
                late_until,
            };
            if removal.len() == 0 || Instant::now() >= patience(last_progress) {
                outcome.left += removal.len();
                return;
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    async fn delete(
        &mut self,
        client: &mut Client,
        index: usize,
        number: u64,
        rng: &mut fastrand::Rng,
    ) -> Result<Deleted, String> {
        let step = self.templates.definition.resources[index].delete;
        self.values.books[index].point_at(number);
        self.prepare_outside(step, rng);
        let result = client.exchange(&self.request, Instant::now()).await;
        match result {
            Ok(status) if is_gone(status) => Ok(Deleted::Gone),
            Ok(status) if self.templates.definition.steps[step].expect.accepts(status) => Ok(Deleted::Removed),
            Ok(status) => Err(format!("status {status}")),
            Err(failure) => Err(failure.describe()),
        }
    }
}

/// How a delete of clean-up ended.
enum Deleted {
    Removed,
    Gone,
}

/// Whether the same request may be answered otherwise in a moment.
fn is_worth_retrying(status: u16) -> bool {
    !matches!(status, 300..=428 | 430..=499)
}
