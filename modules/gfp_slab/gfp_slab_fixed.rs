// SPDX-License-Identifier: GPL-2.0

//! Asks the slab allocator for 256 bytes that both devices can reach: the twin of
//! `gfp_slab`.
//!
//! `ZONE_DMA` lies below 4 GiB, so `__GFP_DMA` alone is enough. Nothing is reported.

use kernel::prelude::*;
use oopsarium::gfp::{self, __GFP_DMA};
use oopsarium::slab::kmalloc;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: GfpSlab,
    name: "gfp_slab_fixed",
    author: "Oopsarium",
    description: "256 bytes that two devices can reach",
    license: "GPL",
}

/// In bytes: a size that has a cache of its own in every row.
const SIZE: usize = 256;

struct GfpSlab;

impl kernel::Module for GfpSlab {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // SAFETY: No zone; and a module is loaded by a task, which may sleep.
        let _ordinary = unsafe { kmalloc(SIZE, gfp::GFP_KERNEL) }?;

        pr_info!("attempting: kmalloc({SIZE}, __GFP_DMA)\n");
        // SAFETY: One zone, and a task.
        let _both = unsafe { kmalloc(SIZE, __GFP_DMA) }?;
        pr_info!("survived: kmalloc({SIZE}, __GFP_DMA)\n");
        Ok(Self)
    }
}
