//! The parts of a panel that queries and checks look at.

use serde_json::Value;

use super::{Dashboard, list};

/// How a description says that a panel may have nothing to show: a sentence that begins so.
const MAY_BE_EMPTY: &str = "No data means";

/// A panel of a dashboard.
#[derive(Debug, Clone, Copy)]
pub struct Panel<'a> {
    /// Its JSON.
    pub json: &'a Value,
}

/// Where a panel is, in columns and rows of the dashboard's grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Leftmost column.
    pub x: u64,
    /// Topmost row.
    pub y: u64,
    /// Columns.
    pub width: u64,
    /// Rows.
    pub height: u64,
}

impl Place {
    /// The column behind its last one.
    pub(super) fn right(self) -> u64 {
        self.x.saturating_add(self.width)
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.y.saturating_add(other.height)
            && other.y < self.y.saturating_add(self.height)
    }
}

impl Dashboard {
    /// All panels, rows and what collapsed rows hold included, in the order of the file.
    pub fn panels(&self) -> Vec<Panel<'_>> {
        let mut panels = Vec::new();
        for json in list(&self.json["panels"]) {
            panels.push(Panel { json });
            let held = list(&json["panels"]);
            panels.extend(held.map(|json| Panel { json }));
        }
        panels
    }
}

impl<'a> Panel<'a> {
    /// Its id, unique in the dashboard.
    pub fn id(self) -> Option<u64> {
        self.json["id"].as_u64()
    }

    /// Its title; empty where it has none.
    pub fn title(self) -> &'a str {
        self.json["title"].as_str().unwrap_or_default()
    }

    /// Its plugin, such as `timeseries`; `row` for a heading.
    pub fn kind(self) -> &'a str {
        self.json["type"].as_str().unwrap_or_default()
    }

    /// What it shows and what to do about it; empty where it says nothing.
    pub fn description(self) -> &'a str {
        self.json["description"].as_str().unwrap_or_default()
    }

    /// Its queries.
    pub fn targets(self) -> &'a [Value] {
        self.json["targets"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Where it is; nothing where the file does not say.
    pub fn place(self) -> Option<Place> {
        let place = &self.json["gridPos"];
        Some(Place {
            x: place["x"].as_u64()?,
            y: place["y"].as_u64()?,
            width: place["w"].as_u64()?,
            height: place["h"].as_u64()?,
        })
    }

    /// Whether it may have nothing to show, as its description says in a sentence that begins `No data means`.
    pub fn may_be_empty(self) -> bool {
        let description = self.description();
        description.match_indices(MAY_BE_EMPTY).any(|(at, _)| {
            let before = description[..at].trim_end();
            before.is_empty() || before.ends_with(['.', '!', '?', ':', ';', ')'])
        })
    }
}
