//! Figures in words, short.

/// A count with its thousands set apart.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn rate(per_second: f64) -> String {
    if per_second >= 1000.0 {
        grouped(per_second.round() as u64)
    } else {
        format!("{per_second:.1}")
    }
}

/// Milliseconds with about three digits.
pub(crate) fn milliseconds(value: f64) -> String {
    if value >= 10_000.0 {
        format!("{:.2}s", value / 1000.0)
    } else if value >= 100.0 {
        format!("{value:.0}ms")
    } else if value >= 10.0 {
        format!("{value:.1}ms")
    } else {
        format!("{value:.2}ms")
    }
}

pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        "0.00%".to_owned()
    } else {
        format!("{:.2}%", part as f64 / whole as f64 * 100.0)
    }
}

pub(super) fn bytes(count: f64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = count;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{value:.0} B")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!(
            [grouped(0), grouped(999), grouped(1000), grouped(1_234_567)],
            ["0", "999", "1 000", "1 234 567"]
        );
        assert_eq!(
            [bytes(0.0), bytes(999.0), bytes(1000.0), bytes(2.5e9)],
            ["0 B", "999 B", "1.0 kB", "2.5 GB"]
        );
        assert_eq!(
            [milliseconds(0.123), milliseconds(12.34), milliseconds(12_345.0)],
            ["0.12ms", "12.3ms", "12.35s"]
        );
    }
}
