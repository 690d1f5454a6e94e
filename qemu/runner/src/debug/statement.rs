// SPDX-License-Identifier: GPL-2.0

//! Which lines of a case's source gdb is to stop at. Pure: text in, lines out; what the
//! compiler made of them is not known here.

use std::ops::RangeInclusive;

/// How a `// SAFETY:` comment begins that is not true.
const WRONG: &str = "// SAFETY: Incorrect, on purpose";

/// The first statement of `source` that is wrong on purpose, without the comment that says so.
pub fn violation(source: &str) -> Option<RangeInclusive<u32>> {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let comment = lines.iter().position(|line| line.starts_with(WRONG))?;
    let code = |line: &&str| !line.is_empty() && !line.starts_with("//");
    let first = comment + lines[comment..].iter().position(code)?;
    Some(numbered(
        first,
        last_line(&lines, first, |line| line.ends_with([';', '}'])),
    ))
}

/// The function of `source` that is run when its module is loaded, or when the kernel boots.
pub fn init(source: &str) -> Option<RangeInclusive<u32>> {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    // In `boot_case!`; a module's is always called so.
    let named = lines.iter().find_map(|line| line.strip_prefix("init: "));
    let name = named.map_or("init", |rest| rest.trim_end_matches(','));
    let start = format!("fn {name}(");
    let first = lines.iter().position(|line| line.starts_with(&start))?;
    Some(numbered(
        first,
        last_line(&lines, first, |line| line.ends_with('}')),
    ))
}

/// Where what begins in line `first` is at its end: with all parentheses closed, in a line
/// that `ends` it.
fn last_line(lines: &[&str], first: usize, ends: impl Fn(&str) -> bool) -> usize {
    let mut depth = 0;
    for (index, line) in lines.iter().enumerate().skip(first) {
        let code = line.split("//").next().unwrap_or_default().trim_end();
        depth += balance(code);
        if depth <= 0 && ends(code) {
            return index;
        }
    }
    first
}

/// Parentheses of any kind opened less those closed, outside strings.
fn balance(code: &str) -> i32 {
    let mut depth = 0;
    let mut quoted = false;
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted => drop(chars.next()),
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
    }
    depth
}

fn numbered(first: usize, last: usize) -> RangeInclusive<u32> {
    let number = |index: usize| u32::try_from(index + 1).unwrap_or(u32::MAX);
    number(first)..=number(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Case, Part, Side};
    use std::path::Path;

    #[test]
    fn the_wrong_statement_is_the_one_behind_the_comment() {
        let check = |source: &str, lines| assert_eq!(violation(source), lines, "{source}");
        let wrong = "// SAFETY: True.\nf();\n// SAFETY: Incorrect, on purpose: g is\n// not f.\n";
        let after = "\nf();\n";
        check(&format!("{wrong}unsafe {{ g() }}?;{after}"), Some(5..=5));
        let long = "let x = unsafe {\n    g(\"){\") // (\n};";
        check(&format!("{wrong}{long}{after}"), Some(5..=7));
        check("// SAFETY: True.\nf();\n", None);
        check(wrong, None);
    }

    #[test]
    fn the_init_function_is_found_by_its_name() {
        let check = |source: &str, lines| assert_eq!(init(source), lines, "{source}");
        let body = "-> Result {\n    if x {\n    }\n    Ok(())\n}\nfn other() {}\n";
        check(&format!("fn init(\n    m: M,\n) {body}"), Some(1..=7));
        let late = "boot_case! {\n    init: late,\n}\nfn init() {}\nfn late() ";
        check(&format!("{late}{body}"), Some(5..=9));
        check("fn main() {}\n", None);
    }

    #[test]
    fn every_case_and_sample_has_a_place_to_stop_at() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for case in Case::all(&root).unwrap() {
            for side in case.sides() {
                if matches!(case.parts(side).first(), None | Some(Part::Script(_))) {
                    continue;
                }
                let source = case.source(side);
                let text = std::fs::read_to_string(&source).unwrap();
                let wrong = violation(&text);
                let is_wrong = !case.is_sample() && side != Side::Fixed;
                assert_eq!(wrong.is_some(), is_wrong, "{}", source.display());
                let found = wrong.or_else(|| init(&text));
                assert!(found.is_some(), "{}", source.display());
            }
        }
    }
}
