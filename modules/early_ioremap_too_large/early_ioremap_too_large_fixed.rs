// SPDX-License-Identifier: GPL-2.0

//! Maps as many pages as an early mapping can have: the twin of
//! `early_ioremap_too_large`.
//!
//! Nothing is reported.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::device;
use oopsarium::early_ioremap::{early_ioremap, early_iounmap, NR_FIX_BTMAPS};
use oopsarium::page::PAGE_SIZE;

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: setup,
    name: "early_ioremap_too_large_fixed",
    author: "Oopsarium",
    description: "A mapping as large as a slot",
    license: "GPL",
}

const PAGES: usize = NR_FIX_BTMAPS;

#[link_section = ".init.text"]
fn init() -> Result {
    pr_info!("attempting: early_ioremap(..., {PAGES} * PAGE_SIZE)\n");
    // SAFETY: As many pages as a slot has, and all slots are free; it is unmapped below.
    let mapping = unsafe { early_ioremap(device::REGISTERS, PAGES * PAGE_SIZE) }?;
    // SAFETY: Mapped above, with this size, and not used.
    unsafe { early_iounmap(mapping, PAGES * PAGE_SIZE) };
    pr_info!("survived: early_ioremap(..., {PAGES} * PAGE_SIZE)\n");
    Ok(())
}
