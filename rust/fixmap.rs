// SPDX-License-Identifier: GPL-2.0

//! The fixmap: pages whose virtual addresses are fixed when the kernel is compiled, one
//! for each index.

use super::bindings::{self, phys_addr_t, PAGE_SHIFT, PAGE_SIZE};
use core::{ffi::c_void, ops::RangeInclusive, ptr::NonNull};

/// Stands for a page: one of `enum fixed_addresses`.
pub type Index = bindings::fixed_addresses;

/// The first index that stands for no page any more: `__end_of_fixed_addresses`.
pub const END: Index = bindings::fixed_addresses___end_of_fixed_addresses;

/// The index after which those for the time of the boot come:
/// `__end_of_permanent_fixed_addresses`.
pub const END_OF_PERMANENT: Index = bindings::fixed_addresses___end_of_permanent_fixed_addresses;

/// The first and the last index of those by which `early_ioremap()` maps.
pub const FIX_BTMAPS: RangeInclusive<Index> =
    bindings::fixed_addresses_FIX_BTMAP_END..=bindings::fixed_addresses_FIX_BTMAP_BEGIN;

/// The first and the last index of those by which `kmap_local_page()` maps, if it does.
pub const FIX_KMAP: Option<RangeInclusive<Index>> = {
    #[cfg(CONFIG_KMAP_LOCAL)]
    {
        Some(bindings::fixed_addresses_FIX_KMAP_BEGIN..=bindings::fixed_addresses_FIX_KMAP_END)
    }
    #[cfg(not(CONFIG_KMAP_LOCAL))]
    None
};

/// Other indices that this kernel has, by their names.
#[cfg(CONFIG_X86_64)]
pub const NAMED: [(&str, RangeInclusive<Index>); 4] = {
    use bindings::*;
    [
        (
            "FIX_DBGP_BASE",
            fixed_addresses_FIX_DBGP_BASE..=fixed_addresses_FIX_DBGP_BASE,
        ),
        (
            "FIX_EARLYCON_MEM_BASE",
            fixed_addresses_FIX_EARLYCON_MEM_BASE..=fixed_addresses_FIX_EARLYCON_MEM_BASE,
        ),
        (
            "FIX_APIC_BASE",
            fixed_addresses_FIX_APIC_BASE..=fixed_addresses_FIX_APIC_BASE,
        ),
        (
            "FIX_IO_APIC_BASE_0",
            fixed_addresses_FIX_IO_APIC_BASE_0..=fixed_addresses_FIX_IO_APIC_BASE_END,
        ),
    ]
};
/// Other indices that this kernel has, by their names.
#[cfg(CONFIG_ARM64)]
pub const NAMED: [(&str, RangeInclusive<Index>); 4] = {
    use bindings::*;
    [
        (
            "FIX_HOLE",
            fixed_addresses_FIX_HOLE..=fixed_addresses_FIX_HOLE,
        ),
        (
            "FIX_FDT",
            fixed_addresses_FIX_FDT_END..=fixed_addresses_FIX_FDT,
        ),
        (
            "FIX_EARLYCON_MEM_BASE",
            fixed_addresses_FIX_EARLYCON_MEM_BASE..=fixed_addresses_FIX_EARLYCON_MEM_BASE,
        ),
        (
            "FIX_PTE to FIX_PGD",
            fixed_addresses_FIX_PTE..=fixed_addresses_FIX_PGD,
        ),
    ]
};

/// The attributes of a page of ordinary memory.
const FIXMAP_PAGE_NORMAL: u64 = bindings::PAGE_KERNEL as u64;

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

/// The index that stands for the page at `addr`, if one does.
pub fn virt_to_fix(addr: NonNull<c_void>) -> Option<Index> {
    let page = addr.as_ptr() as usize & !(PAGE_SIZE - 1);
    let below = (bindings::FIXADDR_TOP as usize).checked_sub(page)?;
    Index::try_from(below >> PAGE_SHIFT)
        .ok()
        .filter(|index| *index < END)
}

/// Maps the page of memory at `phys` to where `index` stands for.
///
/// # Safety
///
/// - `index` is less than [`END`].
/// - Nobody else uses that index.
/// - What is at `phys` may be read and written by whoever uses the mapping.
pub unsafe fn set_fixmap(index: Index, phys: phys_addr_t) {
    // SAFETY: The caller's promises are all that the kernel asks for.
    unsafe { __set_fixmap(index, phys, FIXMAP_PAGE_NORMAL) };
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
