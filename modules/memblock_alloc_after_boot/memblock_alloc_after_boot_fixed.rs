// SPDX-License-Identifier: GPL-2.0

//! Asks the slab allocator for memory when the page allocator has it all: the twin of
//! `memblock_alloc_after_boot`.
//!
//! Nothing is reported.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::gfp::GFP_KERNEL;
use oopsarium::page::PAGE;
use oopsarium::slab::kmalloc;

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: initcall,
    name: "memblock_alloc_after_boot_fixed",
    author: "Oopsarium",
    description: "Memory from the slab allocator when the boot is over",
    license: "GPL",
}

fn init() -> Result {
    pr_info!("attempting: kmalloc() in an initcall\n");
    // SAFETY: No zone; and initcalls may sleep.
    let _object = unsafe { kmalloc(PAGE.size(), GFP_KERNEL) }?;
    pr_info!("survived: kmalloc() in an initcall\n");
    Ok(())
}
