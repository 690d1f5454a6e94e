// SPDX-License-Identifier: GPL-2.0

//! The kernel's bindings, and what they lack.
//!
//! The second part is made by bindgen from `bindings_helper.h` while the modules
//! are built, with the kernel's own headers and flags: a signature that changes
//! there is a compile error here. Its types are those of the kernel's bindings.

#![allow(
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unsafe_op_in_unsafe_fn
)]
#![allow(clippy::all, clippy::undocumented_unsafe_blocks)]

pub use kernel::bindings::*;

include!(concat!(env!("OOPSARIUM_OBJ"), "/bindings_generated.rs"));
