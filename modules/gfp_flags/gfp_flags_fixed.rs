// SPDX-License-Identifier: GPL-2.0

//! Goes through the same combinations, each with one zone only: the twin of
//! `gfp_flags`.
//!
//! Of the zones that a forbidden combination names, the lowest satisfies the demands
//! on all of them. Nothing is reported.

use kernel::{c_str, prelude::*};
use oopsarium::gfp::{self, gfp_t};
use oopsarium::kthread::{self, End};
use oopsarium::page::alloc_page;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: GfpFlags,
    name: "gfp_flags_fixed",
    author: "Oopsarium",
    description: "Every combination of zone flags, mended",
    license: "GPL",
}

/// Flags as the source has them: their names, and their value.
macro_rules! flags {
    ($first:ident $(| $more:ident)*) => {
        (
            concat!(stringify!($first) $(, " | ", stringify!($more))*),
            gfp::$first $(| gfp::$more)*,
        )
    };
}

const MENDED: [(&str, gfp_t); 8] = [
    flags!(__GFP_DMA),
    flags!(__GFP_DMA),
    flags!(__GFP_DMA32),
    flags!(__GFP_DMA),
    flags!(__GFP_MOVABLE | __GFP_DMA),
    flags!(__GFP_MOVABLE | __GFP_DMA),
    flags!(__GFP_MOVABLE | __GFP_DMA32),
    flags!(__GFP_MOVABLE | __GFP_DMA),
];

const ALLOWED: [(&str, gfp_t); 15] = [
    flags!(GFP_KERNEL),
    flags!(__GFP_DMA),
    flags!(__GFP_HIGHMEM),
    flags!(__GFP_DMA32),
    flags!(__GFP_MOVABLE),
    flags!(__GFP_MOVABLE | __GFP_DMA),
    flags!(__GFP_MOVABLE | __GFP_HIGHMEM),
    flags!(__GFP_MOVABLE | __GFP_DMA32),
    flags!(GFP_KERNEL | __GFP_DMA),
    flags!(GFP_KERNEL | __GFP_HIGHMEM),
    flags!(GFP_KERNEL | __GFP_DMA32),
    flags!(GFP_KERNEL | __GFP_MOVABLE),
    flags!(GFP_KERNEL | __GFP_MOVABLE | __GFP_DMA),
    flags!(GFP_KERNEL | __GFP_MOVABLE | __GFP_HIGHMEM),
    flags!(GFP_KERNEL | __GFP_MOVABLE | __GFP_DMA32),
];

struct GfpFlags;

impl kernel::Module for GfpFlags {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        for (names, gfp) in MENDED {
            pr_info!("attempting: alloc_page({names})\n");
            let end = kthread::run(c_str!("gfp_flags"), &|| {
                // SAFETY: One zone; and this is a task of its own.
                let _page = unsafe { alloc_page(gfp) };
            })?;
            if end == End::Returned {
                pr_info!("survived: alloc_page({names})\n");
            }
        }
        for (names, gfp) in ALLOWED {
            // SAFETY: One zone at most; and a module is loaded by a task, which may sleep.
            let _page = unsafe { alloc_page(gfp) }?;
            pr_info!("allowed: alloc_page({names})\n");
        }
        Ok(Self)
    }
}
