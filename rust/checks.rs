// SPDX-License-Identifier: GPL-2.0

//! Checks that a sample makes of itself.
//!
//! Each is said on the console in the words of KTAP, and the last word is how many passed.
//! The host program takes nothing less for a success: a sample that dies half-way, or makes
//! fewer checks than its claim says, has not shown anything.

use core::fmt::{Debug, Display};
use kernel::prelude::*;

// What the printing macros begin a line with is the sample's, not this file's.
use crate::__LOG_PREFIX;

/// The checks of one sample.
#[must_use = "`finish` says whether they passed"]
#[derive(Default)]
pub struct Checks {
    made: u32,
    failed: u32,
}

impl Checks {
    /// None so far.
    pub const fn new() -> Self {
        Self { made: 0, failed: 0 }
    }

    /// `found` has to be what was `expected`.
    pub fn equal<T: PartialEq + Debug>(&mut self, what: impl Display, expected: T, found: T) {
        self.made += 1;
        let number = self.made;
        if expected == found {
            pr_info!("ok {number} {what}: {found:?}\n");
        } else {
            self.failed += 1;
            pr_err!("not ok {number} {what}: expected {expected:?}, found {found:?}\n");
        }
    }

    /// `holds` has to be true; if it is not, `found` says what is the case.
    pub fn that(&mut self, what: impl Display, holds: bool, found: impl Debug) {
        self.made += 1;
        let number = self.made;
        if holds {
            pr_info!("ok {number} {what}\n");
        } else {
            self.failed += 1;
            pr_err!("not ok {number} {what}: expected to hold, found {found:?}\n");
        }
    }

    /// `found` has to be the same as what was `expected`, one by one and in the same order; and
    /// there has to be something to compare.
    pub fn sequence<T: PartialEq + Debug>(
        &mut self,
        what: impl Display,
        expected: impl IntoIterator<Item = T>,
        found: impl IntoIterator<Item = T>,
    ) {
        self.made += 1;
        let number = self.made;
        let (mut expected, mut found) = (expected.into_iter(), found.into_iter());
        let mut same = 0;
        loop {
            match (expected.next(), found.next()) {
                (None, None) if same > 0 => {
                    pr_info!("ok {number} {what}: {same} in the same order\n");
                    return;
                }
                (Some(expected), Some(found)) if expected == found => same += 1,
                (expected, found) => {
                    self.failed += 1;
                    pr_err!(
                        "not ok {number} {what}: at {same} expected {expected:?}, found {found:?}\n"
                    );
                    return;
                }
            }
        }
    }

    /// Says the last word.
    ///
    /// # Errors
    ///
    /// `EINVAL` when a check failed.
    pub fn finish(self) -> Result {
        if self.failed != 0 {
            pr_err!("{} of {} checks failed\n", self.failed, self.made);
            return Err(EINVAL);
        }
        pr_info!("{} checks passed\n", self.made);
        Ok(())
    }
}
