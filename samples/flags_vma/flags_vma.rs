// SPDX-License-Identifier: GPL-2.0

//! Shows the flags of a process's mappings: plain ones, and locked ones.
//!
//! # Shows
//!
//! What a process has at its addresses is a list of mappings, each a `struct
//! vm_area_struct` with flags: what may be done there, what `mprotect()` could still allow,
//! and what is special, such as that its pages must stay. `mmap()` makes them of its
//! arguments.
//!
//! # Checks
//!
//! - The mapping that is found for an address has the bounds that it was made with.
//! - Its flags, as far as they have names here, are those that follow from the arguments.
//! - /proc/self/smaps says the same in its `VmFlags`, in two letters each.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64; `CONFIG_PER_VMA_LOCK`; `CONFIG_KPROBES`, for what is not
//! exported.

use kernel::{c_str, fmt, prelude::*, str::CString};
use oopsarium::checks::Checks;
use oopsarium::file::Process;
use oopsarium::flags::{Shown, VMA};
use oopsarium::mm::{find_vma, Mm};
use oopsarium::page::PAGE_SIZE;
use oopsarium::user::{vm_mmap, Frames};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: FlagsVma,
    name: "flags_vma",
    author: "Oopsarium",
    description: "The flags of a process's mappings",
    license: "GPL",
}

struct FlagsVma;

impl kernel::Module for FlagsVma {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut checks = Checks::new();
        let private = "VM_READ|VM_WRITE|VM_MAYREAD|VM_MAYWRITE|VM_MAYEXEC|VM_ACCOUNT";
        let locked = "VM_READ|VM_WRITE|VM_MAYREAD|VM_MAYWRITE|VM_MAYEXEC|VM_LOCKED|VM_ACCOUNT";
        show(&mut checks, Frames::OnDemand, private, "rd wr mr mw me ac")?;
        show(&mut checks, Frames::Locked, locked, "rd wr mr mw me lo ac")?;
        checks.finish()?;
        Ok(Self)
    }
}

fn show(checks: &mut Checks, frames: Frames, flags: &str, letters: &str) -> Result {
    let process = Process::current()?;
    let mapping = vm_mmap(PAGE_SIZE, frames)?;
    // Its neighbours may be like it, and merged with it.
    let vma = find_vma(&Mm::current()?, mapping.start())?;
    pr_info!(
        "  {:x}-{:x} {}\n",
        vma.start,
        vma.end,
        Shown(vma.flags, &VMA)
    );
    let within = vma.start <= mapping.start() && mapping.start() + PAGE_SIZE <= vma.end;
    checks.that("where it lies", within, vma.start);
    let shown = CString::try_from_fmt(fmt!("{}", Shown(vma.flags & KNOWN, &VMA)))?;
    checks.equal("its flags", flags, shown.to_str().map_err(|_| EINVAL)?);

    let smaps = process.read_text(c_str!("/proc/self/smaps"))?;
    let head = CString::try_from_fmt(fmt!("{:x}-{:x} ", vma.start, vma.end))?;
    let head = head.to_str().map_err(|_| EINVAL)?;
    let mut lines = smaps.lines().skip_while(|line| !line.starts_with(head));
    let found = lines.find_map(|line| line.strip_prefix("VmFlags: "));
    pr_info!("  smaps: {}\n", found.unwrap_or("no such mapping"));
    checks.equal("in smaps", Some(letters), found.map(str::trim));
    Ok(())
}

/// Those that have a name here.
const KNOWN: u64 = {
    let mut known = 0;
    let mut i = 0;
    while i < VMA.len() {
        known |= VMA[i].0;
        i += 1;
    }
    known
};
