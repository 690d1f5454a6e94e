// SPDX-License-Identifier: GPL-2.0

//! What several cases share: the kernel's memory interfaces as Rust sees them.
//!
//! A module takes it in as source, because kbuild links no library into a
//! loadable module:
//!
//! ```ignore
//! #[path = "../../rust/lib.rs"]
//! mod oopsarium;
//! ```
//!
//! Functions keep their C names, and their `# Safety` sections say what the
//! kernel really demands, so that a case can be seen to break that demand. Memory
//! that was handed out belongs to a value that gives it back when it is dropped,
//! except early in the boot. Nowhere else is `bindings` touched.

// This is a library, though the compiler sees it as part of each module: a case
// uses what its lesson needs, and no case needs all of it.
#![allow(dead_code, unreachable_pub, unused_imports)]

mod bindings;
#[cfg(not(MODULE))]
pub mod boot;
pub mod checks;
pub mod cma;
pub mod device;
pub mod early_ioremap;
pub mod file;
pub mod firmware;
pub mod fixmap;
pub mod flags;
pub mod free;
pub mod gfp;
pub mod hotplug;
pub mod image;
pub mod io;
pub mod kallsyms;
pub mod kmap;
pub mod kthread;
pub mod layout;
// What is linked in can use it, and the iterators and destructors would be in each module.
#[cfg(not(MODULE))]
pub mod memblock;
pub mod mm;
pub mod page;
pub mod pageblock;
pub mod pgtable;
pub mod phys;
pub mod slab;
pub mod user;
pub mod vmalloc;
