// SPDX-License-Identifier: GPL-2.0

//! Temporary mappings.

use super::{bindings, page::MappedPages};
use core::{ffi::c_void, ptr::NonNull};
use kernel::prelude::*;

/// Where `kmap_local_page()` maps the first of `pages`, which is unmapped again at once.
///
/// Without `CONFIG_HIGHMEM`, and so on every 64-bit kernel, that is where the map of all
/// memory has it, and there is no unmapping.
///
/// # Errors
///
/// Those of [`MappedPages::page`].
pub fn kmap_local_page(pages: &MappedPages) -> Result<*mut c_void> {
    let page = pages.page()?;
    // SAFETY: A page, and there as long as its owner is.
    let addr = unsafe { bindings::kmap_local_page(page.as_ptr()) };
    // SAFETY: The last of this task's mappings.
    unsafe { bindings::kunmap_local(addr) };
    Ok(addr)
}

/// Maps the first of `pages` to a slot for the time of `work`, which is told where.
///
/// The mappings of a task are a stack: what was mapped last is unmapped first. Here they
/// are, because one function call is inside of the other. Meanwhile the task stays on its
/// CPU.
///
/// # Errors
///
/// Those of [`MappedPages::page`], and those of `work`.
#[cfg(CONFIG_KMAP_LOCAL)]
pub fn with_kmap_local<R>(
    pages: &MappedPages,
    work: impl FnOnce(NonNull<c_void>) -> Result<R>,
) -> Result<R> {
    let page = pages.page()?;
    let prot = bindings::pgprot_t {
        pgprot: bindings::PAGE_KERNEL as _,
    };
    // What `kmap_local_page()` stands for with CONFIG_HIGHMEM.
    // SAFETY: A page, and there as long as its owner is.
    let addr = unsafe { bindings::__kmap_local_page_prot(page.as_ptr(), prot) };
    let result = NonNull::new(addr).ok_or(EFAULT).and_then(work);
    // SAFETY: The last of this task's mappings: those that `work` made are gone.
    unsafe { bindings::kunmap_local_indexed(addr) };
    result
}
