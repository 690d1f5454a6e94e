// SPDX-License-Identifier: GPL-2.0

//! Gives a flag to ranges that reach over the ends of a region: what is memory of them gets it, and is split off.
//!
//! # Shows
//!
//! ```text
//! added             [ 8..24                   )        MiB
//! marked     [ 4..12 )              [ 20..28 )
//! list              [ HOTPLUG ][ NONE ][ HOTPLUG ]
//!                   8         12      20         24
//! ```
//!
//! `memblock_mark_hotplug()` changes what is there, and adds nothing: outside of the region there
//! is no memory to mark. An overlap with other flags does not merge.
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
//! Built in: `oopsarium=memblock_merge_overlap_flags`; x86_64 and arm64.

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
    name: "memblock_merge_overlap_flags",
    author: "Oopsarium",
    description: "Regions that overlap, with different flags",
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
    let all = unsafe { memblock.add(mib(8, 24)) }?;
    draw("added:");
    let low = memblock.mark_hotplug(mib(4, 12))?;
    let high = memblock.mark_hotplug(mib(20, 28))?;
    draw("then marked over both ends:");

    let found = memblock.memory().regions_in(window);
    let found = found.map(|region| (region.range, region.flags));
    let expected = [
        (mib(8, 12), Flags::HOTPLUG),
        (mib(12, 20), Flags::NONE),
        (mib(20, 24), Flags::HOTPLUG),
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
