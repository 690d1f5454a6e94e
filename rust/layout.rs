// SPDX-License-Identifier: GPL-2.0

//! What the kernel's half of the virtual addresses is divided into.

use super::{
    bindings,
    fixmap::{fix_to_virt, Index, END, END_OF_PERMANENT},
    page::PAGE_SIZE,
};
use core::{fmt, ops::Range};
use kernel::ffi::c_long;

/// A part of the kernel's addresses.
pub struct Region {
    /// Its name, as the kernel's documents have it.
    pub name: &'static str,
    /// Its addresses.
    pub range: Range<usize>,
}

fn region(name: &'static str, start: c_long, end: c_long) -> Region {
    Region {
        name,
        range: start as usize..end as usize,
    }
}

/// Where the pages of the fixmap from `index` on end: they go downwards. (`FIXADDR_TOP` is
/// where the topmost one begins.)
fn fixmap(index: Index) -> c_long {
    fix_to_virt(index).as_ptr() as c_long + PAGE_SIZE as c_long
}

/// The map of all memory, as it lies there.
pub const DIRECT_MAP: &str = "map of all memory";
/// What `vmalloc()` and `ioremap()` hand out.
pub const VMALLOC: &str = "vmalloc, ioremap";
/// An array of `struct page`, where the configuration has it as one.
pub const VMEMMAP: &str = "vmemmap";
/// The kernel itself.
pub const IMAGE: &str = "kernel image";
/// The modules.
pub const MODULES: &str = "modules";
/// The pages whose addresses are fixed.
pub const FIXMAP: &str = "fixmap";
/// Those of them that are for the time of the boot.
pub const FIXMAP_EARLY: &str = "fixmap, early";

/// The regions, from the lowest address on: those of
/// Documentation/arch/x86/x86_64/mm.rst that this kernel uses, with four levels of page
/// tables.
#[cfg(CONFIG_X86_64)]
pub fn regions() -> [Region; 8] {
    /// How much memory the first one has room for, and what an array of `struct page` takes
    /// for so much.
    const TIB: c_long = 1 << 40;

    #[cfg(not(CONFIG_DYNAMIC_MEMORY_LAYOUT))]
    let (direct, vmalloc, vmemmap) = (
        bindings::__PAGE_OFFSET_BASE_L4,
        bindings::__VMALLOC_BASE_L4,
        bindings::__VMEMMAP_BASE_L4,
    );
    #[cfg(CONFIG_DYNAMIC_MEMORY_LAYOUT)]
    // SAFETY: Nobody writes to them any more when the kernel has booted.
    let (direct, vmalloc, vmemmap) = unsafe {
        (
            bindings::page_offset_base as c_long,
            bindings::vmalloc_base as c_long,
            bindings::vmemmap_base as c_long,
        )
    };
    let vmalloc_size = bindings::VMALLOC_SIZE_TB_L4 as c_long * TIB;
    let cpu_entry = bindings::CPU_ENTRY_AREA_BASE;
    [
        region(DIRECT_MAP, direct, direct + 64 * TIB),
        region(VMALLOC, vmalloc, vmalloc + vmalloc_size),
        region(VMEMMAP, vmemmap, vmemmap + TIB),
        region("CPU entry area", cpu_entry, cpu_entry + TIB / 2),
        region(IMAGE, bindings::__START_KERNEL_map, bindings::MODULES_VADDR),
        region(MODULES, bindings::MODULES_VADDR, bindings::MODULES_END),
        region(FIXMAP_EARLY, fixmap(END), fixmap(END_OF_PERMANENT)),
        region(FIXMAP, fixmap(END_OF_PERMANENT), fixmap(0)),
    ]
}

/// The regions, from the lowest address on: arch/arm64/include/asm/memory.h. The kernel
/// image is an area in that of vmalloc.
#[cfg(CONFIG_ARM64)]
pub fn regions() -> [Region; 7] {
    [
        region(DIRECT_MAP, bindings::PAGE_OFFSET, bindings::PAGE_END),
        region(MODULES, bindings::MODULES_VADDR, bindings::MODULES_END),
        region(VMALLOC, bindings::VMALLOC_START, bindings::VMALLOC_END),
        region(VMEMMAP, bindings::VMEMMAP_START, bindings::VMEMMAP_END),
        region("PCI I/O", bindings::PCI_IO_START, bindings::PCI_IO_END),
        region(FIXMAP_EARLY, fixmap(END), fixmap(END_OF_PERMANENT)),
        region(FIXMAP, fixmap(END_OF_PERMANENT), fixmap(0)),
    ]
}

/// The name of the region that `addr` is in.
pub fn region_of(addr: usize) -> Option<&'static str> {
    let regions = regions();
    let found = regions.iter().find(|region| region.range.contains(&addr));
    found.map(|region| region.name)
}

/// A number of bytes, in the largest unit of which it is a whole number.
pub struct Size(pub usize);

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"];
        let fits = |power: &usize| self.0 % (1 << (10 * power)) == 0;
        let power = (0..units.len()).rev().find(fits).unwrap_or(0);
        write!(out, "{:4} {:3}", self.0 >> (10 * power), units[power])
    }
}
