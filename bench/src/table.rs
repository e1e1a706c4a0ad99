//! What a request costs when the table holds more: reads and updates of items at random, at the same rate. Tables are
//! filled directly: sent one by one through the service, a million items would take an hour.

use std::collections::HashMap;
use std::path::Path;

use dynoxide::types::AttributeValue;
use dynoxide::{Database, ImportOptions};
use serde_json::json;
use test_servers::DynamoDbLocal;

use crate::error::BenchError;
use crate::load::{Loadgen, Method};
use crate::plan::Plan;
use crate::samples::Samples;
use crate::servers::{self, Server};

const SIZES: [u32; 4] = [1, 1000, 100_000, 1_000_000];

const RATE: u32 = 300;

/// Of the embedded store, as the service names it.
const DATABASE_FILE: &str = "items.sqlite";
const TABLE: &str = "items";

/// Items of one transaction.
const IMPORT: usize = 50_000;
/// Items that DynamoDB takes at once.
const BATCH: usize = 25;

pub(crate) fn measure(plan: &Plan, samples: &mut Samples) -> Result<(), BenchError> {
    let loadgen = Loadgen::new(plan)?;
    let folder = tempfile::tempdir().map_err(BenchError::system("no folder for stores"))?;
    let dynamodb = DynamoDbLocal::start_for_load()?;
    let mut servers = Vec::new();
    for size in SIZES {
        eprintln!("Filling the embedded store with {size} items");
        let data_dir = folder.path().join(size.to_string());
        // It makes the table.
        drop(embedded(plan, &data_dir)?);
        fill_embedded(&data_dir, size)?;
        let bytes = std::fs::metadata(data_dir.join(DATABASE_FILE)).map_err(BenchError::system(DATABASE_FILE))?;
        let name = format!("growth.table.embedded.{size}");
        if size > 1 {
            samples.add(
                format!("{name}.disk_bytes_per_item"),
                bytes.len() as f64 / f64::from(size),
            );
        }
        servers.push((name, size, embedded(plan, &data_dir)?));
    }
    for size in SIZES {
        eprintln!("Filling DynamoDB Local with {size} items");
        let table = format!("items-{size}");
        let server = Server::service(plan, &dynamodb, &[("TABLE_NAME", &table)])?;
        fill_dynamodb(&dynamodb, &table, size)?;
        servers.push((format!("growth.table.dynamodb_local.{size}"), size, server));
    }
    let scenario = folder.path().join("scenario.toml");
    for round in 0..=plan.rounds(2) {
        for method in Method::BOTH {
            for (name, size, server) in &servers {
                write_scenario(&scenario, method, *size)?;
                let rate = format!("{RATE}/s");
                // The first round is for DynamoDB Local, which compiles its hot paths while it runs.
                let load: &[&str] = if round == 0 {
                    &["--vus", "10"]
                } else {
                    &["--rate", &rate, "--vus", "50"]
                };
                let path = scenario.to_string_lossy();
                let arguments = [load, &["--scenario", &path, "--no-trace-headers"]].concat();
                let (run, cpu_us) = server.under(|| loadgen.run(&server.url(""), &arguments, plan.turn()))?;
                if round > 0 {
                    let name = format!("{name}.{}", method.name());
                    samples.add(format!("{name}_cpu_us"), cpu_us);
                    samples.add(format!("{name}_p50_ms"), run.latency_ms("p50"));
                }
            }
        }
    }
    Ok(())
}

fn embedded(plan: &Plan, data_dir: &Path) -> Result<Server, BenchError> {
    Server::embedded(plan, &data_dir.to_string_lossy())
}

/// Items have the ids 1 to `size`.
fn fill_embedded(data_dir: &Path, size: u32) -> Result<(), BenchError> {
    let unreadable = || BenchError::unreadable("the embedded store");
    let path = data_dir.join(DATABASE_FILE);
    let database = Database::new(&path.to_string_lossy()).map_err(unreadable())?;
    database.enable_bulk_loading().map_err(unreadable())?;
    let ids: Vec<_> = (1..=size).collect();
    for ids in ids.chunks(IMPORT) {
        let item = |id: &u32| {
            HashMap::from([
                ("id".to_owned(), AttributeValue::S(id.to_string())),
                ("name".to_owned(), AttributeValue::S(format!("Item {id}"))),
            ])
        };
        let items = ids.iter().map(item).collect();
        database
            .import_items(TABLE, items, ImportOptions::default())
            .map_err(unreadable())?;
    }
    database.disable_bulk_loading().map_err(unreadable())?;
    Ok(())
}

fn fill_dynamodb(dynamodb: &DynamoDbLocal, table: &str, size: u32) -> Result<(), BenchError> {
    let ids: Vec<_> = (1..=size).collect();
    for ids in ids.chunks(BATCH) {
        let put = |id: &u32| {
            let item = json!({ "id": { "S": id.to_string() }, "name": { "S": format!("Item {id}") } });
            json!({ "PutRequest": { "Item": item } })
        };
        let requests: Vec<_> = ids.iter().map(put).collect();
        let answer = servers::client()
            .post(dynamodb.endpoint())
            .header("x-amz-target", "DynamoDB_20120810.BatchWriteItem")
            .header("content-type", "application/x-amz-json-1.0")
            // It is read and not checked.
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
            )
            .body(json!({ "RequestItems": { table: requests } }).to_string())
            .send()?;
        if !answer.status().is_success() {
            let what = format!("DynamoDB Local refused items: {}", answer.text().unwrap_or_default());
            return Err(BenchError::Wrong(what));
        }
    }
    Ok(())
}

fn write_scenario(path: &Path, method: Method, size: u32) -> Result<(), BenchError> {
    let (verb, body) = match method {
        Method::Get => ("GET", ""),
        Method::Put => ("PUT", "json = { name = \"Updated\" }\n"),
    };
    let text = format!(
        "name = \"table\"\n[variables]\nid = {{ range = [1, {size}] }}\n[[step]]\nname = \"item\"\nmethod = \"{verb}\"\n\
         path = \"/items/{{{{id}}}}\"\n{body}"
    );
    std::fs::write(path, text).map_err(BenchError::system("the scenario"))
}
