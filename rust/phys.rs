// SPDX-License-Identifier: GPL-2.0

//! Ranges of physical memory.

use super::bindings;
use core::fmt;

/// The address of a byte, as the memory bus has it.
pub use bindings::phys_addr_t as PhysAddr;

/// The size of a page, in bytes.
pub const PAGE_SIZE: PhysAddr = bindings::PAGE_SIZE as PhysAddr;

/// A range of physical memory, from `start` to before `end`.
///
/// It may be empty; its end is never before its start. Shown as the kernel shows one:
/// with the last byte in it.
///
/// # Invariants
///
/// `start <= end`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PhysRange {
    start: PhysAddr,
    end: PhysAddr,
}

impl PhysRange {
    /// Everything that has an address.
    pub const ALL: Self = Self::new(0, PhysAddr::MAX);

    /// From `start` to before `end`; empty if that is not behind `start`.
    pub const fn new(start: PhysAddr, end: PhysAddr) -> Self {
        // INVARIANT: An end before the start is replaced.
        Self {
            start,
            end: if end < start { start } else { end },
        }
    }

    /// `size` bytes from `start` on, or as many as there are addresses for.
    pub const fn of_size(start: PhysAddr, size: PhysAddr) -> Self {
        Self::new(start, start.saturating_add(size))
    }

    /// The first byte.
    pub const fn start(self) -> PhysAddr {
        self.start
    }

    /// The first byte that is not in it any more.
    pub const fn end(self) -> PhysAddr {
        self.end
    }

    /// How many bytes it has.
    pub const fn size(self) -> PhysAddr {
        self.end - self.start
    }

    /// Whether there is no byte in it.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether the byte at `addr` is in it.
    pub const fn contains(self, addr: PhysAddr) -> bool {
        self.start <= addr && addr < self.end
    }

    /// Whether all of `other` is in it.
    pub const fn covers(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// What both have in common, which may be nothing.
    pub fn intersection(self, other: Self) -> Self {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// Whether both have a byte in common.
    pub fn overlaps(self, other: Self) -> bool {
        !self.intersection(other).is_empty()
    }

    /// The whole pages in it.
    pub const fn pages(self) -> Self {
        let start = self.start.saturating_add(PAGE_SIZE - 1) & !(PAGE_SIZE - 1);
        Self::new(start, self.end & !(PAGE_SIZE - 1))
    }
}

impl fmt::Display for PhysRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return write!(f, "[mem {:#018x}, empty]", self.start);
        }
        write!(f, "[mem {:#018x}-{:#018x}]", self.start, self.end - 1)
    }
}

impl fmt::Debug for PhysRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A size in the largest unit of which it is a whole number: `4 KiB`, `100 B`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub PhysAddr);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
        let mut size = self.0;
        let mut unit = 0;
        while size != 0 && size % 1024 == 0 && unit + 1 < UNITS.len() {
            size /= 1024;
            unit += 1;
        }
        write!(f, "{size} {}", UNITS[unit])
    }
}

impl fmt::Debug for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An address or a mask, shown in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Addr(pub PhysAddr);

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl fmt::Debug for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A drawing of physical memory, in one line a list: each column stands for the same part of
/// it.
#[derive(Clone, Copy)]
pub struct Map {
    start: PhysAddr,
    column: PhysAddr,
    columns: usize,
}

/// How many columns a [`Map`] can have.
const COLUMNS: usize = 64;

impl Map {
    /// A drawing of `span`, with columns of a power of two, and of a page at least.
    pub fn new(span: PhysRange) -> Self {
        let mut column = PAGE_SIZE;
        loop {
            let start = span.start & !(column - 1);
            let columns = (span.end - start).div_ceil(column);
            if columns <= COLUMNS as PhysAddr {
                return Self {
                    start,
                    column,
                    columns: columns as usize,
                };
            }
            column *= 2;
        }
    }

    /// What one column stands for.
    pub const fn column(&self) -> Size {
        Size(self.column)
    }

    /// A line in which `#` stands for a column that is all in one or more of `ranges`, `+` for
    /// one that is partly in them, `.` for one that is not.
    pub fn row(&self, ranges: impl Iterator<Item = PhysRange>) -> Row {
        let mut filled = [0; COLUMNS];
        for range in ranges {
            for (index, filled) in filled.iter_mut().enumerate() {
                let start = self.start + index as PhysAddr * self.column;
                let column = PhysRange::of_size(start, self.column);
                *filled += column.intersection(range).size();
            }
        }
        let line = filled.map(|bytes| match bytes {
            0 => b'.',
            bytes if bytes >= self.column => b'#',
            _ => b'+',
        });
        Row {
            line,
            columns: self.columns,
        }
    }
}

/// A line of a [`Map`].
pub struct Row {
    line: [u8; COLUMNS],
    columns: usize,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(&self.line[..self.columns]).unwrap_or("?"))
    }
}
