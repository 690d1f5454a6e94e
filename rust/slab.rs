// SPDX-License-Identifier: GPL-2.0

//! The slab allocator.

use super::{bindings, gfp::gfp_t};
use core::{ffi::c_void, ptr::NonNull};
use kernel::{alloc::AllocError, str::CStr};

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

/// Flags of a slab cache.
pub type Flags = bindings::slab_flags_t;

/// Objects lie at the beginning of cache lines, if they are not much smaller.
pub const SLAB_HWCACHE_ALIGN: Flags = 1 << bindings::_slab_flag_bits__SLAB_HWCACHE_ALIGN;
/// Pages come from `ZONE_DMA`.
pub const SLAB_CACHE_DMA: Flags = 1 << bindings::_slab_flag_bits__SLAB_CACHE_DMA;
/// Pages are given back when no reader can be at them any more.
pub const SLAB_TYPESAFE_BY_RCU: Flags = 1 << bindings::_slab_flag_bits__SLAB_TYPESAFE_BY_RCU;
/// It is not merged with a cache that is like it.
pub const SLAB_NO_MERGE: Flags = 1 << bindings::_slab_flag_bits__SLAB_NO_MERGE;
/// Its objects can be reclaimed.
pub const SLAB_RECLAIM_ACCOUNT: Flags = 1 << bindings::_slab_flag_bits__SLAB_RECLAIM_ACCOUNT;

/// A slab cache: destroyed when dropped.
///
/// # Invariants
///
/// The pointer came from `kmem_cache_create()`, and nobody else destroys it.
pub struct Cache(NonNull<bindings::kmem_cache>);

impl Cache {
    /// Makes a cache of objects of `size` bytes, called `name`.
    ///
    /// # Errors
    ///
    /// [`AllocError`] when there is no memory.
    pub fn new(name: &'static CStr, size: u32, flags: Flags) -> Result<Self, AllocError> {
        let mut args = bindings::kmem_cache_args::default();
        let name = name.as_char_ptr();
        // `kmem_cache_create()` is a macro; this is what it stands for.
        // SAFETY: A name that stays, and nothing that is not plain.
        let cache = unsafe { bindings::__kmem_cache_create_args(name, size, &mut args, flags) };
        // INVARIANT: It was just made for us.
        NonNull::new(cache).map(Self).ok_or(AllocError)
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is ours; it has no objects.
        unsafe { bindings::kmem_cache_destroy(self.0.as_ptr()) };
    }
}
