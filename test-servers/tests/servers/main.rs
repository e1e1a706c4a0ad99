//! The servers themselves: that what is sent arrives, that they stop and start as said, and that nothing is left.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod chain;
mod flood;
mod lives;
mod otlp;
mod remains;
