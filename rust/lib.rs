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
//! that was handed out belongs to a value that gives it back when it is dropped.
//! Nowhere else is `bindings` touched.

// This is a library, though the compiler sees it as part of each module: a case
// uses what its lesson needs, and no case needs all of it.
#![allow(dead_code, unreachable_pub)]

mod bindings;
pub mod gfp;
pub mod kthread;
pub mod page;
pub mod slab;
pub mod vmalloc;
