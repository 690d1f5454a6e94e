// SPDX-License-Identifier: GPL-2.0

//! Asks memblock about single addresses and ranges: whether they are memory, reserved, mapped.
//!
//! # Shows
//!
//! ```text
//!                 0        a            b    c        d
//! memory                   [#################]        [####…
//! reserved                     [###]
//!
//! memblock_is_memory(a), memblock_is_map_memory(a)      yes; at c, between two regions: no
//! memblock_is_reserved(a)                               no, and within the reserved part: yes
//! memblock_is_region_memory(a..c)                       yes: all of it lies in one region
//! memblock_is_region_memory(b..d)                       no: part of it is none
//! memblock_is_region_reserved(a..c)                     yes: some of it is
//! memblock_overlaps_region(&memblock.memory, b..d)      yes: some of it is memory
//! ```
//!
//! Of a range, `…is_region_memory()` wants all and `…is_region_reserved()` some: the two names do not
//! say so.
//!
//! # Checks
//!
//! Each answer against the lists' own entries, at both edges of every region: the first byte, the
//! last one, and those beside them.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_test`; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    memblock::{List, Memblock},
    page::PAGE,
    phys::{Addr, PhysAddr, PhysRange},
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_test",
    author: "Oopsarium",
    description: "Questions to memblock",
    license: "GPL",
}

/// The bytes at both edges of each region, and those beside them.
fn edges<'m>(list: List<'m>) -> impl Iterator<Item = PhysAddr> + 'm {
    list.regions().flat_map(|region| {
        let (start, end) = (region.range.start(), region.range.end());
        [start.saturating_sub(1), start, end - 1, end]
    })
}

/// The first of `addrs` where the two differ.
fn first_difference(
    addrs: impl Iterator<Item = PhysAddr>,
    one: impl Fn(PhysAddr) -> bool,
    other: impl Fn(PhysAddr) -> bool,
) -> Option<Addr> {
    let mut addrs = addrs;
    addrs.find(|addr| one(*addr) != other(*addr)).map(Addr)
}

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    let (memory, reserved) = (memblock.memory(), memblock.reserved());
    memory.print();
    reserved.print();
    let listed =
        |list: List<'_>, addr: PhysAddr| list.regions().any(|region| region.range.contains(addr));
    let addrs = || [memory, reserved].into_iter().flat_map(edges);
    pr_info!(
        "{} addresses at the edges of {} regions\n",
        addrs().count(),
        addrs().count() / 4
    );

    let is = |addr| memblock.is_memory(addr);
    let wrong = first_difference(addrs(), is, |addr| listed(memory, addr));
    checks.equal("where memblock_is_memory() is wrong", None, wrong);
    let is = |addr| memblock.is_map_memory(addr);
    let wrong = first_difference(addrs(), is, |addr| listed(memory, addr));
    checks.equal("where memblock_is_map_memory() is wrong", None, wrong);
    let is = |addr| memblock.is_reserved(addr);
    let wrong = first_difference(addrs(), is, |addr| listed(reserved, addr));
    checks.equal("where memblock_is_reserved() is wrong", None, wrong);
    let yes = addrs().filter(|addr| memblock.is_memory(*addr)).count();
    let no = addrs().count() - yes;
    checks.that("both answers came", yes > 0 && no > 0, (yes, no));

    // The whole of a region, one byte more, and no byte but that.
    let region = memory.regions().next_back().ok_or(ENODEV)?.range;
    let more = PhysRange::new(region.start(), region.end() + 1);
    let beside = PhysRange::of_size(region.end(), 1);
    checks.equal(
        "memblock_is_region_memory()",
        true,
        memblock.is_region_memory(region),
    );
    checks.equal("with one byte more", false, memblock.is_region_memory(more));
    checks.equal(
        "memblock_overlaps_region()",
        true,
        memory.overlaps_region(more),
    );
    checks.equal(
        "with that byte alone",
        false,
        memory.overlaps_region(beside),
    );

    let block = memblock.phys_alloc(PAGE)?;
    let page = block.phys();
    let some = PhysRange::of_size(page.start() - 1, 2);
    checks.equal(
        "memblock_is_region_reserved()",
        true,
        memblock.is_region_reserved(page),
    );
    checks.equal(
        "with one byte of it",
        true,
        memblock.is_region_reserved(some),
    );
    checks.equal(
        "memblock_overlaps_region()",
        true,
        reserved.overlaps_region(some),
    );
    drop(block);
    checks.equal(
        "when it is given back",
        false,
        memblock.is_region_reserved(page),
    );

    // What is not to be mapped is memory all the same.
    let marked = memblock.mark_nomap(page)?;
    let (is_memory, is_mapped) = (
        memblock.is_memory(page.start()),
        memblock.is_map_memory(page.start()),
    );
    checks.equal(
        "after memblock_mark_nomap(): memory, mapped",
        (true, false),
        (is_memory, is_mapped),
    );
    drop(marked);
    checks.equal("and before", true, memblock.is_map_memory(page.start()));
    checks.finish()
}
