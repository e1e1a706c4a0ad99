//! All scenarios, each in a file of its name.

mod clients_huge_bodies;
mod clients_idle;
mod clients_pipeline;
mod clients_reset;
mod clients_trickle;
mod disk_full;
mod embedded_killed;
mod memory_capped;
mod store_frozen;
mod store_garbage;
mod store_hung;
mod store_killed;
mod store_slow;
mod store_throttled;
mod telemetry_away;

use std::thread::{self, ScopedJoinHandle};

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Figures;

/// One thing that is done to the service.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// In a few words.
    pub(crate) what: &'static str,
    pub(crate) run: fn(&Context) -> Result<Figures, Failure>,
}

/// Runs clients beside each other, each with its number; what each of them gives.
fn side_by_side<T: Send>(clients: u64, client: impl Fn(u64) -> Result<T, Failure> + Sync) -> Result<Vec<T>, Failure> {
    thread::scope(|scope| {
        let client = &client;
        let threads: Vec<_> = (0..clients).map(|number| scope.spawn(move || client(number))).collect();
        let join = |thread: ScopedJoinHandle<'_, _>| thread.join().map_err(|_| Failure::broken("a client panicked"))?;
        threads.into_iter().map(join).collect()
    })
}

/// In the order in which they are run.
pub(crate) const ALL: [Scenario; 15] = [
    Scenario {
        name: "store-killed",
        what: "DynamoDB Local is killed again and again and started again on its data",
        run: store_killed::run,
    },
    Scenario {
        name: "store-hung",
        what: "DynamoDB (a double before DynamoDB Local) takes requests and never answers",
        run: store_hung::run,
    },
    Scenario {
        name: "store-frozen",
        what: "DynamoDB Local is frozen (SIGSTOP) and thawed",
        run: store_frozen::run,
    },
    Scenario {
        name: "store-throttled",
        what: "DynamoDB (a double) throttles most requests, for some time all",
        run: store_throttled::run,
    },
    Scenario {
        name: "store-slow",
        what: "DynamoDB (a double) answers late, some answers later than a request may take",
        run: store_slow::run,
    },
    Scenario {
        name: "store-garbage",
        what: "DynamoDB (a double) answers with half JSON, changed bytes, HTML, 500s, half answers",
        run: store_garbage::run,
    },
    Scenario {
        name: "embedded-killed",
        what: "the service on its embedded store is killed (SIGKILL) under load and started again",
        run: embedded_killed::run,
    },
    Scenario {
        name: "disk-full",
        what: "the disk of the embedded store has no byte left, then has again",
        run: disk_full::run,
    },
    Scenario {
        name: "memory-capped",
        what: "the service has little memory, and clients that want much of it",
        run: memory_capped::run,
    },
    Scenario {
        name: "clients-trickle",
        what: "800 clients send heads and bodies byte by byte",
        run: clients_trickle::run,
    },
    Scenario {
        name: "clients-idle",
        what: "10 000 connections do nothing",
        run: clients_idle::run,
    },
    Scenario {
        name: "clients-huge-bodies",
        what: "clients send bodies of 1 GB, announced and in chunks",
        run: clients_huge_bodies::run,
    },
    Scenario {
        name: "clients-reset",
        what: "clients reset their connections in the middle of requests and answers",
        run: clients_reset::run,
    },
    Scenario {
        name: "clients-pipeline",
        what: "clients send many requests before they read the first answer",
        run: clients_pipeline::run,
    },
    Scenario {
        name: "telemetry-away",
        what: "collector, InfluxDB and Jaeger are killed, stopped and started at random",
        run: telemetry_away::run,
    },
];
