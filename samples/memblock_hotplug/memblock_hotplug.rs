// SPDX-License-Identifier: GPL-2.0

//! Marks memory as one that may be taken out of the running machine: what the boot allocates avoids
//! it, and the page allocator gets it as any other.
//!
//! # Shows
//!
//! The firmware of some machines says which memory sits in a slot that can be emptied (ACPI's SRAT).
//! `memblock_mark_hotplug()` notes that. With `movable_node` nothing is allocated there, because what
//! the boot allocates can never move. At the hand-over, `memblock_free_all()` clears the flag
//! everywhere: from then on nobody can tell.
//!
//! ```text
//! at boot    [ NONE                     |HOTPLUG|     ]
//!                                    [2]      [1]
//!            before: 1; with the flag: 2
//! running    [ NONE                                   ]
//! ```
//!
//! These kernels have no ACPI, so the module says what a firmware would.
//!
//! # Checks
//!
//! Where a block comes from, without the flag and with it; the walks that ask for such memory and
//! those that do not; and in debugfs that the region is one again.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_hotplug`, with `movable_node`, and a script; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    memblock::{Flags, Memblock, Node},
    page::PAGE,
    phys::PhysRange,
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_hotplug",
    author: "Oopsarium",
    description: "Memory that can be taken out",
    license: "GPL",
}

const MIB: u64 = 1 << 20;

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    for region in memblock.memory().regions() {
        let (start, last) = (region.range.start(), region.range.end() - 1);
        pr_info!("memory: {start:#018x}..{last:#018x}\n");
    }
    let block = memblock.alloc(PAGE)?;
    let usual = block.phys();
    drop(block);
    // What lies around it, in the same region.
    let start = usual.start() & !(MIB - 1);
    let mut regions = memblock.memory().regions();
    let region = regions
        .find(|region| region.range.covers(usual))
        .ok_or(ENODEV)?
        .range;
    let slot = PhysRange::of_size(start, MIB).intersection(region);
    let marked = memblock.mark_hotplug(slot)?;
    pr_info!("after memblock_mark_hotplug({slot}):\n");
    memblock.memory().print();

    let walk = |flags| memblock.ranges(memblock.memory(), None, Node::NONE, flags);
    let with = walk(Flags::HOTPLUG).any(|(range, _)| range == slot);
    checks.that("a walk with the flag finds it", with, slot);
    let without = walk(Flags::NONE).any(|(range, _)| range.overlaps(slot));
    checks.that("one without does not", !without, slot);
    let common = memblock.mem_ranges().any(|(range, _)| range == slot);
    checks.that("for_each_mem_range() does", common, slot);
    let block = memblock.alloc(PAGE)?;
    pr_info!("memblock_alloc(): {usual} before, {} now\n", block.phys());
    checks.that(
        "memblock_alloc() avoids it",
        !slot.overlaps(block.phys()),
        block.phys(),
    );
    drop(block);

    // The kernel itself clears the flag, at the hand-over.
    core::mem::forget(marked);
    checks.finish()
}
