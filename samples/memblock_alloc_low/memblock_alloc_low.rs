// SPDX-License-Identifier: GPL-2.0

//! Allocates memory that every device can reach, on a machine with more than that.
//!
//! # Shows
//!
//! Many devices have 32 address lines. `memblock_alloc_low()` stays below
//! `ARCH_LOW_ADDRESS_LIMIT`: 4 GiB on x86_64, the end of what the machine's devices can reach on
//! arm64. `memblock_alloc()` takes the highest memory, which is above on a machine with 5 GiB:
//!
//! ```text
//! 0                              4 GiB
//! [ memory       ]   devices       [ memory                 ]
//!            [low]                                      [any]
//! ```
//!
//! # Checks
//!
//! Both addresses against the limit, and against arithmetic on the list of what is free.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_alloc_low`; x86_64 and arm64, with 5 GiB of memory.

use kernel::prelude::*;
use oopsarium::{
    boot::boot_case,
    checks::Checks,
    memblock::{low_address_limit, Memblock},
    page::PAGE,
    phys::{Addr, PhysRange},
};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_alloc_low",
    author: "Oopsarium",
    description: "Memory that devices reach",
    license: "GPL",
}

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    memblock.draw(PhysRange::new(
        memblock.start_of_dram(),
        memblock.end_of_dram(),
    ));
    let limit = low_address_limit();
    checks.equal(
        "the limit, in whole pages",
        Addr(0x1_0000_0000),
        Addr((limit + 1) & !0xfff),
    );

    let any = PhysRange::new(0, memblock.current_limit());
    let expected = memblock.highest_free(PAGE, any);
    let block = memblock.alloc(PAGE)?;
    checks.equal("memblock_alloc()", expected, Some(block.phys()));
    checks.that("is above", block.phys().start() > limit, block.phys());

    let low = PhysRange::new(0, limit);
    let expected = memblock.highest_free(PAGE, low);
    let block = memblock.alloc_low(PAGE)?;
    checks.equal("memblock_alloc_low()", expected, Some(block.phys()));
    checks.that("is below", low.covers(block.phys()), block.phys());
    checks.finish()
}
