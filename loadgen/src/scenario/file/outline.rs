//! What a scenario does, in words, and the first request of each step.

use std::fmt::{self, Write};
use std::rc::Rc;

use crate::scenario::Scenario;
use crate::scenario::definition::{Definition, Step, StepPath};
use crate::scenario::resources::ActionKind;
use crate::scenario::script::Script;
use crate::scenario::template::{Escape, escape_into};
use crate::scenario::templates::{ScriptContext, Templates};
use crate::scenario::variables::{Slot, Source};
use crate::segment::Segment;
use crate::target::{Target, is_secret_name};

/// Bytes of a request that are shown.
const LONGEST_REQUEST: usize = 2048;
/// Where the requests that are shown would go.
const EXAMPLE_TARGET: &str = "http://target.example";

/// What `loadgen check` says about a scenario without mistakes; the values of `vars` may be secrets and are not shown.
pub(crate) fn outline(scenario: &Scenario, vars: &[(String, String)]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = describe(&scenario.definition, &mut text);
    let _ = requests(scenario, vars, &mut text);
    text
}

fn describe(definition: &Definition, out: &mut String) -> fmt::Result {
    write!(out, "{}", definition.name)?;
    if !definition.description.is_empty() {
        write!(out, ": {}", definition.description)?;
    }
    out.push('\n');
    let names = |steps: &[Step]| {
        let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
        names.join(", ")
    };
    if !definition.set_up.is_empty() {
        writeln!(
            out,
            "\nBefore the load, once: {}",
            names(&definition.steps[definition.set_up.clone()])
        )?;
    }
    if !definition.clean_up.is_empty() {
        writeln!(
            out,
            "\nAfter the load, once: {}",
            names(&definition.steps[definition.clean_up.clone()])
        )?;
    }
    for resource in &definition.resources {
        writeln!(
            out,
            "\nEvery virtual user creates {} {}, keeps {} to {} of its own, and deletes them afterwards",
            resource.at_start, resource.plural, resource.least, resource.most
        )?;
    }
    let total = f64::from(definition.flows.last().map_or(1, |flow| flow.sum));
    let mut before = 0;
    let single = definition.flows.iter().all(|flow| flow.steps.len() == 1);
    match definition.flows.len() {
        1 => writeln!(out, "\nEach iteration takes these steps in order:")?,
        _ if single => writeln!(out, "\nEach iteration takes one of these steps:")?,
        _ => writeln!(out, "\nEach iteration takes one of these flows:")?,
    }
    for flow in &definition.flows {
        let share = f64::from(flow.sum - before) / total * 100.0;
        before = flow.sum;
        if definition.flows.len() > 1 && !single {
            writeln!(out, "  {share:5.1} %  {}", flow.name)?;
        }
        for step in &definition.steps[flow.steps.clone()] {
            match (definition.flows.len(), single) {
                (1, _) => write!(out, "  ")?,
                (_, true) => write!(out, "  {share:5.1} %  ")?,
                _ => write!(out, "           ")?,
            }
            step_line(definition, step, out)?;
        }
    }
    variables(definition, out)?;
    if !definition.thresholds.is_empty() {
        writeln!(out, "\nThresholds:")?;
        for threshold in &definition.thresholds {
            writeln!(out, "  {threshold}")?;
        }
    }
    Ok(())
}

fn step_line(definition: &Definition, step: &Step, out: &mut String) -> fmt::Result {
    write!(
        out,
        "{}: {} {}; expects {}",
        step.name,
        step.method,
        path(step),
        step.expect
    )?;
    if let Some(action) = step.action {
        let resource = &definition.resources[action.resource].name;
        match action.kind {
            ActionKind::Creates => write!(out, "; creates {resource}")?,
            ActionKind::Uses => write!(out, "; uses {resource}")?,
            ActionKind::Deletes => write!(out, "; deletes {resource}")?,
        }
    }
    for check in &step.checks {
        write!(out, "; checks {}", check.name)?;
    }
    for capture in &step.captures {
        write!(out, "; captures {}", capture.name)?;
    }
    if let Some(pause) = &step.think_time {
        write!(out, "; then waits {pause}")?;
    }
    out.push('\n');
    Ok(())
}

fn path(step: &Step) -> String {
    match &step.path {
        StepPath::Target => "/".to_owned(),
        StepPath::Below(path) => path.shown("{…}"),
    }
}

fn variables(definition: &Definition, out: &mut String) -> fmt::Result {
    for (index, variable) in definition.variables.iter().enumerate() {
        if index == 0 {
            writeln!(out, "\nVariables:")?;
        }
        write!(out, "  {}: ", variable.name)?;
        match &variable.source {
            Source::Capture => writeln!(out, "captured from answers")?,
            Source::Uuid => writeln!(out, "a random UUID")?,
            Source::Sequence { start, step, .. } => writeln!(out, "{start}, {}, …", start.wrapping_add(*step))?,
            Source::Range { least, most } => writeln!(out, "a random integer from {least} to {most}")?,
            Source::Choice { options, .. } => writeln!(out, "one of {} texts", options.len())?,
            Source::Characters { length, .. } => writeln!(out, "{length} random characters")?,
            Source::Rows { rows, order } => {
                writeln!(out, "{} rows of {}, {order}", rows.len(), rows.columns().join(", "))?;
            }
            Source::Time(_) => writeln!(out, "the time")?,
        }
    }
    Ok(())
}

fn requests(scenario: &Scenario, vars: &[(String, String)], out: &mut String) -> fmt::Result {
    let Ok(target) = EXAMPLE_TARGET.parse::<Target>() else {
        return Ok(());
    };
    let definition = &scenario.definition;
    let mut rng = fastrand::Rng::new();
    let templates = Rc::new(Templates::new(
        scenario,
        &ScriptContext {
            target: &target,
            headers: &[],
            trace_headers: false,
            run_id: "RUN-ID",
            segment: Segment::WHOLE,
            think_time: std::time::Duration::ZERO,
        },
    ));
    let mut script = Script::new(&templates, 0, &mut rng);
    script.draw(&mut rng);
    let mut secrets: Vec<Vec<u8>> = vars.iter().map(|(_, value)| value.clone().into_bytes()).collect();
    for (slot, variable) in script.values.slots.iter_mut().zip(&definition.variables) {
        match (&variable.source, &*slot) {
            (Source::Capture, _) => slot.set_text(format!("<{}>", variable.name).as_bytes()),
            (Source::Rows { rows, .. }, Slot::Row(row)) => {
                let columns = rows.columns().iter().enumerate();
                let secret = columns.filter(|(_, name)| is_secret_name(name));
                secrets.extend(secret.map(|(column, _)| rows.cell(*row, column).to_vec()));
            }
            _ => {}
        }
    }
    writeln!(out, "\nThe first request of each step:")?;
    for (index, step) in definition.steps.iter().enumerate() {
        script.prepare(index);
        let mut bytes = script.request.unsent(0).to_vec();
        let head = bytes.len();
        if head < LONGEST_REQUEST {
            bytes.extend_from_slice(script.request.unsent(head));
        }
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let shown = without(&shown, &secrets);
        writeln!(out, "\n{}", step.name)?;
        let mut rest = LONGEST_REQUEST;
        for line in shown.lines() {
            let line = mask_field(line);
            let line: String = line
                .chars()
                .filter(|character| !character.is_control())
                .take(rest)
                .collect();
            rest -= line.chars().count().min(rest);
            writeln!(out, "  {}", line.trim_end())?;
            if rest == 0 {
                writeln!(out, "  …")?;
                break;
            }
        }
    }
    Ok(())
}

/// The text without secrets, however they were written.
fn without(text: &str, secrets: &[Vec<u8>]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        for escape in [Escape::None, Escape::Url, Escape::Json, Escape::Path] {
            let mut written = Vec::new();
            if escape_into(secret, escape, &mut written).is_ok() {
                text = text.replace(&*String::from_utf8_lossy(&written), "***");
            }
        }
    }
    text
}

/// A line of a request without the value of a field that may be secret.
fn mask_field(line: &str) -> String {
    match line.split_once(": ") {
        Some((name, _)) if is_secret_name(name) || is_credential(name) => format!("{name}: ***"),
        _ => line.to_owned(),
    }
}

fn is_credential(name: &str) -> bool {
    ["authorization", "proxy-authorization", "cookie"].contains(&name.to_ascii_lowercase().as_str())
}
