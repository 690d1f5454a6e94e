// SPDX-License-Identifier: GPL-2.0

//! Counts the page frames behind a mapping: none, until it is touched or asks for them.
//!
//! # Shows
//!
//! `mmap()` makes a note in the process's list of mappings, and nothing else. A page frame
//! and, where it is missing, a page table come when an address is touched for the first
//! time: a page fault looks the address up in that list. `MAP_POPULATE` has the faults
//! happen at once, one for each page; `MAP_LOCKED` too, and keeps the frames from being
//! taken away again.
//!
//! # Checks
//!
//! Three mappings of 512 pages each:
//!
//! - The page tables of the process, followed by hand, have no frame behind the first; and
//!   three, when the first page, the last and one between have been touched. Behind the
//!   other two they have 512. /proc/self/pagemap says the same.
//! - When there are 512, so many pages are missing from what is free (/proc/buddyinfo, and the
//!   lists of the CPUs in /proc/zoneinfo), give or take what others do meanwhile.
//! - When three are touched, three faults are counted for this process (/proc/self/stat).
//! - The process has 2048 KiB locked more (`VmLck` in /proc/self/status), and only with
//!   `MAP_LOCKED`.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64.

use kernel::{c_str, prelude::*};
use oopsarium::checks::Checks;
use oopsarium::file::{self, Process};
use oopsarium::free::Free;
use oopsarium::page::PAGE_SIZE;
use oopsarium::pgtable::PageTables;
use oopsarium::user::{copy_to_user, vm_mmap, Frames, Mapping};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: PageFrames,
    name: "page_frames",
    author: "Oopsarium",
    description: "When page frames are allocated",
    license: "GPL",
}

const PAGES: usize = 512;

struct PageFrames;

/// What the system and the process have, as others count it.
struct Count {
    free: i64,
    faults: u64,
    locked: u64,
}

impl Count {
    fn now(process: &Process) -> Result<Self> {
        let status = process.read_text(c_str!("/proc/self/status"))?;
        // `insmod (…) state …`: the tenth field is minflt, and the third follows the name.
        let stat = process.read_text(c_str!("/proc/self/stat"))?;
        let fields = stat.rsplit(')').next().ok_or(EINVAL)?;
        let faults = fields.split_whitespace().nth(10 - 3).ok_or(EINVAL)?;
        let mut free = Free::NONE;
        free.read()?;
        Ok(Self {
            free: free.pages(),
            faults: faults.parse().map_err(|_| EINVAL)?,
            locked: file::number(&status, "VmLck:")?,
        })
    }
}

impl kernel::Module for PageFrames {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut checks = Checks::new();
        let process = Process::current()?;
        show(&mut checks, &process, "touched later", Frames::OnDemand)?;
        show(&mut checks, &process, "MAP_POPULATE", Frames::Populated)?;
        show(&mut checks, &process, "MAP_LOCKED", Frames::Locked)?;
        checks.finish()?;
        Ok(Self)
    }
}

fn show(checks: &mut Checks, process: &Process, name: &str, frames: Frames) -> Result {
    // What takes memory only once has it then.
    drop(vm_mmap(PAGES * PAGE_SIZE, Frames::Populated)?);
    Count::now(process)?;

    let before = Count::now(process)?;
    let mapping = vm_mmap(PAGES * PAGE_SIZE, frames)?;
    let after = Count::now(process)?;
    let present = if frames == Frames::OnDemand { 0 } else { PAGES };
    pr_info!("{name}: frames of the mapping: {}\n", count(&mapping)?);
    checks.equal("frames in the page tables", present, count(&mapping)?);
    checks.equal("frames in pagemap", present, pagemap(process, &mapping)?);
    taken(checks, present, &before, &after);
    let locked = if frames == Frames::Locked { 2048 } else { 0 };
    checks.equal("KiB locked", locked, after.locked - before.locked);
    if frames != Frames::OnDemand {
        return Ok(());
    }

    for page in [0, PAGES / 2, PAGES - 1] {
        copy_to_user(mapping.start() + page * PAGE_SIZE, &[1])?;
    }
    let touched = Count::now(process)?;
    pr_info!(
        "{name}: frames when three pages were touched: {}\n",
        count(&mapping)?
    );
    checks.equal("frames in the page tables", 3, count(&mapping)?);
    checks.equal("frames in pagemap", 3, pagemap(process, &mapping)?);
    checks.equal("faults", 3, touched.faults - after.faults);
    Ok(())
}

/// How many frames the page tables of the process have for it.
fn count(mapping: &Mapping) -> Result<usize> {
    // SAFETY: We are done with it before the process is gone.
    let tables = unsafe { PageTables::user() }?;
    // SAFETY: The mapping is ours, and stays.
    Ok(unsafe { tables.count(mapping.start()..mapping.start() + mapping.size()) })
}

/// How many of them /proc/self/pagemap has.
fn pagemap(process: &Process, mapping: &Mapping) -> Result<usize> {
    /// "page present": Documentation/admin-guide/mm/pagemap.rst
    const PRESENT: u64 = 1 << 63;
    let first = mapping.start() / PAGE_SIZE;
    let words = process.read_words(c_str!("/proc/self/pagemap"), first, PAGES)?;
    Ok(words.iter().filter(|word| **word & PRESENT != 0).count())
}

/// So many pages have to be missing from what was free, more or less: page tables are, too,
/// and others take and give back meanwhile, such as the reading of files here.
fn taken(checks: &mut Checks, pages: usize, before: &Count, after: &Count) {
    const OTHERS: i64 = 32;
    let taken = before.free - after.free;
    let pages = pages as i64;
    pr_info!("  taken from what is free: {taken}\n");
    let about = pages - OTHERS..=pages + OTHERS;
    checks.that("pages taken", about.contains(&taken), taken);
}
