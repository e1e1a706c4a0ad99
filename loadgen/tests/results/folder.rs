//! Folders of results, as docs/results.md describes them.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};
use serde_json::{Value, json};

/// What one generator leaves when it is killed after its last second.
pub(crate) struct Results {
    generator: String,
    /// As in `run.json`.
    pub(crate) load: String,
    lines: Vec<Value>,
}

impl Results {
    pub(crate) fn new(generator: &str) -> Self {
        Self {
            generator: generator.to_owned(),
            load: "1 virtual user".to_owned(),
            lines: Vec::new(),
        }
    }

    /// So many seconds with so many requests, whose latencies in milliseconds are a function of both numbers.
    pub(crate) fn seconds(mut self, seconds: u64, requests: u64, latency_ms: impl Fn(u64, u64) -> f64) -> Self {
        for second in 0..seconds {
            let mut latency = histogram();
            for request in 0..requests {
                latency.record((latency_ms(second, request) * 1e6) as u64).unwrap();
            }
            self.lines.push(line(second, &latency));
        }
        self
    }

    pub(crate) fn write(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        let run = json!({
            "format": 1, "run_id": "run-1", "loadgen_version": "1", "command": "loadgen run", "scenario": "request",
            "target": "http://127.0.0.1/", "model": "closed", "load": self.load, "generator": self.generator, "tags": {},
            "steps": [{"name": "request"}], "started_at_ms": 1_795_391_990_000_u64,
            "environment": {"host": "h", "os": "o", "architecture": "a", "cores": 2},
        });
        fs::write(folder.join("run.json"), run.to_string()).unwrap();
        let lines: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(folder.join("intervals.jsonl"), lines).unwrap();
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1000, 3_600_000_000_000, 3).unwrap()
}

fn line(second: u64, latency: &Histogram<u64>) -> Value {
    let mut hdr = Vec::new();
    V2DeflateSerializer::new().serialize(latency, &mut hdr).unwrap();
    let requests = latency.len();
    // Readers take figures from the histograms alone.
    let figures = json!({
        "min": 0.0, "mean": 0.0, "p50": 0.0, "p90": 0.0, "p95": 0.0, "p99": 0.0, "p99_9": 0.0, "max": 0.0,
    });
    json!({
        "second": second, "began_at_ms": 1_795_391_990_000_u64 + 1000 * second, "length_ns": 1_000_000_000,
        "requests": requests, "failed": 0, "due": 0, "dropped": 0, "vus": 1, "latency_ms": figures,
        "steps": [{
            "name": "request", "requests": requests, "failed": 0, "status": {"200": requests}, "failed_status": {},
            "bytes_sent": 1, "bytes_received": 1, "failed_checks": [], "latency_ms": figures,
            "latency_hdr": BASE64_STANDARD.encode(hdr), "uncorrected_latency_ms": null, "uncorrected_latency_hdr": null,
        }],
        "cpu_ns": [1_000_000], "lag_ms_p99": 0.0, "lag_hdr": "",
        "last_end_ns": 1_000_000_000 * (second + 1), "exhausted": {"ports": 0, "files": 0, "memory": 0},
        "slowest": [], "failures": [], "examples": [],
    })
}
