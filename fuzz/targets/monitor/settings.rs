//! Files of settings and secrets, and what other programs say last.

use std::path::Path;

use crate::program::last_lines;
use crate::secrets::Value;
use crate::settings::parse;

pub(super) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for line in last_lines(&text, 3) {
        assert!(!line.is_empty() && line.chars().count() <= 300);
        assert!(!line.contains(char::is_control), "{line:?} could steer a terminal");
    }
    let value = Value::new(text.as_ref());
    assert!(!value.expose().ends_with(['\r', '\n']) && text.starts_with(value.expose()));

    let Ok(settings) = parse(&text, Path::new("settings.env")) else {
        return;
    };
    let written: String = settings
        .iter()
        .map(|(name, value)| format!("{name}=\"{value}\"\n"))
        .collect();
    match parse(&written, Path::new("settings.env")) {
        Ok(read) => assert_eq!(read, settings),
        Err(error) => panic!("{error}: {written:?}"),
    }
}
