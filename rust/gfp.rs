// SPDX-License-Identifier: GPL-2.0

//! GFP flags as the C side has them.
//!
//! `kernel::alloc::Flags` is closed to new flags, and has none that names a zone.

use super::bindings;

/// A set of GFP flags: what memory is wanted, and what may be done to get it.
pub use bindings::gfp_t;

/// Wants memory from `ZONE_DMA`.
pub const __GFP_DMA: gfp_t = 1 << bindings::___GFP_DMA_BIT;

/// Wants memory from `ZONE_DMA32`.
pub const __GFP_DMA32: gfp_t = 1 << bindings::___GFP_DMA32_BIT;

/// Allows memory from `ZONE_HIGHMEM`, where there is one.
pub const __GFP_HIGHMEM: gfp_t = 1 << bindings::___GFP_HIGHMEM_BIT;

/// Promises that the page can be moved or reclaimed, and so allows `ZONE_MOVABLE`.
pub const __GFP_MOVABLE: gfp_t = 1 << bindings::___GFP_MOVABLE_BIT;

/// Does without the memory rather than have other tasks killed for it.
pub const __GFP_NORETRY: gfp_t = 1 << bindings::___GFP_NORETRY_BIT;

/// Says nothing on the console when there is no memory.
pub const __GFP_NOWARN: gfp_t = 1 << bindings::___GFP_NOWARN_BIT;

/// Takes the last of the memory too, which is kept for those who free some.
pub const __GFP_MEMALLOC: gfp_t = 1 << bindings::___GFP_MEMALLOC_BIT;

/// Ordinary kernel memory; may sleep, do I/O and call into file systems.
pub const GFP_KERNEL: gfp_t = bindings::GFP_KERNEL;
