// SPDX-License-Identifier: GPL-2.0

//! `make bless`: runs cases and keeps what they print as their transcripts. Only what is as
//! claimed, and the same every time, is kept; a claim itself is never written.

use crate::{
    accel::Choice,
    case::{Case, Side},
    child,
    kernel::Kernel,
    machine::Machine,
    modules::{self, Modules},
    parallel, patched,
    project::{Project, Tools},
    run::{Keep, Options, Run},
    term::{self, BAD, GOOD},
    transcript::{self, Transcript, Written},
    verdict::Verdict,
};
use anyhow::{bail, Result};
use std::{path::PathBuf, time::Duration};

/// A transcript that is to be made.
pub struct Wanted<'a> {
    /// Of this case.
    pub case: &'a Case,
    /// Of this run of it.
    pub side: Side,
    /// On this machine.
    pub machine: &'a Machine,
    /// It comes to stand here.
    pub path: PathBuf,
    /// With this kernel.
    pub kernel: &'a Kernel,
    /// And its modules.
    pub modules: &'a Modules,
}

/// Refuses to work where nobody looks at what is blessed.
///
/// # Errors
///
/// In CI, which sets `CI`.
pub fn refuse_ci(ci: Option<&std::ffi::OsStr>) -> Result<()> {
    match ci {
        Some(value) if !value.is_empty() && value != "0" && value != "false" => bail!(
            "make bless does not run in CI (CI={} is set): what it keeps, a person has to have \
             looked at; run it by hand, look at git diff, and commit that",
            value.to_string_lossy()
        ),
        _ => Ok(()),
    }
}

/// Makes every transcript that is `wanted`, as many at once as `jobs`, and says what has
/// changed. Each is run twice, booted and from a snapshot: what is not the same then is none. Returns how many could not be made.
///
/// # Errors
///
/// When the user stops it.
pub fn bless(
    project: &Project,
    tools: &Tools,
    timeout: Option<Duration>,
    wanted: &[Wanted<'_>],
    jobs: usize,
) -> Result<usize> {
    // As anybody can repeat it.
    let booted = Options {
        accel: Choice::Tcg,
        timeout,
        kernel_args: Vec::new(),
        qemu_args: Vec::new(),
        verbose: false,
        compare: false,
        snapshot: false,
        keep: Keep::Last,
    };
    let restored = Options {
        snapshot: true,
        ..booted.clone()
    };
    let both = [booted, restored];
    let mut failed = 0;
    let one = |one: &Wanted<'_>| Some(one.bless(project, tools, &both));
    parallel::in_order(wanted, jobs, one, |index, outcome| {
        let file = project.relative(&wanted[index].path).display();
        match outcome {
            Ok(Written::Unchanged) => anstream::println!("{file}: unchanged"),
            Ok(Written::New) => anstream::println!("{file}: {GOOD}new{GOOD:#}"),
            Ok(Written::Head) => anstream::println!("{file}: the same, with other versions"),
            Ok(Written::Lines(diff)) => {
                anstream::println!("{file}: {GOOD}changed{GOOD:#}");
                anstream::print!("{}", term::diff(&diff));
            }
            Err(error) => {
                failed += 1;
                anstream::println!("{file}: {BAD}not blessed{BAD:#}: {error:#}");
            }
        }
    });
    child::check_interrupted()?;
    Ok(failed)
}

impl Wanted<'_> {
    /// Runs it, and keeps what it printed.
    fn bless(&self, project: &Project, tools: &Tools, ways: &[Options]) -> Result<Written> {
        let kernel = patched::kernel_for(project, tools, self.kernel, self.case, self.side)?;
        let modules = match (
            self.case.patch(self.side),
            self.case.module_to_load(self.side),
        ) {
            (None, _) => Some(self.modules.clone()),
            (Some(_), Some(module)) => {
                Some(modules::build(project, tools, &kernel, Some(&module))?)
            }
            (Some(_), None) => None,
        };
        let run = Run {
            case: self.case,
            side: self.side,
            machine: self.machine,
            kernel: &kernel,
            modules: modules.as_ref(),
        };
        let file = project.relative(&self.path);
        let mut first: Option<Transcript> = None;
        for options in ways {
            let finished = run.run(project, tools, options, |_| ())?;
            if finished.verdict != Verdict::Match {
                let why = finished.verdict.why().join("; ");
                bail!(
                    "it is not as claimed ({}: {why}); the claim is yours to change, or the case",
                    finished.verdict
                );
            }
            match &first {
                None => first = Some(finished.transcript),
                Some(first) if first.lines != finished.transcript.lines => bail!(
                    "it is not the same twice:\n{}a step that takes out what changes is missing in \
                     qemu/runner/src/normal.rs, or the case depends on chance",
                    transcript::diff(&first.lines, &finished.transcript.lines, file)
                ),
                Some(_) => {}
            }
        }
        let Some(transcript) = first else {
            bail!("it was not run");
        };
        let name = self.case.side_name(self.side);
        let about = format!(
            "What {} ({name}) prints on {}",
            self.case.id, self.machine.name
        );
        let text = transcript.text(&about, &format!("make bless CASE={}", self.case.id));
        transcript::write(&self.path, file, &transcript, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_is_refused() {
        let check = |value: Option<&str>| refuse_ci(value.map(AsRef::as_ref));
        for ci in ["true", "1", "woodpecker"] {
            let error = check(Some(ci)).unwrap_err().to_string();
            assert!(error.contains(&format!("CI={ci} is set")), "{error}");
        }
        for none in [None, Some(""), Some("false"), Some("0")] {
            assert!(check(none).is_ok(), "{none:?}");
        }
    }
}
