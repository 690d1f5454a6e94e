// SPDX-License-Identifier: GPL-2.0

//! A user's addresses, and what reads from them.
//!
//! The user is the process that loads the module: its addresses are there while the
//! module is initialized.

use super::{bindings, mm::Mm, page::PAGE_SIZE};
use core::{ffi::c_void, marker::PhantomData};
use kernel::{error::from_err_ptr, prelude::*};

pub use kernel::uaccess::{UserPtr, UserSlice};

/// When page frames come to be behind a user's addresses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Frames {
    /// When they are touched.
    OnDemand,
    /// At once: `MAP_POPULATE`.
    Populated,
    /// At once, and to stay: `MAP_LOCKED`.
    Locked,
}

/// Memory that was mapped into the current process: unmapped when dropped.
///
/// It is neither `Send` nor `Sync`. In another task the same addresses are another
/// process's; and so they are when the module is unloaded.
///
/// # Invariants
///
/// `size` bytes at `start` came from `vm_mmap()` in the process of this task, and nobody
/// else unmaps them.
pub struct Mapping {
    start: UserPtr,
    size: usize,
    _this_task: PhantomData<*mut ()>,
}

impl Mapping {
    /// The first address.
    pub fn start(&self) -> UserPtr {
        self.start
    }

    /// How many bytes there are.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Where each of its pages begins.
    pub fn pages(&self) -> impl Iterator<Item = UserPtr> {
        (self.start..self.start + self.size).step_by(PAGE_SIZE)
    }

    /// Divides it into the first `size` bytes and the others.
    ///
    /// # Errors
    ///
    /// `EINVAL` when these are not whole pages, or not so many.
    pub fn split(self, size: usize) -> Result<[Self; 2]> {
        if size % PAGE_SIZE != 0 || size == 0 || size >= self.size {
            return Err(EINVAL);
        }
        // INVARIANT: Each is a part of what was ours, and `self` unmaps nothing any more.
        let part = |start, size| Self {
            start,
            size,
            _this_task: PhantomData,
        };
        let parts = [
            part(self.start, size),
            part(self.start + size, self.size - size),
        ];
        core::mem::forget(self);
        Ok(parts)
    }

    /// Unmaps it, and says where it was: nothing is there any more.
    pub fn unmap(self) -> UserPtr {
        self.start
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // It returns an error only where it cannot split a larger area, and then there is
        // nothing to be done.
        // SAFETY: By the type invariants, and because it stays with its task, this is the
        // process that has it.
        unsafe { bindings::vm_munmap(self.start as _, self.size) };
    }
}

/// Maps `size` bytes into the current process, for it to read and to write: all zero, and
/// nobody else's.
///
/// # Errors
///
/// Those of `mmap()`, such as `ENOMEM` when there is no room and `EAGAIN` when the process
/// may not lock so much; `ESRCH` when there is no process, as in a thread of the kernel.
pub fn vm_mmap(size: usize, frames: Frames) -> Result<Mapping> {
    let _mm = Mm::current()?;
    let access = bindings::PROT_READ | bindings::PROT_WRITE;
    let frames = match frames {
        Frames::OnDemand => 0,
        Frames::Populated => bindings::MAP_POPULATE,
        Frames::Locked => bindings::MAP_LOCKED,
    };
    let flags = bindings::MAP_PRIVATE | bindings::MAP_ANONYMOUS | frames;
    let no_file = core::ptr::null_mut();
    // SAFETY: There is a process; of no file, and where the kernel finds room.
    let start = unsafe { bindings::vm_mmap(no_file, 0, size as _, access as _, flags as _, 0) };
    let start = from_err_ptr(start as *mut c_void)? as UserPtr;
    // INVARIANT: It was just mapped for us.
    Ok(Mapping {
        start,
        size,
        _this_task: PhantomData,
    })
}

/// Copies `to.len()` bytes from `from`, as from any other memory.
///
/// # Safety
///
/// - So many bytes are mapped at `from`, and may be read: by the kernel. A user's address
///   is no such address. It may not be mapped, it may be the kernel's, and the CPU may
///   refuse the kernel what is the user's (SMAP, PAN).
#[inline(never)]
pub unsafe fn memcpy(to: &mut [u8], from: UserPtr) {
    // Not `core::ptr::copy()`: the compiler may make of it what it likes, and a trace is
    // to name this one.
    // SAFETY: `to` is there to be written to. The rest is what our caller says.
    let end = unsafe { bindings::memcpy(to.as_mut_ptr().cast(), from as *const c_void, to.len()) };
    // Neither is it the last thing done here: by a jump it would leave no trace of us, and
    // without a stack frame of its own, none of our caller.
    core::hint::black_box(end);
}

/// Copies `to.len()` bytes from `from`, where a user said that they are.
///
/// # Errors
///
/// `EFAULT` when they are not there, or not the user's.
pub fn copy_from_user(to: &mut [u8], from: UserPtr) -> Result {
    UserSlice::new(from, to.len()).reader().read_slice(to)
}

/// Copies `to.len()` bytes to `to`, where a user said that there is room.
///
/// # Errors
///
/// `EFAULT` when there is not.
pub fn copy_to_user(to: UserPtr, from: &[u8]) -> Result {
    UserSlice::new(to, from.len()).writer().write_slice(from)
}

/// Reads a word from `from`, where a user said that it is, without `access_ok()`.
///
/// This is `__get_user()`, two underscores short of `get_user()`.
///
/// # Errors
///
/// `EFAULT` when it is not there. That it is the user's, nobody asks.
///
/// # Safety
///
/// - `access_ok()` has said of these eight bytes that they are the user's.
#[cfg(CONFIG_X86_64)]
pub unsafe fn __get_user(from: UserPtr) -> Result<u64> {
    extern "C" {
        // Its registers are not those of C.
        fn __get_user_nocheck_8();
    }
    let (error, word): (i64, u64);
    // `__get_user()` is a macro; this is what it stands for.
    // SAFETY: The function takes and returns what is said here, and leaves all other
    // registers as they are. It reads; and where it cannot, it says so.
    unsafe {
        core::arch::asm!(
            "call {function}",
            function = sym __get_user_nocheck_8,
            inout("rax") from => error,
            out("rdx") word,
        )
    };
    match error {
        0 => Ok(word),
        error => Err(Error::from_errno(error as _)),
    }
}

/// Reads a word from `from`, where a user said that it is, without `access_ok()`.
///
/// `__get_user()` has the check in it here, as `get_user()` has. What goes without it is
/// `__copy_from_user()`, and that is this one.
///
/// # Errors
///
/// `EFAULT` when it is not there. That it is the user's, nobody asks, except for the CPU.
///
/// # Safety
///
/// - `access_ok()` has said of these eight bytes that they are the user's.
#[cfg(CONFIG_ARM64)]
pub unsafe fn __get_user(from: UserPtr) -> Result<u64> {
    extern "C" {
        fn __arch_copy_from_user(to: *mut c_void, from: *const c_void, size: usize) -> usize;
    }
    /// Tells the kernel's addresses from a user's: `__uaccess_mask_ptr()`.
    const KERNEL: usize = 1 << 55;
    let mut word = 0u64;
    let to: *mut u64 = &mut word;
    // `raw_copy_from_user()` is a macro; this is what it stands for.
    // SAFETY: There is room for a word. It reads; and where it cannot, it says so.
    let left = unsafe {
        __arch_copy_from_user(
            to.cast(),
            (from & !KERNEL) as *const c_void,
            size_of::<u64>(),
        )
    };
    match left {
        0 => Ok(word),
        _ => Err(EFAULT),
    }
}
