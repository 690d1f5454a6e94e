// SPDX-License-Identifier: GPL-2.0

//! Memory from before there is a page allocator.
//!
//! memblock keeps two lists of regions, each in ascending order and without overlaps: the
//! `memory` that there is, and what of it is `reserved`. To allocate is to find memory that
//! is not reserved, and to reserve it. When the kernel has booted so far, `mm_core_init()`
//! hands everything that is free over to the page allocator, once and for all.
//!
//! [`Memblock`] stands for the time before that: who has one may allocate and change the
//! lists, and what it handed out cannot outlive it. [`Lists`] only reads, which also works
//! later on a kernel with `CONFIG_ARCH_KEEP_MEMBLOCK`.
//!
//! C header: [`include/linux/memblock.h`](srctree/include/linux/memblock.h).

use super::{
    bindings,
    page::virt_to_phys,
    phys::{Map, PhysAddr, PhysRange, Size},
};
// What the printing macros begin a line with is the case's, not this file's.
use crate::__LOG_PREFIX;
use core::{
    alloc::Layout,
    ffi::c_void,
    fmt,
    marker::PhantomData,
    mem::MaybeUninit,
    ops::{BitOr, Deref, DerefMut},
    ptr::{addr_of_mut, NonNull},
};
use kernel::{alloc::AllocError, error::to_result, ffi::c_int, prelude::*};

/// What a region is besides memory: the kernel's `enum memblock_flags`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Flags(bindings::memblock_flags);

impl Flags {
    /// Nothing special.
    pub const NONE: Self = Self(bindings::memblock_flags_MEMBLOCK_NONE);
    /// The firmware says that it may be taken out of the running machine.
    pub const HOTPLUG: Self = Self(bindings::memblock_flags_MEMBLOCK_HOTPLUG);
    /// The hardware keeps a copy of it.
    pub const MIRROR: Self = Self(bindings::memblock_flags_MEMBLOCK_MIRROR);
    /// It is not in the kernel's map of all memory.
    pub const NOMAP: Self = Self(bindings::memblock_flags_MEMBLOCK_NOMAP);
    /// A driver found it, and the firmware did not speak of it.
    pub const DRIVER_MANAGED: Self = Self(bindings::memblock_flags_MEMBLOCK_DRIVER_MANAGED);
    /// It is reserved, and its `struct page`s are somebody else's to initialize.
    pub const RSRV_NOINIT: Self = Self(bindings::memblock_flags_MEMBLOCK_RSRV_NOINIT);

    const NAMES: [(Self, &'static str); 5] = [
        (Self::HOTPLUG, "HOTPLUG"),
        (Self::MIRROR, "MIRROR"),
        (Self::NOMAP, "NOMAP"),
        (Self::DRIVER_MANAGED, "DRIVER_MANAGED"),
        (Self::RSRV_NOINIT, "RSRV_NOINIT"),
    ];

    /// Whether all of `flags` are among these.
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (flag, name) in Self::NAMES {
            if self.contains(flag) {
                f.write_str(if first { "" } else { "|" })?;
                f.write_str(name)?;
                first = false;
            }
        }
        f.write_str(if first { "NONE" } else { "" })
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A NUMA node.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Node(c_int);

impl Node {
    /// Any node, where one is asked for; no node, where one is told.
    pub const NONE: Self = Self(bindings::NUMA_NO_NODE);

    /// The node of this number.
    pub const fn new(number: u8) -> Self {
        Self(number as c_int)
    }

    /// Whether it is a node at all. Regions without one have [`Self::NONE`], or one more than
    /// the last that there could be.
    pub const fn is_valid(self) -> bool {
        0 <= self.0 && self.0 < bindings::MAX_NUMNODES as c_int
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_valid() {
            write!(f, "node {}", self.0)
        } else {
            f.write_str("no node")
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An entry of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Where it is.
    pub range: PhysRange,
    /// What it is besides memory.
    pub flags: Flags,
    /// The node that it belongs to.
    pub node: Node,
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { range, flags, node } = self;
        let size = Size(range.size());
        write!(f, "{range} {node}, {flags}, {size}")
    }
}

/// One of memblock's lists: the kernel's `struct memblock_type`.
///
/// # Invariants
///
/// The pointer is to a list that lives as long as `'m`, and that nobody changes but through a
/// [`Memblock`], on this CPU.
#[derive(Clone, Copy)]
pub struct List<'m> {
    list: NonNull<bindings::memblock_type>,
    lists: PhantomData<&'m Lists>,
}

impl<'m> List<'m> {
    /// # Safety
    ///
    /// `list` fulfils the type invariants.
    unsafe fn from_raw(list: *mut bindings::memblock_type) -> Self {
        // INVARIANT: Our caller says so.
        // SAFETY: As above; a list that lives is not at null.
        let list = unsafe { NonNull::new_unchecked(list) };
        Self {
            list,
            lists: PhantomData,
        }
    }

    /// What is in it, copied: entries are added and removed while others hold a `List`.
    fn read(self) -> bindings::memblock_type {
        // SAFETY: By the type invariants it lives, and nobody writes to it now.
        unsafe { self.list.as_ptr().read() }
    }

    /// Its name: `memory`, `reserved`, `physmem`.
    pub fn name(self) -> &'m CStr {
        // SAFETY: The kernel names each of its lists with a string constant.
        unsafe { CStr::from_char_ptr(self.read().name) }
    }

    /// How many regions it has.
    pub fn len(self) -> usize {
        self.read().cnt
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// How many bytes its regions have, as it keeps count of them itself.
    pub fn total_size(self) -> PhysAddr {
        self.read().total_size
    }

    /// The region at `index`, counted from the lowest.
    pub fn get(self, index: usize) -> Option<Region> {
        let list = self.read();
        if index >= list.cnt {
            return None;
        }
        // SAFETY: The first `cnt` entries of the array are there, and initialized.
        let region = unsafe { list.regions.add(index).read() };
        Some(Region {
            range: PhysRange::of_size(region.base, region.size),
            flags: Flags(region.flags),
            #[cfg(CONFIG_NUMA)]
            node: Node(region.nid),
            #[cfg(not(CONFIG_NUMA))]
            node: Node::new(0),
        })
    }

    /// Its regions, from the lowest up: `for_each_mem_region()` and
    /// `for_each_reserved_mem_region()`.
    pub fn regions(self) -> Regions<'m> {
        Regions {
            list: self,
            front: 0,
            back: self.len(),
        }
    }

    /// Those of its regions that lie in `window`, in part at least.
    pub fn regions_in(self, window: PhysRange) -> impl Iterator<Item = Region> + 'm {
        self.regions()
            .filter(move |region| region.range.overlaps(window))
    }

    /// Whether one of its regions and `range` have a byte in common:
    /// `memblock_overlaps_region()`.
    pub fn overlaps_region(self, range: PhysRange) -> bool {
        // SAFETY: By the type invariants it is a list.
        unsafe {
            bindings::memblock_overlaps_region(self.list.as_ptr(), range.start(), range.size())
        }
    }

    /// Prints its regions, one a line.
    pub fn print(self) {
        pr_info!("{}, {} in all:\n", self.name(), Size(self.total_size()));
        for (index, region) in self.regions().enumerate() {
            pr_info!("  {index:2} {region}\n");
        }
    }
}

/// The regions of a [`List`].
///
/// It holds no more than numbers: what is added or removed meanwhile is seen or not, as in the
/// kernel's own loops.
#[derive(Clone)]
pub struct Regions<'m> {
    list: List<'m>,
    front: usize,
    back: usize,
}

impl Iterator for Regions<'_> {
    type Item = Region;

    fn next(&mut self) -> Option<Region> {
        if self.front >= self.back {
            return None;
        }
        let region = self.list.get(self.front)?;
        self.front += 1;
        Some(region)
    }
}

impl DoubleEndedIterator for Regions<'_> {
    fn next_back(&mut self) -> Option<Region> {
        if self.front >= self.back {
            return None;
        }
        self.back -= 1;
        self.list.get(self.back)
    }
}

/// Ranges of one list that another list does not have: what `__next_mem_range()` and
/// `__next_mem_range_rev()` find.
///
/// Both ends can be taken from in turn; it is done when they meet. A range may be empty, where
/// two regions of the second list touch without being one.
#[derive(Clone)]
pub struct Ranges<'m> {
    list: List<'m>,
    without: Option<List<'m>>,
    node: Node,
    flags: Flags,
    /// The kernel's own notes on how far each end has come.
    front: u64,
    back: u64,
    /// What is left lies in here.
    left: PhysRange,
}

/// The type of `__next_mem_range()` and of `__next_mem_range_rev()`.
type NextMemRange = unsafe extern "C" fn(
    *mut u64,
    c_int,
    bindings::memblock_flags,
    *mut bindings::memblock_type,
    *mut bindings::memblock_type,
    *mut PhysAddr,
    *mut PhysAddr,
    *mut c_int,
);

impl<'m> Ranges<'m> {
    /// `__for_each_mem_range()` and, from the other end, `__for_each_mem_range_rev()`.
    fn new(list: List<'m>, without: Option<List<'m>>, node: Node, flags: Flags) -> Self {
        Self {
            list,
            without,
            node,
            flags,
            front: 0,
            back: u64::MAX,
            left: PhysRange::ALL,
        }
    }

    fn step(&self, next: NextMemRange, index: &mut u64) -> Option<(PhysRange, Node)> {
        let without = self
            .without
            .map_or(core::ptr::null_mut(), |list| list.list.as_ptr());
        let (mut start, mut end, mut node) = (0, 0, bindings::NUMA_NO_NODE);
        // SAFETY: Lists, by the invariants of `List`, or null for the second; and places for
        // the results.
        unsafe {
            next(
                index,
                self.node.0,
                self.flags.0,
                self.list.list.as_ptr(),
                without,
                &mut start,
                &mut end,
                &mut node,
            )
        };
        let range = PhysRange::new(start, end);
        // The one end stops where the other one is.
        (*index != u64::MAX && self.left.covers(range)).then_some((range, Node(node)))
    }
}

impl Iterator for Ranges<'_> {
    type Item = (PhysRange, Node);

    fn next(&mut self) -> Option<Self::Item> {
        let mut index = self.front;
        let found = self.step(bindings::__next_mem_range, &mut index)?;
        self.front = index;
        self.left = PhysRange::new(found.0.end(), self.left.end());
        Some(found)
    }
}

impl DoubleEndedIterator for Ranges<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let mut index = self.back;
        let found = self.step(bindings::__next_mem_range_rev, &mut index)?;
        self.back = index;
        self.left = PhysRange::new(self.left.start(), found.0.start());
        Some(found)
    }
}

/// memblock's lists, to be read.
///
/// # Invariants
///
/// The lists are there, and nobody changes them but through a [`Memblock`], on this CPU.
pub struct Lists(PhantomData<*mut ()>);

impl Lists {
    /// The lists as the boot left them.
    ///
    /// # Safety
    ///
    /// Nobody adds memory to the running system, or takes some out of it, meanwhile.
    #[cfg(CONFIG_ARCH_KEEP_MEMBLOCK)]
    pub unsafe fn kept() -> Self {
        // INVARIANT: This kernel keeps them, and our caller says the rest.
        Self(PhantomData)
    }

    /// The memory that there is.
    pub fn memory(&self) -> List<'_> {
        // SAFETY: By the type invariants.
        unsafe { List::from_raw(addr_of_mut!(bindings::memblock.memory)) }
    }

    /// What of it is taken.
    pub fn reserved(&self) -> List<'_> {
        // SAFETY: By the type invariants.
        unsafe { List::from_raw(addr_of_mut!(bindings::memblock.reserved)) }
    }

    /// The memory that the machine was found to have, whatever the kernel was told to use of
    /// it.
    #[cfg(CONFIG_HAVE_MEMBLOCK_PHYS_MAP)]
    pub fn physmem(&self) -> List<'_> {
        // SAFETY: By the type invariants.
        unsafe { List::from_raw(addr_of_mut!(bindings::physmem)) }
    }

    /// The ranges of `list` that are in no region of `without`: `__for_each_mem_range()`.
    ///
    /// Only those of `node`, unless that is [`Node::NONE`]; and of the list `memory`, those
    /// with special flags only if `flags` asks for them.
    pub fn ranges<'m>(
        &'m self,
        list: List<'m>,
        without: Option<List<'m>>,
        node: Node,
        flags: Flags,
    ) -> Ranges<'m> {
        Ranges::new(list, without, node, flags)
    }

    /// Memory, also what may be taken out, or a driver found; not what is not mapped:
    /// `for_each_mem_range()`.
    pub fn mem_ranges(&self) -> Ranges<'_> {
        let flags = Flags::HOTPLUG | Flags::DRIVER_MANAGED;
        self.ranges(self.memory(), None, Node::NONE, flags)
    }

    /// What is reserved: `for_each_reserved_mem_range()`.
    pub fn reserved_mem_ranges(&self) -> Ranges<'_> {
        self.ranges(self.reserved(), None, Node::NONE, Flags::NONE)
    }

    /// What could be allocated: `for_each_free_mem_range()`.
    pub fn free_mem_ranges(&self, node: Node, flags: Flags) -> Ranges<'_> {
        self.ranges(self.memory(), Some(self.reserved()), node, flags)
    }

    /// What the machine has and `without` does not: `for_each_physmem_range()`.
    #[cfg(CONFIG_HAVE_MEMBLOCK_PHYS_MAP)]
    pub fn physmem_ranges<'m>(&'m self, without: Option<List<'m>>) -> Ranges<'m> {
        self.ranges(self.physmem(), without, Node::NONE, Flags::NONE)
    }

    /// The lowest byte of memory: `memblock_start_of_DRAM()`.
    pub fn start_of_dram(&self) -> PhysAddr {
        // SAFETY: By the type invariants.
        unsafe { bindings::memblock_start_of_DRAM() }
    }

    /// The byte behind the highest of memory: `memblock_end_of_DRAM()`.
    pub fn end_of_dram(&self) -> PhysAddr {
        // SAFETY: By the type invariants.
        unsafe { bindings::memblock_end_of_DRAM() }
    }

    /// How much memory there is: `memblock_phys_mem_size()`.
    pub fn phys_mem_size(&self) -> PhysAddr {
        // SAFETY: By the type invariants.
        unsafe { bindings::memblock_phys_mem_size() }
    }

    /// How much is reserved: `memblock_reserved_size()`.
    pub fn reserved_size(&self) -> PhysAddr {
        // SAFETY: By the type invariants.
        unsafe { bindings::memblock_reserved_size() }
    }

    /// Whether the byte at `addr` is memory: `memblock_is_memory()`.
    pub fn is_memory(&self, addr: PhysAddr) -> bool {
        // SAFETY: By the type invariants.
        unsafe { bindings::memblock_is_memory(addr) }
    }

    /// Whether it is memory, and in the kernel's map of all memory:
    /// `memblock_is_map_memory()`.
    pub fn is_map_memory(&self, addr: PhysAddr) -> bool {
        // SAFETY: By the type invariants.
        unsafe { bindings::memblock_is_map_memory(addr) }
    }

    /// Whether it is reserved: `memblock_is_reserved()`.
    pub fn is_reserved(&self, addr: PhysAddr) -> bool {
        // SAFETY: By the type invariants.
        unsafe { bindings::memblock_is_reserved(addr) }
    }

    /// Whether all of `range` is in one region of memory: `memblock_is_region_memory()`.
    pub fn is_region_memory(&self, range: PhysRange) -> bool {
        // SAFETY: By the type invariants.
        unsafe { bindings::memblock_is_region_memory(range.start(), range.size()) }
    }

    /// Whether any of `range` is reserved: `memblock_is_region_reserved()`.
    pub fn is_region_reserved(&self, range: PhysRange) -> bool {
        // SAFETY: By the type invariants.
        unsafe { bindings::memblock_is_region_reserved(range.start(), range.size()) }
    }

    /// The highest block in `within` that is free, of the size and the alignment of `layout`:
    /// what memblock has to find top down, by arithmetic.
    pub fn highest_free(&self, layout: Layout, within: PhysRange) -> Option<PhysRange> {
        let (size, align) = (layout.size() as PhysAddr, layout.align() as PhysAddr);
        let mut free = self.free_mem_ranges(Node::NONE, Flags::NONE).rev();
        free.find_map(|(range, _)| {
            let range = range.intersection(within);
            let start = range.end().checked_sub(size)? & !(align - 1);
            (start >= range.start()).then(|| PhysRange::of_size(start, size))
        })
    }

    /// The lowest one: what memblock has to find bottom up.
    pub fn lowest_free(&self, layout: Layout, within: PhysRange) -> Option<PhysRange> {
        let (size, align) = (layout.size() as PhysAddr, layout.align() as PhysAddr);
        let mut free = self.free_mem_ranges(Node::NONE, Flags::NONE);
        free.find_map(|(range, _)| {
            let range = range.intersection(within);
            let start = range.start().checked_add(align - 1)? & !(align - 1);
            let block = PhysRange::of_size(start, size);
            range.covers(block).then_some(block)
        })
    }

    /// Draws `span` in lines of characters, one line a list.
    pub fn draw(&self, span: PhysRange) {
        let map = Map::new(span);
        let free = self.free_mem_ranges(Node::NONE, Flags::NONE);
        let memory = self.memory().regions().map(|region| region.range);
        let reserved = self.reserved().regions().map(|region| region.range);
        pr_info!("{span}, {} a column:\n", map.column());
        pr_info!("  memory   |{}|\n", map.row(memory));
        pr_info!("  reserved |{}|\n", map.row(reserved));
        pr_info!("  free     |{}|\n", map.row(free.map(|(range, _)| range)));
    }
}

/// memblock while it is the allocator.
///
/// What it hands out borrows it, so that nothing can be given back to it when it is gone.
///
/// # Invariants
///
/// The memory is known, `mm_core_init()` has not run, and this is the only CPU that does.
pub struct Memblock(Lists);

impl Deref for Memblock {
    type Target = Lists;

    fn deref(&self) -> &Lists {
        &self.0
    }
}

impl Memblock {
    /// memblock, for as long as our caller runs.
    ///
    /// # Safety
    ///
    /// - `setup_arch()` has run: the memory is known, and mapped.
    /// - `mm_core_init()` does not run before the value is gone: it hands all memory over to
    ///   the page allocator.
    pub unsafe fn new() -> Self {
        // INVARIANT: Our caller says so, and the other CPUs come up later still.
        Self(Lists(PhantomData))
    }

    /// Allocates zeroed memory: `memblock_alloc()`.
    ///
    /// # Errors
    ///
    /// [`AllocError`] when there is no such memory, here as in all that follow.
    pub fn alloc(&self, layout: Layout) -> Result<Block<'_>, AllocError> {
        self.alloc_try_nid(layout, PhysRange::ALL, Node::NONE)
    }

    /// Allocates memory as it is: `memblock_alloc_raw()`.
    pub fn alloc_raw(&self, layout: Layout) -> Result<RawBlock<'_>, AllocError> {
        self.alloc_try_nid_raw(layout, PhysRange::ALL, Node::NONE)
    }

    /// Allocates zeroed memory from `min_addr` on, or below if there is none:
    /// `memblock_alloc_from()`.
    pub fn alloc_from(&self, layout: Layout, min_addr: PhysAddr) -> Result<Block<'_>, AllocError> {
        self.alloc_min_max(layout, min_addr, ACCESSIBLE, Node::NONE)
    }

    /// Allocates zeroed memory that devices with 32 address lines reach:
    /// `memblock_alloc_low()`.
    pub fn alloc_low(&self, layout: Layout) -> Result<Block<'_>, AllocError> {
        self.alloc_min_max(layout, 0, low_address_limit(), Node::NONE)
    }

    /// Allocates zeroed memory of `node`, or of another one if it has none:
    /// `memblock_alloc_node()`.
    pub fn alloc_node(&self, layout: Layout, node: Node) -> Result<Block<'_>, AllocError> {
        self.alloc_min_max(layout, 0, ACCESSIBLE, node)
    }

    /// Allocates zeroed memory in `range`, of `node` if it can be: `memblock_alloc_try_nid()`.
    ///
    /// The current limit holds, too. Where the lower end cannot be kept to, it is given up.
    pub fn alloc_try_nid(
        &self,
        layout: Layout,
        range: PhysRange,
        node: Node,
    ) -> Result<Block<'_>, AllocError> {
        self.alloc_min_max(layout, range.start(), range.end(), node)
    }

    fn alloc_min_max(
        &self,
        layout: Layout,
        min_addr: PhysAddr,
        max_addr: PhysAddr,
        node: Node,
    ) -> Result<Block<'_>, AllocError> {
        let (size, align) = sizes(layout)?;
        // SAFETY: By the type invariants memblock still allocates; and the alignment is a power
        // of two.
        let data =
            unsafe { bindings::memblock_alloc_try_nid(size, align, min_addr, max_addr, node.0) };
        // INVARIANT: It was just handed to us, and zeroed.
        Block::from_raw(data, layout)
    }

    /// The same, as it is: `memblock_alloc_try_nid_raw()`.
    pub fn alloc_try_nid_raw(
        &self,
        layout: Layout,
        range: PhysRange,
        node: Node,
    ) -> Result<RawBlock<'_>, AllocError> {
        let (size, align) = sizes(layout)?;
        let (min_addr, max_addr) = (range.start(), range.end());
        // SAFETY: As for `alloc_min_max`.
        let data = unsafe {
            bindings::memblock_alloc_try_nid_raw(size, align, min_addr, max_addr, node.0)
        };
        // INVARIANT: It was just handed to us, and may hold anything.
        Block::from_raw(data, layout)
    }

    /// Allocates memory as it is in `range`, and of `node` or not at all:
    /// `memblock_alloc_exact_nid_raw()`.
    pub fn alloc_exact_nid_raw(
        &self,
        layout: Layout,
        range: PhysRange,
        node: Node,
    ) -> Result<RawBlock<'_>, AllocError> {
        let (size, align) = sizes(layout)?;
        let (min_addr, max_addr) = (range.start(), range.end());
        // SAFETY: As for `alloc_min_max`.
        let data = unsafe {
            bindings::memblock_alloc_exact_nid_raw(size, align, min_addr, max_addr, node.0)
        };
        // INVARIANT: It was just handed to us, and may hold anything.
        Block::from_raw(data, layout)
    }

    /// Takes memory out without a look at where it is mapped: `memblock_phys_alloc()`.
    pub fn phys_alloc(&self, layout: Layout) -> Result<PhysBlock<'_>, AllocError> {
        let (size, align) = sizes(layout)?;
        // `memblock_phys_alloc()` is inline; this is what it calls.
        // SAFETY: As for `alloc_min_max`.
        let phys = unsafe { bindings::memblock_phys_alloc_range(size, align, 0, ACCESSIBLE) };
        // INVARIANT: It was just handed to us.
        PhysBlock::from_raw(phys, layout)
    }

    /// The same in `range`, whatever the current limit is: `memblock_phys_alloc_range()`.
    pub fn phys_alloc_range(
        &self,
        layout: Layout,
        range: PhysRange,
    ) -> Result<PhysBlock<'_>, AllocError> {
        let (size, align) = sizes(layout)?;
        // SAFETY: As for `alloc_min_max`.
        let phys =
            unsafe { bindings::memblock_phys_alloc_range(size, align, range.start(), range.end()) };
        // INVARIANT: It was just handed to us.
        PhysBlock::from_raw(phys, layout)
    }

    /// The same of `node`, and if it must be `exact`, of no other: `memblock_alloc_range_nid()`.
    pub fn alloc_range_nid(
        &self,
        layout: Layout,
        range: PhysRange,
        node: Node,
        exact: bool,
    ) -> Result<PhysBlock<'_>, AllocError> {
        let (size, align) = sizes(layout)?;
        let (start, end) = (range.start(), range.end());
        // SAFETY: As for `alloc_min_max`.
        let phys =
            unsafe { bindings::memblock_alloc_range_nid(size, align, start, end, node.0, exact) };
        // INVARIANT: It was just handed to us.
        PhysBlock::from_raw(phys, layout)
    }

    /// Sets `range` aside, as if it were allocated: `memblock_reserve()`.
    ///
    /// # Errors
    ///
    /// `EBUSY` when part of it is reserved already. The kernel would not mind; but whoever
    /// gives his part back then gives back the other's, too.
    pub fn reserve(&self, range: PhysRange) -> Result<Reserved<'_>> {
        if self.is_region_reserved(range) {
            return Err(EBUSY);
        }
        // SAFETY: By the type invariants.
        to_result(unsafe { bindings::memblock_reserve(range.start(), range.size()) })?;
        // INVARIANT: It was free, and is ours now.
        Ok(Reserved {
            range,
            memblock: PhantomData,
        })
    }

    /// Adds `range` to the memory that there is: `memblock_add()`.
    ///
    /// # Safety
    ///
    /// It is memory; or nothing is allocated while the value lives.
    pub unsafe fn add(&self, range: PhysRange) -> Result<Added<'_>> {
        // SAFETY: By the type invariants, and our caller's promise.
        to_result(unsafe { bindings::memblock_add(range.start(), range.size()) })?;
        Ok(Added {
            range,
            memblock: PhantomData,
        })
    }

    /// The same, of `node` and with `flags`: `memblock_add_node()`.
    ///
    /// # Safety
    ///
    /// As for [`Self::add`].
    pub unsafe fn add_node(&self, range: PhysRange, node: Node, flags: Flags) -> Result<Added<'_>> {
        let (start, size) = (range.start(), range.size());
        // SAFETY: By the type invariants, and our caller's promise.
        to_result(unsafe { bindings::memblock_add_node(start, size, node.0, flags.0) })?;
        Ok(Added {
            range,
            memblock: PhantomData,
        })
    }

    /// Adds `range` to the memory that the machine was found to have:
    /// `memblock_physmem_add()`. Nobody allocates from that list, and nothing is ever removed.
    #[cfg(CONFIG_HAVE_MEMBLOCK_PHYS_MAP)]
    pub fn physmem_add(&self, range: PhysRange) -> Result {
        // SAFETY: By the type invariants.
        to_result(unsafe { bindings::memblock_physmem_add(range.start(), range.size()) })
    }

    /// Takes `range` out of the memory that there is: `memblock_remove()`.
    ///
    /// The page allocator will not get it, and it stays as mapped as it is.
    ///
    /// # Errors
    ///
    /// `EBUSY` when somebody uses part of it.
    pub fn remove(&self, range: PhysRange) -> Result {
        if self.is_region_reserved(range) {
            return Err(EBUSY);
        }
        // SAFETY: By the type invariants.
        to_result(unsafe { bindings::memblock_remove(range.start(), range.size()) })
    }

    /// Says that the hardware keeps a copy of `range`: `memblock_mark_mirror()`. There is no
    /// way back, and no effect without `kernelcore=mirror` on the command line.
    pub fn mark_mirror(&self, range: PhysRange) -> Result {
        // SAFETY: By the type invariants.
        to_result(unsafe { bindings::memblock_mark_mirror(range.start(), range.size()) })
    }

    /// Says that `range` may be taken out of the running machine: `memblock_mark_hotplug()`.
    pub fn mark_hotplug(&self, range: PhysRange) -> Result<Marked<'_>> {
        // SAFETY: By the type invariants.
        to_result(unsafe { bindings::memblock_mark_hotplug(range.start(), range.size()) })?;
        Ok(Marked {
            range,
            clear: bindings::memblock_clear_hotplug,
            memblock: PhantomData,
        })
    }

    /// Says that `range` is not to be in the kernel's map of all memory:
    /// `memblock_mark_nomap()`.
    pub fn mark_nomap(&self, range: PhysRange) -> Result<Marked<'_>> {
        // SAFETY: By the type invariants.
        to_result(unsafe { bindings::memblock_mark_nomap(range.start(), range.size()) })?;
        Ok(Marked {
            range,
            clear: bindings::memblock_clear_nomap,
            memblock: PhantomData,
        })
    }

    /// Whether the lowest memory that fits is allocated, and not the highest:
    /// `memblock_bottom_up()`.
    pub fn bottom_up(&self) -> bool {
        // SAFETY: By the type invariants nobody writes to it now.
        unsafe { bindings::memblock.bottom_up }
    }

    /// Sets whether it is: `memblock_set_bottom_up()`. It is as it was when the value is gone.
    pub fn set_bottom_up(&self, enable: bool) -> DirectionGuard<'_> {
        let before = self.bottom_up();
        // SAFETY: By the type invariants nobody else looks at it now.
        unsafe { bindings::memblock.bottom_up = enable };
        DirectionGuard {
            before,
            memblock: PhantomData,
        }
    }

    /// Where the memory ends that is allocated: `memblock_get_current_limit()`.
    pub fn current_limit(&self) -> PhysAddr {
        // SAFETY: By the type invariants.
        unsafe { bindings::memblock_get_current_limit() }
    }

    /// Sets where it does, if that is lower: `memblock_set_current_limit()`. It is as it was
    /// when the value is gone.
    pub fn set_current_limit(&self, limit: PhysAddr) -> LimitGuard<'_> {
        let before = self.current_limit();
        // SAFETY: By the type invariants; and no memory has to be mapped for a lower limit.
        unsafe { bindings::memblock_set_current_limit(limit.min(before)) };
        LimitGuard {
            before,
            memblock: PhantomData,
        }
    }
}

/// An end that stands for the current limit.
const ACCESSIBLE: PhysAddr = bindings::MEMBLOCK_ALLOC_ACCESSIBLE as PhysAddr;

/// Where the memory ends that devices with few address lines reach: `ARCH_LOW_ADDRESS_LIMIT`.
pub fn low_address_limit() -> PhysAddr {
    #[cfg(CONFIG_X86_64)]
    return bindings::ARCH_LOW_ADDRESS_LIMIT as PhysAddr;
    // It is no constant here; this is what the macro stands for.
    #[cfg(CONFIG_ARM64)]
    // SAFETY: Nobody writes to it any more when the memory is known.
    return unsafe { bindings::arm64_dma_phys_limit } - 1;
}

/// A layout for memblock, which has a block of no bytes for nobody.
fn sizes(layout: Layout) -> Result<(PhysAddr, PhysAddr), AllocError> {
    match layout.size() {
        0 => Err(AllocError),
        size => Ok((size as PhysAddr, layout.align() as PhysAddr)),
    }
}

/// Mapped memory from memblock: given back when dropped, by `memblock_free()`.
///
/// # Invariants
///
/// memblock handed out `layout.size()` bytes at `data`, which nobody else gives back, and each
/// holds a valid `T`, which has the size of a byte.
pub struct Block<'m, T = u8> {
    data: NonNull<T>,
    layout: Layout,
    memblock: PhantomData<&'m Memblock>,
}

/// The same with nothing particular in it.
pub type RawBlock<'m> = Block<'m, MaybeUninit<u8>>;

impl<'m, T> Block<'m, T> {
    /// The caller sees to the type invariants.
    fn from_raw(data: *mut c_void, layout: Layout) -> Result<Self, AllocError> {
        Ok(Self {
            data: NonNull::new(data.cast()).ok_or(AllocError)?,
            layout,
            memblock: PhantomData,
        })
    }

    /// The size and the alignment that were asked for.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Where it is mapped.
    pub fn addr(&self) -> NonNull<c_void> {
        self.data.cast()
    }

    /// Where it is in memory.
    pub fn phys(&self) -> PhysRange {
        PhysRange::of_size(virt_to_phys(self.addr()), self.layout.size() as PhysAddr)
    }

    /// Keeps it for good: nobody gives it back any more.
    pub fn leak(self) -> &'static mut [T] {
        let block = core::mem::ManuallyDrop::new(self);
        // SAFETY: By the type invariants, and now it is nobody else's for ever.
        unsafe { core::slice::from_raw_parts_mut(block.data.as_ptr(), block.layout.size()) }
    }
}

impl<'m> RawBlock<'m> {
    /// The same with `byte` everywhere in it.
    pub fn fill(self, byte: u8) -> Block<'m> {
        let block = core::mem::ManuallyDrop::new(self);
        let data = block.data.cast::<u8>();
        // SAFETY: By the type invariants there are as many bytes, and they are ours.
        unsafe { data.as_ptr().write_bytes(byte, block.layout.size()) };
        // INVARIANT: As before, and every byte has been written.
        Block {
            data,
            layout: block.layout,
            memblock: PhantomData,
        }
    }
}

impl<T> Deref for Block<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: By the type invariants.
        unsafe { core::slice::from_raw_parts(self.data.as_ptr(), self.layout.size()) }
    }
}

impl<T> DerefMut for Block<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: By the type invariants.
        unsafe { core::slice::from_raw_parts_mut(self.data.as_ptr(), self.layout.size()) }
    }
}

impl<T> Drop for Block<'_, T> {
    fn drop(&mut self) {
        let data = self.data.as_ptr().cast();
        // SAFETY: By the type invariants this is ours, and of this size; and memblock is still
        // there, because it is borrowed.
        unsafe { bindings::memblock_free(data, self.layout.size()) };
    }
}

/// Memory from memblock by its address on the bus: given back when dropped, by
/// `memblock_phys_free()`.
///
/// # Invariants
///
/// memblock handed out `range`, and nobody else gives it back.
#[derive(Debug)]
pub struct PhysBlock<'m> {
    range: PhysRange,
    memblock: PhantomData<&'m Memblock>,
}

impl PhysBlock<'_> {
    /// The caller sees to the type invariants.
    fn from_raw(phys: PhysAddr, layout: Layout) -> Result<Self, AllocError> {
        if phys == 0 {
            return Err(AllocError);
        }
        Ok(Self {
            range: PhysRange::of_size(phys, layout.size() as PhysAddr),
            memblock: PhantomData,
        })
    }

    /// Where it is in memory.
    pub fn phys(&self) -> PhysRange {
        self.range
    }

    /// Keeps it for good: nobody gives it back any more.
    pub fn leak(self) -> PhysRange {
        core::mem::ManuallyDrop::new(self).range
    }
}

impl Drop for PhysBlock<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants this is ours; and memblock is still there, because it
        // is borrowed. The function returns an error only where its own list cannot grow.
        unsafe { bindings::memblock_phys_free(self.range.start(), self.range.size()) };
    }
}

/// Memory that is set aside: free again when dropped, by `memblock_phys_free()`.
///
/// # Invariants
///
/// `range` is reserved, and nobody else gives it back.
#[must_use = "it is free again when this is dropped"]
pub struct Reserved<'m> {
    range: PhysRange,
    memblock: PhantomData<&'m Memblock>,
}

impl Reserved<'_> {
    /// Keeps it set aside for good.
    pub fn leak(self) -> PhysRange {
        core::mem::ManuallyDrop::new(self).range
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        // SAFETY: As for `PhysBlock`.
        unsafe { bindings::memblock_phys_free(self.range.start(), self.range.size()) };
    }
}

/// Memory that was added: removed when dropped, by `memblock_remove()`.
#[must_use = "it is removed when this is dropped"]
pub struct Added<'m> {
    range: PhysRange,
    memblock: PhantomData<&'m Memblock>,
}

impl Drop for Added<'_> {
    fn drop(&mut self) {
        // SAFETY: memblock is still there, because it is borrowed; and nobody uses this memory:
        // whoever had it added said so.
        unsafe { bindings::memblock_remove(self.range.start(), self.range.size()) };
    }
}

/// Memory with a flag: without it when dropped.
#[must_use = "the flag is cleared when this is dropped"]
pub struct Marked<'m> {
    range: PhysRange,
    clear: unsafe extern "C" fn(PhysAddr, PhysAddr) -> c_int,
    memblock: PhantomData<&'m Memblock>,
}

impl Drop for Marked<'_> {
    fn drop(&mut self) {
        // SAFETY: memblock is still there, because it is borrowed.
        unsafe { (self.clear)(self.range.start(), self.range.size()) };
    }
}

/// The direction of allocations as it was, put back when dropped.
#[must_use = "the direction is as it was when this is dropped"]
pub struct DirectionGuard<'m> {
    before: bool,
    memblock: PhantomData<&'m Memblock>,
}

impl Drop for DirectionGuard<'_> {
    fn drop(&mut self) {
        // SAFETY: memblock is still there, because it is borrowed, and nobody else looks at
        // this now.
        unsafe { bindings::memblock.bottom_up = self.before };
    }
}

/// The limit of allocations as it was, put back when dropped.
#[must_use = "the limit is as it was when this is dropped"]
pub struct LimitGuard<'m> {
    before: PhysAddr,
    memblock: PhantomData<&'m Memblock>,
}

impl Drop for LimitGuard<'_> {
    fn drop(&mut self) {
        // SAFETY: memblock is still there, because it is borrowed.
        unsafe { bindings::memblock_set_current_limit(self.before) };
    }
}
