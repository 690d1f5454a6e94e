// SPDX-License-Identifier: GPL-2.0

//! Gives parts of a region a flag: it is split, and its parts stay regions of their own although they touch.
//!
//! # Shows
//!
//! ```text
//! added      [ one region, 0..3              )        MiB
//! marked     [ HOTPLUG )         [ HOTPLUG )
//! list       [ HOTPLUG ][ NONE  ][ HOTPLUG ]
//! ```
//!
//! A region has one set of flags. `memblock_mark_hotplug()` isolates the range by splitting what
//! crosses its ends; without the flags the parts merge again.
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
//! Built in: `oopsarium=memblock_merge_adjacent_flags`; x86_64 and arm64.

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
    name: "memblock_merge_adjacent_flags",
    author: "Oopsarium",
    description: "Regions that touch, with different flags",
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
    let all = unsafe { memblock.add(mib(0, 3)) }?;
    draw("added:");
    let low = memblock.mark_hotplug(mib(0, 1))?;
    let high = memblock.mark_hotplug(mib(2, 3))?;
    draw("then marked at both ends:");

    let found = memblock.memory().regions_in(window);
    let found = found.map(|region| (region.range, region.flags));
    let expected = [
        (mib(0, 1), Flags::HOTPLUG),
        (mib(1, 2), Flags::NONE),
        (mib(2, 3), Flags::HOTPLUG),
    ];
    checks.sequence("regions", expected, found);
    let sum: u64 = expected.iter().map(|(range, _)| range.size()).sum();
    checks.equal(
        "memblock_phys_mem_size()",
        Size(size + sum),
        Size(memblock.phys_mem_size()),
    );
    drop((low, high, all));
    checks.equal("all removed", Size(size), Size(memblock.phys_mem_size()));
    let left = memblock.memory().regions_in(window).count();
    checks.equal("regions left of it", 0, left);
    checks.finish()
}
