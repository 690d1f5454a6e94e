// SPDX-License-Identifier: GPL-2.0

//! Shows the flags of areas in the kernel's addresses: of `vmalloc()`, of `ioremap()`, and of
//! this module.
//!
//! # Shows
//!
//! The part of the kernel's addresses that is not a map of memory as it lies there is handed
//! out in areas, each with a `struct vm_struct` that says how it came about: `VM_ALLOC` for
//! pages of its own, `VM_IOREMAP` for device registers. A module's text is an area too,
//! whose permissions must be reset before its pages become anybody's:
//! `VM_FLUSH_RESET_PERMS`.
//!
//! # Checks
//!
//! - The area that is found for an address begins there, and is as large as was asked for,
//!   and a guard page.
//! - It has the flag; and /proc/vmallocinfo has an area of this size and kind.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64; `CONFIG_KPROBES`, for what is not exported.

use kernel::{c_str, fmt, prelude::*, str::CString};
use oopsarium::checks::Checks;
use oopsarium::flags::{Shown, VM_STRUCT};
use oopsarium::page::PAGE_SIZE;
use oopsarium::vmalloc::{self, __vmalloc, find_vm_area};
use oopsarium::{device, file, gfp, io};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: FlagsVmStruct,
    name: "flags_vm_struct",
    author: "Oopsarium",
    description: "The flags of areas in the kernel's addresses",
    license: "GPL",
}

/// A size that no other area has.
const PAGES: usize = 37;

struct FlagsVmStruct;

impl kernel::Module for FlagsVmStruct {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut checks = Checks::new();
        // SAFETY: No zone; and a module is loaded by a task, which may sleep.
        let area = unsafe { __vmalloc(PAGES * PAGE_SIZE, gfp::GFP_KERNEL) }?;
        // SAFETY: It is ours.
        let found = unsafe { find_vm_area(area.addr().as_ptr() as usize) }?;
        pr_info!("  vmalloc()   {}\n", Shown(found.flags, &VM_STRUCT));
        checks.equal("where it begins", area.addr().as_ptr() as usize, found.addr);
        checks.equal("its size", (PAGES + 1) * PAGE_SIZE, found.size);
        checks.equal(
            "vmalloc()",
            vmalloc::VM_ALLOC,
            found.flags & vmalloc::VM_ALLOC,
        );
        let line = find_line(found.size, "pages=37 vmalloc")?;
        checks.that("/proc/vmallocinfo has it", line, "no such line");

        // SAFETY: Device memory; and a module is loaded by a task, which may sleep.
        let registers = unsafe { io::ioremap(device::REGISTERS, device::SIZE) }?;
        // SAFETY: It is ours.
        let found = unsafe { find_vm_area(registers.addr().as_ptr() as usize) }?;
        pr_info!("  ioremap()   {}\n", Shown(found.flags, &VM_STRUCT));
        checks.equal(
            "where it begins",
            registers.addr().as_ptr() as usize,
            found.addr,
        );
        checks.equal("its size", device::SIZE + PAGE_SIZE, found.size);
        checks.equal(
            "ioremap()",
            vmalloc::VM_IOREMAP,
            found.flags & vmalloc::VM_IOREMAP,
        );
        let phys = device::REGISTERS;
        let line = CString::try_from_fmt(fmt!("phys={phys:#018x} ioremap"))?;
        let line = find_line(found.size, line.to_str().map_err(|_| EINVAL)?)?;
        checks.that("/proc/vmallocinfo has it", line, "no such line");

        let text = find_line as *const () as usize & !(PAGE_SIZE - 1);
        // SAFETY: We are in it.
        let found = unsafe { find_vm_area(text) }?;
        pr_info!("  this module {}\n", Shown(found.flags, &VM_STRUCT));
        let expected = vmalloc::VM_ALLOC | vmalloc::VM_FLUSH_RESET_PERMS;
        checks.equal("this module", expected, found.flags & expected);
        checks.finish()?;
        Ok(Self)
    }
}

/// Whether /proc/vmallocinfo has an area of this `size`, and says `what` of it.
fn find_line(size: usize, what: &str) -> Result<bool> {
    let info = file::read_text(c_str!("/proc/vmallocinfo"))?;
    let mut lines = info.lines();
    Ok(lines.any(|line| {
        let words = &mut line.split_whitespace();
        words.nth(1).and_then(|word| word.parse().ok()) == Some(size) && line.contains(what)
    }))
}
