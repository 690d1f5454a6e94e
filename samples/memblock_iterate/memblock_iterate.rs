// SPDX-License-Identifier: GPL-2.0

//! Goes through memblock's lists: regions and ranges, what is reserved and what is free, upwards
//! and downwards.
//!
//! # Shows
//!
//! | C | here | what comes |
//! | --- | --- | --- |
//! | `for_each_mem_region()` | `memory().regions()` | the entries, as they stand in the array |
//! | `for_each_reserved_mem_region()` | `reserved().regions()` | |
//! | `for_each_mem_range()`, `…_rev()` | `mem_ranges()`, `.rev()` | memory, but what is not mapped |
//! | `for_each_reserved_mem_range()` | `reserved_mem_ranges()` | what is reserved |
//! | `for_each_free_mem_range()`, `…_reverse()` | `free_mem_ranges()`, `.rev()` | memory minus what is reserved |
//! | `__for_each_mem_range()`, `…_rev()` | `ranges()`, `.rev()` | what all of these are made of |
//!
//! The C macros keep a position in a `u64` with an index into both lists; the Rust iterators keep
//! the same numbers, one for each end. Between two steps they hold nothing, so that a loop may
//! allocate. A free range can be empty: where two reserved regions touch and do not merge, because
//! only one of them has a node, there is nothing between them, and the kernel's loop says so.
//!
//! ```text
//! memory    [############################]        [##############]
//! reserved  [##]      [######]        [#####]          [##]
//! free          [####]        [######]            [###]    [#####]
//! ```
//!
//! # Checks
//!
//! Ranges against regions; every downward walk against the upward one; the free ranges against a
//! subtraction made here, byte for byte; and an iterator that is taken from at both ends against
//! one that is not.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_iterate`; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    memblock::{Flags, Memblock, Node, Ranges},
    phys::{PhysRange, Size},
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_iterate",
    author: "Oopsarium",
    description: "memblock's lists, walked",
    license: "GPL",
}

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    let (memory, reserved) = (memblock.memory(), memblock.reserved());
    memory.print();
    reserved.print();
    pr_info!("free:\n");
    for (range, node) in memblock.free_mem_ranges(Node::NONE, Flags::NONE) {
        pr_info!("     {range} {node}, {}\n", Size(range.size()));
    }
    memblock.draw(PhysRange::new(
        memblock.start_of_dram(),
        memblock.end_of_dram(),
    ));

    // Regions, which are the arrays themselves.
    for list in [memory, reserved] {
        let mut end = 0;
        let disorder = list.regions().find(|region| {
            let before = core::mem::replace(&mut end, region.range.end());
            region.range.start() < before || region.range.is_empty()
        });
        checks.equal(
            format_args!("{}: out of order, or empty", list.name()),
            None,
            disorder,
        );
    }
    let sum: u64 = reserved.regions().map(|region| region.range.size()).sum();
    checks.equal("and sums up", Size(reserved.total_size()), Size(sum));

    // Ranges of one list. Nothing is unmapped on these machines, so none is left out.
    let pairs = memory.regions().map(|region| (region.range, region.node));
    checks.sequence("for_each_mem_range()", pairs, memblock.mem_ranges());
    let pairs = reserved.regions().map(|region| region.range);
    let ranges = memblock.reserved_mem_ranges().map(|(range, _)| range);
    checks.sequence("for_each_reserved_mem_range()", pairs, ranges);
    let all = memblock.ranges(memory, None, Node::NONE, Flags::NONE);
    checks.sequence("__for_each_mem_range()", all.clone(), memblock.mem_ranges());
    downwards(&mut checks, "__for_each_mem_range_rev()", &all);
    downwards(
        &mut checks,
        "for_each_mem_range_rev()",
        &memblock.mem_ranges(),
    );

    // Memory minus what is reserved.
    let free = memblock.free_mem_ranges(Node::NONE, Flags::NONE);
    downwards(&mut checks, "for_each_free_mem_range_reverse()", &free);
    let mut cut = memory.regions().flat_map(|memory| {
        // A bite at a time: from the end of one reserved region to the start of the next.
        let gaps = (0..=reserved.len()).map(|index| {
            let before = index.checked_sub(1).and_then(|index| reserved.get(index));
            let start = before.map_or(0, |region| region.range.end());
            let behind = reserved.get(index);
            PhysRange::new(
                start,
                behind.map_or(u64::MAX, |region| region.range.start()),
            )
        });
        gaps.map(move |gap| gap.intersection(memory.range))
            .filter(|range| !range.is_empty())
    });
    let empty = free.clone().filter(|(range, _)| range.is_empty()).count();
    pr_info!("{empty} of the free ranges are empty\n");
    let ranges = || {
        free.clone()
            .map(|(range, _)| range)
            .filter(|range| !range.is_empty())
    };
    checks.sequence("for_each_free_mem_range()", &mut cut, ranges());
    let taken: u64 = memory
        .regions()
        .flat_map(|memory| {
            let overlaps = reserved
                .regions()
                .map(move |r| r.range.intersection(memory.range));
            overlaps.map(PhysRange::size)
        })
        .sum();
    let total: u64 = memory.regions().map(|region| region.range.size()).sum();
    let sum: u64 = ranges().map(PhysRange::size).sum();
    checks.equal(
        "free is memory without what is reserved of it",
        Size(total - taken),
        Size(sum),
    );
    let back = memblock.ranges(memory, Some(reserved), Node::NONE, Flags::NONE);
    checks.sequence("__for_each_mem_range() of both lists", free.clone(), back);

    // From both ends at once: they meet, and nothing comes twice.
    let mut both = free.clone();
    let mut count = 0;
    while both.next().is_some() {
        count += 1;
        count += usize::from(both.next_back().is_some());
    }
    checks.equal("free ranges, from both ends in turn", free.count(), count);
    checks.finish()
}

/// The last of `ranges` first: the walk down has to be the walk up in reverse.
fn downwards(checks: &mut Checks, what: &str, ranges: &Ranges<'_>) {
    let count = ranges.clone().count();
    let reversed = (0..count)
        .rev()
        .filter_map(|index| ranges.clone().nth(index));
    checks.sequence(what, reversed, ranges.clone().rev());
}
