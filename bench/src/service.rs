//! The service beside an Express service that does the same, both on one DynamoDB Local, and beside axum and hyper,
//! which answer from memory.

use std::time::Duration;

use reqwest::Method as HttpMethod;
use test_servers::DynamoDbLocal;

use crate::error::BenchError;
use crate::load::{Loadgen, Method};
use crate::plan::Plan;
use crate::samples::Samples;
use crate::servers::Server;

/// Requests a second at which latencies are compared: less than any of them bears beside DynamoDB Local.
const EQUAL_RATE: u32 = 300;

/// Names of the servers that answer from memory.
const LIMITS: [&str; 2] = ["axum", "hyper"];

const UPDATE: &str = r#"{"name":"First"}"#;

pub(crate) fn measure(plan: &Plan, samples: &mut Samples) -> Result<(), BenchError> {
    let dynamodb = DynamoDbLocal::start_for_load()?;
    let loadgen = Loadgen::new(plan)?;
    let mut servers = vec![
        ("service", Server::service(plan, &dynamodb, &[])?),
        ("express_v3", Server::express("v3", &dynamodb)?),
    ];
    if !plan.quick {
        servers.push(("express_v2", Server::express("v2", &dynamodb)?));
    }
    for framework in LIMITS {
        servers.push((framework, Server::limit(plan, framework)?));
    }
    servers[0].1.create("1")?;
    for (name, server) in &servers {
        server.expect(HttpMethod::GET, "/items/1", None, 200)?;
        server.expect(HttpMethod::PUT, "/items/1", Some(UPDATE), 200)?;
        if !LIMITS.contains(name) {
            server.expect(HttpMethod::GET, "/items/2", None, 404)?;
            server.expect(HttpMethod::PUT, "/items/2", Some(UPDATE), 404)?;
        }
    }

    eprintln!("Warming up: Node.js and DynamoDB Local compile their hot paths while they run.");
    for method in Method::BOTH {
        for (name, server) in &servers {
            let time = if LIMITS.contains(name) { 1 } else { 6 };
            loadgen.saturate(&server.url("/items/1"), method, Duration::from_secs(time))?;
        }
    }
    for _ in 0..plan.rounds(3) {
        for method in Method::BOTH {
            for (name, server) in &servers {
                let (url, figure) = (server.url("/items/1"), format!("{name}.{}", method.name()));
                let (run, cpu_us) = server.under(|| loadgen.saturate(&url, method, plan.turn()))?;
                samples.add(format!("{figure}.cpu_us"), cpu_us);
                samples.add(format!("{figure}.rate"), run.rate());
            }
        }
    }
    for name in ["express_v3", "express_v2"] {
        for method in Method::BOTH.map(Method::name) {
            let (peer, ours) = (format!("{name}.{method}.cpu_us"), format!("service.{method}.cpu_us"));
            samples.pair(format!("{name}.{method}.cpu_ratio"), (&peer, &ours), |peer, ours| {
                peer / ours
            });
        }
    }
    for (name, server) in &servers {
        samples.add(format!("{name}.peak_mb"), server.peak_mb()?);
    }
    if plan.quick {
        return Ok(());
    }

    eprintln!("Latency at {EQUAL_RATE} requests a second");
    for _ in 0..plan.rounds(2) {
        for method in Method::BOTH {
            for (name, server) in &servers {
                let run = loadgen.offer(&server.url("/items/1"), method, EQUAL_RATE, plan.turn())?;
                for percentile in ["p50", "p99"] {
                    let figure = format!("{name}.{}.{percentile}_ms", method.name());
                    samples.add(figure, run.latency_ms(percentile));
                }
            }
        }
    }
    Ok(())
}
