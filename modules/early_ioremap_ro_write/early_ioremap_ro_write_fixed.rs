// SPDX-License-Identifier: GPL-2.0

//! Maps reserved memory early in the boot, to be read and written, and writes to it: the
//! twin of `early_ioremap_ro_write`.
//!
//! Nothing is reported.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::early_ioremap::{early_memremap, early_memunmap};
use oopsarium::memblock::Memblock;
use oopsarium::page::{PAGE, PAGE_SIZE};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "early_ioremap_ro_write_fixed",
    author: "Oopsarium",
    description: "A write to memory that is mapped to be written",
    license: "GPL",
}

#[link_section = ".init.text"]
fn init(memblock: &Memblock) -> Result {
    let page = memblock.phys_alloc(PAGE)?;
    // SAFETY: One page, and all slots are free; it is unmapped below.
    let reserved = unsafe { early_memremap(page.phys().start(), PAGE_SIZE) }?;
    let word = reserved.cast::<u32>().as_ptr();
    // SAFETY: It is mapped, and ours; and any bits are a number.
    let old = unsafe { *word };

    pr_info!("attempting: a write to early_memremap(...)\n");
    // SAFETY: It is mapped to be written, and ours.
    unsafe { *word = !old };
    pr_info!("survived: a write to early_memremap(...)\n");

    // SAFETY: Mapped above, with this size, and not used below.
    unsafe { early_memunmap(reserved, PAGE_SIZE) };
    Ok(())
}
