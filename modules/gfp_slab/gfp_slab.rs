// SPDX-License-Identifier: GPL-2.0

//! Asks the slab allocator for 256 bytes that are to come from two zones at once.
//!
//! # Bug
//!
//! ```text
//! kmalloc(256, __GFP_DMA32 | __GFP_DMA)
//!                   |            `-- picks the cache: dma-kmalloc-256
//!                   `--------------- picks nothing: there are no DMA32 caches
//! ```
//!
//! Each kind of memory has its own row of kmalloc caches, and `kmalloc_type()` goes
//! by `__GFP_DMA` alone: the second flag is not seen there. It is carried along, and
//! found out only when the cache has no free object left and a slab has to come from
//! somewhere: `___slab_alloc()` asks `get_any_partial()` for one on any node, and
//! that asks `gfp_zone()` which zones would do.
//!
//! So the mistake can sleep for long. As long as `dma-kmalloc-256` has a free object
//! (one `kmalloc(256, __GFP_DMA)` before this one would see to it), nobody looks at
//! the zones.
//!
//! # Rule
//!
//! At most one of `__GFP_DMA`, `__GFP_DMA32` and `__GFP_HIGHMEM`; and of these the
//! slab allocator knows only the first. `gfp_zone()` (include/linux/gfp.h) looks the
//! combination up in the table of bad ones, where `CONFIG_DEBUG_VM` is set:
//!
//! ```c
//! VM_BUG_ON((GFP_ZONE_BAD >> bit) & 1);
//! ```
//!
//! # Expected
//!
//! `kernel BUG at include/linux/gfp.h:…!` in `___slab_alloc()`, into which
//! `get_any_partial()` and `gfp_zone()` are inlined; then `Oops: invalid opcode` on
//! x86_64 and `Internal error: Oops - BUG` on arm64. insmod dies, the kernel lives
//! on. Without `CONFIG_NUMA` there are no other nodes to look at, and without
//! `CONFIG_DEBUG_VM` nobody looks the flags up: then it comes to `new_slab()`, which only
//! says `Unexpected gfp: …` and takes the second flag out.
//!
//! ```text
//! kernel BUG at include/linux/gfp.h:…!
//! Oops: invalid opcode: 0000 [#1] SMP
//! RIP: 0010:___slab_alloc+0x…
//! ```
//!
//! # Fix
//!
//! `__GFP_DMA` alone: `ZONE_DMA` lies below 4 GiB anyway. That is the twin.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64; `CONFIG_DEBUG_VM`, `CONFIG_NUMA`, `CONFIG_ZONE_DMA`,
//! `CONFIG_ZONE_DMA32`.

use kernel::prelude::*;
use oopsarium::gfp::{self, __GFP_DMA, __GFP_DMA32};
use oopsarium::slab::kmalloc;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: GfpSlab,
    name: "gfp_slab",
    author: "Oopsarium",
    description: "256 bytes from two zones at once",
    license: "GPL",
}

/// In bytes: a size that has a cache of its own in every row.
const SIZE: usize = 256;

struct GfpSlab;

impl kernel::Module for GfpSlab {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // SAFETY: No zone; and a module is loaded by a task, which may sleep.
        let _ordinary = unsafe { kmalloc(SIZE, gfp::GFP_KERNEL) }?;

        pr_info!("attempting: kmalloc({SIZE}, __GFP_DMA32 | __GFP_DMA)\n");
        // SAFETY: Incorrect, on purpose: `gfp` names two zones.
        let _both = unsafe { kmalloc(SIZE, __GFP_DMA32 | __GFP_DMA) }?;
        pr_info!("survived: kmalloc({SIZE}, __GFP_DMA32 | __GFP_DMA)\n");
        Ok(Self)
    }
}
