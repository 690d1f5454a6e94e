// SPDX-License-Identifier: GPL-2.0

//! Memory that is contiguous on demand: lent to whoever can move out again, until a device
//! wants it in one piece.

use super::{
    bindings::{self, phys_addr_t},
    kallsyms,
};
use core::ops::Range;
use kernel::{c_str, ffi::c_ulong, prelude::*};

/// The types of the kernel's functions, which are not exported.
type CmaGetBase = unsafe extern "C" fn(*const bindings::cma) -> phys_addr_t;
type CmaGetSize = unsafe extern "C" fn(*const bindings::cma) -> c_ulong;
const _: (CmaGetBase, CmaGetSize) = (bindings::cma_get_base, bindings::cma_get_size);

/// Where the region is that serves every device without one of its own, if there is one:
/// `linux,cma-default` in a device tree.
///
/// # Errors
///
/// `ENOENT` when the kernel knows no such regions at all, or not the symbols.
pub fn default_area() -> Result<Option<Range<phys_addr_t>>> {
    let area = kallsyms::lookup(c_str!("dma_contiguous_default_area"))?;
    let get_base = kallsyms::lookup(c_str!("cma_get_base"))?;
    let get_size = kallsyms::lookup(c_str!("cma_get_size"))?;
    // SAFETY: The variable of that name is a pointer to a region, or null. Nobody writes to
    // it any more when the kernel has booted.
    let area = unsafe { area.as_ptr().cast::<*const bindings::cma>().read() };
    if area.is_null() {
        return Ok(None);
    }
    // SAFETY: This is the type of the function of that name.
    let get_base: CmaGetBase = unsafe { core::mem::transmute(get_base) };
    // SAFETY: As above.
    let get_size: CmaGetSize = unsafe { core::mem::transmute(get_size) };
    // SAFETY: A region; they are never taken back.
    let base = unsafe { get_base(area) };
    // SAFETY: As above.
    let size = unsafe { get_size(area) };
    Ok(Some(base..base + size as phys_addr_t))
}
