// SPDX-License-Identifier: GPL-2.0

//! Goes through every combination of zone flags: the eight that are forbidden, and
//! the fifteen that are not.
//!
//! # Bug
//!
//! Four bits of a GFP mask say where a page may come from. They are not a set to add
//! up at will: three of them name a zone, and a page has one zone only. On x86_64 `ZONE_DMA`
//! is the memory below 16 MiB, for old devices, `ZONE_DMA32` that below 4 GiB, and
//! `ZONE_NORMAL` the rest; `ZONE_HIGHMEM` is what a 32-bit kernel cannot have mapped all the
//! time.
//!
//! ```text
//! bit 3 __GFP_MOVABLE | bit 2 __GFP_DMA32 | bit 1 __GFP_HIGHMEM | bit 0 __GFP_DMA
//!                       `-------------- at most one of these -------------------'
//! ```
//!
//! # Rule
//!
//! `gfp_zone()` (include/linux/gfp.h) takes the four bits as a number, looks up the
//! zone in `GFP_ZONE_TABLE`, and the number itself in `GFP_ZONE_BAD`, a word with a
//! one for each of the eight combinations that make no sense:
//!
//! ```c
//! VM_BUG_ON((GFP_ZONE_BAD >> bit) & 1);
//! ```
//!
//! It says so with `CONFIG_DEBUG_VM` only. On a machine without `ZONE_HIGHMEM`, as all
//! 64-bit ones are, `__GFP_HIGHMEM` is still a flag, and still checked.
//!
//! # Expected
//!
//! Eight times `kernel BUG at include/linux/gfp.h:…!`, in the order of the list, each
//! after the line that names its combination and each in a thread of its own, which
//! the oops kills. Then fifteen allocations that succeed, and nothing more.
//!
//! ```text
//! kernel BUG at include/linux/gfp.h:…!
//! Oops: invalid opcode: 0000 [#1] SMP
//! RIP: 0010:__alloc_pages_noprof+0x…
//! ```
//!
//! # Fix
//!
//! One zone of those that were named: the lowest, which satisfies the demands on all of
//! them. That is what the twin asks for.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64; `CONFIG_DEBUG_VM`, `CONFIG_ZONE_DMA`,
//! `CONFIG_ZONE_DMA32`.

use kernel::{c_str, prelude::*};
use oopsarium::gfp::{self, gfp_t};
use oopsarium::kthread::{self, End};
use oopsarium::page::alloc_page;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: GfpFlags,
    name: "gfp_flags",
    author: "Oopsarium",
    description: "Every combination of zone flags",
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

const FORBIDDEN: [(&str, gfp_t); 8] = [
    flags!(__GFP_DMA | __GFP_HIGHMEM),
    flags!(__GFP_DMA | __GFP_DMA32),
    flags!(__GFP_DMA32 | __GFP_HIGHMEM),
    flags!(__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM),
    flags!(__GFP_MOVABLE | __GFP_DMA | __GFP_HIGHMEM),
    flags!(__GFP_MOVABLE | __GFP_DMA | __GFP_DMA32),
    flags!(__GFP_MOVABLE | __GFP_DMA32 | __GFP_HIGHMEM),
    flags!(__GFP_MOVABLE | __GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM),
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
        for (names, gfp) in FORBIDDEN {
            pr_info!("attempting: alloc_page({names})\n");
            // The oops kills the thread that it happens in; the next one is wanted too.
            let end = kthread::run(c_str!("gfp_flags"), &|| {
                // SAFETY: Incorrect, on purpose: `gfp` names two zones or three.
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
