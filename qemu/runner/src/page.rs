// SPDX-License-Identifier: GPL-2.0

//! The results of a check as one page, with everything in it: it is read from the file system,
//! and asks no network for anything. Text out; starts nothing.
//!
//! What is shown is made ready here; how it looks is in `page/`, a template for minijinja with
//! its style and script. The template escapes whatever it is not told to be markup, and what is
//! markup comes from [`code`] and [`document`] alone. A policy in the page lets no script run
//! but its own.

mod code;
mod diff;
mod document;
#[cfg(test)]
mod tests;

use crate::{
    decoded::{Decoded, Source},
    results::{CaseInfo, GuestRun, MachineInfo, Results, Status, TestResult},
    term,
};
use anyhow::{Context, Result};
use base64::{prelude::BASE64_STANDARD, Engine};
use minijinja::{context, value::Value, AutoEscape, Environment};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{ops::RangeInclusive, time::Duration};

/// The file's name.
pub const FILE: &str = "index.html";

const TEMPLATE: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// `results` as HTML.
///
/// # Errors
///
/// When the template is at fault.
pub fn render(results: &Results) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.add_template("page", TEMPLATE)?;
    let hash = BASE64_STANDARD.encode(Sha256::digest(SCRIPT));
    let view = View::new(results);
    let page = environment.get_template("page")?;
    let page = page.render(context! {
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        script_hash => hash,
        ..Value::from_serialize(&view)
    });
    Ok(visible(&page.context("the page's template")?))
}

/// What the template is given.
#[derive(Serialize)]
struct View<'a> {
    run: &'a crate::results::About,
    took: String,
    machines: Vec<&'a MachineInfo>,
    totals: Vec<Total>,
    summary: String,
    cases: Vec<CaseView<'a>>,
    others: Vec<Group<'a>>,
}

/// How many tests have a status.
#[derive(Serialize)]
struct Total {
    status: &'static str,
    count: usize,
}

/// Tests that are of no case.
#[derive(Serialize)]
struct Group<'a> {
    name: &'a str,
    tests: Vec<TestView<'a>>,
}

#[derive(Serialize)]
struct CaseView<'a> {
    info: &'a CaseInfo,
    /// The statuses of its tests, for the filter.
    statuses: Vec<&'static str>,
    document: Value,
    module: Vec<Value>,
    claim: Vec<Value>,
    diff: Option<Vec<diff::Hunk>>,
    /// Its tests by machine, in the order of the page's machines.
    cells: Vec<Vec<TestView<'a>>>,
    tests: Vec<TestView<'a>>,
}

#[derive(Clone, Serialize)]
struct TestView<'a> {
    /// Its full name, which is where the page has it.
    name: &'a str,
    /// The last part of its name, and the parts between.
    label: &'a str,
    machine: &'a str,
    status: &'static str,
    verdict: &'a str,
    /// How many of how many runs, where there were several.
    runs: Option<String>,
    why: &'a [String],
    took: String,
    repeat: &'a [String],
    guest: Option<GuestView<'a>>,
}

#[derive(Clone, Serialize)]
struct GuestView<'a> {
    run: &'a GuestRun,
    took: String,
    reports: Vec<ReportView<'a>>,
    console: Vec<Segment>,
    lines: usize,
}

#[derive(Clone, Serialize)]
struct ReportView<'a> {
    report: &'a Decoded,
    place: Option<Listing<'a>>,
    trace: Vec<CallView<'a>>,
}

#[derive(Clone, Serialize)]
struct CallView<'a> {
    call: &'a crate::decoded::Call,
    /// It is in the case's own module.
    own: bool,
    place: Option<Listing<'a>>,
}

/// Lines of source, one of which is meant.
#[derive(Clone, Serialize)]
struct Listing<'a> {
    file: &'a str,
    line: u32,
    lines: Vec<ListingLine>,
}

#[derive(Clone, Serialize)]
struct ListingLine {
    number: u32,
    text: Value,
    meant: bool,
}

/// A part of a console.
#[derive(Clone, Serialize)]
struct Segment {
    kind: &'static str,
    /// The first line of it, counted from 1.
    first: usize,
    lines: usize,
    text: String,
}

impl<'a> View<'a> {
    fn new(results: &'a Results) -> Self {
        let totals = results.totals();
        let of_case = |test: &TestResult| {
            let case = test.path()[0];
            results.cases.iter().any(|info| info.id == case)
        };
        let others: Vec<&TestResult> = results.tests.iter().filter(|t| !of_case(t)).collect();
        // A machine that nothing ran on is no column.
        let has_tests = |machine: &&MachineInfo| {
            let mut tests = results.tests.iter();
            tests.any(|test| of_case(test) && test.path().get(1) == Some(&&*machine.name))
        };
        let machines: Vec<&MachineInfo> = results.machines.iter().filter(has_tests).collect();
        Self {
            run: &results.run,
            took: seconds(results.run.seconds),
            totals: Status::ALL
                .iter()
                .map(|status| Total {
                    status: status.name(),
                    count: totals.of(*status),
                })
                .filter(|total| total.count > 0)
                .collect(),
            summary: totals.in_words(),
            cases: results
                .cases
                .iter()
                .map(|info| CaseView::new(results, &machines, info))
                .collect(),
            machines: machines.clone(),
            others: others
                .chunk_by(|a, b| a.path()[0] == b.path()[0])
                .map(|tests| Group {
                    name: tests[0].path()[0],
                    tests: tests.iter().map(|test| TestView::new(test, 1)).collect(),
                })
                .collect(),
        }
    }
}

impl<'a> CaseView<'a> {
    fn new(results: &'a Results, machines: &[&MachineInfo], info: &'a CaseInfo) -> Self {
        let tests: Vec<TestView<'a>> = results
            .tests
            .iter()
            .filter(|test| test.path()[0] == info.id)
            .map(|test| TestView::new(test, 2))
            .collect();
        let mut statuses: Vec<&'static str> = tests.iter().map(|test| test.status).collect();
        statuses.sort_unstable();
        statuses.dedup();
        let cell = |machine: &str| {
            let here = tests.iter().filter(|test| test.machine == machine);
            here.cloned().collect()
        };
        Self {
            info,
            statuses,
            document: document::html(rest(&info.document)),
            module: code::lines(&info.module.text, code::Language::of(&info.module.path)),
            claim: code::lines(&info.claim.text, code::Language::Toml),
            diff: info
                .twin
                .as_ref()
                .map(|twin| diff::hunks(&info.module, twin)),
            cells: machines.iter().map(|machine| cell(&machine.name)).collect(),
            tests,
        }
    }
}

/// A document without its first sentence, which the page has at the top.
fn rest(document: &str) -> &str {
    document
        .split_once("\n\n")
        .map_or(document, |(_, rest)| rest)
}

impl<'a> TestView<'a> {
    /// `group` is how many parts of its name stand elsewhere on the page.
    fn new(test: &'a TestResult, group: usize) -> Self {
        let path = test.path();
        let skip: usize = path.iter().take(group).map(|part| part.len() + 1).sum();
        let label = test.name.get(skip..).filter(|label| !label.is_empty());
        let verdict = match test.status {
            Status::Pass => "match",
            Status::Skip => "skipped",
            Status::NotRun => "did not run",
            Status::Fail | Status::Error => test
                .why
                .first()
                .filter(|_| test.guest.is_some() || group > 1)
                .map_or("failed", String::as_str),
        };
        let named = test.why.first().is_some_and(|first| first == verdict);
        Self {
            name: &test.name,
            label: label.unwrap_or(&test.name),
            machine: path.get(1).copied().unwrap_or_default(),
            status: test.status.name(),
            verdict,
            runs: test.runs.map(|runs| runs.in_words()),
            why: &test.why[usize::from(named)..],
            took: seconds(test.seconds),
            repeat: &test.repeat,
            guest: test.guest.as_ref().map(GuestView::new),
        }
    }
}

impl<'a> GuestView<'a> {
    fn new(run: &'a GuestRun) -> Self {
        let module = run.case.replace('-', "_");
        let own = |module_of: &Option<String>, function: &str| {
            let fixed = format!("{module}_fixed");
            module_of
                .as_ref()
                .is_some_and(|name| *name == module || *name == fixed)
                || function.contains(&format!("{module}::"))
                || function.contains(&format!("{fixed}::"))
        };
        let reports = run.decoded.iter().map(|report| ReportView {
            report,
            place: report.place.as_ref().map(Listing::new),
            trace: report
                .trace
                .iter()
                .map(|call| CallView {
                    call,
                    own: own(&call.module, &call.function),
                    place: call.place.as_ref().map(Listing::new),
                })
                .collect(),
        });
        let ranges: Vec<_> = run
            .decoded
            .iter()
            .map(|report| report.lines.0..=report.lines.1)
            .collect();
        let took = run
            .record
            .get("seconds")
            .and_then(serde_json::Value::as_f64);
        Self {
            run,
            took: took.map_or_else(String::new, seconds),
            reports: reports.collect(),
            console: segments(&run.console, &ranges),
            lines: run.console.lines().count(),
        }
    }
}

impl<'a> Listing<'a> {
    fn new(place: &'a Source) -> Self {
        let text = place.text.join("\n");
        let lines = code::lines(&text, code::Language::of(&place.file));
        Self {
            file: &place.file,
            line: place.line,
            lines: lines
                .into_iter()
                .zip(place.first..)
                .map(|(text, number)| ListingLine {
                    number,
                    text,
                    meant: number == place.line,
                })
                .collect(),
        }
    }
}

/// A console in parts: what came before the case, the case, and the reports in it.
fn segments(console: &str, reports: &[RangeInclusive<usize>]) -> Vec<Segment> {
    let begin = console
        .lines()
        .position(|line| line.contains("oopsarium: begin "))
        .map_or(0, |index| index + 1);
    let mut segments: Vec<Segment> = Vec::new();
    for (line, number) in console.lines().zip(1..) {
        let kind = if reports.iter().any(|range| range.contains(&number)) {
            "report"
        } else if number < begin {
            "boot"
        } else {
            "case"
        };
        let text = line.trim_end_matches('\r');
        match segments.last_mut() {
            Some(last) if last.kind == kind => {
                last.text.push('\n');
                last.text += text;
                last.lines += 1;
            }
            _ => segments.push(Segment {
                kind,
                first: number,
                lines: 1,
                text: text.to_owned(),
            }),
        }
    }
    segments
}

/// A text with its control characters as pictures of themselves, wherever they come from.
fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' | '\n' => c,
            '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            '\x7f'..='\u{9f}' => '\u{fffd}',
            // What would turn the order of what follows.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            _ => c,
        })
        .collect()
}

fn seconds(seconds: f64) -> String {
    term::seconds(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
