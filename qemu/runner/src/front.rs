// SPDX-License-Identifier: GPL-2.0

//! A child that has the terminal, as a shell gives it to a job: Ctrl-C and Ctrl-Z are for the
//! child alone, and neither for this program nor for the make that called it. What the child
//! is, is not known here.

use crate::child::Guarded;
use anyhow::{Context, Result};
use nix::{
    sys::{
        signal::{kill, killpg, signal, SigHandler, Signal},
        termios::{tcgetattr, tcsetattr, SetArg, Termios},
        wait::{waitid, Id, WaitPidFlag, WaitStatus},
    },
    unistd::{getpgrp, getpid, tcgetpgrp, tcsetpgrp, Pid},
};
use std::{
    io::{stdin, IsTerminal},
    os::unix::process::CommandExt,
    process::{Command, ExitStatus},
};

/// Runs `command`, with our standard input as its own, to its end. Where that is a terminal
/// that is ours, it is the child's meanwhile.
///
/// # Errors
///
/// When it cannot be started, or the user ends this program.
pub fn run(command: &mut Command) -> Result<ExitStatus> {
    let Some(terminal) = Terminal::ours() else {
        return Guarded::start(command)?.wait();
    };
    // Whoever gives the terminal away, and writes to it then, would be stopped by this signal.
    // SAFETY: Ignoring a signal runs no code.
    let old = unsafe { signal(Signal::SIGTTOU, SigHandler::SigIgn) }?;
    // SAFETY: Each of these is one system call, which may stand between fork and exec.
    unsafe {
        command.pre_exec(|| {
            let _ = tcsetpgrp(stdin(), getpid());
            signal(Signal::SIGTTOU, SigHandler::SigDfl)?;
            Ok(())
        })
    };
    let status = terminal.lend(command);
    // SAFETY: What was there before.
    unsafe { signal(Signal::SIGTTOU, old) }?;
    status
}

/// The terminal that is our standard input, with its settings.
struct Terminal(Termios);

impl Terminal {
    /// None, if there is none, or it is not ours: we run in the background.
    fn ours() -> Option<Self> {
        let ours = stdin().is_terminal() && tcgetpgrp(stdin()) == Ok(getpgrp());
        ours.then(|| tcgetattr(stdin()).ok().map(Self)).flatten()
    }

    fn lend(&self, command: &mut Command) -> Result<ExitStatus> {
        let mut child = Guarded::start(command)?;
        let id = Pid::from_raw(child.child().id() as i32);
        loop {
            let flags = WaitPidFlag::WEXITED | WaitPidFlag::WSTOPPED;
            // Looked at only: whoever started it waits for its end.
            let state = waitid(Id::Pid(id), flags | WaitPidFlag::WNOWAIT);
            match state.context("cannot wait for a child")? {
                WaitStatus::Stopped(..) => {
                    let _ = waitid(Id::Pid(id), WaitPidFlag::WSTOPPED | WaitPidFlag::WNOHANG);
                    self.stop_too(id);
                }
                _ => break,
            }
        }
        self.take_back();
        let status = child.wait();
        if !matches!(&status, Ok(status) if status.code().is_some()) {
            // It had no time to do so itself.
            let _ = tcsetattr(stdin(), SetArg::TCSADRAIN, &self.0);
        }
        status
    }

    fn take_back(&self) {
        let _ = tcsetpgrp(stdin(), getpgrp());
    }

    /// Stops this program and those around it, as the child was; and goes on when they do.
    fn stop_too(&self, child: Pid) {
        self.take_back();
        let ours = Pid::from_raw(0);
        let _ = kill(ours, Signal::SIGTSTP);
        // In the background there is no terminal to give.
        while tcgetpgrp(stdin()).is_ok_and(|front| front != getpgrp()) {
            let _ = kill(ours, Signal::SIGTTIN);
        }
        let _ = tcsetpgrp(stdin(), child);
        let _ = killpg(child, Signal::SIGCONT);
    }
}
