//! Takes batches of spans from the queue and sends them by OTLP, until it is told to finish.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::failure_log::FailureLog;
use super::otlp_sender::{OtlpSender, SendError};
use super::otlp_span::Envelope;
use super::span_queue::SpanQueue;

/// The task that exports spans.
#[derive(Debug)]
pub(super) struct SpanExporter {
    finish: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// What the task works with.
pub(super) struct Export {
    pub(super) queue: Arc<SpanQueue>,
    pub(super) envelope: Envelope,
    pub(super) sender: OtlpSender,
    /// Where `sender` sends to, as the log may say it.
    pub(super) endpoint: String,
    /// Longest time that spans wait for company.
    pub(super) delay: Duration,
    pub(super) log: Arc<FailureLog>,
}

impl SpanExporter {
    pub(super) fn start(runtime: &Handle, export: Export) -> Self {
        let (finish, finishing) = oneshot::channel();
        Self {
            finish,
            task: runtime.spawn(export.run(finishing)),
        }
    }

    /// Sends what is left, for `timeout` at most. False if that was too short.
    pub(super) async fn finish(self, timeout: Duration) -> bool {
        // Failing, the task has ended already.
        let _ = self.finish.send(());
        tokio::time::timeout(timeout, self.task).await.is_ok()
    }
}

impl Export {
    async fn run(self, mut finishing: oneshot::Receiver<()>) {
        loop {
            let is_last = tokio::select! {
                () = self.queue.batch_is_full() => false,
                () = tokio::time::sleep(self.delay) => {
                    self.queue.close_batch();
                    false
                }
                _ = &mut finishing => {
                    self.queue.close_batch();
                    true
                }
            };
            while let Some(batch) = self.queue.next_batch() {
                let request = self.envelope.around(&batch.bytes);
                let result = self.sender.send(request).await;
                let lost = match &result {
                    Ok(()) => 0,
                    // The collector's own count, which may be of anything.
                    Err(SendError::Rejected { spans, .. }) => (*spans).min(batch.spans),
                    Err(_) => batch.spans,
                };
                self.queue.end_export(batch.spans, lost);
                self.log.after_export(&self.endpoint, result.err());
                if is_last && lost == batch.spans {
                    // A collector that is away now will not be back in time.
                    self.queue.lose_all();
                }
            }
            if is_last {
                return;
            }
        }
    }
}
