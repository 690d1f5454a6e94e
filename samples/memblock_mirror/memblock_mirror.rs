// SPDX-License-Identifier: GPL-2.0

//! Marks memory as mirrored: what the kernel allocates for itself comes from there first.
//!
//! # Shows
//!
//! Servers can keep two copies of some memory, so that a broken cell costs nothing. With
//! `kernelcore=mirror` the kernel wants its own data there. The firmware says which memory that is
//! (EFI only); here `memblock_mark_mirror()` says so of one MiB that nobody mirrors.
//!
//! ```text
//! memory    [                          |MIRROR|                     ]
//!                                      |   [1]|                  [2]
//!                                           `-- memblock_alloc() from now on
//!                                                                 `-- and before
//! ```
//!
//! The flag belongs to the list `memory`. What is allocated is on the list `reserved` without it.
//!
//! # Checks
//!
//! The list against what was marked; a walk that asks for mirrored memory only; and where a block
//! comes from before and after, against arithmetic on what is free.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_mirror`, with `kernelcore=mirror`; x86_64 and arm64.

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
    name: "memblock_mirror",
    author: "Oopsarium",
    description: "Mirrored memory",
    license: "GPL",
}

const MIB: u64 = 1 << 20;

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    let reachable = PhysRange::new(0, memblock.current_limit());
    let highest = memblock.highest_free(PAGE, reachable);
    let block = memblock.alloc(PAGE)?;
    checks.equal("memblock_alloc() before", highest, Some(block.phys()));
    drop(block);

    // One MiB in the middle of the largest free range: not where blocks come from.
    let free = memblock.free_mem_ranges(Node::NONE, Flags::NONE);
    let largest = free.max_by_key(|(range, _)| range.size()).ok_or(ENOMEM)?.0;
    let middle = (largest.start() + largest.size() / 2) & !(MIB - 1);
    let mirror = PhysRange::of_size(middle, MIB);
    memblock.mark_mirror(mirror)?;
    pr_info!("after memblock_mark_mirror({mirror}):\n");
    memblock.memory().print();

    let regions = memblock.memory().regions();
    let marked = regions.filter(|region| region.flags.contains(Flags::MIRROR));
    checks.sequence(
        "regions with the flag",
        [mirror],
        marked.map(|region| region.range),
    );
    let walk = memblock.ranges(memblock.memory(), None, Node::NONE, Flags::MIRROR);
    checks.sequence(
        "a walk with the flag",
        [mirror],
        walk.map(|(range, _)| range),
    );

    let highest = memblock.highest_free(PAGE, mirror);
    let block = memblock.alloc(PAGE)?;
    checks.equal("memblock_alloc() after", highest, Some(block.phys()));
    let reserved = memblock.reserved().regions_in(block.phys()).next();
    let flags = reserved.map(|region| region.flags);
    checks.equal("flags where it is reserved", Some(Flags::NONE), flags);
    checks.finish()
}
