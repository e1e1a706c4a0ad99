//! Values put into requests: none changes the structure of what it stands in.

use crate::scenario::template::{Escape, escape_into};

pub(super) fn check(data: &[u8]) {
    let escaped = |escape| {
        let mut out = Vec::new();
        escape_into(data, escape, &mut out).map(|()| out)
    };
    if let Ok(url) = escaped(Escape::Url) {
        assert!(
            url.iter()
                .all(|byte| byte.is_ascii_graphic() && !b"/?#&=".contains(byte))
        );
        let decoded = percent_decoded(&url);
        assert_eq!(decoded, data);
    }
    if let Ok(path) = escaped(Escape::Path) {
        assert!(path.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#'));
    }
    if let Ok(json) = escaped(Escape::Json) {
        let json = [b"\"", json.as_slice(), b"\""].concat();
        match (std::str::from_utf8(data), serde_json::from_slice::<String>(&json)) {
            (Ok(text), Ok(value)) => assert_eq!(value, text),
            (Ok(_), Err(error)) => panic!("{error}: {:?}", String::from_utf8_lossy(&json)),
            (Err(_), _) => {}
        }
    }
    if let Ok(header) = escaped(Escape::Header) {
        assert!(!header.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
    }
    if let Ok(value) = escaped(Escape::JsonValue) {
        let list = [b"[", value.as_slice(), b"]"].concat();
        // What numbers mean does not matter: 1e999 is JSON.
        let list: Vec<serde::de::IgnoredAny> = match serde_json::from_slice(&list) {
            Ok(list) => list,
            Err(error) => panic!("{error}: {:?}", String::from_utf8_lossy(&list)),
        };
        assert_eq!(list.len(), 1);
    }
    if let Ok(plain) = escaped(Escape::None) {
        assert_eq!(plain, data);
    }
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    // A form's `+` would be a space.
    let text = String::from_utf8_lossy(text).replace('+', "%2B");
    let mut decoded = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digits = std::str::from_utf8(&rest[..2]).unwrap_or_default();
        decoded.push(u8::from_str_radix(digits, 16).unwrap_or_else(|error| panic!("{error}: {text}")));
        rest = &rest[2..];
    }
    decoded
}
