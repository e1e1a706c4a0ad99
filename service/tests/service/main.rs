//! The service from outside: its binary, real HTTP, and both stores.
//!
//! `stores.rs` runs the same cases on the embedded store and on DynamoDB Local; `dynamodb_double` of test-servers stands in for
//! DynamoDB only where DynamoDB has to fail.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at what it did not expect"
)]

#[macro_use]
mod stores;

mod answer;
mod https;
mod raw_connection;
mod running_service;
mod tls_proxy;

mod api_description;
mod concurrency;
mod deployment_check;
mod durability;
mod dynamodb_failures;
mod health_check;
mod identifiers;
mod items;
mod listing;
mod overload;
mod panicking_handler;
mod properties;
mod refusals;
mod request_ids;
mod settings;
mod shutdown;
mod start_failures;
mod telemetry;
mod write_token;
