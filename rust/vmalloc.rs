// SPDX-License-Identifier: GPL-2.0

//! Memory that is contiguous in virtual addresses only.

use super::{bindings, gfp::gfp_t};
use core::{ffi::c_void, ptr::NonNull};
use kernel::alloc::AllocError;

/// Two mebibytes, in bytes.
pub const SZ_2M: usize = bindings::SZ_2M as usize;

/// A vmalloc area: unmapped and freed when dropped.
///
/// # Invariants
///
/// The pointer came from `__vmalloc()`, and nobody else frees it.
pub struct Area(NonNull<c_void>);

impl Drop for Area {
    fn drop(&mut self) {
        // SAFETY: By the type invariant this area is ours; modules are unloaded in
        // task context, where `vfree()` may sleep.
        unsafe { bindings::vfree(self.0.as_ptr()) };
    }
}

/// Allocates `size` bytes, page by page with the flags `gfp`, and maps them in a
/// row.
///
/// # Errors
///
/// [`AllocError`] when there is no such memory, or no room to map it.
///
/// # Safety
///
/// - `gfp` holds at most one of `__GFP_DMA`, `__GFP_DMA32` and `__GFP_HIGHMEM`.
/// - The caller may sleep.
pub unsafe fn __vmalloc(size: usize, gfp: gfp_t) -> Result<Area, AllocError> {
    // SAFETY: The caller's promises are all that the kernel asks for.
    let memory = unsafe { bindings::__vmalloc_noprof(size as _, gfp) };
    // INVARIANT: The area was just handed to us.
    NonNull::new(memory).map(Area).ok_or(AllocError)
}
