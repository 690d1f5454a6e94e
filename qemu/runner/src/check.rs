// SPDX-License-Identifier: GPL-2.0

//! `make check`: every case and twin on every machine, and what is checked on the host,
//! with KTAP as the results come in.

use crate::{
    case::{Case, Side},
    child,
    claim::Ends,
    decoder, faces,
    kernel::Kernel,
    ktap::{self, Layout},
    list,
    machine::Machine,
    modules::{self, Modules},
    parallel, patched,
    project::{Project, Tools},
    repeat::Tally,
    report::Report,
    results::{Runs, ShardInfo, Status, TestResult},
    run::{Finished, Options, Run},
    term::Checks,
    transcript,
    verdict::Verdict,
};
use anyhow::{bail, Result};
use std::{
    path::Path,
    process::Command,
    str::FromStr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
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

    /// For results: none when it is all of them.
    pub fn info(self) -> Option<ShardInfo> {
        (self.count > 1).then_some(ShardInfo {
            index: self.index,
            count: self.count,
        })
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
    /// Nothing could be judged, for these reasons.
    Error(Vec<String>),
    /// Not to be run, for this reason.
    Skip(String),
    /// What came of several runs together.
    Repeated(Runs, Box<Self>),
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Match => Self::Pass,
            Verdict::Skipped(why) => Self::Skip(why),
            other => {
                let mut why = vec![other.name().to_owned()];
                why.extend(other.why().iter().cloned());
                match other {
                    Verdict::Corrupted(_) | Verdict::Timeout(_) | Verdict::CouldNotRun(_) => {
                        Self::Error(why)
                    }
                    _ => Self::Fail(why),
                }
            }
        }
    }
}

impl Outcome {
    fn parts(self) -> (Status, Vec<String>, Option<Runs>) {
        match self {
            Self::Pass => (Status::Pass, Vec::new(), None),
            Self::Fail(why) => (Status::Fail, why, None),
            Self::Error(why) => (Status::Error, why, None),
            Self::Skip(why) => (Status::Skip, vec![why], None),
            Self::Repeated(runs, outcome) => {
                let (status, why, _) = outcome.parts();
                (status, why, Some(runs))
            }
        }
    }
}

/// A run of a case in a guest, for those who look for its traces.
#[derive(Clone, Copy)]
pub struct GuestOf<'a> {
    /// The case.
    pub case: &'a Case,
    /// Which of its sides.
    pub side: Side,
    /// The machine.
    pub machine: &'a Machine,
}

/// A test: its name, and what it does.
pub struct Test<'a> {
    name: String,
    /// What to type for it alone.
    repeat: Option<String>,
    /// What it runs in a guest.
    pub guest: Option<GuestOf<'a>>,
    body: Box<dyn Fn() -> Result<Outcome> + Send + Sync + 'a>,
}

impl<'a> Test<'a> {
    /// A test that `body` is.
    pub fn new(
        name: impl Into<String>,
        body: impl Fn() -> Result<Outcome> + Send + Sync + 'a,
    ) -> Self {
        Self {
            name: name.into(),
            repeat: None,
            guest: None,
            body: Box::new(body),
        }
    }

    /// The same, with what to type for it alone.
    pub fn repeat(mut self, command: impl Into<String>) -> Self {
        self.repeat = Some(command.into());
        self
    }

    /// The same, known as a run in a guest.
    fn guest(mut self, case: &'a Case, side: Side, machine: &'a Machine) -> Self {
        self.guest = Some(GuestOf {
            case,
            side,
            machine,
        });
        self
    }

    /// Its name: what dots separate is nested in KTAP.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An error is a result like any other; the user's Ctrl-C is not.
    fn run(&self) -> Result<Outcome> {
        match (self.body)() {
            Err(error) if error.is::<child::Interrupted>() => Err(error),
            Err(error) => Ok(Outcome::Error(
                format!("could not run: {error:#}")
                    .lines()
                    .map(str::to_owned)
                    .collect(),
            )),
            outcome => outcome,
        }
    }

    fn result(&self, outcome: Outcome, took: Duration) -> TestResult {
        let (status, why, runs) = outcome.parts();
        TestResult {
            name: self.name.clone(),
            status,
            why,
            seconds: took.as_secs_f64(),
            repeat: self.repeat.iter().cloned().collect(),
            guest: None,
            runs,
        }
    }

    /// What is left of it when the user stops everything.
    fn not_run(&self) -> TestResult {
        TestResult {
            status: Status::NotRun,
            why: vec!["did not run: the check was stopped".to_owned()],
            ..self.result(Outcome::Pass, Duration::ZERO)
        }
    }
}

/// `tests` in the order in which they are reported.
pub fn in_order(tests: Vec<Test<'_>>) -> Vec<Test<'_>> {
    let names: Vec<&str> = tests.iter().map(Test::name).collect();
    let order = ktap::order(&names);
    let mut tests: Vec<Option<Test<'_>>> = tests.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|index| tests[index].take())
        .collect()
}

/// Those of `tests` that are `shard`'s.
pub fn of_shard<'t, 'a>(tests: &'t [Test<'a>], shard: Shard) -> Vec<&'t Test<'a>> {
    let numbered = tests.iter().enumerate();
    numbered
        .filter_map(|(index, test)| shard.has(index).then_some(test))
        .collect()
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

/// The tests of all `cases` on all `machines`, each of them of `times` runs. Samples that cannot
/// disturb each other share a guest, if they are run once.
#[allow(clippy::too_many_arguments)] // those of a run, and on what
pub fn guest_tests<'a>(
    project: &'a Project,
    tools: &'a Tools,
    options: &'a Options,
    cases: &[&'a Case],
    machines: &'a [Machine],
    built: &'a [Built],
    times: usize,
) -> Vec<Test<'a>> {
    let shared = match times {
        1 => shared_guests(cases, machines, built),
        _ => Vec::new(),
    };
    let mut tests = Vec::new();
    for case in cases {
        let case: &'a Case = case;
        for skip in &case.file.skip {
            if machines.iter().any(|machine| machine.arch == skip.arch) {
                let side = case.side_name(case.main_side());
                let name = format!("{}.{}.{side}", case.id, skip.arch);
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
                let run = GuestOf {
                    case,
                    side,
                    machine,
                };
                let alone = guest_test(project, tools, options, run, built, times);
                let guest = shared
                    .iter()
                    .find(|guest| guest.index(case, side, machine).is_some());
                let Some(guest) = guest.cloned() else {
                    tests.push(alone);
                    continue;
                };
                let name = crate::run::test_name(case, side, machine);
                let together = Test::new(name, move || {
                    match guest.verdict(project, tools, options, case, side)? {
                        Some(verdict) => Ok(verdict.into()),
                        None => (alone.body)(),
                    }
                });
                tests.push(together.guest(case, side, machine));
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
    run: GuestOf<'a>,
    built: &'a Built,
    times: usize,
) -> Test<'a> {
    let GuestOf {
        case,
        side,
        machine,
    } = run;
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
        let once = |options: &Options| -> Result<Finished> {
            let mut finished = run.run(project, tools, options, |_| ())?;
            // Nobody would see it change.
            if finished.comparison.status == transcript::Status::Missing
                && finished.verdict == Verdict::Match
            {
                let why = finished.comparison.complaint(&case.id);
                finished.verdict = Verdict::Differs(why.into_iter().collect());
            }
            Ok(finished)
        };
        let outcome = |verdict: Verdict, finished: &Finished| {
            let console = finished.folder.join("console.log");
            let console = || format!("console: {}", console.display());
            Outcome::from(verdict.because_not_match(console))
        };
        if times == 1 {
            let finished = once(options)?;
            return Ok(outcome(finished.verdict.clone(), &finished));
        }
        let mut tally = Tally::new(times);
        tally.fill(options, |_, options| once(options))?;
        let (Some(verdict), Some(shown)) = (tally.verdict(), tally.shown()) else {
            bail!("it was not run");
        };
        let all = Box::new(outcome(verdict, shown));
        Ok(Outcome::Repeated(tally.runs(), all))
    })
    .guest(case, side, machine)
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
    Ok(unless(why))
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
                let name = format!("{}.{}.build-{}", case.id, kernel.arch, face.name);
                let command = format!(
                    "make run-case CASE={} FACE={} ARCH={}",
                    case.id, face.name, kernel.arch
                );
                let test = Test::new(name, move || {
                    Ok(faces::run(project, tools, kernel, case, face)?.0.into())
                });
                tests.push(test.repeat(command));
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
        .repeat(format!("scripts/cargo.sh {}", words.join(" ")))
    };
    let mut tests = vec![
        cargo("test", &["test", "--release", "--locked", "--quiet"]),
        cargo(
            "rustfmt",
            &["fmt", "--all", "--check", "--", "--color=never"],
        ),
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
            move || passed(modules::clippy(project, tools, &built.kernel)),
        ));
    }
    for built in built {
        tests.push(Test::new(
            format!("decode.same-lines.{}", built.kernel.arch),
            move || same_lines(project, tools, &built.kernel),
        ));
        tests.push(Test::new(
            format!("decode.finds-kernel.{}", built.kernel.arch),
            move || decoder::told_by_functions(project, &built.kernel).map(unless),
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
    tests.extend(report_tests(project, tools, built));
    tests.push(Test::new("readme.current", move || {
        Ok(match list::stale_readme(&project.root, cases)? {
            None => Outcome::Pass,
            Some(why) => Outcome::Fail(vec![why]),
        })
    }));
    tests
}

/// Tests of the host program that need what not every machine has: the kernel's own parser of
/// KTAP, and a browser.
fn report_tests<'a>(project: &'a Project, tools: &'a Tools, built: &'a [Built]) -> Vec<Test<'a>> {
    let ignored = move |filter: &str, variables: &[(&str, &Path)]| {
        let mut cargo = Command::new(project.root.join("scripts/cargo.sh"));
        cargo.args([
            "test",
            "--release",
            "--locked",
            "--quiet",
            "--bin",
            "oopsarium",
        ]);
        cargo.args(["--", "--ignored", "--skip", "pictures", filter]);
        cargo.envs(variables.iter().copied());
        let name = filter.rsplit("::").next().unwrap_or(filter);
        let log = project.build.join(format!("logs/reports-{name}.log"));
        logged(&mut cargo, &log)
    };
    let ktap = Test::new("reports.ktap", move || {
        let source = built.first().map(|built| &built.kernel.source);
        let parser = source.map(|source| source.join("tools/testing/kunit/kunit.py"));
        let Some(parser) = parser.filter(|parser| parser.is_file()) else {
            return Ok(Outcome::Skip(
                "this kernel's source has no kunit.py".to_owned(),
            ));
        };
        let Some(python) = tools.get("PYTHON3") else {
            return Ok(Outcome::Skip(
                "no python3; make doctor says how to get it".to_owned(),
            ));
        };
        let variables = [
            ("KUNIT_PY", parser.as_path()),
            ("PYTHON3", Path::new(python)),
        ];
        ignored("ktap::tests::kunit", &variables)
    });
    let page = Test::new("reports.page", move || {
        let Some(chromium) = tools.get("CHROMIUM") else {
            return Ok(Outcome::Skip(
                "no chromium; make doctor says how to get it".to_owned(),
            ));
        };
        ignored("page::tests::browser", &[("CHROMIUM", Path::new(chromium))])
    });
    vec![ktap, page]
}

/// How many places of a kernel are decoded by the kernel's own script, too; each takes it a
/// tenth of a second.
const PLACES: usize = 16;

/// Whether the kernel's own script finds the same lines in a kernel.
fn same_lines(project: &Project, tools: &Tools, kernel: &Kernel) -> Result<Outcome> {
    let compared = decoder::Against::new(project, tools, kernel)?.compare(&[], PLACES)?;
    Ok(match compared.is_good() {
        true => Outcome::Pass,
        false => {
            let mut why = vec![compared.summary()];
            why.extend(compared.differences);
            Outcome::Fail(why)
        }
    })
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
    passed(child::run_logged(command, log, |_| ()))
}

/// What a check came to that lists what is wrong.
fn unless(wrong: Vec<String>) -> Outcome {
    match wrong.is_empty() {
        true => Outcome::Pass,
        false => Outcome::Fail(wrong),
    }
}

/// What a check came to that fails with an error.
fn passed(result: Result<()>) -> Result<Outcome> {
    match result {
        Ok(()) => Ok(Outcome::Pass),
        Err(error) if error.is::<child::Interrupted>() => Err(error),
        Err(error) => Ok(Outcome::Fail(
            format!("{error:#}").lines().map(str::to_owned).collect(),
        )),
    }
}

/// Runs `tests`, as many at once as `jobs`, and prints what came of them to standard output
/// in the order in which they stand. Also says whether the user stopped it: then the tests
/// that were not run to their end say so.
pub fn run(tests: &[&Test<'_>], jobs: usize) -> (Vec<TestResult>, bool) {
    let names: Vec<&str> = tests.iter().map(|test| test.name()).collect();
    let layout = Layout::new(&names);
    print!("{}", layout.header());
    let progress = Checks::start(tests.len());
    let mut found: Vec<TestResult> = Vec::new();
    let run = |test: &&Test<'_>| {
        progress.begin(test.name());
        let started = Instant::now();
        let outcome = test.run();
        let took = started.elapsed();
        // The only error that is none of the test's own: the user stopped it.
        let result = outcome.ok().map(|outcome| test.result(outcome, took));
        let good = result.as_ref().is_none_or(|result| result.status.is_good());
        progress.end(test.name(), good);
        result
    };
    let not_run = |from: usize, to: usize| tests[from..to].iter().map(|test| test.not_run());
    parallel::in_order(tests, jobs, run, |index, result| {
        // Behind what was not run, nobody listens any more.
        let listening = found.len() == index;
        found.extend(not_run(found.len(), index));
        found.push(result);
        if listening {
            let text = layout.result(&found);
            progress.suspend(|| print!("{text}"));
        }
    });
    progress.done();
    let stopped = child::check_interrupted().is_err();
    found.extend(not_run(found.len(), tests.len()));
    (found, stopped)
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
    fn an_error_is_a_result_and_results_keep_their_order() {
        let tests = [
            Test::new("t.slow", || {
                std::thread::sleep(Duration::from_millis(50));
                bail!("no disk")
            }),
            Test::new("t.quick", || Ok(Outcome::Pass)),
        ];
        let tests: Vec<&Test<'_>> = tests.iter().collect();
        let (results, stopped) = run(&tests, 2);
        assert!(!stopped);
        assert_eq!(results[0].name, "t.slow");
        assert_eq!(results[0].status, Status::Error);
        assert!(results[0].why[0].contains("no disk"));
        assert!(results[0].seconds >= 0.05);
        assert_eq!(results[1].status, Status::Pass);
    }

    #[test]
    fn what_was_stopped_did_not_run() {
        let tests = [
            Test::new("t.a", || Err(child::Interrupted.into())),
            Test::new("t.b", || Ok(Outcome::Pass)),
        ];
        let tests: Vec<&Test<'_>> = tests.iter().collect();
        let (results, _) = run(&tests, 1);
        assert_eq!(results.len(), 2);
        for result in results {
            assert_eq!(result.status, Status::NotRun, "{}", result.name);
        }
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
            let (status, ..) = Outcome::from(verdict).parts();
            assert!(!status.is_good());
        }
    }
}
