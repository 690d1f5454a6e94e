// SPDX-License-Identifier: GPL-2.0

//! Files, read from within the kernel: those of /proc and /sys, which say what the rest of
//! the kernel takes to be the case.

use super::{
    bindings,
    gfp::gfp_t,
    kallsyms,
    page::PAGE_SIZE,
    user::{self, Frames, UserSlice},
};
use core::{ffi::c_void, ptr::NonNull};
use kernel::{c_str, error::from_err_ptr, ffi::c_char, prelude::*};

/// An open file: closed when dropped.
///
/// # Invariants
///
/// The pointer came from `filp_open()`, and nobody else closes it.
struct File(NonNull<bindings::file>);

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is ours. It was opened for no process.
        unsafe { bindings::filp_close(self.0.as_ptr(), core::ptr::null_mut()) };
    }
}

impl File {
    /// Opens the file at `path` for reading.
    fn open(path: &CStr) -> Result<Self> {
        // SAFETY: A path; and to open it for reading creates nothing.
        let file = from_err_ptr(unsafe {
            bindings::filp_open(path.as_char_ptr(), bindings::O_RDONLY as _, 0)
        })?;
        // INVARIANT: It was just opened for us.
        NonNull::new(file).map(Self).ok_or(EBADF)
    }
}

/// The whole content of the file at `path`. For tasks that may sleep.
///
/// # Errors
///
/// Those of `open()` and `read()`; `EINVAL` for a file that only a process can read, as
/// those under /proc/self: see [`Process`].
pub fn read(path: &CStr) -> Result<KVec<u8>> {
    let file = File::open(path)?;
    let mut content = KVec::new();
    let mut position = 0;
    loop {
        let mut part = [0u8; 256];
        let to = part.as_mut_ptr().cast();
        // SAFETY: The file is open, and there is room for so much.
        let count =
            unsafe { bindings::kernel_read(file.0.as_ptr(), to, part.len(), &mut position) };
        match count {
            0 => return Ok(content),
            1.. => content.extend_from_slice(&part[..count as usize], GFP_KERNEL)?,
            error => return Err(Error::from_errno(error as _)),
        }
    }
}

/// What memory the page cache of the file at `path` may take.
///
/// # Errors
///
/// Those of `open()`.
pub fn mapping_gfp_mask(path: &CStr) -> Result<gfp_t> {
    let file = File::open(path)?;
    // SAFETY: The file is open.
    let mapping = unsafe { (*file.0.as_ptr()).f_mapping };
    // SAFETY: Every open file has one.
    Ok(unsafe { (*mapping).gfp_mask })
}

/// [`read()`] for a file of text.
///
/// # Errors
///
/// As for [`read()`]; `EINVAL` when it is no text.
pub fn read_text(path: &CStr) -> Result<Text> {
    Text::new(read(path)?)
}

/// The current process, which reads files as a process does: to an address of its own.
pub struct Process {
    vfs_read: VfsRead,
    buffer: user::Mapping,
}

/// What `read()` calls. It is not exported.
type VfsRead =
    unsafe extern "C" fn(*mut bindings::file, *mut c_char, usize, *mut bindings::loff_t) -> isize;
const _: VfsRead = bindings::vfs_read;

impl Process {
    /// The one that runs.
    ///
    /// # Errors
    ///
    /// Those of [`user::vm_mmap`], and of [`kallsyms::lookup`].
    pub fn current() -> Result<Self> {
        let vfs_read = kallsyms::lookup(c_str!("vfs_read"))?;
        Ok(Self {
            // SAFETY: This is the type of the function of that name.
            vfs_read: unsafe { core::mem::transmute::<NonNull<c_void>, VfsRead>(vfs_read) },
            buffer: user::vm_mmap(PAGE_SIZE, Frames::Populated)?,
        })
    }

    /// At most `size` bytes of the file at `path`, from `position` on.
    ///
    /// # Errors
    ///
    /// Those of `open()` and `read()`.
    pub fn read(&self, path: &CStr, mut position: i64, size: usize) -> Result<KVec<u8>> {
        let file = File::open(path)?;
        let mut content = KVec::new();
        while content.len() < size {
            let size = (size - content.len()).min(self.buffer.size());
            let to = self.buffer.start() as *mut c_char;
            // SAFETY: The file is open; whether there is room at `to`, the function finds
            // out itself.
            let count = unsafe { (self.vfs_read)(file.0.as_ptr(), to, size, &mut position) };
            match count {
                0 => break,
                1.. => UserSlice::new(self.buffer.start(), count as usize)
                    .read_all(&mut content, GFP_KERNEL)?,
                error => return Err(Error::from_errno(error as _)),
            }
        }
        Ok(content)
    }

    /// The whole of the file of text at `path`.
    ///
    /// # Errors
    ///
    /// As for [`Self::read`]; `EINVAL` when it is no text.
    pub fn read_text(&self, path: &CStr) -> Result<Text> {
        Text::new(self.read(path, 0, usize::MAX)?)
    }

    /// The words of 64 bits that a file under /proc has for `count` pages from `first` on.
    ///
    /// # Errors
    ///
    /// As for [`Self::read`]; `EINVAL` when there are not so many.
    pub fn read_words(&self, path: &CStr, first: usize, count: usize) -> Result<KVec<u64>> {
        let bytes = self.read(path, (first * 8) as i64, count * 8)?;
        let mut words = KVec::with_capacity(count, GFP_KERNEL)?;
        for word in bytes.chunks_exact(8) {
            let word = word.try_into().map_err(|_| EINVAL)?;
            words.push(u64::from_ne_bytes(word), GFP_KERNEL)?;
        }
        if words.len() == count {
            Ok(words)
        } else {
            Err(EINVAL)
        }
    }
}

/// A text, such as /proc has.
///
/// # Invariants
///
/// It is UTF-8.
pub struct Text(KVec<u8>);

impl Text {
    fn new(content: KVec<u8>) -> Result<Self> {
        match core::str::from_utf8(&content) {
            // INVARIANT: It is.
            Ok(_) => Ok(Self(content)),
            Err(_) => Err(EINVAL),
        }
    }
}

impl core::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        // SAFETY: By the type invariant.
        unsafe { core::str::from_utf8_unchecked(&self.0) }
    }
}

/// The number in the line of `text` that begins with `key`: `2048` of `VmLck:  2048 kB`.
///
/// # Errors
///
/// `ENOENT` when there is none.
pub fn number(text: &str, key: &str) -> Result<u64> {
    text.lines()
        .find_map(|line| {
            let rest = line.trim_start().strip_prefix(key)?;
            rest.split_whitespace().next()?.parse().ok()
        })
        .ok_or(ENOENT)
}
