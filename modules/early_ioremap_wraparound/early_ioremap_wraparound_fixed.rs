// SPDX-License-Identifier: GPL-2.0

//! Maps the end of the physical address space, up to its last byte: the twin of
//! `early_ioremap_wraparound`.
//!
//! Nothing is reported.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::early_ioremap::{early_ioremap, early_iounmap, phys_addr_t, LAST_PAGE};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: setup,
    name: "early_ioremap_wraparound_fixed",
    author: "Oopsarium",
    description: "A mapping up to the largest address",
    license: "GPL",
}

/// From the start of the last page to the largest address, in bytes.
const BOUND: usize = (phys_addr_t::MAX - LAST_PAGE) as usize;

#[link_section = ".init.text"]
fn init() -> Result {
    let size = BOUND + 1;
    pr_info!("attempting: early_ioremap({LAST_PAGE:#x}, {size:#x})\n");
    // SAFETY: The last byte has an address, and all slots are free; it is unmapped below.
    let mapping = unsafe { early_ioremap(LAST_PAGE, size) }?;
    // SAFETY: Mapped above, with this size, and not used.
    unsafe { early_iounmap(mapping, size) };
    pr_info!("survived: early_ioremap({LAST_PAGE:#x}, {size:#x})\n");
    Ok(())
}
