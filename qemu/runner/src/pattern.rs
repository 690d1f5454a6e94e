// SPDX-License-Identifier: GPL-2.0

//! Patterns, all of which are about ASCII: the kernel's words are, and so is what surrounds them.
//! Classes that know Unicode make large, slow automata, and their tables take long to compile;
//! the regex crate is used without them.

use regex::{Regex, RegexSet};

/// Compiles a pattern that is written in the program, in which `\d`, `\w`, `\s` and `\b` mean
/// ASCII.
///
/// # Panics
///
/// When it is no pattern. The tests compile each of them.
#[allow(clippy::expect_used)]
pub fn regex(pattern: &str) -> Regex {
    Regex::new(&ascii(pattern)).expect("a pattern of the program")
}

/// The same for several at once.
///
/// # Panics
///
/// As [`regex`].
#[allow(clippy::expect_used)]
pub fn set<'a>(patterns: impl IntoIterator<Item = &'a str>) -> RegexSet {
    RegexSet::new(patterns.into_iter().map(ascii)).expect("patterns of the program")
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
        assert_eq!(
            set([r"\d", r"\w"]).matches("x").iter().collect::<Vec<_>>(),
            [1]
        );
    }
}
