//! Keeps secrets out of what is written about a command line.

use loadgen::target;

/// Header fields whose values say nothing secret.
const HARMLESS: [&str; 8] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "content-type",
    "host",
    "user-agent",
    "connection",
    "cache-control",
];

/// The command line as one line of shell, with header values and user information replaced.
pub(crate) fn command_line(arguments: &[String]) -> String {
    let mut words = vec!["loadgen".to_owned()];
    let mut header_follows = false;
    let mut data_follows = false;
    let mut var_follows = false;
    for argument in arguments.iter().skip(1) {
        let word = if header_follows {
            field(argument)
        } else if data_follows {
            argument.clone()
        } else if var_follows {
            variable(argument)
        } else if let Some(rest) = argument.strip_prefix("--var=") {
            format!("--var={}", variable(rest))
        } else if let Some(rest) = argument.strip_prefix("--header=") {
            format!("--header={}", field(rest))
        } else if let Some(rest) = argument.strip_prefix("-H").filter(|rest| !rest.is_empty()) {
            format!("-H{}", field(rest.strip_prefix('=').unwrap_or(rest)))
        } else if let Some((flag, value)) = argument.split_once('=').filter(|_| argument.starts_with("--")) {
            format!("{flag}={}", target::redact(value))
        } else if argument.starts_with('-') {
            argument.clone()
        } else {
            target::redact(argument)
        };
        let is_value = header_follows || data_follows || var_follows;
        var_follows = !is_value && argument == "--var";
        header_follows = !is_value && matches!(argument.as_str(), "-H" | "--header");
        data_follows = !is_value && matches!(argument.as_str(), "-d" | "--data");
        words.push(quoted(&word));
    }
    words.join(" ")
}

fn field(text: &str) -> String {
    match text.split_once(':') {
        Some((name, _)) if !HARMLESS.contains(&name.trim().to_ascii_lowercase().as_str()) => format!("{name}: ***"),
        None if !text.starts_with('@') => "***".to_owned(),
        _ => text.to_owned(),
    }
}

fn variable(text: &str) -> String {
    match text.split_once('=') {
        Some((name, value)) if !value.starts_with('@') => format!("{name}=***"),
        _ => text.to_owned(),
    }
}

fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=@%+,".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(arguments: &[&str]) -> String {
        command_line(
            &arguments
                .iter()
                .map(|argument| (*argument).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn secrets_are_replaced() {
        let text = line(&[
            "/usr/bin/loadgen",
            "run",
            "http://me:secret@host/a?token=secret",
            "-H",
            "Authorization: Bearer secret",
            "--header=Cookie: a=secret",
            "-HX-Api-Key: secret",
            "-H",
            "Accept: text/plain",
            "--proxy",
            "http://me:secret@proxy:3128",
            "--proxy=me:secret@proxy:3128",
            "-d",
            r#"{"a":"it's"}"#,
            "--var",
            "password=secret",
            "--var=token=@secret.txt",
        ]);
        assert!(
            text.ends_with(" --var 'password=***' --var=token=@secret.txt"),
            "{text}"
        );
        let text = text.replace("@secret.txt", "@file");
        assert!(!text.contains("secret"), "{text}");
        assert!(
            text.starts_with("loadgen run 'http://***@host/a?token=***' -H 'Authorization: ***'"),
            "{text}"
        );
        assert!(
            text.contains("'Accept: text/plain' --proxy 'http://***@proxy:3128' '--proxy=***@proxy:3128' -d '{\"a\":\"it'\\''s\"}'"),
            "{text}"
        );
    }
}
