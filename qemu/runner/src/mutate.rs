// SPDX-License-Identifier: GPL-2.0

//! `make mutate`: changes consoles and claims, one small change at a time, and sees that each
//! turns its run red. It starts from what the last runs left in `build/results`, so that no
//! guest is booted; a change that nobody notices is a hole in the claim, or in the judge.

use crate::{
    case::{Case, Side},
    claim::{Claim, Ends},
    console::{self, Line},
    guest::Ended,
    machine::Machine,
    project::Project,
    report::{self, Kind, Report},
    run::Run,
    transcript::{self, Transcript},
    verdict::{self, Evidence, Verdict, MARK},
};
use anyhow::{Context, Result};
use std::{cell::RefCell, collections::BTreeMap, fs};

/// A run that is known to match, with what it printed.
pub struct Subject<'a> {
    run: &'a Run<'a>,
    claim: Claim,
    parts: Vec<String>,
    module: String,
    console: Vec<String>,
    transcript: Option<Transcript>,
    statements: RefCell<BTreeMap<String, Option<verdict::Statement>>>,
}

/// What came of the changes to one run.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many there were.
    pub tried: usize,
    /// How many of them only the transcript noticed.
    pub by_transcript: usize,
    /// Those that nobody noticed.
    pub survived: Vec<String>,
}

/// A change: what it is, and what it makes of the console or the claim.
struct Mutation {
    name: String,
    console: Option<Vec<String>>,
    claim: Option<Claim>,
    ended: Ended,
}

impl<'a> Subject<'a> {
    /// The last run of `run`, if there was one and it matched.
    ///
    /// # Errors
    ///
    /// When what it left cannot be read.
    pub fn read(project: &Project, run: &'a Run<'a>) -> Result<Option<Self>> {
        let folder = run.folder(&project.build.join("results"));
        let Ok(bytes) = fs::read(folder.join("console.log")) else {
            return Ok(None);
        };
        let console = String::from_utf8_lossy(&bytes).replace('\r', "");
        let (case, side, machine): (&Case, Side, &Machine) = (run.case, run.side, run.machine);
        let transcript = transcript::path(case, side, machine);
        let transcript = transcript.and_then(|path| fs::read_to_string(path).ok());
        let transcript = transcript.and_then(|text| Transcript::parse(&text).ok());
        let subject = Self {
            run,
            claim: run.claim()?,
            parts: run.parts(),
            module: case.module(side),
            console: console.lines().map(str::to_owned).collect(),
            transcript,
            statements: RefCell::default(),
        };
        let good = subject.judge(&subject.console, &subject.claim, subject.ended());
        Ok((good.0 == Verdict::Match).then_some(subject))
    }

    /// How its guest ended: with its last word, or by itself.
    fn ended(&self) -> Ended {
        let done = format!("{MARK}done");
        if self.console.iter().any(|line| line.ends_with(&done)) {
            return Ended::Done;
        }
        Ended::Exited(std::process::ExitStatus::default())
    }

    /// The verdict, and whether the transcript holds.
    fn judge(&self, console: &[String], claim: &Claim, ended: Ended) -> (Verdict, bool) {
        let (lines, reports) = self.parse(console);
        let statement = |report: &Report| {
            let place = report.location.as_ref().map(|at| format!("{at:?}"));
            let frame = report.trace.first().map(|frame| frame.raw.clone());
            let key = place.or(frame).unwrap_or_default();
            let mut known = self.statements.borrow_mut();
            let entry = known.entry(key);
            entry.or_insert_with(|| self.run.statement(report)).clone()
        };
        let evidence = Evidence {
            module: &self.module,
            parts: &self.parts,
            lines: &lines,
            reports: &reports,
            ended,
            statement: &statement,
        };
        let verdict = verdict::judge(claim, &evidence);
        let claimed = [claim.before.as_slice(), &claim.lines].concat();
        let text = transcript::lines(&self.parts, &claimed, &lines, &reports);
        let same = self
            .transcript
            .as_ref()
            .is_none_or(|kept| kept.lines == text);
        (verdict, same)
    }

    fn parse(&self, console: &[String]) -> (Vec<Line>, Vec<Report>) {
        let lines = console::lines((console.join("\n") + "\n").as_bytes());
        let reports = report::reports(&lines);
        (lines, reports)
    }

    /// Tries every change, and says which nobody noticed.
    pub fn mutate(&self) -> Tally {
        let mut tally = Tally::default();
        for mutation in self.of_the_console().into_iter().chain(self.of_the_claim()) {
            let console = mutation.console.as_ref().unwrap_or(&self.console);
            let claim = mutation.claim.as_ref().unwrap_or(&self.claim);
            tally.tried += 1;
            let (verdict, same) = self.judge(console, claim, mutation.ended);
            // The transcript is the same whatever is claimed.
            let noticed = !same && mutation.claim.is_none();
            match verdict {
                Verdict::Match if noticed => tally.by_transcript += 1,
                Verdict::Match => tally.survived.push(mutation.name),
                _ => {}
            }
        }
        tally
    }

    fn of_the_console(&self) -> Vec<Mutation> {
        let mut all = Vec::new();
        let ended = self.ended();
        let mut add = |name: String, console: Vec<String>| {
            all.push(Mutation {
                name,
                console: Some(console),
                claim: None,
                ended,
            });
        };
        let (lines, reports) = self.parse(&self.console);
        let raw = |index: usize| lines[index].number - 1;
        let without = |gone: &dyn Fn(usize, &String) -> bool| -> Vec<String> {
            let lines = self.console.iter().enumerate();
            let kept = lines.filter(|(index, line)| !gone(*index, line));
            kept.map(|(_, line)| line.clone()).collect()
        };
        let begin = self.console.iter().position(|line| line.contains(MARK));
        let begin = begin.unwrap_or(0);
        let last = self.console.iter().rposition(|line| {
            line.contains(&format!("{MARK}done")) || line.contains("Kernel panic")
        });
        let last = last.unwrap_or(self.console.len());

        add("an empty log".into(), Vec::new());
        for cut in begin..last {
            let name = format!("cut off before: {}", self.console[cut]);
            add(name, self.console[..cut].to_vec());
        }
        // Nothing that the claim asks for may be missing.
        for part in self.claim.before.iter().chain(&self.claim.lines) {
            let name = format!("without the lines that have: {part}");
            add(name, without(&|_, line| line.contains(part.as_str())));
        }
        // The first line that is claimed comes last.
        if let [first, .., _] = self.claim.lines.as_slice() {
            let (moved, mut rest): (Vec<String>, Vec<String>) = self
                .console
                .iter()
                .cloned()
                .partition(|line| line.contains(first.as_str()));
            rest.extend(moved);
            add("the first claimed line at the end".into(), rest);
        }
        let primary = reports
            .iter()
            .filter(|report| report.consequence_of.is_none());
        for report in primary.clone() {
            let (first, end) = (raw(report.first), raw(report.last));
            let block = self.console[first..=end].to_vec();
            let title = &report.title;
            let name = |what: &str| format!("{title}: {what}");
            let inside = |index: usize| (first..=end).contains(&index);
            add(name("gone"), without(&|index, _| inside(index)));
            let at = |place: usize| {
                let mut console = self.console.clone();
                for (offset, line) in block.iter().enumerate() {
                    console.insert(place + offset, line.clone());
                }
                console
            };
            add(name("twice"), at(end + 1));
            add(name("before the case begins, too"), at(begin));
            add(name("behind the end, too"), at(last));
            for frame in report.trace.iter().filter(|frame| frame.reliable) {
                let symbol = &frame.symbol.name;
                let is_frame =
                    |index: usize, line: &String| inside(index) && line.contains(symbol.as_str());
                add(name(&format!("without {symbol}")), without(&is_frame));
                let renamed = self.console.iter().enumerate().map(|(index, line)| {
                    match is_frame(index, line) {
                        true => line.replace(symbol.as_str(), "somebody_else"),
                        false => line.clone(),
                    }
                });
                add(name(&format!("{symbol} renamed")), renamed.collect());
            }
            if let Some(place) = &report.location {
                for line in [1, place.line + 40] {
                    let old = format!("{}:{}", place.file, place.line);
                    let new = format!("{}:{line}", place.file);
                    let moved = self.console.iter().map(|text| text.replace(&old, &new));
                    add(name(&format!("at {new}")), moved.collect());
                }
            }
        }
        // Something else goes wrong, too.
        for (place, when) in [
            (begin, "before"),
            (begin + 1, "in"),
            (last, "at the end of"),
        ] {
            let mut console = self.console.clone();
            let place = place.min(console.len());
            for line in FOREIGN.iter().rev() {
                console.insert(place, (*line).to_owned());
            }
            add(format!("a foreign warning {when} the case"), console);
        }
        // The transcript's own lines, one at a time.
        if let Some(kept) = &self.transcript {
            for line in &kept.lines {
                let is_it = |raw: &String| {
                    let clean = console::lines(raw.as_bytes());
                    let text = clean.first().map_or("", |line| line.text.as_str());
                    report_line(text).as_deref() == Some(line.as_str())
                };
                if let Some(at) = self.console[begin..].iter().position(is_it) {
                    let name = format!("without the line: {line}");
                    add(name, without(&|index, _| index == begin + at));
                }
            }
        }
        for ended in [Ended::TimedOut, Ended::Flooded] {
            all.push(Mutation {
                name: format!("the guest ended as {ended:?}"),
                console: None,
                claim: None,
                ended,
            });
        }
        all
    }

    fn of_the_claim(&self) -> Vec<Mutation> {
        let mut all = Vec::new();
        let mut add = |name: String, change: &dyn Fn(&mut Claim)| {
            let mut claim = self.claim.clone();
            change(&mut claim);
            all.push(Mutation {
                name: format!("claimed: {name}"),
                console: None,
                claim: Some(claim),
                ended: self.ended(),
            });
        };
        add("one line more".into(), &|claim| {
            claim.lines.push("no such line".into())
        });
        add("one line more before".into(), &|claim| {
            claim.before.push("no such line".into())
        });
        add("another end".into(), &|claim| {
            claim.ends = match claim.ends {
                Ends::Alive => Ends::Panic,
                Ends::Panic => Ends::Alive,
            }
        });
        for index in 0..self.claim.lines.len() {
            let line = &self.claim.lines[index];
            add(format!("another line than {line}"), &|claim| {
                claim.lines[index].push('\u{1}')
            });
        }
        for index in 1..self.claim.lines.len() {
            if self.claim.lines[index - 1] != self.claim.lines[index] {
                let name = format!("lines {index} and {} swapped", index + 1);
                add(name, &|claim| claim.lines.swap(index - 1, index));
            }
        }
        for (index, report) in self.claim.reports.iter().enumerate() {
            let name = |what: &str| format!("{}: {what}", report.title);
            add(name("no such report"), &|claim| {
                claim.reports.remove(index);
            });
            add(name("twice"), &|claim| {
                let again = claim.reports[index].clone();
                claim.reports.insert(index, again);
            });
            add(name("of another kind"), &|claim| {
                let kind = &mut claim.reports[index].kind;
                *kind = if *kind == Kind::Lockdep {
                    Kind::Bug
                } else {
                    Kind::Lockdep
                };
            });
            add(name("with another title"), &|claim| {
                claim.reports[index].title.push('x')
            });
            if report.statement.is_some() {
                add(name("another statement"), &|claim| {
                    claim.reports[index].statement = Some("return 0;".into());
                });
            }
            for (at, function) in report.trace.iter().enumerate() {
                add(name(&format!("not {function}")), &|claim| {
                    claim.reports[index].trace[at].push('x');
                });
            }
            if report.trace.len() > 1 {
                add(name("the trace upside down"), &|claim| {
                    claim.reports[index].trace.reverse();
                });
            }
            for at in 0..report.after.len() {
                add(name("after something else"), &|claim| {
                    claim.reports[index].after[at].push('x');
                });
            }
        }
        add("a report that does not come".into(), &|claim| {
            claim.reports.push(crate::claim::ClaimedReport {
                kind: Kind::Bug,
                title: "kernel BUG in f".into(),
                statement: None,
                trace: Vec::new(),
                after: Vec::new(),
            });
        });
        all
    }
}

/// A line as it stands in a transcript.
fn report_line(text: &str) -> Option<String> {
    let lines = crate::normal::normal([text], &crate::normal::STEPS);
    lines.into_iter().next()
}

const FOREIGN: [&str; 6] = [
    "[    1.0][    T7] ------------[ cut here ]------------",
    "[    1.0][    T7] WARNING: CPU: 0 PID: 7 at mm/page_alloc.c:1 foreign+0x1/0x2",
    "[    1.0][    T7] RIP: 0010:foreign+0x1/0x2",
    "[    1.0][    T7] Call Trace:",
    "[    1.0][    T7]  somebody+0x1/0x2",
    "[    1.0][    T7] ---[ end trace 0000000000000000 ]---",
];

/// Mutates what every one of `runs` printed last, and shows what survived. Says whether
/// nothing did.
///
/// # Errors
///
/// When there is nothing to mutate.
pub fn mutate(project: &Project, runs: &[Run<'_>]) -> Result<bool> {
    let (mut all, mut subjects) = (Tally::default(), 0);
    for run in runs {
        let Some(subject) = Subject::read(project, run)? else {
            println!("{}: no run that matched; make check makes one", run.name());
            continue;
        };
        subjects += 1;
        let tally = subject.mutate();
        println!(
            "{}: {} changes, {} of them noticed by the transcript alone, {} by nobody",
            run.name(),
            tally.tried,
            tally.by_transcript,
            tally.survived.len()
        );
        for name in &tally.survived {
            println!("  - {name}");
        }
        all.tried += tally.tried;
        all.by_transcript += tally.by_transcript;
        all.survived.extend(tally.survived);
    }
    (subjects > 0).then_some(()).context(
        "nothing to mutate: build/results has no run that matched; make check makes them",
    )?;
    println!(
        "{} changes to {subjects} runs: {} survived",
        all.tried,
        all.survived.len()
    );
    Ok(all.survived.is_empty())
}
