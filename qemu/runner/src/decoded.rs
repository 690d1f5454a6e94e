// SPDX-License-Identifier: GPL-2.0

//! A report with what debug information and source say about it, as data that lasts: for
//! `results.json` and the page, which are read where neither kernel nor source is.

use crate::{
    report::{explain_taint, Frame, Report},
    symbols::{self, At, Symbols},
};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How many lines of source are kept on each side of the statement that a report is about.
const CONTEXT: u32 = 4;
/// The same for the other places of a trace.
const LITTLE_CONTEXT: u32 = 2;

/// A report, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decoded {
    /// What, in which function.
    pub title: String,
    /// The kernel's own first line.
    pub headline: String,
    /// What the kernel said besides.
    pub message: Option<String>,
    /// What kind of report it is, in a few words.
    pub about: String,
    /// The first and the last of its lines on the console, counted from 1.
    pub lines: (usize, usize),
    /// The place that it is about: the one that the kernel named, or else where the program
    /// counter stood.
    pub place: Option<Source>,
    /// The address and the reason of a memory access that failed.
    pub fault: Option<String>,
    /// In which task, on which CPU, kernel and machine.
    pub task: Vec<String>,
    /// The call trace, innermost first, without what the unwinder does not vouch for.
    pub trace: Vec<Call>,
    /// How many addresses of the trace the unwinder does not vouch for.
    pub doubtful: usize,
    /// Registers, named and written as printed.
    pub registers: Vec<(String, String)>,
    /// The bytes behind `Code:`, as printed.
    pub code: Option<String>,
    /// What each taint letter means.
    pub taints: Vec<String>,
    /// Nothing of it seems to be missing.
    pub complete: bool,
    /// It only follows from another one.
    pub consequence: bool,
    /// What the parser did not understand.
    pub notes: Vec<String>,
}

/// One function of a trace; inlined ones have an entry of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its name, as the source spells it.
    pub function: String,
    /// The module that it is in.
    pub module: Option<String>,
    /// It was inlined into the one that follows.
    pub inlined: bool,
    /// Where in the source, if that is known.
    pub place: Option<Source>,
}

/// A place in the source, with the lines around it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The number of the first line that follows.
    pub first: u32,
    /// The lines around it; none if the file cannot be read.
    pub text: Vec<String>,
}

impl Source {
    fn read(file: &str, path: &Path, line: u32, context: u32) -> Self {
        let around = symbols::around(path, line, context);
        Self {
            file: file.to_owned(),
            line,
            first: around.first().map_or(line, |(number, _)| *number),
            text: around.into_iter().map(|(_, text)| text).collect(),
        }
    }
}

/// A place that debug information names, with `context` lines around it.
fn read(place: &symbols::Place, context: u32) -> Source {
    Source::read(&place.file, &place.path, place.line, context)
}

/// Decodes `report`, which was found in the lines with these raw `numbers`, of a kernel with this
/// `source`.
pub fn decode(
    report: &Report,
    numbers: &[usize],
    symbols: Option<&Symbols>,
    source: &Path,
) -> Decoded {
    let mut trace = Vec::new();
    for frame in report.trace.iter().filter(|frame| frame.reliable) {
        calls(&mut trace, frame, symbols);
    }
    let named = report.location.as_ref().map(|place| {
        let path = source.join(&place.file);
        Source::read(&place.file, &path, place.line, CONTEXT)
    });
    let counter = || {
        let frame = report.trace.first()?;
        let place = places(frame, symbols?).into_iter().next()?;
        Some(read(&place, CONTEXT))
    };
    let number = |index: usize| numbers.get(index).copied().unwrap_or(index + 1);
    let taints = explain_taint(report.tainted.as_deref().unwrap_or_default());
    Decoded {
        title: report.title.clone(),
        headline: report.headline.clone(),
        message: report.message.clone(),
        about: report.kind.about().to_owned(),
        lines: (number(report.first), number(report.last)),
        place: named.or_else(counter),
        fault: report.fault.as_ref().map(|fault| match fault.address {
            Some(address) => format!("{address:#x}: {}", fault.reason),
            None => fault.reason.clone(),
        }),
        task: task(report),
        trace,
        doubtful: report.trace.iter().filter(|frame| !frame.reliable).count(),
        registers: report
            .registers
            .iter()
            .map(|(name, value)| (name.clone(), format!("{value:016x}")))
            .collect(),
        code: report.code.clone(),
        taints: taints
            .iter()
            .map(|taint| format!("{}: {}", taint.letter, taint.meaning))
            .collect(),
        complete: report.complete,
        consequence: report.consequence_of.is_some(),
        notes: report.notes.clone(),
    }
}

fn places(frame: &Frame, symbols: &Symbols) -> Vec<symbols::Place> {
    let at = if frame.exact { At::Pc } else { At::Return };
    symbols.resolve(&frame.symbol, at)
}

fn calls(trace: &mut Vec<Call>, frame: &Frame, symbols: Option<&Symbols>) {
    let found = symbols.map_or_else(Vec::new, |symbols| places(frame, symbols));
    if found.is_empty() {
        trace.push(Call {
            function: frame.symbol.demangled(),
            module: frame.symbol.module.clone(),
            ..Call::default()
        });
    }
    for place in found {
        trace.push(Call {
            place: Some(read(&place, LITTLE_CONTEXT)),
            function: place.function,
            module: frame.symbol.module.clone(),
            inlined: place.inlined,
        });
    }
}

fn task(report: &Report) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(comm) = &report.comm {
        let pid = report.pid.map(|pid| format!(" (PID {pid})"));
        parts.push(format!("task {comm}{}", pid.unwrap_or_default()));
    }
    parts.extend(report.cpu.map(|cpu| format!("CPU {cpu}")));
    parts.extend(report.release.clone());
    parts.extend(report.hardware.clone());
    parts
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A decoded report with everything in it.
    pub fn specimen() -> Decoded {
        let place = Source {
            file: "mm/<slub>.c".into(),
            line: 10,
            first: 9,
            text: vec!["\tif (a && b)".into(), "\t\tBUG(\"</pre>\");".into()],
        };
        Decoded {
            title: "kernel BUG in <f>".into(),
            headline: "kernel BUG at mm/slub.c:10!".into(),
            message: Some("one\n<two>".into()),
            about: "BUG() or a failed BUG_ON()".into(),
            lines: (4, 4),
            place: Some(place.clone()),
            fault: Some("0x10: <no page>".into()),
            task: vec!["task <insmod> (PID 30)".into(), "CPU 0".into()],
            trace: vec![
                Call {
                    function: "<bad_slab::Bad as kernel::Module>::init".into(),
                    module: Some("bad_slab".into()),
                    inlined: true,
                    place: Some(place),
                },
                Call {
                    function: "do_one_initcall".into(),
                    ..Call::default()
                },
            ],
            doubtful: 3,
            registers: vec![("RAX".into(), "00000000000000ff".into())],
            code: Some("0f 0b <0f> 0b".into()),
            taints: vec!["O: a module from outside <the> tree".into()],
            complete: false,
            consequence: false,
            notes: vec!["a <note>".into()],
        }
    }

    #[test]
    fn without_symbols_there_is_still_the_report() {
        let log = "[    1.2][   T29] ------------[ cut here ]------------\n\
            [    1.2][   T29] kernel BUG at include/linux/gfp.h:143!\n\
            [    1.2][   T29] Oops: invalid opcode: 0000 [#1] SMP\n\
            [    1.2][   T29] RIP: 0010:f+0x1/0x2\n";
        let lines = crate::console::lines(log.as_bytes());
        let reports = crate::report::reports(&lines);
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("include/linux")).unwrap();
        let text: String = (1..=200).map(|number| format!("line {number}\n")).collect();
        std::fs::write(folder.path().join("include/linux/gfp.h"), text).unwrap();
        let numbers: Vec<usize> = lines.iter().map(|line| line.number).collect();
        let decoded = decode(&reports[0], &numbers, None, folder.path());
        let place = decoded.place.unwrap();
        assert_eq!((place.line, place.first), (143, 139));
        assert_eq!(place.text[4], "line 143");
        assert_eq!(decoded.trace[0].function, "f");
        assert_eq!(decoded.lines.0, 1);
        assert!(!decoded.complete);
    }
}
