//! The HTML report as a browser shows it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod capacity;
mod chromium;
mod open_model;
mod sample_capacity;
mod sample_latency;
mod sample_odd_run;
mod sample_requests;
mod sample_run;

use std::path::{Path, PathBuf};

use loadgen::report;
use loadgen::summary::RunResult;
use serde_json::Value;

use chromium::Scheme;

const MEASURE: &str = include_str!("measure.js");
const WIDE: u32 = 1_200;
const PHONE: u32 = 360;
const CHARTS: [&str; 7] = [
    "latency-over-time",
    "latency-heatmap",
    "rate-over-time",
    "users-over-time",
    "latency-spectrum",
    "latency-distribution",
    "generator-over-time",
];

/// Writes a page to Cargo's directory for files of tests, where it stays to be looked at.
fn write(name: &str, result: &RunResult) -> PathBuf {
    let page = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{name}.html"));
    std::fs::write(&page, report::render(result)).unwrap();
    page
}

fn measure(result: &RunResult, width: u32, scheme: Scheme) -> Value {
    chromium::measure(&report::render(result), width, scheme, MEASURE)
}

fn chart<'a>(measured: &'a Value, id: &str) -> &'a Value {
    measured["charts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|chart| chart["id"] == id)
        .unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn texts(value: &Value) -> Vec<&str> {
    list(value).iter().map(|text| text.as_str().unwrap()).collect()
}

/// What holds for every report, at any width and in both schemes.
fn assert_sound(name: &str, measured: &Value, width: u32) {
    assert_eq!(number(&measured["width"]), f64::from(width), "{name}: the window");
    assert!(
        number(&measured["scroll_width"]) <= f64::from(width),
        "{name}: wider than {width} px: {}",
        measured["overflowing"]
    );
    assert_eq!(measured["overflowing"], Value::Array(vec![]), "{name}");
    assert_eq!(
        measured["faint"],
        Value::Array(vec![]),
        "{name}: text with a contrast below 4.5"
    );
    assert!(
        number(&measured["texts"]) > 30.0,
        "{name}: too few texts were looked at for their contrast"
    );
    assert_eq!(measured["pwned"], false, "{name}: a script from outside ran");
    assert_eq!(
        measured["scripts"], 2,
        "{name}: scripts beside the page's and the test's own"
    );
    assert_eq!(measured["foreign"], Value::Array(vec![]), "{name}");
    assert_eq!(measured["handlers"], Value::Array(vec![]), "{name}");
    for table in list(&measured["tables"]) {
        assert!(number(&table["rows"]) > 0.0, "{name}: an empty table");
        assert_eq!(table["row_heads"], table["rows"], "{name}: a row without a head");
        assert_eq!(
            number(&table["cells"]),
            number(&table["rows"]) * number(&table["columns"]),
            "{name}: ragged table"
        );
    }
    for image in list(&measured["images"]) {
        assert!(
            texts(image).iter().all(|text| !text.is_empty()),
            "{name}: an image without a text in its place"
        );
    }
    let body = measured["body"].as_str().unwrap();
    for slip in ["NaN", "inf", "undefined", "null"] {
        assert!(!body.contains(slip), "{name}: {slip} in the page");
    }
    for chart in list(&measured["charts"]) {
        assert_eq!(
            chart["colliding"],
            Value::Array(vec![]),
            "{name}: labels of {} lie on each other",
            chart["id"]
        );
        assert_eq!(
            chart["spilling"],
            Value::Array(vec![]),
            "{name}: labels of {} stick out of it",
            chart["id"]
        );
        for shapes in ["bars", "dots", "gaps", "drops", "heat", "interval"] {
            for shape in list(&chart[shapes]) {
                let (plot, right) = (&chart["plot"], number(&shape["x"]) + number(&shape["width"]));
                let inside = number(&shape["x"]) >= number(&plot["x"]) - 4.0
                    && right <= number(&plot["x"]) + number(&plot["width"]) + 4.0
                    && number(&shape["height"]) > 0.0;
                assert!(inside, "{name}: {shape} of {} is outside of {plot}", chart["id"]);
            }
        }
    }
}

#[test]
fn reports_open_without_a_word_on_the_console() {
    let directory = tempfile::tempdir().unwrap();
    let control = directory.path().join("control.html");
    let forbidden = report::render(&sample_odd_run::single()).replace("</body>", "<script>1</script></body>");
    std::fs::write(&control, forbidden).unwrap();
    let console = chromium::open(&control, Scheme::Light).console;
    assert!(
        console.iter().any(|line| line.contains("Content Security Policy")),
        "a violation is not seen: {console:?}"
    );

    for (name, result) in [
        ("troubled", sample_run::troubled()),
        ("hostile", sample_odd_run::hostile()),
    ] {
        let opened = chromium::open(&write(name, &result), Scheme::Light);
        assert_eq!(opened.console, Vec::<String>::new(), "{name}");
        assert!(
            opened.dom.contains("class=\"surface\""),
            "{name}: the page's own script did not run"
        );
    }
}

#[test]
fn a_troubled_run_is_drawn_as_it_was() {
    let result = sample_run::troubled();
    let measured = measure(&result, WIDE, Scheme::Light);
    assert_sound("troubled", &measured, WIDE);
    assert_eq!(measured["dark"], false);
    let charts: Vec<&str> = list(&measured["charts"])
        .iter()
        .map(|chart| chart["id"].as_str().unwrap())
        .collect();
    assert_eq!(charts, CHARTS);
    assert_eq!(list(&measured["images"]).len(), CHARTS.len());

    let latency = chart(&measured, "latency-over-time");
    let plot = &latency["plot"];
    let spread = |line: &str| {
        (
            number(&latency["lines"][line]["width"]),
            number(&latency["lines"][line]["height"]),
        )
    };
    for line in ["p50", "p95", "p99"] {
        let (width, height) = spread(line);
        assert!(
            width > number(&plot["width"]) * 0.95 && height > 10.0,
            "{line}: {width} × {height} in {plot}"
        );
    }
    assert!(
        spread("p99").1 > spread("p50").1 * 2.0,
        "p99 has a peak that p50 does not have"
    );
    let gaps = list(&latency["gaps"]);
    assert_eq!(gaps.len(), 1, "one stretch without requests");
    let second = number(&plot["width"]) / 120.0;
    assert!((number(&gaps[0]["x"]) - number(&plot["x"]) - 74.0 * second).abs() < second);
    assert!((number(&gaps[0]["width"]) - 5.0 * second).abs() < second);

    let rate = chart(&measured, "rate-over-time");
    assert!(number(&rate["lines"]["rate"]["width"]) > number(&plot["width"]) * 0.95);
    let failing = result.timeline.iter().filter(|interval| interval.failed > 0).count();
    assert_eq!(list(&rate["bars"]).len(), failing);
    assert!(!texts(&rate["ticks"]).contains(&"✓ no request failed"));

    let distribution = chart(&measured, "latency-distribution");
    assert!((20..=72).contains(&list(&distribution["bars"]).len()));
    let markers: Vec<f64> = list(&distribution["markers"]).iter().map(number).collect();
    assert!(
        markers.len() == 4 && markers.is_sorted(),
        "p50, p95, p99 and max from left to right: {markers:?}"
    );

    let headings = texts(&measured["headings"]);
    for heading in [
        "Thresholds",
        "Latency percentiles",
        "Steps",
        "Statuses",
        "Errors",
        "First failed requests",
        "Slowest requests",
        "Generator",
        "Run",
    ] {
        assert!(headings.contains(&heading), "{heading} is missing from {headings:?}");
    }
    let verdict = measured["verdict"].as_str().unwrap();
    for finding in [
        "Failed: 2 of 4 thresholds were crossed",
        "requests failed",
        "partly the generator's own",
        "interrupted",
    ] {
        assert!(verdict.contains(finding), "{finding} is missing from {verdict}");
    }
    let bottleneck = measured["bottleneck"].as_str().unwrap();
    assert!(bottleneck.contains("the bottleneck") && bottleneck.contains(&result.summary.generator.reasons[1]));
    assert!(measured["title"].as_str().unwrap().contains(&result.summary.run_id));
    let body = measured["body"].as_str().unwrap();
    let facts = [
        &result.summary.command,
        &result.summary.errors[0].example,
        &result.summary.slowest[9].trace_id,
    ];
    for fact in facts {
        assert!(body.contains(fact.as_str()), "{fact} is missing");
    }
}

#[test]
fn pointer_and_keys_read_out_an_interval() {
    let measured = measure(&sample_run::troubled(), WIDE, Scheme::Dark);
    let latency = &measured["read_outs"]["latency"];
    assert_eq!(texts(&latency["before"])[0], "Whole run");
    let hovered = texts(&latency["hovered"]);
    assert_eq!(hovered[0], "1:00 – 1:01");
    assert_ne!(
        hovered[1..],
        texts(&latency["before"])[1..],
        "the interval's figures instead of the run's"
    );
    assert_eq!(latency["cursor"], 1);
    assert_eq!(latency["left"], latency["before"]);
    assert_eq!(
        texts(&latency["keyed"])[0],
        "1:59 – 2:00",
        "the end key goes to the last interval"
    );
    assert!(latency["spoken"].as_str().unwrap().starts_with("1:59 – 2:00: p99 "));
    assert_eq!(latency["blurred"], latency["before"]);

    let rate = &measured["read_outs"]["rate"];
    assert_eq!(
        texts(&rate["keyed"])[0],
        "0:01 – 0:02",
        "the arrow goes from the first to the second interval"
    );
    let distribution = &measured["read_outs"]["distribution"];
    assert!(
        texts(&distribution["hovered"])[2].starts_with('<'),
        "next to nothing is as fast as the fastest: {distribution}"
    );
    assert_eq!(texts(&distribution["keyed"])[2], "100%");
    let heatmap = &measured["read_outs"]["heatmap"];
    assert_eq!(texts(&heatmap["hovered"])[0], "1:00 – 1:01");
    assert!(
        texts(&heatmap["hovered"])[2].contains(" – "),
        "the busiest latencies: {heatmap}"
    );
    let spectrum = &measured["read_outs"]["spectrum"];
    assert_eq!(texts(&spectrum["keyed"])[0], "100%");
    assert_eq!(
        texts(&spectrum["keyed"])[1],
        texts(&spectrum["before"])[1],
        "the slowest of all"
    );
}

#[test]
fn a_healthy_run_passes_in_both_schemes() {
    let result = sample_run::healthy();
    write("healthy", &result);
    let light = measure(&result, WIDE, Scheme::Light);
    let dark = measure(&result, WIDE, Scheme::Dark);
    for (name, measured) in [("light", &light), ("dark", &dark)] {
        assert_sound(name, measured, WIDE);
        assert!(
            measured["verdict"]
                .as_str()
                .unwrap()
                .contains("Passed: All 4 thresholds were met")
        );
        let rate = chart(measured, "rate-over-time");
        assert!(texts(&rate["ticks"]).contains(&"✓ no request failed"));
        assert_eq!(list(&rate["bars"]).len(), 0);
    }
    assert_eq!(
        (&light["dark"], &dark["dark"]),
        (&Value::Bool(false), &Value::Bool(true))
    );
    assert_ne!(light["page"], dark["page"], "the background follows the scheme");
}

#[test]
fn a_phone_shows_all_of_it_without_scrolling_sideways() {
    for (name, result, scheme) in [
        ("troubled", sample_run::troubled(), Scheme::Dark),
        ("hostile", sample_odd_run::hostile(), Scheme::Light),
        ("wide", sample_odd_run::wide(), Scheme::Light),
        ("open", sample_run::open(), Scheme::Dark),
        ("extreme-latencies", sample_odd_run::extreme_latencies(), Scheme::Light),
    ] {
        let measured = measure(&result, PHONE, scheme);
        assert_sound(name, &measured, PHONE);
        assert_eq!(list(&measured["charts"]).len(), CHARTS.len());
    }
}

#[test]
fn texts_from_outside_stay_texts() {
    let result = sample_odd_run::hostile();
    let measured = measure(&result, WIDE, Scheme::Light);
    assert_sound("hostile", &measured, WIDE);
    assert_eq!(
        measured["links"],
        Value::Array(vec![]),
        "nothing but http becomes a link"
    );
    let body = measured["body"].as_str().unwrap();
    assert!(
        body.contains("<script>window.pwned=1</script>") && body.contains("&lt;"),
        "shown as typed"
    );
    assert!(measured["title"].as_str().unwrap().contains("<script>"));
    let html = report::render(&result);
    assert!(html.len() < 350_000, "endless texts are cut: {} bytes", html.len());
}

#[test]
fn odd_runs_are_drawn_soundly() {
    let silent = measure(&sample_odd_run::silent(), WIDE, Scheme::Light);
    assert_sound("silent", &silent, WIDE);
    assert!(silent["verdict"].as_str().unwrap().contains("No request ended"));
    for id in ["latency-over-time", "rate-over-time", "latency-distribution"] {
        assert_eq!(chart(&silent, id)["plot"], Value::Null, "{id} says why it is empty");
    }

    let single = measure(&sample_odd_run::single(), WIDE, Scheme::Light);
    assert_sound("single", &single, WIDE);
    assert_eq!(
        list(&chart(&single, "latency-over-time")["dots"]).len(),
        3,
        "a dot for each percentile"
    );
    assert_eq!(list(&chart(&single, "latency-distribution")["bars"]).len(), 1);

    let failed = measure(&sample_odd_run::all_failed(), WIDE, Scheme::Light);
    assert_sound("all failed", &failed, WIDE);
    assert!(failed["verdict"].as_str().unwrap().contains("Every request failed"));
    assert_eq!(list(&chart(&failed, "rate-over-time")["bars"]).len(), 30);

    let fast = measure(&sample_odd_run::fast(), WIDE, Scheme::Light);
    assert_sound("fast", &fast, WIDE);
    assert!(
        texts(&chart(&fast, "latency-over-time")["ticks"])
            .iter()
            .any(|tick| tick.ends_with("µs"))
    );

    let slow = sample_odd_run::extreme_latencies();
    write("extreme-latencies", &slow);
    let slow = measure(&slow, WIDE, Scheme::Light);
    assert_sound("extreme latencies", &slow, WIDE);
    assert!(slow["body"].as_str().unwrap().contains("1\u{a0}h"));
    assert!(
        number(&chart(&slow, "latency-over-time")["lines"]["p99"]["height"]) > 200.0,
        "from microseconds to an hour"
    );
}

#[test]
fn a_report_is_of_bounded_size() {
    let result = sample_odd_run::wide();
    assert_eq!(result.timeline.len(), 86_400);
    write("wide", &result);
    let html = report::render(&result);
    assert!(html.len() < 600_000, "{} bytes", html.len());
    assert!(html.contains("259,200,000,000"));
    let measured = measure(&result, WIDE, Scheme::Light);
    assert_sound("wide", &measured, WIDE);
    assert_eq!(
        list(&chart(&measured, "rate-over-time")["bars"]).len(),
        1,
        "the day's only failure is seen"
    );
    assert_eq!(
        list(&chart(&measured, "rate-over-time")["drops"]).len(),
        1,
        "and its only drop"
    );
}

#[test]
fn a_report_prints() {
    let pdf = chromium::print(&write("printed", &sample_run::troubled()));
    let pages = pdf.windows(11).filter(|bytes| bytes == b"/Type /Page").count()
        - pdf.windows(12).filter(|bytes| bytes == b"/Type /Pages").count();
    assert!((3..=8).contains(&pages), "{pages} pages");
}
