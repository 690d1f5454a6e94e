// SPDX-License-Identifier: GPL-2.0

//! Memory that is contiguous in virtual addresses only.

use super::{bindings, gfp::gfp_t};
use core::{ffi::c_void, mem::MaybeUninit, ptr::NonNull};
use kernel::alloc::AllocError;

/// Two mebibytes, in bytes.
pub const SZ_2M: usize = bindings::SZ_2M as usize;

/// A vmalloc area: unmapped and freed when dropped.
///
/// # Invariants
///
/// `addr` came from `__vmalloc()`, for `size` bytes, and nobody else frees them.
pub struct Area {
    addr: NonNull<c_void>,
    size: usize,
}

impl Area {
    /// Where it begins.
    pub fn addr(&self) -> NonNull<c_void> {
        self.addr
    }

    /// Its bytes.
    pub fn as_mut_slice(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: By the type invariants so many bytes are mapped there, and ours.
        unsafe { core::slice::from_raw_parts_mut(self.addr.as_ptr().cast(), self.size) }
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        // SAFETY: By the type invariant this area is ours; modules are unloaded in
        // task context, where `vfree()` may sleep.
        unsafe { bindings::vfree(self.addr.as_ptr()) };
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
    let addr = NonNull::new(memory).ok_or(AllocError)?;
    Ok(Area { addr, size })
}
