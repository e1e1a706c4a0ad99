//! The stores that a case runs on, unchanged.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use test_servers::DynamoDbLocal;

use crate::running_service::{RunningService, ServiceCommand};

/// Makes a test of each case on each store; a case is a function that takes a freshly started service without items.
macro_rules! on_both_stores {
    ($($case:ident),+ $(,)?) => {
        mod embedded {
            $(#[test]
            fn $case() {
                super::$case(&$crate::stores::patient($crate::stores::embedded()).start());
            })+
        }

        mod dynamodb_local {
            $(#[test]
            fn $case() {
                super::$case(&$crate::stores::patient($crate::stores::dynamodb_local()).start());
            })+
        }
    };
}

/// A service on the embedded store, in memory.
pub(crate) fn embedded() -> ServiceCommand {
    ServiceCommand::new().args(["--store", "embedded", "--data-dir", ":memory:"])
}

/// A service on the embedded store, in this folder.
pub(crate) fn on_data_dir(folder: impl AsRef<Path>) -> ServiceCommand {
    ServiceCommand::new().args(["--store", "embedded", "--data-dir", folder.as_ref().to_str().unwrap()])
}

/// With time enough for a busy machine: these cases are not about it.
pub(crate) fn patient(command: ServiceCommand) -> ServiceCommand {
    command.args(["--request-timeout", "2m"])
}

/// A service on an empty table of DynamoDB Local.
pub(crate) fn dynamodb_local() -> ServiceCommand {
    on_dynamodb(&DynamoDbLocal::shared().endpoint()).arg("--create-table")
}

/// A service on a table of its own behind this endpoint.
pub(crate) fn on_dynamodb(endpoint: &str) -> ServiceCommand {
    on_table(endpoint, &unused_table())
}

/// A service on this table behind this endpoint.
pub(crate) fn on_table(endpoint: &str, table: &str) -> ServiceCommand {
    ServiceCommand::new()
        .args(["--store", "dynamodb", "--table", table])
        .env("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
}

/// A table name that no other test uses.
pub(crate) fn unused_table() -> String {
    static TABLES: AtomicUsize = AtomicUsize::new(0);
    format!("items-{}", TABLES.fetch_add(1, Ordering::Relaxed))
}

/// The body of `POST /items`.
pub(crate) fn new_item(id: &str, name: &str) -> serde_json::Value {
    serde_json::json!({ "id": id, "name": name })
}

impl RunningService {
    /// Creates an item that must not exist yet.
    pub(crate) fn create(&self, id: &str, name: &str) {
        let answer = self.post("/items", &new_item(id, name));
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    /// Asserts that there is no item at all.
    #[track_caller]
    pub(crate) fn is_empty(&self) {
        let nothing = serde_json::json!({ "items": [], "next_cursor": null });
        self.get("/items").is(200, &nothing);
    }
}
