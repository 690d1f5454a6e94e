// SPDX-License-Identifier: GPL-2.0

//! Whether KVM works. That `/dev/kvm` is there says little: on some hosts it makes a
//! machine and then never runs it. So a guest is run on it for a moment, and what came of
//! that is remembered until the host restarts or QEMU changes.

use crate::{
    guest::{Accel, Guest},
    project::{self, fingerprint, Project},
    term,
};
use anyhow::{bail, Result};
use std::{fs, path::Path, time::Duration};

/// What `ACCEL=` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Choice {
    /// KVM where it works, emulation elsewhere.
    Auto,
    /// KVM, or an error.
    Kvm,
    /// Emulation.
    Tcg,
}

/// How guests like `guest` are to be run.
///
/// # Errors
///
/// When KVM is asked for and does not work.
pub fn choose(project: &Project, choice: Choice, guest: &Guest) -> Result<Accel> {
    if choice == Choice::Tcg {
        return Ok(Accel::Tcg);
    }
    match (obstacle(project, guest)?, choice) {
        (None, _) => Ok(Accel::Kvm),
        (Some(_), Choice::Auto) => Ok(Accel::Tcg),
        (Some(obstacle), _) => bail!("no KVM: {obstacle}; ACCEL=tcg emulates instead"),
    }
}

/// What stands in KVM's way, if anything does.
fn obstacle(project: &Project, guest: &Guest) -> Result<Option<String>> {
    let arch = guest.machine.arch;
    if !arch.is_host() {
        return Ok(Some(format!(
            "this host cannot run {arch} guests on its own CPUs"
        )));
    }
    if let Err(error) = fs::File::options().read(true).write(true).open("/dev/kvm") {
        return Ok(Some(format!("/dev/kvm: {error}")));
    }
    let remembered = project.build.join(format!("state/kvm-{arch}"));
    let host = host(&guest.qemu)?;
    if let Ok(text) = fs::read_to_string(&remembered) {
        if let Some(answer) = text.strip_prefix(&host) {
            return Ok((answer != WORKS).then(|| answer.to_owned()));
        }
    }
    let answer = probe(project, guest)?;
    let text = host + answer.as_deref().unwrap_or(WORKS);
    project::write_whole(&remembered, text.as_bytes())?;
    Ok(answer)
}

const WORKS: &str = "works";

/// How long a guest may take to print its first line: on CPUs that run it, that is some
/// hundredths of a second.
const MOMENT: Duration = Duration::from_secs(3);

/// Runs the guest's kernel for a moment.
fn probe(project: &Project, guest: &Guest) -> Result<Option<String>> {
    term::note("trying KVM for a moment …");
    let mut guest = guest.clone();
    guest.accel = Accel::Kvm;
    guest.init_args.clear();
    let folder = project.build.join("state");
    fs::create_dir_all(&folder)?;
    let log = tempfile::NamedTempFile::new_in(&folder)?;
    let outcome = guest.run(log.path(), MOMENT, |_| (), |line| line.contains(BANNER))?;
    let alive = String::from_utf8_lossy(&outcome.console).contains(BANNER);
    if alive {
        return Ok(None);
    }
    let said = outcome.stderr.lines().next().unwrap_or_default().trim();
    Ok(Some(if said.is_empty() {
        format!(
            "a guest was started on it and printed nothing in {}",
            term::seconds(MOMENT)
        )
    } else {
        format!("QEMU says: {said}")
    }))
}

/// How every kernel's log begins.
const BANNER: &str = "Linux version";

/// What the answer depends on, as text.
fn host(qemu: &Path) -> Result<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Ok(format!("boot {boot}qemu {}", fingerprint(qemu)?))
}
