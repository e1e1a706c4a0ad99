//! A backup being written: its id, and the parts that are done.

use super::destination::Store;
use super::encryption::Recipients;
use super::error::BackupError;
use super::manifest::{Part, PartContent};
use super::part::PartWriter;
use crate::interrupt::Interrupt;

pub(super) struct Writing<'a> {
    pub(super) store: &'a Store,
    pub(super) id: &'a str,
    pub(super) recipients: &'a Recipients,
    pub(super) interrupt: &'a Interrupt,
    pub(super) parts: Vec<Part>,
}

impl Writing<'_> {
    pub(super) fn part(&self, name: &str, content: PartContent) -> Result<PartWriter, BackupError> {
        let part = PartWriter::create(self.store, self.id, name, content, self.recipients, self.interrupt)?;
        Ok(part)
    }

    pub(super) fn finish(&mut self, part: PartWriter) -> Result<(), BackupError> {
        self.parts.push(tokio::task::block_in_place(|| part.finish())?);
        Ok(())
    }
}
