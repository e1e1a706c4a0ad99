//! A file of a backup: compressed, encrypted where wanted, and summed up while it is written or read, in bounded memory.

use std::io::{self, BufReader, Read, Write};

use age::stream::StreamWriter;
use sha2::{Digest as _, Sha256};
use zstd::stream::{read::Decoder, write::Encoder};

use super::destination::{DestinationError, NewFile, Store};
use super::encryption::{Identities, Recipients};
use super::error::BackupError;
use super::manifest::{Part, PartContent};
use crate::interrupt::Interrupt;

/// Fast, and nearly as small as slower ones: most of the data is compressed already.
const LEVEL: i32 = 3;

/// Why a part cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The place where it lies.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// It is not what was written.
    #[error("{place}: is damaged ({reason}); use another backup, `monitor backup list` names them")]
    Damaged {
        /// Path or URL.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It is encrypted and no key was given.
    #[error("the backup is encrypted; give the file of the private key with --identity")]
    NoIdentity,
    /// It is encrypted to other keys.
    #[error("{place}: none of the keys in --identity opens it; give the private key that belongs to {recipients}")]
    WrongIdentity {
        /// Path or URL.
        place: String,
        /// The public keys.
        recipients: String,
    },
}

/// A part being written.
pub(super) struct PartWriter {
    compressed: Encoder<'static, Sealed>,
    interrupt: Interrupt,
    content: PartContent,
    file: String,
    place: String,
    plain_bytes: u64,
}

enum Sealed {
    Plain(Summed),
    // It is larger by some hundred bytes.
    Encrypted(Box<StreamWriter<Summed>>),
}

/// What reaches the destination.
struct Summed {
    file: Box<dyn NewFile>,
    hash: Sha256,
    bytes: u64,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Write for Sealed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(inner) => inner.write(bytes),
            Self::Encrypted(inner) => inner.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(inner) => inner.flush(),
            Self::Encrypted(inner) => inner.flush(),
        }
    }
}

impl PartWriter {
    /// `name` is the file's name without what compression and encryption add.
    pub(super) fn create(
        store: &Store,
        id: &str,
        name: &str,
        content: PartContent,
        recipients: &Recipients,
        interrupt: &Interrupt,
    ) -> Result<Self, DestinationError> {
        let ending = if recipients.is_empty() { "zst" } else { "zst.age" };
        let file = format!("{name}.{ending}");
        let place = store.place(id, &file);
        let summed = Summed {
            file: store.create(id, &file)?,
            hash: Sha256::new(),
            bytes: 0,
        };
        let start = || {
            let sealed = if recipients.is_empty() {
                Sealed::Plain(summed)
            } else {
                let encryptor = age::Encryptor::with_recipients(recipients.keys()).map_err(io::Error::other)?;
                Sealed::Encrypted(Box::new(encryptor.wrap_output(summed)?))
            };
            Encoder::new(sealed, LEVEL)
        };
        let compressed = start().map_err(|error| DestinationError::unwritable(&place, &error))?;
        Ok(Self {
            compressed,
            interrupt: interrupt.clone(),
            content,
            file,
            place,
            plain_bytes: 0,
        })
    }

    /// Where it is written to.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn finish(self) -> Result<Part, DestinationError> {
        let finish = || {
            let summed = match self.compressed.finish()? {
                Sealed::Plain(summed) => summed,
                Sealed::Encrypted(encrypted) => encrypted.finish()?,
            };
            summed.file.finish()?;
            Ok((summed.bytes, hexadecimal(&summed.hash.finalize())))
        };
        let (bytes, sha256) = finish().map_err(|error| DestinationError::unwritable(&self.place, &error))?;
        Ok(Part {
            content: self.content,
            file: self.file,
            bytes,
            sha256,
            plain_bytes: self.plain_bytes,
        })
    }
}

impl Write for PartWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Not of the kind `Interrupted`, after which callers go on.
        self.interrupt.check().map_err(io::Error::other)?;
        let written = self.compressed.write(bytes)?;
        self.plain_bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.compressed.flush()
    }
}

/// Hands the plain content of a part to `take`, and sees to it that the part was the one that the manifest names.
pub(super) fn read<T, E: From<PartError>>(
    store: &Store,
    id: &str,
    part: &Part,
    identities: &Identities,
    recipients: &[String],
    take: impl FnOnce(&mut dyn Read) -> Result<T, E>,
) -> Result<T, E> {
    let place = store.place(id, &part.file);
    let damaged = |reason: String| PartError::Damaged {
        place: place.clone(),
        reason,
    };
    let mut stored = Stored::open(store, id, part)?;
    let taken = {
        let buffered = BufReader::new(&mut stored);
        let sealed: Box<dyn Read + '_> = if recipients.is_empty() {
            Box::new(buffered)
        } else {
            Box::new(decrypted(buffered, identities, recipients, &place)?)
        };
        let mut plain = Decoder::new(sealed).map_err(|error| damaged(error.to_string()))?;
        let taken = take(&mut plain);
        if taken.is_ok() {
            // Whoever reads a tar stops at its end.
            io::copy(&mut plain, &mut io::sink()).map_err(|error| damaged(error.to_string()))?;
        }
        taken
    };
    io::copy(&mut stored, &mut io::sink()).map_err(|error| damaged(error.to_string()))?;
    stored.compare(part).map_err(damaged)?;
    taken
}

/// Whether a part is the one that the manifest names, without opening it.
pub(super) fn check(store: &Store, id: &str, part: &Part, interrupt: &Interrupt) -> Result<(), BackupError> {
    let place = store.place(id, &part.file);
    let mut stored = Stored::open(store, id, part)?;
    let damaged = |reason: String| PartError::Damaged {
        place: place.clone(),
        reason,
    };
    let mut buffer = vec![0; 256 * 1024];
    loop {
        interrupt.check()?;
        match stored.read(&mut buffer) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(damaged(error.to_string()).into()),
        }
    }
    stored.compare(part).map_err(damaged)?;
    Ok(())
}

fn decrypted<'a>(
    sealed: impl Read + 'a,
    identities: &Identities,
    recipients: &[String],
    place: &str,
) -> Result<impl Read + 'a, PartError> {
    if identities.is_empty() {
        return Err(PartError::NoIdentity);
    }
    let damaged = |error: age::DecryptError| PartError::Damaged {
        place: place.to_owned(),
        reason: error.to_string(),
    };
    let decryptor = age::Decryptor::new(sealed).map_err(damaged)?;
    decryptor.decrypt(identities.keys()).map_err(|error| match error {
        age::DecryptError::NoMatchingKeys => PartError::WrongIdentity {
            place: place.to_owned(),
            recipients: recipients.join(" or "),
        },
        other => damaged(other),
    })
}

/// What comes from the destination.
struct Stored {
    file: Box<dyn Read + Send>,
    hash: Sha256,
    bytes: u64,
}

impl Read for Stored {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

impl Stored {
    fn open(store: &Store, id: &str, part: &Part) -> Result<Self, PartError> {
        Ok(Self {
            file: store.read(id, &part.file)?,
            hash: Sha256::new(),
            bytes: 0,
        })
    }

    fn compare(self, part: &Part) -> Result<(), String> {
        if self.bytes != part.bytes {
            return Err(format!("it has {} bytes instead of {}", self.bytes, part.bytes));
        }
        let found = hexadecimal(&self.hash.finalize());
        if found == part.sha256 {
            Ok(())
        } else {
            Err(format!("its SHA-256 is {found} instead of {}", part.sha256))
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
