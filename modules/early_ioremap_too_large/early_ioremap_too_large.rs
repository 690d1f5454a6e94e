// SPDX-License-Identifier: GPL-2.0

//! Maps one page more than an early mapping can have.
//!
//! # Bug
//!
//! ```text
//! slot 0                          slot 1
//! [ page | page |  …  | page ]    [ page | page |  …  | page ]
//!  `---- NR_FIX_BTMAPS ----'
//! ```
//!
//! The addresses of a slot are reserved when the kernel is compiled, `NR_FIX_BTMAPS`
//! pages for each: 64 on x86_64, which are the document's 256 KiB, and 65 on arm64 with
//! pages of 4 KiB. A mapping gets one slot, even if the next one is free. (The document maps
//! `65 * PAGE_SIZE`.)
//!
//! # Rule
//!
//! The bytes lie in `NR_FIX_BTMAPS` pages at most; one page less fits if they do not
//! start where a page does. `__early_ioremap()` (mm/early_ioremap.c) counts:
//!
//! ```c
//! nrpages = size >> PAGE_SHIFT;
//! if (WARN_ON(nrpages > NR_FIX_BTMAPS))
//!         return NULL;
//! ```
//!
//! # Expected
//!
//! A warning in `__early_ioremap()`, without any text: only the statement at its file
//! and line tells what is wrong. The caller gets a null pointer.
//!
//! ```text
//! WARNING: CPU: 0 PID: 0 at mm/early_ioremap.c:… __early_ioremap+0x…
//! RIP: 0010:__early_ioremap+0x…
//! Call Trace:
//!  early_ioremap+0x…
//! ```
//!
//! # Fix
//!
//! To map piece by piece, as `copy_from_early_mem()` does. The twin maps as much as fits
//! into a slot.
//!
//! # Reach
//!
//! Built in: `oopsarium=early_ioremap_too_large`; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::device;
use oopsarium::early_ioremap::{early_ioremap, NR_FIX_BTMAPS};
use oopsarium::page::PAGE_SIZE;

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: setup,
    name: "early_ioremap_too_large",
    author: "Oopsarium",
    description: "A mapping larger than a slot",
    license: "GPL",
}

const PAGES: usize = NR_FIX_BTMAPS + 1;

#[link_section = ".init.text"]
fn init() -> Result {
    pr_info!("attempting: early_ioremap(..., {PAGES} * PAGE_SIZE)\n");
    // SAFETY: Incorrect, on purpose: no slot has so many pages.
    let mapped = unsafe { early_ioremap(device::REGISTERS, PAGES * PAGE_SIZE) }.is_ok();
    pr_info!("survived: early_ioremap(..., {PAGES} * PAGE_SIZE); mapped: {mapped}\n");
    Ok(())
}
