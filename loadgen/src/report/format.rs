//! Figures as people read them: thousands separators, three significant digits, a unit that fits the size.

/// Stands where there is no figure.
pub(super) const NONE: &str = "–";

/// A whole number with thousands separators.
pub(super) fn count(value: u64) -> String {
    separated(&value.to_string())
}

/// Three significant digits, or the nearest whole number from 1,000 on.
pub(super) fn significant(value: f64) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let value = three_digits(value);
    if value == 0.0 {
        return "0".to_owned();
    }
    fixed(value, decimals(value))
}

/// `part` of `whole` in percent. What is not nothing never reads 0 %, what is not all never 100 %.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return NONE.to_owned();
    }
    let share = part as f64 / whole as f64 * 100.0;
    match share {
        _ if part == 0 => "0%".to_owned(),
        _ if part == whole => "100%".to_owned(),
        share if share < 0.01 => "<0.01%".to_owned(),
        share if share > 99.9 => ">99.9%".to_owned(),
        share => format!("{}%", significant(share)),
    }
}

/// A level of confidence, given as a share of 1: `95%`, `99.9%`.
pub(super) fn confidence(share: f64) -> String {
    format!("{}%", without_idle_decimals(&significant(share * 100.0)))
}

/// Events per second.
pub(super) fn rate(per_second: f64) -> String {
    format!("{}/s", significant(per_second))
}

/// A latency given in milliseconds.
pub(super) fn latency(ms: f64) -> String {
    let rounded = three_digits(ms);
    match rounded {
        _ if !ms.is_finite() => NONE.to_owned(),
        0.0 => "0\u{a0}ms".to_owned(),
        _ if rounded < 1.0 => format!("{}\u{a0}µs", significant(ms * 1e3)),
        _ if rounded < 1e3 => format!("{}\u{a0}ms", significant(ms)),
        _ => duration(ms / 1e3),
    }
}

/// A length of time given in seconds: `1.25 s`, `5 min 3 s`, `2 h 10 min`, `3 d 4 h`.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return NONE.to_owned();
    }
    if three_digits(seconds) < 60.0 {
        return format!("{}\u{a0}s", significant(seconds));
    }
    let total = seconds.round() as u64;
    let (high, high_unit, low, low_unit) = match total {
        0..3_600 => (total / 60, "min", total % 60, "s"),
        3_600..86_400 => (total / 3_600, "h", total % 3_600 / 60, "min"),
        _ => (total / 86_400, "d", total % 86_400 / 3_600, "h"),
    };
    match low {
        0 => format!("{}\u{a0}{high_unit}", count(high)),
        _ => format!("{}\u{a0}{high_unit} {low}\u{a0}{low_unit}", count(high)),
    }
}

/// A round length of time given in seconds, such as that of an interval: `1 s`, `0.25 s`, `2 min`.
pub(super) fn length(seconds: f64) -> String {
    let text = duration(seconds);
    match text.split_once('\u{a0}') {
        Some((value, unit)) if value.contains('.') => format!("{}\u{a0}{unit}", without_idle_decimals(value)),
        _ => text,
    }
}

/// `0.250` as `0.25`, `1.00` as `1`, `100` as it is.
pub(super) fn without_idle_decimals(number: &str) -> &str {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}

/// A quantity of bytes in decimal units.
pub(super) fn bytes(value: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if value < 1_000 {
        return format!("{value}\u{a0}B");
    }
    let mut scaled = value as f64 / 1e3;
    let mut unit = 0;
    while three_digits(scaled) >= 1e3 && unit + 1 < UNITS.len() {
        scaled /= 1e3;
        unit += 1;
    }
    format!("{}\u{a0}{}", significant(scaled), UNITS[unit])
}

/// Time since the start of the run, as finely as `resolution` seconds asks for: `0.25 s`, `12 s`, `1:30`, `2:05:00`.
pub(super) fn elapsed(seconds: f64, resolution: f64, whole_run: f64) -> String {
    let places = if resolution < 1.0 {
        (-resolution.log10()).ceil().clamp(0.0, 6.0) as usize
    } else {
        0
    };
    if whole_run < 60.0 {
        return format!("{}\u{a0}s", fixed(seconds, places));
    }
    let whole = if places == 0 { seconds.round() } else { seconds.floor() };
    let (hours, minutes, rest) = ((whole / 3_600.0).floor(), (whole / 60.0).floor() % 60.0, whole % 60.0);
    let fraction = if places == 0 {
        String::new()
    } else {
        format!("{:.places$}", seconds - whole)[1..].to_owned()
    };
    if whole_run < 3_600.0 {
        format!("{minutes:.0}:{rest:02.0}{fraction}")
    } else {
        format!("{hours:.0}:{minutes:02.0}:{rest:02.0}{fraction}")
    }
}

/// An RFC 3339 instant in UTC, to the second; anything else as it stands.
pub(super) fn instant(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(10..11), rfc3339.get(11..19)) {
        (Some(date), Some("T"), Some(time)) if rfc3339.ends_with('Z') => format!("{date} {time} UTC"),
        _ => rfc3339.to_owned(),
    }
}

/// The first `limit` characters of a text, with a note of how much is left out.
pub(super) fn excerpt(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => {
            let left = text[end..].chars().count();
            format!("{}… ({} more characters)", &text[..end], count(left as u64))
        }
    }
}

/// A fixed number of decimals, with thousands separators.
pub(super) fn fixed(value: f64, decimals: usize) -> String {
    let digits = format!("{value:.decimals$}");
    match digits.split_once('.') {
        None => separated(&digits),
        Some((whole, fraction)) => format!("{}.{fraction}", separated(whole)),
    }
}

/// Rounded first, so that 999.6 µs becomes 1.00 ms and 9.996 becomes 10.0.
fn three_digits(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let magnitude = value.abs().log10().floor();
    if magnitude >= 2.0 {
        return value.round();
    }
    let factor = 10f64.powi(2 - magnitude as i32);
    (value * factor).round() / factor
}

fn decimals(rounded: f64) -> usize {
    // The nudge keeps 0.1 and the like, whose logarithm may come out a hair below the whole number, in their decade.
    (2.0 - (rounded.abs().log10() + 1e-9).floor()).clamp(0.0, 15.0) as usize
}

fn separated(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    text.push_str(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_take_the_unit_that_fits() {
        let cases = [
            (0.0, "0 ms"),
            (0.000_5, "0.500 µs"),
            (0.0123, "12.3 µs"),
            (0.999_6, "1.00 ms"),
            (1.234, "1.23 ms"),
            (99.96, "100 ms"),
            (999.4, "999 ms"),
            (999.6, "1.00 s"),
            (12_345.0, "12.3 s"),
            (59_970.0, "1 min"),
            (63_000.0, "1 min 3 s"),
            (3_600_000.0, "1 h"),
            (f64::NAN, NONE),
        ];
        for (ms, text) in cases {
            assert_eq!(latency(ms).replace('\u{a0}', " "), text, "{ms} ms");
        }
    }

    #[test]
    fn round_lengths_have_no_idle_decimals() {
        assert_eq!(length(1.0), "1\u{a0}s");
        assert_eq!(length(0.25), "0.25\u{a0}s");
        assert_eq!(length(30.0), "30\u{a0}s");
        assert_eq!(length(120.0), "2\u{a0}min");
        assert_eq!([0.95, 0.999, 1.0].map(confidence), ["95%", "99.9%", "100%"]);
    }

    #[test]
    fn counts_shares_and_bytes_stay_exact_where_it_matters() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(percent(0, 10), "0%");
        assert_eq!(percent(1, 1_000_000), "<0.01%");
        assert_eq!(percent(999_999, 1_000_000), ">99.9%");
        assert_eq!(percent(10, 10), "100%");
        assert_eq!(percent(1, 8), "12.5%");
        assert_eq!(percent(0, 0), NONE);
        assert_eq!(bytes(999), "999\u{a0}B");
        assert_eq!(bytes(999_999), "1.00\u{a0}MB");
        assert_eq!(bytes(u64::MAX), "18.4\u{a0}EB");
        assert_eq!(rate(12_345.6), "12,346/s");
        assert_eq!(significant(0.1), "0.100");
        assert_eq!(significant(-1_234.0), "-1,234");
    }

    #[test]
    fn elapsed_time_is_as_fine_as_the_interval() {
        assert_eq!(elapsed(0.25, 0.05, 2.0), "0.25\u{a0}s");
        assert_eq!(elapsed(12.0, 1.0, 30.0), "12\u{a0}s");
        assert_eq!(elapsed(90.0, 5.0, 120.0), "1:30");
        assert_eq!(elapsed(90.5, 0.5, 120.0), "1:30.5");
        assert_eq!(elapsed(7_500.0, 60.0, 9_000.0), "2:05:00");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(excerpt("ääää", 4), "ääää");
        assert_eq!(excerpt("äääää", 4), "ääää… (1 more characters)");
    }
}
