//! What answers are searched for.

/// Parts of the service that no client should hear of.
pub const INTERNAL_WORDS: [&str; 19] = [
    "serde",
    "axum",
    "hyper",
    "tokio",
    "tower",
    "rustls",
    "exception",
    "sql",
    "aws",
    "amazon",
    "sdk",
    "dynoxide",
    "panic",
    "unwrap",
    "eof",
    "os error",
    ".rs",
    "/src",
    "127.0.0.1",
];
