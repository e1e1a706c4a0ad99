//! Cursors and paths of items: what the service hands out it understands, and only that.

use percent_encoding::percent_decode_str;

use crate::http::items::{decode_cursor, encode_cursor, location};
use crate::item::{is_valid_id, is_valid_name};

pub(super) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(id) = decode_cursor(text) {
        assert!(is_valid_id(&id));
        assert_eq!(encode_cursor(&id), text);
    }
    assert_eq!(is_valid_name(text), (1..=1024).contains(&text.chars().count()));
    if is_valid_id(text) {
        assert!(decode_cursor(&encode_cursor(text)).is_ok_and(|id| id == text));
        let location = location(text);
        let path = location.to_str().unwrap_or_default();
        let segment = path.strip_prefix("/items/").unwrap_or_default();
        assert!(
            path.parse::<http::Uri>()
                .is_ok_and(|uri| uri.path() == path && uri.query().is_none()),
            "{path}"
        );
        assert!(!segment.contains('/') && !matches!(segment, "." | ".."), "{path}");
        assert!(
            percent_decode_str(segment).decode_utf8().is_ok_and(|id| id == text),
            "{path}"
        );
    }
}
