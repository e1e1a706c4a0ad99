//! A page of Markdown: its fenced blocks, code spans, links and headings.

use std::fs;
use std::path::Path;

use crate::command_lines::PROGRAMS;

/// How a block is known to work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Run,
    Server,
    Needs(String),
    TestedBy { file: String, test: String },
    Unknown(String),
}

impl Mark {
    fn parse(text: &str) -> Self {
        match text.split_once('=') {
            None if text == "run" => Self::Run,
            Some(("run", "server")) => Self::Server,
            Some(("needs", what)) => Self::Needs(what.to_owned()),
            Some(("tested-by", test)) => {
                let (file, test) = test.split_once(':').unwrap_or((test, ""));
                Self::TestedBy {
                    file: file.to_owned(),
                    test: test.to_owned(),
                }
            }
            _ => Self::Unknown(text.to_owned()),
        }
    }
}

/// A fenced block.
pub(crate) struct Block {
    /// File and line.
    pub(crate) place: String,
    language: String,
    pub(crate) marks: Vec<Mark>,
    pub(crate) text: String,
}

/// A page.
pub(crate) struct Document {
    /// Its path in the repository.
    pub(crate) name: String,
    blocks: Vec<Block>,
    /// Code in running text, with its places.
    pub(crate) spans: Vec<(String, String)>,
    /// Where its links within the repository lead, with their places.
    pub(crate) links: Vec<(String, String)>,
    headings: Vec<String>,
    /// What is wrong with its form.
    pub(crate) faults: Vec<String>,
}

impl Document {
    pub(crate) fn read(root: &Path, path: &Path) -> Self {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let mut document = Self {
            name,
            blocks: Vec::new(),
            spans: Vec::new(),
            links: Vec::new(),
            headings: Vec::new(),
            faults: Vec::new(),
        };
        document.parse(&fs::read_to_string(path).unwrap());
        document
    }

    fn parse(&mut self, page: &str) {
        let mut open: Option<Block> = None;
        let mut in_list = false;
        let mut paragraph = (0, String::new());
        for (index, line) in page.lines().enumerate() {
            let place = format!("{}:{}", self.name, index + 1);
            let fence = line.trim_start().strip_prefix("```");
            match (open.take(), fence) {
                (Some(block), Some(_)) => self.blocks.push(block),
                (Some(mut block), None) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                    open = Some(block);
                }
                (None, Some(info)) => {
                    let mut words = info.split_whitespace();
                    let language = words.next().unwrap_or_default().to_owned();
                    if language.is_empty() {
                        self.faults.push(format!("{place}: a block without a language"));
                    }
                    open = Some(Block {
                        place,
                        language,
                        marks: words.map(Mark::parse).collect(),
                        text: String::new(),
                    });
                }
                (None, None) => {
                    if line.trim().is_empty() || line.starts_with('|') {
                        self.text(std::mem::take(&mut paragraph));
                    } else if !line.starts_with(' ') {
                        in_list = line.starts_with("- ") || line.starts_with(|first: char| first.is_ascii_digit());
                    }
                    if line.starts_with("    ") && !in_list && paragraph.1.is_empty() {
                        self.faults
                            .push(format!("{place}: an indented block has no mark; fence it"));
                    }
                    if let Some(heading) = line.strip_prefix('#') {
                        self.headings.push(anchor(heading.trim_start_matches('#').trim()));
                    }
                    if paragraph.1.is_empty() {
                        paragraph.0 = index + 1;
                    }
                    paragraph.1.push_str(line);
                    paragraph.1.push('\n');
                }
            }
        }
        self.text(paragraph);
        if let Some(block) = open {
            self.faults.push(format!("{}: a block without an end", block.place));
        }
    }

    /// Takes the code spans and links of a paragraph.
    fn text(&mut self, (line, paragraph): (usize, String)) {
        let place = format!("{}:{line}", self.name);
        let spans = paragraph
            .split('`')
            .skip(1)
            .step_by(2)
            .map(|span| span.replace('\n', " "));
        self.spans.extend(spans.map(|span| (place.clone(), span)));
        for word in paragraph.split(|character: char| character.is_whitespace() || "(),:;".contains(character)) {
            let page = word.trim_end_matches('.');
            if page.starts_with("docs/") && page.ends_with(".md") {
                self.spans.push((place.clone(), page.to_owned()));
            }
        }
        for link in paragraph.split("](").skip(1) {
            let target = link.split(')').next().unwrap();
            if !target.contains("://") && !target.starts_with("mailto:") {
                self.links.push((place.clone(), target.to_owned()));
            }
        }
    }

    pub(crate) fn shell_blocks(&self) -> impl Iterator<Item = &Block> {
        self.blocks
            .iter()
            .filter(|block| ["sh", "bash", "shell", "console"].contains(&block.language.as_str()))
    }

    /// Command lines of this workspace's programs in running text.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &(String, String)> {
        let is_command = |span: &str| span.split_once(' ').is_some_and(|(first, _)| PROGRAMS.contains(&first));
        self.spans.iter().filter(move |(_, span)| is_command(span))
    }

    pub(crate) fn has_heading(&self, anchor: &str) -> bool {
        self.headings.iter().any(|heading| heading == anchor)
    }
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|character| character.is_alphanumeric() || ['-', '_', ' '].contains(character))
        .map(|character| if character == ' ' { '-' } else { character })
        .collect()
}
