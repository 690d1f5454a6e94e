// SPDX-License-Identifier: GPL-2.0

//! Asks memblock for memory when the page allocator has it all.
//!
//! # Bug
//!
//! memblock hands its memory over in `mm_core_init()`, once:
//!
//! ```text
//! setup_arch()   mm_core_init()               initcalls
//!  |--- memblock ---||--- page allocator, slab ---…
//!                                              `-- memblock_alloc()
//! ```
//!
//! `CONFIG_ARCH_KEEP_MEMBLOCK` keeps its lists for reading. Whoever takes that for the allocator
//! itself would be given memory that somebody else has.
//!
//! # Rule
//!
//! memblock is called before `mm_core_init()` only. `memblock_alloc_range_nid()`
//! (mm/memblock.c) looks whether it is too late, and lets the slab allocator answer:
//!
//! ```c
//! if (WARN_ON_ONCE(slab_is_available())) {
//!         void *vaddr = kzalloc_node(size, GFP_NOWAIT, nid);
//! ```
//!
//! # Expected
//!
//! One warning in `memblock_alloc_range_nid()`, and memory: from the slab allocator. To give it back
//! by `memblock_free()` changes nothing at all, and the memory is lost.
//!
//! # Fix
//!
//! `kmalloc()`. That is the twin.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_alloc_after_boot`; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::memblock::Memblock;
use oopsarium::page::PAGE;

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: initcall,
    name: "memblock_alloc_after_boot",
    author: "Oopsarium",
    description: "Memory from memblock when the boot is over",
    license: "GPL",
}

fn init() -> Result {
    // SAFETY: Incorrect, on purpose: `mm_core_init()` has run.
    let memblock = unsafe { Memblock::new() };
    pr_info!("attempting: memblock_alloc() in an initcall\n");
    let block = memblock.alloc(PAGE)?;
    pr_info!("survived: memblock_alloc() in an initcall\n");
    let reserved = memblock.is_region_reserved(block.phys());
    pr_info!("reserved by memblock: {reserved}\n");
    Ok(())
}
