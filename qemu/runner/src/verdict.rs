// SPDX-License-Identifier: GPL-2.0

//! The verdict: what a guest printed, held against what its case claims. Pure: no file is
//! read and nothing is started here.

use crate::{
    claim::{Claim, ClaimedReport, Ends},
    console::Line,
    guest::{Ended, FLOOD},
    report::{Kind, Location, Report},
};
use serde::Serialize;
use std::{fmt, os::unix::process::ExitStatusExt};

/// What init and the boot hook put before the lines that are meant for this program.
pub const MARK: &str = "oopsarium: ";

/// How much of a line is quoted, in characters.
const LAST_WORDS: usize = 300;

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", content = "why", rename_all = "kebab-case")]
pub enum Verdict {
    /// As claimed.
    Match,
    /// Not as claimed, for these reasons.
    Differs(Vec<String>),
    /// The bug was committed, and the kernel said nothing.
    Survived(Vec<String>),
    /// A report is cut off or mixed with another.
    Corrupted(Vec<String>),
    /// Time ran out.
    Timeout(Vec<String>),
    /// There is nothing to judge.
    CouldNotRun(Vec<String>),
    /// It was not to be run.
    Skipped(String),
}

impl Verdict {
    /// Its name, for a verdict line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Differs(_) => "differs",
            Self::Survived(_) => "survived",
            Self::Corrupted(_) => "corrupted",
            Self::Timeout(_) => "timeout",
            Self::CouldNotRun(_) => "could not run",
            Self::Skipped(_) => "skipped",
        }
    }

    /// The reasons for it.
    pub fn why(&self) -> &[String] {
        match self {
            Self::Match => &[],
            Self::Skipped(why) => std::slice::from_ref(why),
            Self::Differs(why)
            | Self::Survived(why)
            | Self::Corrupted(why)
            | Self::Timeout(why)
            | Self::CouldNotRun(why) => why,
        }
    }

    /// The same with one reason more; a match has none.
    pub fn because(mut self, reason: String) -> Self {
        if let Self::Differs(why)
        | Self::Survived(why)
        | Self::Corrupted(why)
        | Self::Timeout(why)
        | Self::CouldNotRun(why) = &mut self
        {
            why.push(reason);
        }
        self
    }

    /// The same with one reason more, unless it is a match.
    pub fn because_not_match(self, reason: impl FnOnce() -> String) -> Self {
        match self {
            Self::Match => self,
            other => other.because(reason()),
        }
    }

    /// The program's exit status for it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Match => 0,
            Self::Differs(_) | Self::Survived(_) | Self::Corrupted(_) => 1,
            Self::Skipped(_) => 4,
            Self::CouldNotRun(_) => 69,
            Self::Timeout(_) => 124,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

/// What a verdict is found on.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    /// The module that was loaded, or the case that was linked in.
    pub module: &'a str,
    /// Everything that the run did in the guest, by the names with which it begins and ends.
    pub parts: &'a [String],
    /// The console.
    pub lines: &'a [Line],
    /// The reports in it.
    pub reports: &'a [Report],
    /// How the guest ended.
    pub ended: Ended,
    /// The place that a report names, or where its title's function stood; and the statement
    /// there, if the source has one.
    pub statement: &'a dyn Fn(&Report) -> Option<Statement>,
}

/// A place in the source, and the statement there, if the source has one.
pub type Statement = (Location, Option<String>);

/// Holds what was printed against what is claimed.
pub fn judge(claim: &Claim, evidence: &Evidence<'_>) -> Verdict {
    let first = evidence.parts.first().map_or(evidence.module, |part| part);
    let Some(begin) = evidence.marker(&format!("begin {first}")) else {
        return no_begin(evidence);
    };
    match evidence.ended {
        Ended::TimedOut => return Verdict::Timeout(vec![evidence.last_words()]),
        Ended::Flooded => return flooded(evidence),
        // Somebody ended QEMU: the host's memory ran out, or a person lost patience.
        Ended::Exited(status) if status.signal().is_some() => {
            let why = format!("QEMU was ended ({status}); {}", evidence.last_words());
            return Verdict::CouldNotRun(vec![why]);
        }
        Ended::Exited(_) | Ended::Done => {}
    }
    let done = evidence.marker("done").is_some();
    let end = evidence.end_status();
    let primary: Vec<&Report> = evidence
        .reports
        .iter()
        .filter(|report| report.consequence_of.is_none())
        .collect();

    let mut why = Vec::new();
    for report in &primary {
        if report.first < begin {
            why.push(format!("before the case began: {}", report.headline));
        }
    }
    let expected = expand(&claim.reports);
    compare_reports(&expected, &primary, evidence, &mut why);
    compare_lines(&claim.before, &evidence.lines[..begin], &mut why);
    compare_lines(&claim.lines, &evidence.lines[begin..], &mut why);
    if let Some(checks) = claim.checks {
        compare_checks(checks, evidence, &mut why);
    }
    match (claim.ends, done) {
        (Ends::Alive, false) => why.push(format!(
            "the guest died before it was done; {}",
            evidence.last_words()
        )),
        (Ends::Panic, true) => why.push("the guest lived on, and is claimed to panic".to_owned()),
        (Ends::Panic, false) if !evidence.reports.iter().any(|r| r.kind == Kind::Panic) => {
            why.push("the guest ended, and no panic says why".to_owned());
        }
        _ => {}
    }
    if why.is_empty() {
        return Verdict::Match;
    }
    if let Some(broken) = primary.iter().find(|report| !report.complete) {
        why.insert(0, format!("this report is not whole: {}", broken.headline));
        return Verdict::Corrupted(why);
    }
    let attempted = ["attempting: ", "ok ", "not ok "]
        .iter()
        .any(|what| evidence.says_after(begin, what));
    match end {
        // insmod's own refusal: an unknown symbol, a module of another kernel.
        Some(status) if status != 0 && primary.is_empty() && !attempted => {
            why.insert(
                0,
                format!(
                    "insmod failed with status {status}: {}",
                    evidence.refusal(begin)
                ),
            );
            if evidence
                .lines
                .iter()
                .any(|line| line.text.contains("version magic '"))
            {
                why.insert(
                    1,
                    "the module was built for another kernel; make clean, and run it again: it \
                     builds both"
                        .to_owned(),
                );
            }
            Verdict::CouldNotRun(why)
        }
        _ if done && primary.is_empty() && !expected.is_empty() && attempted => {
            Verdict::Survived(why)
        }
        _ => Verdict::Differs(why),
    }
}

impl Evidence<'_> {
    /// The index of the line that our side printed and that reads `text`.
    fn marker(&self, text: &str) -> Option<usize> {
        self.lines
            .iter()
            .position(|line| line.text.strip_prefix(MARK) == Some(text))
    }

    /// What insmod, or the case that was linked in, returned.
    fn end_status(&self) -> Option<i32> {
        let start = format!("{MARK}end {} status=", self.module);
        self.lines
            .iter()
            .find_map(|line| line.text.strip_prefix(&start)?.trim().parse().ok())
    }

    /// What the case itself says in this line, if it does.
    fn said<'a>(&self, line: &'a Line) -> Option<&'a str> {
        line.text.strip_prefix(self.module)?.strip_prefix(": ")
    }

    fn says_after(&self, begin: usize, what: &str) -> bool {
        self.lines[begin..]
            .iter()
            .any(|line| self.said(line).is_some_and(|said| said.starts_with(what)))
    }

    /// The last thing that the console said.
    fn last_words(&self) -> String {
        let last = self
            .lines
            .iter()
            .rev()
            .find(|line| !line.text.trim().is_empty());
        match last {
            Some(line) => {
                let text = line.text.trim();
                // Of a line that never ends, its end is the last.
                let skipped = text.chars().count().saturating_sub(LAST_WORDS);
                let text: String = text.chars().skip(skipped).collect();
                let dots = if skipped > 0 { "… " } else { "" };
                format!("the last that it said: {dots}{text}")
            }
            None => "it said nothing".to_owned(),
        }
    }

    /// What was said between the beginning and the end of a case that would not load.
    fn refusal(&self, begin: usize) -> String {
        let said: Vec<&str> = self.lines[begin + 1..]
            .iter()
            .map(|line| line.text.trim())
            .take_while(|text| !text.starts_with(MARK))
            .filter(|text| !text.is_empty())
            .collect();
        said.join("; ")
    }
}

/// Nobody can say of a log that has no end what it would have said.
fn flooded(evidence: &Evidence<'_>) -> Verdict {
    let why = format!(
        "the guest printed more than {} MiB, and was ended; {}",
        FLOOD >> 20,
        evidence.last_words()
    );
    Verdict::Corrupted(vec![why])
}

fn no_begin(evidence: &Evidence<'_>) -> Verdict {
    let mut why = vec![format!(
        "the guest never came to the case; {}",
        evidence.last_words()
    )];
    if let Some(report) = evidence.reports.first() {
        why.push(format!("the first report: {}", report.headline));
    }
    match evidence.ended {
        Ended::TimedOut => Verdict::Timeout(why),
        Ended::Flooded => flooded(evidence),
        _ => Verdict::CouldNotRun(why),
    }
}

/// One report for each line that a claimed one comes after.
fn expand(claimed: &[ClaimedReport]) -> Vec<(&ClaimedReport, Option<&str>)> {
    claimed
        .iter()
        .flat_map(|report| {
            let after: Vec<Option<&str>> = if report.after.is_empty() {
                vec![None]
            } else {
                report
                    .after
                    .iter()
                    .map(|line| Some(line.as_str()))
                    .collect()
            };
            after.into_iter().map(move |line| (report, line))
        })
        .collect()
}

fn compare_reports(
    expected: &[(&ClaimedReport, Option<&str>)],
    found: &[&Report],
    evidence: &Evidence<'_>,
    why: &mut Vec<String>,
) {
    for (index, (claimed, after)) in expected.iter().enumerate() {
        let name = if expected.len() == 1 {
            String::new()
        } else {
            format!("report {}: ", index + 1)
        };
        match found.get(index) {
            Some(report) => {
                let mut differences = compare(claimed, *after, report, evidence);
                why.extend(differences.drain(..).map(|text| name.clone() + &text));
            }
            None => why.push(format!("{name}claimed and not seen: {}", claimed.title)),
        }
    }
    for report in found.iter().skip(expected.len()) {
        why.push(format!("a report that nothing claims: {}", report.headline));
    }
}

/// How a report differs from the one that is claimed.
fn compare(
    claimed: &ClaimedReport,
    after: Option<&str>,
    report: &Report,
    evidence: &Evidence<'_>,
) -> Vec<String> {
    let mut why = Vec::new();
    let mut check = |what: &str, claimed: &str, found: &str| {
        if claimed != found {
            why.push(format!("{what}: claimed \"{claimed}\", found \"{found}\""));
        }
    };
    check("kind", claimed.kind.name(), report.kind.name());
    check("title", &claimed.title, &report.title);
    if let Some(statement) = &claimed.statement {
        match (evidence.statement)(report) {
            None => check("statement", statement, "no file and line for this report"),
            Some((place, found)) => {
                let found = found.as_deref().unwrap_or("nothing that the source has");
                check(
                    &format!("statement at {}:{}", place.file, place.line),
                    statement,
                    found,
                );
            }
        }
    }
    if let Some(after) = after {
        let said = evidence.lines[..report.first]
            .iter()
            .rev()
            .find_map(|line| evidence.said(line))
            .map(|said| format!("{}: {said}", evidence.module));
        check(
            "after",
            after,
            said.as_deref().unwrap_or("nothing that the case said"),
        );
    }
    if !report.complete {
        why.push(format!("not whole: {}", report.headline));
    }
    if let Some(missing) = missing_frame(&claimed.trace, report) {
        why.push(format!(
            "trace: no {missing} where it is claimed; the trace is {}",
            functions(report).join(" < ")
        ));
    }
    why
}

/// The functions of a trace that the kernel vouches for, from the inside out.
fn functions(report: &Report) -> Vec<String> {
    report
        .trace
        .iter()
        .filter(|frame| frame.reliable)
        .map(|frame| frame.symbol.demangled())
        .collect()
}

/// The first of the claimed functions that does not follow those before it.
fn missing_frame<'a>(claimed: &'a [String], report: &Report) -> Option<&'a str> {
    let functions = functions(report);
    let mut rest = functions.iter();
    claimed
        .iter()
        .find(|wanted| !rest.any(|function| function == *wanted))
        .map(String::as_str)
}

/// Every part of a sample has to come to its end, and to say there that its checks passed; no
/// check may have failed, and as many as are claimed must have been made.
fn compare_checks(claimed: u32, evidence: &Evidence<'_>, why: &mut Vec<String>) {
    let mut passed = 0;
    for part in evidence.parts {
        let Some(begin) = evidence.marker(&format!("begin {part}")) else {
            why.push(format!("{part} never began"));
            continue;
        };
        let own = &evidence.lines[begin..];
        let ends = format!("{MARK}end {part} status=");
        let end = own.iter().position(|line| line.text.starts_with(&ends));
        match end.and_then(|end| own[end].text.strip_prefix(&ends)) {
            None => why.push(format!("{part} never came to its end")),
            Some("0") => {}
            Some(status) => why.push(format!("{part} ended with status {status}")),
        }
        let said = own[..end.unwrap_or(own.len())]
            .iter()
            .filter_map(|line| line.text.strip_prefix(part.as_str())?.strip_prefix(": "));
        let mut last = None;
        for said in said {
            // busybox's insmod tries a module that fails a second time.
            if said.starts_with("not ok ") && !why.iter().any(|reason| reason == said) {
                why.push(said.to_owned());
            }
            last = said.strip_suffix(" checks passed").or(last);
        }
        match last.and_then(|count| count.parse::<u32>().ok()) {
            Some(count) => passed += count,
            None => why.push(format!("{part} never said that its checks passed")),
        }
    }
    if passed != claimed {
        why.push(format!("checks: claimed {claimed}, passed {passed}"));
    }
}

/// What remains of `lines` for one run, `own`, of several in the same guest: everything but
/// what stands between the beginning and the end of the `others`.
pub fn without_others(lines: &[Line], own: &[String], others: &[String]) -> Vec<Line> {
    let mut inside: Option<&str> = None;
    let mut rest = Vec::new();
    for line in lines {
        let mark = line.text.strip_prefix(MARK);
        if let Some(name) = mark.and_then(|mark| mark.strip_prefix("begin ")) {
            inside = others
                .iter()
                .find(|other| *other == name && !own.contains(other))
                .map(String::as_str);
        }
        if inside.is_none() {
            rest.push(line.clone());
        }
        let ends = mark.and_then(|mark| mark.strip_prefix("end "));
        if ends.is_some_and(|end| end.split(' ').next() == inside) {
            inside = None;
        }
    }
    rest
}

/// The claimed parts of lines have to come in order.
fn compare_lines(claimed: &[String], lines: &[Line], why: &mut Vec<String>) {
    let has = |line: &Line, wanted: &String| line.text.contains(wanted.as_str());
    let mut rest = lines.iter();
    for wanted in claimed {
        if rest.any(|line| has(line, wanted)) {
            continue;
        }
        why.push(if lines.iter().any(|line| has(line, wanted)) {
            format!("line out of order: {wanted}")
        } else {
            format!("line not seen: {wanted}")
        });
        // What comes after a missing line is compared from the start.
        rest = lines.iter();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{console, report};

    const LOG: &str = "\
[    0.5] Linux version 6.12
[    1.0][    T1] oopsarium: begin gfp_slab
[    1.1][   T29] gfp_slab: attempting: kmalloc(256, __GFP_DMA32 | __GFP_DMA)
[    1.2][   T29] ------------[ cut here ]------------
[    1.2][   T29] kernel BUG at include/linux/gfp.h:143!
[    1.2][   T29] Oops: invalid opcode: 0000 [#1] SMP
[    1.2][   T29] CPU: 0 UID: 0 PID: 29 Comm: insmod Tainted: G           O       6.12.117 #1
[    1.2][   T29] RIP: 0010:___slab_alloc+0x6b3/0x6c0
[    1.2][   T29] Code: ff <0f> 0b
[    1.2][   T29] Call Trace:
[    1.2][   T29]  <TASK>
[    1.2][   T29]  ? vprintk+0x44/0x50
[    1.2][   T29]  __kmalloc_noprof+0x12c/0x1a0
[    1.2][   T29]  do_one_initcall+0xfc/0x2a0
[    1.2][   T29]  </TASK>
[    1.2][   T29] Modules linked in: gfp_slab(O+)
[    1.2][   T29] ---[ end trace 0000000000000000 ]---
[    1.2][   T29] RIP: 0010:___slab_alloc+0x6b3/0x6c0
Segmentation fault
[    1.3][    T1] oopsarium: end gfp_slab status=139
[    1.3][    T1] oopsarium: done
";

    fn claim() -> Claim {
        Claim {
            lines: vec![
                "gfp_slab: attempting: kmalloc(256".into(),
                "kernel BUG at".into(),
            ],
            reports: vec![ClaimedReport {
                kind: Kind::Bug,
                title: "kernel BUG in ___slab_alloc".into(),
                statement: Some("VM_BUG_ON(bad);".into()),
                trace: vec!["___slab_alloc".into(), "do_one_initcall".into()],
                after: vec!["gfp_slab: attempting: kmalloc(256, __GFP_DMA32 | __GFP_DMA)".into()],
            }],
            ..Claim::default()
        }
    }

    fn exited() -> Ended {
        Ended::Exited(std::process::ExitStatus::from_raw(0))
    }

    fn judged(log: &str, claim: &Claim, ended: Ended) -> Verdict {
        let lines = console::lines(log.as_bytes());
        let reports = report::reports(&lines);
        judge(
            claim,
            &Evidence {
                module: "gfp_slab",
                parts: &["gfp_slab".to_owned()],
                lines: &lines,
                reports: &reports,
                ended,
                statement: &|report| {
                    let statement = Some("VM_BUG_ON(bad);".into());
                    Some((report.location.clone()?, statement))
                },
            },
        )
    }

    /// The verdict on the good log, and on the good claim, after a change to each.
    fn check(change: impl Fn(String) -> String, claim_change: impl Fn(&mut Claim)) -> Verdict {
        let mut claim = claim();
        claim_change(&mut claim);
        judged(&change(LOG.to_owned()), &claim, exited())
    }

    fn red(verdict: &Verdict, name: &str, part: &str) {
        assert_eq!(verdict.name(), name, "{verdict:?}");
        assert!(
            verdict.why().join("\n").contains(part),
            "{verdict:?} has no \"{part}\""
        );
    }

    fn without(from: &str, to: &str) -> impl Fn(String) -> String {
        let (from, to) = (from.to_owned(), to.to_owned());
        move |log| {
            let start = log.find(&from).unwrap();
            let end = start + log[start..].find(&to).unwrap();
            format!("{}{}", &log[..start], &log[end..])
        }
    }

    #[test]
    fn the_good_log_matches() {
        assert_eq!(check(|log| log, |_| ()), Verdict::Match);
    }

    #[test]
    fn every_part_of_a_claim_can_turn_it_red() {
        let same = |log| log;
        red(
            &check(same, |c| c.reports[0].kind = Kind::Warning),
            "differs",
            "kind: claimed \"warning\"",
        );
        red(
            &check(same, |c| c.reports[0].title.push('x')),
            "differs",
            "title: claimed",
        );
        let statement = |c: &mut Claim| c.reports[0].statement = Some("BUG();".into());
        red(
            &check(same, statement),
            "differs",
            "statement at include/linux/gfp.h:143: claimed \"BUG();\"",
        );
        red(
            &check(same, |c| c.reports[0].trace[0].push('x')),
            "differs",
            "trace: no ___slab_allocx",
        );
        red(
            &check(same, |c| c.reports[0].trace.reverse()),
            "differs",
            "trace: no ___slab_alloc",
        );
        red(
            &check(same, |c| c.reports[0].after[0].push('x')),
            "differs",
            "after: claimed",
        );
        red(
            &check(same, |c| c.lines.push("more".into())),
            "differs",
            "line not seen: more",
        );
        let before = |text: &'static str| move |c: &mut Claim| c.before.push(text.into());
        assert_eq!(check(same, before("Linux version")), Verdict::Match);
        red(
            &check(same, before("attempting")),
            "differs",
            "line not seen: attempting",
        );
        red(
            &check(same, |c| c.lines.reverse()),
            "differs",
            "line out of order",
        );
        red(
            &check(same, |c| c.reports.clear()),
            "differs",
            "a report that nothing claims: kernel BUG",
        );
        red(
            &check(same, |c| c.ends = Ends::Panic),
            "differs",
            "lived on",
        );
        let twice = |c: &mut Claim| c.reports.push(c.reports[0].clone());
        red(
            &check(same, twice),
            "differs",
            "report 2: claimed and not seen",
        );
    }

    #[test]
    fn frames_that_the_kernel_does_not_vouch_for_do_not_count() {
        let verdict = check(|log| log, |c| c.reports[0].trace = vec!["vprintk".into()]);
        red(&verdict, "differs", "trace: no vprintk");
    }

    #[test]
    fn a_bug_that_does_not_fire_is_survived() {
        let quiet = without("[    1.2]", "[    1.3]");
        red(&check(quiet, |_| ()), "survived", "claimed and not seen");
    }

    #[test]
    fn a_second_report_is_not_overlooked() {
        let second = |log: String| {
            log.replace(
                "Segmentation fault",
                "[    1.2][    T1] WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:1 f+0x1/0x2\n\
                 [    1.2][    T1] RIP: 0010:f+0x1/0x2\n\
                 [    1.2][    T1] ---[ end trace 0000000000000000 ]---",
            )
        };
        red(
            &check(second, |_| ()),
            "differs",
            "a report that nothing claims: WARNING",
        );
    }

    #[test]
    fn a_report_before_the_case_is_not_overlooked() {
        let early = |log: String| {
            let end = log.find("Segmentation").unwrap();
            let report = log[log.find("[    1.2]").unwrap()..end].to_owned();
            format!("{report}{log}")
        };
        red(&check(early, |_| ()), "differs", "before the case began");
    }

    #[test]
    fn a_log_that_is_cut_off_is_corrupted() {
        let cut = |log: String| log[..log.find("[    1.2][   T29] Call Trace").unwrap()].to_owned();
        red(&check(cut, |_| ()), "corrupted", "not whole");
    }

    #[test]
    fn nothing_passes_for_want_of_evidence() {
        red(
            &check(|_| String::new(), |_| ()),
            "could not run",
            "it said nothing",
        );
        let early = |log: String| log[..log.find("[    1.0]").unwrap()].to_owned();
        red(&check(early, |_| ()), "could not run", "Linux version 6.12");
        let no_end = without("[    1.3][    T1] oopsarium: done", "\n");
        red(&check(no_end, |_| ()), "differs", "died before it was done");
        let hung = judged(LOG, &claim(), Ended::TimedOut);
        red(&hung, "timeout", "the last that it said: oopsarium: done");
        let killed = Ended::Exited(std::process::ExitStatus::from_raw(9));
        red(
            &judged(LOG, &claim(), killed),
            "could not run",
            "QEMU was ended (signal: 9",
        );
        red(
            &judged(LOG, &claim(), Ended::Flooded),
            "corrupted",
            "more than 8 MiB",
        );
        red(
            &judged("Linux version 6.12\n", &claim(), Ended::Flooded),
            "corrupted",
            "more than 8 MiB",
        );
        let hung = judged("Linux version 6.12\n", &claim(), Ended::TimedOut);
        red(&hung, "timeout", "never came to the case");
        // A silent twin whose module would not load has not shown anything.
        let silent = Claim {
            lines: vec!["survived".into()],
            ..Claim::default()
        };
        let refused = "oopsarium: begin gfp_slab\ngfp_slab: Unknown symbol x\n\
                       oopsarium: end gfp_slab status=1\noopsarium: done\n";
        red(
            &judged(refused, &silent, exited()),
            "could not run",
            "Unknown symbol x",
        );
    }

    const SAMPLES: &str = "\
Linux version 6.12
oopsarium: begin a
a: ok 1 one
a: 1 checks passed
oopsarium: end a status=0
oopsarium: begin b
b: ok 1 one
WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:1 f+0x1/0x2
RIP: 0010:f+0x1/0x2
---[ end trace 0000000000000000 ]---
b: 1 checks passed
oopsarium: end b status=0
oopsarium: begin a_check
a_check: ok 1 more
a_check: ok 2 still more
a_check: 2 checks passed
oopsarium: end a_check status=0
oopsarium: done
";

    /// The verdict on the sample `a`, which shares its guest with `b`.
    fn sample(log: &str, checks: u32) -> Verdict {
        let own = ["a".to_owned(), "a_check".to_owned()];
        let others = ["a".to_owned(), "b".to_owned(), "a_check".to_owned()];
        let lines = without_others(&console::lines(log.as_bytes()), &own, &others);
        let claim = Claim {
            checks: Some(checks),
            ..Claim::default()
        };
        judge(
            &claim,
            &Evidence {
                module: "a",
                parts: &own,
                lines: &lines,
                reports: &report::reports(&lines),
                ended: exited(),
                statement: &|_| None,
            },
        )
    }

    #[test]
    fn a_sample_passes_when_all_its_parts_say_so() {
        assert_eq!(sample(SAMPLES, 3), Verdict::Match);
        red(&sample(SAMPLES, 4), "differs", "claimed 4, passed 3");
    }

    #[test]
    fn a_sample_that_does_not_say_its_last_word_is_red() {
        let silent = |gone: &str| {
            assert!(SAMPLES.contains(gone));
            sample(&SAMPLES.replace(gone, ""), 3)
        };
        red(&silent("a: 1 checks passed\n"), "differs", "a never said");
        red(&silent("oopsarium: end a status=0\n"), "differs", "its end");
        let second = &SAMPLES[SAMPLES.find("oopsarium: begin a_check").unwrap()..];
        red(&silent(second), "differs", "a_check never began");
        red(&silent("oopsarium: done\n"), "differs", "died before");
        let status = SAMPLES.replace("end a status=0", "end a status=-22");
        red(&sample(&status, 3), "differs", "a ended with status -22");
        let failed = SAMPLES.replace("a: ok 1 one", "a: not ok 1 one: expected 1, found 2");
        red(&sample(&failed, 3), "differs", "expected 1, found 2");
    }

    #[test]
    fn a_report_is_that_sample_s_in_which_it_comes() {
        let inside = SAMPLES
            .replace("begin b", "begin c")
            .replace("end b", "end c");
        red(
            &sample(&inside, 3),
            "differs",
            "a report that nothing claims",
        );
    }

    #[test]
    fn a_module_of_another_kernel_is_named_as_that() {
        let log = "oopsarium: begin gfp_slab\n\
            gfp_slab: version magic '6.1.0 SMP mod_unload ' should be '6.12.117 SMP mod_unload '\n\
            insmod: can't insert '/lib/modules/6.12.117/extra/gfp_slab.ko': invalid module format\n\
            oopsarium: end gfp_slab status=1\noopsarium: done\n";
        let verdict = judged(log, &claim(), exited());
        red(&verdict, "could not run", "built for another kernel");
        red(&verdict, "could not run", "version magic '6.1.0 SMP");
    }

    #[test]
    fn each_verdict_has_its_exit_code() {
        let codes = [
            (Verdict::Match, 0),
            (Verdict::Differs(vec![]), 1),
            (Verdict::Survived(vec![]), 1),
            (Verdict::Corrupted(vec![]), 1),
            (Verdict::Skipped(String::new()), 4),
            (Verdict::CouldNotRun(vec![]), 69),
            (Verdict::Timeout(vec![]), 124),
        ];
        for (verdict, code) in codes {
            assert_eq!(verdict.exit_code(), code);
        }
    }
}
