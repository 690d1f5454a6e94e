// SPDX-License-Identifier: GPL-2.0

//! Draws the kernel's half of the virtual addresses, with the fixmap in it.
//!
//! # Shows
//!
//! The addresses that a kernel has for itself are divided once, when it is compiled or
//! when it boots: all memory in one piece, what `vmalloc()` makes contiguous, the kernel
//! itself, its modules, and on top the fixmap, whose addresses are constants. On a 32-bit
//! machine the map of all memory ended after 896 MiB, and what lay beyond had to be mapped
//! when it was used; that is where persistent and temporary mappings came from. On 64 bits
//! there is room for all of it, and the regions have holes between them that are larger
//! than the memory of any machine.
//!
//! The picture has the highest addresses on top. Below it stands what the fixmap is divided
//! into, by its indices: they count downwards from its top.
//!
//! # Checks
//!
//! - Each region begins where the one below has ended, or above.
//! - Something alive of each kind lies in the region that it should lie in: a page, an
//!   object of the slab allocator, a vmalloc area, device registers, a function of the
//!   kernel and one of this module, a page of the fixmap.
//! - The page tables agree on where in memory the page and the object are.
//! - The topmost page table of the kernel has no entry outside of the regions.
//!
//! # Reach
//!
//! Loadable; x86_64 with four levels of page tables, and arm64 with 48-bit addresses;
//! `CONFIG_KPROBES` to find the page tables.

use core::ptr::NonNull;
use kernel::{c_str, prelude::*};
use oopsarium::checks::Checks;
use oopsarium::fixmap::{self, fix_to_virt};
use oopsarium::layout::{self, region_of, regions, Size};
use oopsarium::page::{__get_free_pages, virt_to_phys, PAGE_SIZE};
use oopsarium::pgtable::{PageTables, ENTRIES};
use oopsarium::{device, gfp, io, kallsyms, vmalloc};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: KernelLayout,
    name: "kernel_layout",
    author: "Oopsarium",
    description: "The kernel's virtual addresses, and the fixmap in them",
    license: "GPL",
}

struct KernelLayout;

impl kernel::Module for KernelLayout {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        draw();
        draw_fixmap();

        let mut checks = Checks::new();
        let regions = regions();
        let in_order = regions
            .windows(2)
            .all(|pair| pair[0].range.end <= pair[1].range.start);
        checks.that("the regions do not overlap", in_order, "an overlap");
        check_what_is_alive(&mut checks)?;
        check_page_tables(&mut checks)?;
        checks.finish()?;
        Ok(Self)
    }
}

fn draw() {
    let mut above: Option<usize> = None;
    for region in regions().iter().rev() {
        let (start, end) = (region.range.start, region.range.end);
        if let Some(hole) = above.map(|above| above - end).filter(|hole| *hole > 0) {
            pr_info!("                   : {:20} {} :\n", "", Size(hole));
        }
        if above != Some(end) {
            pr_info!("  {end:016x} +--------------------------------+\n");
        }
        pr_info!(
            "                   | {:20} {} |\n",
            region.name,
            Size(end - start)
        );
        pr_info!("  {start:016x} +--------------------------------+\n");
        above = Some(start);
    }
}

fn draw_fixmap() {
    let row = |name: &str, first: u32, last: u32| {
        let top = fix_to_virt(first).as_ptr() as usize;
        let bottom = fix_to_virt(last).as_ptr() as usize;
        pr_info!("  {top:016x}   {bottom:016x}   {first:4} - {last:4}   {name}\n");
    };
    pr_info!("  first page         last page          index         the fixmap's\n");
    for (name, indices) in fixmap::NAMED {
        row(name, *indices.start(), *indices.end());
    }
    if let Some(indices) = fixmap::FIX_KMAP {
        row("FIX_KMAP_BEGIN to _END", *indices.start(), *indices.end());
    }
    let early = fixmap::FIX_BTMAPS;
    row("FIX_BTMAP_END to _BEGIN", *early.start(), *early.end());
}

/// What is found where.
fn check_what_is_alive(checks: &mut Checks) -> Result {
    let tables = PageTables::kernel()?;
    let mut expect = |what: &str, region: &'static str, addr: usize| {
        pr_info!("  {addr:016x} {what}\n");
        checks.equal(what, region, region_of(addr).unwrap_or("nowhere"));
    };

    // SAFETY: No zone; and a module is loaded by a task, which may sleep.
    let page = unsafe { __get_free_pages(gfp::GFP_KERNEL, 0) }?;
    expect("a page", layout::DIRECT_MAP, page.addr().as_ptr() as usize);
    let object = KBox::new(0u64, GFP_KERNEL)?;
    let object: *const u64 = &*object;
    expect("a slab object", layout::DIRECT_MAP, object as usize);
    // SAFETY: As above.
    let area = unsafe { vmalloc::__vmalloc(PAGE_SIZE, gfp::GFP_KERNEL) }?;
    expect(
        "a vmalloc area",
        layout::VMALLOC,
        area.addr().as_ptr() as usize,
    );
    // SAFETY: Device memory; and a module is loaded by a task, which may sleep.
    let registers = unsafe { io::ioremap(device::REGISTERS, device::SIZE) }?;
    expect(
        "device registers",
        layout::VMALLOC,
        registers.addr().as_ptr() as usize,
    );
    let text = kallsyms::lookup(c_str!("_stext"))?;
    let image = if cfg!(CONFIG_ARM64) {
        layout::VMALLOC
    } else {
        layout::IMAGE
    };
    expect("the kernel's text", image, text.as_ptr() as usize);
    expect(
        "this module's text",
        layout::MODULES,
        draw as *const () as usize,
    );
    expect(
        "page 1 of the fixmap",
        layout::FIXMAP,
        fix_to_virt(1).as_ptr() as usize,
    );
    if cfg!(CONFIG_SPARSEMEM_VMEMMAP) {
        expect(
            "a struct page",
            layout::VMEMMAP,
            page.page()?.as_ptr() as usize,
        );
    }

    let mut translate = |what: &str, addr: NonNull<core::ffi::c_void>| {
        // SAFETY: It is ours, and stays.
        let found = unsafe { tables.lookup(addr.as_ptr() as usize) };
        let found = found.map(|found| found.phys);
        checks.equal(what, Some(virt_to_phys(addr)), found);
    };
    translate("the page in the page tables", page.addr());
    translate("the kernel's text in the page tables", text);
    Ok(())
}

/// Whether the topmost table has anything that the picture has not.
fn check_page_tables(checks: &mut Checks) -> Result {
    let tables = PageTables::kernel()?;
    // What one entry of it covers, and the first address that all of them together do.
    let span = PAGE_SIZE * ENTRIES * ENTRIES * ENTRIES;
    let bottom = 0usize.wrapping_sub(span * ENTRIES);
    let mut entries = 0;
    let mut outside = 0;
    for (index, entry) in tables.top().enumerate() {
        // A user's half stays empty here; and an entry of zero maps nothing.
        if entry == 0 {
            continue;
        }
        entries += 1;
        let first = bottom + index * span;
        let last = first + (span - 1);
        let known = regions()
            .iter()
            .any(|region| region.range.start <= last && first < region.range.end);
        if !known {
            pr_info!("  {first:016x} is in no region\n");
            outside += 1;
        }
    }
    checks.that("the kernel has page tables", entries > 0, entries);
    checks.equal("entries outside of the regions", 0, outside);
    Ok(())
}
