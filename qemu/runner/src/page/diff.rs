// SPDX-License-Identifier: GPL-2.0

//! Two modules side by side, with what differs.

use super::code::{self, Language};
use crate::results::SourceFile;
use minijinja::value::Value;
use serde::Serialize;
use similar::{Algorithm, ChangeTag, DiffOp, TextDiff};
use std::ops::Range;

/// Lines that are the same in both, or stand for each other.
#[derive(Serialize)]
pub struct Hunk {
    same: bool,
    /// What is left and right.
    rows: Vec<(Option<Line>, Option<Line>)>,
}

#[derive(Serialize)]
struct Line {
    number: usize,
    text: Value,
}

/// A file without the document that it begins with.
struct Code {
    text: String,
    /// How many lines were left out.
    skipped: usize,
    tokens: Vec<(Range<usize>, &'static str)>,
    /// Where each line begins.
    starts: Vec<usize>,
}

/// How the twin differs from the module. The documents at their beginnings are left out: the
/// page has the one in a place of its own, and the other says the same of another file.
pub fn hunks(module: &SourceFile, twin: &SourceFile) -> Vec<Hunk> {
    let (old, new) = (Code::of(module), Code::of(twin));
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Patience)
        .diff_lines(&old.text, &new.text);
    let mut hunks: Vec<Hunk> = Vec::new();
    for op in diff.ops() {
        let same = matches!(op, DiffOp::Equal { .. });
        let mut left = Vec::new();
        let mut right = Vec::new();
        for change in diff.iter_inline_changes(op) {
            let mut marked = Vec::new();
            let mut at = 0;
            for (emphasized, part) in change.values() {
                if *emphasized && !part.trim().is_empty() {
                    marked.push(at..at + part.trim_end_matches('\n').len());
                }
                at += part.len();
            }
            if let (Some(index), ChangeTag::Equal | ChangeTag::Delete) =
                (change.old_index(), change.tag())
            {
                left.push(old.line(index, &marked));
            }
            if let (Some(index), ChangeTag::Equal | ChangeTag::Insert) =
                (change.new_index(), change.tag())
            {
                right.push(new.line(index, &marked));
            }
        }
        let mut rows = Vec::new();
        let (mut left, mut right) = (left.into_iter(), right.into_iter());
        loop {
            match (left.next(), right.next()) {
                (None, None) => break,
                row => rows.push(row),
            }
        }
        hunks.push(Hunk { same, rows });
    }
    hunks
}

impl Code {
    fn of(file: &SourceFile) -> Self {
        let header = |line: &&str| {
            line.starts_with("//!") || line.starts_with("// SPDX") || line.trim().is_empty()
        };
        let skipped = file.text.lines().take_while(header).count();
        let text: String = file.text.split_inclusive('\n').skip(skipped).collect();
        let text = code::shown(&text);
        let language = Language::of(&file.path);
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        Self {
            tokens: code::tokens(&text, language),
            skipped,
            starts,
            text,
        }
    }

    /// The line of this index, with parts of it marked.
    fn line(&self, index: usize, marked: &[Range<usize>]) -> Line {
        let start = self.starts.get(index).copied().unwrap_or(self.text.len());
        let rest = &self.text[start..];
        let end = start + rest.find('\n').unwrap_or(rest.len());
        // Where all of a line differs, nothing of it stands out.
        let all: usize = marked.iter().map(Range::len).sum();
        let partly = all < self.text[start..end].trim().len();
        let marked: Vec<Range<usize>> = marked
            .iter()
            .filter(|_| partly)
            .map(|range| start + range.start..start + range.end)
            .collect();
        Line {
            number: self.skipped + index + 1,
            text: code::markup(&self.text, start..end, &self.tokens, &marked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use std::fmt::Write;

    #[test]
    fn lines_that_stand_for_each_other_stand_side_by_side() {
        let file = |text: &str| SourceFile {
            path: "a.rs".into(),
            text: text.into(),
        };
        let module =
            file("// SPDX\n\n//! Bug <b>.\n\nuse x;\nlet s = f(A | B);\nfree(s);\nfree(s);\n}\n");
        let twin = file("//! Twin.\nuse x;\nlet s = f(A);\nfree(s);\n}\n");
        let mut text = String::new();
        for hunk in hunks(&module, &twin) {
            writeln!(text, "{}", if hunk.same { "same" } else { "differs" }).unwrap();
            for (left, right) in hunk.rows {
                let side = |line: Option<Line>| match line {
                    Some(line) => format!("{} {}", line.number, line.text),
                    None => String::new(),
                };
                writeln!(text, "  {} || {}", side(left), side(right)).unwrap();
            }
        }
        expect![[r#"
            same
              5 <span class=k>use</span> x; || 2 <span class=k>use</span> x;
            differs
              6 <span class=k>let</span> s = f(A<mark> | B);</mark> || 3 <span class=k>let</span> s = f(A);
              7 <mark>free(s</mark>); || 
            same
              8 free(s); || 4 free(s);
              9 } || 5 }
        "#]]
        .assert_eq(&text);
    }
}
