//! An item and the limits of its fields.

use serde::Serialize;
use utoipa::ToSchema;

/// DynamoDB's limit on a partition key.
pub const MAX_ID_BYTES: usize = 2048;
/// The longest name, in Unicode scalar values.
pub const MAX_NAME_CHARS: usize = 1024;

/// What an id must be, for messages and the API's description.
pub const ID_RULE: &str = "a string of 1 to 2048 bytes of UTF-8";
/// What a name must be, for messages and the API's description.
pub const NAME_RULE: &str = "a string of 1 to 1024 characters";

/// What the service keeps.
#[derive(Debug, Serialize, ToSchema)]
pub struct Item {
    /// Identifies the item; 1 to 2048 bytes of UTF-8.
    #[schema(example = "1", min_length = 1)]
    pub id: String,
    /// 1 to 1024 characters.
    #[schema(example = "First item", min_length = 1, max_length = 1024)]
    pub name: String,
}

/// True if `id` keeps [`ID_RULE`].
pub fn is_valid_id(id: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&id.len())
}

/// True if `name` keeps [`NAME_RULE`].
pub fn is_valid_name(name: &str) -> bool {
    !name.is_empty() && (name.len() <= MAX_NAME_CHARS || name.chars().count() <= MAX_NAME_CHARS)
}
