// SPDX-License-Identifier: GPL-2.0

//! Asks for four contiguous pages that both devices can reach: the twin of
//! `gfp_buddy`.
//!
//! `ZONE_DMA` lies below `ZONE_DMA32`, so the flag of the more demanding device is
//! enough for both. Nothing is reported.

use kernel::prelude::*;
use oopsarium::gfp::{__GFP_DMA, __GFP_DMA32};
use oopsarium::page::alloc_pages;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: GfpBuddy,
    name: "gfp_buddy_fixed",
    author: "Oopsarium",
    description: "Four pages that two devices can reach",
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

        pr_info!("attempting: alloc_pages(__GFP_DMA, {ORDER})\n");
        // SAFETY: One zone, and a task.
        let _both = unsafe { alloc_pages(__GFP_DMA, ORDER) }?;
        pr_info!("survived: alloc_pages(__GFP_DMA, {ORDER})\n");
        Ok(Self)
    }
}
