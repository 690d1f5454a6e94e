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

    /// `found` has to be what was `expected`; both are shown as `{:#x?}` shows them, so that
    /// addresses and sizes are hexadecimal.
    pub fn equal<T: PartialEq + Debug>(&mut self, what: impl Display, expected: T, found: T) {
        self.made += 1;
        let number = self.made;
        if expected == found {
            pr_info!("ok {number} {what}: {found:x?}\n");
        } else {
            self.failed += 1;
            pr_err!("not ok {number} {what}: expected {expected:x?}, found {found:x?}\n");
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
            pr_err!("not ok {number} {what}: expected to hold, found {found:x?}\n");
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
