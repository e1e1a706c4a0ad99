//! Passwords as they are kept: salted and hashed.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// What is kept of a password.
pub(crate) fn hash(password: &str) -> String {
    let salt = format!("{:032x}", fastrand::u128(..));
    let digest = digest(&salt, password);
    format!("{salt}:{digest}")
}

/// True if `kept` is of this password.
pub(crate) fn fits(kept: &str, password: &str) -> bool {
    kept.split_once(':')
        .is_some_and(|(salt, expected)| digest(salt, password) == expected)
}

fn digest(salt: &str, password: &str) -> String {
    let digest = Sha256::new().chain_update(salt).chain_update(password).finalize();
    digest.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
