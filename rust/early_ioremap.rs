// SPDX-License-Identifier: GPL-2.0

//! Mappings from before there is `ioremap()`: a few slots of a few pages each, in the
//! fixmap.
//!
//! Code and data of this allocator are thrown away when the kernel has booted. So all
//! that calls it has to go with them, and nothing is undone by being dropped: the code
//! that the compiler makes for that would stay.

use super::bindings;
use core::{ffi::c_void, ptr::NonNull};
use kernel::{ffi::c_ulong, prelude::*};

/// The address of a byte, as the memory bus has it.
pub use bindings::phys_addr_t;

/// Where the last page of the physical address space begins.
pub const LAST_PAGE: phys_addr_t = phys_addr_t::MAX - (bindings::PAGE_SIZE as phys_addr_t - 1);

/// How many mappings there can be at a time.
pub const FIX_BTMAPS_SLOTS: usize = bindings::FIX_BTMAPS_SLOTS as usize;

/// How many pages one mapping can have.
pub const NR_FIX_BTMAPS: usize = bindings::NR_FIX_BTMAPS as usize;

/// The type of the kernel's `early_ioremap()`, for who has only its address.
pub type EarlyIoremap = unsafe extern "C" fn(phys_addr_t, c_ulong) -> *mut c_void;
const _: EarlyIoremap = bindings::early_ioremap;

/// Maps `size` bytes of device memory from `phys` on.
///
/// # Errors
///
/// `ENOMEM` when the kernel maps nothing, in which case it says why on the console.
///
/// # Safety
///
/// - The kernel is still booting.
/// - One of the [`FIX_BTMAPS_SLOTS`] is free.
/// - `size` is not zero, and the last byte has a physical address: the sum may be one
///   past the largest, which is zero, and no more.
/// - The bytes lie in [`NR_FIX_BTMAPS`] pages at most.
/// - [`early_iounmap`] undoes it before the last of the boot's initcalls.
#[link_section = ".init.text"]
pub unsafe fn early_ioremap(phys: phys_addr_t, size: usize) -> Result<NonNull<c_void>> {
    // SAFETY: The caller's promises are all that the kernel asks for.
    NonNull::new(unsafe { bindings::early_ioremap(phys, size as _) }).ok_or(ENOMEM)
}

/// Undoes the mapping at `addr`, which has `size` bytes.
///
/// # Safety
///
/// - [`early_ioremap`] returned `addr`, for this `size`.
/// - It has not been undone before, and is not used any more.
#[link_section = ".init.text"]
pub unsafe fn early_iounmap(addr: NonNull<c_void>, size: usize) {
    // SAFETY: The caller's promises are all that the kernel asks for.
    unsafe { bindings::early_iounmap(addr.as_ptr(), size as _) };
}

/// Maps `size` bytes of ordinary memory from `phys` on.
///
/// # Errors
///
/// As for [`early_ioremap`].
///
/// # Safety
///
/// As for [`early_ioremap`]; [`early_memunmap`] undoes it.
#[link_section = ".init.text"]
pub unsafe fn early_memremap(phys: phys_addr_t, size: usize) -> Result<NonNull<c_void>> {
    // SAFETY: The caller's promises are all that the kernel asks for.
    NonNull::new(unsafe { bindings::early_memremap(phys, size as _) }).ok_or(ENOMEM)
}

/// Maps `size` bytes of ordinary memory from `phys` on, to be read only.
///
/// # Errors
///
/// As for [`early_ioremap`].
///
/// # Safety
///
/// As for [`early_memremap`]; and nothing is written there.
#[link_section = ".init.text"]
pub unsafe fn early_memremap_ro(phys: phys_addr_t, size: usize) -> Result<NonNull<c_void>> {
    // SAFETY: The caller's promises are all that the kernel asks for.
    NonNull::new(unsafe { bindings::early_memremap_ro(phys, size as _) }).ok_or(ENOMEM)
}

/// Undoes the mapping at `addr`, which has `size` bytes.
///
/// # Safety
///
/// As for [`early_iounmap`], where [`early_memremap`] or [`early_memremap_ro`] made the
/// mapping.
#[link_section = ".init.text"]
pub unsafe fn early_memunmap(addr: NonNull<c_void>, size: usize) {
    // SAFETY: The caller's promises are all that the kernel asks for.
    unsafe { bindings::early_memunmap(addr.as_ptr(), size as _) };
}
