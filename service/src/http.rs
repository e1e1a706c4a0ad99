//! The HTTP face of the service.

pub mod authorization;
pub mod dispatch;
pub mod error;
pub mod health;
pub mod items;
pub mod json;
pub mod request_context;
pub mod router;
mod unread_body;
