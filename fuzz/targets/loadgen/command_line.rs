//! The command line: no words make it panic, the load that they ask for can be scheduled, and no password is recorded.

use clap::Parser as _;
use loadgen::load::Load;

use crate::cli::{Cli, Command};

pub(crate) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // Words that name a file would be read, `-` among them.
    if text.contains(['@', '\0']) || text.contains("scenario") {
        return;
    }
    let words = ["loadgen", "run", "http://me:s3cret-word@127.0.0.1/"]
        .into_iter()
        .chain(text.lines().take(20));
    let words: Vec<String> = words.map(str::to_owned).collect();
    let Ok(Cli {
        command: Command::Run(run),
    }) = Cli::try_parse_from(&words)
    else {
        return;
    };
    let Ok(settings) = run.settings(&words) else { return };
    assert!(!settings.command.contains("s3cret-word"), "{}", settings.command);
    let _ = settings.load.to_string();
    let _ = settings.load.duration();
    assert!((1..=1_000_000).contains(&settings.load.most_vus()));
    if let Load::Open { rate, .. } = &settings.load {
        let (first, stride) = (u64::from(settings.segment.index()), u64::from(settings.segment.count()));
        let times: Vec<_> = rate.arrivals(first, stride).take(100).collect();
        assert!(
            times.is_sorted() && times.iter().all(|time| *time <= rate.duration()),
            "{times:?}"
        );
    }
}
