//! The course that all scenarios share: load, calm, a fault, recovery, calm, and the reckoning.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;
use test_servers::{InfluxDb, Service, ServiceOptions};

use crate::checking_client::{CheckingClient, ID_PREFIX};
use crate::connection::{Connection, request};
use crate::context::Context;
use crate::failure::Failure;
use crate::ledger::Finding;
use crate::load_run::{LoadRun, number};
use crate::memory::MemoryWatch;
use crate::report::Figures;
use crate::tally::Tally;

/// Time the service has for a request; the SDK gets half of it for one of its attempts.
const REQUEST_TIMEOUT: &str = "5s";
const CLIENTS: usize = 8;

/// Resident memory of the service at most, whatever is done to it.
const MEMORY_BOUND: u64 = 256 << 20;
/// Resident memory of loadgen at most.
const LOADGEN_MEMORY_BOUND: u64 = 256 << 20;
/// From the fault's end to the first good answer, and to the rate of before, at most.
const RECOVERY_BOUND: Duration = Duration::from_secs(30);

/// No request takes longer where the service has no reason to be slow, on a busy machine.
const UNDISTURBED: Duration = Duration::from_secs(4);

const PAGE: &str = "/items?limit=1000";

/// What a scenario lets happen.
pub(crate) struct Expected {
    /// Requests may be answered with 503 and 504, or not at all, while the fault lasts.
    failures: bool,
    /// No request may take longer.
    slowest: Option<Duration>,
    /// How long the fault lasts, about.
    fault: Duration,
}

impl Expected {
    /// The service does what it always does: no request fails or is slow.
    pub(crate) fn undisturbed(fault: Duration) -> Self {
        Self {
            failures: false,
            slowest: Some(UNDISTURBED),
            fault,
        }
    }

    /// The service cannot do its work while the fault lasts.
    pub(crate) fn failing(fault: Duration) -> Self {
        Self {
            failures: true,
            slowest: None,
            fault,
        }
    }
}

/// The service's command line in this campaign.
pub(crate) fn service() -> ServiceOptions {
    Service::options().arguments(["--request-timeout", REQUEST_TIMEOUT])
}

pub(crate) struct Trial<'a> {
    context: &'a Context,
    expected: Expected,
    address: SocketAddr,
    tally: Arc<Tally>,
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Vec<Value>>>,
    load: LoadRun,
    memory: MemoryWatch,
    loadgen_memory: MemoryWatch,
    rate_before: f64,
}

impl<'a> Trial<'a> {
    /// Puts load on the service, and sees how it does without a fault.
    pub(crate) fn begin(
        context: &'a Context,
        service: &Service,
        influxdb: Option<&InfluxDb>,
        expected: Expected,
    ) -> Result<Self, Failure> {
        let (address, tally, stop) = (service.address(), Arc::new(Tally::new()), Arc::<AtomicBool>::default());
        let load_time = expected.fault + 3 * context.calm();
        let load = LoadRun::start(context, &service.url(), load_time, influxdb)?;
        let clients = (0..CLIENTS)
            .map(|number| {
                let (tally, stop) = (Arc::clone(&tally), Arc::clone(&stop));
                let random = context.random(number as u64 + 1);
                thread::spawn(move || CheckingClient::new(address, &tally, number, random).run(&stop))
            })
            .collect();
        let mut trial = Self {
            context,
            expected,
            address,
            tally,
            stop,
            clients,
            memory: MemoryWatch::start(service.id()?),
            loadgen_memory: MemoryWatch::start(load.id()),
            load,
            rate_before: 0.0,
        };
        // The clients create their items first.
        context.wait(context.calm())?;
        let begin = Instant::now();
        context.wait(context.calm())?;
        trial.rate_before = trial.tally.rate_since(begin);
        trial.check_findings()?;
        Ok(trial)
    }

    /// What the clients count.
    pub(crate) fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// The service was started again.
    pub(crate) fn follow(&self, service: &Service) -> Result<(), Failure> {
        self.memory.follow(service.id()?);
        Ok(())
    }

    /// Resident memory of the service at most so far, in bytes.
    pub(crate) fn memory_peak(&self) -> u64 {
        self.memory.peak()
    }

    /// Does what the scenario is about; the fault has ended when `fault` returns.
    pub(crate) fn fault(&mut self, fault: impl FnOnce(&Self) -> Result<(), Failure>) -> Result<(), Failure> {
        self.context.say("fault");
        self.tally.let_fail(self.expected.failures);
        self.tally.fault_begins();
        fault(self)?;
        self.tally.fault_ends();
        self.context.say("fault over");
        self.check_findings()
    }

    /// Waits until all is as before, then ends the load and compares everything.
    pub(crate) fn finish(mut self) -> Result<(Figures, Value), Failure> {
        let tally = Arc::clone(&self.tally);
        let first_good = self
            .context
            .poll("no good answer after the fault", RECOVERY_BOUND, || {
                Ok(tally.to_first_good())
            })?;
        let to_rate = self
            .context
            .poll("the rate of before is not back", RECOVERY_BOUND, || {
                Ok(tally.to_rate(self.rate_before))
            })?;
        tally.let_fail(false);
        self.context.wait(self.context.calm())?;
        let summary = self.load.finish(self.context)?;
        self.stop.store(true, Ordering::Relaxed);
        let mut expected = BTreeMap::new();
        for client in std::mem::take(&mut self.clients) {
            let items = client
                .join()
                .map_err(|_| Failure::broken("a checking client panicked"))?;
            expected.extend(items.into_iter().map(|item| (id(&item), item)));
        }
        self.compare_listing(&expected);
        self.check_findings()?;
        self.check_bounds()?;
        let tally = &self.tally;
        let figures = Figures {
            requests: tally.requests.load(Ordering::Relaxed) + number(&summary, "/requests")?,
            acknowledged: tally.acknowledged.load(Ordering::Relaxed),
            failed: tally.failed.load(Ordering::Relaxed),
            lost: tally.lost.load(Ordering::Relaxed),
            wrong: tally.wrong.load(Ordering::Relaxed),
            slowest: tally.slowest(),
            memory_peak: self.memory.peak(),
            first_good,
            to_rate,
            remark: String::new(),
        };
        Ok((figures, summary))
    }

    /// All pages of the table against what all clients know together.
    fn compare_listing(&self, expected: &BTreeMap<String, Value>) {
        let find = |finding| self.tally.find(finding);
        let listed = match list(self.address) {
            Ok(listed) => listed,
            Err(cause) => return find(Finding::Wrong(format!("GET {PAGE} at the end: {cause}"))),
        };
        for (id, item) in expected {
            match listed.get(id) {
                Some(found) if found == item => {}
                Some(found) => find(Finding::Lost(format!("{id} is listed as {found}"))),
                None => find(Finding::Lost(format!("{id} is not listed"))),
            }
        }
        for id in listed.keys().filter(|id| !expected.contains_key(*id)) {
            find(Finding::Wrong(format!("{id} is listed and was deleted")));
        }
    }

    fn check_findings(&self) -> Result<(), Failure> {
        let findings = self.tally.findings();
        let Some(first) = findings.first() else {
            return Ok(());
        };
        let all = findings.join("\n");
        std::fs::write(self.context.folder.join("findings.txt"), all).map_err(Failure::system("the findings"))?;
        let more = self.tally.lost.load(Ordering::Relaxed) + self.tally.wrong.load(Ordering::Relaxed) - 1;
        Err(Failure::broken(match more {
            0 => first.clone(),
            _ => format!("{first}, and {more} more in findings.txt"),
        }))
    }

    fn check_bounds(&self) -> Result<(), Failure> {
        for (program, peak, bound) in [
            ("the service", self.memory.peak(), MEMORY_BOUND),
            ("loadgen", self.loadgen_memory.peak(), LOADGEN_MEMORY_BOUND),
        ] {
            if peak > bound {
                let (peak, bound) = (peak >> 20, bound >> 20);
                return Err(Failure::broken(format!(
                    "{program} had {peak} MiB of memory, over {bound} MiB"
                )));
            }
        }
        match self.expected.slowest {
            Some(bound) if self.tally.slowest() > bound => Err(Failure::broken(format!(
                "a request took {} ms, over {} ms",
                self.tally.slowest().as_millis(),
                bound.as_millis()
            ))),
            _ => Ok(()),
        }
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn id(item: &Value) -> String {
    item["id"].as_str().unwrap_or_default().to_owned()
}

/// Items of the checking clients as they are listed, by id.
fn list(address: SocketAddr) -> Result<BTreeMap<String, Value>, String> {
    let mut connection = Connection::open(address).map_err(|error| error.to_string())?;
    let (mut listed, mut path) = (BTreeMap::new(), PAGE.to_owned());
    loop {
        let trace_id = format!("{:032x}", fastrand::u128(1..));
        let answer = connection
            .write(&request("GET", &path, "", &trace_id))
            .and_then(|()| connection.read())
            .map_err(|error| error.to_string())?;
        if let Some(fault) = answer.fault(&trace_id, &[200]) {
            return Err(format!("{fault} in {}", answer.text()));
        }
        let page = answer.json();
        let items = page["items"].as_array().ok_or_else(|| answer.text())?;
        let ours = items.iter().filter(|item| id(item).starts_with(ID_PREFIX));
        for item in ours {
            if listed.insert(id(item), item.clone()).is_some() {
                return Err(format!("{} is listed twice", id(item)));
            }
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("{PAGE}&cursor={cursor}"),
            None => return Ok(listed),
        }
    }
}
