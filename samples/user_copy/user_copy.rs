// SPDX-License-Identifier: GPL-2.0

//! Copies from four kinds of addresses that a user may come with, with `copy_from_user()`.
//!
//! # Shows
//!
//! `copy_from_user()` is more than a copy. It asks whether the address is the user's; it
//! tells the CPU that to read a user's memory is meant this time; and where nothing is, it
//! gets out of the page fault, and says so.
//!
//! ```text
//! the address is                 memcpy()                    copy_from_user()
//! good, and the page is there    copies; SMAP, PAN: oops     copies
//! good, the page not there yet   the same                    a page fault brings it
//! in no mapping                  oops                        EFAULT
//! the kernel's                   copies what is not ours     EFAULT
//! ```
//!
//! The left column are the cases `user-memcpy-mapped`, `user-memcpy-unmapped` and
//! `user-kernel-address`.
//!
//! What cannot be read is not left as it was: it becomes zero, so that nothing that was on
//! the kernel's stack before can be taken for the user's. A copy that gets half-way has the
//! first half.
//!
//! # Checks
//!
//! - What is copied is what was put into the page by another way: where the map of all
//!   memory has it.
//! - The page tables of the process have no page there before, and one afterwards.
//! - `EFAULT` for the other two, and zeros.
//! - Of a copy over the end of the mapping, the first half is right and the rest zero.
//!
//! # Reach
//!
//! Loadable; x86_64 and arm64.

use kernel::prelude::*;
use oopsarium::checks::Checks;
use oopsarium::page::{phys_to_virt, PAGE_SIZE};
use oopsarium::pgtable::PageTables;
use oopsarium::user::{copy_from_user, vm_mmap, Frames, UserPtr};

#[path = "../../rust/lib.rs"]
mod oopsarium;

module! {
    type: UserCopy,
    name: "user_copy",
    author: "Oopsarium",
    description: "copy_from_user() from good and from bad addresses",
    license: "GPL",
}

/// What was in the buffer before.
const OLD: u8 = 0xee;

struct UserCopy;

impl kernel::Module for UserCopy {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut checks = Checks::new();
        // SAFETY: We are done with it before the process is gone.
        let tables = unsafe { PageTables::user() }?;
        // SAFETY: Of our own mapping, or of addresses that this process, which is here and
        // nowhere else, does not map or unmap meanwhile.
        let frame = |addr: UserPtr| unsafe { tables.lookup(addr) };

        let there = vm_mmap(PAGE_SIZE, Frames::Populated)?;
        let phys = frame(there.start()).ok_or(EFAULT)?.phys;
        let direct: *mut [u8; 16] = phys_to_virt(phys).cast();
        // SAFETY: The page is that of our mapping, and all memory is mapped there.
        unsafe { direct.write_volatile(*b"a page that is t") };
        let mut bytes = [OLD; 16];
        let copied = copy_from_user(&mut bytes, there.start());
        checks.equal("a page that is there", Ok(()), copied);
        checks.equal("what is copied", *b"a page that is t", bytes);

        let later = vm_mmap(PAGE_SIZE, Frames::OnDemand)?;
        checks.equal("no page yet", None, frame(later.start()));
        let mut bytes = [OLD; 16];
        let copied = copy_from_user(&mut bytes, later.start());
        checks.equal("a page that is not there yet", Ok(()), copied);
        checks.equal("what is copied", [0; 16], bytes);
        let frame_now = frame(later.start());
        checks.that("a page now", frame_now.is_some(), frame_now);

        let nothing = vm_mmap(PAGE_SIZE, Frames::OnDemand)?.unmap();
        let mut bytes = [OLD; 16];
        let copied = copy_from_user(&mut bytes, nothing);
        checks.equal("where nothing is mapped", Err(EFAULT), copied);
        checks.equal("what is left", [0; 16], bytes);

        let mut bytes = [OLD; 16];
        let copied = copy_from_user(&mut bytes, direct as UserPtr);
        checks.equal("the same page by the kernel's address", Err(EFAULT), copied);
        checks.equal("what is left", [0; 16], bytes);

        // The last eight bytes of a mapping, behind which the next page was just unmapped.
        let two = vm_mmap(2 * PAGE_SIZE, Frames::Populated)?;
        let [first, second] = two.split(PAGE_SIZE)?;
        let end = second.unmap();
        oopsarium::user::copy_to_user(end - 8, &[OLD; 8])?;
        let mut bytes = [0x11; 16];
        let copied = copy_from_user(&mut bytes, end - 8);
        checks.equal("over the end of a mapping", Err(EFAULT), copied);
        let (half, rest) = bytes.split_at(8);
        checks.equal("the first half", [OLD; 8].as_slice(), half);
        checks.equal("the rest", [0; 8].as_slice(), rest);
        drop(first);
        checks.finish()?;
        Ok(Self)
    }
}
