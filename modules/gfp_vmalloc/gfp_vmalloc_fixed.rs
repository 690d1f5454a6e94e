// SPDX-License-Identifier: GPL-2.0

//! Asks for 2 MiB of virtually contiguous memory below 4 GiB: the twin of
//! `gfp_vmalloc`.
//!
//! One zone, the larger of the two. Nothing is reported.

use kernel::prelude::*;
use oopsarium::gfp::{self, __GFP_DMA32};
use oopsarium::vmalloc::{__vmalloc, SZ_2M};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: GfpVmalloc,
    name: "gfp_vmalloc_fixed",
    author: "Oopsarium",
    description: "2 MiB from one zone",
    license: "GPL",
}

struct GfpVmalloc;

impl kernel::Module for GfpVmalloc {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // SAFETY: No zone; and a module is loaded by a task, which may sleep.
        let _ordinary = unsafe { __vmalloc(SZ_2M, gfp::GFP_KERNEL) }?;

        pr_info!("attempting: __vmalloc(SZ_2M, __GFP_DMA32)\n");
        // SAFETY: One zone, and a task.
        let _both = unsafe { __vmalloc(SZ_2M, __GFP_DMA32) }?;
        pr_info!("survived: __vmalloc(SZ_2M, __GFP_DMA32)\n");
        Ok(Self)
    }
}
