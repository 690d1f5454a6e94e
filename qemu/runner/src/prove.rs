// SPDX-License-Identifier: GPL-2.0

//! `make prove`: breaks what the samples show, one thing at a time, and sees that a check of the
//! sample's own notices. `[[broken]]` in a sample's `case.toml` says what is broken and which
//! check has to fail; a check that nothing can make fail shows nothing.
//!
//! The project's own kernel and modules are left alone: the samples are broken in copies, which
//! are built as what they are copies of. One kernel holds all that run while it boots, so that
//! the first thing that each sample has to be broken by is tried on one kernel, the second on
//! the next, and so on.

use crate::{
    accel::Choice,
    case::{Case, Side},
    child,
    claim::Broken,
    console,
    kernel::{self, Kernel},
    machine::{Arch, Machine},
    modules, parallel, patched,
    project::{self, Project, Tools},
    run::{self, Keep, Options, Run},
    term::{self, Progress, BAD, GOOD},
    verdict::Verdict,
};
use anyhow::{Context, Result};
use std::{fs, os::unix::fs::symlink, path::Path, time::Duration};

/// What came of it on all machines.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many times something was broken.
    pub tried: usize,
    /// How many times nobody noticed, or not as was claimed.
    pub unnoticed: usize,
}

/// A broken sample on a machine.
struct Trial<'a> {
    /// The sample as it was.
    case: &'a Case,
    broken: &'a Broken,
    machine: &'a Machine,
    /// The sample in the copy.
    copy: Case,
}

/// Breaks each of `samples` in every way that it names for `kernel`, which is built, and runs it
/// on those of `machines` that it is for. Says what came of each.
///
/// # Errors
///
/// When something cannot be built or started, or the user stops it.
pub fn prove(
    project: &Project,
    tools: &Tools,
    base: &Kernel,
    samples: &[&Case],
    machines: &[Machine],
    timeout: Option<Duration>,
) -> Result<Tally> {
    let arch = base.arch;
    let root = project.kbuild.join(format!("broken/{arch}"));
    let _lock = project::lock(&root, "oopsarium.lock")?;
    let id = format!("broken-{arch}");
    let ways: Vec<(&Case, Vec<&Broken>)> = samples
        .iter()
        .map(|case| (*case, ways(case, arch)))
        .filter(|(_, ways)| !ways.is_empty())
        .collect();
    let rounds = ways.iter().map(|(_, ways)| ways.len()).max().unwrap_or(0);
    let mut tally = Tally::default();
    for round in 0..rounds {
        let copy = Project {
            root: root.clone(),
            // What each round leaves can be looked at afterwards.
            build: project.build.join(format!("broken/{arch}/{}", round + 1)),
            kbuild: project.kbuild.clone(),
        };
        link_root(&project.root, &root)?;
        let mut wanted = Vec::new();
        for (case, ways) in &ways {
            // A sample that is through stays as it was broken last: nothing is compiled for it.
            let broken = ways[round.min(ways.len() - 1)];
            let folder = copy_broken(case, broken, &root)?;
            if round < ways.len() {
                wanted.push((*case, broken, folder));
            }
        }
        keep_only(&root.join("samples"), |name| {
            ways.iter()
                .any(|(case, _)| case.folder.file_name() == Some(name))
        })?;
        let kernel = patched::with_cases(&copy, tools, base, &id, "with broken samples")?;
        let loads = wanted.iter().any(|(case, _, _)| case.loadable());
        let modules = match loads {
            true => Some(modules::build(&copy, tools, &kernel, None)?),
            false => None,
        };
        let mut trials = Vec::new();
        for (case, broken, folder) in wanted {
            let names = match &broken.machine {
                Some(name) => std::slice::from_ref(name),
                None => case.file.machines.as_slice(),
            };
            for machine in machines.iter().filter(|machine| machine.arch == arch) {
                if names.contains(&machine.name) {
                    trials.push(Trial {
                        case,
                        broken,
                        machine,
                        copy: told(case, broken, &folder),
                    });
                }
            }
        }
        let what = format!(
            "running {} broken samples on {arch}, {} of {rounds}",
            trials.len(),
            round + 1
        );
        let progress = Progress::start(&what, Some(trials.len() as u64));
        let run = |trial: &Trial<'_>| {
            let run = Run {
                case: &trial.copy,
                side: Side::Sample,
                machine: trial.machine,
                kernel: &kernel,
                modules: modules.as_ref(),
            };
            let once = || run.run(&copy, tools, &options(timeout), |_| ());
            // A guest that never came to the sample says nothing of it.
            let finished = once().and_then(|finished| match finished.verdict {
                Verdict::CouldNotRun(_) => once(),
                _ => Ok(finished),
            });
            progress.step();
            let finished = finished?;
            let console = fs::read(finished.folder.join("console.log"))?;
            let failed = failed_checks(&console, &run.parts());
            Ok((finished.verdict, failed))
        };
        let mut outcomes = Vec::new();
        let one = |trial: &Trial<'_>| Some(run(trial));
        parallel::in_order(&trials, kernel::jobs(), one, |_, outcome| {
            outcomes.push(outcome);
        });
        child::check_interrupted()?;
        progress.done();
        for (trial, outcome) in trials.iter().zip(outcomes) {
            tally.tried += 1;
            tally.unnoticed += usize::from(!say(trial, outcome, &copy, project));
        }
    }
    Ok(tally)
}

/// How `case` is broken on `arch`.
fn ways(case: &Case, arch: Arch) -> Vec<&Broken> {
    let broken = case.file.broken.iter();
    broken.filter(|broken| broken.is_for(arch)).collect()
}

fn options(timeout: Option<Duration>) -> Options {
    Options {
        accel: Choice::Auto,
        timeout,
        kernel_args: Vec::new(),
        qemu_args: Vec::new(),
        // No guest is like another one.
        snapshot: false,
        verbose: false,
        compare: false,
        keep: Keep::Last,
    }
}

/// Makes `root` a project of which everything but the cases is that of `project`.
fn link_root(project: &Path, root: &Path) -> Result<()> {
    for name in ["Kbuild", "Kconfig", "rust", "scripts", "qemu", "rootfs"] {
        let link = root.join(name);
        if !link.is_symlink() {
            symlink(project.join(name), &link)
                .with_context(|| format!("cannot make {}", link.display()))?;
        }
    }
    for name in ["modules", "samples"] {
        fs::create_dir_all(root.join(name))?;
    }
    Ok(())
}

/// Makes the folder of `case` below `root` what it is with `broken`, and gives its name. Only
/// what differs is written, so that nothing else is compiled again.
fn copy_broken(case: &Case, broken: &Broken, root: &Path) -> Result<std::path::PathBuf> {
    let name = case.folder.file_name().context("a sample without a name")?;
    let folder = root.join("samples").join(name);
    let changed = case.broken_text(broken)?;
    let mut names = Vec::new();
    for entry in fs::read_dir(&case.folder)? {
        let from = entry?.path();
        let Some(name) = from.file_name().filter(|_| from.is_file()) else {
            continue;
        };
        let text = match &changed {
            Some((path, text)) if *path == from => text.clone().into_bytes(),
            _ => fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?,
        };
        let to = folder.join(name);
        if !fs::read(&to).is_ok_and(|old| old == text) {
            project::write_whole(&to, &text)?;
        }
        names.push(name.to_owned());
    }
    keep_only(&folder, |name| names.iter().any(|kept| kept == name))?;
    Ok(folder)
}

/// Removes from `folder` what is not to be `kept`.
fn keep_only(folder: &Path, kept: impl Fn(&std::ffi::OsStr) -> bool) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if kept(&entry.file_name()) {
            continue;
        }
        let path = entry.path();
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        }
        .with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

/// `case` in `folder`, and with what the kernel is told of `broken`.
fn told(case: &Case, broken: &Broken, folder: &Path) -> Case {
    let mut copy = case.clone();
    copy.folder = folder.to_owned();
    if let Some(words) = &broken.kernel_args {
        let sample = copy.file.sample.take();
        copy.file.sample = sample.map(|claim| claim.with_kernel_args(words));
    }
    copy
}

/// What each check of `parts` that failed said of itself, and what it expected.
fn failed_checks(console: &[u8], parts: &[String]) -> Vec<String> {
    let lines = console::lines(console);
    let failed = lines.iter().filter_map(|line| {
        let mut parts = parts.iter();
        let said =
            parts.find_map(|part| line.text.strip_prefix(part.as_str())?.strip_prefix(": "))?;
        let (_number, said) = said.strip_prefix("not ok ")?.split_once(' ')?;
        said.contains("expected ").then(|| said.to_owned())
    });
    failed.collect()
}

/// Of the checks in `failed`, that which says `check` of itself, and not of what it expected.
fn named<'a>(failed: &'a [String], check: &str) -> Option<&'a str> {
    let mut failed = failed.iter().map(String::as_str);
    failed.find(|said| {
        said.split_once("expected ")
            .is_some_and(|(what, _)| what.contains(check))
    })
}

/// Says what came of a trial, and whether it was noticed as it has to be.
fn say(
    trial: &Trial<'_>,
    outcome: Result<(Verdict, Vec<String>)>,
    copy: &Project,
    project: &Project,
) -> bool {
    anstream::println!(
        "{} on {}, broken: {}",
        trial.case.id,
        trial.machine.name,
        trial.broken.breaks.join(", ")
    );
    let why = match outcome {
        Ok((Verdict::Match, _)) => "the run is as claimed".to_owned(),
        Ok((verdict, failed)) => {
            let mut unnoticed = Vec::new();
            for check in &trial.broken.fails {
                match named(&failed, check) {
                    Some(line) => anstream::println!("  {GOOD}noticed{GOOD:#}: {line}"),
                    None => unnoticed.push(check.as_str()),
                }
            }
            if unnoticed.is_empty() {
                return true;
            }
            format!(
                "the verdict is \"{verdict}\", but no check failed that says \"{}\": {}",
                unnoticed.join("\" or \""),
                verdict.why().join("; ")
            )
        }
        Err(error) => format!("could not run: {error:#}"),
    };
    let results = copy.build.join("results");
    let folder = run::folder(&results, trial.case, Side::Sample, trial.machine);
    let traces = project.relative(&folder).display();
    anstream::println!("  {BAD}not noticed{BAD:#}: {why}; traces: {traces}");
    false
}

/// Says how many of all were noticed.
pub fn summary(tally: &Tally) {
    let noticed = tally.tried - tally.unnoticed;
    term::note(&format!(
        "{noticed} of {} broken samples turned red by the check that they name",
        tally.tried
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<Case> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut cases = Case::all(&root).unwrap();
        cases.retain(Case::is_sample);
        cases
    }

    /// What of `case` is shown, and broken by nothing that it names.
    fn unbroken(case: &Case) -> Vec<&str> {
        let broken: Vec<&String> = case.file.broken.iter().flat_map(|b| &b.breaks).collect();
        let shows = case.file.shows.iter();
        shows
            .filter(|name| !broken.contains(name))
            .map(String::as_str)
            .collect()
    }

    #[test]
    fn everything_that_a_sample_shows_is_broken_once() {
        for case in samples() {
            let unbroken = unbroken(&case);
            assert!(
                unbroken.is_empty(),
                "{}: nothing breaks {}; add a [[broken]] to its case.toml (docs/claims.md)",
                case.id,
                unbroken.join(", ")
            );
        }
    }

    #[test]
    fn every_sample_is_broken_on_every_architecture() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let machines = Machine::all(&root).unwrap();
        for case in samples() {
            for name in &case.file.machines {
                let machine = machines.iter().find(|machine| machine.name == *name);
                let arch = machine.unwrap().arch;
                assert!(
                    !ways(&case, arch).is_empty(),
                    "{}: nothing breaks it on {arch}; add a [[broken]] to its case.toml",
                    case.id
                );
            }
        }
    }

    #[test]
    fn only_a_check_of_that_name_counts() {
        let parts = ["my_sample".to_owned(), "my_sample_check".to_owned()];
        let check = |console: &str| {
            let failed = failed_checks(console.as_bytes(), &parts);
            named(&failed, "the size").map(str::to_owned)
        };
        assert_eq!(
            check("[    0.1][    T0] my_sample: not ok 3 the size in all: expected 1, found 2\n"),
            Some("the size in all: expected 1, found 2".to_owned())
        );
        assert!(
            check("[ 0.1] my_sample_check: not ok 1 the size: expected 1, found 2\n").is_some()
        );
        for other in [
            "[    0.1][    T0] my_sample: ok 3 the size: 1\n",
            "[    0.1][    T0] my_sample: not ok 3 the address: expected the size, found 2\n",
            "[    0.1][    T0] other: not ok 3 the size: expected 1, found 2\n",
            "[    0.1][    T0] my_sample: 1 of 3 checks failed\n",
        ] {
            assert_eq!(check(other), None, "{other}");
        }
    }

    #[test]
    fn a_copy_differs_in_one_place_and_is_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let case = samples().into_iter().find(|case| {
            let mut broken = case.file.broken.iter();
            broken.any(|broken| broken.change.is_some())
        });
        let case = case.unwrap();
        let mut broken = case.file.broken.iter();
        let broken = broken.find(|broken| broken.change.is_some()).unwrap();
        let copy = copy_broken(&case, broken, folder.path()).unwrap();
        let (path, text) = case.broken_text(broken).unwrap().unwrap();
        let made = copy.join(path.file_name().unwrap());
        assert_eq!(fs::read_to_string(&made).unwrap(), text);
        assert_ne!(fs::read_to_string(&path).unwrap(), text);
        let old = std::time::SystemTime::UNIX_EPOCH;
        let file = fs::File::options().write(true).open(&made).unwrap();
        file.set_modified(old).unwrap();
        fs::write(copy.join("stale.rs"), "").unwrap();
        copy_broken(&case, broken, folder.path()).unwrap();
        assert_eq!(fs::metadata(&made).unwrap().modified().unwrap(), old);
        assert!(!copy.join("stale.rs").exists());
    }
}
