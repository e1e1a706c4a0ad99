//! Reads scenarios from TOML, finding as many mistakes as there are.

mod bodies;
mod checks;
mod defaults;
mod flows;
mod order_of_use;
mod outline;
mod resources;
mod steps;
mod variables;

use std::path::Path;

use toml::de::DeTable;

use crate::scenario::definition::{Definition, Flow, Step};
use crate::scenario::diagnostic::{Diagnostic, Findings, ScenarioError};
use crate::scenario::document::{Section, Text};
use crate::scenario::template_text::{Named, Names};
use crate::scenario::variables::{Source, Variable};
use crate::scenario::{Scenario, bounded_file};
use crate::threshold::Threshold;

pub(crate) use outline::outline;

use defaults::Defaults;
use steps::{StepDraft, StepKind};

/// The largest scenario, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// Steps a scenario may have, set-up and clean-up included.
const MOST_STEPS: usize = 50;

/// What `loadgen check` does: reads a scenario with all its data, and says what it would do.
///
/// # Errors
/// Everything that is wrong, each with its place. A file that cannot be read is a mistake in line 1.
pub fn check(path: &Path, vars: &[(String, String)]) -> Result<String, Vec<Diagnostic>> {
    match Scenario::named(&path.to_string_lossy(), vars) {
        Ok(scenario) => Ok(outline(&scenario, vars)),
        Err(ScenarioError::Mistakes(diagnostics)) => Err(diagnostics),
        Err(error) => {
            let file = path.display().to_string();
            let findings = Findings::new(&file, "");
            findings.report(0..0, error.to_string(), "");
            Err(findings.into_diagnostics())
        }
    }
}

/// Reads a file.
pub(crate) fn load(path: &Path, vars: &[(String, String)]) -> Result<Definition, ScenarioError> {
    let unreadable = |reason: String| ScenarioError::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let bytes = bounded_file::read(path, LARGEST)
        .map_err(|error| unreadable(error.to_string()))?
        .ok_or_else(|| unreadable("it is larger than that".to_owned()))?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8".to_owned()))?;
    let directory = path.parent().unwrap_or(Path::new(""));
    parse(&path.display().to_string(), &text, Some(directory), vars)
}

/// Reads a text; `directory` is where the files that it names are looked for.
pub(crate) fn parse(
    file: &str,
    text: &str,
    directory: Option<&Path>,
    vars: &[(String, String)],
) -> Result<Definition, ScenarioError> {
    for (name, value) in vars {
        if let Err(reason) = variables::check_var(name, value) {
            let name = name.clone();
            return Err(ScenarioError::Variable { name, reason });
        }
    }
    let findings = Findings::new(file, text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        findings.report(
            error.span().unwrap_or(0..0),
            format!("this is not TOML: {}", error.message()),
            "",
        );
    }
    if !errors.is_empty() {
        return Err(ScenarioError::Mistakes(findings.into_diagnostics()));
    }
    let root = Section::new(document.get_ref(), 0..1, "a scenario", &findings);
    let loader = Loader {
        findings: &findings,
        directory,
        vars,
        names: Names::new(),
        variables: Vec::new(),
        used_in_ids: Vec::new(),
    };
    let definition = loader.read(root, file)?;
    if findings.is_empty() {
        Ok(definition)
    } else {
        Err(ScenarioError::Mistakes(findings.into_diagnostics()))
    }
}

/// What is known while a file is read.
struct Loader<'a> {
    findings: &'a Findings<'a>,
    directory: Option<&'a Path>,
    vars: &'a [(String, String)],
    names: Names,
    variables: Vec<Variable>,
    /// Names that ids of resources use.
    used_in_ids: Vec<String>,
}

impl<'a> Loader<'a> {
    fn read(mut self, root: Section<'a>, file: &str) -> Result<Definition, ScenarioError> {
        let name = root.string("name");
        if let Some(name) = &name {
            steps::check_name(name, "a scenario", self.findings);
        }
        let description = root.string("description");
        self.read_variables(root.section("variables", "[variables]"));
        let resources = self.read_resources(root.section("resources", "[resources]"));

        let set_up = root.sections("set_up", "a step of [[set_up]]");
        let clean_up = root.sections("clean_up", "a step of [[clean_up]]");
        let single = root.sections("step", "a step");
        let flows = root.sections("flow", "a flow");
        let with_steps: Vec<(Section<'a>, Vec<Section<'a>>)> = flows
            .into_iter()
            .map(|flow| {
                let steps = flow.sections("step", "a step");
                (flow, steps)
            })
            .collect();
        let of_flows = with_steps.iter().flat_map(|(_, steps)| steps);
        for step in set_up.iter().chain(&clean_up).chain(&single).chain(of_flows) {
            self.declare_captures(step);
        }

        let defaults = Defaults::read(&self, &root);

        // All steps stand in one list: those under load, in order, then those of set-up and of clean-up.
        let mut drafts: Vec<StepDraft<'_>> = Vec::new();
        let mut built: Vec<Flow> = Vec::new();
        if !with_steps.is_empty() && !single.is_empty() {
            root.findings.report(
                root.key_span("step"),
                "a scenario has either [[step]] or [[flow]], not both",
                "put these steps into a flow: [[flow]] with [[flow.step]]",
            );
        }
        if with_steps.is_empty() {
            self.read_single_steps(&root, single, &defaults, &resources, &mut drafts, &mut built);
        } else {
            for (flow, steps) in with_steps {
                self.read_flow(flow, steps, &defaults, &resources, &mut drafts, &mut built);
            }
        }
        let under_load = drafts.len();
        for step in set_up {
            drafts.push(self.read_step(step, &defaults, &resources, StepKind::SetUp));
        }
        let after_set_up = drafts.len();
        for step in clean_up {
            drafts.push(self.read_step(step, &defaults, &resources, StepKind::CleanUp));
        }
        if drafts.len() > MOST_STEPS {
            let extra = &drafts[MOST_STEPS];
            self.findings.report(
                extra.span.clone(),
                format!(
                    "a scenario has at most {MOST_STEPS} steps, this one has {}",
                    drafts.len()
                ),
                "split it into several scenarios",
            );
        }
        steps::check_names_differ(&drafts, self.findings);
        order_of_use::check(&drafts, &built, under_load..after_set_up, &self);
        let resources = self.finish_resources(resources, &drafts, under_load);
        let mut thresholds = Vec::new();
        for text in root.strings("thresholds") {
            thresholds.extend(self.threshold(&text, text.text));
        }
        for draft in &drafts[..under_load] {
            for text in &draft.thresholds {
                thresholds.extend(self.threshold(text, &format!("{}: {}", draft.step.name, text.text)));
            }
        }
        root.finish();
        self.check_vars_are_used(&drafts)?;
        let steps: Vec<_> = drafts.into_iter().map(|draft| draft.step).collect();
        let stem = Path::new(file)
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        Ok(Definition {
            name: name.map_or_else(|| stem.unwrap_or_default(), |name| name.text.to_owned()),
            description: description.map(|text| text.text.to_owned()).unwrap_or_default(),
            infos: steps[..under_load].iter().map(Step::info).collect(),
            set_up: under_load..after_set_up,
            clean_up: after_set_up..steps.len(),
            steps,
            flows: built,
            variables: self.variables,
            resources,
            thresholds,
        })
    }

    fn threshold(&self, place: &Text<'_>, text: &str) -> Option<Threshold> {
        match text.parse::<Threshold>() {
            Ok(threshold) => Some(threshold),
            Err(error) => {
                self.findings.report(place.span.clone(), error.to_string(), "");
                None
            }
        }
    }

    /// A new variable that captures fill, or the one of that name if there is one already.
    fn captured(&mut self, name: &str) -> Result<(), &'static str> {
        match self.names.get(name) {
            None => {
                self.names.insert(
                    name,
                    Named::Value(crate::scenario::template::Value::Variable(self.variables.len())),
                );
                self.variables.push(Variable {
                    name: name.to_owned(),
                    source: Source::Capture,
                });
                Ok(())
            }
            Some(Named::Value(crate::scenario::template::Value::Variable(index)))
                if matches!(self.variables[*index].source, Source::Capture) =>
            {
                Ok(())
            }
            Some(_) => Err("is the name of something else already"),
        }
    }

    fn check_vars_are_used(&self, drafts: &[StepDraft<'_>]) -> Result<(), ScenarioError> {
        // With other mistakes about, a template may have been left out.
        if !self.findings.is_empty() {
            return Ok(());
        }
        for (name, _) in self.vars {
            let used = |draft: &StepDraft<'_>| draft.uses.iter().any(|(used, _)| used == name);
            if !drafts.iter().any(used) && !self.used_in_ids.contains(name) {
                return Err(ScenarioError::Variable {
                    name: name.clone(),
                    reason: "the scenario does not use this variable; leave it out, or correct its name".to_owned(),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
