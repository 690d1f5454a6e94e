// SPDX-License-Identifier: GPL-2.0

//! Pageblocks: what memory is divided into when it comes to what can be moved.

use super::{
    bindings, kallsyms,
    page::{phys_addr_t, PAGE_SIZE},
};
use core::ptr::NonNull;
use kernel::{c_str, ffi::c_ulong, prelude::*};

/// The type of the kernel's function, which is not exported.
type GetPfnblockFlagsMask =
    unsafe extern "C" fn(*const bindings::page, c_ulong, c_ulong) -> c_ulong;
const _: GetPfnblockFlagsMask = bindings::get_pfnblock_flags_mask;

/// The three bits of the migratetype.
const MIGRATETYPE_MASK: c_ulong = 7;

/// How many pages a block has.
pub const PAGES: usize = 1 << bindings::pageblock_order;

/// All pageblocks.
pub struct Pageblocks {
    get_pfnblock_flags_mask: GetPfnblockFlagsMask,
    max_pfn: usize,
}

impl Pageblocks {
    /// Those that there are now.
    ///
    /// # Errors
    ///
    /// Those of [`kallsyms::lookup`].
    pub fn new() -> Result<Self> {
        let function = kallsyms::lookup(c_str!("get_pfnblock_flags_mask"))?;
        let max_pfn: NonNull<c_ulong> = kallsyms::lookup(c_str!("max_pfn"))?.cast();
        Ok(Self {
            // SAFETY: This is the type of the function of that name.
            get_pfnblock_flags_mask: unsafe {
                core::mem::transmute::<NonNull<core::ffi::c_void>, GetPfnblockFlagsMask>(function)
            },
            // SAFETY: This is the type of the variable of that name.
            max_pfn: unsafe { max_pfn.as_ptr().read_volatile() } as usize,
        })
    }

    /// Where each of them ends, and its migratetype.
    pub fn iter(&self) -> impl Iterator<Item = (phys_addr_t, usize)> + '_ {
        (0..self.max_pfn).step_by(PAGES).filter_map(|pfn| {
            // SAFETY: Any number will do.
            let page = NonNull::new(unsafe { bindings::pfn_to_online_page(pfn as _) })?;
            let end = ((pfn + PAGES) * PAGE_SIZE) as phys_addr_t;
            // SAFETY: A page, and its number.
            let bits = unsafe {
                (self.get_pfnblock_flags_mask)(page.as_ptr(), pfn as _, MIGRATETYPE_MASK)
            };
            Some((end, bits as usize))
        })
    }
}
