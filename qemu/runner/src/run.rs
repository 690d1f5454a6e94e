// SPDX-License-Identifier: GPL-2.0

//! One run: a case on a machine, from what is built to a verdict, with everything that it
//! left behind kept under `build/results`. Several samples can share a guest.

use crate::{
    accel::{self, Choice},
    case::{Case, Part, Side},
    claim::{Claim, KernelTraits},
    console::{self, Line},
    decode,
    devicetree::DeviceTree,
    guest::{self, Accel, Ended, Guest, Outcome},
    image::{self, Payload},
    kernel::Kernel,
    machine::Machine,
    modules::Modules,
    project::{self, Project, Tools},
    report::{self, Frame, Location, Report},
    seed, show, snapshot,
    symbols::{self, At, Symbols},
    term,
    transcript::{self, Comparison, Status, Transcript, Versions},
    verdict::{self, Evidence, Statement, Verdict, MARK},
};
use anyhow::{Context, Result};
use serde::Serialize;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Once,
    time::Duration,
};

/// What the user can set for every run.
#[derive(Clone, Debug)]
pub struct Options {
    /// `ACCEL=`.
    pub accel: Choice,
    /// `TIMEOUT=`.
    pub timeout: Option<Duration>,
    /// `KERNEL_ARGS=`.
    pub kernel_args: Vec<String>,
    /// `QEMU_ARGS=`.
    pub qemu_args: Vec<String>,
    /// `SNAPSHOT=`: whether guests are restored from a snapshot where one serves.
    pub snapshot: bool,
    /// Whether the machine and QEMU's command are shown; they are kept in any case.
    pub verbose: bool,
    /// Whether a run that is as claimed is held against its transcript, too.
    pub compare: bool,
    /// What is kept of its traces.
    pub keep: Keep,
}

/// What is kept of a run's traces, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All of them, in the place of the last run's.
    Last,
    /// Those of one of several runs: in that place stands, in the end, the first that is not as
    /// claimed, or else the last; and beside it are some more that are not as claimed.
    OneOf {
        /// Which one it is, from 1.
        number: usize,
        /// How many of those before it were not as claimed.
        bad: usize,
    },
}

/// How many of several runs that are not as claimed are kept: so many may show that they differ
/// in the same way, and a thousand of them do not fill a disk.
const KEPT: usize = 5;

/// What the names of the places beside a run's own end in, before a number.
const BESIDE: &str = ".run-";

impl Keep {
    /// Where the traces of a run come to stand whose own place is `folder`, and which is as
    /// claimed, or is not; none if they are not kept.
    fn place(self, folder: &Path, good: bool) -> Option<PathBuf> {
        match self {
            Self::Last | Self::OneOf { bad: 0, .. } => Some(folder.to_owned()),
            Self::OneOf { bad, .. } if good || bad >= KEPT => None,
            Self::OneOf { number, .. } => {
                let mut name = folder.as_os_str().to_owned();
                name.push(format!("{BESIDE}{number}"));
                Some(name.into())
            }
        }
    }

    /// Whether what earlier runs left beside it is of no use any more.
    fn is_new(self) -> bool {
        matches!(self, Self::Last | Self::OneOf { number: 1, .. })
    }
}

/// How long a guest may take, if nobody says otherwise: some thirty times what it takes on
/// a slow host under emulation.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A case on a machine, with everything built that it needs.
pub struct Run<'a> {
    /// The case.
    pub case: &'a Case,
    /// Which of its modules.
    pub side: Side,
    /// The machine.
    pub machine: &'a Machine,
    /// The kernel.
    pub kernel: &'a Kernel,
    /// The modules; a case that is linked in needs none.
    pub modules: Option<&'a Modules>,
}

/// What came of a run.
pub struct Finished {
    /// The verdict.
    pub verdict: Verdict,
    /// The reports, for showing.
    pub reports: Vec<Report>,
    /// What was printed, normalised.
    pub transcript: Transcript,
    /// How that compares with what is kept beside the case.
    pub comparison: Comparison,
    /// Where everything is.
    pub folder: PathBuf,
    /// How long the guest ran.
    pub took: Duration,
    /// It was restored from a snapshot, not booted.
    pub from_snapshot: bool,
    /// Whether the guest came to the end of everything that it was to do.
    pub whole: bool,
}

impl Run<'_> {
    /// Its name: `gfp-slab on x86_64`, `gfp-slab (fixed) on arm64`.
    pub fn name(&self) -> String {
        let side = match self.side {
            Side::Bug | Side::Sample => String::new(),
            side => format!(" ({})", self.case.side_name(side)),
        };
        format!("{}{side} on {}", self.case.id, self.machine.name)
    }

    /// What insmod is to load: the one module, if it is to load any.
    pub fn module_files(&self) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for part in self.case.parts(self.side) {
            if let (Part::Module(name), Some(modules)) = (part, self.modules) {
                files.push(modules.file(&name)?);
            }
        }
        Ok(files)
    }

    /// The names of what it does in the guest.
    pub fn parts(&self) -> Vec<String> {
        let parts = self.case.parts(self.side);
        parts.iter().map(Part::name).collect()
    }

    /// What it is held against.
    pub fn claim(&self) -> Result<Claim> {
        Ok(self.case.claim(self.side).on(&KernelTraits {
            arch: self.kernel.arch,
            version: &self.kernel.release()?,
            profile: &self.kernel.profile,
        }))
    }

    /// Boots the guest and judges what it printed. Each line of the console that is the
    /// case's goes to `line` as it comes.
    ///
    /// # Errors
    ///
    /// When the guest cannot be started or its traces not be kept. What the guest does is no
    /// error, but a verdict.
    pub fn run(
        &self,
        project: &Project,
        tools: &Tools,
        options: &Options,
        line: impl FnMut(&str),
    ) -> Result<Finished> {
        let mut finished = together(&[self], project, tools, options, line)?;
        finished.pop().context("a run without an end")
    }

    /// Where its traces come to stand.
    pub fn folder(&self, results: &Path) -> PathBuf {
        folder(results, self.case, self.side, self.machine)
    }

    /// Gives the guest what depends on where its kernel comes to lie: a device tree of its own,
    /// and a place to ask for on the command line.
    fn shape(
        &self,
        project: &Project,
        tools: &Tools,
        claim: &Claim,
        folder: &Path,
        guest: &mut Guest,
    ) -> Result<()> {
        let overlay = self.machine.overlay.as_deref();
        let (region, argument) = (claim.cma_region, claim.cma_argument);
        if overlay.is_none() && region.is_none() && argument.is_none() {
            return Ok(());
        }
        let vmlinux = self.kernel.vmlinux();
        let tree = DeviceTree::of(tools, guest, &vmlinux, folder)?;
        if let Some(region) = argument {
            guest.kernel_args.push(tree.cma_argument(region)?);
        }
        if overlay.is_some() || region.is_some() {
            guest.dtb = Some(tree.make(project, overlay, region)?);
        }
        Ok(())
    }

    /// Where a report says that it comes from, and the statement there. Where it does not say,
    /// as a page fault does not, the function of its title does: what is inlined there, such
    /// as the access itself, is left out.
    pub fn statement(&self, report: &Report) -> Option<Statement> {
        if let Some(place) = &report.location {
            let file = self.kernel.source.join(&place.file);
            return Some((place.clone(), symbols::statement(&file, place.line)));
        }
        let named = |frame: &&Frame| {
            let function = frame.symbol.demangled();
            frame.reliable && report.title.ends_with(&format!(" in {function}"))
        };
        let frame = report.trace.iter().find(named)?;
        let symbols = self.symbols().ok()?;
        let at = if frame.exact { At::Pc } else { At::Return };
        let place = symbols.resolve(&frame.symbol, at).pop()?;
        let location = Location {
            file: place.file,
            line: place.line,
        };
        let statement = symbols::statement(&place.path, location.line);
        Some((location, statement))
    }

    fn judge(
        &self,
        claim: &Claim,
        lines: &[Line],
        reports: &[Report],
        outcome: &Outcome,
    ) -> Result<Verdict> {
        let statement = |report: &Report| self.statement(report);
        let evidence = Evidence {
            module: &self.case.module(self.side),
            parts: &self.parts(),
            lines,
            reports,
            ended: outcome.ended,
            statement: &statement,
        };
        let mut verdict = verdict::judge(claim, &evidence);
        if verdict == Verdict::Match {
            return Ok(verdict);
        }
        for option in &self.case.file.needs {
            if !self.kernel.has(option)? {
                let reason = format!("the case needs {option}, which this kernel does not have");
                verdict = verdict.because(reason);
            }
        }
        if let Ended::Exited(status) = outcome.ended {
            if !status.success() {
                let said = outcome.stderr.trim();
                verdict = verdict.because(format!("QEMU ended with {status}: {said}"));
            }
        }
        Ok(verdict)
    }

    /// What the transcript of a run depends on, besides its case.
    fn versions(&self, project: &Project, guest: &Guest, options: &Options) -> Result<Versions> {
        let mut versions = self.kernel.versions()?;
        versions.insert("accel", guest.accel.name().to_owned());
        versions.insert("qemu", guest::version(project, &guest.qemu)?);
        // With further words it is another run than the one that is kept.
        for (name, words) in [
            ("KERNEL_ARGS", &options.kernel_args),
            ("QEMU_ARGS", &options.qemu_args),
        ] {
            if !words.is_empty() {
                versions.insert(name, words.join(" "));
            }
        }
        Ok(versions)
    }

    /// Keeps everything of a run in `place`, below `results`: what all runs of its guest have in
    /// `shared`, and what is its own.
    fn keep_all(
        &self,
        shared: &tempfile::TempDir,
        results: &Path,
        place: &Path,
        guest: &mut Guest,
        finished: &Finished,
    ) -> Result<()> {
        let (_ours, traces) = unfinished(results)?;
        for entry in fs::read_dir(shared.path())? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            fs::hard_link(&path, traces.path().join(name))?;
        }
        // The script is for the place where everything comes to stand.
        guest.initrd = place.join("initramfs.cpio");
        guest.dtb = guest.dtb.take().map(|_| place.join("machine.dtb"));
        let record = Record {
            case: &self.case.id,
            side: self.case.side_name(self.side),
            machine: &self.machine.name,
            kernel: self.kernel.release()?,
            profile: &self.kernel.profile,
            accel: guest.accel.name(),
            seconds: finished.took.as_secs_f64(),
            from_snapshot: finished.from_snapshot,
            verdict: &finished.verdict,
            versions: &finished.transcript.versions,
            transcript: &finished.comparison,
            reports: &finished.reports,
        };
        self.keep(traces.path(), guest, &record)?;
        publish(results, traces, place)
    }

    /// Writes what is kept beside the console: the command, and the verdict with the reports.
    fn keep(&self, folder: &Path, guest: &Guest, record: &Record<'_>) -> Result<()> {
        let script = folder.join("run.sh");
        project::write_whole(&script, guest.script(&self.name()).as_bytes())?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        let text = serde_json::to_vec_pretty(record)?;
        project::write_whole(&folder.join("verdict.json"), &text)
    }

    /// The debug information of the kernel and of the case's modules.
    pub fn symbols(&self) -> Result<Symbols> {
        let build = self.kernel.output.ancestors().nth(2);
        let options = symbols::Options {
            modules: self.module_files()?,
            source: Some(self.kernel.source.clone()),
            moved: seed::moved(&self.kernel.output, self.case.root()),
            cache: build.map(|build| build.join(symbols::CACHE)),
        };
        Ok(Symbols::open_with(&self.kernel.vmlinux(), options)?)
    }

    /// The reports decoded, for a person to read.
    pub fn decoded(&self, reports: &[Report]) -> Result<String> {
        // Without debug information there is still the report itself.
        let symbols = match self.symbols() {
            Ok(symbols) => Some(symbols),
            Err(error) => {
                term::note(&format!("no debug information: {error}"));
                None
            }
        };
        let shown: Vec<String> = reports
            .iter()
            .map(|report| match report.consequence_of {
                Some(_) => show::consequence(report),
                None => show::report(&decode::report(
                    report,
                    symbols.as_ref(),
                    Some(&self.kernel.source),
                )),
            })
            .collect();
        Ok(shown.join("\n"))
    }
}

/// A guest in which all of `runs` can be.
fn guest(
    runs: &[&Run<'_>],
    project: &Project,
    tools: &Tools,
    options: &Options,
    claim: &Claim,
    initrd: &Path,
) -> Result<Guest> {
    let Run {
        machine, kernel, ..
    } = runs.first().context("nothing to run")?;
    let mut guest = Guest::new(tools, machine, kernel, Accel::Tcg, initrd)?;
    if let Some(memory) = &claim.memory {
        guest.machine.memory.clone_from(memory);
    }
    for part in runs.iter().flat_map(|run| run.case.parts(run.side)) {
        match part {
            Part::Boot(name) => guest.kernel_args.push(format!("oopsarium={name}")),
            Part::Module(_) | Part::Script(_) => guest.init_args.push(part.name()),
        }
    }
    if guest.init_args.is_empty() {
        guest.init_args.push("boot".to_owned());
    }
    let words = guest::split_words("kernel_args", &claim.kernel_args)?;
    guest.kernel_args.extend(words);
    let given = options.kernel_args.iter().cloned();
    guest.kernel_args.extend(given);
    guest.qemu_args = guest::split_words("qemu_args", &claim.qemu_args)?;
    // KVM runs the host's own CPU, and need not know the one that is claimed.
    let own_cpu = guest.qemu_args.iter().any(|word| word == "-cpu");
    guest.qemu_args.extend(options.qemu_args.iter().cloned());
    if !own_cpu {
        guest.accel = accel::choose(project, options.accel, &guest)?;
    }
    Ok(guest)
}

/// A guest for all of `runs`, with all that it boots from in `folder`, and what of that is
/// theirs.
///
/// # Errors
///
/// When something that it is made of is not there.
pub fn prepare(
    runs: &[&Run<'_>],
    project: &Project,
    tools: &Tools,
    options: &Options,
    folder: &Path,
) -> Result<(Guest, Payload)> {
    let first = runs.first().context("nothing to run")?;
    let claim = first.claim()?;
    let mut modules = Vec::new();
    let mut scripts = Vec::new();
    for run in runs {
        modules.extend(run.module_files()?);
        for part in run.case.parts(run.side) {
            if let Part::Script(path) = part {
                scripts.push(path);
            }
        }
    }
    let payload = Payload::new(tools, first.kernel, &modules, &scripts)?;
    let initrd = image::make(project, tools, first.kernel, &payload)?;
    let path = folder.join("initramfs.cpio");
    fs::write(&path, initrd).with_context(|| format!("cannot write {}", path.display()))?;
    let mut guest = guest(runs, project, tools, options, &claim, &path)?;
    first.shape(project, tools, &claim, folder, &mut guest)?;
    Ok((guest, payload))
}

/// Boots one guest for all of `runs`, and judges what each of them printed. They are of one
/// machine and one kernel, and claim the same of both.
///
/// # Errors
///
/// As for [`Run::run`].
pub fn together(
    runs: &[&Run<'_>],
    project: &Project,
    tools: &Tools,
    options: &Options,
    mut line: impl FnMut(&str),
) -> Result<Vec<Finished>> {
    let first = runs.first().context("nothing to run")?;
    let claim = first.claim()?;
    // The guest comes first, and what it says is read by then.
    static WARM: Once = Once::new();
    WARM.call_once(|| drop(std::thread::spawn(report::warm_up)));
    let results = project.build.join("results");
    fs::create_dir_all(&results).with_context(|| format!("cannot make {}", results.display()))?;
    let (_ours, shared) = unfinished(&results)?;

    let (mut guest, payload) = prepare(runs, project, tools, options, shared.path())?;
    let parts = runs.iter().flat_map(|run| run.case.parts(run.side));
    let names: Vec<String> = parts.map(|part| part.name()).collect();
    if options.verbose {
        term::note(&format!("{}: {}", first.machine.name, first.machine.about));
    }
    let begin = names.first().context("nothing to run")?;
    let begin = format!("{MARK}begin {begin}");
    let done = format!("{MARK}done");
    let mut began = false;
    let log = shared.path().join("console.log");
    let timeout = options.timeout.unwrap_or(TIMEOUT);
    let mut line = |text: &str| {
        began |= text.ends_with(&begin);
        // What is claimed of the boot belongs to the case, too.
        let claimed = || claim.before.iter().any(|part| text.contains(part));
        if began || claimed() {
            line(text);
        }
    };
    let done = |text: &str| text.ends_with(&done);
    let restored = if options.snapshot && snapshot::worth(&guest, &first.machine.memory) {
        let store = snapshot::Store::new(project, tools, first.kernel, &guest)?;
        let verbose = options.verbose;
        store.run(&guest, &payload, verbose, &log, timeout, &mut line, done)?
    } else {
        None
    };
    let from_snapshot = restored.is_some();
    let outcome = match restored {
        Some(outcome) => outcome,
        None => {
            if options.verbose {
                term::command(&guest.command());
            }
            guest.run(&log, timeout, &mut line, done)?
        }
    };

    let lines = console::lines(&outcome.console);
    let mut finished = Vec::new();
    for run in runs {
        let own = verdict::without_others(&lines, &run.parts(), &names);
        let reports = report::reports(&own);
        let claim = run.claim()?;
        let mut verdict = run.judge(&claim, &own, &reports, &outcome)?;
        let claimed = [claim.before.as_slice(), &claim.lines].concat();
        let transcript = Transcript {
            versions: run.versions(project, &guest, options)?,
            lines: transcript::lines(&run.parts(), &claimed, &own, &reports),
        };
        let comparison = transcript.compare(&project.root, run.case, run.side, run.machine);
        if options.compare && verdict == Verdict::Match {
            if let Status::Differs | Status::Damaged = comparison.status {
                let why = comparison.complaint(&run.case.id);
                verdict = Verdict::Differs(why.into_iter().collect());
            }
        }
        let folder = run.folder(&results);
        if options.keep.is_new() {
            remove_beside(&results, &folder)?;
        }
        let place = options.keep.place(&folder, verdict == Verdict::Match);
        let one = Finished {
            verdict,
            reports,
            transcript,
            comparison,
            folder: place.clone().unwrap_or(folder),
            took: outcome.took,
            from_snapshot,
            whole: lines
                .iter()
                .any(|line| line.text.strip_prefix(MARK) == Some("done")),
        };
        if let Some(place) = place {
            run.keep_all(&shared, &results, &place, &mut guest, &one)?;
        }
        finished.push(one);
    }
    Ok(finished)
}

/// Where the traces of a run come to stand, below `results`.
pub fn folder(results: &Path, case: &Case, side: Side, machine: &Machine) -> PathBuf {
    results.join(&machine.name).join(match side {
        Side::Variant(_) => case.module(case.main_side()) + "_" + case.side_name(side),
        side => case.module(side),
    })
}

/// A run's name in a test report: `gfp-slab.x86_64.bug`. What dots separate is nested there.
pub fn test_name(case: &Case, side: Side, machine: &Machine) -> String {
    let side = case.side_name(side).replace('.', "-");
    format!("{}.{}.{side}", case.id, machine.name)
}

/// A run, as it is kept in `verdict.json`.
#[derive(Serialize)]
struct Record<'a> {
    case: &'a str,
    side: &'a str,
    machine: &'a str,
    kernel: String,
    profile: &'a str,
    accel: &'a str,
    seconds: f64,
    from_snapshot: bool,
    #[serde(flatten)]
    verdict: &'a Verdict,
    versions: &'a Versions,
    transcript: &'a Comparison,
    reports: &'a [Report],
}

/// How a folder is called whose run is not at its end.
const RUNNING: &str = ".running-";

/// A folder for the traces of a run, under a name of its own until they are whole: two runs of
/// one case do not mix. It is locked as long as the run lives, so that those of runs that
/// were killed are known, and removed. The lock comes first, to be the last that is dropped: a
/// folder that is going while nobody has it would be taken for a dead run's.
fn unfinished(results: &Path) -> Result<(fs::File, tempfile::TempDir)> {
    let cannot = || format!("cannot write to {}", results.display());
    let _lock = project::brief_lock(results, ".lock")?;
    for entry in fs::read_dir(results).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(RUNNING) {
            let dead = fs::File::open(&path).is_ok_and(|folder| project::is_free(&folder));
            if !dead {
                continue;
            }
            match fs::remove_dir_all(&path) {
                // It was alive a moment ago, and removed what it had.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                removed => removed.with_context(cannot)?,
            }
        }
    }
    let folder = tempfile::Builder::new()
        .prefix(RUNNING)
        .tempdir_in(results)
        .with_context(cannot)?;
    let handle = fs::File::open(folder.path()).with_context(cannot)?;
    project::keep(&handle)?;
    Ok((handle, folder))
}

/// Removes what several runs left beside `folder`, which is below `results`.
fn remove_beside(results: &Path, folder: &Path) -> Result<()> {
    let _lock = project::brief_lock(results, ".lock")?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let start = format!("{name}{BESIDE}");
    let Ok(entries) = fs::read_dir(folder.parent().unwrap_or(folder)) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&start) {
            let path = entry.path();
            fs::remove_dir_all(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// Puts the traces of a run in the place of those of the last one.
fn publish(results: &Path, traces: tempfile::TempDir, folder: &Path) -> Result<()> {
    let _lock = project::brief_lock(results, ".lock")?;
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let path = traces.keep();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    fs::rename(&path, folder).with_context(|| format!("cannot make {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_runs_few_are_kept_and_the_first_bad_one_stands_in_front() {
        let folder = Path::new("results/x86_64/gfp_slab");
        let check = |keep: Keep, good: bool, expected: Option<&str>| {
            let place = keep.place(folder, good);
            let expected = expected.map(|end| format!("{}{end}", folder.display()));
            assert_eq!(place, expected.map(PathBuf::from), "{keep:?}, {good}");
        };
        let one = |number, bad| Keep::OneOf { number, bad };
        check(Keep::Last, true, Some(""));
        check(Keep::Last, false, Some(""));
        check(one(1, 0), true, Some(""));
        check(one(7, 0), false, Some(""));
        // From here on that place is taken.
        check(one(8, 1), true, None);
        check(one(9, 1), false, Some(".run-9"));
        check(one(100, KEPT), false, None);
    }

    #[test]
    fn runs_that_end_are_not_taken_for_dead_ones() {
        let results = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..250 {
                        let (_ours, folder) = unfinished(results.path()).unwrap();
                        for name in ["console.log", "run.sh"] {
                            fs::write(folder.path().join(name), "").unwrap();
                        }
                    }
                });
            }
        });
        // One that was killed: nobody has it.
        fs::create_dir(results.path().join(".running-x")).unwrap();
        let (_ours, folder) = unfinished(results.path()).unwrap();
        assert!(folder.path().is_dir());
        assert!(!results.path().join(".running-x").exists());
    }

    #[test]
    fn what_stands_beside_a_run_goes_with_the_next() {
        let results = tempfile::tempdir().unwrap();
        let machine = results.path().join("x86_64");
        for name in ["gfp_slab", "gfp_slab.run-9", "gfp_slab_fixed.run-9"] {
            fs::create_dir_all(machine.join(name)).unwrap();
        }
        remove_beside(results.path(), &machine.join("gfp_slab")).unwrap();
        let there = |name: &str| machine.join(name).is_dir();
        assert!(there("gfp_slab") && !there("gfp_slab.run-9"));
        assert!(there("gfp_slab_fixed.run-9"));
        // A machine that nothing has run on yet.
        remove_beside(results.path(), &results.path().join("arm64/gfp_slab")).unwrap();
    }
}
