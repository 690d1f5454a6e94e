// SPDX-License-Identifier: GPL-2.0

//! Everything that a check found, put together: what the guests left behind, decoded, with
//! the cases' documents and the versions of all that took part. Written as `results.json`,
//! `junit.xml` and a page.

use crate::{
    case::{Case, Side},
    check::{Built, GuestOf, Test},
    claim::KernelTraits,
    console, decoded, junit,
    kernel::Kernel,
    list,
    machine::Machine,
    modules::Modules,
    page, patched,
    project::{self, Project, Tools},
    report,
    results::{
        self, About, CaseInfo, GuestRun, Host, KernelInfo, MachineInfo, Results, SourceFile,
        TestResult, FORMAT,
    },
    seed,
    symbols::{self, Symbols},
    term,
};
use anyhow::{Context, Result};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::SystemTime,
};

/// What was checked, for [`about`] and [`guests`] to look at.
pub struct Checked<'a> {
    /// The kernels.
    pub built: &'a [Built],
    /// The variables that were set, as they are typed after `make …`.
    pub variables: &'a str,
    /// When it began.
    pub since: SystemTime,
}

/// What was run, and with what. Asks every tool for its version, which takes a moment.
pub fn about(project: &Project, tools: &Tools, checked: &Checked<'_>) -> About {
    About {
        program: format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
        revision: revision(&project.root).unwrap_or_default(),
        started: humantime::format_rfc3339_seconds(checked.since).to_string(),
        host: host(),
        kernels: checked.built.iter().map(kernel_info).collect(),
        tools: versions(tools),
        ..About::default()
    }
}

fn host() -> Host {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .unwrap_or(std::env::consts::OS);
    Host {
        system: name.trim_matches('"').to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cpus: crate::kernel::jobs(),
    }
}

fn kernel_info(built: &Built) -> KernelInfo {
    let kernel = &built.kernel;
    let config = fs::read(kernel.output.join(".config"));
    KernelInfo {
        arch: kernel.arch.name().to_owned(),
        release: kernel.release().unwrap_or_default(),
        profile: kernel.profile.clone(),
        config: config.map_or(String::new(), |bytes| project::short_hash(&bytes)),
    }
}

/// What git knows of the source: the commit, and a hash of what was changed since.
fn revision(root: &Path) -> Option<String> {
    let git = |words: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(root).args(words).stdin(Stdio::null());
        let output = git.stderr(Stdio::null()).output().ok()?;
        output.status.success().then_some(output.stdout)
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let commit = String::from_utf8_lossy(&commit).trim().to_owned();
    let changes = git(&["diff", "HEAD"])?;
    Some(match changes.is_empty() {
        true => commit,
        false => format!("{commit}+{}", project::short_hash(&changes)),
    })
}

/// The first line that each tool says of its version.
fn versions(tools: &Tools) -> BTreeMap<String, String> {
    let mut programs: Vec<(&str, String)> = [
        "RUSTC",
        "CARGO",
        "BINDGEN",
        "QEMU_X86_64",
        "QEMU_ARM64",
        "DTC",
    ]
    .iter()
    .filter_map(|key| Some((*key, tools.get(key)?.to_owned())))
    .collect();
    // As kbuild takes it: 1, a suffix such as -19, or a folder that ends in a slash.
    match tools.get("LLVM") {
        Some(suffix) if suffix.starts_with('-') => {
            programs.push(("LLVM", format!("clang{suffix}")))
        }
        Some(folder) if folder.ends_with('/') => programs.push(("LLVM", format!("{folder}clang"))),
        Some(_) => programs.push(("LLVM", "clang".to_owned())),
        None => {}
    }
    let first_line = |program: &str| {
        let mut command = Command::new(program);
        command.arg("--version").env("LC_ALL", "C");
        command.stdin(Stdio::null()).stderr(Stdio::null());
        let output = command.output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Some(text.lines().next()?.trim().to_owned())
    };
    programs
        .into_iter()
        .filter_map(|(key, program)| Some((key.to_owned(), first_line(&program)?)))
        .collect()
}

/// The machines as results have them.
pub fn machines(machines: &[Machine]) -> Vec<MachineInfo> {
    machines
        .iter()
        .map(|machine| MachineInfo {
            name: machine.name.clone(),
            about: machine.about.clone(),
            arch: machine.arch.name().to_owned(),
        })
        .collect()
}

/// The cases as results have them.
///
/// # Errors
///
/// When a source cannot be read.
pub fn cases(root: &Path, cases: &[&Case]) -> Result<Vec<CaseInfo>> {
    let file = |path: PathBuf| -> Result<SourceFile> {
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let path = path.strip_prefix(root).unwrap_or(&path);
        Ok(SourceFile {
            path: path.to_string_lossy().into_owned(),
            text: String::from_utf8_lossy(&text).into_owned(),
        })
    };
    cases
        .iter()
        .map(|case| {
            Ok(CaseInfo {
                id: case.id.clone(),
                summary: case.summary()?,
                source: case.file.source.clone(),
                reach: list::reach(case).to_owned(),
                machines: case.file.machines.clone(),
                needs: case.file.needs.clone(),
                document: case.document(case.main_side())?,
                module: file(case.source(case.main_side()))?,
                twin: match case.is_sample() {
                    true => None,
                    false => Some(file(case.source(Side::Fixed))?),
                },
                claim: file(case.folder.join("case.toml"))?,
            })
        })
        .collect()
}

/// Adds to the results of `tests` what their guests left behind.
pub fn guests(
    project: &Project,
    checked: &Checked<'_>,
    tests: &[&Test<'_>],
    found: &mut [TestResult],
) {
    for built in checked.built {
        let mut opened = HashMap::new();
        for (test, result) in tests.iter().zip(found.iter_mut()) {
            let Some(of) = test.guest else { continue };
            if of.machine.arch != built.kernel.arch {
                continue;
            }
            result.repeat = vec![command(&of, checked.variables)];
            let Some(ran) = Ran::of(project, built, &of) else {
                continue;
            };
            // Opened for the first that needs it: it maps the kernel and all modules.
            let symbols = opened.entry(ran.kernel.output.clone());
            let symbols = symbols.or_insert_with(|| open(project, &ran));
            let Some(guest) = guest(project, checked, &ran.kernel, &of, symbols.as_ref()) else {
                continue;
            };
            result.repeat.push(format!("{}/run.sh", guest.folder));
            result.guest = Some(guest);
        }
    }
}

/// The kernel that a guest ran, and its modules.
struct Ran {
    kernel: Kernel,
    modules: Option<Modules>,
}

impl Ran {
    /// The kernel that was built, or that with the patch that the run asks for: its functions
    /// lie elsewhere, and its modules are other files. None if that patch cannot be read.
    fn of(project: &Project, built: &Built, of: &GuestOf<'_>) -> Option<Self> {
        let kernel = patched::located(project, &built.kernel, of.case, of.side).ok()?;
        let modules = match of.case.patch(of.side) {
            Some(_) => Some(Modules::of(project, &kernel)),
            None => built.modules.clone(),
        };
        Some(Self { kernel, modules })
    }
}

/// The debug information of a kernel and its modules; without it, there are still the reports.
fn open(project: &Project, ran: &Ran) -> Option<Symbols> {
    let modules = ran.modules.as_ref().and_then(|modules| modules.all().ok());
    let build = ran.kernel.output.ancestors().nth(2);
    let options = symbols::Options {
        modules: modules.unwrap_or_default(),
        source: None,
        moved: seed::moved(&ran.kernel.output, &project.root),
        cache: build.map(|build| build.join(symbols::CACHE)),
    };
    match Symbols::open_with(&ran.kernel.vmlinux(), options) {
        Ok(symbols) => Some(symbols),
        Err(error) => {
            term::note(&format!("no debug information: {error}"));
            None
        }
    }
}

/// What to type for one run alone.
fn command(of: &GuestOf<'_>, variables: &str) -> String {
    let side = match of.side {
        Side::Bug | Side::Sample => String::new(),
        Side::Fixed => " FIXED=1".to_owned(),
        side => format!(" WAY={}", term::quote(of.case.side_name(side))),
    };
    let arch = of.machine.arch;
    format!(
        "make run-case CASE={} ARCH={arch}{side}{variables}",
        of.case.id
    )
}

/// What a run left behind; none if that is missing, or from an earlier one.
fn guest(
    project: &Project,
    checked: &Checked<'_>,
    kernel: &Kernel,
    of: &GuestOf<'_>,
    symbols: Option<&Symbols>,
) -> Option<GuestRun> {
    let folder = crate::run::folder(&project.build.join("results"), of.case, of.side, of.machine);
    let record = folder.join("verdict.json");
    // Some file systems keep whole seconds only.
    let written = fs::metadata(&record).ok()?.modified().ok()?;
    if written + std::time::Duration::from_secs(2) < checked.since {
        return None;
    }
    let record: Value = serde_json::from_slice(&fs::read(&record).ok()?).ok()?;
    let console = fs::read(folder.join("console.log")).ok()?;
    let lines = console::lines(&console);
    let numbers: Vec<usize> = lines.iter().map(|line| line.number).collect();
    let claim = of.case.claim(of.side).on(&KernelTraits {
        arch: kernel.arch,
        version: &kernel.release().ok()?,
        profile: &kernel.profile,
    });
    let judged = record.get("reports").and_then(Value::as_array);
    // Several samples can share a guest, and then a console: only what was judged is shown.
    let was_judged = |report: &&report::Report| {
        judged.is_none_or(|all| all.iter().any(|one| one["headline"] == *report.headline))
    };
    let decoded = report::reports(&lines)
        .iter()
        .filter(was_judged)
        .map(|report| decoded::decode(report, &numbers, symbols, &kernel.source))
        .collect();
    Some(GuestRun {
        case: of.case.id.clone(),
        side: of.case.side_name(of.side).to_owned(),
        machine: of.machine.name.clone(),
        folder: project.relative(&folder).to_string_lossy().into_owned(),
        claim: serde_json::to_value(&claim).ok()?,
        decoded,
        console: String::from_utf8_lossy(&console).into_owned(),
        script: fs::read_to_string(folder.join("run.sh")).unwrap_or_default(),
        record,
    })
}

/// Writes `results` in all their forms to `folder`, and gives the page's path.
///
/// # Errors
///
/// When they cannot be written.
pub fn write(folder: &Path, results: &Results) -> Result<PathBuf> {
    let page = folder.join(page::FILE);
    // Results without a page are better than neither.
    let mut json = serde_json::to_vec_pretty(results)?;
    json.push(b'\n');
    project::write_whole(&folder.join(results::FILE), &json)?;
    project::write_whole(&folder.join(junit::FILE), &junit::write(results)?)?;
    project::write_whole(&page, page::render(results)?.as_bytes())?;
    Ok(page)
}

/// Results with nothing in them but their format.
pub fn empty() -> Results {
    Results {
        format: FORMAT,
        ..Results::default()
    }
}
