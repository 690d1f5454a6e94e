// SPDX-License-Identifier: GPL-2.0

//! The fixmap: pages whose virtual addresses are fixed when the kernel is compiled, one
//! for each index.

use super::bindings::{self, phys_addr_t, PAGE_SHIFT};
use core::{ffi::c_void, ptr::NonNull};

/// Stands for a page: one of `enum fixed_addresses`.
pub type Index = bindings::fixed_addresses;

/// The first index that stands for no page any more: `__end_of_fixed_addresses`.
pub const END: Index = bindings::fixed_addresses___end_of_fixed_addresses;

/// The attributes of a page of device memory.
#[cfg(CONFIG_X86_64)]
const FIXMAP_PAGE_IO: u64 = bindings::__PAGE_KERNEL_IO as u64;
#[cfg(CONFIG_ARM64)]
const FIXMAP_PAGE_IO: u64 = bindings::PROT_DEVICE_nGnRE as u64;

/// The address of the page that `index` stands for. The pages go downwards from the top.
pub fn fix_to_virt(index: Index) -> NonNull<c_void> {
    let addr = bindings::FIXADDR_TOP as usize - ((index as usize) << PAGE_SHIFT);
    // SAFETY: The top is close to the largest address; an index does not get down to zero.
    unsafe { NonNull::new_unchecked(addr as *mut c_void) }
}

/// Maps the page of device memory at `phys` to where `index` stands for.
///
/// # Safety
///
/// - `index` is less than [`END`].
/// - Nobody else uses that index.
/// - There is no ordinary memory at `phys`.
pub unsafe fn set_fixmap_io(index: Index, phys: phys_addr_t) {
    // SAFETY: The caller's promises are all that the kernel asks for.
    unsafe { __set_fixmap(index, phys, FIXMAP_PAGE_IO) };
}

/// Unmaps what is mapped to where `index` stands for.
///
/// # Safety
///
/// - `index` is less than [`END`].
/// - The mapping is the caller's, and not used any more.
pub unsafe fn clear_fixmap(index: Index) {
    // SAFETY: The caller's promises are all that the kernel asks for; no attributes are
    // what clears.
    unsafe { __set_fixmap(index, 0, 0) };
}

/// # Safety
///
/// As for [`set_fixmap_io`], with memory that the attributes `flags` fit.
unsafe fn __set_fixmap(index: Index, phys: phys_addr_t, flags: u64) {
    // Inline on x86_64; this is what it calls.
    #[cfg(CONFIG_ARM64)]
    use bindings::__set_fixmap as set;
    #[cfg(CONFIG_X86_64)]
    use bindings::native_set_fixmap as set;

    let flags = bindings::pgprot_t { pgprot: flags as _ };
    // SAFETY: The caller's promises are all that the kernel asks for.
    unsafe { set(index, phys, flags) };
}

/// An index that stands for a page: with any other, what uses it does not compile.
pub struct Fixed<const INDEX: Index>;

impl<const INDEX: Index> Fixed<INDEX> {
    const EXISTS: () = assert!(INDEX < END, "past the end of the fixmap");

    /// Maps the page of device memory at `phys`, and says where.
    ///
    /// # Safety
    ///
    /// As for [`set_fixmap_io`], except that the index is right.
    pub unsafe fn map_io(phys: phys_addr_t) -> NonNull<c_void> {
        let () = Self::EXISTS;
        // SAFETY: The index exists. The rest is what our caller says.
        unsafe { set_fixmap_io(INDEX, phys) };
        fix_to_virt(INDEX)
    }
}
