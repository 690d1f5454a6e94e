// SPDX-License-Identifier: GPL-2.0

//! Maps reserved memory early in the boot, to be read only, and writes to it.
//!
//! # Bug
//!
//! ```text
//! memblock_phys_alloc()   a page that nobody else gets
//!                              ^
//! early_memremap_ro()     0xff…: present, read-only ---- reading: fine
//!                                                   `--- writing: a fault
//! ```
//!
//! Tables of the firmware are mapped like this, so that nobody changes them by mistake.
//! The page can be written to, and other mappings of it may well allow that; this one
//! does not. (The document writes to memory at 0x4000000 that its machine keeps reserved. Here
//! memblock is asked for a page, so that on no machine it is somebody else's.)
//!
//! # Rule
//!
//! `early_memremap_ro()` (mm/early_ioremap.c) maps with `FIXMAP_PAGE_RO`. The CPU holds
//! the kernel to it, as it does with the kernel's own text:
//!
//! ```c
//! pgprot_t prot = early_memremap_pgprot_adjust(phys_addr, size,
//!                                              FIXMAP_PAGE_RO);
//! ```
//!
//! # Expected
//!
//! On x86_64 `BUG: unable to handle page fault for address: …`,
//! `#PF: supervisor write access in kernel mode` and
//! `#PF: error_code(0x0003) - permissions violation`; on arm64
//! `Unable to handle kernel write to read-only memory at virtual address …`. There is no
//! other task yet that could run on: `Attempted to kill the idle task!`, a panic.
//!
//! ```text
//! BUG: unable to handle page fault for address: ffffffffff…
//! #PF: supervisor write access in kernel mode
//! #PF: error_code(0x0003) - permissions violation
//! Oops: Oops: 0003 [#1] SMP
//! RIP: 0010:early_ioremap_ro_write::init+0x…
//! Kernel panic - not syncing: Attempted to kill the idle task!
//! ```
//!
//! A few lines earlier in the boot, before the console works, one would see none of this.
//!
//! # Fix
//!
//! `early_memremap()`, if the memory is to be written. That is the twin.
//!
//! # Reach
//!
//! Built in: `oopsarium=early_ioremap_ro_write`; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::boot::boot_case;
use oopsarium::early_ioremap::{early_memremap_ro, early_memunmap};
use oopsarium::memblock::Memblock;
use oopsarium::page::{PAGE, PAGE_SIZE};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "early_ioremap_ro_write",
    author: "Oopsarium",
    description: "A write to memory that is mapped to be read",
    license: "GPL",
}

#[link_section = ".init.text"]
fn init(memblock: &Memblock) -> Result {
    let page = memblock.phys_alloc(PAGE)?;
    // SAFETY: One page, and all slots are free; it is unmapped below.
    let reserved = unsafe { early_memremap_ro(page.phys().start(), PAGE_SIZE) }?;
    let word = reserved.cast::<u32>().as_ptr();
    // SAFETY: It is mapped, and ours; and any bits are a number.
    let old = unsafe { *word };

    pr_info!("attempting: a write to early_memremap_ro(...)\n");
    // SAFETY: Incorrect, on purpose: nothing may be written there.
    unsafe { *word = !old };
    pr_info!("survived: a write to early_memremap_ro(...)\n");

    // SAFETY: Mapped above, with this size, and not used below.
    unsafe { early_memunmap(reserved, PAGE_SIZE) };
    Ok(())
}
