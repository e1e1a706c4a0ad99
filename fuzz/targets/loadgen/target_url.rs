//! URLs under load: what is shown and recorded of them has no password in it, by another parser's word.

use url::Url;

use crate::target::{Target, redact};

pub(super) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let redacted = redact(text);
    let target: Target = match text.parse() {
        Ok(target) => target,
        Err(error) => {
            let _ = error.to_string();
            return;
        }
    };
    let shown = target.to_string();
    let parsed = Url::parse(&shown).unwrap_or_else(|error| panic!("{error}: {shown}"));
    assert!(parsed.username().is_empty() && parsed.password().is_none(), "{shown}");
    for text in [target.authority(), target.path_and_query()] {
        assert!(
            !text.contains(|c: char| c.is_ascii_control() || c == ' '),
            "{text:?} could not stand in a request"
        );
    }
    assert!(target.path_and_query().starts_with('/') && !target.host().is_empty());

    // The password as typed, where it is long enough to be told from the rest. URLs are read without these blanks.
    let text = text.replace(['\t', '\n', '\r'], "");
    let full = if target.scheme_typed() {
        text.clone()
    } else {
        format!("http://{text}")
    };
    if let Some(password) = typed_password(&full).filter(|password| password.len() >= 6) {
        let elsewhere = text.replacen(&format!("{password}@"), "", 1);
        if !elsewhere.contains(password) {
            assert!(!redacted.contains(password), "{text:?} is recorded as {redacted:?}");
        }
    }
}

/// The part of a URL that its parser took for the password, before it encoded it.
fn typed_password(url: &str) -> Option<&str> {
    let mut parsed = Url::parse(url).ok()?;
    let encoded = parsed.password()?.to_owned();
    let (_, user_info) = url.split_once(':')?;
    let (_, password) = user_info.trim_start_matches(['/', '\\']).split_once(':')?;
    let ends = password.match_indices('@').map(|(at, _)| at);
    ends.map(|end| &password[..end])
        .find(|typed| parsed.set_password(Some(typed)).is_ok() && parsed.password() == Some(encoded.as_str()))
}
