// SPDX-License-Identifier: GPL-2.0

//! A report as a person reads it: the headline, the statement that made it, the task, the
//! trace with files and lines, and the instructions. Text out; nothing is judged here.

use crate::{
    decode::{Decoded, DecodedFrame, Source},
    disassembly::Disassembly,
    report::{explain_taint, Report},
    term::{BAD, BOLD, DIM},
};
use std::fmt::Write;

/// How many instructions are shown before the one that trapped, and behind it.
const INSTRUCTIONS: (usize, usize) = (6, 3);

/// A report, decoded: as lines of text, with colours.
pub fn report(decoded: &Decoded) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_report(&mut text, decoded);
    text
}

/// A report that only follows from another one: in one line.
pub fn consequence(report: &Report) -> String {
    format!("{DIM}and, in consequence: {}{DIM:#}\n", report.headline)
}

fn write_report(out: &mut String, decoded: &Decoded) -> std::fmt::Result {
    let report = &decoded.report;
    writeln!(out, "{BAD}{}{BAD:#}", report.title)?;
    writeln!(out, "  {}", report.headline)?;
    if let Some(source) = &decoded.source {
        write_source(out, source)?;
    }
    if let Some(fault) = &report.fault {
        let address = fault
            .address
            .map_or(String::new(), |at| format!(" at {at:#x}"));
        let colon = if fault.reason.is_empty() { "" } else { ": " };
        writeln!(out, "  fault{address}{colon}{}", fault.reason)?;
    }
    write_task(out, report)?;
    if !decoded.trace.is_empty() {
        writeln!(out, "  trace, innermost first:")?;
    }
    write_frames(out, &decoded.trace)?;
    for (stack, frames) in report.stacks.iter().zip(&decoded.stacks) {
        writeln!(out, "  {}", stack.title)?;
        write_frames(out, frames)?;
    }
    if let Some(disassembly) = &decoded.disassembly {
        write_instructions(out, disassembly)?;
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

fn write_source(out: &mut String, source: &Source) -> std::fmt::Result {
    writeln!(out, "  {DIM}at {}:{}{DIM:#}", source.file, source.line)?;
    for line in &source.lines {
        let text = line.text.replace('\t', "    ");
        let number = line.number;
        if number == source.line {
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

fn write_frames(out: &mut String, frames: &[DecodedFrame]) -> std::fmt::Result {
    for frame in frames.iter().filter(|one| one.frame.reliable) {
        write_frame(out, frame)?;
    }
    let doubtful = frames.iter().filter(|one| !one.frame.reliable).count();
    if doubtful > 0 {
        writeln!(
            out,
            "    {DIM}(and {doubtful} addresses found on the stack that the unwinder does not vouch for){DIM:#}"
        )?;
    }
    Ok(())
}

fn write_frame(out: &mut String, decoded: &DecodedFrame) -> std::fmt::Result {
    let symbol = &decoded.frame.symbol;
    let module = match &symbol.module {
        Some(module) => format!(" [{module}]"),
        None => String::new(),
    };
    if decoded.places.is_empty() {
        let offset = match symbol.size {
            0 => String::new(),
            size => format!("+{:#x}/{size:#x}", symbol.offset),
        };
        return writeln!(out, "    {}{offset}{module}", symbol.demangled());
    }
    for place in &decoded.places {
        let inlined = if place.inlined { " (inlined)" } else { "" };
        writeln!(
            out,
            "    {}{module}{inlined}  {DIM}{}:{}{DIM:#}",
            place.function, place.file, place.line
        )?;
    }
    if !decoded.instead.is_empty() {
        let others: Vec<String> = decoded
            .instead
            .iter()
            .map(|place| format!("{}:{}", place.file, place.line))
            .collect();
        writeln!(
            out,
            "      {DIM}(or, of the same name and size, {}){DIM:#}",
            others.join(", ")
        )?;
    }
    Ok(())
}

fn write_instructions(out: &mut String, disassembly: &Disassembly) -> std::fmt::Result {
    let all = &disassembly.instructions;
    let trap = all.iter().position(|one| one.trapping).unwrap_or(0);
    let first = trap.saturating_sub(INSTRUCTIONS.0);
    let last = all.len().min(trap + 1 + INSTRUCTIONS.1);
    writeln!(out, "  code:")?;
    for one in &all[first..last] {
        let sign = if one.offset < 0 { '-' } else { '+' };
        let offset = format!("{sign}{:#x}", one.offset.unsigned_abs());
        let text = format!("{offset:>7}: {:<24} {}", one.bytes, one.text);
        if one.trapping {
            writeln!(out, "  {BOLD}> {text}  <-- trapping instruction{BOLD:#}")?;
        } else {
            writeln!(out, "  {DIM}  {text}{DIM:#}")?;
        }
    }
    Ok(())
}
