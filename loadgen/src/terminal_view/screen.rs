//! The block of lines that a view occupies in a terminal, and what has to be written to change it.
//!
//! Only movements relative to the block are used, so nothing need be known of where it is. The cursor rests on the line
//! below it, where a `^C` or whatever another program writes does the least harm.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::style::{Color, Modifier};
use ratatui::text::Span;

use super::Palette;

/// Asks a terminal that knows it to show everything up to the end at once; others ignore it.
const TOGETHER: &str = "\x1b[?2026h";
const TOGETHER_END: &str = "\x1b[?2026l";
const CLEAR_BELOW: &str = "\x1b[J";
const CLEAR_LINE: &str = "\x1b[K";

/// A line as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Row {
    text: String,
    columns: usize,
}

/// What the terminal shows of the view.
pub(crate) struct Screen {
    palette: Palette,
    rows: Vec<Row>,
    width: u16,
}

impl Screen {
    pub(crate) fn new(palette: Palette) -> Self {
        Self {
            palette,
            rows: Vec::new(),
            width: 0,
        }
    }

    /// Begins a new block where the cursor is.
    pub(crate) fn forget(&mut self) {
        self.rows.clear();
    }

    /// What to write so that `notes` stand above a view drawn by `draw`, which gives the number of rows it used.
    pub(crate) fn update(
        &mut self,
        notes: &[String],
        size: Size,
        draw: impl FnOnce(Rect, &mut Buffer) -> u16,
    ) -> String {
        // A row for the cursor, and a column less than there are: behind a full row terminals differ.
        let area = Rect::new(0, 0, size.width.saturating_sub(1), size.height.saturating_sub(1));
        let mut buffer = Buffer::empty(area);
        let used = if area.is_empty() { 0 } else { draw(area, &mut buffer) };
        let rows: Vec<Row> = (0..used.min(area.height))
            .map(|y| row(&buffer, y, self.palette))
            .collect();

        let mut text = String::from(TOGETHER);
        let is_kept = notes.is_empty() && size.width == self.width;
        if is_kept {
            self.to_top(size.width, false, &mut text);
            for (index, row) in rows.iter().enumerate() {
                if self.rows.get(index) != Some(row) {
                    text.push_str(&row.text);
                    text.push_str(CLEAR_LINE);
                }
                text.push_str("\r\n");
            }
        } else {
            self.to_top(size.width, true, &mut text);
            append_lines(&mut text, notes.iter().map(String::as_str));
            append_lines(&mut text, rows.iter().map(|row| row.text.as_str()));
        }
        text.push_str(CLEAR_BELOW);
        text.push_str(TOGETHER_END);
        self.rows = rows;
        self.width = size.width;
        text
    }

    /// What to write so that `notes` stand where the view was.
    pub(crate) fn remove(&mut self, notes: &[String], size: Size) -> String {
        let mut text = String::from(TOGETHER);
        self.to_top(size.width, true, &mut text);
        append_lines(&mut text, notes.iter().map(String::as_str));
        text.push_str(TOGETHER_END);
        self.rows.clear();
        text
    }

    /// Goes to the first row of the block, which is where the cursor is if there is none. In a terminal that has become
    /// narrower its rows were folded.
    fn to_top(&self, width: u16, clears: bool, text: &mut String) {
        let width = usize::from(width.max(1));
        let lines: usize = self.rows.iter().map(|row| row.columns.div_ceil(width).max(1)).sum();
        text.push('\r');
        // What was typed meanwhile stands on the cursor's line.
        text.push_str(CLEAR_LINE);
        if clears {
            // Line by line: some terminals keep a copy of a screen that is cleared as a whole.
            for _ in 0..lines {
                text.push_str("\x1b[1A");
                text.push_str(CLEAR_LINE);
            }
        } else if lines > 0 {
            // Writing to a string cannot fail.
            let _ = write!(text, "\x1b[{lines}A");
        }
    }
}

fn append_lines<'a>(text: &mut String, lines: impl Iterator<Item = &'a str>) {
    for line in lines {
        text.push_str(line);
        text.push_str("\r\n");
    }
}

/// A row of a drawing, blanks at its end left out.
fn row(buffer: &Buffer, y: u16, palette: Palette) -> Row {
    let mut row = Row::default();
    let mut style = String::new();
    let mut blanks = 0;
    let mut x = 0;
    while x < buffer.area.width {
        let cell = &buffer[(x, y)];
        let symbol = cell.symbol();
        let columns = if symbol.is_ascii() {
            1
        } else {
            Span::raw(symbol).width().max(1)
        };
        x += columns as u16;
        let of_cell = sequence(cell.fg, cell.modifier, palette);
        if symbol == " " && of_cell.is_empty() {
            blanks += 1;
            continue;
        }
        if blanks > 0 {
            change_style(&mut row.text, &mut style, String::new());
            row.text.extend(std::iter::repeat_n(' ', blanks));
            row.columns += blanks;
            blanks = 0;
        }
        change_style(&mut row.text, &mut style, of_cell);
        row.text.push_str(symbol);
        row.columns += columns;
    }
    change_style(&mut row.text, &mut style, String::new());
    row
}

fn change_style(text: &mut String, style: &mut String, to: String) {
    if *style == to {
        return;
    }
    if !style.is_empty() {
        text.push_str("\x1b[0m");
    }
    if !to.is_empty() {
        let _ = write!(text, "\x1b[{to}m");
    }
    *style = to;
}

/// Parameters of the sequence that selects a style; empty for the terminal's own.
fn sequence(colour: Color, modifier: Modifier, palette: Palette) -> String {
    let mut parameters = String::new();
    if palette == Palette::Plain {
        return parameters;
    }
    for (flag, parameter) in [(Modifier::BOLD, "1"), (Modifier::DIM, "2")] {
        if modifier.contains(flag) {
            push_parameter(&mut parameters, parameter);
        }
    }
    // The view uses no other colours.
    let colour = match colour {
        Color::Red => "31",
        Color::Green => "32",
        Color::Yellow => "33",
        Color::Magenta => "35",
        Color::Cyan => "36",
        _ => return parameters,
    };
    push_parameter(&mut parameters, colour);
    parameters
}

fn push_parameter(parameters: &mut String, parameter: &str) {
    if !parameters.is_empty() {
        parameters.push(';');
    }
    parameters.push_str(parameter);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A terminal that knows what a screen uses, and refuses anything else.
    struct Terminal {
        width: usize,
        height: usize,
        lines: Vec<String>,
        x: usize,
        y: usize,
        scrolled: usize,
    }

    impl Terminal {
        fn new(width: usize, height: usize) -> Self {
            Self {
                width,
                height,
                lines: vec![String::new(); height],
                x: 0,
                y: 0,
                scrolled: 0,
            }
        }

        fn write(&mut self, text: &str) {
            let mut rest = text;
            while let Some(character) = rest.chars().next() {
                rest = &rest[character.len_utf8()..];
                match character {
                    '\r' => self.x = 0,
                    '\n' => self.down(),
                    '\x1b' => {
                        let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                        let (parameters, end) = (&rest[1..end], &rest[end..]);
                        match (parameters, end.chars().next().unwrap()) {
                            (lines, 'A') => self.y = self.y.saturating_sub(lines.parse().unwrap()),
                            ("", 'J') => {
                                self.clear_line();
                                self.lines[self.y + 1..].iter_mut().for_each(String::clear);
                            }
                            ("", 'K') => self.clear_line(),
                            (_, 'm') | ("?2026", 'h' | 'l') => {}
                            other => panic!("{other:?}"),
                        }
                        rest = &end[1..];
                    }
                    _ => {
                        if self.x == self.width {
                            self.x = 0;
                            self.down();
                        }
                        let line = &mut self.lines[self.y];
                        let mut characters: Vec<char> = line.chars().collect();
                        characters.resize(characters.len().max(self.x + 1), ' ');
                        characters[self.x] = character;
                        *line = characters.into_iter().collect();
                        self.x += 1;
                    }
                }
            }
        }

        fn down(&mut self) {
            if self.y + 1 == self.height {
                self.lines.remove(0);
                self.lines.push(String::new());
                self.scrolled += 1;
            } else {
                self.y += 1;
            }
        }

        fn clear_line(&mut self) {
            let kept: String = self.lines[self.y].chars().take(self.x).collect();
            self.lines[self.y] = kept;
        }

        fn shown(&self) -> Vec<&str> {
            let end = self.lines.iter().rposition(|line| !line.trim().is_empty());
            self.lines[..end.map_or(0, |last| last + 1)]
                .iter()
                .map(|line| line.trim_end())
                .collect()
        }
    }

    fn drawing<'a>(lines: &'a [&'a str]) -> impl FnOnce(Rect, &mut Buffer) -> u16 + 'a {
        move |area, buffer| {
            for (y, line) in (0..area.height).zip(lines) {
                buffer.set_stringn(0, y, line, area.width.into(), Color::Red);
            }
            lines.len() as u16
        }
    }

    const SIZE: Size = Size::new(21, 6);

    #[test]
    fn notes_stand_above_a_view_that_changes_in_place_and_leaves_nothing_behind() {
        let mut terminal = Terminal::new(21, 6);
        let mut screen = Screen::new(Palette::Colour);
        terminal.write("$ loadgen run\r\n");
        terminal.write(&screen.update(&[], SIZE, drawing(&["one", "two"])));
        terminal.write("^C");
        terminal.write(&screen.update(&[], SIZE, drawing(&["one", "2", "three"])));
        assert_eq!(terminal.shown(), ["$ loadgen run", "one", "2", "three"]);
        let note = ["a note longer than the terminal".to_owned()];
        terminal.write(&screen.update(&note, SIZE, drawing(&["one", "two", "three"])));
        let folded = ["a note longer than th", "e terminal", "one", "two", "three"];
        assert_eq!((terminal.shown(), terminal.scrolled), (folded.to_vec(), 1));
        terminal.write(&screen.update(&[], SIZE, drawing(&["last"])));
        assert_eq!(terminal.shown(), ["a note longer than th", "e terminal", "last"]);
        terminal.write(&screen.remove(&["bye".to_owned()], SIZE));
        terminal.write("summary");
        assert_eq!(
            terminal.shown(),
            ["a note longer than th", "e terminal", "bye", "summary"]
        );
    }

    #[test]
    fn only_what_changed_is_written() {
        let mut screen = Screen::new(Palette::Plain);
        screen.update(&[], SIZE, drawing(&["the same", "first"]));
        let text = screen.update(&[], SIZE, drawing(&["the same", "second"]));
        assert!(!text.contains("same") && text.contains("second"), "{text:?}");
        assert!(!text.contains('m'), "no colours: {text:?}");
    }

    #[test]
    fn rows_folded_by_a_narrower_terminal_are_replaced_too() {
        let mut screen = Screen::new(Palette::Plain);
        screen.update(&[], SIZE, drawing(&["twelve chars", "x"]));
        let mut terminal = Terminal::new(10, 6);
        terminal.write("above\r\ntwelve chars\r\nx\r\n");
        terminal.write(&screen.update(&[], Size::new(10, 6), drawing(&["new"])));
        assert_eq!(terminal.shown(), ["above", "new"]);
    }

    #[test]
    fn a_terminal_without_room_shows_notes_alone() {
        let mut screen = Screen::new(Palette::Plain);
        let text = screen.update(&["note".to_owned()], Size::new(1, 1), drawing(&["x"]));
        assert!(text.contains("note") && !text.contains('x'), "{text:?}");
        assert!(!screen.update(&[], Size::ZERO, drawing(&["x"])).contains('x'));
    }
}
