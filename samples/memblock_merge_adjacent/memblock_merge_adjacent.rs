// SPDX-License-Identifier: GPL-2.0

//! Adds three ranges of memory that touch: they become one region.
//!
//! # Shows
//!
//! ```text
//! added first          [ 1..2 )
//! then       [ 0..1 )            [ 2..3 )       MiB
//! list       [ one region, 0..3           )
//! ```
//!
//! `memblock_add()` merges neighbours that have the same flags and the same node. That keeps the
//! list short, which has room for 128 regions until it can grow.
//!
//! The ranges lie where no machine of ours has memory, and are gone before anybody allocates.
//!
//! # Checks
//!
//! The regions in that place against the arithmetic of what was added, with their flags; the sum;
//! and that nothing is left of it in the end.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_merge_adjacent`; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    memblock::{Flags, Memblock},
    phys::{PhysRange, Size},
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_merge_adjacent",
    author: "Oopsarium",
    description: "Regions that touch",
    license: "GPL",
}

/// An address far behind all memory: 32 GiB.
const FAR: u64 = 0x8_0000_0000;
/// The size that everything here is a multiple of.
const MIB: u64 = 1 << 20;

/// From `start` to `end`, in MiB from [`FAR`] on.
const fn mib(start: u64, end: u64) -> PhysRange {
    PhysRange::new(FAR + start * MIB, FAR + end * MIB)
}

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    let window = mib(0, 32);
    let draw = |what: &str| {
        pr_info!("{what}\n");
        for region in memblock.memory().regions_in(window) {
            pr_info!("  {region}\n");
        }
    };
    let size = memblock.phys_mem_size();

    // SAFETY: Nothing is allocated while it is there, here and below.
    let first = unsafe { memblock.add(mib(1, 2)) }?;
    draw("added first:");
    // SAFETY: As above.
    let second = unsafe { memblock.add(mib(0, 1)) }?;
    // SAFETY: As above.
    let third = unsafe { memblock.add(mib(2, 3)) }?;
    draw("then its neighbours:");

    let found = memblock.memory().regions_in(window);
    let found = found.map(|region| (region.range, region.flags));
    let expected = [(mib(0, 3), Flags::NONE)];
    checks.sequence("regions", expected, found);
    let sum: u64 = expected.iter().map(|(range, _)| range.size()).sum();
    checks.equal(
        "memblock_phys_mem_size()",
        Size(size + sum),
        Size(memblock.phys_mem_size()),
    );
    drop((first, second, third));
    checks.equal("all removed", Size(size), Size(memblock.phys_mem_size()));
    let left = memblock.memory().regions_in(window).count();
    checks.equal("regions left of it", 0, left);
    checks.finish()
}
