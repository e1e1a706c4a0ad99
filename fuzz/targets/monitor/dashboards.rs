//! Variables and names in dashboards' queries: text without variables stays as it is, and so do the parts around them.

use crate::dashboards::flux::names;
use crate::dashboards::variables::{Values, interpolate, references};

pub(super) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = names(text);
    let found = references(text);
    assert_eq!(interpolate(text, &Values::new()), text);
    let values: Values = found
        .iter()
        .map(|found| (found.name.to_owned(), vec!["v".to_owned()]))
        .collect();
    let replaced = interpolate(text, &values);
    let taken: usize = found.iter().map(|found| found.text.len()).sum();
    assert_eq!(replaced.len(), text.len() - taken + found.len());
    for reference in found {
        assert!(!reference.name.is_empty() && text.contains(reference.text));
    }
}
