// SPDX-License-Identifier: GPL-2.0

//! Asks for four contiguous pages that are to come from two zones at once.
//!
//! # Bug
//!
//! A ring buffer of four pages for a device with 24 address lines and one with 32,
//! and both devices' flags added up:
//!
//! ```text
//! alloc_pages(__GFP_DMA32 | __GFP_DMA, 2)
//!                |            |        `-- 1 << 2 pages
//!                |            `----------- only ZONE_DMA will do
//!                `------------------------ only ZONE_DMA32 will do
//! ```
//!
//! More than one page comes from the buddy allocator's free lists, zone by zone;
//! which zones may be looked at is asked first, and has no answer.
//!
//! # Rule
//!
//! At most one of `__GFP_DMA`, `__GFP_DMA32` and `__GFP_HIGHMEM`, with or without
//! `__GFP_MOVABLE`; the order makes no difference. `gfp_zone()`
//! (include/linux/gfp.h) looks the combination up in the table of bad ones, where
//! `CONFIG_DEBUG_VM` is set:
//!
//! ```c
//! VM_BUG_ON((GFP_ZONE_BAD >> bit) & 1);
//! ```
//!
//! # Expected
//!
//! `kernel BUG at include/linux/gfp.h:…!` in `__alloc_pages_noprof()`, into which
//! `gfp_zone()` is inlined; then `Oops: invalid opcode` on x86_64 and
//! `Internal error: Oops - BUG` on arm64. insmod dies, the kernel lives on.
//!
//! ```text
//! kernel BUG at include/linux/gfp.h:…!
//! Oops: invalid opcode: 0000 [#1] SMP
//! RIP: 0010:__alloc_pages_noprof+0x…
//! ```
//!
//! # Fix
//!
//! `__GFP_DMA` alone: `ZONE_DMA` lies below `ZONE_DMA32`, so these pages serve both
//! devices. That is the twin.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64; `CONFIG_DEBUG_VM`, `CONFIG_ZONE_DMA`,
//! `CONFIG_ZONE_DMA32`.

use kernel::prelude::*;
use oopsarium::gfp::{__GFP_DMA, __GFP_DMA32};
use oopsarium::page::alloc_pages;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: GfpBuddy,
    name: "gfp_buddy",
    author: "Oopsarium",
    description: "Four pages from two zones at once",
    license: "GPL",
}

/// Four pages.
const ORDER: u32 = 2;

struct GfpBuddy;

impl kernel::Module for GfpBuddy {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // SAFETY: One zone; and a module is loaded by a task, which may sleep.
        let _low = unsafe { alloc_pages(__GFP_DMA32, ORDER) }?;
        // SAFETY: As above.
        let _lower = unsafe { alloc_pages(__GFP_DMA, ORDER) }?;

        pr_info!("attempting: alloc_pages(__GFP_DMA32 | __GFP_DMA, {ORDER})\n");
        // SAFETY: Incorrect, on purpose: `gfp` names two zones.
        let _both = unsafe { alloc_pages(__GFP_DMA32 | __GFP_DMA, ORDER) }?;
        pr_info!("survived: alloc_pages(__GFP_DMA32 | __GFP_DMA, {ORDER})\n");
        Ok(Self)
    }
}
