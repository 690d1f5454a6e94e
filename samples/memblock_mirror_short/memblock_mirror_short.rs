// SPDX-License-Identifier: GPL-2.0

//! Asks for more mirrored memory than there is: the kernel says so, and takes other memory.
//!
//! # Shows
//!
//! With one page mirrored, two pages cannot be. memblock warns and falls back; but it does not make
//! one block of both kinds, because they are two regions:
//!
//! ```text
//! memory         [            |MIRROR|              ]
//! two pages                      ?               [new]   with a warning
//! two pages in   [            |<-- two -->|              fails
//! just there
//! ```
//!
//! `Could not allocate 0x0000000000002000 bytes of mirrored memory`: the claim has that line.
//!
//! # Checks
//!
//! Where the two pages come from, against arithmetic on what is free; that what is free in the
//! window of two pages would do, if memblock looked across the regions' edge, and that it fails.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_mirror_short`, with `kernelcore=mirror`; x86_64 and arm64.

use core::alloc::Layout;
use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    memblock::{Flags, Memblock, Node},
    page::PAGE,
    phys::{PhysRange, PAGE_SIZE},
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_mirror_short",
    author: "Oopsarium",
    description: "Too little mirrored memory",
    license: "GPL",
}

/// Two pages, on any page.
const TWO: Layout = match Layout::from_size_align(2 * PAGE.size(), PAGE.align()) {
    Ok(layout) => layout,
    Err(_) => panic!("a power of two"),
};

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    let free = memblock.free_mem_ranges(Node::NONE, Flags::NONE);
    let largest = free.max_by_key(|(range, _)| range.size()).ok_or(ENOMEM)?.0;
    let middle = (largest.start() + largest.size() / 2) & !(PAGE_SIZE - 1);
    let mirror = PhysRange::of_size(middle, PAGE_SIZE);
    memblock.mark_mirror(mirror)?;
    memblock.memory().print();

    let block = memblock.alloc(PAGE)?;
    checks.equal("one page", mirror, block.phys());
    drop(block);
    let highest = memblock.highest_free(TWO, PhysRange::new(0, memblock.current_limit()));
    let block = memblock.alloc(TWO)?;
    checks.equal("two pages", highest, Some(block.phys()));
    drop(block);

    let window = PhysRange::of_size(mirror.start(), 2 * PAGE_SIZE);
    let mut parts = memblock
        .free_mem_ranges(Node::NONE, Flags::NONE)
        .filter_map(|(range, _)| {
            let part = range.intersection(window);
            (!part.is_empty()).then_some(part)
        });
    let other = PhysRange::new(mirror.end(), window.end());
    checks.sequence(
        "the window is free, in two parts",
        [mirror, other],
        &mut parts,
    );
    let block = memblock.alloc_range_nid(TWO, window, Node::NONE, false);
    checks.that("and yet holds no two pages", block.is_err(), block);
    checks.finish()
}
