// SPDX-License-Identifier: GPL-2.0

//! Other programs: started so that none outlives this one, whatever ends it.

use anyhow::{bail, Context, Result};
use nix::{
    fcntl::{fcntl, FcntlArg, FdFlag, OFlag},
    sys::signal::{killpg, Signal},
    unistd::Pid,
};
use std::{
    collections::{BTreeSet, VecDeque},
    fs::{self, File},
    io::{BufRead, BufReader},
    os::{
        fd::{AsRawFd, OwnedFd, RawFd},
        unix::process::CommandExt,
    },
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        atomic::{AtomicBool, Ordering},
        Mutex, MutexGuard, PoisonError,
    },
};

static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// What is reported when the user stopped the program.
#[derive(Debug)]
pub struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// From now on, Ctrl-C and its like end what was started here; this program then finds
/// its child dead, cleans up, and ends.
pub fn catch_interrupts() -> Result<()> {
    ctrlc::set_handler(|| {
        INTERRUPTED.store(true, Ordering::SeqCst);
        for pid in running().iter() {
            kill_group(*pid);
        }
    })
    .context("cannot catch signals")
}

/// Fails if the user wants to stop.
pub fn check_interrupted() -> Result<()> {
    if INTERRUPTED.load(Ordering::SeqCst) {
        return Err(Interrupted.into());
    }
    Ok(())
}

/// A child with all that it starts, ended when this value is dropped.
pub struct Guarded(Child);

impl Guarded {
    /// Starts `command` in a process group of its own.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        // SAFETY: prctl() is one system call, which may stand between fork and exec.
        unsafe {
            command.process_group(0).pre_exec(|| {
                // Even a SIGKILL of ours takes the child along.
                nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).map_err(Into::into)
            })
        };
        let mut running = running();
        // Only now: whoever interrupts from here on waits for the lock, and finds the child.
        check_interrupted()?;
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
        running.insert(child.id());
        Ok(Self(child))
    }

    /// The child itself.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Ends it now, if it still runs.
    pub fn kill(&mut self) {
        kill_group(self.0.id());
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] when the user ended it.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.0.wait()?;
        check_interrupted()?;
        Ok(status)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.kill();
            let _ = self.0.wait();
        }
        running().remove(&self.0.id());
    }
}

fn running() -> MutexGuard<'static, BTreeSet<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kill_group(pid: u32) {
    // It may be gone already, which is what was wanted.
    let _ = killpg(Pid::from_raw(pid as i32), Signal::SIGKILL);
}

/// Gives the child of `command`, and no other, the open `file`, and says the number by which it
/// knows it. Here it is open as long as `command` is there.
pub fn inherit(command: &mut Command, file: impl Into<OwnedFd>) -> RawFd {
    let file = file.into();
    let number = file.as_raw_fd();
    // SAFETY: fcntl() is one system call, which may stand between fork and exec.
    unsafe {
        command.pre_exec(move || {
            fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty()))?;
            Ok(())
        })
    };
    number
}

/// A pipe that no other child inherits: its reading and its writing end.
pub fn pipe() -> Result<(File, File)> {
    let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC).context("cannot make a pipe")?;
    Ok((reader.into(), writer.into()))
}

/// Runs `command` to its end, with everything that it says kept in `log` and each line
/// shown to `line`.
///
/// # Errors
///
/// When it cannot be started, or fails: then the error shows the last of what it said.
pub fn run_logged(command: &mut Command, log: &Path, mut line: impl FnMut(&str)) -> Result<()> {
    crate::term::command(command);
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let (reader, writer) = pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = Guarded::start(command)?;
    // Our own ends of the pipe have to go, or it is never at its end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut said = BufReader::new(reader);
    let mut bytes = Vec::new();
    // Not read back from the log, which a run side by side with this one may write anew.
    let mut last = VecDeque::new();
    while said.read_until(b'\n', &mut bytes)? != 0 {
        std::io::Write::write_all(&mut file, &bytes)
            .with_context(|| format!("cannot write {}", log.display()))?;
        let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        line(&text);
        if last.len() == SHOWN {
            last.pop_front();
        }
        last.push_back(text);
        bytes.clear();
    }
    let status = child.wait()?;
    if !status.success() {
        bail!(
            "{} failed ({status}); the last of {}:\n  {}\n",
            command.get_program().to_string_lossy(),
            log.display(),
            last.make_contiguous().join("\n  ")
        );
    }
    Ok(())
}

/// How many lines of a failed command's output are shown.
const SHOWN: usize = 30;

/// Runs `command` to its end, and gives what it wrote to standard output.
///
/// # Errors
///
/// When it cannot be started, or fails: then with what it said.
pub fn output(command: &mut Command) -> Result<Vec<u8>> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = Guarded::start(command)?;
    let stderr = child.child().stderr.take();
    let errors = std::thread::spawn(move || stderr.map(read_all).unwrap_or_default());
    let said = child
        .child()
        .stdout
        .take()
        .map(read_all)
        .unwrap_or_default();
    let errors = errors.join().unwrap_or_default();
    let status = child.wait()?;
    if !status.success() {
        bail!(
            "{} failed ({status}): {}",
            crate::term::quoted(command),
            String::from_utf8_lossy(&errors).trim()
        );
    }
    Ok(said)
}

/// All that comes, up to an error.
fn read_all(mut from: impl std::io::Read) -> Vec<u8> {
    let mut said = Vec::new();
    let _ = from.read_to_end(&mut said);
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_kept_and_failure_shows_it() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("logs/log");
        let mut seen = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let error = run_logged(&mut command, &log, |line| seen.push(line.to_owned())).unwrap_err();
        assert_eq!(seen, ["out", "err"]);
        assert_eq!(fs::read_to_string(&log).unwrap(), "out\nerr\n");
        assert!(format!("{error}").contains("  err\n"), "{error}");
    }

    #[test]
    fn dropping_ends_the_child_and_what_it_started() {
        let (mut reader, writer) = pipe().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & wait"]).stdout(writer);
        let child = Guarded::start(&mut command).unwrap();
        drop(command);
        drop(child);
        // The pipe ends only when nobody has it open any more.
        let mut rest = Vec::new();
        std::io::Read::read_to_end(&mut reader, &mut rest).unwrap();
    }
}
