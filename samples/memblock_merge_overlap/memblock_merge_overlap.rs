// SPDX-License-Identifier: GPL-2.0

//! Adds ranges of memory that overlap: they become one region, and no byte counts twice.
//!
//! # Shows
//!
//! ```text
//! added first           [ 16..24 )
//! then         [ 8..18 )      [ 22..30 )        MiB
//! list         [ one region, 8..30      )
//! ```
//!
//! `memblock_add()` adds only what is not there yet, and merges it with what is. A firmware's map
//! that names some memory twice does no harm.
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
//! Built in: `oopsarium=memblock_merge_overlap`; x86_64 and arm64.

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
    name: "memblock_merge_overlap",
    author: "Oopsarium",
    description: "Regions that overlap",
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
    let first = unsafe { memblock.add(mib(16, 24)) }?;
    draw("added first:");
    // SAFETY: As above.
    let second = unsafe { memblock.add(mib(8, 18)) }?;
    // SAFETY: As above.
    let third = unsafe { memblock.add(mib(22, 30)) }?;
    draw("then one over each of its ends:");

    let found = memblock.memory().regions_in(window);
    let found = found.map(|region| (region.range, region.flags));
    let expected = [(mib(8, 30), Flags::NONE)];
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
