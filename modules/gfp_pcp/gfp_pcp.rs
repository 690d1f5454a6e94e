// SPDX-License-Identifier: GPL-2.0

//! Asks for one page that is to come from two zones at once.
//!
//! # Bug
//!
//! A driver for a device with 24 address lines and one with 32 share an allocation,
//! and somebody adds up their flags:
//!
//! ```text
//! alloc_page(__GFP_DMA32 | __GFP_DMA)
//!               |            `-- only ZONE_DMA will do
//!               `--------------- only ZONE_DMA32 will do
//! ```
//!
//! A single page would come from the per-CPU page lists (PCP), but the allocator
//! does not get so far: it first works out the zone that the flags name.
//!
//! # Rule
//!
//! At most one of `__GFP_DMA`, `__GFP_DMA32` and `__GFP_HIGHMEM`, with or without
//! `__GFP_MOVABLE`. `gfp_zone()` (include/linux/gfp.h) looks the combination up in
//! the table of bad ones:
//!
//! ```c
//! VM_BUG_ON((GFP_ZONE_BAD >> bit) & 1);
//! ```
//!
//! The check is there with `CONFIG_DEBUG_VM` only. Without it the same table of
//! zones is read at an entry that nobody filled in, and the page comes from
//! whatever zone has number zero.
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
//! Name the zone that the more demanding device needs: `ZONE_DMA` lies below
//! `ZONE_DMA32`, so `__GFP_DMA` alone serves both. That is the twin.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64; `CONFIG_DEBUG_VM`, `CONFIG_ZONE_DMA`,
//! `CONFIG_ZONE_DMA32`.

use kernel::prelude::*;
use oopsarium::gfp::{__GFP_DMA, __GFP_DMA32};
use oopsarium::page::alloc_page;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: GfpPcp,
    name: "gfp_pcp",
    author: "Oopsarium",
    description: "One page from two zones at once",
    license: "GPL",
}

struct GfpPcp;

impl kernel::Module for GfpPcp {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // SAFETY: One zone; and a module is loaded by a task, which may sleep.
        let _low = unsafe { alloc_page(__GFP_DMA32) }?;
        // SAFETY: As above.
        let _lower = unsafe { alloc_page(__GFP_DMA) }?;

        pr_info!("attempting: alloc_page(__GFP_DMA32 | __GFP_DMA)\n");
        // SAFETY: Incorrect, on purpose: `gfp` names two zones.
        let _both = unsafe { alloc_page(__GFP_DMA32 | __GFP_DMA) }?;
        pr_info!("survived: alloc_page(__GFP_DMA32 | __GFP_DMA)\n");
        Ok(Self)
    }
}
