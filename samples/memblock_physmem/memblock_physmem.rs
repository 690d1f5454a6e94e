// SPDX-License-Identifier: GPL-2.0

//! Keeps a third list, of all the memory that the machine has, and finds what the kernel may not use
//! of it.
//!
//! # Shows
//!
//! `mem=192M` tells the kernel to use no more, and the list `memory` forgets the rest. The list
//! `physmem` (`CONFIG_HAVE_MEMBLOCK_PHYS_MAP`) is for what the machine was found to have, whatever
//! the kernel was told; only s390 fills it by itself. Here it is filled from the firmware's map.
//!
//! ```text
//! physmem   [##][###################|#############]
//! memory     [#][###################]
//! walk      [ ]                      [###########]     for_each_physmem_range(memory)
//! ```
//!
//! # Checks
//!
//! The list against the firmware's map; and the difference: its last range against `mem=`, and its
//! sum against the sums of the two lists.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_physmem`, with `mem=192M` on a machine that has 256 MiB; x86_64 and
//! arm64.

use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    firmware,
    memblock::Memblock,
    phys::{PhysRange, Size},
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_physmem",
    author: "Oopsarium",
    description: "The list of all memory",
    license: "GPL",
}

/// What the command line leaves the kernel.
const LIMIT: u64 = 192 << 20;

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    for range in firmware::memory() {
        memblock.physmem_add(range)?;
    }
    memblock.physmem().print();
    memblock.memory().print();
    pr_info!("physmem without memory:\n");
    for (range, _) in memblock.physmem_ranges(Some(memblock.memory())) {
        pr_info!("     {range} {}\n", Size(range.size()));
    }

    let regions = memblock.physmem().regions().map(|region| region.range);
    checks.sequence(
        "physmem, and the firmware's map",
        firmware::memory(),
        regions,
    );
    let all = memblock.physmem_ranges(None).map(|(range, _)| range);
    checks.sequence("for_each_physmem_range()", firmware::memory(), all);

    let rest = || {
        memblock
            .physmem_ranges(Some(memblock.memory()))
            .map(|(range, _)| range)
    };
    let start = firmware::memory().map(|range| range.start()).min();
    let end = firmware::memory().map(|range| range.end()).max();
    let (start, end) = start.zip(end).ok_or(ENODEV)?;
    let expected = PhysRange::new(start + LIMIT, end);
    checks.equal("what mem= takes away", Some(expected), rest().next_back());
    let sum = |ranges: &mut dyn Iterator<Item = PhysRange>| {
        let mut sum = 0;
        for range in ranges {
            sum += range.size();
        }
        Size(sum)
    };
    let physmem = sum(&mut memblock.physmem().regions().map(|region| region.range));
    let memory = sum(&mut memblock.memory().regions().map(|region| region.range));
    let difference = Size(physmem.0 - memory.0);
    checks.equal("physmem less memory", difference, sum(&mut rest()));
    checks.finish()
}
