//! Text and its styles in an area of a view.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Span;

/// What is as it should be, what needs attention, and what is out of the way.
pub(crate) const GOOD: Style = Style::new().fg(Color::Green);
pub(crate) const NOTEWORTHY: Style = Style::new().fg(Color::Yellow);
pub(crate) const BAD: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
pub(crate) const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
pub(crate) const FAINT: Style = Style::new().add_modifier(Modifier::DIM);
pub(crate) const USUAL: Style = Style::new();

/// Colours of the latencies up to the median, the 95th and the 99th percentile, and beyond.
pub(crate) const TO_P50: Style = Style::new().fg(Color::Green);
pub(crate) const TO_P95: Style = Style::new().fg(Color::Yellow);
pub(crate) const TO_P99: Style = Style::new().fg(Color::Magenta);
pub(crate) const BEYOND: Style = Style::new().fg(Color::Red);

/// Writes text at a column of an area's row, as far as it fits; gives the columns it took.
pub(crate) fn put(area: Rect, column: u16, row: u16, text: &str, style: Style, buffer: &mut Buffer) -> u16 {
    if row >= area.height || column >= area.width {
        return 0;
    }
    let room = usize::from(area.width - column);
    let text = shortened(text, room);
    let (x, y) = (area.x + column, area.y + row);
    buffer.set_stringn(x, y, text, room, style).0.saturating_sub(x)
}

/// Writes text so that it ends before a column.
pub(crate) fn put_right(area: Rect, end: u16, row: u16, text: &str, style: Style, buffer: &mut Buffer) {
    let columns = u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX);
    put(area, end.saturating_sub(columns), row, text, style, buffer);
}

/// Writes the heading of a column of figures, which ends before `end`, over the rule of a title.
pub(crate) fn put_heading(area: Rect, end: u16, text: &str, buffer: &mut Buffer) {
    put(area, end, 0, " ", FAINT, buffer);
    put_right(area, end, 0, &format!(" {text}"), FAINT, buffer);
}

/// Text cut down to a number of columns, with a mark where it was cut.
fn shortened(text: &str, columns: usize) -> String {
    if Span::raw(text).width() <= columns {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += Span::raw(character.to_string()).width();
        if used > columns {
            break;
        }
        short.push(character);
    }
    short.push('…');
    short
}

/// A title with a rule; gives what is below it.
pub(crate) fn titled(area: Rect, title: &str, buffer: &mut Buffer) -> Rect {
    if area.is_empty() {
        return area;
    }
    let columns = put(area, 0, 0, title, STRONG, buffer) + 1;
    let rule = usize::from(area.width.saturating_sub(columns));
    put(area, columns, 0, &"─".repeat(rule), FAINT, buffer);
    Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    }
}
