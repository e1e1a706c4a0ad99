//! The bytes of a request as they leave.

use crate::cookies::CookieJar;
use crate::request::PreparedRequest;

/// A request and, where a proxy or cookies want it different, the bytes that go in the place of its beginning.
pub(crate) struct Outgoing<'a> {
    request: &'a PreparedRequest,
    beginning: &'a [u8],
    /// How many bytes of the request the beginning stands for.
    replaces: usize,
}

impl<'a> Outgoing<'a> {
    /// The request as it was prepared.
    #[inline]
    pub(crate) fn unchanged(request: &'a PreparedRequest) -> Self {
        Self {
            request,
            beginning: &[],
            replaces: 0,
        }
    }

    /// The request with its head as [`rewrite`] has made it.
    pub(crate) fn rewritten(request: &'a PreparedRequest, beginning: &'a [u8]) -> Self {
        Self {
            request,
            beginning,
            replaces: request.unsent(0).len(),
        }
    }

    /// The unsent bytes that one write may take, after `written` are gone; empty when all are.
    #[inline]
    pub(crate) fn unsent(&self, written: usize) -> &'a [u8] {
        match self.beginning.get(written..) {
            Some(rest) if !rest.is_empty() => rest,
            _ => self.request.unsent(written - self.beginning.len() + self.replaces),
        }
    }

    /// Bytes of head and body.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.request.len() - self.replaces + self.beginning.len()
    }

    pub(crate) fn request(&self) -> &'a PreparedRequest {
        self.request
    }
}

/// Writes to `out` what goes in the place of `request.unsent(0)`: `forwarding` is what a proxy wants before the request
/// target and in the head, `cookies` go to what the request has by itself.
pub(crate) fn rewrite(
    request: &PreparedRequest,
    forwarding: Option<(&str, &str)>,
    cookies: Option<&CookieJar>,
    out: &mut Vec<u8>,
) {
    out.clear();
    let bytes = request.unsent(0);
    let head_end = head_end(bytes);
    let target_start = bytes.iter().position(|byte| *byte == b' ').map_or(0, |at| at + 1);
    let first_line_end = line_end(bytes, 0);
    out.extend_from_slice(&bytes[..target_start]);
    if let Some((origin, _)) = forwarding {
        out.extend_from_slice(origin.as_bytes());
    }
    out.extend_from_slice(&bytes[target_start..first_line_end]);
    if let Some((_, lines)) = forwarding {
        out.extend_from_slice(lines.as_bytes());
    }
    let mut jar_is_due = cookies;
    let mut at = first_line_end;
    while at < head_end {
        let end = line_end(&bytes[..head_end], at);
        let line = &bytes[at..end];
        let is_cookie = line.len() > 7 && line[..7].eq_ignore_ascii_case(b"cookie:");
        if is_cookie && let Some(jar) = jar_is_due.take() {
            // There may be only one such field.
            out.extend_from_slice(line.trim_ascii_end());
            let before = out.len();
            out.extend_from_slice(b"; ");
            jar.write_for(request_target(bytes), out);
            if out.len() == before + 2 {
                out.truncate(before);
            }
            out.extend_from_slice(b"\r\n");
        } else {
            out.extend_from_slice(line);
        }
        at = end;
    }
    if let Some(jar) = jar_is_due {
        let before = out.len();
        out.extend_from_slice(b"Cookie: ");
        jar.write_for(request_target(bytes), out);
        if out.len() == before + 8 {
            out.truncate(before);
        } else {
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(&bytes[head_end..]);
}

/// The request target of a rendered request, `/` if it is not text.
pub(crate) fn request_target(bytes: &[u8]) -> &str {
    let line = &bytes[..line_end(bytes, 0)];
    let target = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    std::str::from_utf8(target).unwrap_or("/")
}

/// Where the empty line that ends the head begins.
fn head_end(bytes: &[u8]) -> usize {
    let ends = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    ends.map_or(bytes.len(), |at| at + 2)
}

/// Where the line that begins at `from` ends, its CRLF included.
fn line_end(bytes: &[u8], from: usize) -> usize {
    let end = bytes[from..].iter().position(|byte| *byte == b'\n');
    end.map_or(bytes.len(), |at| from + at + 1)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::request::{Body, RequestParts, RequestTemplate};
    use crate::scenario::template::{NoValues, Template};
    use crate::settings::Header;

    fn request(headers: &[Header], body: Option<Arc<[u8]>>) -> PreparedRequest {
        let parts = RequestParts {
            method: "PUT",
            path_and_query: Template::text("/a?b=c"),
            headers: headers
                .iter()
                .map(|(name, value)| (name.as_str(), Template::text(value)))
                .collect(),
            body: body.map(Body::Fixed),
            content_type: "text/plain",
            traced_run: None,
        };
        let target = "http://host:81/".parse().unwrap();
        let mut request = PreparedRequest::new(&mut fastrand::Rng::new());
        request.render(&RequestTemplate::new(&target, parts), &NoValues);
        request
    }

    fn sent(outgoing: &Outgoing<'_>) -> Vec<u8> {
        let mut all = Vec::new();
        while !outgoing.unsent(all.len()).is_empty() {
            all.extend_from_slice(outgoing.unsent(all.len()));
        }
        assert_eq!(all.len(), outgoing.len());
        all
    }

    fn jar(set: &str) -> CookieJar {
        let mut jar = CookieJar::new("http://host:81/".parse().unwrap());
        jar.take(format!("HTTP/1.1 200 OK\r\n{set}\r\n").as_bytes(), "/");
        jar
    }

    #[test]
    fn a_proxy_gets_the_whole_url_and_its_credentials() {
        for body in [b"{}".to_vec(), vec![b'x'; 50_000]] {
            let request = request(&[], Some(body.clone().into()));
            let mut out = Vec::new();
            rewrite(
                &request,
                Some(("http://host:81", "Proxy-Authorization: Basic eA==\r\n")),
                None,
                &mut out,
            );
            let all = sent(&Outgoing::rewritten(&request, &out));
            let plain = sent(&Outgoing::unchanged(&request));
            let begins = b"PUT http://host:81/a?b=c HTTP/1.1\r\nProxy-Authorization: Basic eA==\r\nHost: host:81\r\n";
            assert!(all.starts_with(begins));
            assert!(all.ends_with(&plain[b"PUT /a?b=c HTTP/1.1\r\n".len()..]));
        }
    }

    #[test]
    fn cookies_join_those_of_the_request() {
        let own = [("cookie".to_owned(), "own=1".to_owned())];
        let text = |headers: &[Header], jar: &CookieJar| {
            let request = request(headers, Some(b"\r\n\r\n".to_vec().into()));
            let mut out = Vec::new();
            rewrite(&request, None, Some(jar), &mut out);
            String::from_utf8(sent(&Outgoing::rewritten(&request, &out))).unwrap()
        };
        let full = jar("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n");
        assert!(text(&own, &full).contains("\r\ncookie: own=1; a=1; b=2\r\n"));
        let added = text(&[], &full);
        assert!(added.ends_with("\r\nCookie: a=1; b=2\r\n\r\n\r\n\r\n"), "{added}");
        let empty = jar("");
        assert!(text(&own, &empty).contains("\r\ncookie: own=1\r\n"));
        assert!(!text(&[], &empty).contains("ookie"));
    }
}
