// SPDX-License-Identifier: GPL-2.0

//! The host program. All of it is in a library: cargo compiles that while it optimizes what the
//! library stands on, and would let a program wait.

use std::process::ExitCode;

fn main() -> ExitCode {
    oopsarium_app::main()
}
