// SPDX-License-Identifier: GPL-2.0

//! GFP flags as the C side has them.
//!
//! `kernel::alloc::Flags` is closed to new flags, and has none that names a zone.

use super::bindings;
use kernel::c_str;

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

/// Makes one page of many, whose first one stands for all: a compound page.
pub const __GFP_COMP: gfp_t = 1 << bindings::___GFP_COMP_BIT;

/// Does without the memory rather than have other tasks killed for it.
pub const __GFP_NORETRY: gfp_t = 1 << bindings::___GFP_NORETRY_BIT;

/// Says nothing on the console when there is no memory.
pub const __GFP_NOWARN: gfp_t = 1 << bindings::___GFP_NOWARN_BIT;

/// Ordinary kernel memory; may sleep, do I/O and call into file systems.
pub const GFP_KERNEL: gfp_t = bindings::GFP_KERNEL;

/// For where one may not wait.
pub const GFP_NOWAIT: gfp_t = bindings::GFP_NOWAIT;

/// For where one may not wait, and must not fail if it can be helped.
pub const GFP_ATOMIC: gfp_t = bindings::GFP_ATOMIC;

/// For a user's memory that can be moved.
pub const GFP_HIGHUSER_MOVABLE: gfp_t = bindings::GFP_HIGHUSER_MOVABLE;

/// What the kernel itself calls these `flags`: `printk("%pGg")`.
pub fn name(flags: gfp_t, buffer: &mut [u8; 64]) -> &str {
    let flags: *const gfp_t = &flags;
    let format = c_str!("%pGg").as_char_ptr();
    let to = buffer.as_mut_ptr().cast();
    // SAFETY: The format takes a pointer to flags, and there is room for so much.
    let length = unsafe { bindings::snprintf(to, buffer.len(), format, flags) };
    let length = usize::try_from(length).unwrap_or(0).min(buffer.len() - 1);
    core::str::from_utf8(&buffer[..length]).unwrap_or("")
}
