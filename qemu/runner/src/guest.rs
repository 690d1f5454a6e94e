// SPDX-License-Identifier: GPL-2.0

//! A guest: QEMU's command line, and its console followed until it is done. What the
//! console says is judged elsewhere.

use crate::{
    child::{self, Guarded},
    kernel::Kernel,
    machine::Machine,
    project::{self, Project, Tools},
    term,
};
use anyhow::{bail, Context, Result};
use std::{
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

/// How CPUs are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accel {
    /// Emulated, by QEMU's code generator.
    Tcg,
    /// On the host's own.
    Kvm,
}

impl Accel {
    /// Its name for QEMU.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcg => "tcg",
            Self::Kvm => "kvm",
        }
    }
}

/// Everything that makes a guest what it is.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The QEMU program.
    pub qemu: PathBuf,
    /// The machine.
    pub machine: Machine,
    /// How its CPUs are run.
    pub accel: Accel,
    /// The kernel image.
    pub image: PathBuf,
    /// The initramfs.
    pub initrd: PathBuf,
    /// The device tree, where it is not QEMU's own.
    pub dtb: Option<PathBuf>,
    /// Further words for the kernel's command line, before the `--`.
    pub kernel_args: Vec<String>,
    /// What init is given.
    pub init_args: Vec<String>,
    /// Further words for QEMU.
    pub qemu_args: Vec<String>,
}

/// How a guest ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// QEMU ended by itself, as it does when the guest restarts or is switched off.
    Exited(ExitStatus),
    /// The guest said that it was done, and was ended then and there.
    Done,
    /// Time ran out.
    TimedOut,
    /// It printed more than anybody can want, and was ended.
    Flooded,
}

/// What a guest left behind.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Every byte of its console.
    pub console: Vec<u8>,
    /// What QEMU itself said.
    pub stderr: String,
    /// How it ended.
    pub ended: Ended,
    /// From the start of QEMU to its end.
    pub took: Duration,
}

impl Guest {
    /// A guest that boots `kernel` on `machine` with the initramfs `initrd`.
    ///
    /// # Errors
    ///
    /// When there is no QEMU for it.
    pub fn new(
        tools: &Tools,
        machine: &Machine,
        kernel: &Kernel,
        accel: Accel,
        initrd: &Path,
    ) -> Result<Self> {
        Ok(Self {
            qemu: tools.need(machine.arch.qemu_key())?.into(),
            machine: machine.clone(),
            accel,
            image: kernel.image(),
            initrd: initrd.to_owned(),
            dtb: None,
            kernel_args: Vec::new(),
            init_args: Vec::new(),
            qemu_args: Vec::new(),
        })
    }

    /// QEMU's command line, with the console on standard output.
    pub fn command(&self) -> Command {
        let mut qemu = self.common();
        qemu.args(["-chardev", "stdio,id=console,signal=off"]);
        qemu.args(["-serial", "chardev:console"]);
        qemu.args(&self.qemu_args);
        qemu
    }

    /// The same for a person at a terminal: QEMU's own keys are there, such as Ctrl-A X.
    pub fn interactive(&self) -> Command {
        let mut qemu = self.common();
        qemu.args(["-serial", "mon:stdio"]);
        qemu.args(&self.qemu_args);
        qemu
    }

    /// The same for gdb, which `gdb` (a chardev of QEMU's) is connected to: it waits before its
    /// first instruction, and stays when it is switched off, to be looked at. Its console goes
    /// to the file `console`.
    pub fn debugged(&self, console: &Path, gdb: &str) -> Command {
        let mut qemu = self.common();
        let path = console.display().to_string().replace(',', ",,");
        qemu.args(["-chardev", &format!("file,id=console,path={path}")]);
        qemu.args(["-serial", "chardev:console"]);
        qemu.args(["-S", "-no-shutdown", "-gdb", gdb]);
        qemu.args(&self.qemu_args);
        qemu
    }

    fn common(&self) -> Command {
        let machine = &self.machine;
        let cpu = match self.accel {
            Accel::Tcg => &machine.cpu.tcg,
            Accel::Kvm => &machine.cpu.kvm,
        };
        let mut qemu = Command::new(&self.qemu);
        qemu.args([
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-no-reboot",
        ]);
        qemu.args(&machine.args);
        qemu.args(["-accel", self.accel.name(), "-cpu", cpu]);
        qemu.args(["-m", &machine.memory]);
        qemu.args(["-smp", &machine.cpus.to_string()]);
        qemu.arg("-kernel").arg(&self.image);
        qemu.arg("-initrd").arg(&self.initrd);
        if let Some(dtb) = &self.dtb {
            qemu.arg("-dtb").arg(dtb);
        }
        qemu.args(["-append", &self.command_line()]);
        qemu
    }

    /// The kernel's command line.
    fn command_line(&self) -> String {
        let mut words = vec![self.machine.kernel_args.clone(), ALWAYS.to_owned()];
        words.extend(self.kernel_args.iter().cloned());
        if !self.init_args.is_empty() {
            words.push("--".to_owned());
            words.extend(self.init_args.iter().cloned());
        }
        words.join(" ")
    }

    /// A shell script that boots the same guest again.
    pub fn script(&self, about: &str) -> String {
        format!(
            "#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0\n# {about}\nexec {} </dev/null\n",
            term::quoted(&self.command())
        )
    }

    /// Boots it and follows its console: each line goes to `line` as it comes, and the whole
    /// of it to `log`. It is ended as soon as `done` says so of a line, and after `timeout`.
    ///
    /// # Errors
    ///
    /// When QEMU cannot be started, the log cannot be written, or the user stops the program.
    /// What the guest does is no error.
    pub fn run(
        &self,
        log: &Path,
        timeout: Duration,
        line: impl FnMut(&str),
        done: impl Fn(&str) -> bool,
    ) -> Result<Outcome> {
        follow(self.command(), &[], log, timeout, line, |text| {
            Ok(done(text))
        })
    }
}

/// Starts the guest of QEMU's `command`, with the console on its standard output, and follows
/// it as [`Guest::run`] does. `before` is what this guest printed earlier in its life.
///
/// # Errors
///
/// As [`Guest::run`], and those of `done`.
pub fn follow(
    mut command: Command,
    before: &[u8],
    log: &Path,
    timeout: Duration,
    mut line: impl FnMut(&str),
    mut done: impl FnMut(&str) -> Result<bool>,
) -> Result<Outcome> {
    let mut file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut keep = |bytes: &[u8]| {
        file.write_all(bytes)
            .with_context(|| format!("cannot write {}", log.display()))
    };
    keep(before)?;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let start = Instant::now();
    let mut qemu = Guarded::start(&mut command)?;
    // With it goes what it holds open for QEMU, which would not see the end of that otherwise.
    drop(command);
    let (sender, receiver) = mpsc::sync_channel(64);
    let Some(stdout) = qemu.child().stdout.take() else {
        bail!("QEMU has no standard output");
    };
    let Some(mut stderr) = qemu.child().stderr.take() else {
        bail!("QEMU has no standard error");
    };
    let reader = std::thread::spawn(move || forward(stdout, &sender));
    let errors = std::thread::spawn(move || {
        let mut said = Vec::new();
        // What could be read before an error is all there is; the rest is thrown away, so
        // that QEMU does not wait for a reader.
        let _ = stderr.by_ref().take(CHATTER).read_to_end(&mut said);
        let _ = std::io::copy(&mut stderr, &mut std::io::sink());
        String::from_utf8_lossy(&said).into_owned()
    });

    let mut console = before.to_vec();
    let mut shown = console.len();
    // Up to here there is no end of a line behind `shown`.
    let mut scanned = shown;
    let deadline = start + timeout;
    let ended = 'guest: loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // A channel that is never empty never times out.
        if left.is_zero() {
            break Some(Ended::TimedOut);
        }
        match receiver.recv_timeout(left) {
            Ok(bytes) => {
                keep(&bytes)?;
                console.extend_from_slice(&bytes);
            }
            Err(RecvTimeoutError::Timeout) => break Some(Ended::TimedOut),
            Err(RecvTimeoutError::Disconnected) => break None,
        }
        while let Some(end) = console[scanned..].iter().position(|byte| *byte == b'\n') {
            let end = scanned + end;
            let text = String::from_utf8_lossy(&console[shown..end]);
            let text = text.trim_end_matches('\r');
            line(text);
            let end_it = done(text)?;
            shown = end + 1;
            scanned = shown;
            if end_it {
                break 'guest Some(Ended::Done);
            }
        }
        scanned = console.len();
        if console.len() > FLOOD {
            break Some(Ended::Flooded);
        }
    };
    if ended.is_some() {
        qemu.kill();
    }
    let status = qemu.wait()?;
    let took = start.elapsed();
    drop(receiver);
    // Both end with QEMU's ends of their pipes.
    let _ = reader.join();
    let stderr = errors.join().unwrap_or_default();
    if shown < console.len() && ended != Some(Ended::Done) {
        line(&String::from_utf8_lossy(&console[shown..]));
    }
    Ok(Outcome {
        console,
        stderr,
        ended: ended.unwrap_or(Ended::Exited(status)),
        took,
    })
}

/// How much of a console is kept, in bytes. A guest that prints more is ended: some hundred
/// times what the longest case prints, and little enough to be parsed, and for a small disk.
pub const FLOOD: usize = 8 << 20;

/// How much is kept of what QEMU itself says, in bytes.
const CHATTER: u64 = 64 << 10;

/// What every guest's kernel is told: to restart at once when it panics, which ends QEMU;
/// and not to hold back what init says, however often it speaks.
const ALWAYS: &str = "panic=-1 printk.devkmsg=on";

/// Sends what comes from `console` until it ends or nobody listens.
fn forward(mut console: impl Read, sender: &mpsc::SyncSender<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = console.read(&mut buffer) {
        if sender.send(buffer[..count].to_vec()).is_err() {
            break;
        }
    }
}

/// QEMU's version, such as `7.2.15`; it is asked once, until the program changes.
///
/// # Errors
///
/// When it does not say.
pub fn version(project: &Project, qemu: &Path) -> Result<String> {
    let name = qemu.file_name().unwrap_or_default().to_string_lossy();
    let remembered = project.build.join(format!("state/version-{name}"));
    let program = project::fingerprint(qemu)?;
    if let Ok(text) = std::fs::read_to_string(&remembered) {
        if let Some(version) = text
            .strip_prefix(&program)
            .and_then(|v| v.strip_suffix('\n'))
        {
            return Ok(version.to_owned());
        }
    }
    let said = child::output(Command::new(qemu).arg("--version"))?;
    let version = parse_version(&String::from_utf8_lossy(&said));
    project::write_whole(&remembered, format!("{program}{version}\n").as_bytes())?;
    Ok(version)
}

/// The number in `QEMU emulator version 7.2.15 (Debian …)`.
fn parse_version(text: &str) -> String {
    let number = text.split_once("version ").map(|(_, rest)| rest);
    let number = number.and_then(|rest| rest.split_whitespace().next());
    number.unwrap_or("unknown").to_owned()
}

/// Splits words as the shell would, for `KERNEL_ARGS` and `QEMU_ARGS`.
///
/// # Errors
///
/// When a quote is not closed.
pub fn split_words(name: &str, text: &str) -> Result<Vec<String>> {
    shlex::split(text).with_context(|| format!("{name}={text}: a quote in it is not closed"))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::machine::{Arch, Cpu};

    /// A guest that is not there.
    pub fn guest(qemu: &Path) -> Guest {
        Guest {
            qemu: qemu.to_owned(),
            machine: Machine {
                name: "test".into(),
                about: String::new(),
                arch: Arch::X86_64,
                memory: "64M".into(),
                cpus: 1,
                args: vec!["-M".into(), "none".into()],
                cpu: Cpu {
                    tcg: "max".into(),
                    kvm: "host".into(),
                },
                kernel_args: "console=ttyS0".into(),
                overlay: None,
            },
            accel: Accel::Tcg,
            image: "/a b/vmlinux".into(),
            initrd: "/a b/initramfs".into(),
            dtb: None,
            kernel_args: vec!["x=1".into()],
            init_args: vec!["gfp_slab".into()],
            qemu_args: Vec::new(),
        }
    }

    /// Runs a shell script in QEMU's place.
    fn run(script: &str, timeout: Duration) -> (Outcome, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("qemu");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        let mut permissions = std::fs::metadata(&program).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        std::fs::set_permissions(&program, permissions).unwrap();
        let mut lines = Vec::new();
        let outcome = guest(&program)
            .run(
                &folder.path().join("console.log"),
                timeout,
                |line| lines.push(line.to_owned()),
                |line| line == "end",
            )
            .unwrap();
        (outcome, lines)
    }

    #[test]
    fn qemu_s_version_is_found() {
        let said = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg)\nCopyright (c) 2003-2022";
        assert_eq!(parse_version(said), "7.2.22");
        assert_eq!(parse_version("nothing"), "unknown");
    }

    #[test]
    fn the_command_line_is_one_argument_and_quoted_in_the_script() {
        let script = guest(Path::new("qemu-system-x86_64")).script("gfp-slab on x86_64");
        let append = "-append 'console=ttyS0 panic=-1 printk.devkmsg=on x=1 -- gfp_slab'";
        assert!(script.contains(append), "{script}");
        assert!(script.contains("-kernel '/a b/vmlinux'"), "{script}");
    }

    #[test]
    fn lines_come_as_they_are_printed_and_the_exit_is_seen() {
        let (outcome, lines) = run("printf 'one\\r\\ntwo\\npart'; echo oh >&2", LONG);
        assert_eq!(lines, ["one", "two", "part"]);
        assert_eq!(outcome.stderr, "oh\n");
        assert!(matches!(outcome.ended, Ended::Exited(status) if status.success()));
    }

    #[test]
    fn a_guest_that_hangs_is_ended() {
        let (outcome, lines) = run("echo last words; sleep 1000", Duration::from_millis(300));
        assert_eq!(lines, ["last words"]);
        assert_eq!(outcome.ended, Ended::TimedOut);
    }

    #[test]
    fn a_guest_that_is_done_need_not_end_by_itself() {
        let (outcome, _) = run("echo end; sleep 1000", LONG);
        assert_eq!(outcome.ended, Ended::Done);
    }

    #[test]
    fn a_guest_that_prints_for_ever_is_ended() {
        let (outcome, lines) = run("yes again and again and again and again and again", LONG);
        assert_eq!(outcome.ended, Ended::Flooded);
        assert!(lines.len() > 100);
        assert!(outcome.console.len() < FLOOD + (1 << 20));
        // In one line, too, and slowly.
        let (outcome, _) = run("yes | tr -d '\\n'", LONG);
        assert_eq!(outcome.ended, Ended::Flooded);
        let (outcome, _) = run("while :; do echo y; sleep 0.01; done", MOMENT);
        assert_eq!(outcome.ended, Ended::TimedOut);
    }

    #[test]
    fn what_qemu_says_is_bounded_too() {
        let (outcome, _) = run("head -c 9000000 /dev/zero >&2; echo end", LONG);
        assert!(outcome.stderr.len() as u64 <= CHATTER);
        assert_eq!(outcome.ended, Ended::Done);
    }

    const MOMENT: Duration = Duration::from_millis(300);
    const LONG: Duration = Duration::from_secs(60);
}
