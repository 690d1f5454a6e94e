// SPDX-License-Identifier: GPL-2.0

//! Whether KVM works. That `/dev/kvm` is there says little: on some hosts it makes a
//! machine and never runs it, or runs it for some lines of its log and no further. So a
//! whole guest is run on it, to the end, and what came of that is remembered until the
//! host restarts or QEMU changes.

use crate::{
    console,
    guest::{Accel, Guest},
    project::{self, fingerprint, Project},
    term,
    verdict::MARK,
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
        // One that was cut off is no answer.
        let answer = text.strip_prefix(&host);
        if let Some(answer) = answer.and_then(|rest| rest.strip_suffix('\n')) {
            return Ok((answer != WORKS).then(|| answer.to_owned()));
        }
    }
    let answer = probe(&project.build.join("state"), guest, MOMENT)?;
    if let Some(obstacle) = &answer {
        term::note(&format!("no KVM: {obstacle}"));
    }
    let text = host + answer.as_deref().unwrap_or(WORKS) + "\n";
    project::write_whole(&remembered, text.as_bytes())?;
    Ok(answer)
}

const WORKS: &str = "works";

/// How long a guest may take that does nothing: on CPUs that run it, less than a second.
const MOMENT: Duration = Duration::from_secs(6);

/// Boots a guest like `guest` that loads no module, and sees whether it comes to its end.
fn probe(folder: &Path, guest: &Guest, moment: Duration) -> Result<Option<String>> {
    term::note("trying whether KVM works, this once …");
    let mut guest = guest.clone();
    guest.accel = Accel::Kvm;
    guest.init_args = vec!["boot".to_owned()];
    fs::create_dir_all(folder)?;
    let log = tempfile::NamedTempFile::new_in(folder)?;
    let done = format!("{MARK}done");
    let outcome = guest.run(log.path(), moment, |_| (), |line| line.ends_with(&done))?;
    let lines = console::lines(&outcome.console);
    if lines.iter().any(|line| line.text == done) {
        return Ok(None);
    }
    let said = outcome.stderr.lines().next().unwrap_or_default().trim();
    let last = lines.iter().rev().find(|line| !line.text.trim().is_empty());
    Ok(Some(match last {
        _ if !said.is_empty() => format!("QEMU says: {said}"),
        None => format!("a guest on it printed nothing in {}", term::seconds(moment)),
        Some(last) => format!(
            "a guest on it came no further in {} than: {}",
            term::seconds(moment),
            last.text.trim()
        ),
    }))
}

/// What the answer depends on, as text.
fn host(qemu: &Path) -> Result<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Ok(format!("boot {boot}qemu {}", fingerprint(qemu)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        guest,
        machine::{Arch, Cpu, Machine},
    };
    use std::os::unix::fs::PermissionsExt;

    /// What the probe says of a QEMU that does what `script` does.
    fn check(script: &str, moment: Duration) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let qemu = folder.path().join("qemu");
        fs::write(&qemu, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&qemu, fs::Permissions::from_mode(0o755)).unwrap();
        let guest = guest::Guest {
            qemu,
            machine: Machine {
                name: "test".into(),
                about: String::new(),
                arch: Arch::X86_64,
                memory: "64M".into(),
                cpus: 1,
                args: Vec::new(),
                cpu: Cpu {
                    tcg: "max".into(),
                    kvm: "host".into(),
                },
                kernel_args: String::new(),
                overlay: None,
            },
            accel: Accel::Tcg,
            image: "vmlinux".into(),
            initrd: "initramfs".into(),
            dtb: None,
            kernel_args: Vec::new(),
            init_args: vec!["gfp_slab".into()],
            qemu_args: Vec::new(),
        };
        probe(folder.path(), &guest, moment).unwrap()
    }

    const MOMENT: Duration = Duration::from_millis(400);
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn only_a_guest_that_comes_to_its_end_shows_that_kvm_works() {
        let done = "case \"$*\" in *'-accel kvm'*boot*) echo 'oopsarium: done';; esac";
        assert_eq!(check(done, LONG), None);
        // As seen: the first lines, and nothing more.
        let hangs = check("echo '[0.0] Linux version 6.12'; sleep 1000", MOMENT).unwrap();
        assert!(hangs.ends_with("than: Linux version 6.12"), "{hangs}");
        let mute = check("sleep 1000", MOMENT).unwrap();
        assert!(mute.contains("printed nothing"), "{mute}");
        let refused = "echo 'Could not access KVM kernel module: Permission denied' >&2; exit 1";
        let refused = check(refused, LONG).unwrap();
        assert!(
            refused.starts_with("QEMU says: Could not access KVM"),
            "{refused}"
        );
        let killed = check("echo start; kill -9 $$", LONG).unwrap();
        assert!(killed.contains("no further"), "{killed}");
        assert!(check(
            "exec yes again and again and again and again and again",
            LONG
        )
        .is_some());
    }
}
