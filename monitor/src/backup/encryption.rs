//! Keys of encrypted backups, as the program `age` has them: whoever has the public key writes, the private one reads.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use age::secrecy::ExposeSecret as _;
use age::x25519::{Identity, Recipient};

/// What public keys begin with.
const PUBLIC: &str = "age1";
/// What private keys begin with.
const PRIVATE: &str = "AGE-SECRET-KEY-1";

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("{path}: cannot be read ({reason}); name a file with age keys, a line each", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// A line is no key of the kind that is needed.
    #[error("{place}: there is no {expected} in it; `monitor backup keygen FILE` makes a pair of keys")]
    NoKey {
        /// The file or argument.
        place: String,
        /// What was looked for.
        expected: &'static str,
    },
    /// A private key where a public one belongs.
    #[error("a private key was given where the public one belongs; give the one that begins with age1")]
    Private,
    /// The file for new keys cannot be written.
    #[error("{path}: cannot be written ({reason}); name a file that is not there yet, in a folder that this user may write", path = path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
}

/// Public keys; each of the private keys that belong to them reads what is encrypted to all.
#[derive(Clone, Default)]
pub struct Recipients(Vec<Recipient>);

impl Recipients {
    /// Each text is a public key or a file of such, a line each, with comments after `#`.
    ///
    /// # Errors
    /// A file cannot be read, or something is no public key.
    pub fn new(texts: &[String]) -> Result<Self, KeyError> {
        let mut recipients = Vec::new();
        for text in texts {
            if text.starts_with(PRIVATE) {
                return Err(KeyError::Private);
            }
            let (place, lines) = if text.starts_with(PUBLIC) {
                ("--encrypt-to".to_owned(), text.clone())
            } else {
                (text.clone(), read(Path::new(text))?)
            };
            let keys = keys::<Recipient>(&lines).ok_or(KeyError::NoKey {
                place,
                expected: "public key (age1…)",
            })?;
            recipients.extend(keys);
        }
        Ok(Self(recipients))
    }

    /// Whether there is none, so that nothing is encrypted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &dyn age::Recipient> {
        self.0.iter().map(|recipient| recipient as &dyn age::Recipient)
    }
}

/// Private keys.
#[derive(Clone, Default)]
pub struct Identities(Vec<Identity>);

impl Identities {
    /// Reads a file of private keys, a line each, with comments after `#`.
    ///
    /// # Errors
    /// It cannot be read, or holds something else.
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let keys = keys::<Identity>(&read(path)?).ok_or_else(|| KeyError::NoKey {
            place: path.display().to_string(),
            expected: "private key (AGE-SECRET-KEY-1…)",
        })?;
        Ok(Self(keys))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(|identity| identity as &dyn age::Identity)
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Identities({})", self.0.len())
    }
}

/// Makes a pair of keys: the private one in a new file for its owner alone. Gives the public one.
///
/// # Errors
/// The file is there already or cannot be written.
pub fn generate(path: &Path) -> Result<String, KeyError> {
    let identity = Identity::generate();
    let public = identity.to_public().to_string();
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        writeln!(file, "# public key: {public}\n{}", identity.to_string().expose_secret())?;
        file.sync_all()
    };
    write().map_err(|reason| KeyError::Unwritable {
        path: path.to_owned(),
        reason,
    })?;
    Ok(public)
}

fn read(path: &Path) -> Result<String, KeyError> {
    fs::read_to_string(path).map_err(|reason| KeyError::Unreadable {
        path: path.to_owned(),
        reason,
    })
}

/// At least one key and nothing else; otherwise none.
pub(crate) fn keys<Key: FromStr>(text: &str) -> Option<Vec<Key>> {
    let lines = text.lines().map(str::trim);
    let keys: Option<Vec<Key>> = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.parse().ok())
        .collect();
    keys.filter(|keys| !keys.is_empty())
}
