// SPDX-License-Identifier: GPL-2.0

//! The memory of a process, as the kernel keeps account of it.

use super::{bindings, kallsyms};
use core::{ffi::c_void, ptr::NonNull};
use kernel::{c_str, ffi::c_ulong, prelude::*};

/// What the addresses of a process stand for: `struct mm_struct`, by a reference that is
/// given up when dropped.
///
/// # Invariants
///
/// The pointer came with a reference of its own, from `get_task_mm()`.
pub struct Mm(NonNull<bindings::mm_struct>);

impl Mm {
    /// That of the current process.
    ///
    /// # Errors
    ///
    /// `ESRCH` when there is none: a thread of the kernel has no addresses of a user.
    pub fn current() -> Result<Self> {
        // SAFETY: Anyone may ask.
        let task = unsafe { bindings::get_current() };
        // SAFETY: The current task is alive.
        let mm = unsafe { bindings::get_task_mm(task) };
        // INVARIANT: The reference is the one just taken.
        NonNull::new(mm).map(Self).ok_or(ESRCH)
    }

    /// For the kernel's own functions.
    pub(super) fn as_ptr(&self) -> *mut bindings::mm_struct {
        self.0.as_ptr()
    }
}

impl Drop for Mm {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the reference is ours. A process that runs has
        // another one, so that this is never the last, for which one would have to sleep.
        unsafe { bindings::mmput(self.0.as_ptr()) };
    }
}

/// What the kernel has noted of a mapping.
pub struct Vma {
    /// Its first address.
    pub start: usize,
    /// The first one behind it.
    pub end: usize,
    /// What may be done there: [`flags::VMA`](super::flags::VMA).
    pub flags: u64,
}

/// The type of the kernel's function, which is not exported.
#[cfg(CONFIG_PER_VMA_LOCK)]
type LockVmaUnderRcu =
    unsafe extern "C" fn(*mut bindings::mm_struct, c_ulong) -> *mut bindings::vm_area_struct;
#[cfg(CONFIG_PER_VMA_LOCK)]
const _: LockVmaUnderRcu = bindings::lock_vma_under_rcu;

/// The mapping that `addr` is in.
///
/// # Errors
///
/// `ENOENT` when there is none, or somebody is changing it; those of [`kallsyms::lookup`].
#[cfg(CONFIG_PER_VMA_LOCK)]
pub fn find_vma(mm: &Mm, addr: usize) -> Result<Vma> {
    let lock = kallsyms::lookup(c_str!("lock_vma_under_rcu"))?;
    // SAFETY: This is the type of the function of that name.
    let lock = unsafe { core::mem::transmute::<NonNull<c_void>, LockVmaUnderRcu>(lock) };
    // SAFETY: Any address will do.
    let vma = NonNull::new(unsafe { lock(mm.as_ptr(), addr as _) })
        .ok_or(ENOENT)?
        .as_ptr();
    // SAFETY: It is locked, and has bounds there.
    let bounds = unsafe { (*vma).__bindgen_anon_1.__bindgen_anon_1 };
    // SAFETY: It is locked, and has flags there.
    let flags = unsafe { (*vma).__bindgen_anon_2.vm_flags };
    // `vma_end_read()` is inline; this is what it calls.
    // SAFETY: The lock is held for reading.
    unsafe { bindings::up_read((*vma).vm_lock.cast()) };
    Ok(Vma {
        start: bounds.vm_start as usize,
        end: bounds.vm_end as usize,
        flags: flags as u64,
    })
}

/// The same where a mapping has no lock of its own.
#[cfg(not(CONFIG_PER_VMA_LOCK))]
pub fn find_vma(_mm: &Mm, _addr: usize) -> Result<Vma> {
    Err(ENOTSUPP)
}
