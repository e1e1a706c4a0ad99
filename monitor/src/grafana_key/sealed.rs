//! What Grafana seals with its secret key, as it writes and reads it: `*`, the algorithm in base64, `*`, a salt of the
//! key's derivation, a nonce, and what is sealed.

use aes::Aes256;
use aes::cipher::generic_array::GenericArray;
use aes::cipher::{BlockEncrypt as _, KeyInit as _};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::pbkdf2;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::secrets::{SecretsError, Value};

const ITERATIONS: std::num::NonZeroU32 = std::num::NonZeroU32::new(10_000).unwrap();
const SALT: usize = 8;
const BLOCK: usize = 16;

/// How something is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// AES-256-CFB, which does not notice a wrong key: data keys of data sources and notifications.
    Cfb,
    /// AES-256-GCM: data keys of the newer store of secrets.
    Gcm,
}

impl Algorithm {
    const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Cfb => b"*YWVzLWNmYg*",
            Self::Gcm => b"*YWVzLWdjbQ*",
        }
    }

    /// That of something sealed, and the rest of it. Without a prefix it is of an early version, and CFB.
    fn of(sealed: &[u8]) -> (Self, &[u8]) {
        for algorithm in [Self::Cfb, Self::Gcm] {
            if let Some(rest) = sealed.strip_prefix(algorithm.prefix()) {
                return (algorithm, rest);
            }
        }
        (Self::Cfb, sealed)
    }

    const fn nonce(self) -> usize {
        match self {
            Self::Cfb => BLOCK,
            Self::Gcm => ring::aead::NONCE_LEN,
        }
    }
}

/// How something is sealed.
pub fn algorithm(sealed: &[u8]) -> Algorithm {
    Algorithm::of(sealed).0
}

/// What is sealed; nothing where it is not whole, or the key is seen to be another one.
pub fn open(sealed: &[u8], key: &Value) -> Option<Vec<u8>> {
    let (algorithm, rest) = Algorithm::of(sealed);
    let (salt, rest) = rest.split_at_checked(SALT)?;
    let (nonce, sealed) = rest.split_at_checked(algorithm.nonce())?;
    let key = derived(key, salt);
    match algorithm {
        Algorithm::Cfb => Some(cfb(&key, nonce.try_into().ok()?, sealed, false)),
        Algorithm::Gcm => {
            let mut opened = sealed.to_vec();
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let length = gcm(&key)?.open_in_place(nonce, Aad::empty(), &mut opened).ok()?.len();
            opened.truncate(length);
            Some(opened)
        }
    }
}

/// Seals something.
///
/// # Errors
/// The system has no randomness to give.
pub fn seal(algorithm: Algorithm, open: &[u8], key: &Value) -> Result<Vec<u8>, SecretsError> {
    let mut random = vec![0; SALT + algorithm.nonce()];
    SystemRandom::new()
        .fill(&mut random)
        .map_err(|_| SecretsError::NoRandomness)?;
    let (salt, nonce) = random.split_at(SALT);
    let key = derived(key, salt);
    let sealed = match algorithm {
        Algorithm::Cfb => nonce.try_into().ok().map(|nonce| cfb(&key, nonce, open, true)),
        Algorithm::Gcm => gcm(&key)
            .zip(Nonce::try_assume_unique_for_key(nonce).ok())
            .and_then(|(key, nonce)| {
                let mut sealed = open.to_vec();
                key.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed).ok()?;
                Some(sealed)
            }),
    };
    // Lengths are right, so only randomness can be wanting.
    let sealed = sealed.ok_or(SecretsError::NoRandomness)?;
    Ok([algorithm.prefix(), &random, &sealed].concat())
}

fn derived(key: &Value, salt: &[u8]) -> [u8; 32] {
    let mut derived = [0; 32];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        ITERATIONS,
        salt,
        key.expose().as_bytes(),
        &mut derived,
    );
    derived
}

fn gcm(key: &[u8; 32]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new)
}

/// Cipher feedback with whole blocks: each block of the cipher text goes into the stream of the next.
fn cfb(key: &[u8; 32], mut register: [u8; BLOCK], input: &[u8], encrypts: bool) -> Vec<u8> {
    let cipher = Aes256::new(GenericArray::from_slice(key));
    let mut output = Vec::with_capacity(input.len());
    for chunk in input.chunks(BLOCK) {
        let mut stream = GenericArray::from(register);
        cipher.encrypt_block(&mut stream);
        let begin = output.len();
        output.extend(chunk.iter().zip(stream).map(|(byte, mask)| byte ^ mask));
        let encrypted = if encrypts { &output[begin..] } else { chunk };
        register[..encrypted.len()].copy_from_slice(encrypted);
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grafana_sealed_is_opened() {
        // Known answers: "grafana" under the key 1234 without and with a prefix, and a longer text under another.
        let early = [
            73, 71, 50, 57, 121, 110, 90, 109, 115, 23, 237, 13, 130, 188, 151, 118, 98, 103, 80, 209, 79, 143, 22,
            122, 44, 40, 102, 41, 136, 16, 27,
        ];
        let gcm = [
            42, 89, 87, 86, 122, 76, 87, 100, 106, 98, 81, 42, 48, 99, 55, 50, 51, 48, 83, 66, 20, 99, 47, 238, 61, 44,
            129, 125, 14, 37, 162, 230, 47, 31, 104, 70, 144, 223, 26, 51, 180, 17, 76, 52, 36, 93, 17, 203, 99, 158,
            219, 102, 74, 173, 74,
        ];
        let key = Value::new("1234");
        for sealed in [&early[..], &gcm] {
            assert_eq!(open(sealed, &key).unwrap(), b"grafana");
        }
        assert_eq!((algorithm(&early), algorithm(&gcm)), (Algorithm::Cfb, Algorithm::Gcm));
        assert_eq!(open(&gcm, &Value::new("12345")), None);
    }

    #[test]
    fn what_is_sealed_here_is_opened_by_the_same_key() {
        let (key, other) = (Value::random().unwrap(), Value::random().unwrap());
        for algorithm in [Algorithm::Cfb, Algorithm::Gcm] {
            for length in [0, 1, 15, 16, 17, 100] {
                let text = vec![7; length];
                let sealed = seal(algorithm, &text, &key).unwrap();
                assert_eq!(super::algorithm(&sealed), algorithm);
                assert_eq!(open(&sealed, &key).unwrap(), text);
                assert!(length < 15 || open(&sealed, &other) != Some(text));
                assert_eq!(open(&sealed[..20], &key), None);
            }
        }
    }
}
