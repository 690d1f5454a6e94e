// SPDX-License-Identifier: GPL-2.0

//! Device memory, mapped.

use super::bindings::{self, phys_addr_t};
use core::{ffi::c_void, ptr::NonNull};
use kernel::prelude::*;

/// Device memory that is mapped: unmapped when dropped.
///
/// # Invariants
///
/// The pointer came from `ioremap()`, and nobody else unmaps it.
pub struct Mapping(NonNull<c_void>);

impl Mapping {
    /// Where it is mapped.
    pub fn addr(&self) -> NonNull<c_void> {
        self.0
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: By the type invariant this mapping is ours.
        unsafe { bindings::iounmap(self.0.as_ptr()) };
    }
}

/// Maps `size` bytes of device memory from `phys` on.
///
/// # Errors
///
/// `ENOMEM` when the kernel maps nothing.
///
/// # Safety
///
/// - There is no ordinary memory at `phys`.
/// - The caller may sleep.
pub unsafe fn ioremap(phys: phys_addr_t, size: usize) -> Result<Mapping> {
    #[cfg(CONFIG_X86_64)]
    // SAFETY: The caller's promises are all that the kernel asks for.
    let addr = unsafe { bindings::ioremap(phys, size as _) };
    // `ioremap()` is a macro here; this is what it stands for.
    #[cfg(CONFIG_ARM64)]
    let device = bindings::pgprot_t {
        pgprot: bindings::PROT_DEVICE_nGnRE as _,
    };
    #[cfg(CONFIG_ARM64)]
    // SAFETY: As above; and these are the attributes of device memory.
    let addr = unsafe { bindings::__ioremap_prot(phys, size, device) };
    // INVARIANT: The mapping was just made for us.
    NonNull::new(addr).map(Mapping).ok_or(ENOMEM)
}
