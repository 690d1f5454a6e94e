// SPDX-License-Identifier: GPL-2.0

//! Asks for one page that both devices can reach: the twin of `gfp_pcp`.
//!
//! `ZONE_DMA` lies below `ZONE_DMA32`, so the flag of the more demanding device is
//! enough for both. Nothing is reported.

use kernel::prelude::*;
use oopsarium::gfp::{__GFP_DMA, __GFP_DMA32};
use oopsarium::page::alloc_page;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: GfpPcp,
    name: "gfp_pcp_fixed",
    author: "Oopsarium",
    description: "One page that two devices can reach",
    license: "GPL",
}

struct GfpPcp;

impl kernel::Module for GfpPcp {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // SAFETY: One zone; and a module is loaded by a task, which may sleep.
        let _low = unsafe { alloc_page(__GFP_DMA32) }?;
        // SAFETY: As above.
        let _lower = unsafe { alloc_page(__GFP_DMA) }?;

        pr_info!("attempting: alloc_page(__GFP_DMA)\n");
        // SAFETY: One zone, and a task.
        let _both = unsafe { alloc_page(__GFP_DMA) }?;
        pr_info!("survived: alloc_page(__GFP_DMA)\n");
        Ok(Self)
    }
}
