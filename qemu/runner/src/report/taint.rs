// SPDX-License-Identifier: GPL-2.0

//! What the taint letters mean (Documentation/admin-guide/tainted-kernels.rst).

use serde::Serialize;

/// A taint letter with its meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Taint {
    /// The letter.
    pub letter: char,
    /// What it says.
    pub meaning: &'static str,
}

/// Spells out the letters of [`Report::tainted`](super::Report::tainted).
pub fn explain(letters: &str) -> Vec<Taint> {
    letters
        .chars()
        .filter(|letter| letter.is_ascii_alphabetic())
        .map(|letter| Taint {
            letter,
            meaning: meaning(letter),
        })
        .collect()
}

fn meaning(letter: char) -> &'static str {
    TABLE
        .iter()
        .find(|(known, _)| *known == letter)
        .map_or("not known to this program", |(_, meaning)| meaning)
}

const TABLE: &[(char, &str)] = &[
    (
        'G',
        "only modules with a GPL-compatible licence were loaded",
    ),
    ('P', "a proprietary module was loaded"),
    ('F', "a module was loaded by force"),
    ('S', "the kernel runs on an out-of-specification system"),
    ('R', "a module was unloaded by force"),
    ('M', "the processor reported a machine check"),
    ('B', "a bad page was found"),
    ('U', "user space asked for the taint"),
    ('D', "the kernel died before: an oops or BUG"),
    ('A', "an ACPI table was overridden"),
    ('W', "the kernel warned before"),
    ('C', "a staging driver was loaded"),
    ('I', "a workaround for a platform firmware bug is on"),
    ('O', "a module from outside the kernel tree was loaded"),
    ('E', "an unsigned module was loaded"),
    ('L', "a soft lockup occurred before"),
    ('K', "the kernel was live-patched"),
    ('X', "the distribution's own taint"),
    ('T', "the kernel was built with structure randomisation"),
    ('N', "an in-kernel test ran"),
    ('J', "user space used a mutating debug operation of fwctl"),
];
