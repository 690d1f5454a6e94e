// SPDX-License-Identifier: GPL-2.0

//! `decode`: a log from anywhere, with the kernel and the modules that fit it; and how it compares
//! with the kernel's own decode_stacktrace.sh. Text, JSON or the log itself out.

use crate::{
    annotate::{self, Returns},
    child, console,
    decode::{self, DecodedLog, LogKernel},
    kernel::{Kernel, DEFAULT_PROFILE},
    machine::Arch,
    project::{self, Project, Tools},
    seed, show,
    symbols::{self, Symbols},
    term::{self, BAD, BOLD, DIM},
    Usage,
};
use anyhow::{anyhow, bail, Context, Result};
use clap::ValueEnum;
use object::{Object, ObjectSymbol};
use std::{
    fs,
    io::{self, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// What `decode` is told.
#[derive(clap::Args)]
pub struct Args {
    /// The log; - is standard input, which is also the default
    log: Option<PathBuf>,
    /// The kernel's vmlinux, with debug information [default: the built kernel that fits the log]
    #[arg(long)]
    vmlinux: Option<PathBuf>,
    /// A folder that is searched for modules, or a module; may be given several times
    /// [default: what was built for that kernel, or the vmlinux's folder]
    #[arg(long)]
    modules: Vec<PathBuf>,
    /// The kernel's source [default: where the kernel was built from]
    #[arg(long)]
    source: Option<PathBuf>,
    /// What comes out
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The same as --format=json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// The same as --format=annotate
    #[arg(long, conflicts_with_all = ["format", "json"])]
    annotate: bool,
    /// In an annotated log, take return addresses as decode_stacktrace.sh does: the line behind
    /// the call
    #[arg(long)]
    behind: bool,
    /// Keep nothing for the next run
    #[arg(long)]
    no_cache: bool,
}

/// What comes out of `decode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Every report, for a person to read
    Text,
    /// Everything that is known, for programs (docs/decode.md)
    Json,
    /// The log as it is, with addresses replaced by files and lines
    Annotate,
}

/// Decodes a log. Exit status 1 if there is no report in it.
///
/// # Errors
///
/// What cannot be read, and what is no log.
pub fn decode(project: Option<&Project>, args: &Args) -> Result<u8> {
    let format = match (args.json, args.annotate) {
        (true, _) => Format::Json,
        (_, true) => Format::Annotate,
        _ => args.format,
    };
    let (name, bytes) = read_log(args.log.as_deref())?;
    refuse_no_log(&name, &bytes)?;
    let symbols = open_symbols(project, args, &bytes)?;
    let log = decode::log(&bytes, symbols.as_ref());
    for warning in &log.warnings {
        let _ = writeln!(anstream::stderr(), "{BAD}warning:{BAD:#} {warning}");
    }
    for module in missing_modules(&log, symbols.as_ref()) {
        term::note(&format!(
            "no file of the module {module}: name its folder with MODULES= (--modules)"
        ));
    }
    // A reader that went away has seen enough.
    let _ = write_out(format, args, &bytes, &log, symbols.as_ref());
    if log.reports.is_empty() && format != Format::Annotate {
        let lines = console::lines(&bytes).len();
        let _ = writeln!(
            anstream::stderr(),
            "{BOLD}{name}: no oops, warning or panic in its {lines} lines{BOLD:#}; give the whole of dmesg or of a serial console, or FORMAT=annotate (--annotate) for single lines"
        );
        return Ok(1);
    }
    Ok(0)
}

fn write_out(
    format: Format,
    args: &Args,
    bytes: &[u8],
    log: &DecodedLog,
    symbols: Option<&Symbols>,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match (format, symbols) {
        (Format::Json, _) => {
            serde_json::to_writer_pretty(&mut out, log)?;
            writeln!(out)?;
        }
        (Format::Annotate, Some(symbols)) => {
            let returns = match args.behind {
                true => Returns::Behind,
                false => Returns::Call,
            };
            annotate::annotate(bytes, log, symbols, returns, &mut out)?;
        }
        (Format::Annotate, None) => out.write_all(bytes)?,
        (Format::Text, _) => {
            drop(out);
            let text = text(log);
            return write!(anstream::stdout(), "{text}");
        }
    }
    out.flush()
}

fn text(log: &DecodedLog) -> String {
    let mut parts = Vec::new();
    if let Some(vmlinux) = &log.vmlinux {
        parts.push(format!("{DIM}decoded with {}{DIM:#}\n", vmlinux.path));
    }
    for one in &log.reports {
        parts.push(match one.report.consequence_of {
            Some(_) => show::consequence(&one.report),
            None => show::report(one),
        });
    }
    parts.join("\n")
}

fn usage(text: String) -> anyhow::Error {
    Usage(text).into()
}

/// The log's name and bytes.
fn read_log(path: Option<&Path>) -> Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let stdin = match path {
        None if io::stdin().is_terminal() => {
            return Err(usage(
                "no log; name a file, or - for standard input: LOG=dmesg.txt".to_owned(),
            ));
        }
        None => true,
        Some(path) => path == Path::new("-"),
    };
    if stdin {
        io::stdin()
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
        return Ok(("standard input".to_owned(), bytes));
    }
    let path = path.unwrap_or(Path::new("-"));
    bytes = fs::read(path).map_err(|why| {
        usage(format!(
            "{}: {}; LOG= names a file with a kernel's log, or - for standard input",
            path.display(),
            plain(&why)
        ))
    })?;
    Ok((path.display().to_string(), bytes))
}

/// An error of the system, without its number.
fn plain(why: &io::Error) -> String {
    let text = why.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.to_lowercase()
}

/// Says what to do with a file that is something else.
fn refuse_no_log(name: &str, bytes: &[u8]) -> Result<()> {
    let known: [(&[u8], &str); 6] = [
        (
            b"\x7fELF",
            "an ELF file, not a log; VMLINUX= and MODULES= take those",
        ),
        (
            b"\x1f\x8b",
            "compressed; unpack it first: zcat FILE | oopsarium decode",
        ),
        (
            b"\xfd7zXZ",
            "compressed; unpack it first: xzcat FILE | oopsarium decode",
        ),
        (
            b"\x28\xb5\x2f\xfd",
            "compressed; unpack it first: zstdcat FILE | oopsarium decode",
        ),
        (
            b"LPKSHHRH",
            "a journal; journalctl --file=FILE -k -o short-monotonic makes text of it",
        ),
        (
            b"KDUMP   ",
            "a crash dump; vmcore-dmesg FILE takes the log out of it",
        ),
    ];
    if bytes.is_empty() {
        return Err(usage(format!(
            "{name}: empty; a log is what dmesg or a serial console prints"
        )));
    }
    if let Some((_, what)) = known.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(usage(format!("{name}: {what}")));
    }
    // A console carries a stray byte now and then.
    let start = &bytes[..bytes.len().min(1 << 16)];
    let strange = start.iter().filter(|&&byte| byte == 0).count();
    if strange * 10 > start.len() {
        return Err(usage(format!(
            "{name}: binary, not a log; a log is what dmesg or a serial console prints"
        )));
    }
    Ok(())
}

fn open_symbols(project: Option<&Project>, args: &Args, bytes: &[u8]) -> Result<Option<Symbols>> {
    let cache = (!args.no_cache).then(|| cache_folder(project)).flatten();
    let mut options = symbols::Options {
        modules: args.modules.clone(),
        source: args.source.clone(),
        moved: Vec::new(),
        cache,
    };
    for path in options.modules.iter().chain(&options.source) {
        if !path.exists() {
            let shown = path.display();
            return Err(usage(format!(
                "{shown}: no such file or folder; MODULES= (--modules) takes a folder with modules, --source a kernel's source"
            )));
        }
    }
    let Some(vmlinux) = &args.vmlinux else {
        return Ok(match project {
            Some(project) => built_kernel(project, options, bytes)?,
            None => {
                term::note("no kernel to decode with: name its vmlinux with --vmlinux");
                None
            }
        });
    };
    if vmlinux.is_dir() {
        return Err(usage(format!(
            "{}: a folder; VMLINUX= takes the file, such as {}",
            vmlinux.display(),
            vmlinux.join("vmlinux").display()
        )));
    }
    let file = std::path::absolute(vmlinux)?;
    let folder = file.parent();
    if options.modules.is_empty() {
        options.modules.extend(folder.map(Path::to_owned));
    }
    // It may be one that this project built.
    if let (Some(project), Some(folder)) = (project, folder) {
        options.moved = seed::moved(folder, &project.root);
    }
    let symbols = Symbols::open_with(vmlinux, options).map_err(|why| {
        usage(format!(
            "{why}; VMLINUX= takes the uncompressed kernel that the build leaves (not bzImage or Image)"
        ))
    })?;
    let of = decode::log(bytes, None).kernel;
    if let (Some(log), Some(ours)) = (of.arch, symbols.arch()) {
        if log != ours {
            return Err(usage(format!(
                "{}: of an {ours} kernel, and the log is of an {log} one; VMLINUX= takes that one's",
                vmlinux.display()
            )));
        }
    }
    if symbols.arch().is_none() {
        return Err(usage(format!(
            "{}: neither x86_64 nor arm64; other architectures are not understood",
            vmlinux.display()
        )));
    }
    Ok(Some(symbols))
}

/// Where tables are kept: with the project, or else with the user's other caches.
fn cache_folder(project: Option<&Project>) -> Option<PathBuf> {
    if let Some(project) = project {
        return Some(project.kbuild.join(symbols::CACHE));
    }
    Some(project::user_cache()?.join(symbols::CACHE))
}

/// The built kernel that wrote a log, or could have.
fn built_kernel(
    project: &Project,
    options: symbols::Options,
    bytes: &[u8],
) -> Result<Option<Symbols>> {
    let DecodedLog {
        kernel: log,
        reports,
        ..
    } = decode::log(bytes, None);
    // Most logs of kernels from elsewhere would fit any kernel by what they say of theirs.
    let named = log.banner.is_some() || log.release.is_some() || log.build_id.is_some();
    if !named && reports.iter().all(|report| report.trace.is_empty()) {
        return Ok(None);
    }
    let is_its = |symbols: &Symbols| {
        decode::mismatch(&log, symbols).is_none()
            && (named || decode::strange_functions(&reports, symbols).is_none())
    };
    let mut others = Vec::new();
    for folder in built(project) {
        let mut options = options.clone();
        options.moved = seed::moved(&folder, &project.root);
        if options.modules.is_empty() {
            let name = folder.file_name().unwrap_or_default();
            let modules = project.kbuild.join("modules").join(name);
            options
                .modules
                .extend([modules].into_iter().filter(|path| path.is_dir()));
        }
        let Ok(symbols) = Symbols::open_with(&folder.join("vmlinux"), options) else {
            continue;
        };
        if is_its(&symbols) {
            return Ok(Some(symbols));
        }
        others.push(symbols);
    }
    let others: Vec<String> = others.iter().map(name_of).collect();
    let of = describe(&log);
    term::note(&match others.is_empty() {
        true => "no kernel is built: make build builds one, VMLINUX= (--vmlinux) names another".to_owned(),
        false => format!(
            "no built kernel fits this log{of} (built: {}); name its vmlinux with VMLINUX= (--vmlinux)",
            others.join(", ")
        ),
    });
    Ok(None)
}

/// What is wrong with how a log is decoded that does not say which kernel wrote it: with a built
/// one if its functions are in there, and with none if they are not.
///
/// # Errors
///
/// When `kernel` cannot be read.
pub fn told_by_functions(project: &Project, kernel: &Kernel) -> Result<Vec<String>> {
    let bytes = fs::read(kernel.vmlinux())?;
    let file = object::File::parse(&*bytes)?;
    let found = |longer: u64| -> Result<bool> {
        let mut log = "Call trace:\n".to_owned();
        for name in ["vfs_read", "ksys_read", "do_sys_openat2"] {
            let symbol = file.symbol_by_name(name).context("no such function")?;
            log += &format!(" {name}+0x10/{:#x}\n", symbol.size() + longer);
        }
        let kernel = built_kernel(project, symbols::Options::default(), log.as_bytes())?;
        Ok(kernel.is_some())
    };
    let mut wrong = Vec::new();
    if !found(0)? {
        wrong.push("its own functions: decoded with no kernel".to_owned());
    }
    if found(1)? {
        wrong
            .push("functions of another size: decoded with a kernel that has none such".to_owned());
    }
    Ok(wrong)
}

/// A kernel's architecture and release.
fn name_of(symbols: &Symbols) -> String {
    let arch = symbols.arch().map(|arch| format!("{arch} "));
    let release = symbols
        .banner()
        .and_then(|banner| decode::release_of_banner(&banner));
    arch.unwrap_or_default() + &release.unwrap_or_default()
}

fn describe(log: &LogKernel) -> String {
    let arch = log.arch.map(|arch| arch.to_string());
    let parts: Vec<String> = arch.into_iter().chain(log.release.clone()).collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!(", which is of {}", parts.join(" ")),
    }
}

/// The folders of all kernels that were built, the default profile's first, the newest before
/// older ones.
fn built(project: &Project) -> Vec<PathBuf> {
    let entries = fs::read_dir(project.kbuild.join("kernels"));
    let mut found: Vec<_> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let path = entry.path();
            let changed = fs::metadata(path.join("vmlinux")).ok()?.modified().ok()?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let default = name.ends_with(&format!("-{DEFAULT_PROFILE}"));
            Some((default, changed, path))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(.., path)| path).collect()
}

/// The modules that the traces go through and whose files are not there.
fn missing_modules(log: &DecodedLog, symbols: Option<&Symbols>) -> Vec<String> {
    let Some(symbols) = symbols else {
        return Vec::new();
    };
    let frames = log.reports.iter().flat_map(|one| &one.trace);
    let mut missing: Vec<String> = frames
        .filter_map(|one| one.frame.symbol.module.clone())
        .filter(|module| !symbols.has_module(module))
        .collect();
    missing.sort();
    missing.dedup();
    missing
}

/// What `decode-bench` is told.
#[derive(clap::Args)]
pub struct BenchArgs {
    /// Logs [default: the consoles of all runs under build/results]
    logs: Vec<PathBuf>,
    /// Only on this architecture
    #[arg(long)]
    arch: Option<Arch>,
    #[arg(long, default_value = DEFAULT_PROFILE)]
    profile: String,
    /// Compare so many places of the kernel as well, taken evenly from all of its functions
    #[arg(long, default_value_t = 200)]
    places: usize,
    /// How often a time is taken
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

/// Holds this decoder against the kernel's own script. Exit status 1 if they differ.
///
/// # Errors
///
/// When a kernel is not built, or the script cannot be run.
pub fn bench(project: &Project, args: &BenchArgs) -> Result<u8> {
    let tools = Tools::read(project)?;
    let logs = match args.logs.is_empty() {
        true => consoles(&project.build.join("results")),
        false => args.logs.clone(),
    };
    let mut good = true;
    for arch in Arch::ALL {
        if args.arch.is_some_and(|only| only != arch) {
            continue;
        }
        let kernel = Kernel::locate(project, &tools, arch, &args.profile)?;
        let against = Against::new(project, &tools, &kernel)?;
        let logs: Vec<PathBuf> = logs
            .iter()
            .filter(|path| is_of(path, arch))
            .cloned()
            .collect();
        let compared = against.compare(&logs, args.places)?;
        anstream::println!("{BOLD}{arch}{BOLD:#}: {}", compared.summary());
        for difference in compared.differences.iter().take(20) {
            anstream::println!("  {BAD}-{BAD:#} {difference}");
        }
        good &= compared.is_good();
        if let Some(log) = logs.iter().find(|path| has_oops(path)) {
            let times = against.time(log, args.runs)?;
            anstream::println!("  {}: {}", project.relative(log).display(), times.summary());
        }
    }
    Ok(u8::from(!good))
}

fn consoles(results: &Path) -> Vec<PathBuf> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        let mut all: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        all.sort();
        all
    };
    let machines = folders(results).into_iter();
    machines
        .flat_map(|machine| folders(&machine))
        .map(|run| run.join("console.log"))
        .filter(|path| path.is_file())
        .collect()
}

fn is_of(log: &Path, arch: Arch) -> bool {
    let bytes = fs::read(log).unwrap_or_default();
    let found = decode::log(&bytes, None).kernel.arch;
    found.is_some_and(|found| found.to_string() == arch.name())
}

fn has_oops(log: &Path) -> bool {
    let bytes = fs::read(log).unwrap_or_default();
    let decoded = decode::log(&bytes, None);
    decoded
        .reports
        .iter()
        .any(|one| one.disassembly.is_some() && one.trace.len() > 4)
}

/// The kernel's own decoder, to compare with.
pub struct Against {
    script: PathBuf,
    llvm: String,
    vmlinux: PathBuf,
    modules: PathBuf,
    scratch: tempfile::TempDir,
}

/// What a comparison came to.
pub struct Compared {
    logs: usize,
    same: usize,
    more: usize,
    neither: usize,
    /// Where the script and this decoder name different lines.
    pub differences: Vec<String>,
}

impl Compared {
    /// Whether the script answered at all, and never otherwise.
    pub fn is_good(&self) -> bool {
        self.differences.is_empty() && self.same > 0
    }

    /// In one line.
    pub fn summary(&self) -> String {
        format!(
            "{} places, from {} logs and the kernel's functions: {} as decode_stacktrace.sh has them, {} differ, {} only decoded here, {} by neither",
            self.same + self.more + self.neither + self.differences.len(),
            self.logs,
            self.same,
            self.differences.len(),
            self.more,
            self.neither
        )
    }
}

/// How long one log took.
pub struct Times {
    /// The kernel's script.
    pub script: Vec<Took>,
    /// This program, on a kernel that it never saw.
    pub first: Vec<Took>,
    /// The same, when it did.
    pub again: Vec<Took>,
}

/// What a command took.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// By the clock on the wall.
    pub wall: Duration,
    /// Of all processors, with all that it started.
    pub cpu: Duration,
}

impl Took {
    /// Runs something that starts commands and waits for them.
    fn of(run: impl FnOnce() -> Result<()>) -> Result<Self> {
        let before = cpu_of_children()?;
        let started = Instant::now();
        run()?;
        let wall = started.elapsed();
        let cpu = cpu_of_children()?.saturating_sub(before);
        Ok(Self { wall, cpu })
    }
}

fn cpu_of_children() -> Result<Duration> {
    use nix::sys::resource::{getrusage, UsageWho};
    use nix::sys::time::TimeValLike;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot read the processes' times")?;
    let micros = (usage.user_time() + usage.system_time()).num_microseconds();
    Ok(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}

impl Times {
    /// In one line, with ratios of the medians.
    pub fn summary(&self) -> String {
        let line = |what: &str, of: fn(&Took) -> Duration| {
            let middle = |times: &[Took]| median(&times.iter().map(of).collect::<Vec<_>>());
            let (script, first, again) = (
                middle(&self.script),
                middle(&self.first),
                middle(&self.again),
            );
            let times = |one: Duration| script.as_secs_f64() / one.as_secs_f64().max(1e-9);
            format!(
                "{what}: decode_stacktrace.sh {:.2} s, here {:.3} s at first ({:.0} times less), {:.4} s again ({:.0} times)",
                script.as_secs_f64(),
                first.as_secs_f64(),
                times(first),
                again.as_secs_f64(),
                times(again)
            )
        };
        let (wall, cpu) = (line("time", |one| one.wall), line("CPU", |one| one.cpu));
        format!("{wall}; {cpu}")
    }
}

/// The middle of some times; none at all is no time.
pub fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

impl Against {
    /// Prepares it for a kernel that is built.
    pub fn new(project: &Project, tools: &Tools, kernel: &Kernel) -> Result<Self> {
        let vmlinux = kernel.vmlinux();
        if !vmlinux.is_file() {
            bail!(
                "{}: not built; make build ARCH={} builds it",
                vmlinux.display(),
                kernel.arch
            );
        }
        let name = kernel.output.file_name().unwrap_or_default();
        Ok(Self {
            script: kernel.source.join("scripts/decode_stacktrace.sh"),
            llvm: tools.need("LLVM")?.to_owned(),
            vmlinux,
            modules: project.kbuild.join("modules").join(name),
            scratch: tempfile::tempdir().context("cannot make a temporary folder")?,
        })
    }

    fn symbols(&self) -> Result<Symbols> {
        let options = symbols::Options {
            modules: vec![self.modules.clone()],
            ..symbols::Options::default()
        };
        Symbols::open_with(&self.vmlinux, options).map_err(|why| anyhow!("{why}"))
    }

    fn run_script(&self, log: &Path) -> Result<String> {
        let mut script = Command::new("bash");
        script.arg(&self.script).arg(&self.vmlinux).arg("auto");
        script.arg(&self.modules);
        script.env("LLVM", &self.llvm).env("LC_ALL", "C");
        script.stdin(fs::File::open(log)?).stderr(Stdio::null());
        let output = script
            .output()
            .with_context(|| format!("cannot run {}", self.script.display()))?;
        if !output.status.success() {
            bail!("{}: {}", self.script.display(), output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Compares every symbol of the logs, and places all over the kernel.
    pub fn compare(&self, logs: &[PathBuf], places: usize) -> Result<Compared> {
        let symbols = self.symbols()?;
        let mut all = std::collections::BTreeSet::new();
        for log in logs {
            let bytes = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
            for one in decode::log(&bytes, None).reports {
                let stacks = one.stacks.iter().flatten().chain(&one.trace);
                all.extend(stacks.map(|frame| frame.frame.symbol.to_string()));
                all.extend(one.report.function.map(|symbol| symbol.to_string()));
            }
        }
        let sample = symbols.sample(places);
        all.extend(sample.iter().map(ToString::to_string));
        // One place a line, in the shape of a trace: then the lines of both answer each other.
        let lines: Vec<String> = all
            .iter()
            .filter(|text| text.contains("+0x"))
            .map(|text| format!(" {text}"))
            .collect();
        let text = lines.join("\n") + "\n";
        let log = self.scratch.path().join("places.log");
        fs::write(&log, &text)?;
        let theirs = self.run_script(&log)?;
        let decoded = decode::log(text.as_bytes(), Some(&symbols));
        let mut ours = Vec::new();
        let behind = Returns::Behind;
        annotate::annotate(text.as_bytes(), &decoded, &symbols, behind, &mut ours)?;
        let ours = String::from_utf8_lossy(&ours);
        if theirs.lines().count() != lines.len() || ours.lines().count() != lines.len() {
            bail!("{}: not one line for each", self.script.display());
        }
        let mut compared = Compared {
            logs: logs.len(),
            same: 0,
            more: 0,
            neither: 0,
            differences: Vec::new(),
        };
        for ((line, theirs), ours) in lines.iter().zip(theirs.lines()).zip(ours.lines()) {
            match (places_in(theirs), places_in(ours)) {
                (None, None) => compared.neither += 1,
                (None, Some(_)) => compared.more += 1,
                (Some(theirs), Some(ours)) if same_places(&theirs, &ours) => compared.same += 1,
                (Some(_), _) => compared.differences.push(format!(
                    "{}: decode_stacktrace.sh says {}, oopsarium {}",
                    line.trim(),
                    theirs.trim(),
                    ours.trim()
                )),
            }
        }
        Ok(compared)
    }

    /// Takes the times of one log, in turn, so that a slow moment hits all of them.
    pub fn time(&self, log: &Path, runs: usize) -> Result<Times> {
        let mut times = Times {
            script: Vec::new(),
            first: Vec::new(),
            again: Vec::new(),
        };
        for _ in 0..runs.max(1) {
            child::check_interrupted()?;
            times.script.push(self.time_script(log)?);
            times.first.push(self.time_first(log)?);
            times.again.push(self.time_again(log)?);
        }
        Ok(times)
    }

    /// How long the kernel's script takes for `log`.
    pub fn time_script(&self, log: &Path) -> Result<Took> {
        Took::of(|| self.run_script(log).map(drop))
    }

    /// How long this program takes for `log` on a kernel that it never saw.
    pub fn time_first(&self, log: &Path) -> Result<Took> {
        // A build folder of its own has no cache yet.
        let build = self.build();
        if build.exists() {
            fs::remove_dir_all(&build)?;
        }
        Took::of(|| self.run_own(log, &build))
    }

    /// How long it takes once more.
    pub fn time_again(&self, log: &Path) -> Result<Took> {
        let build = self.build();
        Took::of(|| self.run_own(log, &build))
    }

    fn build(&self) -> PathBuf {
        self.scratch.path().join("build")
    }

    fn run_own(&self, log: &Path, build: &Path) -> Result<()> {
        let mut own = Command::new(std::env::current_exe()?);
        own.args(["decode", "--format=annotate"]);
        own.arg("--build").arg(build);
        own.arg("--vmlinux").arg(&self.vmlinux);
        own.arg("--modules").arg(&self.modules).arg(log);
        own.stdout(Stdio::null()).stderr(Stdio::null());
        let status = own.status()?;
        if !status.success() {
            bail!("oopsarium decode {}: {status}", log.display());
        }
        Ok(())
    }
}

/// The `file:line file:line` in the parentheses of a decoded line.
fn places_in(line: &str) -> Option<Vec<String>> {
    let (_, rest) = line.rsplit_once(" (")?;
    let (inside, _) = rest.split_once(')')?;
    let words: Vec<String> = inside
        .split(' ')
        .filter(|word| word.contains(':'))
        .map(plain_path)
        .collect();
    (!words.is_empty()).then_some(words)
}

/// `file:line` without the `.` and `..` in it.
fn plain_path(text: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "." => {}
            ".." if parts
                .last()
                .is_some_and(|last| !last.is_empty() && *last != "..") =>
            {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether the same lines are meant; one of both may name a file by more of its path.
fn same_places(theirs: &[String], ours: &[String]) -> bool {
    theirs.len() == ours.len()
        && theirs
            .iter()
            .zip(ours)
            .all(|(theirs, ours)| theirs == ours || theirs.ends_with(&format!("/{ours}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        let said = match refuse_no_log("x", bytes) {
            Ok(()) => String::new(),
            Err(error) => error.to_string(),
        };
        assert!(
            said.contains(expected) && said.is_empty() == expected.is_empty(),
            "{said}"
        );
    }

    #[test]
    fn what_is_no_log_is_refused() {
        check(b"", "x: empty");
        check(b"\x7fELF\x02\x01", "VMLINUX=");
        check(b"\x1f\x8b\x08", "zcat");
        check(&[0; 100], "binary");
        check(b"[    0.0] fine\n\0", "");
        check(b"one line without an end", "");
    }

    #[test]
    fn places_are_compared_by_file_and_line() {
        let theirs = places_in(" ? f (/src/d/../a/./b.c:1 c.h:2) mod").unwrap();
        assert_eq!(theirs, ["/src/a/b.c:1", "c.h:2"]);
        let own =
            |texts: &[&str]| -> Vec<String> { texts.iter().map(ToString::to_string).collect() };
        assert!(same_places(&theirs, &own(&["a/b.c:1", "c.h:2"])));
        assert!(!same_places(&theirs, &own(&["a/b.c:1"])));
        assert!(!same_places(&theirs, &own(&["a/b.c:2", "c.h:2"])));
        assert_eq!(places_in(" f+0x1/0x2 [mod]"), None);
    }
}
