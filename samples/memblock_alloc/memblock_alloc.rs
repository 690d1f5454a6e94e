// SPDX-License-Identifier: GPL-2.0

//! Allocates memory before there is a page allocator, uses it, and gives it back.
//!
//! # Shows
//!
//! To allocate is to find memory that is not reserved, and to reserve it. memblock looks from the
//! top down, and takes the highest block that fits:
//!
//! ```text
//! memory    [##########################]      [##################]
//! reserved      [###]     [#####]                      [##]  [##]
//!                                                  [new]
//!                                                  `-- the highest free block of that size
//! ```
//!
//! `memblock_alloc()` also clears it; `memblock_alloc_raw()` leaves it as it is;
//! `memblock_alloc_from()` names a lowest address, and gives that up where it cannot be had.
//! Each returns where the memory is mapped. `memblock_free()` takes it off the list `reserved`
//! again: here that happens when the Rust value goes out of scope.
//!
//! # Checks
//!
//! The address against arithmetic on the list of what is free; the list `reserved` itself before
//! and after; and the bytes: memory that was filled and given back comes back filled from
//! `memblock_alloc_raw()`, and cleared from `memblock_alloc()`.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_alloc`; x86_64 and arm64.

use core::alloc::Layout;
use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    memblock::Memblock,
    phys::{Addr, PhysRange, Size},
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_alloc",
    author: "Oopsarium",
    description: "Memory from memblock",
    license: "GPL",
}

/// What is asked for: three pages, at a multiple of 64 KiB.
const LAYOUT: Layout = match Layout::from_size_align(3 * 4096, 0x1_0000) {
    Ok(layout) => layout,
    Err(_) => panic!("a power of two"),
};

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    let reachable = PhysRange::new(0, memblock.current_limit());
    let before = memblock.reserved_size();
    pr_info!("before:\n");
    memblock.reserved().print();

    // Cleared, from the top down.
    let expected = memblock.highest_free(LAYOUT, reachable);
    let mut block = memblock.alloc(LAYOUT)?;
    let phys = block.phys();
    pr_info!(
        "memblock_alloc({}, {}): {phys}\n",
        LAYOUT.size(),
        LAYOUT.align()
    );
    memblock.reserved().print();
    memblock.draw(PhysRange::new(
        memblock.start_of_dram(),
        memblock.end_of_dram(),
    ));
    checks.equal(
        "memblock_alloc() takes the highest that is free",
        expected,
        Some(phys),
    );
    let mut reserved = memblock.reserved().regions();
    let listed = reserved.any(|region| region.range.covers(phys));
    checks.that("it is on the list", listed, phys);
    let size = Size(before + LAYOUT.size() as u64);
    checks.equal("reserved in all", size, Size(memblock.reserved_size()));

    // Used, and given back.
    block.fill(0x5a);
    drop(block);
    checks.equal(
        "after memblock_free()",
        Size(before),
        Size(memblock.reserved_size()),
    );
    let listed = memblock.reserved().overlaps_region(phys);
    checks.that("it is on no list any more", !listed, phys);

    // As it is.
    let raw = memblock.alloc_raw(LAYOUT)?;
    checks.equal("memblock_alloc_raw() finds the same", phys, raw.phys());
    // SAFETY: It is the same memory, and every byte of it was written above.
    let stale = raw.iter().all(|byte| unsafe { byte.assume_init() } == 0x5a);
    checks.that("with what was left in it", stale, "something else");
    drop(raw);
    let block = memblock.alloc(LAYOUT)?;
    checks.equal("memblock_alloc() finds the same", phys, block.phys());
    checks.that(
        "and clears it",
        block.iter().all(|byte| *byte == 0),
        &block[..8],
    );
    drop(block);

    // From an address on.
    let middle = (memblock.start_of_dram() + memblock.end_of_dram()) / 2;
    let direction = memblock.set_bottom_up(true);
    let expected = memblock.lowest_free(LAYOUT, PhysRange::new(middle, reachable.end()));
    let block = memblock.alloc_from(LAYOUT, middle)?;
    let what = "memblock_alloc_from() bottom up takes the lowest from there on";
    checks.equal(what, expected, Some(block.phys()));
    drop((block, direction));
    let block = memblock.alloc_from(LAYOUT, memblock.end_of_dram())?;
    checks.equal(
        "where there is none, it takes what there is",
        phys,
        block.phys(),
    );
    drop(block);

    checks.equal(
        "all given back",
        Addr(before),
        Addr(memblock.reserved_size()),
    );
    checks.finish()
}
