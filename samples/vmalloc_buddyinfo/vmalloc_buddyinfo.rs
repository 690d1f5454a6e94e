// SPDX-License-Identifier: GPL-2.0

//! Looks whether `vmalloc()` changes /proc/buddyinfo: eight pages do not, some thousands do.
//!
//! # Shows
//!
//! `vmalloc()` takes its pages one by one, and single pages come from the list that each
//! CPU has of its own. What is in such a list is free, but not in the buddy allocator's
//! books: /proc/buddyinfo does not count it. A list that runs out is filled up from there,
//! and one that is full is emptied to there, many pages at a time. (Since 6.7 their size
//! adapts itself: who gives back many pages may find thousands in the list of its CPU.)
//!
//! ```text
//! vmalloc()  <--  a CPU's list  <-- (when it is empty) --  blocks of the buddy allocator
//!                 /proc/zoneinfo                           /proc/buddyinfo
//! ```
//!
//! # Checks
//!
//! The lists are filled first, by giving back a few pages. Then, each with a difference
//! that is printed:
//!
//! - Eight pages: the buddy allocator has the very same blocks as before, and the lists
//!   have eight pages less.
//! - Given back: the lists have them again.
//! - 4096 pages more than there are in the lists: the blocks have less by these 4096, at
//!   least; both together by all of them, and by what it takes to map them.
//! - Given back: everything is free again that was.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64. Other tasks take and give back memory too: what has to be
//! exact is tried ten times, and has to be so once.

use kernel::prelude::*;
use oopsarium::checks::Checks;
use oopsarium::free::Free;
use oopsarium::gfp;
use oopsarium::page::{alloc_page, PAGE_SIZE};
use oopsarium::pgtable::ENTRIES;
use oopsarium::vmalloc::__vmalloc;

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: VmallocBuddyinfo,
    name: "vmalloc_buddyinfo",
    author: "Oopsarium",
    description: "vmalloc() and /proc/buddyinfo",
    license: "GPL",
}

const FEW: usize = 8;
const MORE: usize = 4096;

/// What is free before, while there is a vmalloc area of so many pages, and after. It is
/// too much for the stack.
fn with_area(pages: usize) -> Result<KBox<[Free; 3]>> {
    let mut free = KBox::new([Free::NONE; 3], GFP_KERNEL)?;
    let [before, meanwhile, after] = &mut *free;
    before.read()?;
    // SAFETY: No zone; and a module is loaded by a task, which may sleep.
    let area = unsafe { __vmalloc(pages * PAGE_SIZE, gfp::GFP_KERNEL) }?;
    meanwhile.read()?;
    drop(area);
    after.read()?;
    Ok(free)
}

fn fill_the_lists() -> Result {
    let mut pages = KVec::new();
    for _ in 0..2 * FEW {
        // SAFETY: No zone; and a module is loaded by a task, which may sleep.
        pages.push(unsafe { alloc_page(gfp::GFP_KERNEL) }?, GFP_KERNEL)?;
    }
    Ok(())
}

struct VmallocBuddyinfo;

impl kernel::Module for VmallocBuddyinfo {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut checks = Checks::new();
        // What takes memory only once has it then.
        with_area(MORE)?;
        with_area(FEW)?;

        let quiet = |[before, meanwhile, after]: &[Free; 3]| {
            before.same_blocks(meanwhile)
                && before.in_cpu_lists - meanwhile.in_cpu_lists == FEW as i64
                && after.pages() == before.pages()
        };
        let mut seen = with_area(FEW)?;
        for _ in 0..10 {
            if quiet(&seen) {
                break;
            }
            fill_the_lists()?;
            seen = with_area(FEW)?;
        }
        let [before, meanwhile, after] = &*seen;
        before.print("before");
        meanwhile.print("with 8 pages of vmalloc()");
        meanwhile.since(before).print("the difference");
        checks.that(
            "no block has changed",
            before.same_blocks(meanwhile),
            "others",
        );
        let taken = before.in_cpu_lists - meanwhile.in_cpu_lists;
        checks.equal("taken from the lists of the CPUs", FEW as i64, taken);
        checks.equal("free again", before.pages(), after.pages());

        let many = with_area(FEW)?[2].in_cpu_lists as usize + MORE;
        let [before, meanwhile, after] = &*with_area(many)?;
        pr_info!("with {many} pages of vmalloc():\n");
        meanwhile.since(before).print("the difference");
        after
            .since(before)
            .print("the difference when they are given back");
        let from_blocks = before.in_buddy() - meanwhile.in_buddy();
        checks.that(
            "taken from the blocks",
            from_blocks >= MORE as i64,
            from_blocks,
        );
        let taken = before.pages() - meanwhile.pages();
        // An array of pointers to the pages, and the page tables; and what others may take.
        let pointers = (many * size_of::<usize>()).div_ceil(PAGE_SIZE);
        let slack = (pointers + many / ENTRIES + 2 + 8) as i64;
        let all = many as i64..=many as i64 + slack;
        checks.that("taken altogether", all.contains(&taken), taken);
        let missing = before.pages() - after.pages();
        checks.that("free again", missing.abs() <= slack, missing);
        checks.finish()?;
        Ok(Self)
    }
}
