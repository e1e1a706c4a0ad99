//! The cookies of one virtual user.

use cookie_store::CookieStore;
use url::Url;

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
        for line in head.split(|byte| *byte == b'\n') {
            let Some(value) = field(line, b"set-cookie") else {
                continue;
            };
            let Ok(value) = std::str::from_utf8(value) else {
                continue;
            };
            // RFC 6265bis, 5.7: what has control characters is no cookie. It would become a line of requests.
            if value.len() > LONGEST || value.contains(char::is_control) {
                continue;
            }
            if self.store.iter_any().count() >= MOST {
                self.forget_expired();
            }
            if self.store.iter_any().count() < MOST || self.replaces(value) {
                // An answer may set nonsense; it is the target's business.
                let _ = self.store.parse(value, &url);
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
        cookies.sort_by(|a, b| {
            let length = |path: &str| path.len();
            length(b.path.as_ref())
                .cmp(&length(a.path.as_ref()))
                .then_with(|| a.name().cmp(b.name()))
        });
        for (number, cookie) in cookies.into_iter().enumerate() {
            if number > 0 {
                out.extend_from_slice(b"; ");
            }
            out.extend_from_slice(cookie.name().as_bytes());
            out.push(b'=');
            out.extend_from_slice(cookie.value().as_bytes());
        }
    }

    fn replaces(&self, value: &str) -> bool {
        let name = value.split(['=', ';']).next().unwrap_or_default().trim();
        self.store.iter_any().any(|cookie| cookie.name() == name)
    }

    fn forget_expired(&mut self) {
        let expired: Vec<(String, String, String)> = self
            .store
            .iter_any()
            .filter(|cookie| cookie.is_expired())
            .map(|cookie| {
                (
                    String::from(&cookie.domain),
                    String::from(&cookie.path),
                    cookie.name().to_owned(),
                )
            })
            .collect();
        for (domain, path, name) in expired {
            self.store.remove(&domain, &path, &name);
        }
    }
}

/// The value of a header line, if it is of this field.
fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (given, value) = line.split_at_checked(name.len())?;
    let value = value.strip_prefix(b":")?;
    given.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
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
            jar.take(
                format!("HTTP/1.1 200 OK\r\nSet-Cookie: c{number}=1\r\n\r\n").as_bytes(),
                "/",
            );
        }
        jar.take(
            format!("HTTP/1.1 200 OK\r\nSet-Cookie: long={}\r\n\r\n", "x".repeat(LONGEST)).as_bytes(),
            "/",
        );
        jar.take(b"HTTP/1.1 200 OK\r\nSet-Cookie: c0=2\r\n\r\n", "/");
        let all = cookies(&jar, "/");
        assert_eq!(all.split("; ").count(), MOST);
        assert!(all.contains("c0=2") && !all.contains("long"), "{all}");
    }
}
