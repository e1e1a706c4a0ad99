//! HTTP load generator.

pub mod summary;
