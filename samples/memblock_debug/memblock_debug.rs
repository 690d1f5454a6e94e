// SPDX-License-Identifier: GPL-2.0

//! Has memblock say what it does: every allocation, every change of its lists, and who asked for it.
//!
//! # Shows
//!
//! `memblock=debug` on the command line makes each call print a line with the size, the alignment,
//! the range and the caller, and each change of the lists another one:
//!
//! ```text
//! memblock_alloc_try_nid: 12288 bytes align=0x1000 nid=-1 from=0x0… max_addr=0x… memblock_debug::init…
//! memblock_reserve: [0x000000000fe15000-0x000000000fe17fff] memblock_alloc_range_nid…
//! memblock_phys_free: [0x000000000fe15000-0x000000000fe17fff] …
//! ```
//!
//! Whoever wonders where the memory of an early boot went can read it there.
//!
//! # Checks
//!
//! The claim has the line of the call; the script finds the lines for the very block that the module
//! got, once each, and the lists that are dumped when the firmware's map has been taken over.
//!
//! # Reach
//!
//! Built in: `oopsarium=memblock_debug`, with `memblock=debug`, and a script; x86_64 and arm64.

use core::alloc::Layout;
use kernel::prelude::*;
use oopsarium::{boot::boot_case, checks::Checks, memblock::Memblock, page::PAGE};

#[path = "../../rust/lib.rs"]
mod oopsarium;

boot_case! {
    init: init,
    stage: memblock,
    name: "memblock_debug",
    author: "Oopsarium",
    description: "What memblock says of itself",
    license: "GPL",
}

/// A size that nobody else asks for here.
const LAYOUT: Layout = match Layout::from_size_align(3 * PAGE.size(), PAGE.align()) {
    Ok(layout) => layout,
    Err(_) => panic!("a power of two"),
};

fn init(memblock: &Memblock) -> Result {
    let mut checks = Checks::new();
    let before = memblock.reserved_size();
    let block = memblock.alloc(LAYOUT)?;
    let phys = block.phys();
    drop(block);
    pr_info!("block: [{:#018x}-{:#018x}]\n", phys.start(), phys.end() - 1);
    checks.equal("what is reserved", before, memblock.reserved_size());
    checks.finish()
}
