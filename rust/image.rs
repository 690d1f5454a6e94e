// SPDX-License-Identifier: GPL-2.0

//! The kernel's own image in memory.

use super::{bindings::phys_addr_t, kallsyms, page};
use core::ops::Range;
use kernel::{c_str, prelude::*};

/// Where the kernel's text is: what it executes, and nobody may write to.
///
/// # Errors
///
/// Those of [`kallsyms::lookup`].
pub fn text() -> Result<Range<phys_addr_t>> {
    let start = kallsyms::lookup(c_str!("_stext"))?;
    let end = kallsyms::lookup(c_str!("_etext"))?;
    Ok(page::virt_to_phys(start)..page::virt_to_phys(end))
}
