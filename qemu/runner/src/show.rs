// SPDX-License-Identifier: GPL-2.0

//! A report as a person reads it: the headline, the statement that made it, the task, and
//! the trace with files and lines. Text out; nothing is judged here.

use crate::{
    report::{explain_taint, Frame, Location, Report},
    symbols::{self, At, Place, Symbols},
    term::{BAD, BOLD, DIM},
};
use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

/// How many lines of source are shown on each side of the statement.
const CONTEXT: u32 = 2;

/// A report, decoded: as lines of text, with colours.
pub fn report(report: &Report, symbols: Option<&Symbols>, source: Option<&Path>) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_report(&mut text, report, symbols, source);
    text
}

/// A report that only follows from another one: in one line.
pub fn consequence(report: &Report) -> String {
    format!("{DIM}and, in consequence: {}{DIM:#}\n", report.headline)
}

fn write_report(
    out: &mut String,
    report: &Report,
    symbols: Option<&Symbols>,
    source: Option<&Path>,
) -> std::fmt::Result {
    writeln!(out, "{BAD}{}{BAD:#}", report.title)?;
    writeln!(out, "  {}", report.headline)?;
    if let Some(place) = statement_place(report, symbols, source) {
        writeln!(out, "  {DIM}at {}:{}{DIM:#}", place.0.file, place.0.line)?;
        write_source(out, &place.1, place.0.line)?;
    }
    if let Some(fault) = &report.fault {
        let address = fault
            .address
            .map_or(String::new(), |at| format!(" at {at:#x}"));
        writeln!(out, "  fault{address}: {}", fault.reason)?;
    }
    write_task(out, report)?;
    if !report.trace.is_empty() {
        writeln!(out, "  trace, innermost first:")?;
    }
    for frame in report.trace.iter().filter(|frame| frame.reliable) {
        write_frame(out, frame, symbols)?;
    }
    let doubtful = report.trace.iter().filter(|frame| !frame.reliable).count();
    if doubtful > 0 {
        writeln!(
            out,
            "    {DIM}(and {doubtful} addresses found on the stack that the unwinder does not vouch for){DIM:#}"
        )?;
    }
    if let Some(letters) = report
        .tainted
        .as_deref()
        .filter(|letters| !letters.is_empty())
    {
        let taints: Vec<String> = explain_taint(letters)
            .iter()
            .map(|taint| format!("{}: {}", taint.letter, taint.meaning))
            .collect();
        writeln!(out, "  tainted: {}", taints.join("; "))?;
    }
    if !report.complete {
        writeln!(out, "  {BAD}this report is not whole{BAD:#}")?;
    }
    Ok(())
}

/// The place that the report names itself, or else where its program counter stood; with
/// the file to read.
fn statement_place(
    report: &Report,
    symbols: Option<&Symbols>,
    source: Option<&Path>,
) -> Option<(Location, PathBuf)> {
    if let (Some(place), Some(source)) = (&report.location, source) {
        return Some((place.clone(), source.join(&place.file)));
    }
    let frame = report.trace.first()?;
    let place = resolve(frame, symbols?).into_iter().next()?;
    let location = Location {
        file: place.file,
        line: place.line,
    };
    Some((location, place.path))
}

fn write_source(out: &mut String, file: &Path, line: u32) -> std::fmt::Result {
    for (number, text) in symbols::around(file, line, CONTEXT) {
        let text = text.replace('\t', "    ");
        if number == line {
            writeln!(out, "  {BOLD}> {number:>5} | {text}{BOLD:#}")?;
        } else {
            writeln!(out, "  {DIM}  {number:>5} | {text}{DIM:#}")?;
        }
    }
    Ok(())
}

fn write_task(out: &mut String, report: &Report) -> std::fmt::Result {
    let mut parts = Vec::new();
    if let Some(comm) = &report.comm {
        let pid = report
            .pid
            .map_or(String::new(), |pid| format!(" (PID {pid})"));
        parts.push(format!("task {comm}{pid}"));
    }
    if let Some(cpu) = report.cpu {
        parts.push(format!("CPU {cpu}"));
    }
    if let Some(release) = &report.release {
        parts.push(release.clone());
    }
    if let Some(hardware) = &report.hardware {
        parts.push(hardware.clone());
    }
    if parts.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {}", parts.join(", "))
}

fn write_frame(out: &mut String, frame: &Frame, symbols: Option<&Symbols>) -> std::fmt::Result {
    let module = match &frame.symbol.module {
        Some(module) => format!(" [{module}]"),
        None => String::new(),
    };
    let places = symbols.map_or_else(Vec::new, |symbols| resolve(frame, symbols));
    if places.is_empty() {
        return writeln!(out, "    {}{module}", frame.symbol.demangled());
    }
    for place in places {
        let inlined = if place.inlined { " (inlined)" } else { "" };
        writeln!(
            out,
            "    {}{module}{inlined}  {DIM}{}:{}{DIM:#}",
            place.function, place.file, place.line
        )?;
    }
    Ok(())
}

fn resolve(frame: &Frame, symbols: &Symbols) -> Vec<Place> {
    let at = if frame.exact { At::Pc } else { At::Return };
    symbols.resolve(&frame.symbol, at)
}
