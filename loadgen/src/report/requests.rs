//! The requests that went wrong or took long: errors with examples, and traces to be looked up.

use maud::{Markup, html};
use url::Url;

use super::format;
use super::tables::{NAME_LIMIT, ROW_LIMIT, TEXT_LIMIT, row_head, table};
use crate::summary::{Summary, TracedRequest};

/// Characters of a link: a longer one is no link to a trace.
const URL_LIMIT: usize = 2_000;

pub(super) fn errors(summary: &Summary) -> Markup {
    if summary.errors.is_empty() {
        return html! { section.card { h2 { "Errors" } p.empty { "✓ None." } } };
    }
    table(
        "Errors",
        &["Kind", "Requests", "Share", "Example"],
        html! {
            @for error in summary.errors.iter().take(ROW_LIMIT) {
                tr {
                    (row_head(html! { (format::excerpt(&error.kind, NAME_LIMIT)) }))
                    td { (format::count(error.count)) }
                    td { (format::percent(error.count, summary.requests)) }
                    td.text { (format::excerpt(&error.example, TEXT_LIMIT)) }
                }
            }
        },
    )
}

pub(super) fn slowest(summary: &Summary) -> Markup {
    traced("Slowest requests", &summary.slowest, summary.duration_s)
}

pub(super) fn failures(summary: &Summary) -> Markup {
    traced("First failed requests", &summary.failures, summary.duration_s)
}

fn traced(title: &str, requests: &[TracedRequest], total_s: f64) -> Markup {
    if requests.is_empty() {
        return Markup::default();
    }
    table(
        title,
        &["Rank", "Ended at", "Latency", "Status", "Sent by", "Trace id"],
        html! {
            @for (index, request) in requests.iter().enumerate().take(ROW_LIMIT) {
                tr {
                    th scope="row" { (index + 1) }
                    td { (format::elapsed(request.ended_s, 0.01, total_s.max(request.ended_s))) }
                    td { (format::latency(request.latency_ms)) }
                    td.text { (format::excerpt(&request.status, NAME_LIMIT)) }
                    td.text { (format::excerpt(&request.step, NAME_LIMIT)) }
                    td.text { (trace(request)) }
                }
            }
        },
    )
}

fn trace(request: &TracedRequest) -> Markup {
    let id = html! { code.trace-id { (format::excerpt(&request.trace_id, NAME_LIMIT)) } };
    if request.trace_id.is_empty() {
        return html! { "none sent" };
    }
    match request.trace_url.as_deref() {
        Some(url) => match link(url) {
            Some(url) => html! { a href=(url) rel="noopener noreferrer" target="_blank" { (id) } },
            None => html! { (id) " " (format::excerpt(url, NAME_LIMIT)) },
        },
        None if request.sampled => id,
        None => html! { (id) " " span.muted { "not recorded" } },
    }
}

/// A URL as it may be followed: whoever wrote the results must not be able to have the reader run something.
fn link(url: &str) -> Option<Url> {
    let url = Url::parse(url).ok().filter(|_| url.len() <= URL_LIMIT)?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_urls_become_links() {
        for url in ["http://127.0.0.1:16686/trace/4bf9", "https://traces.example/?id=4bf9"] {
            assert!(link(url).is_some(), "{url}");
        }
        let endless = format!("http://host/{}", "x".repeat(URL_LIMIT));
        for url in [
            "javascript:alert(1)",
            " JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "//host",
            "",
            &endless,
        ] {
            assert!(link(url).is_none(), "{url}");
        }
    }
}
