//! `bench`: measures the programs beside their peers and as their work grows.
//!
//! Each group of figures has a file of its own; all measure in the same way: CPU time from `/proc/PID/stat` ([`usage`]),
//! load by loadgen ([`load`]), medians of rounds in which what is compared takes turns ([`samples`]). Figures are kept in
//! `bench/figures.json` ([`figures`]); `docs/benchmarks.md` is rendered from them ([`page`], [`chart`]), and
//! `docs/scaling.md` ([`scaling`]).

mod accuracy;
mod catalogue;
mod chart;
mod error;
mod figures;
mod footprint;
mod generators;
mod growth;
mod load;
mod machine;
mod page;
mod pipeline;
mod plan;
mod profile;
mod samples;
mod scaling;
mod servers;
mod service;
mod table;
mod telemetry;
mod usage;

use std::process::ExitCode;

use clap::Parser as _;

use error::BenchError;
use figures::Figures;
use plan::{Group, Plan};
use samples::Samples;
use scaling::ScalingError;

fn main() -> ExitCode {
    match run(&Plan::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// True if nothing was missed.
fn run(plan: &Plan) -> Result<bool, BenchError> {
    let mut checked_in = Figures::read()?;
    if plan.render {
        render(&checked_in)?;
        return Ok(true);
    }
    let load_average = machine::settle();
    let machine = machine::describe(plan, load_average)?;
    if plan.is_part() && !checked_in.figures.is_empty() && checked_in.machine.differs_from(&machine) {
        return Err(BenchError::OtherMachine(checked_in.machine.cpu));
    }
    if load_average > machine::IDLE {
        eprintln!(
            "Load average {load_average}: something else uses the processors; figures will be worse than they are."
        );
    }
    let mut samples = Samples::default();
    let mut is_complete = true;
    for group in plan.groups() {
        eprintln!("{group:?}");
        let measured = match group {
            Group::Service => service::measure(plan, &mut samples),
            Group::Footprint => footprint::measure(plan, &mut samples),
            Group::Telemetry => telemetry::measure(plan, &mut samples),
            Group::Generators => generators::measure(plan, &mut samples),
            Group::Accuracy => accuracy::measure(plan, &mut samples),
            Group::Growth => growth::measure(plan, &mut samples),
            Group::Table => table::measure(plan, &mut samples),
            Group::Pipeline => pipeline::measure(plan, &mut samples),
            Group::Profile => profile::measure(plan, &mut samples),
            Group::Scaling => scaling::measure(plan, &mut samples),
        };
        // The others are worth having all the same.
        if let Err(error) = measured {
            eprintln!("bench: {group:?} was not measured to its end: {error}");
            is_complete = false;
        }
    }
    let measured = Figures::of(machine, &samples);
    if plan.quick {
        return Ok(measured.print_beside(&checked_in) && is_complete);
    }
    let kept = measured.print();
    if !plan.is_part() && (is_complete || checked_in.machine.differs_from(&measured.machine)) {
        // None stays that was not measured, as of a load that was too much this time, or that is another machine's.
        checked_in = Figures::default();
    }
    checked_in.take_over(measured);
    checked_in.write()?;
    render(&checked_in)?;
    Ok(kept && is_complete)
}

/// Writes the pages.
fn render(figures: &Figures) -> Result<(), BenchError> {
    page::write(figures)?;
    match scaling::write(figures) {
        // Where not all groups were measured yet.
        Err(missing @ ScalingError::NotMeasured(_)) => eprintln!("docs/scaling.md is not written: {missing}"),
        written => written?,
    }
    Ok(())
}
