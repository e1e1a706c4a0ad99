//! The report of a search for the capacity as a browser shows it.

use std::path::Path;

use loadgen::capacity_result::CapacityResult;
use loadgen::report;
use serde_json::Value;

use crate::chromium::{self, Scheme};
use crate::{MEASURE, PHONE, WIDE, assert_sound, chart, list, number, sample_capacity, texts};

fn measure(name: &str, result: &CapacityResult, width: u32, scheme: Scheme) -> Value {
    let html = report::render_capacity(result);
    let page = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("report-capacity-{name}.html"));
    std::fs::write(page, &html).unwrap();
    assert!(html.len() < 600_000, "{name}: {} bytes", html.len());
    let measured = chromium::measure(&html, width, scheme, MEASURE);
    assert_sound(name, &measured, width);
    measured
}

#[test]
fn the_knee_is_drawn_where_it_is() {
    let result = sample_capacity::knee();
    let measured = measure("knee", &result, WIDE, Scheme::Light);
    let knee = chart(&measured, "knee");
    let borne = result.probes.iter().filter(|probe| probe.passed).count();
    let not_borne = result.probes.len() - borne;
    assert_eq!(list(&knee["probes"]["borne"]).len(), borne * 2, "in both panels");
    assert_eq!(list(&knee["probes"]["not_borne"]).len(), not_borne * 2);

    let center = |shape: &Value| number(&shape["x"]) + number(&shape["width"]) / 2.0;
    let rightmost = list(&knee["probes"]["borne"]).iter().map(center).fold(0.0, f64::max);
    let capacity = list(&knee["capacity"]);
    assert_eq!(capacity.len(), 1);
    assert!(
        (number(&capacity[0]) - rightmost).abs() < 2.0,
        "the highest rate that was borne"
    );
    let interval = &list(&knee["interval"])[0];
    let (from, to) = (
        number(&interval["x"]),
        number(&interval["x"]) + number(&interval["width"]),
    );
    assert!(from < rightmost && rightmost < to, "{from} to {to} around {rightmost}");
    let objective = number(&list(&knee["objective"])[0]);
    for shape in list(&knee["probes"]["borne"])
        .iter()
        .chain(list(&knee["probes"]["not_borne"]))
    {
        let (y, height) = (number(&shape["y"]), number(&shape["height"]));
        let plot = &knee["plot"];
        assert!(
            y >= number(&plot["y"]) && y + height <= number(&plot["y"]) + number(&plot["height"]),
            "{shape} in {plot}"
        );
    }
    let above = list(&knee["probes"]["not_borne"])
        .iter()
        .filter(|shape| number(&shape["y"]) < objective)
        .count();
    assert_eq!(
        above, not_borne,
        "what missed the objective lies beyond its line, in the upper panel"
    );

    let verdict = measured["verdict"].as_str().unwrap();
    for part in [
        "Passed",
        "1,906/s",
        "95% confidence",
        "between 1,889/s and 1,929/s",
        "At 1,938/s it failed: p(99) was 58.2 ms",
    ] {
        assert!(verdict.contains(part), "{part} is missing from {verdict}");
    }
    assert!(texts(&measured["headings"]).contains(&"Probes"));
    assert!(measured["body"].as_str().unwrap().contains(&result.run.command));
}

#[test]
fn searches_that_found_nothing_say_so() {
    for (name, result, says) in [
        ("hopeless", sample_capacity::hopeless(), "Failed: No rate was found"),
        (
            "interrupted",
            sample_capacity::interrupted(),
            "Attention: The target bears at least 1,000/s",
        ),
        (
            "nothing",
            sample_capacity::nothing(),
            "Failed: No rate was tried to its end",
        ),
    ] {
        for (width, scheme) in [(WIDE, Scheme::Dark), (PHONE, Scheme::Light)] {
            let measured = measure(name, &result, width, scheme);
            let verdict = measured["verdict"].as_str().unwrap();
            assert!(verdict.contains(says), "{name}: {verdict}");
        }
    }
}

#[test]
fn texts_from_outside_stay_texts_and_fit_a_phone() {
    let measured = measure("hostile", &sample_capacity::hostile(), PHONE, Scheme::Light);
    assert!(
        measured["body"]
            .as_str()
            .unwrap()
            .contains("<script>window.pwned=1</script>")
    );
    assert!(
        measured["bottleneck"]
            .as_str()
            .unwrap()
            .contains("what this generator can do")
    );
    measure("knee", &sample_capacity::knee(), PHONE, Scheme::Dark);
}
