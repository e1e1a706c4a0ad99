//! What every page is made of: its head with the security policy, its title, its verdict, its facts.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::format;
use super::verdict::{Level, Verdict};
use crate::run_info::Environment;

const STYLE: &str = concat!(
    include_str!("page.css"),
    include_str!("charts.css"),
    include_str!("tables.css"),
    include_str!("media.css")
);
const SCRIPT: &str = include_str!("page.js");
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
                    %3Cpath d='M1 13 5 7l3 3 6-8' fill='none' stroke='%232563eb' stroke-width='2.5'/%3E%3C/svg%3E";

/// Characters of a text from outside, such as the command; the rest is in the JSON.
const TEXT_LIMIT: usize = 4_000;
/// Entries of a list from outside, such as tags or generators.
const LIST_LIMIT: usize = 100;

/// A complete document.
pub(super) struct Page<'a> {
    /// What was done, e.g. `Load run`.
    pub(super) kind: &'a str,
    pub(super) level: Level,
    pub(super) run_id: &'a str,
    pub(super) target: &'a str,
    pub(super) scenario: &'a str,
    pub(super) load: &'a str,
    pub(super) started_at: &'a str,
    pub(super) main: Markup,
}

impl Page<'_> {
    pub(super) fn render(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                (self.head())
                body {
                    (self.masthead())
                    main { (self.main) }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        };
        page.into_string()
    }

    fn head(&self) -> Markup {
        html! {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(content_security_policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (self.level.name()) " · " (self.kind.to_lowercase()) " " (format::excerpt(self.run_id, 80)) }
                link rel="icon" href=(ICON);
                style { (PreEscaped(STYLE)) }
            }
        }
    }

    fn masthead(&self) -> Markup {
        html! {
            header {
                p.kicker { (self.kind) }
                h1 { (format::excerpt(self.target, 300)) }
                p.note {
                    (format::excerpt(self.scenario, 120))
                    @if !self.load.is_empty() { " · " (format::excerpt(self.load, 200)) }
                    " · " time datetime=(format::excerpt(self.started_at, 40)) { (format::excerpt(&format::instant(self.started_at), 120)) }
                    " · " (format::excerpt(self.run_id, 120))
                }
            }
        }
    }
}

/// Allows the page's own style and script by their hashes, and nothing else: even a text that slipped through the
/// escaping could neither run nor load anything.
fn content_security_policy() -> String {
    let hash = |source: &str| BASE64_STANDARD.encode(Sha256::digest(source));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; \
         form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

pub(super) fn verdict(verdict: &Verdict) -> Markup {
    banner(
        "Verdict",
        verdict.level,
        &html! { strong { (verdict.level.name()) ":" } " " (verdict.headline) "." },
        &verdict.remarks,
    )
}

/// Above all else where the figures are not the target's: whoever reads nothing more must have read this.
pub(super) fn bottleneck(consequence: &str, reasons: &[String]) -> Markup {
    banner(
        "Generator",
        Level::Failed,
        &html! { strong { "The generator was the bottleneck, not the target:" } " " (consequence) },
        reasons,
    )
}

fn banner(label: &str, level: Level, headline: &Markup, remarks: &[String]) -> Markup {
    let strokes = match level {
        Level::Passed => "M6 12.5l4 4 8-9",
        Level::Warning => "M12 6v8M12 17.5v.1",
        Level::Failed => "M7.5 7.5l9 9M16.5 7.5l-9 9",
    };
    html! {
        section.verdict.(level.class()) aria-label=(label) {
            svg.icon aria-hidden="true" viewBox="0 0 24 24" width="28" height="28" {
                circle cx="12" cy="12" r="11" {}
                path d=(strokes) {}
            }
            div {
                p.headline { (headline) }
                @if !remarks.is_empty() {
                    ul { @for remark in remarks.iter().take(LIST_LIMIT) { li { (format::excerpt(remark, 600)) } } }
                }
            }
        }
    }
}

/// A headline figure.
pub(super) struct Tile {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) bad: bool,
}

impl Tile {
    /// A figure that is neither good nor bad.
    pub(super) fn new(name: &'static str, value: String) -> Self {
        Self {
            name,
            value,
            bad: false,
        }
    }
}

pub(super) fn tiles(tiles: &[Tile]) -> Markup {
    html! {
        section.headline-figures aria-label="Headline figures" {
            dl.figures {
                @for tile in tiles {
                    div.bad[tile.bad] {
                        dt { (tile.name) }
                        dd.long[tile.value.chars().count() > 11] { (tile.value) }
                    }
                }
            }
        }
    }
}

pub(super) fn fact(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (format::excerpt(value, TEXT_LIMIT)) } } }
}

/// The command line to type for the same again.
pub(super) fn command(command: &str) -> Markup {
    html! {
        div.wide {
            dt { "Command" }
            dd { code.command { (format::excerpt(command, TEXT_LIMIT)) } }
        }
    }
}

/// A fact of several values; nothing if there are none.
pub(super) fn list(name: &str, values: impl ExactSizeIterator<Item = String>) -> Markup {
    let more = values.len().saturating_sub(LIST_LIMIT);
    html! {
        @if values.len() > 0 {
            div.wide {
                dt { (name) }
                dd {
                    ul.chips {
                        @for value in values.take(LIST_LIMIT) { li { (format::excerpt(&value, 200)) } }
                        @if more > 0 { li { "and " (format::count(more as u64)) " more" } }
                    }
                }
            }
        }
    }
}

/// Where the generator ran: what makes figures comparable, or not.
pub(super) fn environment(environment: &Environment) -> Markup {
    let known = |text: &str| {
        if text.is_empty() {
            format::NONE.to_owned()
        } else {
            text.to_owned()
        }
    };
    html! {
        (fact("Host", &known(&environment.host)))
        (fact("Operating system", &known(&environment.os)))
        (fact("Architecture", &known(&environment.architecture)))
        (fact("Cores", &if environment.cores > 0 { format::count(environment.cores.into()) } else { format::NONE.to_owned() }))
    }
}
