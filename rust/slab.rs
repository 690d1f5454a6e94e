// SPDX-License-Identifier: GPL-2.0

//! The slab allocator.

use super::{bindings, gfp::gfp_t};
use core::{ffi::c_void, ptr::NonNull};
use kernel::alloc::AllocError;

/// A piece of slab memory: freed when dropped.
///
/// # Invariants
///
/// The pointer came from `kmalloc()`, and nobody else frees it.
pub struct Object(NonNull<c_void>);

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: By the type invariant this memory is ours.
        unsafe { bindings::kfree(self.0.as_ptr()) };
    }
}

/// Allocates `size` bytes, not initialized, from the slab cache of that size and
/// kind.
///
/// # Errors
///
/// [`AllocError`] when there is no such memory.
///
/// # Safety
///
/// - `gfp` holds at most one of `__GFP_DMA` and `__GFP_DMA32`, and no
///   `__GFP_HIGHMEM`: slab memory is always mapped.
/// - Where `gfp` allows sleeping, the caller may sleep.
pub unsafe fn kmalloc(size: usize, gfp: gfp_t) -> Result<Object, AllocError> {
    // `kmalloc()` is inline; this is what it calls for a size that the compiler
    // does not know.
    // SAFETY: The caller's promises are all that the kernel asks for.
    let memory = unsafe { bindings::__kmalloc_noprof(size, gfp) };
    // INVARIANT: The memory was just handed to us.
    NonNull::new(memory).map(Object).ok_or(AllocError)
}
