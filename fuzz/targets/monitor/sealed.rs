//! What Grafana seals: anything is opened or refused, and what is sealed here is opened again.

use crate::grafana_key::sealed::{Algorithm, algorithm, open, seal};
use crate::secrets::Value;

pub(super) fn check(data: &[u8]) {
    let key = Value::new("1234");
    let opened = open(data, &key);
    let nonce = match algorithm(data) {
        Algorithm::Cfb => 16,
        Algorithm::Gcm => 12,
    };
    assert!(opened.is_none_or(|opened| opened.len() + 8 + nonce <= data.len()));
    let by = if data.len() % 2 == 0 {
        Algorithm::Cfb
    } else {
        Algorithm::Gcm
    };
    if let Ok(sealed) = seal(by, data, &key) {
        assert_eq!(algorithm(&sealed), by);
        assert_eq!(open(&sealed, &key).as_deref(), Some(data));
    }
}
