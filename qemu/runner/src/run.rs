// SPDX-License-Identifier: GPL-2.0

//! One run: a case on a machine, from what is built to a verdict, with everything that it
//! left behind kept under `build/results`.

use crate::{
    accel::{self, Choice},
    case::{Case, Side},
    claim::{Claim, KernelTraits},
    console::{self, Line},
    devicetree,
    guest::{self, Accel, Ended, Guest, Outcome},
    image,
    kernel::Kernel,
    machine::Machine,
    modules::Modules,
    project::{self, Project, Tools},
    report::{self, Location, Report},
    show,
    symbols::{self, Symbols},
    term,
    verdict::{self, Evidence, Verdict, MARK},
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
    /// Whether the machine and QEMU's command are shown; they are kept in any case.
    pub verbose: bool,
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
    /// Where everything is.
    pub folder: PathBuf,
    /// How long the guest ran.
    pub took: Duration,
}

impl Run<'_> {
    /// Its name: `gfp-slab on x86_64`, `gfp-slab (fixed) on arm64`.
    pub fn name(&self) -> String {
        let side = match self.side {
            Side::Bug => String::new(),
            side => format!(" ({})", self.case.side_name(side)),
        };
        format!("{}{side} on {}", self.case.id, self.machine.name)
    }

    /// What insmod is to load: the one module, if it is to load any.
    fn module_files(&self) -> Result<Vec<PathBuf>> {
        let script = self.case.script(self.side).is_some();
        let Some(modules) = self.modules.filter(|_| self.case.loadable() && !script) else {
            return Ok(Vec::new());
        };
        Ok(vec![modules.file(&self.case.module(self.side))?])
    }

    fn claim(&self) -> Result<Claim> {
        Ok(self.case.claim(self.side).on(&KernelTraits {
            arch: self.kernel.arch,
            version: &self.kernel.release()?,
            profile: &self.kernel.profile,
        }))
    }

    fn guest(
        &self,
        project: &Project,
        tools: &Tools,
        options: &Options,
        claim: &Claim,
        initrd: &Path,
    ) -> Result<Guest> {
        let mut guest = Guest::new(tools, self.machine, self.kernel, Accel::Tcg, initrd)?;
        if let Some(memory) = &claim.memory {
            guest.machine.memory.clone_from(memory);
        }
        let module = self.case.module(self.side);
        if self.case.loadable() {
            guest.init_args.push(module);
        } else {
            guest.kernel_args.push(format!("oopsarium={module}"));
            guest.init_args.push("boot".to_owned());
        }
        guest
            .kernel_args
            .extend(guest::split_words("kernel_args", &claim.kernel_args)?);
        guest
            .kernel_args
            .extend(options.kernel_args.iter().cloned());
        guest.qemu_args.extend(options.qemu_args.iter().cloned());
        guest.accel = accel::choose(project, options.accel, &guest)?;
        Ok(guest)
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
        mut line: impl FnMut(&str),
    ) -> Result<Finished> {
        let claim = self.claim()?;
        let results = project.build.join("results");
        fs::create_dir_all(&results)
            .with_context(|| format!("cannot make {}", results.display()))?;
        // Under a name of its own until it is whole: two runs of one case do not mix.
        let traces = tempfile::Builder::new()
            .prefix(".running-")
            .tempdir_in(&results)
            .with_context(|| format!("cannot write to {}", results.display()))?;
        let folder = results.join(&self.machine.name).join(match self.side {
            Side::Variant(_) => self.case.module(Side::Bug) + "_" + self.case.side_name(self.side),
            side => self.case.module(side),
        });

        let module = self.module_files()?;
        let script = self.case.script(self.side);
        let script = script.map(|script| self.case.folder.join(script));
        let initrd = image::make(project, tools, self.kernel, &module, script.as_deref())?;
        let initrd_path = traces.path().join("initramfs.cpio");
        fs::write(&initrd_path, initrd)
            .with_context(|| format!("cannot write {}", initrd_path.display()))?;

        let mut guest = self.guest(project, tools, options, &claim, &initrd_path)?;
        if self.machine.overlay.is_some() || claim.cma_region.is_some() {
            guest.dtb = Some(devicetree::make(
                project,
                tools,
                &guest,
                &self.kernel.vmlinux(),
                self.machine.overlay.as_deref(),
                claim.cma_region,
                traces.path(),
            )?);
        }
        if options.verbose {
            term::note(&format!("{}: {}", self.machine.name, self.machine.about));
            term::command(&guest.command());
        }
        let begin = format!("{MARK}begin {}", self.case.module(self.side));
        let done = format!("{MARK}done");
        let mut began = false;
        let outcome = guest.run(
            &traces.path().join("console.log"),
            options.timeout.unwrap_or(TIMEOUT),
            |text| {
                began |= text.ends_with(&begin);
                if began {
                    line(text);
                }
            },
            |text| text.ends_with(&done),
        )?;

        let lines = console::lines(&outcome.console);
        let reports = report::reports(&lines);
        let verdict = self.judge(&claim, &lines, &reports, &outcome)?;
        // The script is for the place where everything comes to stand.
        guest.initrd = folder.join("initramfs.cpio");
        guest.dtb = guest.dtb.map(|_| folder.join("machine.dtb"));
        self.keep(traces.path(), &guest, &verdict, &reports, outcome.took)?;
        publish(&results, traces, &folder)?;
        Ok(Finished {
            verdict,
            reports,
            folder,
            took: outcome.took,
        })
    }

    fn judge(
        &self,
        claim: &Claim,
        lines: &[Line],
        reports: &[Report],
        outcome: &Outcome,
    ) -> Result<Verdict> {
        let statement = |place: &Location| {
            symbols::statement(&self.kernel.source.join(&place.file), place.line)
        };
        let evidence = Evidence {
            module: &self.case.module(self.side),
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

    /// Writes what is kept beside the console: the command, and the verdict with the reports.
    fn keep(
        &self,
        folder: &Path,
        guest: &Guest,
        verdict: &Verdict,
        reports: &[Report],
        took: Duration,
    ) -> Result<()> {
        let script = folder.join("run.sh");
        project::write_whole(&script, guest.script(&self.name()).as_bytes())?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        let record = Record {
            case: &self.case.id,
            side: self.case.side_name(self.side),
            machine: &self.machine.name,
            kernel: self.kernel.release()?,
            profile: &self.kernel.profile,
            accel: guest.accel.name(),
            seconds: took.as_secs_f64(),
            verdict,
            reports,
        };
        let text = serde_json::to_vec_pretty(&record)?;
        project::write_whole(&folder.join("verdict.json"), &text)
    }

    /// The reports decoded, for a person to read.
    pub fn decoded(&self, reports: &[Report]) -> Result<String> {
        let modules = self.module_files()?;
        // Without debug information there is still the report itself.
        let symbols = match Symbols::open(&self.kernel.vmlinux(), &modules) {
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
                None => show::report(report, symbols.as_ref(), Some(&self.kernel.source)),
            })
            .collect();
        // Debug information names what is relative, such as the modules' sources, from where
        // the kernel was built; a person names it from the project's folder.
        let built = format!("{}/", self.kernel.output.display());
        Ok(shown.join("\n").replace(&built, ""))
    }
}

/// A run's name in a test report: `gfp-slab.bug.x86_64`.
pub fn test_name(case: &Case, side: Side, machine: &Machine) -> String {
    format!("{}.{}.{}", case.id, case.side_name(side), machine.name)
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
    #[serde(flatten)]
    verdict: &'a Verdict,
    reports: &'a [Report],
}

/// Puts the traces of a run in the place of those of the last one.
fn publish(results: &Path, traces: tempfile::TempDir, folder: &Path) -> Result<()> {
    let _lock = project::lock(results, ".lock")?;
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
