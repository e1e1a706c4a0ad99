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

    // What was typed of the password, where it is long enough to be told from the rest; one that the parser encodes is
    // not what was typed. URLs are read without these.
    let text = text.replace(['\t', '\n', '\r'], "");
    let full = if target.scheme_typed() {
        text.clone()
    } else {
        format!("http://{text}")
    };
    let password = Url::parse(&full).ok().and_then(|url| url.password().map(str::to_owned));
    if let Some(password) = password.filter(|password| password.len() >= 6 && !password.contains('%')) {
        let typed = format!("{password}@");
        if text.contains(&typed) && !text.replacen(&typed, "", 1).contains(&password) {
            assert!(!redacted.contains(&password), "{text:?} is recorded as {redacted:?}");
        }
    }
}
