// SPDX-License-Identifier: GPL-2.0

//! `make debug`: a case's run with gdb at it, stopped at the statement that is wrong on
//! purpose. Here it is said where that is, QEMU is started and waits, and gdb is started
//! with what it is to do (`debug/session.py`); what it finds there is the user's affair.

mod statement;

use crate::{
    accel::Choice,
    build_kernel_with,
    case::{Case, Part, Side},
    case_named,
    check::{Built, Outcome, Test},
    child::{self, Guarded},
    claim::{ClaimedReport, Reach},
    console, front,
    guest::{self, Guest, FLOOD},
    kernel::Kernel,
    machine::Machine,
    machine_for, modules, patched,
    project::{self, Project, Tools},
    report,
    run::{self, Options, Run},
    symbols::{Start, Symbols},
    term::{self, BOLD},
    usage, verdict, GuestArgs, On,
};
use anyhow::{bail, Context, Result};
use nix::sys::resource::{setrlimit, Resource};
use serde::Serialize;
use std::{
    fs::{self, File},
    io::Read,
    ops::RangeInclusive,
    os::unix::{
        net::UnixListener,
        process::{CommandExt, ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc,
    thread::JoinHandle,
    time::Duration,
};

/// What is to be debugged, and how.
#[derive(clap::Args)]
pub struct Args {
    /// Which case
    case: String,
    /// Its corrected twin; or, with the name of one, another way in which the bug is fixed
    #[arg(long, num_args = 0..=1, default_missing_value = "1", value_name = "NAME",
        require_equals = true)]
    fixed: Option<String>,
    /// In the way of this name: one of its variants
    #[arg(long, conflicts_with = "fixed")]
    way: Option<String>,
    /// Further words for gdb's command line
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    gdb_args: String,
    /// Start no gdb: QEMU waits for one from elsewhere, and the command for that is shown
    #[arg(long)]
    wait: bool,
}

/// Debugs a case. The exit status is gdb's.
///
/// # Errors
///
/// When there is nothing to stop at, or something that it takes is not there.
pub fn debug(project: &Project, args: &Args, on: &On, guest: &GuestArgs) -> Result<u8> {
    let case = &case_named(project, &args.case)?;
    let options = guest.options(true).map_err(usage)?;
    let gdb_args = guest::split_words("GDB_ARGS", &args.gdb_args).map_err(usage)?;
    let side = case.side(args.fixed.as_deref(), args.way.as_deref());
    let side = side.map_err(usage)?;
    let stop = Stop::of(case, side).map_err(usage)?;
    let Some(machine) = machine_for(project, case, on.arch)? else {
        let machines = case.file.machines.join(", ");
        let reason = format!("{} runs on {machines}, not on {}", case.id, on.arch());
        let reason = case.skip(on.arch()).map_or(reason, str::to_owned);
        anstream::println!("{BOLD}{}: skipped{BOLD:#}: {reason}", case.id);
        return Ok(verdict::Verdict::Skipped(reason).exit_code());
    };
    let (tools, base) = build_kernel_with(project, machine.arch, &on.profile, case.linked_in())?;
    let gdb = match args.wait {
        true => Path::new("gdb-multiarch"),
        false => Path::new(tools.need(machine.arch.gdb_key())?),
    };
    let kernel = patched::kernel_for(project, &tools, &base, case, side)?;
    let module = case.module_to_load(side);
    let module = module.map(|module| modules::build(project, &tools, &kernel, Some(&module)));
    let modules = module.transpose()?;
    let run = Run {
        case,
        side,
        machine: &machine,
        kernel: &kernel,
        modules: modules.as_ref(),
    };
    let session = Session::new(&run, &stop, project, &tools, &options)?;
    let qemu = session.start()?;
    let mut gdb = session.gdb(gdb);
    gdb.args(gdb_args);
    if args.wait {
        println!("{} waits for:\n  {}", run.name(), term::quoted(&gdb));
        let status = qemu.wait()?;
        return Ok(u8::from(!status.success()));
    }
    term::command(&gdb);
    let status = front::run(&mut gdb)?;
    qemu.end()?;
    term::note(&format!(
        "the guest's console: {}",
        session.console.display()
    ));
    Ok(exit_code(status))
}

/// As the shell has it.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Where a run is to be stopped.
struct Stop {
    /// The source, and its path from the project's folder.
    text: String,
    file: PathBuf,
    lines: RangeInclusive<u32>,
    /// It is wrong on purpose; else it is the function that everything begins with.
    wrong: bool,
}

impl Stop {
    fn of(case: &Case, side: Side) -> Result<Self> {
        let parts = case.parts(side);
        let Some(Part::Module(_) | Part::Boot(_)) = parts.first() else {
            let scripts: Vec<String> = parts.iter().map(Part::name).collect();
            bail!(
                "{} ({}) is a script, {}: gdb has nothing to stop at; make shell starts a guest \
                 in which it can be followed by hand",
                case.id,
                case.side_name(side),
                scripts.join(", ")
            );
        };
        let source = case.source(side);
        let text = fs::read_to_string(&source)
            .with_context(|| format!("cannot read {}", source.display()))?;
        let file = source.strip_prefix(case.root()).unwrap_or(&source);
        let file = file.to_owned();
        let wrong = statement::violation(&text);
        let is_wrong = wrong.is_some();
        let lines = wrong
            .or_else(|| statement::init(&text))
            .with_context(|| format!("{}: no init function is found in it", source.display()))?;
        Ok(Self {
            text,
            file,
            lines,
            wrong: is_wrong,
        })
    }

    /// Where its code begins, and the line of that. What does nothing by itself has no code:
    /// then it is what follows.
    fn starts(&self, symbols: &Symbols, module: Option<&str>) -> Result<(u32, Vec<Start>)> {
        let (first, last) = (*self.lines.start(), *self.lines.end());
        let behind = (last + 1..=last + FURTHER).map(|line| line..=line);
        for lines in [self.lines.clone()].into_iter().chain(behind) {
            let starts = symbols.starts_of(module, &self.file, &lines);
            if !starts.is_empty() {
                return Ok((*lines.start(), starts));
            }
        }
        bail!(
            "{}:{first}: debug information knows no code there; make clean builds all anew",
            self.file.display()
        )
    }

    /// What gdb says when it has come there.
    fn banner(&self, name: &str, line: u32) -> String {
        let what = match self.wrong {
            true => "stopped before the statement that is wrong on purpose",
            false => "stopped where it begins",
        };
        let file = self.file.display();
        let mut text = format!("\n{name}: {what}, {file}:{line}\n");
        let (from, to) = (line.saturating_sub(AROUND), line.saturating_add(AROUND));
        for (number, source) in (1..).zip(self.text.lines()) {
            if (from..=to).contains(&number) {
                let mark = if number == line { '>' } else { ' ' };
                text += format!("  {mark} {number:4} | {source}").trim_end();
                text.push('\n');
            }
        }
        text += "  bt        how it came here           continue  what comes of it\n  \
                 next      over this statement        console   all that the guest has printed\n  \
                 step      into what it calls         apropos lx-  the kernel's own helpers\n\n";
        text
    }
}

/// How many lines behind a statement are looked at for code.
const FURTHER: u32 = 10;

/// How many lines around a statement are shown.
const AROUND: u32 = 4;

/// What gdb's part is told, as `debug/session.py` reads it.
#[derive(Serialize)]
struct Script<'a> {
    /// The kernel's debug information.
    vmlinux: &'a Path,
    /// What gdb connects to.
    socket: &'a Path,
    /// The file with what the guest printed.
    console: &'a Path,
    /// Where it is said that sources are, and where they are.
    substitutions: Vec<(String, PathBuf)>,
    /// The kernel's own helper scripts, if they are there.
    helpers: Vec<PathBuf>,
    /// The function of the kernel from which on the case's code is in memory.
    gate: Gate,
    /// The register that its first argument is in.
    argument: &'a str,
    /// The module that is loaded, if one is.
    module: Vec<(&'a str, PathBuf)>,
    /// Where to stop: the first that is come to counts.
    starts: Vec<Start>,
    /// The same for people.
    place: String,
    banner: String,
}

#[derive(Serialize)]
struct Gate {
    name: &'static str,
    address: u64,
}

/// A guest that is to be debugged, with all that gdb needs for it.
struct Session {
    name: String,
    guest: Guest,
    /// In results, and locked as long as this lives.
    folder: PathBuf,
    _lock: File,
    console: PathBuf,
    socket: PathBuf,
    /// Where the socket is, if it cannot be in that folder.
    _elsewhere: Option<tempfile::TempDir>,
}

impl Session {
    fn new(
        run: &Run<'_>,
        stop: &Stop,
        project: &Project,
        tools: &Tools,
        options: &Options,
    ) -> Result<Self> {
        let traces = run.folder(&project.build.join("results"));
        let (folder, lock) = own_folder(&traces)?;
        let options = Options {
            // There gdb's breakpoints change nothing in the guest; on KVM none of this was
            // ever tried.
            accel: match options.accel {
                Choice::Auto => Choice::Tcg,
                given => given,
            },
            ..options.clone()
        };
        let (mut guest, _) = run::prepare(&[run], project, tools, &options, &folder)?;
        if run.kernel.has("CONFIG_RANDOMIZE_BASE")? {
            guest.kernel_args.push("nokaslr".to_owned());
        }
        let (socket, elsewhere) = socket_in(&folder)?;
        let session = Self {
            name: run.name(),
            guest,
            console: folder.join("console.log"),
            folder,
            _lock: lock,
            socket,
            _elsewhere: elsewhere,
        };
        session.write_script(run, stop, project, tools)?;
        Ok(session)
    }

    fn script(&self) -> PathBuf {
        self.folder.join("debug.py")
    }

    fn write_script(
        &self,
        run: &Run<'_>,
        stop: &Stop,
        project: &Project,
        tools: &Tools,
    ) -> Result<()> {
        let kernel = run.kernel;
        let symbols = run.symbols()?;
        let module = run.case.module_to_load(run.side);
        let (line, starts) = stop.starts(&symbols, module.as_deref())?;
        let gate = match module {
            Some(_) => "do_init_module",
            None => "start_kernel",
        };
        let address = symbols.address(&named(gate));
        let address = address.with_context(|| format!("this kernel has no {gate}()"))?;
        let mut substitutions: Vec<(String, PathBuf)> = ["modules", "samples"]
            .map(|own| (own.to_owned(), project.root.join(own)))
            .into();
        let built_from = symbols.source_root();
        if built_from != kernel.source && built_from.parent().is_some() {
            let built_from = built_from.to_string_lossy().into_owned();
            substitutions.push((built_from, kernel.source.clone()));
        }
        let mut files = run.module_files()?.into_iter();
        let module = module.as_deref().zip(files.next());
        let script = Script {
            vmlinux: &kernel.vmlinux(),
            socket: &self.socket,
            console: &self.console,
            substitutions,
            helpers: helpers(kernel, tools)?,
            gate: Gate {
                name: gate,
                address,
            },
            argument: kernel.arch.first_argument(),
            module: module.into_iter().collect(),
            starts,
            place: format!("{}:{line}", stop.file.display()),
            banner: stop.banner(&self.name, line),
        };
        // Strings, numbers, lists and dictionaries are written in Python as they are in JSON.
        let text = format!(
            "# SPDX-License-Identifier: GPL-2.0\n# {}\n\nSESSION = {}\n\n{}",
            self.name,
            serde_json::to_string_pretty(&script)?,
            include_str!("debug/session.py")
        );
        project::write_whole(&self.script(), text.as_bytes())
    }

    /// gdb's command line.
    fn gdb(&self, gdb: &Path) -> Command {
        let mut command = Command::new(gdb);
        command.arg("-q").arg("-x").arg(self.script());
        command
    }

    /// Starts QEMU, which waits for gdb.
    fn start(&self) -> Result<Qemu> {
        let cannot = || format!("cannot write {}", self.socket.display());
        let listener = UnixListener::bind(&self.socket).with_context(cannot)?;
        let mut command = self.guest.debugged(&self.console, "chardev:gdb");
        let number = child::inherit(&mut command, listener);
        command.args([
            "-chardev",
            &format!("socket,id=gdb,fd={number},server=on,wait=off"),
        ]);
        // SAFETY: setrlimit() is one system call, which may stand between fork and exec.
        unsafe {
            command.pre_exec(|| {
                // All that it writes is the console, which is not to fill the disk.
                let most = FLOOD as u64;
                setrlimit(Resource::RLIMIT_FSIZE, most, most)?;
                Ok(())
            })
        };
        let nothing = Stdio::null;
        command
            .stdin(nothing())
            .stdout(nothing())
            .stderr(Stdio::piped());
        let mut child = Guarded::start(&mut command)?;
        let said = child.child().stderr.take();
        let said = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = said.map(|said| said.take(CHATTER).read_to_end(&mut bytes));
            read.map(|_| String::from_utf8_lossy(&bytes).into_owned())
        });
        Ok(Qemu { child, said })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.socket);
    }
}

/// How much is kept of what QEMU itself says, in bytes.
const CHATTER: u64 = 64 << 10;

/// A folder of the session's own, beside that of the case's runs: two sessions of one case
/// can be side by side.
fn own_folder(traces: &Path) -> Result<(PathBuf, File)> {
    let name = traces.file_name().unwrap_or_default().to_string_lossy();
    for number in 1_u32.. {
        let name = match number {
            1 => format!("{name}_debug"),
            _ => format!("{name}_debug-{number}"),
        };
        let folder = traces.with_file_name(name);
        let cannot = || format!("cannot write to {}", folder.display());
        fs::create_dir_all(&folder).with_context(cannot)?;
        let lock = File::open(&folder).with_context(cannot)?;
        if !project::is_free(&lock) {
            continue;
        }
        for entry in fs::read_dir(&folder).with_context(cannot)? {
            fs::remove_file(entry.with_context(cannot)?.path()).with_context(cannot)?;
        }
        return Ok((folder, lock));
    }
    bail!("no folder is free beside {}", traces.display())
}

/// Where the socket is to be: in `folder`, if its path is one that a socket can have and gdb
/// takes as it is.
fn socket_in(folder: &Path) -> Result<(PathBuf, Option<tempfile::TempDir>)> {
    let socket = folder.join("gdb.sock");
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+./".contains(c);
    let fits = |path: &str| path.len() < LONGEST && path.chars().all(plain);
    if socket.to_str().is_some_and(fits) {
        return Ok((socket, None));
    }
    let elsewhere = tempfile::Builder::new()
        .prefix("oopsarium-")
        .tempdir_in("/tmp");
    let elsewhere = elsewhere.context("cannot make a folder in /tmp")?;
    Ok((elsewhere.path().join("gdb.sock"), Some(elsewhere)))
}

/// How long a socket's path can be (unix(7)), in bytes.
const LONGEST: usize = 108;

/// QEMU with a guest that is debugged.
struct Qemu {
    child: Guarded,
    said: JoinHandle<Option<String>>,
}

impl Qemu {
    /// Waits for its end, and says so if that was none that it should come to.
    fn wait(mut self) -> Result<ExitStatus> {
        let status = self.child.wait()?;
        self.tell(status);
        Ok(status)
    }

    /// Ends it; if it did so before, and not as it should, that is told.
    fn end(mut self) -> Result<()> {
        if let Some(status) = self.child.child().try_wait()? {
            self.tell(status);
        }
        Ok(())
    }

    fn tell(self, status: ExitStatus) {
        if status.success() {
            return;
        }
        // It ends with QEMU's end of the pipe.
        let said = self.said.join().ok().flatten().unwrap_or_default();
        let said = format!("QEMU ended with {status}: {}", said.trim());
        term::note(said.trim_end_matches(": "));
    }
}

/// The kernel's own scripts for gdb (Documentation/process/debugging/gdb-kernel-debugging.rst),
/// made if they are not there: the kernel's configuration need not ask for them. Without them
/// there are no `lx-` commands, and all else is as it was.
fn helpers(kernel: &Kernel, tools: &Tools) -> Result<Vec<PathBuf>> {
    let script = kernel.output.join("vmlinux-gdb.py");
    let constants = kernel.output.join("scripts/gdb/linux/constants.py");
    if !(script.is_file() && constants.is_file()) {
        let _lock = project::lock(&kernel.output, "oopsarium.lock")?;
        let mut make = kernel.make(tools)?;
        make.arg("scripts_gdb");
        let made = child::run_logged(&mut make, &kernel.log("scripts_gdb"), |_| ());
        child::check_interrupted()?;
        if let Err(error) = made {
            term::note(&format!("going on without lx- commands in gdb: {error:#}"));
            return Ok(Vec::new());
        }
    }
    Ok(vec![script])
}

/// That gdb stops where it should, sees how the guest came there, and what comes of it: by one
/// case that is loaded and one that is linked in, on each architecture.
pub fn tests<'a>(
    project: &'a Project,
    tools: &'a Tools,
    options: &'a Options,
    cases: &'a [Case],
    machines: &'a [Machine],
    built: &'a [Built],
) -> Vec<Test<'a>> {
    let mut tests = Vec::new();
    for built in built {
        let arch = built.kernel.arch;
        for (name, reach) in [("loaded", Reach::Loadable), ("boot", Reach::Boot)] {
            let machine = machines.iter().find(|machine| machine.name == arch.name());
            let Some(machine) = machine else { continue };
            let fits = |case: &&Case| {
                let here = case.file.machines.contains(&machine.name);
                here && case.file.reach == reach && claims_callers(case, machine, built)
            };
            let Some(case) = cases.iter().find(fits) else {
                continue;
            };
            let repeat = format!("make debug CASE={} ARCH={arch}", case.id);
            let test = Test::new(format!("debug.{name}.{arch}"), move || {
                check(project, tools, options, case, machine, built)
            });
            tests.push(test.repeat(repeat));
        }
    }
    tests
}

/// Whether it is claimed what comes of a case, and by whom it was called.
fn claims_callers(case: &Case, machine: &Machine, built: &Built) -> bool {
    let run = Run {
        case,
        side: Side::Bug,
        machine,
        kernel: &built.kernel,
        modules: None,
    };
    let own = case.module(Side::Bug);
    let callers = |report: &ClaimedReport| {
        let mut trace = report.trace.iter();
        trace.any(|function| function.contains(&own)) && trace.next().is_some()
    };
    let claim = (!case.is_sample()).then(|| run.claim());
    claim.is_some_and(|claim| claim.is_ok_and(|claim| claim.reports.first().is_some_and(callers)))
}

/// How long gdb and the guest may take in a test, which nobody interrupts who sees them hang.
const PATIENCE: Duration = Duration::from_secs(300);

fn check(
    project: &Project,
    tools: &Tools,
    options: &Options,
    case: &Case,
    machine: &Machine,
    built: &Built,
) -> Result<Outcome> {
    let arch = machine.arch;
    let Some(gdb) = tools.get(arch.gdb_key()) else {
        return Ok(Outcome::Skip(format!(
            "no gdb for {arch}; make doctor says how to get it"
        )));
    };
    if let Some(failure) = &built.failure {
        bail!("{failure}");
    }
    let side = Side::Bug;
    let module = case.module_to_load(side);
    let modules = module
        .map(|module| modules::build(project, tools, &built.kernel, Some(&module)))
        .transpose()?;
    let run = Run {
        case,
        side,
        machine,
        kernel: &built.kernel,
        modules: modules.as_ref(),
    };
    let stop = Stop::of(case, side)?;
    let options = Options {
        verbose: false,
        ..options.clone()
    };
    let session = Session::new(&run, &stop, project, tools, &options)?;
    let mut gdb = session.gdb(Path::new(gdb));
    gdb.args(["-nx", "-batch", "-ex", WHERE]);
    // Or it puts hashes into names.
    gdb.args(["-ex", "with print demangle off -- info symbol $pc"]);
    gdb.args(["-ex", "bt", "-ex", "continue"]);
    let mut said = Vec::new();
    let mut qemu = session.start()?;
    std::thread::scope(|scope| {
        let (done, waiting) = mpsc::channel::<()>();
        // Without QEMU, gdb comes to its end.
        scope.spawn(move || {
            if let Err(mpsc::RecvTimeoutError::Timeout) = waiting.recv_timeout(PATIENCE) {
                qemu.child.kill();
            }
        });
        let log = session.folder.join("gdb.log");
        let ran = child::run_logged(&mut gdb, &log, |line| said.push(line.to_owned()));
        drop(done);
        ran
    })?;
    let console = fs::read(&session.console)
        .with_context(|| format!("cannot read {}", session.console.display()))?;
    let claim = run.claim()?;
    let claimed = claim.reports.first();
    let claimed = claimed.with_context(|| format!("{} claims no report", case.id))?;
    let reports = report::reports(&console::lines(&console));
    let expected = Expected {
        place: format!(
            "{} {}",
            stop.lines.start(),
            project.root.join(&stop.file).display()
        ),
        own: &case.module(side),
        trace: &claimed.trace,
        title: &claimed.title,
    };
    let came = reports.first().map(|report| report.title.as_str());
    let mut why = expected.differences(&said, came);
    Ok(match why.is_empty() {
        true => Outcome::Pass,
        false => {
            let log = session.folder.join("gdb.log");
            why.push(format!("what gdb said: {}", log.display()));
            Outcome::Fail(why)
        }
    })
}

/// Has gdb say where it stopped.
const WHERE: &str = "python at = gdb.selected_frame().find_sal(); \
                     print('stopped at', at.line, at.symtab.fullname())";

/// How that begins.
const STOPPED: &str = "stopped at ";

/// What gdb and the guest are to say in a test.
struct Expected<'a> {
    /// The line and the file in which it stops.
    place: String,
    /// What names the case's own functions.
    own: &'a str,
    /// The trace of the report that comes, from the inside out.
    trace: &'a [String],
    /// The report's title.
    title: &'a str,
}

impl Expected<'_> {
    /// How what gdb `said` is different, or the report that `came`.
    fn differences(&self, said: &[String], came: Option<&str>) -> Vec<String> {
        let mut why = Vec::new();
        let places: Vec<&str> = said
            .iter()
            .filter_map(|line| line.strip_prefix(STOPPED))
            .collect();
        if places != [self.place.as_str()] {
            why.push(format!("stopped at {places:?}, and not at {}", self.place));
        }
        // The report's trace begins further inside.
        let mut callers = self.trace.iter();
        let own = callers.find(|function| function.contains(self.own));
        let function = said.iter().find_map(|line| symbol(line));
        if own.is_none() || own != function.as_ref() {
            why.push(format!("stopped in {function:?}, and not in {own:?}"));
        }
        let mut frames = said.iter().filter_map(|line| frame(line));
        for caller in callers {
            if !frames.any(|frame| frame == caller) {
                why.push(format!(
                    "{caller} is not where it should be in gdb's backtrace"
                ));
            }
        }
        if came != Some(self.title) {
            why.push(format!(
                "what came of it is {came:?}, and not {}",
                self.title
            ));
        }
        why
    }
}

/// The function in what `info symbol` says: `f + 12 in section .text of …`.
fn symbol(line: &str) -> Option<String> {
    let (symbol, _) = line.split_once(" in section ")?;
    let name = symbol.split(" + ").next()?;
    Some(named(name).demangled())
}

/// The beginning of a function.
fn named(function: &str) -> report::Symbol {
    report::Symbol {
        name: function.to_owned(),
        offset: 0,
        size: 0,
        module: None,
    }
}

/// The function in a line of gdb's backtrace: `#1  0x… in f (x=1) at f.c:2`.
fn frame(line: &str) -> Option<&str> {
    let (_, rest) = line.strip_prefix('#')?.split_once(' ')?;
    let rest = rest.trim_start();
    let rest = match rest.split_once(" in ") {
        Some((address, rest)) if address.starts_with("0x") => rest,
        _ => rest,
    };
    rest.split(" (").next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: [&str; 5] = [
        "toy::Toy::init + 12 in section .text of /a b/toy.ko",
        "stopped at 7 /a b/toy.rs",
        "#0  toy::{impl#0}::init (_module=0x1) at modules/toy/toy.rs:7",
        "#1  0xffffffff81000000 in toy::__init () at modules/toy/toy.rs:2",
        "#2  0xffffffff81000010 in do_one_initcall (fn=0x0 <f>) at init/main.c:9",
    ];

    fn check(change: (&str, &str), came: Option<&str>, expected: &[&str]) {
        let said: Vec<String> = SAID.iter().map(|l| l.replace(change.0, change.1)).collect();
        let trace = ["kfree", "toy::Toy::init", "do_one_initcall"].map(str::to_owned);
        let expected_of_gdb = Expected {
            place: "7 /a b/toy.rs".to_owned(),
            own: "toy",
            trace: &trace,
            title: "kernel BUG in kfree",
        };
        let why = expected_of_gdb.differences(&said, came);
        assert_eq!(why.len(), expected.len(), "{why:?}");
        for (why, part) in why.iter().zip(expected) {
            assert!(why.contains(part), "{why}");
        }
    }

    #[test]
    fn what_gdb_says_is_held_against_the_claim() {
        let came = Some("kernel BUG in kfree");
        check(("", ""), came, &[]);
        check(
            ("stopped at 7", "stopped at 8"),
            came,
            &["[\"8 /a b/toy.rs\"]"],
        );
        check(("stopped at", "at"), came, &["stopped at []"]);
        check(("Toy::init +", "Toy::exit +"), came, &["toy::Toy::exit"]);
        check(
            ("do_one_initcall", "kthread"),
            came,
            &["do_one_initcall is not"],
        );
        check(("", ""), None, &["what came of it is None"]);
    }

    #[test]
    fn frames_are_read_with_and_without_an_address() {
        assert_eq!(frame(SAID[2]), Some("toy::{impl#0}::init"));
        assert_eq!(frame(SAID[4]), Some("do_one_initcall"));
        assert_eq!(frame("[    0.1] #1 SMP"), None);
        assert_eq!(symbol("no symbol"), None);
    }

    #[test]
    fn two_sessions_of_one_case_have_folders_of_their_own() {
        let results = tempfile::tempdir().unwrap();
        let traces = results.path().join("x86_64/toy");
        let (first, lock) = own_folder(&traces).unwrap();
        assert!(first.ends_with("x86_64/toy_debug"));
        fs::write(first.join("console.log"), "old").unwrap();
        let (second, _) = own_folder(&traces).unwrap();
        assert!(second.ends_with("x86_64/toy_debug-2"));
        drop(lock);
        assert_eq!(own_folder(&traces).unwrap().0, first);
        assert!(!first.join("console.log").exists());
    }

    #[test]
    fn a_socket_has_a_path_that_gdb_and_the_system_take() {
        let near = socket_in(Path::new("/results/toy")).unwrap();
        assert_eq!(near.0, Path::new("/results/toy/gdb.sock"));
        for far in ["/a b".to_owned(), format!("/{}", "x".repeat(LONGEST))] {
            let (socket, _folder) = socket_in(Path::new(&far)).unwrap();
            assert!(socket.starts_with("/tmp"), "{}", socket.display());
        }
    }
}
