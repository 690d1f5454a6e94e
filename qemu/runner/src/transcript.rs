// SPDX-License-Identifier: GPL-2.0

//! Transcripts: what a case printed, as text, kept beside it in `expected/`. Where a claim says
//! what matters, a transcript holds all that is the same every time, so that a change that
//! nobody thought of is seen. Pure, but for reading and writing the file; how a line is freed of
//! what changes is [`normal`]'s affair.

use crate::{
    case::{Case, Side},
    console::Line,
    machine::Machine,
    normal, project,
    report::{Kind, Report},
    verdict::MARK,
};
use anyhow::{bail, Context, Result};
use serde::Serialize;
use similar::TextDiff;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// A transcript: with what it was made, and its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// What the kernel and the tools were.
    pub versions: Versions,
    /// The normalised lines.
    pub lines: Vec<String>,
}

/// What a transcript depends on, by name: the kernel's release, the compilers, QEMU.
pub type Versions = BTreeMap<&'static str, String>;

/// Everything that [`Versions`] has to say, in the order in which a transcript's head has it.
const VERSIONS: [&str; 7] = [
    "kernel", "profile", "accel", "rustc", "clang", "bindgen", "qemu",
];

/// How a run compares with the transcript of its case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What came of it.
    pub status: Status,
    /// The transcript's place, below the project's folder.
    pub file: PathBuf,
    /// What of the kernel and the tools is another than the transcript's.
    pub changed: Vec<Change>,
    /// The difference, as `diff -u` shows it; empty where there is none.
    pub diff: String,
}

/// How a run can compare with a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It printed the same.
    Same,
    /// It printed something else, with the same kernel and tools.
    Differs,
    /// It printed something else, with another kernel or other tools.
    Drift,
    /// There is no transcript.
    Missing,
    /// There is to be none, since a sample checks itself.
    NotKept,
    /// The transcript cannot be read: `diff` says why.
    Damaged,
}

/// A version that is another now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Of what.
    pub what: String,
    /// When the transcript was made.
    pub then: String,
    /// In this run.
    pub now: String,
}

/// Where the transcript of a run is kept: `expected/arm64.txt`, `expected/arm64.fixed.txt`. A
/// sample has none: it prints what it finds, and checks that itself.
pub fn path(case: &Case, side: Side, machine: &Machine) -> Option<PathBuf> {
    if case.is_sample() {
        return None;
    }
    let name = match side {
        Side::Bug => format!("{}.txt", machine.name),
        side => format!("{}.{}.txt", machine.name, case.side_name(side)),
    };
    Some(case.folder.join("expected").join(name))
}

/// What of a console goes into a transcript, normalised: what the case says and how it begins
/// and ends, the lines that its claim names, and every report but those that only follow from
/// another, which come when they come. A report's lines stand together, whatever else was
/// printed meanwhile.
pub fn lines(
    parts: &[String],
    claimed: &[String],
    lines: &[Line],
    reports: &[Report],
) -> Vec<String> {
    let own = |text: &str| {
        parts.iter().any(|part| {
            let rest = text.strip_prefix(part.as_str());
            rest.is_some_and(|rest| rest.starts_with(": "))
        })
    };
    // Not all that init says: that it is ready, only one that waits for a snapshot does.
    let mark = |text: &str| {
        text.strip_prefix(MARK).is_some_and(|said| {
            said == "done" || said.starts_with("begin ") || said.starts_with("end ")
        })
    };
    let wanted = |line: &Line| {
        mark(&line.text)
            || own(&line.text)
            || claimed.iter().any(|part| line.text.contains(part.as_str()))
    };
    let kept = |report: &&Report| report.consequence_of.is_none() || report.kind == Kind::Panic;
    let mut taken = vec![false; lines.len()];
    let mut blocks: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for report in reports {
        let Some(first) = lines.get(report.first) else {
            continue;
        };
        let last = report.last.min(lines.len() - 1);
        let mut block = Vec::new();
        for (index, line) in lines.iter().enumerate().take(last + 1).skip(report.first) {
            if line.caller == first.caller && !taken[index] && !line.text.trim().is_empty() {
                taken[index] = true;
                block.push(line.text.as_str());
            }
        }
        if kept(&report) {
            blocks.insert(report.first, block);
        }
    }
    let mut text = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if let Some(block) = blocks.get(&index) {
            text.extend(block);
        }
        if !taken[index] && wanted(line) {
            text.push(line.text.as_str());
        }
    }
    normal::normal(text, &normal::STEPS)
}

impl Transcript {
    /// Reads what [`Self::text`] wrote.
    ///
    /// # Errors
    ///
    /// When it is not whole: then with the line.
    pub fn parse(text: &str) -> Result<Self> {
        let mut versions = Versions::new();
        let mut head = 0;
        for line in text.lines().take_while(|line| line.starts_with('#')) {
            head += 1;
            let Some((name, value)) = line[1..].trim().split_once(": ") else {
                continue;
            };
            if let Some(known) = VERSIONS.iter().find(|known| **known == name) {
                versions.insert(known, value.to_owned());
            }
        }
        let missing = VERSIONS.iter().find(|name| !versions.contains_key(**name));
        if let Some(missing) = missing {
            bail!("{}: no \"# {missing}: …\" in the head", head.max(1));
        }
        let lines: Vec<String> = text.lines().skip(head + 1).map(str::to_owned).collect();
        if lines.is_empty() || !text.ends_with('\n') {
            bail!("{}: it is cut off", head + 1 + lines.len());
        }
        Ok(Self { versions, lines })
    }

    /// The file that holds it; `about` is its first line, and `how` the command that makes it.
    pub fn text(&self, about: &str, how: &str) -> String {
        let mut text = format!(
            "# SPDX-License-Identifier: GPL-2.0\n# {about}, without what changes from run to run.\n\
             # Written by: {how}\n"
        );
        for name in VERSIONS {
            let value = self.versions.get(name).map_or("unknown", String::as_str);
            text += &format!("# {name}: {value}\n");
        }
        text.push('\n');
        for line in &self.lines {
            text += line;
            text.push('\n');
        }
        text
    }

    /// Holds a run, `self`, against the transcript that is kept of it.
    pub fn compare(&self, root: &Path, case: &Case, side: Side, machine: &Machine) -> Comparison {
        match path(case, side, machine) {
            Some(path) => self.compare_file(&path, path.strip_prefix(root).unwrap_or(&path)),
            None => Comparison {
                status: Status::NotKept,
                file: PathBuf::new(),
                changed: Vec::new(),
                diff: String::new(),
            },
        }
    }

    /// The same with the transcript in `path`, which is named as `file`.
    fn compare_file(&self, path: &Path, file: &Path) -> Comparison {
        let mut comparison = Comparison {
            status: Status::Missing,
            file: file.to_owned(),
            changed: Vec::new(),
            diff: String::new(),
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return comparison,
            Err(error) => {
                comparison.status = Status::Damaged;
                comparison.diff = format!("{}: {error}", file.display());
                return comparison;
            }
        };
        match Self::parse(&text) {
            Ok(expected) => self.compare_with(&expected, comparison),
            Err(error) => {
                comparison.status = Status::Damaged;
                comparison.diff = format!("{}:{error}", file.display());
                comparison
            }
        }
    }

    fn compare_with(&self, expected: &Self, mut comparison: Comparison) -> Comparison {
        let names: std::collections::BTreeSet<&str> = VERSIONS
            .into_iter()
            .chain(self.versions.keys().copied())
            .collect();
        let value = |versions: &Versions, name: &str| {
            versions.get(name).map_or("none", String::as_str).to_owned()
        };
        comparison.changed = names
            .into_iter()
            .map(|name| Change {
                what: name.to_owned(),
                then: value(&expected.versions, name),
                now: value(&self.versions, name),
            })
            .filter(|change| change.then != change.now)
            .collect();
        let same = if comparison.changed.is_empty() {
            self.lines == expected.lines
        } else {
            let across = |lines: &[String]| {
                normal::normal(lines.iter().map(String::as_str), &normal::ACROSS_VERSIONS)
            };
            across(&self.lines) == across(&expected.lines)
        };
        comparison.status = match (same, comparison.changed.is_empty()) {
            (true, _) => Status::Same,
            (false, true) => Status::Differs,
            (false, false) => Status::Drift,
        };
        if !same {
            comparison.diff = diff(&expected.lines, &self.lines, &comparison.file);
        }
        comparison
    }
}

/// The difference as `diff -u` shows it.
pub fn diff(old: &[String], new: &[String], file: &Path) -> String {
    let text = |lines: &[String]| {
        lines
            .iter()
            .map(|line| line.clone() + "\n")
            .collect::<String>()
    };
    let (old, new) = (text(old), text(new));
    TextDiff::from_lines(&old, &new)
        .unified_diff()
        .header(&file.display().to_string(), "this run")
        .to_string()
}

impl Comparison {
    /// What is the matter, in a line; nothing, where it is as it should be.
    pub fn complaint(&self, id: &str) -> Option<String> {
        let file = self.file.display();
        let bless = format!("make bless CASE={id}");
        match self.status {
            Status::Same | Status::NotKept => None,
            Status::Differs => Some(format!(
                "the transcript {file} has other lines; if these are as they should be: {bless}"
            )),
            Status::Drift => {
                let changed: Vec<String> = self
                    .changed
                    .iter()
                    .map(|change| format!("{} {}, now {}", change.what, change.then, change.now))
                    .collect();
                Some(format!(
                    "drift from the transcript {file}, which was made with {}",
                    changed.join("; ")
                ))
            }
            Status::Missing => Some(format!("no transcript {file}: {bless} writes it")),
            Status::Damaged => Some(format!(
                "the transcript cannot be read: {}; {bless} writes it again",
                self.diff
            )),
        }
    }
}

/// Writes a transcript, and says what has changed: the difference from the one before, or
/// nothing if that is the same, its head included.
///
/// # Errors
///
/// When it cannot be written.
pub fn write(path: &Path, file: &Path, transcript: &Transcript, text: &str) -> Result<Written> {
    let old = std::fs::read_to_string(path).ok();
    if old.as_deref() == Some(text) {
        return Ok(Written::Unchanged);
    }
    project::write_whole(path, text.as_bytes()).context("the transcript")?;
    Ok(match old.map(|old| Transcript::parse(&old)) {
        None => Written::New,
        Some(Ok(old)) if old.lines == transcript.lines => Written::Head,
        Some(Ok(old)) => Written::Lines(diff(&old.lines, &transcript.lines, file)),
        Some(Err(_)) => Written::Lines(String::new()),
    })
}

/// What became of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// It was as it is.
    Unchanged,
    /// There was none.
    New,
    /// Only the versions in its head are others.
    Head,
    /// Its lines are others: the difference.
    Lines(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{console, report};

    const LOG: &str = "\
[    0.5][    T1] Linux version 6.12
[    0.6][    T1] cma: Failed to reserve 4 MiB on node -1
[    1.0][    T1] oopsarium: begin gfp_slab
[    1.1][   T29] gfp_slab: attempting: kmalloc(256, __GFP_DMA32 | __GFP_DMA)
[    1.2][   T29] ------------[ cut here ]------------
[    1.2][   T29] kernel BUG at include/linux/gfp.h:143!
[    1.2][    T7] random: crng init done
[    1.2][   T29] Oops: invalid opcode: 0000 [#1] SMP
[    1.2][   T29] CPU: 0 UID: 0 PID: 29 Comm: insmod Tainted: G           O       6.12.117 #1
[    1.2][   T29] RIP: 0010:___slab_alloc+0x6b3/0x6c0
[    1.2][   T29] Code: ff <0f> 0b
[    1.2][   T29] Call Trace:
[    1.2][   T29]  <TASK>
[    1.2][   T29]  ? vprintk+0x44/0x50
[    1.2][   T29]  do_one_initcall+0xfc/0x2a0
[    1.2][   T29]  </TASK>
[    1.2][   T29] Modules linked in: gfp_slab(O+)
[    1.2][   T29] ---[ end trace 0000000000000000 ]---
[    1.2][   T29] RIP: 0010:___slab_alloc+0x6b3/0x6c0
Segmentation fault
[    1.3][    T1] oopsarium: end gfp_slab status=139
[    1.3][    T1] oopsarium: done
[    1.4][   T31] reboot: Restarting system
";

    const EXPECTED: &str = "\
cma: Failed to reserve 4 MiB on node -1
oopsarium: begin gfp_slab
gfp_slab: attempting: kmalloc(256, __GFP_DMA32 | __GFP_DMA)
------------[ cut here ]------------
kernel BUG at include/linux/gfp.h:143!
Oops: invalid opcode: 0000 [#1] SMP
CPU: <cpu> UID: 0 PID: <pid> Comm: insmod Tainted: G O <kernel>
RIP: 0010:___slab_alloc
Call Trace:
 <TASK>
 do_one_initcall
 </TASK>
Modules linked in: gfp_slab(O+)
---[ end trace ]---
RIP: 0010:___slab_alloc
oopsarium: end gfp_slab status=139
oopsarium: done
";

    fn versions(kernel: &str) -> Versions {
        VERSIONS
            .into_iter()
            .map(|name| {
                (
                    name,
                    if name == "kernel" { kernel } else { "1.0" }.to_owned(),
                )
            })
            .collect()
    }

    fn transcript(kernel: &str, log: &str) -> Transcript {
        let console = console::lines(log.as_bytes());
        let reports = report::reports(&console);
        let claimed = ["cma: Failed to reserve".to_owned()];
        Transcript {
            versions: versions(kernel),
            lines: lines(&["gfp_slab".to_owned()], &claimed, &console, &reports),
        }
    }

    /// How a run of `kernel` that printed `log` compares with the good one of 6.12.
    fn compared(kernel: &str, log: &str) -> Comparison {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x86_64.txt");
        let good = transcript("6.12", LOG);
        std::fs::write(&path, good.text("gfp-slab", "make bless")).unwrap();
        transcript(kernel, log).compare_file(&path, Path::new("expected/x86_64.txt"))
    }

    #[test]
    fn what_is_the_same_every_time_is_kept() {
        assert_eq!(transcript("6.12", LOG).lines.join("\n") + "\n", EXPECTED);
        // Another process, and the end of it, is none of the report's business.
        let other = LOG.replace("T29", "T30").replace("PID: 29", "PID: 30");
        assert_eq!(transcript("6.12", &other), transcript("6.12", LOG));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let good = transcript("6.12", LOG);
        let text = good.text("What gfp-slab prints", "make bless CASE=gfp-slab");
        assert!(text.contains("# kernel: 6.12\n"), "{text}");
        assert_eq!(Transcript::parse(&text).unwrap(), good);
    }

    #[test]
    fn a_difference_counts_on_the_same_versions_only() {
        assert_eq!(compared("6.12", LOG).status, Status::Same);
        let moved = LOG.replace("gfp.h:143", "gfp.h:150");
        let differs = compared("6.12", &moved);
        assert_eq!(differs.status, Status::Differs);
        assert!(differs
            .diff
            .contains("-kernel BUG at include/linux/gfp.h:143!"));
        assert!(differs
            .diff
            .contains("+kernel BUG at include/linux/gfp.h:150!"));
        let complaint = differs.complaint("gfp-slab").unwrap();
        assert!(
            complaint.contains("make bless CASE=gfp-slab"),
            "{complaint}"
        );

        // A line's number is another in every release.
        assert_eq!(compared("6.13", &moved).status, Status::Same);
        let drift = compared("6.13", &LOG.replace("___slab_alloc", "___slab_alloc_node"));
        assert_eq!(drift.status, Status::Drift);
        let complaint = drift.complaint("gfp-slab").unwrap();
        assert!(complaint.contains("kernel 6.12, now 6.13"), "{complaint}");
    }

    #[test]
    fn every_line_that_goes_is_seen() {
        for line in EXPECTED.lines() {
            let mut expected = transcript("6.12", LOG);
            let at = expected
                .lines
                .iter()
                .position(|other| other == line)
                .unwrap();
            expected.lines.remove(at);
            let comparison = Comparison {
                status: Status::Missing,
                file: PathBuf::new(),
                changed: Vec::new(),
                diff: String::new(),
            };
            let comparison = transcript("6.12", LOG).compare_with(&expected, comparison);
            assert_eq!(comparison.status, Status::Differs, "{line}");
        }
    }

    #[test]
    fn one_that_is_missing_or_damaged_is_no_match() {
        let run = transcript("6.12", LOG);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x86_64.txt");
        let status = || run.compare_file(&path, Path::new("x")).status;
        assert_eq!(status(), Status::Missing);
        let whole = run.text("a", "b");
        for cut in [0, 1, 30, 60, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(status(), Status::Damaged, "{cut}");
        }
        let head = whole.find("\n\n").unwrap();
        std::fs::write(&path, &whole[..head + 2]).unwrap();
        assert_eq!(status(), Status::Damaged);
        std::fs::write(&path, whole.replace("# qemu: ", "# qmeu: ")).unwrap();
        let damaged = run.compare_file(&path, Path::new("x"));
        let complaint = damaged.complaint("c").unwrap();
        assert!(complaint.contains("no \"# qemu: …\""), "{complaint}");
        std::fs::write(&path, whole).unwrap();
        assert_eq!(status(), Status::Same);
    }

    #[test]
    fn consequences_come_when_they_come_and_are_left_out() {
        let later = "\
[    1.3][    T0] ------------[ cut here ]------------
[    1.3][    T0] WARNING: CPU: 0 PID: 0 at kernel/context_tracking.c:128 ct_kernel_exit+0x78/0x80
[    1.3][    T0] ---[ end trace 0000000000000000 ]---
";
        let at = LOG.find("[    1.4]").unwrap();
        let log = format!("{}{later}{}", &LOG[..at], &LOG[at..]);
        let console = console::lines(log.as_bytes());
        let reports = report::reports(&console);
        let independent = reports
            .iter()
            .filter(|r| r.consequence_of.is_none())
            .count();
        // Whether it is one is the parser's affair.
        let same = transcript("6.12", &log) == transcript("6.12", LOG);
        assert_eq!(same, independent == 1);
    }

    /// What nothing is compared with is stale.
    #[test]
    fn every_transcript_of_the_project_is_whole_and_of_a_run() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let machines = Machine::all(&root).unwrap();
        for case in Case::all(&root).unwrap() {
            let runs_on = |machine: &&Machine| case.file.machines.contains(&machine.name);
            let known: Vec<PathBuf> = machines
                .iter()
                .filter(runs_on)
                .flat_map(|machine| case.sides().into_iter().map(move |side| (machine, side)))
                .filter_map(|(machine, side)| path(&case, side, machine))
                .collect();
            let Ok(entries) = std::fs::read_dir(case.folder.join("expected")) else {
                continue;
            };
            for entry in entries {
                let path = entry.unwrap().path();
                assert!(known.contains(&path), "{}: of no run", path.display());
                let text = std::fs::read_to_string(&path).unwrap();
                let transcript = Transcript::parse(&text).unwrap();
                let lines = transcript.lines.iter().map(String::as_str);
                let again = normal::normal(lines, &normal::STEPS);
                assert_eq!(again, transcript.lines, "{}", path.display());
            }
        }
    }

    #[test]
    fn writing_says_what_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("expected/x86_64.txt");
        let put =
            |run: &Transcript| write(&path, Path::new("f"), run, &run.text("a", "b")).unwrap();
        let good = transcript("6.12", LOG);
        assert_eq!(put(&good), Written::New);
        assert_eq!(put(&good), Written::Unchanged);
        assert_eq!(put(&transcript("6.13", LOG)), Written::Head);
        let other = transcript("6.13", &LOG.replace("gfp.h:143", "gfp.h:150"));
        assert!(matches!(put(&other), Written::Lines(diff) if diff.contains("+kernel BUG")));
    }
}
