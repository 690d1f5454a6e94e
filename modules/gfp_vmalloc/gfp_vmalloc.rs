// SPDX-License-Identifier: GPL-2.0

//! Asks for 2 MiB of virtually contiguous memory whose pages are to come from two
//! zones at once.
//!
//! # Bug
//!
//! ```text
//! __vmalloc(SZ_2M, __GFP_DMA32 | __GFP_DMA)
//!             |         `-- passed on for every page
//!             `------------ 512 pages of 4 KiB, each from wherever there is one
//! ```
//!
//! `__vmalloc()` sets aside a range of addresses first, and then fills it with pages,
//! as many at a time as the page allocator hands out. The flags of the caller go
//! with each request, and meet `gfp_zone()` at the first.
//!
//! # Rule
//!
//! At most one of `__GFP_DMA`, `__GFP_DMA32` and `__GFP_HIGHMEM`, with or without
//! `__GFP_MOVABLE`. `gfp_zone()` (include/linux/gfp.h) looks the combination up in
//! the table of bad ones, where `CONFIG_DEBUG_VM` is set:
//!
//! ```c
//! VM_BUG_ON((GFP_ZONE_BAD >> bit) & 1);
//! ```
//!
//! # Expected
//!
//! `kernel BUG at include/linux/gfp.h:…!` in `alloc_pages_bulk_noprof()`, into which
//! `gfp_zone()` is inlined, under `__vmalloc_node_range_noprof()`; then
//! `Oops: invalid opcode` on x86_64 and `Internal error: Oops - BUG` on arm64. insmod
//! dies, the kernel lives on. The range of addresses is lost with it.
//!
//! ```text
//! kernel BUG at include/linux/gfp.h:…!
//! Oops: invalid opcode: 0000 [#1] SMP
//! RIP: 0010:alloc_pages_bulk_noprof+0x…
//! ```
//!
//! # Fix
//!
//! `__GFP_DMA32` alone, if 32 bits of address are what is needed: `ZONE_DMA` would
//! do for both as well, but 2 MiB are an eighth of it on x86_64. That is the twin.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64; `CONFIG_DEBUG_VM`, `CONFIG_ZONE_DMA`,
//! `CONFIG_ZONE_DMA32`.

use kernel::prelude::*;
use oopsarium::gfp::{self, __GFP_DMA, __GFP_DMA32};
use oopsarium::vmalloc::{__vmalloc, SZ_2M};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: GfpVmalloc,
    name: "gfp_vmalloc",
    author: "Oopsarium",
    description: "2 MiB from two zones at once",
    license: "GPL",
}

struct GfpVmalloc;

impl kernel::Module for GfpVmalloc {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // SAFETY: No zone; and a module is loaded by a task, which may sleep.
        let _ordinary = unsafe { __vmalloc(SZ_2M, gfp::GFP_KERNEL) }?;

        pr_info!("attempting: __vmalloc(SZ_2M, __GFP_DMA32 | __GFP_DMA)\n");
        // SAFETY: Incorrect, on purpose: `gfp` names two zones.
        let _both = unsafe { __vmalloc(SZ_2M, __GFP_DMA32 | __GFP_DMA) }?;
        pr_info!("survived: __vmalloc(SZ_2M, __GFP_DMA32 | __GFP_DMA)\n");
        Ok(Self)
    }
}
