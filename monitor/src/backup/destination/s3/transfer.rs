//! Objects of any size written and read in pieces, so that memory does not grow with them.

use std::io::{self, Read, Write};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::{Buf as _, Bytes};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::super::NewFile;
use crate::aws;

const MIB: usize = 1024 * 1024;
/// S3 takes pieces from 5 MiB.
const PIECE: usize = 16 * MIB;
/// S3 takes 10 000 pieces; from this one on they are larger, which is enough for 300 GB.
const SMALL_PIECES: usize = 8_000;
const LARGE_PIECE: usize = 96 * MIB;

/// An object being written. It appears once finished; dropped before, nothing of it stays.
pub(super) struct Upload {
    handle: Handle,
    client: Client,
    bucket: String,
    key: String,
    buffer: Vec<u8>,
    /// Set once it is larger than one piece.
    upload_id: Option<String>,
    pieces: Vec<CompletedPart>,
}

impl Upload {
    pub(super) fn new(handle: Handle, client: Client, bucket: String, key: String) -> Self {
        Self {
            handle,
            client,
            bucket,
            key,
            buffer: Vec::new(),
            upload_id: None,
            pieces: Vec::new(),
        }
    }

    fn send_piece(&mut self) -> io::Result<()> {
        let piece = ByteStream::from(std::mem::take(&mut self.buffer));
        let (client, bucket, key) = (&self.client, &self.bucket, &self.key);
        let number = i32::try_from(self.pieces.len() + 1).map_err(io::Error::other)?;
        let known = self.upload_id.clone();
        let sending = async {
            let upload_id = match known {
                Some(upload_id) => upload_id,
                None => {
                    let create = client.create_multipart_upload().bucket(bucket).key(key).send().await;
                    let created = create.map_err(failed)?;
                    let upload_id = created
                        .upload_id()
                        .ok_or_else(|| io::Error::other("S3 named no upload"))?;
                    upload_id.to_owned()
                }
            };
            let part = client.upload_part().bucket(bucket).key(key).upload_id(&upload_id);
            let sent = part.part_number(number).body(piece).send().await;
            Ok::<_, io::Error>((upload_id, sent))
        };
        let (upload_id, sent) = block_in_place(|| self.handle.block_on(sending))?;
        self.upload_id = Some(upload_id);
        let tag = sent.map_err(failed)?.e_tag().map(str::to_owned);
        self.pieces
            .push(CompletedPart::builder().part_number(number).set_e_tag(tag).build());
        Ok(())
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        let size = if self.pieces.len() < SMALL_PIECES {
            PIECE
        } else {
            LARGE_PIECE
        };
        if self.buffer.len() >= size {
            self.send_piece()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewFile for Upload {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let handle = self.handle.clone();
        if self.upload_id.is_none() {
            let put = self.client.put_object().bucket(&self.bucket).key(&self.key);
            let put = put.body(ByteStream::from(std::mem::take(&mut self.buffer))).send();
            return block_in_place(|| handle.block_on(put).map(drop).map_err(failed));
        }
        if !self.buffer.is_empty() {
            self.send_piece()?;
        }
        let whole = CompletedMultipartUpload::builder()
            .set_parts(Some(std::mem::take(&mut self.pieces)))
            .build();
        let complete = self.client.complete_multipart_upload();
        let complete = complete
            .bucket(&self.bucket)
            .key(&self.key)
            .set_upload_id(self.upload_id.clone())
            .multipart_upload(whole)
            .send();
        block_in_place(|| handle.block_on(complete).map_err(failed))?;
        self.upload_id = None;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(upload_id) = self.upload_id.take() {
            let abort = self.client.abort_multipart_upload();
            let abort = abort.bucket(&self.bucket).key(&self.key).upload_id(upload_id).send();
            let handle = self.handle.clone();
            // Should this fail, removing the backup tries it again.
            let _ = block_in_place(|| handle.block_on(abort).map_err(failed));
        }
    }
}

/// An object being read.
pub(super) struct Download {
    handle: Handle,
    body: ByteStream,
    piece: Bytes,
}

impl Download {
    pub(super) fn new(handle: Handle, body: ByteStream) -> Self {
        Self {
            handle,
            body,
            piece: Bytes::new(),
        }
    }
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match block_in_place(|| self.handle.block_on(self.body.next())) {
                Some(piece) => self.piece = piece.map_err(io::Error::other)?,
                None => return Ok(0),
            }
        }
        let length = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

fn failed<E>(failure: SdkError<E>) -> io::Error
where
    SdkError<E>: ProvideErrorMetadata,
    E: std::error::Error + 'static,
{
    io::Error::other(aws::reason(&failure))
}
