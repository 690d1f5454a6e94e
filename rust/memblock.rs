// SPDX-License-Identifier: GPL-2.0

//! Memory from before there is a page allocator.

use super::bindings::{self, phys_addr_t};
use kernel::prelude::*;

/// Takes `size` bytes out of the memory that the kernel may use, at a multiple of
/// `align`. They are not mapped, and not cleared.
///
/// # Errors
///
/// `ENOMEM` when there is no such memory.
///
/// # Safety
///
/// - `mm_core_init()` has not run: there memblock hands over to the page allocator.
/// - `align` is a power of two.
#[link_section = ".init.text"]
pub unsafe fn memblock_phys_alloc(size: usize, align: usize) -> Result<phys_addr_t> {
    let anywhere = phys_addr_t::from(bindings::MEMBLOCK_ALLOC_ACCESSIBLE);
    // `memblock_phys_alloc()` is inline; this is what it calls.
    // SAFETY: The caller's promises are all that the kernel asks for.
    match unsafe { bindings::memblock_phys_alloc_range(size as _, align as _, 0, anywhere) } {
        0 => Err(ENOMEM),
        phys => Ok(phys),
    }
}

/// Gives back `size` bytes at `phys`.
///
/// # Safety
///
/// [`memblock_phys_alloc`] returned `phys` for this `size`, and nobody uses it any more.
#[link_section = ".init.text"]
pub unsafe fn memblock_phys_free(phys: phys_addr_t, size: usize) {
    // SAFETY: The caller's promises are all that the kernel asks for. The function
    // returns an error only where its own list cannot grow.
    unsafe { bindings::memblock_phys_free(phys, size as _) };
}
