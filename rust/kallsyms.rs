// SPDX-License-Identifier: GPL-2.0

//! The kernel's table of its own symbols.

use super::bindings;
use core::{ffi::c_void, pin::pin, ptr::NonNull};
use kernel::prelude::*;

/// Finds the address of any symbol of the kernel, also of one that is not exported.
///
/// The function of that name was exported too, once. What still looks symbols up for a
/// module is the registration of a probe. It does so first of all; whether it then
/// agrees to put a probe there, as in code that the boot has left behind it does not,
/// makes no difference to the address.
///
/// # Errors
///
/// `ENOENT` when there is no such symbol, `ENOTSUPP` when the kernel knows no probes.
#[cfg(CONFIG_KPROBES)]
pub fn lookup(name: &CStr) -> Result<NonNull<c_void>> {
    let mut probe = pin!(bindings::kprobe {
        symbol_name: name.as_char_ptr(),
        ..bindings::kprobe::default()
    });
    let probe: *mut bindings::kprobe = &mut *probe;
    // SAFETY: A probe that says where it is to be, is otherwise zero, and stays where it
    // is.
    if unsafe { bindings::register_kprobe(probe) } == 0 {
        // SAFETY: It has just been registered.
        unsafe { bindings::unregister_kprobe(probe) };
    }
    // SAFETY: It is not registered (any more): it is ours alone.
    NonNull::new(unsafe { (*probe).addr }.cast()).ok_or(ENOENT)
}

/// The same where there are no probes.
#[cfg(not(CONFIG_KPROBES))]
pub fn lookup(_name: &CStr) -> Result<NonNull<c_void>> {
    Err(ENOTSUPP)
}
