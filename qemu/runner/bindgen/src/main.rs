// SPDX-License-Identifier: GPL-2.0

//! `bindgen`, as its own package `bindgen-cli` has it: a header and options in, the bindings
//! out; messages go to standard error, and the exit status is 1 if there are no bindings.

use std::{env, error::Error, process::ExitCode};

fn main() -> ExitCode {
    match generate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bindgen: {why}");
            ExitCode::FAILURE
        }
    }
}

fn generate() -> Result<(), Box<dyn Error>> {
    let (builder, mut output, _) = bindgen::builder_from_flags(env::args())?;
    builder.generate()?.write(&mut output)?;
    Ok(())
}
