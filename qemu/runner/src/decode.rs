// SPDX-License-Identifier: GPL-2.0

//! A log's reports with what a kernel's debug information adds: files and lines, the statement,
//! the instructions, and whether the kernel is the right one. Data only; showing it is left to
//! others.

use crate::console::{self, Line};
use crate::disassembly::{self, Around, Disassembly};
use crate::pattern::regex;
use crate::report::{self, explain_taint, Frame, Location, Report, Symbol};
use crate::symbols::{self, Arch, At, Place, Symbols};
use regex::Regex;
use serde::{Serialize, Serializer};
use serde_json::{json, Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

/// Lines of source that are shown on each side of a statement.
const CONTEXT: u32 = 3;

/// A report, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The report as the log has it.
    pub report: Report,
    /// The source behind its headline: what the kernel named itself, or else where the program
    /// counter stood.
    pub source: Option<Source>,
    /// The frames of its trace, in the same order.
    pub trace: Vec<DecodedFrame>,
    /// The frames of its further stacks, in the same order.
    pub stacks: Vec<Vec<DecodedFrame>>,
    /// The bytes behind `Code:` as instructions.
    pub disassembly: Option<Disassembly>,
}

/// A statement of the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The file, relative to the kernel's source tree if it is in there.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The whole statement on one line, without comments; `None` if the file cannot be read.
    pub statement: Option<String>,
    /// The lines around it; empty if the file cannot be read.
    pub lines: Vec<SourceLine>,
}

/// A line of a source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceLine {
    /// Counted from 1.
    pub number: u32,
    /// As it stands there.
    pub text: String,
}

/// A frame of a trace, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedFrame {
    /// The frame as the log has it.
    pub frame: Frame,
    /// Its source lines, the innermost inlined function first; empty if they are not known.
    pub places: Vec<Place>,
    /// Where it might be as well: other functions of the same name and size.
    pub instead: Vec<Place>,
}

impl Serialize for Decoded {
    /// All that the parser knows, with the frames and what else was decoded put in.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error;
        let mut all = match serde_json::to_value(&self.report).map_err(S::Error::custom)? {
            Value::Object(all) => all,
            _ => Map::new(),
        };
        let stacks = self.report.stacks.iter().zip(&self.stacks);
        let stacks: Vec<Value> = stacks
            .map(|(stack, frames)| json!({ "title": stack.title, "frames": frames }))
            .collect();
        let taints: Vec<Value> = explain_taint(self.report.tainted.as_deref().unwrap_or(""))
            .iter()
            .map(|taint| json!({ "letter": taint.letter.to_string(), "meaning": taint.meaning }))
            .collect();
        all.insert("source".to_string(), json!(self.source));
        all.insert("trace".to_string(), json!(self.trace));
        all.insert("stacks".to_string(), json!(stacks));
        all.insert("disassembly".to_string(), json!(self.disassembly));
        all.insert("taints".to_string(), json!(taints));
        all.serialize(serializer)
    }
}

impl Serialize for DecodedFrame {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Frame {
            symbol,
            reliable,
            exact,
            inlined,
            raw,
        } = &self.frame;
        json!({
            "symbol": symbol.to_string(),
            "name": symbol.name,
            "function": symbol.demangled(),
            "offset": symbol.offset,
            "size": symbol.size,
            "module": symbol.module,
            "reliable": reliable,
            "exact": exact,
            "inlined": inlined,
            "raw": raw,
            "places": self.places,
            "instead": self.instead,
        })
        .serialize(serializer)
    }
}

/// A whole log, decoded.
#[derive(Clone, Debug, Serialize)]
pub struct DecodedLog {
    /// The version of this structure: raised when a field changes its meaning or goes.
    pub version: u32,
    /// What the log says of the kernel that wrote it.
    pub kernel: LogKernel,
    /// What it was decoded with; `None` without a vmlinux.
    pub vmlinux: Option<Vmlinux>,
    /// What speaks against the result: another kernel, a module that is missing.
    pub warnings: Vec<String>,
    /// Every report, in the order of the log.
    pub reports: Vec<Decoded>,
}

/// The file that a log was decoded with.
#[derive(Clone, Debug, Serialize)]
pub struct Vmlinux {
    /// Where it is.
    pub path: String,
    /// Its architecture.
    pub arch: Option<Arch>,
    /// Its first line: `Linux version …`.
    pub banner: Option<String>,
    /// Its build ID.
    pub build_id: Option<String>,
}

/// What a log says of the kernel that wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogKernel {
    /// The architecture, from the registers' names.
    pub arch: Option<Arch>,
    /// Its first line, if it is in the log: `Linux version …`.
    pub banner: Option<String>,
    /// Release and build number as the reports have them: `6.12.117 #1`.
    pub release: Option<String>,
    /// Its build ID (`CONFIG_STACKTRACE_BUILD_ID`).
    pub build_id: Option<String>,
    /// The modules' build IDs, by name.
    pub module_build_ids: BTreeMap<String, String>,
    /// How far KASLR moved it, as the panic says at its end; 0 if it says that it did not.
    #[serde(serialize_with = "hex_option")]
    pub offset: Option<u64>,
}

fn hex_option<S: Serializer>(value: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    value
        .map(|value| format!("{value:#x}"))
        .serialize(serializer)
}

/// Decodes a log: bytes as they came from a console, `dmesg` or a file.
pub fn log(bytes: &[u8], symbols: Option<&Symbols>) -> DecodedLog {
    let lines = console::lines(bytes);
    let mut reports = report::reports(&lines);
    let kernel = log_kernel(&lines, &reports);
    let mut warnings = Vec::new();
    if let Some(symbols) = symbols {
        for (module, build_id) in &kernel.module_build_ids {
            symbols.expect(module, build_id);
        }
        warnings.extend(mismatch(&kernel, symbols));
        let slide = Slide::find(&kernel, &lines, symbols);
        for report in &mut reports {
            slide.name_addresses(report, &lines, symbols);
        }
        warnings.extend(slide.warning());
        let frames = reports.iter().flat_map(|one| {
            let stacks = one.stacks.iter().flat_map(|stack| &stack.frames);
            stacks.chain(&one.trace).map(|frame| &frame.symbol)
        });
        symbols.expect_lookups(frames);
    }
    let reports: Vec<Decoded> = reports
        .iter()
        .map(|one| self::report(one, symbols, None))
        .collect();
    if let Some(symbols) = symbols {
        warnings.extend(symbols.warnings());
        warnings.extend(strange_functions(&reports, symbols));
    }
    DecodedLog {
        version: 1,
        kernel,
        vmlinux: symbols.map(|symbols| Vmlinux {
            path: symbols.vmlinux().display().to_string(),
            arch: symbols.arch(),
            banner: symbols.banner(),
            build_id: symbols.build_id(),
        }),
        warnings,
        reports,
    }
}

/// Decodes one report. Without symbols there is still what the log itself says; `source` is the
/// kernel's source tree, if it is another one than the symbols know.
pub fn report(report: &Report, symbols: Option<&Symbols>, source: Option<&Path>) -> Decoded {
    let frames = |frames: &[Frame]| -> Vec<DecodedFrame> {
        frames.iter().map(|one| frame(one, symbols)).collect()
    };
    let trace = frames(&report.trace);
    Decoded {
        source: source_of(report, &trace, symbols, source),
        stacks: report
            .stacks
            .iter()
            .map(|one| frames(&one.frames))
            .collect(),
        disassembly: instructions(report, symbols),
        trace,
        report: report.clone(),
    }
}

fn frame(frame: &Frame, symbols: Option<&Symbols>) -> DecodedFrame {
    let at = if frame.exact { At::Pc } else { At::Return };
    let found = symbols.map(|symbols| symbols.lookup(&frame.symbol, at));
    let found = found.unwrap_or_default();
    DecodedFrame {
        frame: frame.clone(),
        places: found.places,
        instead: found.instead,
    }
}

/// The place that the report names itself, or else where its program counter stood.
fn source_of(
    report: &Report,
    trace: &[DecodedFrame],
    symbols: Option<&Symbols>,
    source: Option<&Path>,
) -> Option<Source> {
    if let Some(Location { file, line }) = &report.location {
        let path = match (source, symbols) {
            (Some(source), _) => Some(source.join(file)),
            (None, Some(symbols)) => Some(symbols.source_path(file)),
            (None, None) => None,
        };
        return Some(read_source(file, *line, path.as_deref()));
    }
    let place = match trace.first() {
        Some(first) => first.places.first().cloned(),
        None => {
            let function = report.function.as_ref()?;
            symbols?.resolve(function, At::Pc).into_iter().next()
        }
    }?;
    Some(read_source(&place.file, place.line, Some(&place.path)))
}

fn read_source(file: &str, line: u32, path: Option<&Path>) -> Source {
    let lines = path.map_or_else(Vec::new, |path| symbols::around(path, line, CONTEXT));
    Source {
        file: file.to_string(),
        line,
        statement: path.and_then(|path| symbols::statement(path, line)),
        lines: lines
            .into_iter()
            .map(|(number, text)| SourceLine { number, text })
            .collect(),
    }
}

fn instructions(report: &Report, symbols: Option<&Symbols>) -> Option<Disassembly> {
    let arch = arch_of(report).or_else(|| symbols?.arch())?;
    disassemble(
        arch,
        report.code.as_deref()?,
        report.function.as_ref(),
        symbols,
    )
}

/// The bytes behind `Code:` as instructions; `function` is where the program counter stood.
pub fn disassemble(
    arch: Arch,
    code: &str,
    function: Option<&Symbol>,
    symbols: Option<&Symbols>,
) -> Option<Disassembly> {
    // Where the kernel itself could not tell, the bytes still can be read.
    let nowhere = Symbol {
        name: String::new(),
        offset: 0,
        size: 0,
        module: None,
    };
    let function = function.unwrap_or(&nowhere);
    let (bytes, trap) = disassembly::bytes(arch, code)?;
    let held = symbols.and_then(|symbols| symbols.code(function, bytes.len() - trap));
    let start = held.as_ref().map(|held| held.start);
    let name = |offset: i64| {
        let near = start
            .and_then(|start| symbols?.symbol_near(function, start.wrapping_add_signed(offset)));
        match near {
            Some(symbol) => format!("{}+{:#x}", symbol.demangled(), symbol.offset),
            None => {
                let sign = if offset < 0 { '-' } else { '+' };
                let name = match function.name.as_str() {
                    "" => ".".to_string(),
                    _ => function.demangled(),
                };
                format!("{name}{sign}{:#x}", offset.unsigned_abs())
            }
        }
    };
    let around = Around {
        offset: function.offset,
        code: held.as_ref().map_or(&[], |held| &held.bytes),
        name: &name,
    };
    disassembly::disassemble(arch, code, &around)
}

/// The architecture of the kernel that printed a report.
pub fn arch_of(report: &Report) -> Option<Arch> {
    let has = |wanted: &[&str]| {
        let mut names = report.registers.iter().map(|(name, _)| name.as_str());
        names.any(|name| wanted.contains(&name))
    };
    if has(&["x29", "pstate"]) {
        return Some(Arch::Arm64);
    }
    if has(&["RAX", "RSP", "RDX"]) {
        return Some(Arch::X86_64);
    }
    // A word of arm64's is four bytes.
    let (first, _) = report.code.as_deref()?.trim().split_once(' ')?;
    match first.trim_matches(['<', '(']).len() {
        2 => Some(Arch::X86_64),
        8 => Some(Arch::Arm64),
        _ => None,
    }
}

fn log_kernel(lines: &[Line], reports: &[Report]) -> LogKernel {
    static BUILD_ID: LazyLock<Regex> =
        LazyLock::new(|| regex(r"Comm: .* #\d+ ([0-9a-f]{32,40})(?: |$)"));
    static MODULE: LazyLock<Regex> =
        LazyLock::new(|| regex(r"/0x[0-9a-f]+ \[([\w-]+) ([0-9a-f]{32,40})\]"));
    static OFFSET: LazyLock<Regex> =
        LazyLock::new(|| regex(r"^Kernel Offset: (?:0x([0-9a-f]+) from 0x|disabled)"));
    let mut kernel = LogKernel {
        arch: reports.iter().find_map(arch_of),
        release: reports.iter().find_map(|report| report.release.clone()),
        ..LogKernel::default()
    };
    for line in lines {
        let text = line.text.as_str();
        if text.starts_with("Linux version ") {
            kernel.banner = Some(text.to_string());
        } else if text.contains("Comm: ") {
            if let Some(found) = BUILD_ID.captures(text) {
                kernel.build_id = Some(found[1].to_string());
            }
        } else if text.starts_with("Kernel Offset: ") {
            if let Some(found) = OFFSET.captures(text) {
                let digits = found.get(1).map_or("0", |digits| digits.as_str());
                kernel.offset = u64::from_str_radix(digits, 16).ok();
            }
        }
        if text.ends_with(']') {
            if let Some(found) = MODULE.captures(text) {
                kernel
                    .module_build_ids
                    .insert(found[1].replace('-', "_"), found[2].to_string());
            }
        }
    }
    kernel
}

/// What a banner says in `Comm: … 6.12.117 #1`: release and build number.
pub fn release_of_banner(banner: &str) -> Option<String> {
    let release = banner.strip_prefix("Linux version ")?.split(' ').next()?;
    let number = banner.split(' ').find(|word| {
        let digits = word.strip_prefix('#');
        digits.is_some_and(|digits| digits.starts_with(|c: char| c.is_ascii_digit()))
    });
    Some(match number {
        Some(number) => format!("{release} {number}"),
        None => release.to_string(),
    })
}

/// Why a vmlinux is not the kernel's that wrote the log, as far as they say.
pub fn mismatch(log: &LogKernel, symbols: &Symbols) -> Option<String> {
    let shown = symbols.vmlinux().display();
    let wrong = |what: &str, log: &str, ours: &str| {
        Some(format!(
            "{shown} is not the kernel of this log: {what} is {ours}, the log's {log}; lines may be wrong"
        ))
    };
    if let (Some(log), Some(ours)) = (log.arch, symbols.arch()) {
        if log != ours {
            return wrong("its architecture", &log.to_string(), &ours.to_string());
        }
    }
    if let (Some(log), Some(ours)) = (&log.build_id, symbols.build_id()) {
        return match *log == ours {
            true => None,
            false => wrong("its build ID", log, &ours),
        };
    }
    let ours = symbols.banner()?;
    match (&log.banner, &log.release) {
        (Some(log), _) if log.trim() != ours => wrong("its banner", log, &ours),
        (Some(_), _) => None,
        (None, Some(log)) => {
            let ours = release_of_banner(&ours)?;
            // A mail or a tool may have cut the build number off.
            let same = ours == *log || ours.split(' ').next() == Some(log);
            match same {
                true => None,
                false => wrong("its release", log, &ours),
            }
        }
        (None, None) => None,
    }
}

/// Functions of the traces that the kernel's file does not have, or not of that size: the best
/// sign of a wrong file where no version is printed.
pub fn strange_functions(reports: &[Decoded], symbols: &Symbols) -> Option<String> {
    let all: BTreeSet<(&str, u64)> = reports
        .iter()
        .flat_map(|one| &one.trace)
        .map(|one| &one.frame.symbol)
        .filter(|symbol| symbol.module.is_none() && symbol.size > 0)
        .map(|symbol| (symbol.name.as_str(), symbol.size))
        .collect();
    if !symbols.has_lines() {
        return None;
    }
    let strange: Vec<&str> = all
        .iter()
        .filter(|(name, size)| !symbols.has_function(name, *size))
        .map(|(name, _)| *name)
        .collect();
    // Hand-written assembly may be counted otherwise.
    if strange.len() * 4 <= all.len() {
        return None;
    }
    let some: Vec<&str> = strange.iter().take(3).copied().collect();
    Some(format!(
        "{}: {} of the {} functions in the traces are not in it, or have another size there ({}{}); another kernel's vmlinux?",
        symbols.vmlinux().display(),
        strange.len(),
        all.len(),
        some.join(", "),
        if strange.len() > some.len() { ", …" } else { "" }
    ))
}

/// From addresses of the running kernel to those of its file.
struct Slide {
    by: u64,
    /// The log says so, in one way or the other.
    known: bool,
    used: std::cell::Cell<bool>,
}

impl Slide {
    /// From the last words of a panic, or from a line that has both an address and its symbol.
    fn find(kernel: &LogKernel, lines: &[Line], symbols: &Symbols) -> Self {
        static BOTH: LazyLock<Regex> = LazyLock::new(|| {
            regex(r"\[<([0-9a-f]{16})>\] (?:\? )?([A-Za-z_][\w.]*\+0x[0-9a-f]+/0x[0-9a-f]+)$")
        });
        let pair = || {
            lines.iter().find_map(|line| {
                let found = BOTH.captures(line.text.trim_end())?;
                let address = u64::from_str_radix(&found[1], 16).ok()?;
                let symbol: Symbol = found[2].parse().ok()?;
                Some(address.wrapping_sub(symbols.address(&symbol)?))
            })
        };
        let known = kernel.offset.or_else(pair);
        Slide {
            by: known.unwrap_or(0),
            known: known.is_some(),
            used: std::cell::Cell::new(false),
        }
    }

    fn name(&self, symbol: &Symbol, symbols: &Symbols) -> Option<Symbol> {
        if symbol.module.is_some() {
            return None;
        }
        let digits = symbol.name.strip_prefix("0x")?;
        let address = u64::from_str_radix(digits, 16).ok()?;
        let found = symbols.symbol_at(address.wrapping_sub(self.by))?;
        self.used.set(true);
        Some(found)
    }

    /// Gives names to the addresses of a report that was printed without (`CONFIG_KALLSYMS` off).
    fn name_addresses(&self, report: &mut Report, lines: &[Line], symbols: &Symbols) {
        static PC: LazyLock<Regex> = LazyLock::new(|| {
            regex(r"^(?:RIP: (?:0010|e030):|IP: |pc : |PC is at )(?:\[<)?(?:0x)?([0-9a-f]{16})\b")
        });
        if report.function.is_none() {
            let all = lines.get(report.first..=report.last).unwrap_or_default();
            let pc = all.iter().find_map(|line| PC.captures(&line.text));
            let raw = pc.map(|found| Symbol {
                name: format!("0x{}", &found[1]),
                offset: 0,
                size: 0,
                module: None,
            });
            report.function = raw.and_then(|raw| self.name(&raw, symbols));
            if let (Some(function), true) = (&report.function, report.trace.is_empty()) {
                report.trace.push(Frame {
                    symbol: function.clone(),
                    reliable: true,
                    exact: true,
                    inlined: false,
                    raw: String::new(),
                });
            }
        }
        let stacks = report.stacks.iter_mut().map(|stack| &mut stack.frames);
        for frame in stacks.chain([&mut report.trace]).flatten() {
            if let Some(symbol) = self.name(&frame.symbol, symbols) {
                frame.symbol = symbol;
            }
        }
    }

    fn warning(&self) -> Option<String> {
        (self.used.get() && !self.known).then(|| {
            "the log does not say how far KASLR moved the kernel: bare addresses were taken as if it had not".to_string()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = include_str!("../tests/logs/x86_64-6.12-bug-gfp-slab.log");

    #[test]
    fn without_a_kernel_there_is_what_the_log_says() {
        let decoded = log(LOG.as_bytes(), None);
        assert_eq!(decoded.kernel.arch, Some(Arch::X86_64));
        assert_eq!(decoded.kernel.release.as_deref(), Some("6.12.117 #1"));
        let one = &decoded.reports[0];
        assert_eq!(one.source.as_ref().map(|s| s.line), Some(143));
        let code = one.disassembly.as_ref().unwrap();
        let trap = code.instructions.iter().find(|one| one.trapping).unwrap();
        assert_eq!((trap.text.as_str(), trap.offset), ("ud2", 0x6b3));
        let call = code
            .instructions
            .iter()
            .find(|one| one.text.contains("call"));
        assert_eq!(call.unwrap().text, "call   ___slab_alloc+0x6c0");
    }

    /// The fields that docs/decode.md names.
    #[test]
    fn json_has_its_fields() {
        let value = serde_json::to_value(log(LOG.as_bytes(), None)).unwrap();
        assert_eq!(value["version"], 1);
        assert_eq!(value["kernel"]["arch"], "x86_64");
        let report = &value["reports"][0];
        for field in [
            "kind",
            "form",
            "title",
            "headline",
            "location",
            "source",
            "trace",
            "stacks",
            "taints",
            "disassembly",
            "registers",
            "complete",
            "consequence_of",
            "notes",
        ] {
            assert!(report.get(field).is_some(), "{field}");
        }
        let frame = &report["trace"][0];
        assert_eq!(frame["symbol"], "___slab_alloc+0x6b3/0x6c0");
        assert_eq!(frame["exact"], true);
        assert_eq!(report["taints"][1]["letter"], "O");
        assert_eq!(report["registers"][0][0], "RSP");
        assert_eq!(report["registers"][0][1], "0xffffc900000d7988");
    }

    #[test]
    fn what_a_log_says_of_its_kernel() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let text = format!(
            "Linux version 6.1.2 (a@b) (gcc) #3 SMP Mon\nCPU: 0 PID: 1 Comm: x Not tainted 6.1.2 #3 {id}\n f+0x1/0x2 [some-mod {id}]\nKernel Offset: 0x1200000 from 0xffffffff81000000 (relocation range: 0x0-0x0)\n"
        );
        let lines = console::lines(text.as_bytes());
        let kernel = log_kernel(&lines, &report::reports(&lines));
        assert_eq!(kernel.build_id.as_deref(), Some(id));
        assert_eq!(kernel.module_build_ids["some_mod"], id);
        assert_eq!(kernel.offset, Some(0x120_0000));
        let banner = kernel.banner.unwrap();
        assert_eq!(release_of_banner(&banner).as_deref(), Some("6.1.2 #3"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(0u8.., 0..600)) {
            let _ = serde_json::to_value(log(&bytes, None)).unwrap();
        }
    }
}
