// SPDX-License-Identifier: GPL-2.0

//! Bytes that live as long as somebody reads them: a part of a mapped file, or a copy.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// Shared bytes that never change.
#[derive(Clone)]
pub struct Bytes {
    owner: Arc<Owner>,
    range: Range<usize>,
}

enum Owner {
    Map(memmap2::Mmap),
    Heap(Vec<u8>),
}

impl Bytes {
    /// Maps a file.
    pub fn map(file: &File) -> io::Result<Self> {
        // SAFETY: the mapping is private and only read. That nobody truncates the file meanwhile
        // cannot be had from the system; the build renames its results into place.
        let map = unsafe { memmap2::Mmap::map(file) }?;
        Ok(Self::new(Owner::Map(map)))
    }

    /// Takes bytes that are in memory.
    pub fn heap(bytes: Vec<u8>) -> Self {
        Self::new(Owner::Heap(bytes))
    }

    fn new(owner: Owner) -> Self {
        let range = 0..owner.len();
        Bytes {
            owner: Arc::new(owner),
            range,
        }
    }
}

impl Deref for Owner {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Owner::Map(map) => map,
            Owner::Heap(data) => data,
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.owner.get(self.range.clone()).unwrap_or_default()
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({:?})", self.range)
    }
}
