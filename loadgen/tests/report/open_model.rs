//! What a report of the open model tells beyond that of the closed one.

use crate::chromium::Scheme;
use crate::{WIDE, assert_sound, chart, list, measure, number, sample_run, texts, write};

#[test]
fn a_stall_shows_in_what_waited_and_what_was_dropped() {
    let result = sample_run::open();
    write("open", &result);
    let measured = measure(&result, WIDE, Scheme::Light);
    assert_sound("open", &measured, WIDE);

    let spectrum = chart(&measured, "latency-spectrum");
    let height = |line: &str| number(&spectrum["lines"][line]["height"]);
    assert!(
        height("due") > 180.0 && height("sent") < height("due") * 0.7,
        "the stall is only seen from the instant due"
    );
    for tick in ["90%", "99%", "99.9%", "99.99%"] {
        assert!(texts(&spectrum["ticks"]).contains(&tick), "{tick} is missing");
    }
    let body = measured["body"].as_str().unwrap();
    assert!(body.contains("Requests waited for their turn"), "the gap is explained");

    let rate = chart(&measured, "rate-over-time");
    let plot = &rate["plot"];
    assert!(number(&rate["lines"]["due"]["width"]) > number(&plot["width"]) * 0.95);
    let drops = list(&rate["drops"]);
    let second = number(&plot["width"]) / 120.0;
    assert_eq!(drops.len(), 3, "one for each second of the stall");
    assert!((number(&drops[0]["x"]) - number(&plot["x"]) - 60.0 * second).abs() < second);

    let heat = list(&chart(&measured, "latency-heatmap")["heat"]);
    let fills: std::collections::BTreeSet<&str> = heat.iter().map(|path| path["fill"].as_str().unwrap()).collect();
    assert!(
        fills.len() >= 4 && fills.len() == heat.len(),
        "a colour for each level: {fills:?}"
    );

    for id in [
        "latency-over-time",
        "latency-heatmap",
        "rate-over-time",
        "users-over-time",
        "generator-over-time",
    ] {
        let chart = chart(&measured, id);
        let crossings: Vec<f64> = list(&chart["crossings"]).iter().map(number).collect();
        let expected =
            [61.0, 63.4].map(|at| number(&chart["plot"]["x"]) + at / 120.0 * number(&chart["plot"]["width"]));
        assert_eq!(crossings.len(), 2, "{id}");
        for (at, expected) in crossings.iter().zip(expected) {
            assert!((at - expected).abs() < 2.0, "{id}: {at} instead of {expected}");
        }
    }

    let links = list(&measured["links"]);
    let sampled: Vec<_> = result.summary.slowest.iter().filter(|slow| slow.sampled).collect();
    assert_eq!(links.len(), sampled.len(), "a link for each recorded trace");
    assert_eq!(links[0]["href"].as_str(), sampled[0].trace_url.as_deref());
    assert!(links[0]["rel"].as_str().unwrap().contains("noopener"));
    assert!(body.contains("not recorded"));

    for fact in [
        "build=4711",
        "kind=write",
        "3/3",
        "Linux 6.12.41",
        "800/s for 2m",
        "from the instant sent",
        "(recovered)",
    ] {
        assert!(body.contains(fact), "{fact} is missing");
    }
    assert!(
        texts(&measured["headings"]).contains(&"Checks") && body.contains("98.3%"),
        "the share that passed"
    );
    assert_eq!(measured["bottleneck"], serde_json::Value::Null);
}
