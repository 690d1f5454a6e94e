// SPDX-License-Identifier: GPL-2.0

//! What a check came to, as data: written to `results.json`, read again when shards are
//! merged; KTAP, JUnit XML and the page are made from it. Starts nothing and judges nothing.
//! docs/results.md describes the file; a change that its readers notice raises [`FORMAT`].

use crate::decoded::Decoded;
use anyhow::{bail, Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

/// The version of the format of `results.json`.
pub const FORMAT: u32 = 1;

/// The name of the file that holds [`Results`].
pub const FILE: &str = "results.json";

/// Everything that a check, or a part of one, found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`FORMAT`].
    pub format: u32,
    /// When, with what and how it was run.
    pub run: About,
    /// The names of all tests, of all shards, in their order.
    pub plan: Vec<String>,
    /// The cases that were chosen.
    pub cases: Vec<CaseInfo>,
    /// The machines that were chosen.
    pub machines: Vec<MachineInfo>,
    /// What came of the tests of this shard, in the plan's order.
    pub tests: Vec<TestResult>,
}

/// How a check was run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Name and version of the program.
    pub program: String,
    /// The commit of the source, and a hash of what was changed since; empty if git does not
    /// know.
    pub revision: String,
    /// When it began, in UTC, as RFC 3339 has it.
    pub started: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What to type for the same.
    pub command: String,
    /// Which part of all tests this is; none when it is all of them.
    pub shard: Option<ShardInfo>,
    /// The user stopped it.
    pub interrupted: bool,
    /// The machine that it ran on.
    pub host: Host,
    /// The kernels that were tested.
    pub kernels: Vec<KernelInfo>,
    /// The versions of the tools, by their keys in `build/tools.env`.
    pub tools: BTreeMap<String, String>,
}

/// A part of a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ShardInfo {
    /// Which one, from 1.
    pub index: usize,
    /// Of how many.
    pub count: usize,
}

/// The machine that a check ran on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The operating system's own name for itself.
    pub system: String,
    /// The architecture.
    pub arch: String,
    /// How many CPUs could be used.
    pub cpus: usize,
}

/// A kernel that was tested.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelInfo {
    /// Its architecture.
    pub arch: String,
    /// Its release; empty if it could not be built.
    pub release: String,
    /// Its profile of options.
    pub profile: String,
    /// A short hash of its configuration; empty if it could not be built.
    pub config: String,
}

/// A case, as far as a reader of results wants to know it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseInfo {
    /// Its id.
    pub id: String,
    /// The first sentence of its document.
    pub summary: String,
    /// The title of the document that describes the bug.
    pub source: String,
    /// How it gets into the kernel: `loadable`, `at boot`.
    pub reach: String,
    /// The machines that it runs on.
    pub machines: Vec<String>,
    /// The options that it needs.
    pub needs: Vec<String>,
    /// Its document, in Markdown.
    pub document: String,
    /// Its module's source.
    pub module: SourceFile,
    /// Its twin's, if it has one.
    pub twin: Option<SourceFile>,
    /// The claim: `case.toml`.
    pub claim: SourceFile,
}

/// A file of the project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its path from the project's folder.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// A machine that cases run on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineInfo {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Its architecture.
    pub arch: String,
}

/// What came of a test, in the terms of test reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// As it should be.
    Pass,
    /// Judged, and not as it should be.
    Fail,
    /// Nothing could be judged: no guest, no end, a log that is cut off.
    Error,
    /// Not to be run here.
    Skip,
    /// Not run, or not to its end: what a check that was stopped leaves.
    #[default]
    NotRun,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Pass,
        Self::Fail,
        Self::Error,
        Self::Skip,
        Self::NotRun,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Skip => "skip",
            Self::NotRun => "not-run",
        }
    }

    /// Whether a check with it can be green.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Pass | Self::Skip)
    }
}

/// A test, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// Its name: `gfp-slab.x86_64.bug`. What dots separate is nested in KTAP.
    pub name: String,
    /// What came of it.
    pub status: Status,
    /// The verdict's name, or why it was skipped, and then the reasons.
    pub why: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What to type to do the same again.
    pub repeat: Vec<String>,
    /// What ran in a guest; none for tests that need no guest, or whose guest left nothing. Of
    /// several runs it is the first that is not as claimed, or else the last.
    pub guest: Option<GuestRun>,
    /// How many of its runs were as claimed, if it was asked for more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<Runs>,
}

/// What came of several runs of one test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs {
    /// How many there were.
    pub count: usize,
    /// How many of them were as claimed.
    pub matching: usize,
    /// How many different transcripts these have; 0 where none are kept.
    pub transcripts: usize,
}

impl Runs {
    /// In words: `20 of 20 runs match`.
    pub fn in_words(&self) -> String {
        let transcripts = match self.transcripts {
            0 | 1 => String::new(),
            several => format!(", with {several} transcripts"),
        };
        format!(
            "{} of {} runs match{transcripts}",
            self.matching, self.count
        )
    }
}

/// A run of a case in a guest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GuestRun {
    /// Which case.
    pub case: String,
    /// Which side of it: `bug`, `fixed`, or a variant's name.
    pub side: String,
    /// On which machine.
    pub machine: String,
    /// The folder with its traces, from the project's folder.
    pub folder: String,
    /// What `verdict.json` in there holds: the verdict, its reasons, and the reports as the
    /// parser knows them.
    pub record: Value,
    /// What was claimed for this kernel.
    pub claim: Value,
    /// The reports, decoded with the kernel's debug information.
    pub decoded: Vec<Decoded>,
    /// The console. What is not UTF-8 is replaced: `console.log` in the folder has the bytes.
    pub console: String,
    /// The script that boots the same guest again.
    pub script: String,
}

impl TestResult {
    /// The parts of its name, from the outermost.
    pub fn path(&self) -> Vec<&str> {
        self.name.split('.').collect()
    }

    /// The reason to be shown where there is room for one only.
    pub fn reason(&self) -> String {
        self.why.join("; ")
    }
}

impl Results {
    /// Reads the file at `path`, or the one in the folder at `path`.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is no such file.
    pub fn read(path: &Path) -> Result<Self> {
        let path = match path.is_dir() {
            true => path.join(FILE),
            false => path.to_owned(),
        };
        let text = fs::read(&path).with_context(|| {
            format!(
                "cannot read {}; make check writes it to build/results",
                path.display()
            )
        })?;
        // The format first: what another one has would only be a riddle.
        let value: Value = serde_json::from_slice(&text)
            .with_context(|| format!("{} is damaged: make it again", path.display()))?;
        match value.get("format").and_then(Value::as_u64) {
            Some(format) if format == u64::from(FORMAT) => {}
            Some(format) => bail!(
                "{}: format {format}, and this program reads {FORMAT}; make it again",
                path.display()
            ),
            None => bail!("{}: no results of a check; {FILE} is one", path.display()),
        }
        serde_json::from_value(value)
            .with_context(|| format!("{} is damaged: make it again", path.display()))
    }

    /// Whether every test was run and is as it should be.
    pub fn is_good(&self) -> bool {
        !self.run.interrupted && self.tests.iter().all(|test| test.status.is_good())
    }

    /// How many tests have each status.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for test in &self.tests {
            totals.count(test.status);
        }
        totals
    }
}

/// How many tests have each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals([usize; Status::ALL.len()]);

impl Totals {
    /// One more with `status`.
    pub fn count(&mut self, status: Status) {
        self.0[status as usize] += 1;
    }

    /// How many have `status`.
    pub fn of(&self, status: Status) -> usize {
        self.0[status as usize]
    }

    /// In words, without what there is none of: `70 passed, 2 failed`.
    pub fn in_words(&self) -> String {
        let words = [
            (Status::Pass, "passed"),
            (Status::Fail, "failed"),
            (Status::Error, "could not be judged"),
            (Status::Skip, "skipped"),
            (Status::NotRun, "did not run"),
        ];
        let parts: Vec<String> = words
            .iter()
            .filter(|(status, _)| self.of(*status) > 0)
            .map(|(status, word)| format!("{} {word}", self.of(*status)))
            .collect();
        match parts.is_empty() {
            true => "no tests".to_owned(),
            false => parts.join(", "),
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use serde_json::json;

    /// Results with everything in them that a report could stumble over.
    pub fn specimen() -> Results {
        let test = |name: &str, status: Status, why: &[&str]| TestResult {
            name: name.to_owned(),
            status,
            why: why.iter().map(|text| (*text).to_owned()).collect(),
            seconds: 1.25,
            repeat: vec![format!("make run-case CASE='{name}'")],
            guest: None,
            runs: None,
        };
        let console = "Linux version 6.12.1\n\
            [    1.0][    T1] oopsarium: begin bad_slab\n\
            [    1.1][   T30] bad_slab: attempting: <script>document.title='pwned'</script>\n\
            [    1.2][   T30] kernel BUG at mm/slub.c:10! \u{fffd}\u{1b}[31m]]>&amp;\n\
            ok 1 not-a-test\nKTAP version 1\n1..3\n# Subtest: no\n\
            [    1.3][    T1] oopsarium: done\n";
        let guest = |side: &str, machine: &str| GuestRun {
            case: "bad-slab".into(),
            side: side.into(),
            machine: machine.into(),
            folder: format!("build/results/{machine}/bad_slab"),
            record: json!({"verdict": "match", "seconds": 0.5, "transcript": {
                "status": "differs", "diff": "-kernel BUG in <old>\n"
            }, "reports": [
                {"title": "kernel BUG in <f>", "first": 3, "last": 3}
            ]}),
            claim: json!({"lines": ["a", "<b>"]}),
            decoded: vec![crate::decoded::tests::specimen()],
            console: console.into(),
            script: "#!/bin/sh\nexec qemu -append '</script>' </dev/null\n".into(),
        };
        let mut tests = vec![
            test("host.test", Status::Pass, &[]),
            test("host.modules.clippy.x86_64", Status::Pass, &[]),
            test(
                "host.shellcheck",
                Status::Skip,
                &["no shellcheck # SKIP nothing\nelse"],
            ),
            test("bad-slab.x86_64.bug", Status::Pass, &[]),
            test(
                "bad-slab.x86_64.fixed",
                Status::Fail,
                &[
                    "differs",
                    "title: claimed \"<a>\", found \"b & c\u{1b}[0m\"",
                    "ok 1 no result",
                    "# Subtest: none",
                    "the last that it said: reboot: System halted",
                    "Kernel panic - not syncing: VFS: List of all partitions:",
                    "\u{fffd}\u{0}\u{8}",
                ],
            ),
            test("bad-slab.arm64.bug", Status::Error, &["timeout", "x"]),
            test("bad-slab.arm64.fixed", Status::Skip, &["not here"]),
            test("other.arm64.bug", Status::Skip, &["only a skip"]),
        ];
        tests[3].guest = Some(guest("bug", "x86_64"));
        tests[3].runs = Some(Runs {
            count: 20,
            matching: 20,
            transcripts: 2,
        });
        tests[4].guest = Some(guest("fixed", "x86_64"));
        tests[5].guest = Some(guest("bug", "arm64"));
        let file = |path: &str, text: &str| SourceFile {
            path: path.into(),
            text: text.into(),
        };
        let source = "// SPDX\n\n//! Frees <twice> & more.\n//!\n//! # Bug\n//!\n\
            //! It `frees` twice; see [this](javascript:alert(1)) <b>raw</b>.\n//!\n\
            //! ```text\n//! a drawing ------------------------------------- that is wider than \
            a phone <c>\n//! ```\n\n\
            use kernel::prelude::*;\n\n/* a\n comment */\n\
            const SIZE: usize = 256;\n\nfn init() {\n    let s = \"</script>\";\n    free(s);\n    \
            free(s);\n}\n";
        let case = |id: &str| CaseInfo {
            id: id.into(),
            summary: "Frees <twice> & more".into(),
            source: "A \"document\"".into(),
            reach: "loadable".into(),
            machines: vec!["x86_64".into(), "arm64".into()],
            needs: vec!["CONFIG_X".into()],
            document: source
                .lines()
                .filter_map(|line| line.strip_prefix("//!"))
                .map(|line| line.trim().to_owned() + "\n")
                .collect(),
            module: file("modules/bad_slab/bad_slab.rs", source),
            twin: Some(file(
                "modules/bad_slab/bad_slab_fixed.rs",
                &source
                    .replacen("    free(s);\n", "", 1)
                    .replace("256", "128"),
            )),
            claim: file("modules/bad_slab/case.toml", "source = \"<x>\"\n"),
        };
        let machine = |name: &str| MachineInfo {
            name: name.into(),
            about: format!("a <{name}> machine"),
            arch: name.into(),
        };
        let kernel = |arch: &str| KernelInfo {
            arch: arch.into(),
            release: "6.12.1".into(),
            profile: "default".into(),
            config: "0123abcd".into(),
        };
        Results {
            format: FORMAT,
            run: About {
                program: "oopsarium 0.1.0".into(),
                revision: "0123456789ab".into(),
                started: "2026-01-02T03:04:05Z".into(),
                seconds: 12.5,
                command: "make check CASES='bad-*'".into(),
                kernels: vec![kernel("x86_64"), kernel("arm64")],
                tools: [("RUSTC".to_owned(), "rustc <1.85>".to_owned())].into(),
                ..About::default()
            },
            plan: tests.iter().map(|test| test.name.clone()).collect(),
            cases: vec![case("bad-slab"), case("other")],
            machines: vec![machine("arm64"), machine("unused"), machine("x86_64")],
            tests,
        }
    }

    #[test]
    fn results_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let results = specimen();
        let text = serde_json::to_vec_pretty(&results).unwrap();
        fs::write(folder.path().join(FILE), text).unwrap();
        assert_eq!(Results::read(folder.path()).unwrap(), results);
    }

    #[test]
    fn what_is_no_result_is_refused_with_the_next_step() {
        let folder = tempfile::tempdir().unwrap();
        let check = |text: Option<&str>, wanted: &str| {
            let path = folder.path().join(FILE);
            match text {
                Some(text) => fs::write(&path, text).unwrap(),
                None => drop(fs::remove_file(&path)),
            }
            let error = format!("{:#}", Results::read(folder.path()).unwrap_err());
            assert!(error.contains(wanted), "{error}");
        };
        check(None, "make check writes it");
        check(Some("{\"format\": 1"), "damaged");
        check(Some("{\"format\": 9}"), "format 9");
        check(Some("[]"), "no results of a check");
        check(Some("{\"format\": 1}"), "damaged");
    }

    #[test]
    fn only_passes_and_skips_are_good() {
        let mut results = Results::default();
        for status in Status::ALL {
            results.tests = vec![TestResult {
                status,
                ..TestResult::default()
            }];
            let good = matches!(status, Status::Pass | Status::Skip);
            assert_eq!(results.is_good(), good, "{}", status.name());
        }
        results.tests.clear();
        results.run.interrupted = true;
        assert!(!results.is_good());
        assert_eq!(results.totals().in_words(), "no tests");
        assert_eq!(
            specimen().totals().in_words(),
            "3 passed, 1 failed, 1 could not be judged, 3 skipped"
        );
    }
}
