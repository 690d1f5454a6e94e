// SPDX-License-Identifier: GPL-2.0

//! Sets the direction in which memblock looks for memory, and the address that it stays below.
//!
//! # Shows
//!
//! `memblock_set_bottom_up()` makes it take the lowest block that fits in place of the highest;
//! x86_64 does so for a while when memory may be taken out of the running machine, so that what the
//! kernel allocates lies near the kernel. `memblock_set_current_limit()` keeps allocations to what
//! is mapped so far.
//!
//! ```text
//! free      [######]      [##########|#############]
//!           [b]                   [l]|          [t]
//!            |                     | `-- the limit
//!            `-- bottom up         `-- top down, below the limit; without it: t
//! ```
//!
//! The Rust layer hands out guards: direction and limit are as they were when the guard goes out
//! of scope, whatever happens in between.
//!
//! # Checks
//!
//! Each address against arithmetic on the list of what is free; and the figures themselves,
//! before, while and after.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_control`; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    memblock::{Flags, Memblock, Node},
    page::PAGE,
    phys::{Addr, PhysRange},
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_control",
    author: "Oopsarium",
    description: "Direction and limit",
    license: "GPL",
}

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    let limit = memblock.current_limit();
    let all = PhysRange::new(0, limit);
    memblock.draw(PhysRange::new(
        memblock.start_of_dram(),
        memblock.end_of_dram(),
    ));

    checks.equal("memblock_bottom_up()", false, memblock.bottom_up());
    let highest = memblock.highest_free(PAGE, all);
    let block = memblock.alloc(PAGE)?;
    checks.equal("top down", highest, Some(block.phys()));
    drop(block);

    // The kernel keeps clear of the first page, which is address zero on a PC.
    let lowest = memblock.lowest_free(PAGE, PhysRange::new(4096, limit));
    let upwards = memblock.set_bottom_up(true);
    checks.equal(
        "after memblock_set_bottom_up(true)",
        true,
        memblock.bottom_up(),
    );
    let block = memblock.alloc(PAGE)?;
    checks.equal("bottom up", lowest, Some(block.phys()));
    {
        let _downwards = memblock.set_bottom_up(false);
        let block = memblock.alloc(PAGE)?;
        checks.equal("top down, for a while", highest, Some(block.phys()));
    }
    checks.equal("bottom up again", true, memblock.bottom_up());
    drop((block, upwards));
    checks.equal("and as it was", false, memblock.bottom_up());

    // The middle of the largest free range.
    let free = memblock.free_mem_ranges(Node::NONE, Flags::NONE);
    let largest = free.max_by_key(|(range, _)| range.size()).ok_or(ENOMEM)?.0;
    let middle = (largest.start() + largest.size() / 2) & !0xfff;
    let lower = memblock.set_current_limit(middle);
    checks.equal(
        "memblock_get_current_limit()",
        Addr(middle),
        Addr(memblock.current_limit()),
    );
    let block = memblock.alloc(PAGE)?;
    let end = Addr(block.phys().end());
    checks.equal("top down below the limit", Addr(middle), end);
    drop((block, lower));
    checks.equal(
        "the limit is as it was",
        Addr(limit),
        Addr(memblock.current_limit()),
    );
    let block = memblock.alloc(PAGE)?;
    checks.equal("and so is what is found", highest, Some(block.phys()));
    checks.finish()
}
