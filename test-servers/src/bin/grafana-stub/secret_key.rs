//! The secret key, as far as it goes here: a data key that is sealed with it as Grafana does it, and which must be
//! opened with it at each later start.

use std::error::Error;
use std::num::NonZeroU32;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::pbkdf2;

/// AES-256-GCM in Grafana's words.
const PREFIX: &[u8] = b"*YWVzLWdjbQ*";
const SALT: usize = 8;
const ITERATIONS: NonZeroU32 = NonZeroU32::new(10_000).unwrap();

/// A data key at random, sealed.
pub(crate) fn new_data_key(secret_key: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let random: Vec<u8> = (0..SALT + NONCE_LEN).map(|_| fastrand::u8(..)).collect();
    let (salt, nonce) = random.split_at(SALT);
    let mut sealed: Vec<u8> = (0..16).map(|_| fastrand::u8(..)).collect();
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| "no nonce")?;
    derived(secret_key, salt)?
        .seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed)
        .map_err(|_| "the data key cannot be sealed")?;
    Ok([PREFIX, &random, &sealed].concat())
}

/// Fails where the data key was sealed with another key.
pub(crate) fn open_data_key(sealed: &[u8], secret_key: &str) -> Result<(), Box<dyn Error>> {
    let rest = sealed
        .strip_prefix(PREFIX)
        .ok_or("the data key is not sealed with AES-GCM")?;
    let (salt, rest) = rest.split_at_checked(SALT).ok_or("the data key is cut short")?;
    let (nonce, rest) = rest.split_at_checked(NONCE_LEN).ok_or("the data key is cut short")?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| "no nonce")?;
    derived(secret_key, salt)?
        .open_in_place(nonce, Aad::empty(), &mut rest.to_vec())
        .map_err(|_| "the data key in grafana.db is sealed with another secret key")?;
    Ok(())
}

fn derived(secret_key: &str, salt: &[u8]) -> Result<LessSafeKey, Box<dyn Error>> {
    let mut key = [0; 32];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        ITERATIONS,
        salt,
        secret_key.as_bytes(),
        &mut key,
    );
    let key = UnboundKey::new(&AES_256_GCM, &key).map_err(|_| "the key has a wrong length")?;
    Ok(LessSafeKey::new(key))
}
