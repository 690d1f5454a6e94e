// SPDX-License-Identifier: GPL-2.0

//! What a kernel's log says: clean lines, reports, and where in the source they come from.
//! Pure, and good for any log; nothing here knows of cases, builds or guests.

pub mod annotate;
pub mod console;
pub mod decode;
pub mod disassembly;
pub mod normal;
pub mod pattern;
pub mod report;
pub mod symbols;
