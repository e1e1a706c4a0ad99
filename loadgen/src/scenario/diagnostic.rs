//! What is wrong with a scenario, and where.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// Mistakes that are reported at once.
const MOST: usize = 50;
/// Characters of a source line that are shown.
const LONGEST_LINE: usize = 160;

/// A mistake in a scenario's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, as it was named.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub advice: String,
    /// The line's text.
    source: String,
    /// How many characters of it are meant.
    width: usize,
}

/// The mistake with its line, and a mark below the place.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "error: {}", self.message)?;
        writeln!(f, "{margin}--> {}:{}:{}", self.file, self.line, self.column)?;
        writeln!(f, "{margin} |")?;
        // Characters that a terminal would obey are not passed on; a tab takes one column.
        let shown = |character: char| if character.is_control() { ' ' } else { character };
        let start = self.column.saturating_sub(LONGEST_LINE / 2).max(1) - 1;
        let source: String = self.source.chars().skip(start).take(LONGEST_LINE).map(shown).collect();
        writeln!(f, "{number} | {}", source.trim_end())?;
        let before = " ".repeat(self.column - 1 - start);
        let width = self.width.clamp(1, LONGEST_LINE);
        write!(f, "{margin} | {before}{}", "^".repeat(width))?;
        if !self.advice.is_empty() {
            write!(f, " {}", self.advice)?;
        }
        Ok(())
    }
}

/// Why there is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// No scenario that comes with loadgen has this name.
    #[error("there is no scenario `{name}`; write `items`, or the path of a scenario's file, e.g. ./{name}.toml")]
    UnknownName {
        /// As typed.
        name: String,
    },
    /// The file could not be read.
    #[error("the scenario {} cannot be read: {reason}; give a TOML file of at most 1 MiB", path.display())]
    Unreadable {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// Variables given from outside do not go with the scenario.
    #[error("--var {name}: {reason}")]
    Variable {
        /// The name given.
        name: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The file has mistakes.
    #[error("{}", all(.0))]
    Mistakes(Vec<Diagnostic>),
}

fn all(diagnostics: &[Diagnostic]) -> String {
    let mut text = format!(
        "the scenario has {}\n",
        match diagnostics.len() {
            1 => "a mistake".to_owned(),
            count => format!("{count} mistakes"),
        }
    );
    for diagnostic in diagnostics {
        text.push_str(&format!("\n{diagnostic}\n"));
    }
    text.truncate(text.trim_end().len());
    text
}

/// Gathers the mistakes of one file.
pub(crate) struct Findings<'a> {
    file: &'a str,
    text: &'a str,
    found: std::cell::RefCell<Vec<(Range<usize>, String, String)>>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        Self {
            file,
            text,
            found: Default::default(),
        }
    }

    /// The text at a place.
    pub(crate) fn source(&self, span: &Range<usize>) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// Notes a mistake: its place in bytes, what is wrong, and what to do.
    pub(crate) fn report(&self, span: Range<usize>, message: impl Into<String>, advice: impl Into<String>) {
        let mut found = self.found.borrow_mut();
        let (message, advice) = (without_controls(message.into()), without_controls(advice.into()));
        if found.len() < MOST && !found.iter().any(|(other, text, _)| *other == span && *text == message) {
            found.push((span, message, advice));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// The mistakes in the order of the file.
    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|(span, ..)| span.start);
        found
            .into_iter()
            .map(|(span, message, advice)| {
                let start = self.text.floor_char_boundary(span.start);
                let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
                let line_end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
                let end = self.text.floor_char_boundary(span.end).clamp(start, line_end);
                Diagnostic {
                    file: self.file.to_owned(),
                    line: self.text[..start].matches('\n').count() + 1,
                    column: self.text[line_start..start].chars().count() + 1,
                    message,
                    advice,
                    source: self.text[line_start..line_end].to_owned(),
                    width: self.text[start..end].chars().count(),
                }
            })
            .collect()
    }
}

/// A message that a terminal prints and does not obey: names in it are the file's.
fn without_controls(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}
