// SPDX-License-Identifier: GPL-2.0

//! The memory of a process, as the kernel keeps account of it.

use super::bindings;
use core::ptr::NonNull;
use kernel::prelude::*;

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
