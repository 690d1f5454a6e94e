// SPDX-License-Identifier: GPL-2.0

//! KTAP, the kernel's own format of test results (Documentation/dev-tools/ktap.rst), as
//! `tools/testing/kunit/kunit.py parse` reads it. Text out, as the results come in; knows
//! nothing of what a test is.

use crate::results::{Status, TestResult, Totals};
use std::{collections::HashMap, fmt::Write, ops::Range};

/// How far a nested test is indented, as the document has it.
const INDENT: usize = 2;

/// The lines that frame the results of tests: known before any of them is run.
pub struct Layout {
    /// The first lines of all.
    header: String,
    leaves: Vec<Leaf>,
}

/// A test without subtests.
struct Leaf {
    /// The beginnings of the groups that begin with it.
    open: String,
    at: Place,
    /// The groups that end with it, the innermost first, each with its tests.
    close: Vec<(Place, Range<usize>)>,
}

/// Where a result stands.
struct Place {
    depth: usize,
    number: usize,
    name: String,
}

/// The order in which tests of these names have to stand so that groups are not torn apart:
/// the first name to mention a group decides where that stands.
pub fn order(names: &[&str]) -> Vec<usize> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut keys = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let ends = name.match_indices('.').map(|(at, _)| at);
        let key: Vec<usize> = ends
            .chain([name.len()])
            .map(|end| *first.entry(&name[..end]).or_insert(index))
            .collect();
        keys.push(key);
    }
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by(|a, b| keys[*a].cmp(&keys[*b]).then(a.cmp(b)));
    order
}

impl Layout {
    /// The frame for tests of these names, which stand in [`order`].
    pub fn new(names: &[&str]) -> Self {
        let paths: Vec<Vec<&str>> = names.iter().map(|name| name.split('.').collect()).collect();
        let mut leaves = Vec::new();
        let header = group(&mut leaves, &paths, 0..paths.len(), 0, None);
        Self { header, leaves }
    }

    /// What is printed before any result.
    pub fn header(&self) -> &str {
        &self.header
    }

    /// What is printed for the last of `tests`, which are the first ones of all.
    pub fn result(&self, tests: &[TestResult]) -> String {
        let mut text = String::new();
        let (Some(index), Some(test)) = (tests.len().checked_sub(1), tests.last()) else {
            return text;
        };
        let Some(leaf) = self.leaves.get(index) else {
            return text;
        };
        text += &leaf.open;
        let indent = " ".repeat(leaf.at.depth * INDENT);
        // The reason of a skip stands in its line.
        if test.status != Status::Skip {
            for line in test.why.iter().flat_map(|reason| reason.lines()) {
                for part in harmless(line) {
                    // Writing to a string cannot fail.
                    let _ = writeln!(text, "{indent}# {part}");
                }
            }
        }
        // A failure says so among its reasons.
        if let Some(runs) = test.runs.filter(|_| test.status == Status::Pass) {
            let _ = writeln!(text, "{indent}# {}", runs.in_words());
        }
        result_line(&mut text, &leaf.at, test.status, &test.reason());
        for (place, range) in &leaf.close {
            let statuses = tests[range.clone()].iter().map(|test| test.status);
            result_line(&mut text, place, together(statuses), "nothing ran");
        }
        text
    }

    /// All of it.
    pub fn whole(&self, tests: &[TestResult]) -> String {
        let mut text = self.header.clone();
        let mut totals = Totals::default();
        for (index, test) in tests.iter().enumerate() {
            text += &self.result(&tests[..=index]);
            totals.count(test.status);
        }
        text + &summary(&totals)
    }
}

/// The last line, as the kernel's selftests have it.
pub fn summary(totals: &Totals) -> String {
    format!(
        "# Totals: pass:{} fail:{} xfail:0 xpass:0 skip:{} error:{}\n",
        totals.of(Status::Pass),
        totals.of(Status::Fail),
        totals.of(Status::Skip),
        totals.of(Status::Error) + totals.of(Status::NotRun)
    )
}

/// Lays out the tests in `range`, which have the first `depth` parts of their names in common,
/// and gives the lines that the group begins with.
fn group(
    leaves: &mut Vec<Leaf>,
    paths: &[Vec<&str>],
    range: Range<usize>,
    depth: usize,
    name: Option<&str>,
) -> String {
    let mut children: Vec<Range<usize>> = Vec::new();
    for index in range {
        match children.last_mut() {
            Some(last) if same_child(&paths[last.start], &paths[index], depth) => {
                last.end = index + 1;
            }
            _ => children.push(index..index + 1),
        }
    }
    for (number, child) in children.iter().enumerate() {
        let path = &paths[child.start];
        let at = Place {
            depth,
            number: number + 1,
            name: clean_name(path.get(depth).copied().unwrap_or_default()),
        };
        if path.len() <= depth + 1 {
            leaves.push(Leaf {
                open: String::new(),
                at,
                close: Vec::new(),
            });
            continue;
        }
        let name = path[depth];
        let open = group(leaves, paths, child.clone(), depth + 1, Some(name));
        leaves[child.start].open.insert_str(0, &open);
        leaves[child.end - 1].close.push((at, child.clone()));
    }
    let indent = " ".repeat(depth * INDENT);
    let mut text = format!("{indent}KTAP version 1\n");
    if let Some(name) = name {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{indent}# Subtest: {}", clean_name(name));
    }
    let _ = writeln!(text, "{indent}1..{}", children.len());
    text
}

/// Whether two tests are in the same subgroup; one that ends here is in none.
fn same_child(a: &[&str], b: &[&str], depth: usize) -> bool {
    a.len() > depth + 1 && b.len() > depth + 1 && a[depth] == b[depth]
}

fn result_line(text: &mut String, at: &Place, status: Status, why: &str) {
    let ok = if status.is_good() { "ok" } else { "not ok" };
    let indent = " ".repeat(at.depth * INDENT);
    let _ = write!(text, "{indent}{ok} {} {}", at.number, at.name);
    if status == Status::Skip {
        // The parser takes the last one for the directive.
        let why = why.replace("# SKIP", "SKIP").replace(['\n', '\r'], "; ");
        // Two blanks are enough for the parser not to take it for the end.
        let _ = write!(text, " # SKIP {}", harmless(&why).join("  "));
    }
    text.push('\n');
}

/// What a group came to.
fn together(statuses: impl Iterator<Item = Status>) -> Status {
    let mut all = Status::Skip;
    for status in statuses {
        match status {
            Status::Skip => {}
            Status::Pass if all == Status::Skip => all = Status::Pass,
            Status::Pass => {}
            Status::Fail | Status::Error | Status::NotRun => return Status::Fail,
        }
    }
    all
}

/// A name as the parser takes it: a `#` would begin a directive.
fn clean_name(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| if c == '#' || c.is_control() { '_' } else { c })
        .collect();
    name.trim().to_owned()
}

/// What the parser takes, anywhere in a line, for the end of the kernel's output: KTAP_END in
/// tools/testing/kunit/kunit_parser.py.
const ENDS: [&str; 3] = [
    "List of all partitions:",
    "Kernel panic - not syncing: VFS:",
    "reboot: System halted",
];

/// A line of a diagnostic without control characters, broken up where the parser would take it
/// for the end of all.
fn harmless(line: &str) -> Vec<String> {
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    let mut parts = Vec::new();
    let mut rest = line.as_str();
    while let Some(at) = ENDS.iter().filter_map(|end| rest.find(end)).min() {
        // Each of them has a blank in it; behind the first one the line is broken.
        let end = rest[at..].find(' ').map_or(rest.len(), |blank| at + blank);
        parts.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
    parts.push(rest.trim_end().to_owned());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::specimen;
    use expect_test::expect;

    fn names(tests: &[TestResult]) -> Vec<&str> {
        tests.iter().map(|test| test.name.as_str()).collect()
    }

    #[test]
    fn groups_stay_together_in_the_order_of_their_first_test() {
        let names = ["h.a", "c.x.bug", "h.b", "c.y.bug", "c.x.fixed", "d"];
        let ordered: Vec<&str> = order(&names).iter().map(|&index| names[index]).collect();
        assert_eq!(
            ordered,
            ["h.a", "h.b", "c.x.bug", "c.x.fixed", "c.y.bug", "d"]
        );
    }

    #[test]
    fn results_are_nested_and_reasons_come_before_them() {
        let tests = specimen().tests;
        let text = Layout::new(&names(&tests)).whole(&tests);
        expect![[r##"
            KTAP version 1
            1..3
              KTAP version 1
              # Subtest: host
              1..3
              ok 1 test
                KTAP version 1
                # Subtest: modules
                1..1
                  KTAP version 1
                  # Subtest: clippy
                  1..1
                  ok 1 x86_64
                ok 1 clippy
              ok 2 modules
              ok 3 shellcheck # SKIP no shellcheck SKIP nothing; else
            ok 1 host
              KTAP version 1
              # Subtest: bad-slab
              1..2
                KTAP version 1
                # Subtest: x86_64
                1..2
                # 20 of 20 runs match, with 2 transcripts
                ok 1 bug
                # differs
                # title: claimed "<a>", found "b & c[0m"
                # ok 1 no result
                # # Subtest: none
                # the last that it said: reboot:
                # System halted
                # Kernel
                # panic - not syncing: VFS: List
                # of all partitions:
                # �
                not ok 2 fixed
              not ok 1 x86_64
                KTAP version 1
                # Subtest: arm64
                1..2
                # timeout
                # x
                not ok 1 bug
                ok 2 fixed # SKIP not here
              not ok 2 arm64
            not ok 2 bad-slab
              KTAP version 1
              # Subtest: other
              1..1
                KTAP version 1
                # Subtest: arm64
                1..1
                ok 1 bug # SKIP only a skip
              ok 1 arm64 # SKIP nothing ran
            ok 3 other # SKIP nothing ran
            # Totals: pass:3 fail:1 xfail:0 xpass:0 skip:3 error:1
        "##]]
        .assert_eq(&text);
    }

    #[test]
    fn a_name_cannot_begin_a_directive() {
        assert_eq!(clean_name("a # SKIP b"), "a _ SKIP b");
        let layout = Layout::new(&["a # SKIP"]);
        let test = TestResult {
            status: Status::Fail,
            ..TestResult::default()
        };
        assert_eq!(layout.result(&[test]), "not ok 1 a _ SKIP\n");
    }

    #[test]
    fn nothing_is_a_report_too() {
        assert_eq!(Layout::new(&[]).header(), "KTAP version 1\n1..0\n");
        assert_eq!(Layout::new(&[]).result(&[]), "");
    }

    /// The kernel's own parser; `make check` names it in KUNIT_PY, and python in PYTHON3.
    mod kunit {
        use super::*;
        use std::process::Command;

        /// What the parser says of `tests`: its last line, and whether it is content.
        fn parse(tests: &[TestResult]) -> (String, bool) {
            let kunit = std::env::var_os("KUNIT_PY").expect("KUNIT_PY names kunit.py");
            let python = std::env::var_os("PYTHON3").unwrap_or_else(|| "python3".into());
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("check.ktap");
            let text = Layout::new(&names(tests)).whole(tests);
            std::fs::write(&path, &text).unwrap();
            let mut command = Command::new(python);
            command.arg(kunit).arg("parse").arg(&path);
            // The kernel's source stays as it is.
            command.env("PYTHONDONTWRITEBYTECODE", "1");
            let output = command.output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let all = format!("{text}{said}{}", String::from_utf8_lossy(&output.stderr));
            assert!(output.stderr.is_empty(), "{all}");
            assert!(!said.contains("[ERROR]"), "{all}");
            let last = said.lines().rev().find(|line| line.contains("Ran "));
            let last = last.unwrap_or_else(|| panic!("no summary: {all}"));
            let summary = last.split("Ran ").nth(1).unwrap().to_owned();
            (summary, output.status.success())
        }

        #[test]
        #[ignore = "needs the kernel's kunit.py: make check runs it"]
        fn kunit_py_counts_as_we_do() {
            let tests = specimen().tests;
            let counts = "8 tests: passed: 3, failed: 2, skipped: 3".to_owned();
            assert_eq!(parse(&tests), (counts, false));
            let good: Vec<TestResult> = tests
                .into_iter()
                .filter(|test| test.status.is_good())
                .collect();
            let counts = "6 tests: passed: 3, skipped: 3".to_owned();
            assert_eq!(parse(&good), (counts, true));
        }
    }
}
