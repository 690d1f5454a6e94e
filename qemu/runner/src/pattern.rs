// SPDX-License-Identifier: GPL-2.0

//! Patterns, all of which are about ASCII: the kernel's words are, and so is what surrounds them.
//! Classes that know Unicode make large, slow automata, and their tables take long to compile;
//! the regex crate is used without them.

use regex::{Captures, Regex, RegexSet};
use std::sync::OnceLock;

/// Compiles a pattern that is written in the program, in which `\d`, `\w`, `\s` and `\b` mean
/// ASCII.
///
/// # Panics
///
/// When it is no pattern. The tests compile each of them.
pub fn regex(pattern: &str) -> Regex {
    compiled(&ascii(pattern))
}

#[allow(clippy::expect_used)]
fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of the program")
}

/// The patterns of a table's rows. All are tried in one pass; a row's own, which takes long to
/// compile, is needed when a text fits it, and most rows are of kernels that the log is not of.
pub struct Rows {
    set: RegexSet,
    each: Vec<OnceLock<Regex>>,
}

impl Rows {
    /// The table with these rows.
    ///
    /// # Panics
    ///
    /// As [`regex`].
    #[allow(clippy::expect_used)]
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        let set = RegexSet::new(patterns.into_iter().map(ascii)).expect("patterns of the program");
        let each = vec![OnceLock::new(); set.len()];
        Self { set, each }
    }

    /// Whether `text` fits any of them.
    pub fn is_match(&self, text: &str) -> bool {
        self.set.is_match(text)
    }

    /// The first row that `text` fits, and what its groups matched.
    pub fn find<'t>(&self, text: &'t str) -> Option<(usize, Captures<'t>)> {
        let row = self.set.matches(text).iter().next()?;
        let own = self.each[row].get_or_init(|| compiled(&self.set.patterns()[row]));
        Some((row, own.captures(text)?))
    }
}

/// Spells out the classes that would otherwise be Unicode's.
fn ascii(pattern: &str) -> String {
    let mut out = String::with_capacity(2 * pattern.len());
    let mut in_class = false;
    let mut chars = pattern.chars();
    while let Some(character) = chars.next() {
        if character == '\\' {
            let escaped = chars.next().unwrap_or('\\');
            match (class(escaped), escaped) {
                (Some(class), _) if in_class => out += class,
                (Some(class), _) => out.extend(["[", class, "]"]),
                (None, 'S') if !in_class => out.extend(["[^", SPACE, "]"]),
                (None, 'b') => out += r"(?-u:\b)",
                (None, other) => out.extend(['\\', other]),
            }
            continue;
        }
        match character {
            '[' if !in_class => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
        out.push(character);
    }
    out
}

const SPACE: &str = r"\x09-\x0d\x20";

fn class(name: char) -> Option<&'static str> {
    match name {
        'd' => Some("0-9"),
        'w' => Some("0-9A-Za-z_"),
        's' => Some(SPACE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_ascii_s() {
        assert_eq!(ascii(r"^\d[\w.-]*\[[^\]\s]+\]\\d$"), {
            r"^[0-9][0-9A-Za-z_.-]*\[[^\]\x09-\x0d\x20]+\]\\d$"
        });
        assert!(regex(r"^\w+$").is_match("abc_1"));
        assert!(!regex(r"^\w+$").is_match("größe"));
        assert!(regex(r"^\S+$").is_match("größe"));
        assert!(regex(r"(?x) ^ a \s b $").is_match("a b"));
        assert!(regex(r"\bmm\b").is_match("in mm,"));
    }

    #[test]
    fn the_first_row_that_fits_is_found() {
        let rows = Rows::new([r"^x(\d)", r"^x(.)", r"^y"]);
        assert!(rows.is_match("x?") && !rows.is_match("x"));
        let found = |text| {
            let (row, groups) = rows.find(text)?;
            Some((row, groups.get(1).map(|group| group.as_str().to_owned())))
        };
        assert_eq!(found("x1"), Some((0, Some("1".to_owned()))));
        assert_eq!(found("xa"), Some((1, Some("a".to_owned()))));
        assert_eq!(found("y"), Some((2, None)));
        assert_eq!(found("z"), None);
    }
}
