//! What targets set: what goes back can be a header's value, and is bounded.

use crate::cookies::CookieJar;

pub(super) fn check(data: &[u8]) {
    let Ok(origin) = "http://shop.example:8080/".parse() else {
        return;
    };
    let mut jar = CookieJar::new(origin);
    // Several answers, so that cookies meet each other.
    for (number, head) in data.split(|byte| *byte == 0).enumerate() {
        jar.take(head, if number % 2 == 0 { "/" } else { "/cart/a?b=c" });
    }
    for request in ["/", "/cart", "/cart/a", "//", "http://elsewhere.example/", "?"] {
        let mut value = Vec::new();
        jar.write_for(request, &mut value);
        assert!(
            !value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)),
            "a target could write headers of ours"
        );
        // A hundred cookies of 4 KiB.
        assert!(value.len() <= 100 * (4096 + 2), "{}", value.len());
    }
}
