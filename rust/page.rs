// SPDX-License-Identifier: GPL-2.0

//! The page allocator.

use super::{bindings, gfp::gfp_t};
use core::ptr::NonNull;
use kernel::alloc::AllocError;

/// How many bytes a page has.
pub use bindings::PAGE_SIZE;

/// `1 << order` pages, contiguous and of their own: freed when dropped.
///
/// # Invariants
///
/// `first` came from the page allocator, as a block of `order`, and nobody else
/// frees it.
pub struct Pages {
    first: NonNull<bindings::page>,
    order: u32,
}

impl Pages {
    /// How many pages these are.
    pub fn count(&self) -> usize {
        1 << self.order
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: By the type invariants this block is ours, and of this order.
        unsafe { bindings::__free_pages(self.first.as_ptr(), self.order) };
    }
}

/// Allocates `1 << order` contiguous pages.
///
/// An order of zero is served from the per-CPU page lists where they have any,
/// larger ones (above order 3) always by the buddy allocator itself.
///
/// # Errors
///
/// [`AllocError`] when there is no such memory.
///
/// # Safety
///
/// - `gfp` holds at most one of `__GFP_DMA`, `__GFP_DMA32` and `__GFP_HIGHMEM`.
/// - Where `gfp` allows sleeping, the caller may sleep.
pub unsafe fn alloc_pages(gfp: gfp_t, order: u32) -> Result<Pages, AllocError> {
    // SAFETY: The caller's promises are all that the kernel asks for.
    let first = unsafe { bindings::alloc_pages(gfp, order) };
    // INVARIANT: The block was just handed to us.
    Ok(Pages {
        first: NonNull::new(first).ok_or(AllocError)?,
        order,
    })
}

/// Allocates one page: [`alloc_pages`] of order zero.
///
/// # Errors
///
/// As for [`alloc_pages`].
///
/// # Safety
///
/// As for [`alloc_pages`].
pub unsafe fn alloc_page(gfp: gfp_t) -> Result<Pages, AllocError> {
    // SAFETY: Our caller promises what `alloc_pages` asks for.
    unsafe { alloc_pages(gfp, 0) }
}
