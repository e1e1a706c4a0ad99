//! The names of measurements and fields that a Flux query asks for.

/// What a name in a query names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// `_measurement`
    Measurement,
    /// `_field`
    Field,
}

/// What a query compares a column with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// `== "name"`
    Exactly(String),
    /// `=~ /expression/`
    Matching(String),
}

/// Every measurement and field that the query's filters name, in its order.
pub fn names(flux: &str) -> Vec<(Column, Name)> {
    let mut found = Vec::new();
    for (word, column) in [("_measurement", Column::Measurement), ("_field", Column::Field)] {
        for (at, _) in flux.match_indices(word) {
            let rest = &flux[at + word.len()..];
            // `r["_field"]` as well as `r._field`
            let rest = rest.strip_prefix("\"]").unwrap_or(rest).trim_start();
            if let Some(name) = compared(rest) {
                found.push((at, (column, name)));
            }
        }
    }
    found.sort_by_key(|&(at, _)| at);
    found.into_iter().map(|(_, name)| name).collect()
}

fn compared(text: &str) -> Option<Name> {
    if let Some(rest) = text.strip_prefix("==") {
        let rest = rest.trim_start().strip_prefix('"')?;
        return Some(Name::Exactly(rest[..rest.find('"')?].to_owned()));
    }
    let rest = text.strip_prefix("=~")?.trim_start().strip_prefix('/')?;
    let mut escaped = false;
    let end = rest.find(|character| {
        let ends = character == '/' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    })?;
    Some(Name::Matching(rest[..end].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_from_filters() {
        let query = r#"from(bucket: "telemetry")
            |> filter(fn: (r) => r._measurement == "prometheus" and r["_field"] == "system.cpu.time")
            |> filter(fn: (r) => r._field =~ /^status_\/x/ or r._field != "mean_ms")
            |> group(columns: ["_field"])"#;
        assert_eq!(
            names(query),
            [
                (Column::Measurement, Name::Exactly("prometheus".into())),
                (Column::Field, Name::Exactly("system.cpu.time".into())),
                (Column::Field, Name::Matching(r"^status_\/x".into())),
            ]
        );
    }
}
