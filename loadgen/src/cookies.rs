//! The cookies of one virtual user.

use std::convert::Infallible;

use cookie_store::{Cookie, CookieStore};
use url::Url;

use crate::kept::fields;

/// The longest cookie that is kept, name and attributes included, as RFC 6265 asks of user agents at least.
const LONGEST: usize = 4096;
/// Cookies of one virtual user; RFC 6265 asks for at least 50 per domain.
const MOST: usize = 100;

/// Keeps what answers set and gives it back for later requests.
pub(crate) struct CookieJar {
    store: CookieStore,
    origin: Url,
}

impl CookieJar {
    /// An empty jar of a virtual user that talks to `origin`.
    pub(crate) fn new(origin: Url) -> Self {
        Self {
            store: CookieStore::new(),
            origin,
        }
    }

    /// Takes the `Set-Cookie` fields of an answer's head. What is no cookie, is meant for elsewhere, or is too much is
    /// ignored, as browsers do.
    pub(crate) fn take(&mut self, head: &[u8], request_target: &str) {
        let Ok(url) = self.origin.join(request_target) else {
            return;
        };
        for value in fields(head, "set-cookie") {
            let Ok(value) = std::str::from_utf8(value) else {
                continue;
            };
            // RFC 6265bis, 5.7: what has control characters is no cookie. It would become a line of requests.
            if value.len() > LONGEST || value.contains(char::is_control) {
                continue;
            }
            // What is no cookie, or another host's, is the target's business.
            let Ok(cookie) = Cookie::parse(value, &url).map(Cookie::into_owned) else {
                continue;
            };
            if self.store.iter_any().count() >= MOST {
                self.forget_expired();
            }
            let replaces = self
                .store
                .contains_any(&String::from(&cookie.domain), &cookie.path, cookie.name());
            if replaces || self.store.iter_any().count() < MOST {
                let _ = self.store.insert(cookie, &url);
            }
        }
    }

    /// Adds the cookies for a request to `out`, as the value of a `Cookie` field; nothing if there are none.
    pub(crate) fn write_for(&self, request_target: &str, out: &mut Vec<u8>) {
        let Ok(url) = self.origin.join(request_target) else {
            return;
        };
        let mut cookies = self.store.matches(&url);
        // RFC 6265, 5.4: longer paths first. The names decide between equals, so that requests do not vary.
        cookies.sort_by(|a, b| (b.path.len(), a.name()).cmp(&(a.path.len(), b.name())));
        for (number, cookie) in cookies.into_iter().enumerate() {
            if number > 0 {
                out.extend_from_slice(b"; ");
            }
            out.extend_from_slice(cookie.name().as_bytes());
            out.push(b'=');
            out.extend_from_slice(cookie.value().as_bytes());
        }
    }

    fn forget_expired(&mut self) {
        let left = self.store.iter_unexpired().cloned().map(Ok::<_, Infallible>);
        let Ok(store) = CookieStore::from_cookies(left, false);
        self.store = store;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(origin: &str) -> CookieJar {
        CookieJar::new(origin.parse().unwrap())
    }

    fn cookies(jar: &CookieJar, path: &str) -> String {
        let mut out = Vec::new();
        jar.write_for(path, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cookies_go_back_where_rfc_6265_says() {
        let mut jar = jar("http://shop.example:8080/");
        let head = b"HTTP/1.1 200 OK\r\nSet-Cookie: id=1; Path=/\r\nset-cookie:  cart=a%20b; Path=/cart; HttpOnly\r\n\
            Set-Cookie: other=1; Domain=elsewhere.example\r\nSet-Cookie: safe=1; Secure\r\nSet-Cookie: gone=1; Max-Age=0\r\n\
            Set-Cookie: \xff\r\nSet-Cookie:\r\nX-Set-Cookie: no=1\r\nSet-Cookie: split=a\rX-Admin: 1\r\n\
            Set-Cookie: nul=a\0\r\n\r\n";
        jar.take(head, "/login");
        assert_eq!(cookies(&jar, "/"), "id=1");
        assert_eq!(cookies(&jar, "/cart/1?x=y"), "cart=a%20b; id=1");
        assert_eq!(cookies(&jar, "/cartoon"), "id=1");
        jar.take(b"HTTP/1.1 200 OK\r\nSet-Cookie: id=2; Path=/\r\n\r\n", "/");
        assert_eq!(cookies(&jar, "/"), "id=2");
        jar.take(b"HTTP/1.1 200 OK\r\nSet-Cookie: id=; Path=/; Max-Age=0\r\n\r\n", "/");
        assert_eq!(cookies(&jar, "/"), "");
    }

    #[test]
    fn a_target_cannot_fill_the_memory() {
        let mut jar = jar("http://shop.example/");
        for number in 0..MOST + 50 {
            for cookie in [format!("c{number}=1"), format!("c0=1; Path=/{number}")] {
                jar.take(
                    format!("HTTP/1.1 200 OK\r\nSet-Cookie: {cookie}\r\n\r\n").as_bytes(),
                    "/",
                );
            }
        }
        assert_eq!(jar.store.iter_any().count(), MOST);
        jar.take(
            format!("HTTP/1.1 200 OK\r\nSet-Cookie: long={}\r\n\r\n", "x".repeat(LONGEST)).as_bytes(),
            "/",
        );
        jar.take(b"HTTP/1.1 200 OK\r\nSet-Cookie: c0=2\r\n\r\n", "/");
        let all = cookies(&jar, "/");
        assert!(all.contains("c0=2") && !all.contains("long"), "{all}");
    }
}
