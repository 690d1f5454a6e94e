// SPDX-License-Identifier: GPL-2.0

//! `make check`: every case and twin on every machine, and what is checked on the host,
//! as one KTAP report.

use crate::{
    case::{Case, Side},
    child,
    claim::Ends,
    faces,
    kernel::Kernel,
    list,
    machine::Machine,
    modules::{self, Modules},
    patched,
    project::{Project, Tools},
    report::Report,
    run::{Finished, Options, Run},
    term,
    transcript::Status,
    verdict::Verdict,
};
use anyhow::{bail, Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    path::Path,
    process::Command,
    str::FromStr,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc, Arc, OnceLock,
    },
};

/// A part of all tests, for several machines to share: the `1/4` of `SHARD=1/4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// All of them.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    fn has(self, test: usize) -> bool {
        test % self.count == self.index - 1
    }
}

impl FromStr for Shard {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('/');
        let numbers = parts.and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match numbers {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Self { index, count }),
            _ => bail!("SHARD={text}: write for example 1/4, the first part of four"),
        }
    }
}

/// What a test came to: nothing more to say, or why not.
pub enum Outcome {
    /// As it should be.
    Pass,
    /// Not as it should be, for these reasons.
    Fail(Vec<String>),
    /// Not to be run, for this reason.
    Skip(String),
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Match => Self::Pass,
            Verdict::Skipped(why) => Self::Skip(why),
            other => {
                let mut why = vec![other.name().to_owned()];
                why.extend(other.why().iter().cloned());
                Self::Fail(why)
            }
        }
    }
}

/// A test: its name, and what it does.
pub struct Test<'a> {
    name: String,
    body: Box<dyn Fn() -> Result<Outcome> + Send + Sync + 'a>,
}

impl<'a> Test<'a> {
    fn new(name: impl Into<String>, body: impl Fn() -> Result<Outcome> + Send + Sync + 'a) -> Self {
        Self {
            name: name.into(),
            body: Box::new(body),
        }
    }

    /// An error is a failure like any other; the user's Ctrl-C is not.
    fn run(&self) -> Result<Outcome> {
        match (self.body)() {
            Err(error) if error.is::<child::Interrupted>() => Err(error),
            Err(error) => Ok(Outcome::Fail(
                format!("could not run: {error:#}")
                    .lines()
                    .map(str::to_owned)
                    .collect(),
            )),
            outcome => outcome,
        }
    }
}

/// A kernel of one architecture with its modules, or why there is none.
pub struct Built {
    /// The kernel.
    pub kernel: Kernel,
    /// Why it could not be built, if it could not.
    pub failure: Option<String>,
    /// The modules, if all of them could be built.
    pub modules: Option<Modules>,
}

/// The tests of all `cases` on all `machines`. Samples that cannot disturb each other share a
/// guest.
pub fn guest_tests<'a>(
    project: &'a Project,
    tools: &'a Tools,
    options: &'a Options,
    cases: &[&'a Case],
    machines: &'a [Machine],
    built: &'a [Built],
) -> Vec<Test<'a>> {
    let shared = shared_guests(cases, machines, built);
    let mut tests = Vec::new();
    for case in cases {
        let case: &'a Case = case;
        for skip in &case.file.skip {
            if machines.iter().any(|machine| machine.arch == skip.arch) {
                let name = format!(
                    "{}.{}.{}",
                    case.id,
                    case.side_name(case.main_side()),
                    skip.arch
                );
                tests.push(Test::new(name, || Ok(Outcome::Skip(skip.reason.clone()))));
            }
        }
        for machine in machines {
            if !case.file.machines.contains(&machine.name) {
                continue;
            }
            let Some(built) = built.iter().find(|built| built.kernel.arch == machine.arch) else {
                continue;
            };
            for side in case.sides() {
                let alone = guest_test(project, tools, options, case, side, machine, built);
                let guest = shared
                    .iter()
                    .find(|guest| guest.index(case, side, machine).is_some());
                let Some(guest) = guest.cloned() else {
                    tests.push(alone);
                    continue;
                };
                let name = crate::run::test_name(case, side, machine);
                tests.push(Test::new(name, move || {
                    match guest.verdict(project, tools, options, case, side)? {
                        Some(verdict) => Ok(verdict.into()),
                        None => (alone.body)(),
                    }
                }));
            }
        }
    }
    tests
}

/// A guest for several samples: booted when the first of them is asked for.
struct SharedGuest<'a> {
    machine: &'a Machine,
    built: &'a Built,
    /// What all of them claim of the guest.
    needs: String,
    samples: Vec<(&'a Case, Side)>,
    verdicts: OnceLock<Result<Vec<Option<Verdict>>, String>>,
}

/// How many samples a guest is shared by: their names have to fit on its command line, and
/// the kernel takes 32 words for init.
const SHARED_BY: usize = 10;

/// The guests that samples share: those of one machine that ask for the same of it.
fn shared_guests<'a>(
    cases: &[&'a Case],
    machines: &'a [Machine],
    built: &'a [Built],
) -> Vec<Arc<SharedGuest<'a>>> {
    let mut guests: Vec<SharedGuest<'a>> = Vec::new();
    for machine in machines {
        let built = built.iter().find(|built| {
            built.kernel.arch == machine.arch && built.failure.is_none() && built.modules.is_some()
        });
        let Some(built) = built else { continue };
        for case in cases.iter().copied() {
            let runs_here = case.file.machines.contains(&machine.name);
            if !runs_here || !case.is_sample() || case.file.alone {
                continue;
            }
            for side in case.sides() {
                let run = Run {
                    case,
                    side,
                    machine,
                    kernel: &built.kernel,
                    modules: None,
                };
                // What has no claim for this kernel says so when it is run by itself.
                let Ok(claim) = run.claim() else { continue };
                let own_kernel = case.patch(side).is_some();
                if own_kernel || claim.ends != Ends::Alive || !matches!(side, Side::Sample) {
                    continue;
                }
                let needs = format!(
                    "{} {} {:?} {:?} {:?}",
                    claim.kernel_args,
                    claim.qemu_args,
                    claim.memory,
                    claim.cma_region,
                    claim.cma_argument
                );
                let room = guests.iter_mut().find(|guest| {
                    guest.machine.name == machine.name
                        && guest.needs == needs
                        && guest.samples.len() < SHARED_BY
                });
                match room {
                    Some(guest) => guest.samples.push((case, side)),
                    None => guests.push(SharedGuest {
                        machine,
                        built,
                        needs,
                        samples: vec![(case, side)],
                        verdicts: OnceLock::new(),
                    }),
                }
            }
        }
    }
    guests.retain(|guest| guest.samples.len() > 1);
    guests.into_iter().map(Arc::new).collect()
}

impl SharedGuest<'_> {
    fn index(&self, case: &Case, side: Side, machine: &Machine) -> Option<usize> {
        let same = |sample: &(&Case, Side)| sample.0.id == case.id && sample.1 == side;
        (self.machine.name == machine.name)
            .then(|| self.samples.iter().position(same))
            .flatten()
    }

    /// The verdict on one of the samples; none when the guest did not come to its end, so
    /// that nobody knows whose fault that is.
    fn verdict(
        &self,
        project: &Project,
        tools: &Tools,
        options: &Options,
        case: &Case,
        side: Side,
    ) -> Result<Option<Verdict>> {
        let verdicts = self.verdicts.get_or_init(|| {
            self.run(project, tools, options)
                .map_err(|error| format!("{error:#}"))
        });
        child::check_interrupted()?;
        let index = self.index(case, side, self.machine);
        match (verdicts, index) {
            (Ok(verdicts), Some(index)) => Ok(verdicts[index].clone()),
            (Err(error), _) => bail!("{error}"),
            (_, None) => bail!("{} is not in this guest", case.id),
        }
    }

    fn run(
        &self,
        project: &Project,
        tools: &Tools,
        options: &Options,
    ) -> Result<Vec<Option<Verdict>>> {
        let runs: Vec<Run<'_>> = self
            .samples
            .iter()
            .map(|(case, side)| Run {
                case,
                side: *side,
                machine: self.machine,
                kernel: &self.built.kernel,
                modules: self.built.modules.as_ref(),
            })
            .collect();
        let runs: Vec<&Run<'_>> = runs.iter().collect();
        let finished = crate::run::together(&runs, project, tools, options, |_| ())?;
        Ok(finished
            .into_iter()
            .map(|finished| {
                let console = finished.folder.join("console.log");
                let verdict = finished
                    .verdict
                    .because_not_match(|| format!("console: {}", console.display()));
                finished.whole.then_some(verdict)
            })
            .collect())
    }
}

fn guest_test<'a>(
    project: &'a Project,
    tools: &'a Tools,
    options: &'a Options,
    case: &'a Case,
    side: Side,
    machine: &'a Machine,
    built: &'a Built,
) -> Test<'a> {
    let name = crate::run::test_name(case, side, machine);
    Test::new(name, move || {
        if let Some(failure) = &built.failure {
            bail!("{failure}");
        }
        let kernel = patched::kernel_for(project, tools, &built.kernel, case, side)?;
        let modules = match (&built.modules, case.module_to_load(side)) {
            (Some(modules), _) if case.patch(side).is_none() => Some(modules.clone()),
            // A case that does not compile is that case's failure, and no other's.
            (_, Some(module)) => Some(modules::build(project, tools, &kernel, Some(&module))?),
            (_, None) => None,
        };
        let run = Run {
            case,
            side,
            machine,
            kernel: &kernel,
            modules: modules.as_ref(),
        };
        let finished = run.run(project, tools, options, |_| ())?;
        let console = finished.folder.join("console.log");
        let missing = finished.comparison.status == Status::Missing;
        let verdict = match finished.verdict {
            // Nobody would see it change.
            Verdict::Match if missing => Verdict::Differs(
                finished
                    .comparison
                    .complaint(&case.id)
                    .into_iter()
                    .collect(),
            ),
            verdict => verdict,
        };
        let verdict = verdict.because_not_match(|| format!("console: {}", console.display()));
        Ok(verdict.into())
    })
}

/// That a guest which is restored from a snapshot prints what one does that boots: for each
/// machine, by the first of `cases` that can be run either way.
pub fn snapshot_tests<'a>(
    project: &'a Project,
    tools: &'a Tools,
    options: &'a Options,
    cases: &[&'a Case],
    machines: &'a [Machine],
    built: &'a [Built],
) -> Vec<Test<'a>> {
    let mut tests = Vec::new();
    for machine in machines {
        let Some(built) = built
            .iter()
            .find(|built| built.kernel.arch == machine.arch && built.failure.is_none())
        else {
            continue;
        };
        let case = cases.iter().copied().find(|case| {
            let here = case.file.machines.contains(&machine.name);
            here && case.loadable() && !case.is_sample() && machine.overlay.is_none()
        });
        let (Some(case), true) = (case, options.snapshot) else {
            continue;
        };
        tests.push(Test::new(
            format!("snapshot.agrees.{}", machine.name),
            move || snapshot_agrees(project, tools, options, case, machine, built),
        ));
    }
    tests
}

fn snapshot_agrees(
    project: &Project,
    tools: &Tools,
    options: &Options,
    case: &Case,
    machine: &Machine,
    built: &Built,
) -> Result<Outcome> {
    let side = Side::Bug;
    let modules = modules::build(project, tools, &built.kernel, Some(&case.module(side)))?;
    let run = Run {
        case,
        side,
        machine,
        kernel: &built.kernel,
        modules: Some(&modules),
    };
    let with = |snapshot| {
        let options = Options {
            snapshot,
            ..options.clone()
        };
        run.run(project, tools, &options, |_| ())
    };
    let (booted, restored) = (with(false)?, with(true)?);
    if !restored.from_snapshot {
        return Ok(Outcome::Skip(format!(
            "{} is not run from a snapshot with these settings",
            run.name()
        )));
    }
    let mut why = Vec::new();
    if booted.verdict != restored.verdict {
        why.push(format!(
            "{}: booted {}, restored {}",
            run.name(),
            booted.verdict,
            restored.verdict
        ));
    }
    let essence = |finished: &Finished| finished.reports.iter().map(essence).collect::<Vec<_>>();
    let (booted, restored) = (essence(&booted), essence(&restored));
    if booted != restored {
        why.push(format!("booted: {}", booted.join("; ")));
        why.push(format!("restored: {}", restored.join("; ")));
    }
    Ok(match why.is_empty() {
        true => Outcome::Pass,
        false => Outcome::Fail(why),
    })
}

/// What of a report does not depend on when and where in memory it came about.
fn essence(report: &Report) -> String {
    let trace: Vec<String> = report
        .trace
        .iter()
        .filter(|frame| frame.reliable)
        .map(|frame| frame.symbol.demangled())
        .collect();
    let place = report.location.as_ref();
    let place = place.map(|place| format!(" at {}:{}", place.file, place.line));
    format!(
        "{}{}, tainted {:?}, whole {}, trace {}",
        report.title,
        place.unwrap_or_default(),
        report.tainted,
        report.complete,
        trace.join(" < ")
    )
}

/// The builds of `cases` that have to fail.
pub fn build_tests<'a>(
    project: &'a Project,
    tools: &'a Tools,
    cases: &[&'a Case],
    built: &'a [Built],
) -> Vec<Test<'a>> {
    let mut tests = Vec::new();
    for case in cases {
        let case: &'a Case = case;
        for face in &case.file.build {
            for built in built {
                let kernel = &built.kernel;
                if face.arch.is_some_and(|arch| arch != kernel.arch) {
                    continue;
                }
                let name = format!("{}.build-{}.{}", case.id, face.name, kernel.arch);
                tests.push(Test::new(name, move || {
                    Ok(faces::run(project, tools, kernel, case, face)?.0.into())
                }));
            }
        }
    }
    tests
}

/// What is checked without a guest: the host program's tests, formatting, lints, and that
/// the README is current.
pub fn host_tests<'a>(
    project: &'a Project,
    tools: &'a Tools,
    cases: &'a [Case],
    built: &'a [Built],
) -> Vec<Test<'a>> {
    let cargo = move |name: &'static str, words: &'static [&'static str]| {
        Test::new(format!("host.{name}"), move || {
            let mut cargo = Command::new(project.root.join("scripts/cargo.sh"));
            cargo.args(words);
            logged(
                &mut cargo,
                &project.build.join(format!("logs/host-{name}.log")),
            )
        })
    };
    let mut tests = vec![
        cargo("test", &["test", "--release", "--locked", "--quiet"]),
        cargo("rustfmt", &["fmt", "--check", "--", "--color=never"]),
        cargo(
            "clippy",
            &[
                "clippy",
                "--release",
                "--locked",
                "--all-targets",
                "--quiet",
                "--",
                "-Dwarnings",
            ],
        ),
        Test::new("modules.rustfmt", move || {
            let mut rustfmt = Command::new(tools.need("RUSTFMT")?);
            rustfmt.args([
                "--check",
                "--color=never",
                "--edition=2021",
                "--config-path",
            ]);
            rustfmt.arg(project.root.join("rustfmt.toml"));
            let sources = modules::sources(&project.root)?;
            let rust = sources
                .iter()
                .filter(|path| path.extension().is_some_and(|e| e == "rs"));
            rustfmt.args(rust.map(|path| project.root.join(path)));
            logged(
                &mut rustfmt,
                &project.build.join("logs/modules-rustfmt.log"),
            )
        }),
    ];
    for built in built {
        tests.push(Test::new(
            format!("modules.clippy.{}", built.kernel.arch),
            move || {
                modules::clippy(project, tools, &built.kernel)?;
                Ok(Outcome::Pass)
            },
        ));
    }
    tests.push(Test::new("scripts.shellcheck", move || {
        let Some(program) = tools.get("SHELLCHECK") else {
            return Ok(Outcome::Skip(
                "no shellcheck; make doctor says how to get it".to_owned(),
            ));
        };
        let mut shellcheck = Command::new(program);
        shellcheck.arg("--external-sources");
        shellcheck.current_dir(project.root.join("scripts"));
        shellcheck.args(shell_scripts(&project.root)?);
        logged(&mut shellcheck, &project.build.join("logs/shellcheck.log"))
    }));
    tests.push(Test::new("readme.current", move || {
        Ok(match list::stale_readme(&project.root, cases)? {
            None => Outcome::Pass,
            Some(why) => Outcome::Fail(vec![why]),
        })
    }));
    tests
}

/// Every shell script of the project, as paths from anywhere.
fn shell_scripts(root: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut scripts = vec![root.join("rootfs/init"), root.join(".ci/run")];
    let mut folders = vec![root.join("scripts"), root.join("rootfs")];
    for kind in ["modules", "samples"] {
        for entry in std::fs::read_dir(root.join(kind))? {
            folders.push(entry?.path());
        }
    }
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "sh") {
                scripts.push(path);
            }
        }
    }
    scripts.sort();
    Ok(scripts)
}

fn logged(command: &mut Command, log: &Path) -> Result<Outcome> {
    child::run_logged(command, log, |_| ())?;
    Ok(Outcome::Pass)
}

/// Runs `tests`, as many at once as `jobs`, and prints what came of them to standard output
/// in the order in which they stand. Says whether all of them passed.
///
/// # Errors
///
/// When the user stops it.
pub fn run(tests: &[Test<'_>], shard: Shard, jobs: usize) -> Result<bool> {
    let tests: Vec<&Test<'_>> = tests
        .iter()
        .enumerate()
        .filter_map(|(index, test)| shard.has(index).then_some(test))
        .collect();
    println!("KTAP version 1");
    println!("1..{}", tests.len());
    let progress = ProgressBar::new(tests.len() as u64);
    progress.set_style(
        ProgressStyle::with_template("[{bar:30}] {pos}/{len}, {elapsed}: {msg}")
            .context("progress template")?,
    );
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let mut totals = Totals::default();
    std::thread::scope(|scope| -> Result<()> {
        for _ in 0..jobs.max(1) {
            let (sender, next, tests, progress) = (sender.clone(), &next, &tests, &progress);
            scope.spawn(move || loop {
                let index = next.fetch_add(1, Ordering::SeqCst);
                let Some(test) = tests.get(index) else { break };
                progress.set_message(test.name.clone());
                let outcome = test.run();
                let stop = outcome.is_err();
                // Nobody listens any more when the user stopped it.
                if sender.send((index, outcome)).is_err() || stop {
                    break;
                }
            });
        }
        drop(sender);
        let mut waiting: Vec<Option<Outcome>> = tests.iter().map(|_| None).collect();
        let mut printed = 0;
        for (index, outcome) in receiver {
            waiting[index] = Some(outcome?);
            progress.inc(1);
            while let Some(outcome) = waiting.get_mut(printed).and_then(Option::take) {
                let text = ktap(printed + 1, &tests[printed].name, &outcome);
                progress.suspend(|| print!("{text}"));
                totals.count(&outcome);
                printed += 1;
            }
        }
        Ok(())
    })?;
    progress.finish_and_clear();
    child::check_interrupted()?;
    println!("{totals}");
    term::note(&format!(
        "{} passed, {} failed, {} skipped",
        totals.pass, totals.fail, totals.skip
    ));
    Ok(totals.fail == 0)
}

/// A test's lines in a KTAP report: its reasons, then its result.
fn ktap(number: usize, name: &str, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Pass => format!("ok {number} {name}\n"),
        Outcome::Skip(why) => format!("ok {number} {name} # SKIP {why}\n"),
        Outcome::Fail(why) => {
            let why = why.join("\n# ");
            format!("# {why}\nnot ok {number} {name}\n")
        }
    }
}

#[derive(Default)]
struct Totals {
    pass: usize,
    fail: usize,
    skip: usize,
}

impl Totals {
    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Pass => self.pass += 1,
            Outcome::Fail(_) => self.fail += 1,
            Outcome::Skip(_) => self.skip += 1,
        }
    }
}

impl std::fmt::Display for Totals {
    /// As the kernel's own selftests have it.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "# Totals: pass:{} fail:{} xfail:0 xpass:0 skip:{} error:0",
            self.pass, self.fail, self.skip
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_share_out_all_tests() {
        let shards: Vec<Shard> = ["1/3", "2/3", "3/3"].map(|s| s.parse().unwrap()).into();
        for test in 0..20 {
            assert_eq!(shards.iter().filter(|shard| shard.has(test)).count(), 1);
        }
        for wrong in ["0/3", "4/3", "1", "a/b", "1/0"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn reasons_come_before_the_result() {
        let why = vec!["differs".to_owned(), "title: …".to_owned()];
        let text = ktap(3, "x.bug.arm64", &Outcome::Fail(why));
        assert_eq!(text, "# differs\n# title: …\nnot ok 3 x.bug.arm64\n");
        let text = ktap(1, "y", &Outcome::Skip("no such thing".to_owned()));
        assert_eq!(text, "ok 1 y # SKIP no such thing\n");
    }

    #[test]
    fn an_error_is_a_failure() {
        let test = Test::new("t", || bail!("no disk"));
        assert!(matches!(test.run(), Ok(Outcome::Fail(why)) if why[0].contains("no disk")));
        assert!(!run(&[test], Shard::WHOLE, 2).unwrap());
    }

    #[test]
    fn every_verdict_but_a_match_fails_or_skips() {
        assert!(matches!(Outcome::from(Verdict::Match), Outcome::Pass));
        assert!(matches!(
            Outcome::from(Verdict::Skipped("x".into())),
            Outcome::Skip(_)
        ));
        for verdict in [
            Verdict::Differs(vec![]),
            Verdict::Survived(vec![]),
            Verdict::Corrupted(vec![]),
            Verdict::Timeout(vec![]),
            Verdict::CouldNotRun(vec![]),
        ] {
            assert!(matches!(Outcome::from(verdict), Outcome::Fail(_)));
        }
    }
}
