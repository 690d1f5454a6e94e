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
    show, snapshot,
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
    fn module_files(&self) -> Result<Vec<PathBuf>> {
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
        // The cases' own sources are named from the project's folder, and debug information
        // takes what is relative for what stands in the build folder.
        let file = match place.path.strip_prefix(&self.kernel.output) {
            Ok(own) => self.case.folder.ancestors().nth(2)?.join(own),
            Err(_) => place.path.clone(),
        };
        let location = Location {
            file: place.file,
            line: place.line,
        };
        let statement = symbols::statement(&file, location.line);
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

    /// Writes what is kept beside the console: the command, and the verdict with the reports.
    fn keep(&self, folder: &Path, guest: &Guest, record: &Record<'_>) -> Result<()> {
        let script = folder.join("run.sh");
        project::write_whole(&script, guest.script(&self.name()).as_bytes())?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        let text = serde_json::to_vec_pretty(record)?;
        project::write_whole(&folder.join("verdict.json"), &text)
    }

    /// The debug information of the kernel and of the case's modules.
    fn symbols(&self) -> Result<Symbols> {
        let build = self.kernel.output.ancestors().nth(2);
        let options = symbols::Options {
            modules: self.module_files()?,
            source: Some(self.kernel.source.clone()),
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
    guest.qemu_args.extend(options.qemu_args.iter().cloned());
    guest.accel = accel::choose(project, options.accel, &guest)?;
    Ok(guest)
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
    let results = project.build.join("results");
    fs::create_dir_all(&results).with_context(|| format!("cannot make {}", results.display()))?;
    let traces = || unfinished(&results);
    let (shared, _ours) = traces()?;

    let mut modules = Vec::new();
    let mut scripts = Vec::new();
    let mut names = Vec::new();
    for run in runs {
        modules.extend(run.module_files()?);
        for part in run.case.parts(run.side) {
            names.push(part.name());
            if let Part::Script(path) = part {
                scripts.push(path);
            }
        }
    }
    let payload = Payload::new(tools, first.kernel, &modules, &scripts)?;
    let initrd = image::make(project, tools, first.kernel, &payload)?;
    let initrd_path = shared.path().join("initramfs.cpio");
    fs::write(&initrd_path, initrd)
        .with_context(|| format!("cannot write {}", initrd_path.display()))?;

    let mut guest = guest(runs, project, tools, options, &claim, &initrd_path)?;
    first.shape(project, tools, &claim, shared.path(), &mut guest)?;
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
        let (traces, _ours) = traces()?;
        for entry in fs::read_dir(shared.path())? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            fs::hard_link(&path, traces.path().join(name))?;
        }
        // The script is for the place where everything comes to stand.
        guest.initrd = folder.join("initramfs.cpio");
        guest.dtb = guest.dtb.map(|_| folder.join("machine.dtb"));
        let took = outcome.took;
        let record = Record {
            case: &run.case.id,
            side: run.case.side_name(run.side),
            machine: &run.machine.name,
            kernel: run.kernel.release()?,
            profile: &run.kernel.profile,
            accel: guest.accel.name(),
            seconds: took.as_secs_f64(),
            from_snapshot,
            verdict: &verdict,
            versions: &transcript.versions,
            transcript: &comparison,
            reports: &reports,
        };
        run.keep(traces.path(), &guest, &record)?;
        publish(&results, traces, &folder)?;
        finished.push(Finished {
            verdict,
            reports,
            transcript,
            comparison,
            folder,
            took,
            from_snapshot,
            whole: lines
                .iter()
                .any(|line| line.text.strip_prefix(MARK) == Some("done")),
        });
    }
    Ok(finished)
}

/// A run's name in a test report: `gfp-slab.bug.x86_64`.
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
/// were killed are known, and removed.
fn unfinished(results: &Path) -> Result<(tempfile::TempDir, fs::File)> {
    let cannot = || format!("cannot write to {}", results.display());
    let _lock = project::brief_lock(results, ".lock")?;
    for entry in fs::read_dir(results).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(RUNNING) {
            let dead = fs::File::open(&path).is_ok_and(|folder| project::is_free(&folder));
            if dead {
                fs::remove_dir_all(&path).with_context(cannot)?;
            }
        }
    }
    let folder = tempfile::Builder::new()
        .prefix(RUNNING)
        .tempdir_in(results)
        .with_context(cannot)?;
    let handle = fs::File::open(folder.path()).with_context(cannot)?;
    project::keep(&handle)?;
    Ok((folder, handle))
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
