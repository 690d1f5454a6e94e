// SPDX-License-Identifier: GPL-2.0

//! Memory that is contiguous in virtual addresses only.

use super::{bindings, gfp::gfp_t, kallsyms};
use core::{ffi::c_void, mem::MaybeUninit, ptr::NonNull};
use kernel::{alloc::AllocError, c_str, prelude::*};

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

/// An area with pages of its own.
pub const VM_ALLOC: u64 = bindings::VM_ALLOC as u64;
/// An area with device registers, or what else is not the page allocator's.
pub const VM_IOREMAP: u64 = bindings::VM_IOREMAP as u64;
/// An area whose permissions must be reset before its pages are anybody's.
pub const VM_FLUSH_RESET_PERMS: u64 = bindings::VM_FLUSH_RESET_PERMS as u64;

/// What the kernel has noted of an area.
pub struct VmStruct {
    /// Where it begins.
    pub addr: usize,
    /// Its bytes, with the guard page.
    pub size: usize,
    /// How it came about: [`flags::VM_STRUCT`](super::flags::VM_STRUCT).
    pub flags: u64,
}

/// The type of the kernel's function, which is not exported.
type FindVmArea = unsafe extern "C" fn(*const c_void) -> *mut bindings::vm_struct;
const _: FindVmArea = bindings::find_vm_area;

/// The area that begins at `addr`, or that of this module when `addr` is in it.
///
/// # Errors
///
/// `ENOENT` when there is none; those of [`kallsyms::lookup`].
///
/// # Safety
///
/// - Nobody frees the area meanwhile.
pub unsafe fn find_vm_area(addr: usize) -> Result<VmStruct> {
    let function = kallsyms::lookup(c_str!("find_vm_area"))?;
    // SAFETY: This is the type of the function of that name.
    let function = unsafe { core::mem::transmute::<NonNull<c_void>, FindVmArea>(function) };
    // SAFETY: Any address will do.
    let area = NonNull::new(unsafe { function(addr as *const c_void) }).ok_or(ENOENT)?;
    // SAFETY: It stays: our caller says so.
    let area = unsafe { area.as_ref() };
    Ok(VmStruct {
        addr: area.addr as usize,
        size: area.size as usize,
        flags: area.flags as u64,
    })
}
