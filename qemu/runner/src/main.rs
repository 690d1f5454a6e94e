// SPDX-License-Identifier: GPL-2.0

//! The host program: builds kernels and modules, boots guests, and judges what they print.
//! `make` calls it; it can be called directly, too.
//!
//! Exit status: 0 as claimed, 1 not as claimed, 2 usage, 4 skipped, 69 could not run,
//! 124 timeout, 130 interrupted.

mod accel;
mod analyzer;
mod bench;
mod bless;
mod case;
mod check;
mod child;
mod claim;
mod debug;
mod decoded;
mod decoder;
mod devicetree;
mod faces;
mod front;
mod guest;
mod image;
mod junit;
mod kernel;
mod ktap;
mod list;
mod machine;
mod merge;
mod modules;
mod mutate;
mod new_case;
mod page;
mod parallel;
mod patched;
mod project;
mod prove;
mod record;
mod repeat;
mod results;
mod run;
mod seed;
mod share;
mod show;
mod snapshot;
mod term;
mod transcript;
mod verdict;

use ::oopsarium::{annotate, console, decode, disassembly, normal, report, symbols};
use anyhow::{anyhow, bail, Context, Result};
use case::Case;
use clap::{Args, Parser, Subcommand};
use kernel::{Kernel, LinkedIn, DEFAULT_PROFILE};
use machine::{Arch, Machine};
use project::{Project, Tools};
use repeat::Tally;
use run::{Keep, Options, Run};
use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant, SystemTime},
};
use term::{BAD, BOLD, GOOD};
use verdict::Verdict;

/// Builds, boots and judges a collection of Linux kernel memory bugs.
#[derive(Parser)]
#[command(version, disable_help_subcommand = true)]
struct Cli {
    /// The project's folder [default: the one around the current folder]
    #[arg(long, global = true, env = "OOPSARIUM_ROOT")]
    root: Option<PathBuf>,
    /// The build folder [default: build in the project's folder]
    #[arg(long, global = true, env = "OOPSARIUM_BUILD")]
    build: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run one case, and show the console, the oops and the verdict
    Run {
        /// Which case
        case: String,
        /// Run the corrected twin; or, with the name of one, another way in which the bug is
        /// fixed, such as patch
        #[arg(long, num_args = 0..=1, default_missing_value = "1", value_name = "NAME",
            require_equals = true)]
        fixed: Option<String>,
        /// Run it in the way of this name: one of its variants
        #[arg(long, conflicts_with = "fixed")]
        way: Option<String>,
        /// Try the build of this name, which has to fail, in place of a guest
        #[arg(long, conflicts_with = "times")]
        face: Option<String>,
        #[command(flatten)]
        repeat: Repeat,
        #[command(flatten)]
        on: On,
        #[command(flatten)]
        guest: GuestArgs,
    },
    /// Run every case and twin, and the host's checks, as KTAP
    Check {
        /// Only the cases that match these patterns, and no host checks
        #[arg(long, default_value = "")]
        cases: String,
        /// Only on this architecture
        #[arg(long)]
        arch: Option<Arch>,
        /// Only this part of the tests, such as 1/4
        #[arg(long)]
        shard: Option<check::Shard>,
        #[command(flatten)]
        repeat: Repeat,
        #[arg(long, default_value = DEFAULT_PROFILE)]
        profile: String,
        #[command(flatten)]
        guest: GuestArgs,
    },
    /// Run cases, and keep what they print as their transcripts
    Bless {
        /// Which cases: patterns, separated by blanks or commas
        cases: String,
        /// Only on this architecture
        #[arg(long)]
        arch: Option<Arch>,
        /// How long a guest may take, in seconds
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        timeout: Option<u64>,
    },
    /// Make the results of all shards of a check one
    Merge {
        /// The results.json of each shard, or the folders that they are in
        #[arg(required = true)]
        results: Vec<PathBuf>,
    },
    /// Change what the last runs printed, and what is claimed, and see each change noticed
    Mutate {
        /// Only the cases that match these patterns
        #[arg(long, default_value = "")]
        cases: String,
    },
    /// Break what the samples show, one thing at a time, and see their own checks notice
    Prove {
        /// Only the samples that match these patterns
        #[arg(long, default_value = "")]
        cases: String,
        /// Only on this architecture
        #[arg(long)]
        arch: Option<Arch>,
        /// How long a guest may take, in seconds
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        timeout: Option<u64>,
    },
    /// List the cases
    List,
    /// Show one case's document
    Explain {
        /// Which case
        case: String,
    },
    /// Write the folder of a new case, which begins as one that works
    NewCase {
        /// Its name, such as my-case
        case: String,
        /// It runs while the kernel boots, and is not loaded
        #[arg(long, default_value = "0", action = clap::ArgAction::Set)]
        #[arg(value_parser = clap::builder::BoolishValueParser::new())]
        boot: bool,
    },
    /// Say which architecture a case is run on
    Arch {
        /// Which case
        case: String,
        #[command(flatten)]
        on: On,
    },
    /// Decode a log: files, lines, source and instructions for every oops in it
    Decode(decoder::Args),
    /// Hold the decoder against the kernel's decode_stacktrace.sh: the same lines, and how fast
    DecodeBench(decoder::BenchArgs),
    /// Measure runs, the check and the decoder, as ratios
    Bench {
        /// Only on this architecture
        #[arg(long)]
        arch: Option<Arch>,
        /// The loadable case that is the measure of all
        #[arg(long, default_value = "gfp-slab")]
        case: String,
        /// How often each thing is done
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
        rounds: u16,
    },
    /// Run one case with gdb at it, stopped at the statement that is wrong
    Debug {
        #[command(flatten)]
        what: debug::Args,
        #[command(flatten)]
        on: On,
        #[command(flatten)]
        guest: GuestArgs,
    },
    /// Boot a guest with all modules and a shell in it
    Shell {
        #[command(flatten)]
        on: On,
        #[command(flatten)]
        guest: GuestArgs,
    },
    /// Build the kernel and the modules, and no more
    Build {
        #[command(flatten)]
        on: On,
    },
    /// Build the modules for another kernel
    Modules {
        /// Its build folder, or its headers
        #[arg(long)]
        kdir: PathBuf,
    },
    /// Write rust-project.json, for editors
    RustAnalyzer {
        #[command(flatten)]
        on: On,
    },
    /// Renew the README's generated parts
    Readme,
    /// Remove what kbuild made, wherever that is
    Clean,
}

#[derive(Args)]
struct On {
    /// Which architecture [default: x86_64, or the one that the case runs on]
    #[arg(long)]
    arch: Option<Arch>,
    /// Which profile of kernel options (scripts/config/profile-NAME.config)
    #[arg(long, default_value = DEFAULT_PROFILE)]
    profile: String,
}

impl On {
    /// The architecture, where no case has a say in it.
    fn arch(&self) -> Arch {
        self.arch.unwrap_or(Arch::X86_64)
    }
}

#[derive(Args)]
struct Repeat {
    /// How many times each run is done; goes on behind one that is not as claimed, and says how
    /// many are
    #[arg(long = "repeat", default_value = "1", value_name = "TIMES")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    times: u64,
}

impl Repeat {
    fn times(&self) -> usize {
        // A million fits.
        self.times as usize
    }
}

#[derive(Args)]
struct GuestArgs {
    /// How CPUs are run
    #[arg(long, value_enum, default_value = "auto")]
    accel: accel::Choice,
    /// How long a guest may take, in seconds
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: Option<u64>,
    /// Further words for the kernel's command line
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    kernel_args: String,
    /// Further words for QEMU's command line
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    qemu_args: String,
    /// Whether a guest is restored from a snapshot where one serves; 0 boots every guest
    #[arg(long, default_value = "1", action = clap::ArgAction::Set)]
    #[arg(value_parser = clap::builder::BoolishValueParser::new())]
    snapshot: bool,
}

impl GuestArgs {
    fn options(&self, verbose: bool) -> Result<Options> {
        Ok(Options {
            verbose,
            compare: true,
            accel: self.accel,
            timeout: self.timeout.map(Duration::from_secs),
            kernel_args: guest::split_words("KERNEL_ARGS", &self.kernel_args)?,
            qemu_args: guest::split_words("QEMU_ARGS", &self.qemu_args)?,
            snapshot: self.snapshot,
            keep: Keep::Last,
        })
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match child::catch_interrupts().and_then(|()| dispatch(cli)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let code = if error.is::<child::Interrupted>() {
                130
            } else if error.is::<Usage>() {
                2
            } else {
                69
            };
            let _ = writeln!(anstream::stderr(), "{BAD}oopsarium:{BAD:#} {error:#}");
            if let Some(advice) = advice(&error) {
                let _ = writeln!(anstream::stderr(), "{advice}");
            }
            ExitCode::from(code)
        }
    }
}

/// What to do about a file or a disk that cannot be written.
fn advice(error: &anyhow::Error) -> Option<&'static str> {
    use std::io::ErrorKind;
    let kinds = error.chain().filter_map(|cause| {
        let error = cause.downcast_ref::<std::io::Error>()?;
        Some(error.kind())
    });
    kinds.into_iter().find_map(|kind| match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Some(
            "free some space there (make clean removes all that was built), or name a build \
             folder on another disk with O=",
        ),
        ErrorKind::ReadOnlyFilesystem
        | ErrorKind::PermissionDenied
        | ErrorKind::NotADirectory
        | ErrorKind::AlreadyExists => {
            Some("make that a folder that you may write to, or name another build folder with O=")
        }
        _ => None,
    })
}

/// A mistake in what was typed.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.0)
    }
}

impl std::error::Error for Usage {}

/// Makes an error a mistake in what was typed.
fn usage(error: anyhow::Error) -> anyhow::Error {
    Usage(format!("{error:#}")).into()
}

fn dispatch(cli: Cli) -> Result<u8> {
    let project = Project::find(cli.root, cli.build).map_err(usage);
    // A log is decoded anywhere.
    if let Command::Decode(args) = &cli.command {
        return decoder::decode(project.ok().as_ref(), args);
    }
    let project = project?;
    match cli.command {
        Command::Run {
            case,
            fixed: _,
            way: _,
            face: Some(face),
            repeat: _,
            on,
            guest: _,
        } => try_build(&project, &case, &face, &on),
        Command::Run {
            case,
            fixed,
            way,
            face: None,
            repeat,
            on,
            guest,
        } => {
            let wanted = (fixed.as_deref(), way.as_deref());
            run_case(&project, &case, wanted, &repeat, &on, &guest)
        }
        Command::Check {
            cases,
            arch,
            shard,
            repeat,
            profile,
            guest,
        } => {
            let part = (shard.unwrap_or(check::Shard::WHOLE), repeat.times());
            check_all(&project, &cases, arch, part, &profile, &guest)
        }
        Command::Bless {
            cases,
            arch,
            timeout,
        } => bless_cases(&project, &cases, arch, timeout.map(Duration::from_secs)),
        Command::Merge { results } => merge_shards(&project, &results),
        Command::Mutate { cases } => mutate_cases(&project, &cases),
        Command::Prove {
            cases,
            arch,
            timeout,
        } => prove_samples(&project, &cases, arch, timeout.map(Duration::from_secs)),
        Command::List => {
            anstream::print!("{}", list::list(&Case::all(&project.root)?)?);
            Ok(0)
        }
        Command::Explain { case } => {
            let case = case_named(&project, &case)?;
            anstream::print!("{}", list::explain(&project.root, &case)?);
            Ok(0)
        }
        Command::NewCase { case, boot } => new_case(&project, &case, boot),
        Command::Arch { case, on } => {
            let case = case_named(&project, &case)?;
            let machine = machine_for(&project, &case, on.arch)?;
            println!("{}", machine.map_or(on.arch(), |machine| machine.arch));
            Ok(0)
        }
        Command::Decode(_) => Ok(0),
        Command::DecodeBench(args) => decoder::bench(&project, &args),
        Command::Bench { arch, case, rounds } => run_bench(&project, arch, &case, rounds),
        Command::Debug { what, on, guest } => debug::debug(&project, &what, &on, &guest),
        Command::Shell { on, guest } => shell(&project, &on, &guest),
        Command::Build { on } => {
            build(&project, &on)?;
            Ok(0)
        }
        Command::Modules { kdir } => {
            let tools = Tools::read(&project)?;
            for module in modules::build_for(&project, &tools, &kdir)? {
                println!("{}", module.display());
            }
            Ok(0)
        }
        Command::RustAnalyzer { on } => {
            let (tools, kernel, _) = build(&project, &on)?;
            analyzer::write(&project, &tools, &kernel)?;
            Ok(0)
        }
        Command::Readme => {
            list::renew_readme(&project.root, &Case::all(&project.root)?)?;
            Ok(0)
        }
        Command::Clean => {
            if project.kbuild != project.build {
                std::fs::remove_dir_all(&project.kbuild)
                    .with_context(|| format!("cannot remove {}", project.kbuild.display()))?;
            }
            Ok(0)
        }
    }
}

/// Builds the kernel.
fn build_kernel(project: &Project, arch: Arch, profile: &str) -> Result<(Tools, Kernel)> {
    build_kernel_with(project, arch, profile, LinkedIn::All)
}

/// Builds the kernel for a run that needs what `linked_in` says.
fn build_kernel_with(
    project: &Project,
    arch: Arch,
    profile: &str,
    linked_in: LinkedIn,
) -> Result<(Tools, Kernel)> {
    let tools = Tools::read(project)?;
    let kernel = Kernel::locate(project, &tools, arch, profile)?;
    kernel.build_with(project, &tools, linked_in)?;
    Ok((tools, kernel))
}

/// Builds the kernel and all modules.
fn build(project: &Project, on: &On) -> Result<(Tools, Kernel, modules::Modules)> {
    let (tools, kernel) = build_kernel(project, on.arch(), &on.profile)?;
    let modules = modules::build(project, &tools, &kernel, None)?;
    Ok((tools, kernel, modules))
}

/// The machine that stands for an architecture: the one of the same name.
fn machine(project: &Project, arch: Arch) -> Result<Machine> {
    let mut machines = Machine::all(&project.root)?.into_iter();
    let machine = machines.find(|machine| machine.name == arch.name());
    machine.with_context(|| format!("no machine qemu/machines/{arch}.toml"))
}

/// The machine that `case` runs on: of the architecture `arch`, or the last of those that it
/// names, which is x86_64 where it is among them.
fn machine_for(project: &Project, case: &Case, arch: Option<Arch>) -> Result<Option<Machine>> {
    let machines = Machine::all(&project.root)?;
    let named = machines
        .into_iter()
        .filter(|machine| case.file.machines.contains(&machine.name));
    Ok(match arch {
        Some(arch) => named.into_iter().find(|machine| machine.arch == arch),
        None => named.max_by_key(|machine| machine.arch == Arch::X86_64),
    })
}

/// The case called `id`. With all the others to read, a run would begin later by a tenth.
fn case_named(project: &Project, id: &str) -> Result<Case> {
    if let Some(case) = Case::in_its_folder(&project.root, id)? {
        return Ok(case);
    }
    let cases = Case::all(&project.root)?;
    case::find(&cases, id).cloned().map_err(usage)
}

fn run_case(
    project: &Project,
    id: &str,
    (fixed, way): (Option<&str>, Option<&str>),
    repeat: &Repeat,
    on: &On,
    guest: &GuestArgs,
) -> Result<u8> {
    let started = Instant::now();
    // What can be refused is refused before anything is built.
    let case = &case_named(project, id)?;
    let options = guest.options(true).map_err(usage)?;
    let Some(machine) = machine_for(project, case, on.arch)? else {
        let reason = match case.skip(on.arch()) {
            Some(reason) => reason.to_owned(),
            None => format!(
                "{} runs on {}, not on {}",
                case.id,
                case.file.machines.join(", "),
                on.arch()
            ),
        };
        anstream::println!("{BOLD}{}: skipped{BOLD:#}: {reason}", case.id);
        return Ok(verdict::Verdict::Skipped(reason).exit_code());
    };
    let side = case.side(fixed, way).map_err(usage)?;
    let (tools, base) = build_kernel_with(project, machine.arch, &on.profile, case.linked_in())?;
    let kernel = patched::kernel_for(project, &tools, &base, case, side)?;
    let modules = match case.module_to_load(side) {
        Some(module) => Some(modules::build(project, &tools, &kernel, Some(&module))?),
        None => None,
    };
    let run = Run {
        case,
        side,
        machine: &machine,
        kernel: &kernel,
        modules: modules.as_ref(),
    };
    let show = |line: &str| {
        // A reader that went away is no reason to stop judging.
        let _ = writeln!(std::io::stdout(), "{line}");
    };
    if repeat.times() > 1 {
        let once = |number: usize, options: &Options| {
            run.run(project, &tools, options, |line| {
                if number == 1 {
                    show(line);
                }
            })
        };
        return run_often(project, &run, repeat.times(), &options, started, once);
    }
    let finished = run.run(project, &tools, &options, show)?;
    anstream::println!();
    if !finished.reports.is_empty() {
        anstream::println!("{}", run.decoded(&finished.reports)?);
    }
    let verdict = &finished.verdict;
    let style = if verdict.exit_code() == 0 { GOOD } else { BAD };
    let comparison = &finished.comparison;
    let claim_holds = matches!(verdict, Verdict::Match)
        || comparison.complaint(&case.id).as_slice() == verdict.why();
    if claim_holds {
        anstream::print!("{}", term::diff(&comparison.diff));
    }
    if *verdict == Verdict::Match {
        if let Some(complaint) = comparison.complaint(&case.id) {
            anstream::println!("{complaint}");
        }
    }
    anstream::println!("traces: {}", project.relative(&finished.folder).display());
    for reason in verdict.why() {
        anstream::println!("  {BAD}-{BAD:#} {reason}");
    }
    anstream::println!(
        "{style}{}: {verdict}{style:#} ({}; guest {}, all {})",
        run.name(),
        summary(&finished),
        term::seconds(finished.took),
        term::seconds(started.elapsed())
    );
    Ok(verdict.exit_code())
}

/// Writes the folder of a new case, and says what to do with it.
fn new_case(project: &Project, id: &str, boot: bool) -> Result<u8> {
    let cases = Case::all(&project.root)?;
    let model = case::find(&cases, new_case::model(boot))?;
    let folder = new_case::write(&project.root, &cases, id, model).map_err(usage)?;
    let folder = project.relative(&folder);
    let id = id.replace('_', "-");
    let name = id.replace('-', "_");
    anstream::println!("{BOLD}{}{BOLD:#} is there:", folder.display());
    for (file, about) in [
        (
            format!("{name}.rs"),
            "the module: its document, and the code that commits the bug",
        ),
        (format!("{name}_fixed.rs"), "the same with the bug mended"),
        ("case.toml".to_owned(), "what it claims"),
    ] {
        anstream::println!(
            "  {file:width$}  {about}",
            width = name.len() + "_fixed.rs".len()
        );
    }
    anstream::println!(
        "It commits the bug of {} as yet, so that it can be run at once:\n  \
         make run-case CASE={id}\n\
         Make it another one: what is to be written says TODO, and README.md (Adding a case)\n\
         says how to go on.",
        model.id
    );
    Ok(0)
}

/// How many runs that are not as claimed are told of when they come.
const TOLD: usize = 5;

/// Does `once` as many `times`, and says how many are as claimed.
fn run_often(
    project: &Project,
    run: &Run<'_>,
    times: usize,
    options: &Options,
    started: Instant,
    once: impl Fn(usize, &Options) -> Result<run::Finished>,
) -> Result<u8> {
    let mut tally = Tally::new(times);
    let progress = term::Checks::start(times);
    let mut told = 0;
    let result = tally.fill(options, |number, options| {
        let name = format!("run {number}");
        progress.begin(&name);
        // The first one shows its console.
        let finished = match number {
            1 => progress.suspend(|| once(number, options)),
            _ => once(number, options),
        };
        let finished = finished?;
        let good = finished.verdict == Verdict::Match;
        progress.end(&name, good);
        if !good {
            told += 1;
        }
        if !good && told <= TOLD {
            let reason = finished.verdict.why().first().map_or("", String::as_str);
            progress.suspend(|| {
                anstream::println!("{BAD}{name}: {}{BAD:#}: {reason}", finished.verdict);
            });
        }
        Ok(finished)
    });
    progress.done();
    // What was done before the user stopped it is worth a line, too.
    if let Err(error) = result {
        term::note(&format!("{}: {}", run.name(), tally.in_words()));
        return Err(error);
    }
    let (Some(verdict), Some(shown)) = (tally.verdict(), tally.shown()) else {
        bail!("{} was not run", run.name());
    };
    anstream::println!();
    if !shown.reports.is_empty() {
        anstream::println!("{}", run.decoded(&shown.reports)?);
    }
    anstream::print!("{}", term::diff(&shown.comparison.diff));
    if let Some(unlike) = tally.unlike() {
        anstream::println!("{unlike}");
    }
    anstream::println!("traces: {}", project.relative(&shown.folder).display());
    for reason in verdict.why() {
        anstream::println!("  {BAD}-{BAD:#} {reason}");
    }
    let style = if verdict.exit_code() == 0 { GOOD } else { BAD };
    anstream::println!(
        "{style}{}: {verdict}{style:#} ({}; {}; guest {}; all {})",
        run.name(),
        tally.in_words(),
        summary(shown),
        tally.pace(),
        term::seconds(started.elapsed())
    );
    Ok(verdict.exit_code())
}

/// Tries a build of a case that has to fail.
fn try_build(project: &Project, id: &str, face: &str, on: &On) -> Result<u8> {
    let case = &case_named(project, id)?;
    let arch = on.arch();
    let fits = |face: &&claim::FailingBuild| face.arch.is_none_or(|only| only == arch);
    let faces: Vec<_> = case.file.build.iter().filter(fits).collect();
    let Some(face) = faces.iter().find(|known| known.name == face) else {
        let known: Vec<&str> = faces.iter().map(|face| face.name.as_str()).collect();
        return Err(usage(anyhow!(
            "{} has no build \"{face}\" on {}; it has: {}",
            case.id,
            arch,
            known.join(", ")
        )));
    };
    let (tools, kernel) = build_kernel(project, arch, &on.profile)?;
    let (verdict, said) = faces::run(project, &tools, &kernel, case, face)?;
    print!("{said}");
    for reason in verdict.why() {
        anstream::println!("  {BAD}-{BAD:#} {reason}");
    }
    let style = if verdict.exit_code() == 0 { GOOD } else { BAD };
    anstream::println!(
        "{style}{} ({} build) on {}: {verdict}{style:#}",
        case.id,
        face.name,
        arch
    );
    Ok(verdict.exit_code())
}

/// The reports in a few words.
fn summary(finished: &run::Finished) -> String {
    let titles: Vec<&str> = finished
        .reports
        .iter()
        .filter(|report| report.consequence_of.is_none())
        .map(|report| report.title.as_str())
        .collect();
    match titles.as_slice() {
        [] => "no report".to_owned(),
        [title] => (*title).to_owned(),
        [title, rest @ ..] if rest.iter().all(|other| other == title) => {
            format!("{} times {title}", titles.len())
        }
        [title, rest @ ..] => format!("{title}, and {} more", rest.len()),
    }
}

fn check_all(
    project: &Project,
    patterns: &str,
    arch: Option<Arch>,
    (shard, times): (check::Shard, usize),
    profile: &str,
    guest: &GuestArgs,
) -> Result<u8> {
    let (since, started) = (SystemTime::now(), Instant::now());
    let cases = Case::all(&project.root)?;
    let chosen = case::select(&cases, patterns).map_err(usage)?;
    let options = guest.options(false).map_err(usage)?;
    let tools = Tools::read(project)?;
    let machines: Vec<Machine> = Machine::all(&project.root)?
        .into_iter()
        .filter(|machine| arch.is_none_or(|arch| arch == machine.arch))
        .collect();
    let mut built = Vec::new();
    for arch in Arch::ALL {
        if machines.iter().any(|machine| machine.arch == arch) {
            let kernel = Kernel::locate(project, &tools, arch, profile)?;
            let failure = kernel.build(project, &tools).err();
            let modules = match failure {
                None => modules::build(project, &tools, &kernel, None).ok(),
                Some(_) => None,
            };
            child::check_interrupted()?;
            built.push(check::Built {
                kernel,
                failure: failure.map(|error| format!("{error:#}")),
                modules,
            });
        }
    }
    let mut tests = Vec::new();
    if patterns.trim().is_empty() {
        tests.extend(check::host_tests(project, &tools, &cases, &built));
        tests.extend(debug::tests(
            project, &tools, &options, &cases, &machines, &built,
        ));
    }
    tests.extend(check::guest_tests(
        project, &tools, &options, &chosen, &machines, &built, times,
    ));
    tests.extend(check::snapshot_tests(
        project, &tools, &options, &chosen, &machines, &built,
    ));
    tests.extend(check::build_tests(project, &tools, &chosen, &built));
    let tests = check::in_order(tests);
    let own = check::of_shard(&tests, shard);
    let checked = record::Checked {
        built: &built,
        variables: &variables(profile, times, guest),
        since,
    };
    let (mut found, stopped) = check::run(&own, kernel::jobs());
    let about = record::about(project, &tools, &checked);
    record::guests(project, &checked, &own, &mut found);
    let mut command = "make check".to_owned();
    for (key, value) in [
        ("CASES", patterns.trim()),
        ("ARCH", arch.map_or("", Arch::name)),
    ] {
        if !value.is_empty() {
            command += &format!(" {key}={}", term::quote(value));
        }
    }
    let results = results::Results {
        run: results::About {
            seconds: started.elapsed().as_secs_f64(),
            command: command + checked.variables,
            shard: shard.info(),
            interrupted: stopped,
            ..about
        },
        plan: tests.iter().map(|test| test.name().to_owned()).collect(),
        cases: record::cases(&project.root, &chosen)?,
        machines: record::machines(&machines),
        tests: found,
        ..record::empty()
    };
    if !stopped {
        print!("{}", ktap::summary(&results.totals()));
    }
    report_results(project, &project.build.join("results"), &results)
}

/// The variables of `make` that were given for kernel and guests, as they are typed.
fn variables(profile: &str, times: usize, guest: &GuestArgs) -> String {
    let accel = match guest.accel {
        accel::Choice::Auto => "",
        accel::Choice::Kvm => "kvm",
        accel::Choice::Tcg => "tcg",
    };
    let timeout = guest.timeout.map(|seconds| seconds.to_string());
    let times = Some(times).filter(|times| *times > 1);
    let times = times.map(|times| times.to_string());
    let profile = Some(profile).filter(|profile| *profile != DEFAULT_PROFILE);
    [
        ("REPEAT", times.as_deref().unwrap_or_default()),
        ("PROFILE", profile.unwrap_or_default()),
        ("ACCEL", accel),
        ("TIMEOUT", timeout.as_deref().unwrap_or_default()),
        ("KERNEL_ARGS", guest.kernel_args.as_str()),
        ("QEMU_ARGS", guest.qemu_args.as_str()),
        ("SNAPSHOT", if guest.snapshot { "" } else { "0" }),
    ]
    .iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(key, value)| format!(" {key}={}", term::quote(value)))
    .collect()
}

/// Writes `results` to `folder`, says how they are, and gives the program's exit status.
fn report_results(project: &Project, folder: &Path, results: &results::Results) -> Result<u8> {
    let page = record::write(folder, results)?;
    term::note(&results.totals().in_words());
    term::note(&format!(
        "the results: {}",
        project.relative(&page).display()
    ));
    if results.run.interrupted {
        return Ok(130);
    }
    Ok(u8::from(!results.is_good()))
}

/// Makes the results of all shards one.
fn merge_shards(project: &Project, paths: &[PathBuf]) -> Result<u8> {
    let mut parts = Vec::new();
    for path in paths {
        let results = results::Results::read(path).map_err(usage)?;
        parts.push((path.display().to_string(), results));
    }
    let mut results = merge::merge(&parts).map_err(usage)?;
    // Whatever a shard that was stopped says of itself, this was not.
    let stopped = std::mem::take(&mut results.run.interrupted);
    let names: Vec<&str> = results.plan.iter().map(String::as_str).collect();
    print!("{}", ktap::Layout::new(&names).whole(&results.tests));
    let code = report_results(project, &project.build.join("merged"), &results)?;
    Ok(code.max(u8::from(stopped)))
}

fn bless_cases(
    project: &Project,
    patterns: &str,
    arch: Option<Arch>,
    timeout: Option<Duration>,
) -> Result<u8> {
    bless::refuse_ci(std::env::var_os("CI").as_deref()).map_err(usage)?;
    let cases = Case::all(&project.root)?;
    if patterns.trim().is_empty() {
        return Err(usage(anyhow!(
            "CASE= is missing; make bless CASE='*' is all of them"
        )));
    }
    let chosen = case::select(&cases, patterns).map_err(usage)?;
    let machines: Vec<Machine> = Machine::all(&project.root)?
        .into_iter()
        .filter(|machine| arch.is_none_or(|arch| arch == machine.arch))
        .collect();
    let runs_on = |case: &Case, machine: &Machine| case.file.machines.contains(&machine.name);
    let mut built = Vec::new();
    for arch in Arch::ALL {
        let needed = machines.iter().any(|machine| {
            machine.arch == arch && chosen.iter().any(|case| runs_on(case, machine))
        });
        if needed {
            let (tools, kernel) = build_kernel(project, arch, DEFAULT_PROFILE)?;
            let modules = modules::build(project, &tools, &kernel, None)?;
            built.push((kernel, modules));
        }
    }
    let mut wanted = Vec::new();
    for case in &chosen {
        for machine in machines.iter().filter(|machine| runs_on(case, machine)) {
            for (kernel, modules) in built.iter().filter(|(k, _)| k.arch == machine.arch) {
                wanted.extend(case.sides().into_iter().filter_map(|side| {
                    Some(bless::Wanted {
                        case,
                        side,
                        machine,
                        path: transcript::path(case, side, machine)?,
                        kernel,
                        modules,
                    })
                }));
            }
        }
    }
    let tools = Tools::read(project)?;
    let failed = bless::bless(project, &tools, timeout, &wanted, kernel::jobs())?;
    Ok(u8::from(failed != 0))
}

fn mutate_cases(project: &Project, patterns: &str) -> Result<u8> {
    let cases = Case::all(&project.root)?;
    let chosen = case::select(&cases, patterns).map_err(usage)?;
    let machines = Machine::all(&project.root)?;
    let tools = Tools::read(project)?;
    let mut kernels = Vec::new();
    for arch in Arch::ALL {
        let kernel = Kernel::locate(project, &tools, arch, DEFAULT_PROFILE)?;
        if kernel.image().is_file() {
            let modules = modules::build(project, &tools, &kernel, None).ok();
            kernels.push((kernel, modules));
        }
    }
    let mut runs = Vec::new();
    // A sample checks itself, and prints what it found.
    for case in chosen.into_iter().filter(|case| !case.is_sample()) {
        let here = |machine: &&Machine| case.file.machines.contains(&machine.name);
        for machine in machines.iter().filter(here) {
            for (kernel, modules) in kernels.iter().filter(|(k, _)| k.arch == machine.arch) {
                runs.extend(case.sides().into_iter().map(|side| Run {
                    case,
                    side,
                    machine,
                    kernel,
                    modules: modules.as_ref(),
                }));
            }
        }
    }
    Ok(u8::from(!mutate::mutate(project, &runs)?))
}

fn run_bench(project: &Project, arch: Option<Arch>, case: &str, rounds: u16) -> Result<u8> {
    let cases = Case::all(&project.root)?;
    let loadable = case::find(&cases, case).map_err(usage)?;
    if !loadable.loadable() || loadable.is_sample() {
        return Err(usage(anyhow!(
            "CASE={case}: what is measured is the insmod of a case; take a loadable one, as \
             make list shows them"
        )));
    }
    let all: Vec<&str> = cases
        .iter()
        .filter(|case| !case.is_sample())
        .map(|case| case.id.as_str())
        .collect();
    let boot = cases
        .iter()
        .find(|case| !case.loadable() && !case.is_sample());
    let archs: Vec<Arch> = Arch::ALL
        .into_iter()
        .filter(|known| arch.is_none_or(|arch| arch == *known))
        .collect();
    let wanted = bench::Wanted {
        archs: &archs,
        loadable: &loadable.id,
        boot: &boot.context("no case is linked into the kernel")?.id,
        cases: &all.join(" "),
        rounds: usize::from(rounds),
    };
    let tools = Tools::read(project)?;
    print!("{}", bench::bench(project, &tools, &wanted)?);
    Ok(0)
}

fn prove_samples(
    project: &Project,
    patterns: &str,
    only: Option<Arch>,
    timeout: Option<Duration>,
) -> Result<u8> {
    let cases = Case::all(&project.root)?;
    let mut chosen = case::select(&cases, patterns).map_err(usage)?;
    chosen.retain(|case| case.is_sample());
    if chosen.is_empty() {
        return Err(usage(anyhow!(
            "CASES={}: no sample among them; only a sample checks itself",
            term::quote(patterns)
        )));
    }
    let machines = Machine::all(&project.root)?;
    let mut tally = prove::Tally::default();
    for arch in Arch::ALL {
        let needed = |case: &&Case| {
            let own = machines.iter().filter(|machine| machine.arch == arch);
            own.into_iter()
                .any(|machine| case.file.machines.contains(&machine.name))
        };
        if only.is_some_and(|only| only != arch) || !chosen.iter().any(needed) {
            continue;
        }
        let (tools, base) = build_kernel(project, arch, DEFAULT_PROFILE)?;
        let here = prove::prove(project, &tools, &base, &chosen, &machines, timeout)?;
        tally.tried += here.tried;
        tally.unnoticed += here.unnoticed;
    }
    prove::summary(&tally);
    Ok(u8::from(tally.unnoticed != 0))
}

fn shell(project: &Project, on: &On, guest: &GuestArgs) -> Result<u8> {
    let options = guest.options(true).map_err(usage)?;
    let machine = machine(project, on.arch())?;
    let (tools, kernel, modules) = build(project, on)?;
    let payload = image::Payload::new(&tools, &kernel, &modules.all()?, &[])?;
    let image = image::make(project, &tools, &kernel, &payload)?;
    // QEMU reads it before the shell is there; it is overwritten by the next one.
    let initrd = project.build.join(format!("shell-{}.cpio", machine.arch));
    project::write_whole(&initrd, &image)?;
    let mut guest = guest::Guest::new(&tools, &machine, &kernel, guest::Accel::Tcg, &initrd)?;
    guest.kernel_args = options.kernel_args;
    guest.qemu_args = options.qemu_args;
    guest.accel = accel::choose(project, options.accel, &guest)?;
    let mut qemu = guest.interactive();
    term::command(&qemu);
    // QEMU takes this program's place, and with it the terminal.
    let error = qemu.exec();
    bail!(
        "cannot start {}: {error}",
        qemu.get_program().to_string_lossy()
    )
}
