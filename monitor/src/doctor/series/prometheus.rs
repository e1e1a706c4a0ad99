//! Prometheus' text format, as far as InfluxDB's own metrics need it.

/// Samples of an answer.
#[derive(Debug)]
pub(crate) struct Samples {
    text: String,
}

impl Samples {
    pub(crate) fn new(text: String) -> Self {
        Self { text }
    }

    /// Labels, as they are written, and value of every sample of a metric.
    pub(crate) fn of<'a>(&'a self, metric: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
        let lines = self.text.lines().filter_map(move |line| line.strip_prefix(metric));
        lines.filter_map(|rest| {
            let (labels, value) = match rest.strip_prefix('{') {
                Some(rest) => rest.rsplit_once('}')?,
                None => ("", rest.strip_prefix(' ')?),
            };
            let value = value.split_whitespace().next()?.parse().ok()?;
            Some((labels, value))
        })
    }
}

/// Value of a label; InfluxDB's have no escapes.
pub(crate) fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    labels.split(',').find_map(|label| {
        let value = label.strip_prefix(name)?.strip_prefix("=\"")?;
        value.strip_suffix('"')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_told_by_name_and_labels() {
        let text = "# TYPE a gauge\na{bucket=\"x\",id=\"1\"} 3\na{bucket=\"y\"} 4e+06\nab 5\na 6\n";
        let samples = Samples::new(text.to_owned());
        let found: Vec<_> = samples.of("a").collect();
        assert_eq!(
            found,
            [("bucket=\"x\",id=\"1\"", 3.0), ("bucket=\"y\"", 4e6), ("", 6.0)]
        );
        assert_eq!(label(found[0].0, "id"), Some("1"));
        assert_eq!(label(found[0].0, "other"), None);
    }
}
