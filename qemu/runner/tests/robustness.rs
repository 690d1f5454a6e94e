// SPDX-License-Identifier: GPL-2.0

//! What the whole program does when something goes wrong: with QEMU, the guest, the disk, the
//! build folder, or the user's patience. All of it is real but the kernel, which a toy of a
//! few lines stands in for, and QEMU, which is a shell script that does what a test says.

// Clippy knows tests by their attribute, and not what they call.
#![allow(clippy::unwrap_used)]

use nix::{
    sys::signal::{kill, Signal},
    unistd::Pid,
};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

const CLAIM: &str = r#"# SPDX-License-Identifier: GPL-2.0
source = "none"
reach = "loadable"
machines = ["x86_64"]

[bug]
lines = ["toy: attempting: it"]
[[bug.report]]
kind = "bug"
title = "kernel BUG in f"

[fixed]
lines = ["toy_fixed: survived: it"]
"#;

const BOOT: &str = "[    0.1][    T1] Linux version 6.12.0\n";
const BEGIN: &str = "\
[    1.0][    T1] oopsarium: begin toy
[    1.1][   T29] toy: attempting: it
";
const OOPS: &str = "\
[    1.2][   T29] ------------[ cut here ]------------
[    1.2][   T29] kernel BUG at mm/f.c:143!
[    1.2][   T29] Oops: invalid opcode: 0000 [#1] SMP
[    1.2][   T29] CPU: 0 UID: 0 PID: 29 Comm: insmod Not tainted 6.12.0 #1
[    1.2][   T29] RIP: 0010:f+0x6b3/0x6c0
[    1.2][   T29] Code: ff <0f> 0b
[    1.2][   T29] Call Trace:
[    1.2][   T29]  <TASK>
[    1.2][   T29]  do_one_initcall+0xfc/0x2a0
[    1.2][   T29]  </TASK>
[    1.2][   T29] Modules linked in: toy(+)
[    1.2][   T29] ---[ end trace 0000000000000000 ]---
[    1.2][   T29] RIP: 0010:f+0x6b3/0x6c0
";
const END: &str = "\
[    1.3][    T1] oopsarium: end toy status=139
[    1.3][    T1] oopsarium: done
";
const PANIC: &str = "\
[    1.2][    T1] Kernel panic - not syncing: out of luck
[    1.2][    T1] Kernel Offset: disabled
";

/// A project of one case, with a kernel that builds in no time.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let root = world.path("project");
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        world.write("project/Kbuild", "");
        world.write("project/Kconfig", "");
        world.write("project/modules/toy/toy.rs", "//! A toy.\n");
        world.write("project/modules/toy/toy_fixed.rs", "//! A toy.\n");
        world.write("project/modules/toy/case.toml", CLAIM);
        world.write("project/samples/README.md", "");
        for config in ["common", "x86_64"] {
            world.write(&format!("project/scripts/config/{config}.config"), "");
        }
        for copied in [
            "qemu/machines/x86_64.toml",
            "rootfs/init",
            "rootfs/checks.sh",
        ] {
            let text = fs::read_to_string(repository.join(copied)).unwrap_or_default();
            world.write(&format!("project/{copied}"), &text);
        }
        for file in ["Kbuild", "Kconfig", "init/Kconfig", "rust/kernel/lib.rs"] {
            world.write(&format!("linux/{file}"), "");
        }
        world.write("linux/Makefile", MAKEFILE);
        let tar = world.path("linux.tar");
        let status = Command::new("tar")
            .arg("-C")
            .arg(world.path(""))
            .arg("-cf")
            .arg(&tar)
            .arg("linux")
            .status();
        assert!(status.unwrap().success());
        world.script("tools/llvm-objcopy", "cp \"$2\" \"$3\"");
        world.script(
            "tools/qemu",
            &format!(
                "case $* in --version) echo 'QEMU emulator version 7.2.22'; exit;; esac\n\
                 . '{}'",
                world.path("guest.sh").display()
            ),
        );
        for tool in ["rustc", "bindgen", "busybox"] {
            world.script(&format!("tools/{tool}"), "exit 1");
        }
        let tools = world.path("tools");
        let tools = tools.display();
        world.write(
            "project/build/tools.env",
            &format!(
                "KERNEL_SOURCE={}\nLLVM={tools}/\nRUSTC={tools}/rustc\nBINDGEN={tools}/bindgen\n\
                 QEMU_X86_64={tools}/qemu\nBUSYBOX_X86_64={tools}/busybox\n",
                tar.display()
            ),
        );
        assert!(root.is_dir());
        world.guest("exit 1");
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn script(&self, name: &str, text: &str) {
        self.write(name, &format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What QEMU does: shell.
    fn guest(&self, script: &str) {
        self.write("guest.sh", script);
    }

    /// What QEMU prints before it ends.
    fn console(&self, console: &str) {
        self.write("console", console);
        self.guest(&format!("exec cat '{}'", self.path("console").display()));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oopsarium"));
        command
            .arg("--root")
            .arg(self.path("project"))
            .args(arguments);
        for variable in ["CI", "OOPSARIUM_ROOT", "OOPSARIUM_BUILD", "MAKEFLAGS"] {
            command.env_remove(variable);
        }
        // Its kernels are none for the clones of whoever runs this.
        command.env("XDG_CACHE_HOME", self.path("cache"));
        command.stdin(Stdio::null());
        command
    }

    fn run_words(more: &[&'static str]) -> Vec<&'static str> {
        let mut words = vec!["run", "toy", "--accel=tcg", "--snapshot=0"];
        words.extend(more);
        words
    }

    fn run(&self, more: &[&'static str]) -> Outcome {
        Outcome::of(self.command(&Self::run_words(more)).output().unwrap())
    }

    fn results(&self) -> PathBuf {
        self.path("project/build/results")
    }
}

/// A kernel's makefile, as far as the program knows one.
const MAKEFILE: &str = r#"
ifdef M
modules:
	for f in $(M)/modules/*/*.rs; do cp "$$f" "$${f%.rs}.ko"; done
%.ko:
	cp '$(M)/$*.rs' '$(M)/$*.ko'
else
allnoconfig:
	mkdir -p '$(O)/include/config'
	cp "$$KCONFIG_ALLCONFIG" '$(O)/.config'
	echo 6.12.0 >'$(O)/include/config/kernel.release'
vmlinux: $(O)/vmlinux
$(O)/vmlinux:
	test -z "$$TOY_SLOW" || sleep 1000
	test -z "$$TOY_BROKEN" || { echo '  LD vmlinux'; echo 'ld.lld: error: no space' >&2; exit 1; }
	echo kernel >'$(O)/vmlinux'
modules:
endif
"#;

struct Outcome {
    code: Option<i32>,
    text: String,
}

impl Outcome {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            text: String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr),
        }
    }

    /// It ended with `code`, and said each of `parts`.
    #[track_caller]
    fn check(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.text);
        for part in parts {
            assert!(self.text.contains(part), "no \"{part}\" in:\n{}", self.text);
        }
    }
}

fn whole() -> String {
    [BOOT, BEGIN, OOPS, END].concat()
}

#[test]
fn a_good_run_matches_and_leaves_only_its_traces() {
    let world = World::new();
    world.console(&whole());
    let outcome = world.run(&[]);
    outcome.check(
        0,
        &["toy on x86_64: match", "no transcript modules/toy/expected"],
    );
    let names = |path: &Path| {
        let entries = fs::read_dir(path).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&world.results()), [".lock", "x86_64"]);
    let traces = names(&world.results().join("x86_64/toy"));
    assert_eq!(
        traces,
        ["console.log", "initramfs.cpio", "run.sh", "verdict.json"]
    );
    // Twice in a row.
    world.run(&[]).check(0, &["match"]);
}

#[test]
fn qemu_that_is_killed_is_nobody_s_verdict() {
    let world = World::new();
    world.write("console", &[BOOT, BEGIN].concat());
    let console = world.path("console");
    world.guest(&format!("cat '{}'; kill -9 $$", console.display()));
    let outcome = world.run(&[]);
    outcome.check(
        69,
        &[
            "could not run",
            "QEMU was ended (signal: 9",
            "toy: attempting: it",
        ],
    );
}

#[test]
fn qemu_that_fails_is_quoted() {
    let world = World::new();
    world.guest("echo 'qemu: could not load kernel' >&2; exit 1");
    let outcome = world.run(&[]);
    outcome.check(
        69,
        &[
            "could not run",
            "it said nothing",
            "qemu: could not load kernel",
        ],
    );
}

#[test]
fn a_panic_before_during_and_after_the_marker_is_told_apart() {
    let world = World::new();
    world.console(&[BOOT, PANIC].concat());
    let outcome = world.run(&[]);
    outcome.check(
        69,
        &[
            "could not run",
            "never came to the case",
            "the first report: Kernel panic",
        ],
    );
    world.console(&[BOOT, "[    1.0][    T1] oopsarium: beg", PANIC].concat());
    world
        .run(&[])
        .check(69, &["could not run", "never came to the case"]);
    world.console(&[BOOT, BEGIN, PANIC].concat());
    world
        .run(&[])
        .check(1, &["differs", "claimed \"bug\", found \"panic\""]);
    world.console(&[BOOT, BEGIN, OOPS, PANIC].concat());
    world
        .run(&[])
        .check(1, &["differs", "died before it was done"]);
}

#[test]
fn a_guest_that_hangs_is_ended_and_its_last_words_are_quoted() {
    let world = World::new();
    world.write("console", &[BOOT, BEGIN].concat());
    let console = world.path("console");
    world.guest(&format!("cat '{}'; sleep 1000", console.display()));
    let outcome = world.run(&["--timeout=1"]);
    outcome.check(
        124,
        &["timeout", "the last that it said: toy: attempting: it"],
    );
    world.guest("sleep 1000");
    let outcome = world.run(&["--timeout=1"]);
    outcome.check(124, &["timeout", "never came to the case; it said nothing"]);
}

#[test]
fn a_guest_that_prints_for_ever_fills_neither_disk_nor_memory() {
    let world = World::new();
    for flood in [
        "exec yes '[    0.1][    T1] again and again'",
        "yes x | tr -d '\\n'",
    ] {
        world.guest(flood);
        let outcome = world.run(&[]);
        outcome.check(1, &["corrupted", "printed more than 8 MiB"]);
        // And what it said is not said again.
        assert!(outcome.text.len() < 20_000, "{} bytes", outcome.text.len());
    }
    let log = fs::metadata(world.results().join("x86_64/toy/console.log")).unwrap();
    assert!(log.len() < 9 << 20, "{} bytes", log.len());
}

#[test]
fn a_guest_that_prints_nothing_is_no_match() {
    let world = World::new();
    world.guest("exit 0");
    world
        .run(&[])
        .check(69, &["could not run", "it said nothing"]);
}

#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let world = World::new();
    world.console(&whole());
    world.run(&[]).check(0, &[]);
    let before = fs::read(world.results().join("x86_64/toy/verdict.json")).unwrap();
    // A limit on the size of files is the disk's end that everybody can have.
    world.guest("head -c 9000000 /dev/zero | tr '\\0' '\\n'");
    let command = world.command(&World::run_words(&[]));
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 4096; exec \"$@\"", "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    let outcome = Outcome::of(shell.output().unwrap());
    outcome.check(
        69,
        &[
            "cannot write",
            "console.log",
            "File too large",
            "make clean",
            "O=",
        ],
    );
    let after = fs::read(world.results().join("x86_64/toy/verdict.json")).unwrap();
    assert_eq!(before, after);
    nothing_unfinished(&world);

    // With the right to mount, a disk that is really full.
    let results = world.results();
    let mut shell = Command::new("unshare");
    shell.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    shell.arg("mount -t tmpfs -o size=1m none \"$0\" || exit 77; exec \"$@\"");
    shell.arg(&results);
    shell.arg(command.get_program()).args(command.get_args());
    match shell.output() {
        Ok(output) if output.status.code() != Some(77) && output.status.code() != Some(1) => {
            Outcome::of(output).check(
                69,
                &["cannot write", "No space left on device", "make clean"],
            );
        }
        _ => eprintln!("not tried: no right to mount a small disk"),
    }
}

#[test]
fn a_results_folder_that_cannot_be_written_is_named() {
    let world = World::new();
    world.console(&whole());
    world.write("project/build/results", "not a folder");
    let outcome = world.run(&[]);
    outcome.check(
        69,
        &[
            "cannot make",
            "project/build/results",
            "another build folder with O=",
        ],
    );
}

#[test]
fn two_runs_in_one_build_folder_wait_for_each_other() {
    let world = World::new();
    world.console(&whole());
    // Whoever has the lock builds.
    let sources = world.path("project/build/sources");
    fs::create_dir_all(&sources).unwrap();
    let lock = File::create(sources.join("lock")).unwrap();
    lock.lock().unwrap();
    let mut child = world
        .command(&World::run_words(&[]))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It goes on when it has said that it waits, or else after a while.
    let (said, heard) = std::sync::mpsc::channel();
    let holder = std::thread::spawn(move || {
        let _ = heard.recv_timeout(Duration::from_secs(20));
        drop(lock);
    });
    let mut stderr = Vec::new();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    while lines.read_until(b'\n', &mut stderr).unwrap() != 0 {
        if String::from_utf8_lossy(&stderr).contains("waiting for another run") {
            let _ = said.send(());
        }
    }
    drop(said);
    holder.join().unwrap();
    let output = child.wait_with_output().unwrap();
    let outcome = Outcome::of(Output { stderr, ..output });
    outcome.check(0, &["waiting for another run that builds in", "match"]);

    // Many at once, of one case, in a folder where nothing is built yet.
    fs::remove_dir_all(world.path("project/build/kernels")).unwrap();
    let runs: Vec<Child> = (0..6)
        .map(|_| {
            world
                .command(&World::run_words(&[]))
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for run in runs {
        Outcome::of(run.wait_with_output().unwrap()).check(0, &["toy on x86_64: match"]);
    }
    nothing_unfinished(&world);
}

#[test]
fn a_damaged_kernel_or_module_is_made_again() {
    let world = World::new();
    world.console(&whole());
    world.run(&[]).check(0, &[]);
    let kernels = fs::read_dir(world.path("project/build/kernels")).unwrap();
    let kernel = kernels
        .flatten()
        .find(|e| e.path().is_dir())
        .unwrap()
        .path();
    fs::write(kernel.join("vmlinux"), "ker").unwrap();
    let outcome = world.run(&[]);
    outcome.check(0, &["vmlinux is not as it was built; it is made again"]);
    assert_eq!(fs::read(kernel.join("vmlinux")).unwrap(), b"kernel\n");
    fs::remove_file(kernel.join("vmlinux")).unwrap();
    world.run(&[]).check(0, &["match"]);

    let stage = world
        .path("project/build/modules")
        .join(kernel.file_name().unwrap());
    let slim = stage.join("modules/toy/toy.ko.stripped");
    let good = fs::read(&slim).unwrap();
    fs::write(&slim, "").unwrap();
    world.run(&[]).check(0, &["match"]);
    assert_eq!(fs::read(&slim).unwrap(), good);
}

#[test]
fn a_build_that_fails_is_quoted_and_tried_again() {
    let world = World::new();
    world.console(&whole());
    let mut command = world.command(&World::run_words(&[]));
    let outcome = Outcome::of(command.env("TOY_BROKEN", "1").output().unwrap());
    outcome.check(
        69,
        &[
            "make failed",
            "ld.lld: error: no space",
            "kernel-x86_64-default.log",
        ],
    );
    world.run(&[]).check(0, &["match"]);
}

#[test]
fn a_malformed_claim_is_named_with_its_file_line_and_key() {
    let world = World::new();
    let check = |from: &str, to: &str, parts: &[&str]| {
        assert!(CLAIM.contains(from));
        world.write(
            "project/modules/toy/case.toml",
            &CLAIM.replacen(from, to, 1),
        );
        let outcome = world.run(&[]);
        outcome.check(69, parts);
        assert!(
            outcome.text.contains("modules/toy/case.toml:"),
            "{}",
            outcome.text
        );
    };
    check("reach", "raech", &["case.toml:3: ", "`raech`", "`reach`"]);
    check(
        "\"loadable\"",
        "\"loadble\"",
        &["case.toml:3: ", "`loadable`", "`boot`"],
    );
    check(
        "\"bug\"",
        "\"bgu\"",
        &["case.toml:9: ", "unknown kind", "null-dereference"],
    );
    check(
        "title =",
        "titel =",
        &["case.toml:10: ", "`titel`", "`title`"],
    );
    check(
        "[\"x86_64\"]",
        "[\"x86\"]",
        &["case.toml:4: machines", "\"x86\"", "known: x86_64"],
    );
    check("[\"x86_64\"]", "\"x86_64\"", &["case.toml:4: "]);
    check("[\"x86_64\"]", "[]", &["case.toml:4: machines"]);
    check(
        "lines = [\"toy_fixed: survived: it\"]",
        "",
        &["case.toml:12: [fixed]: no lines"],
    );
    check("source = \"none\"", "source = none", &["case.toml:2: "]);
    let script = "[fixed]\nscript = \"gone.sh\"";
    check(
        "[fixed]",
        script,
        &["case.toml:13: \"gone.sh\": no such file in "],
    );
}

#[test]
fn a_module_of_another_kernel_is_named() {
    let world = World::new();
    let refused = "[    1.1][   T29] toy: version magic '6.1.0 SMP mod_unload ' should be \
                   '6.12.0 SMP mod_unload '\ninsmod: can't insert 'toy.ko': invalid module format\n\
                   [    1.3][    T1] oopsarium: end toy status=1\n[    1.3][    T1] oopsarium: done\n";
    let begin = BEGIN.lines().next().unwrap();
    world.console(&format!("{BOOT}{begin}\n{refused}"));
    let outcome = world.run(&[]);
    outcome.check(
        69,
        &[
            "version magic '6.1.0",
            "built for another kernel",
            "make clean",
        ],
    );
}

#[test]
fn kvm_that_does_not_work_is_found_out() {
    let world = World::new();
    world.write("console", &whole());
    let console = world.path("console");
    // As it is seen on some hosts: a machine is made, and its guest does not come far.
    world.guest(&format!(
        "case \"$*\" in\n*'-accel kvm'*) echo 'KVM: entry failed' >&2; exit 1;;\nesac\ncat '{}'",
        console.display()
    ));
    let run = |accel| {
        let words = ["run", "toy", "--snapshot=0", accel];
        Outcome::of(world.command(&words).output().unwrap())
    };
    run("--accel=auto").check(0, &["match"]);
    run("--accel=kvm").check(69, &["no KVM: ", "ACCEL=tcg emulates instead"]);
    // What was remembered may be damaged.
    let state = world.path("project/build/state/kvm-x86_64");
    if state.exists() {
        let text = fs::read_to_string(&state).unwrap();
        for cut in [0, 10, text.len() - 5] {
            fs::write(&state, &text[..cut]).unwrap();
            run("--accel=kvm").check(69, &["KVM: entry failed"]);
        }
    }
}

#[test]
fn ctrl_c_leaves_no_process_no_lock_and_no_half_of_anything() {
    let world = World::new();
    world.write("console", &whole());
    let console = world.path("console");
    // A guest that is never done, with a process of its own that says where it is.
    let alive = world.path("alive");
    let fifo = |name: &str| {
        let path = world.path(name);
        let _ = fs::remove_file(&path);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        path
    };
    world.guest(&format!(
        "cat '{}' | sed /done/d; sleep 1000 & wait",
        console.display()
    ));
    for (signal, moments) in [
        (Signal::SIGINT, 0..30),
        (Signal::SIGTERM, 0..10),
        (Signal::SIGHUP, 0..4),
    ] {
        for moment in moments {
            // Now and then there is everything to be built.
            if moment % 3 == 0 {
                let _ = fs::remove_dir_all(world.path("project/build/kernels"));
            }
            // All that the program starts has this open until it ends.
            let path = fifo("alive");
            let reader = std::thread::spawn({
                let path = path.clone();
                move || {
                    let mut rest = Vec::new();
                    let mut file = File::open(path).unwrap();
                    std::io::Read::read_to_end(&mut file, &mut rest).unwrap();
                }
            });
            let writer = File::options().write(true).open(&alive).unwrap();
            let mut command = world.command(&World::run_words(&[]));
            command.stdout(writer.try_clone().unwrap()).stderr(writer);
            command.process_group(0);
            if moment % 5 == 4 {
                command.env("TOY_SLOW", "1");
            }
            let mut child = command.spawn().unwrap();
            drop(command);
            std::thread::sleep(Duration::from_millis(moment * 9));
            let pid = Pid::from_raw(child.id() as i32);
            kill(pid, signal).unwrap();
            let status = child.wait().unwrap();
            // Before it could catch it, it just dies of it.
            let code = status.code();
            assert!(
                code == Some(130) || code.is_none(),
                "{signal} at {moment}: {status}"
            );
            wait_for(|| reader.is_finished(), "a process lives on");
            if code == Some(130) {
                nothing_unfinished(&world);
            }
        }
    }
    // Nobody has a lock any more, and nothing is broken.
    world.console(&whole());
    let outcome = world.run(&[]);
    outcome.check(0, &["match"]);
    assert!(
        !outcome.text.contains("waiting for another run"),
        "{}",
        outcome.text
    );
    nothing_unfinished(&world);
}

#[test]
fn set_up_that_is_interrupted_leaves_no_process_and_no_half_of_anything() {
    let world = World::new();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for copied in ["setup.sh", "tools.sh"] {
        let to = world.path(&format!("project/scripts/{copied}"));
        fs::copy(repository.join("scripts").join(copied), to).unwrap();
    }
    // cargo, and tar where it unpacks, are still at work when it is interrupted.
    let slow = |tool: &str, quick: &str| {
        let mark = world.path(&format!("{tool} works"));
        let script = format!(
            "case $1 in {quick} esac\necho $$ >'{}'\nexec sleep 1000",
            mark.display()
        );
        world.script(&format!("slow/{tool}"), &script);
        mark
    };
    let cargo = slow("cargo", "--version) echo cargo 1.96.0; exit;;");
    let tar = slow("tar", "--version | -tf) exec /bin/tar \"$@\";;");
    let env = fs::read_to_string(repository.join("build/tools.env")).unwrap();
    let tool = |name: &str| {
        let line = env.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.strip_prefix('='))
            .unwrap_or("")
            .to_string()
    };
    let slow = world.path("slow");
    let mut command = Command::new(world.path("project/scripts/setup.sh"));
    command
        .args(["--arch", "x86_64"])
        .env_clear()
        .env(
            "PATH",
            format!("{}:{}", slow.display(), std::env::var("PATH").unwrap()),
        )
        .env("HOME", world.path("home"))
        .env("XDG_CACHE_HOME", world.path("cache"))
        .env("CARGO", slow.join("cargo"))
        .env("KERNEL_SRC", world.path("linux.tar"))
        .env("RUSTC", tool("RUSTC"))
        .env("RUST_LIB_SRC", tool("RUST_LIB_SRC"))
        .env("QEMU_X86_64", tool("QEMU_X86_64"))
        .env("NO_INSTALL", "")
        .env("UNPACK_AHEAD", "1")
        .stderr(File::create(world.path("said")).unwrap())
        .process_group(0);
    world.write("cache/oopsarium/nothing", "");
    world.write("project/qemu/runner/Cargo.toml", "");
    fs::remove_file(world.path("project/build/tools.env")).unwrap();
    let mut child = command.spawn().unwrap();
    let works = |mark: &Path| fs::read_to_string(mark).is_ok_and(|pid| pid.ends_with('\n'));
    let said = || fs::read_to_string(world.path("said")).unwrap();
    wait_for(
        || works(&cargo) && works(&tar) || child.try_wait().unwrap().is_some(),
        "set-up does not come so far",
    );
    assert!(works(&cargo) && works(&tar), "{}", said());
    let group = Pid::from_raw(-(child.id() as i32));
    kill(group, Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{}", said());
    for mark in [cargo, tar] {
        let pid = fs::read_to_string(mark).unwrap().trim().parse().unwrap();
        wait_for(
            || kill(Pid::from_raw(pid), None).is_err(),
            "a process lives on",
        );
    }
    assert!(!world.path("project/build/source-ahead").exists());
    let left: Vec<_> = fs::read_dir(world.path("cache/oopsarium/tools"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_a_killed_run_left_is_removed() {
    let world = World::new();
    let mark = world.path("started");
    world.guest(&format!(": >'{}'; sleep 1000", mark.display()));
    let mut child = world.command(&World::run_words(&[])).spawn().unwrap();
    wait_for(|| mark.exists(), "QEMU is not started");
    child.kill().unwrap();
    child.wait().unwrap();
    world.console(&whole());
    world.run(&[]).check(0, &["match"]);
    nothing_unfinished(&world);
}

#[test]
fn bless_writes_a_transcript_and_later_runs_are_held_against_it() {
    let world = World::new();
    let fixed = "\
[    1.0][    T1] oopsarium: begin toy_fixed
[    1.1][   T29] toy_fixed: survived: it
[    1.3][    T1] oopsarium: end toy_fixed status=0
[    1.3][    T1] oopsarium: done
";
    world.write("bug", &whole());
    world.write("fixed", fixed);
    let guest = |bug: &str| {
        world.write("bug", bug);
        world.guest(&format!(
            "case $* in *toy_fixed*) cat '{}';; *) cat '{}';; esac",
            world.path("fixed").display(),
            world.path("bug").display()
        ));
    };
    guest(&whole());
    let bless = || Outcome::of(world.command(&["bless", "toy"]).output().unwrap());
    let transcript = world.path("project/modules/toy/expected/x86_64.txt");

    // In CI there is nobody to look at it.
    let mut ci = world.command(&["bless", "toy"]);
    let outcome = Outcome::of(ci.env("CI", "true").output().unwrap());
    outcome.check(2, &["does not run in CI"]);
    assert!(!transcript.exists());

    bless().check(
        0,
        &["expected/x86_64.txt: new", "expected/x86_64.fixed.txt: new"],
    );
    bless().check(0, &["expected/x86_64.txt: unchanged"]);
    let outcome = world.run(&[]);
    outcome.check(0, &["match"]);
    assert!(!outcome.text.contains("transcript"), "{}", outcome.text);

    // Something that the claim says nothing of.
    let other = whole().replace("do_one_initcall", "do_two_initcalls");
    guest(&other);
    world.run(&[]).check(
        1,
        &[
            "differs",
            "- do_one_initcall",
            "+ do_two_initcalls",
            "make bless CASE=toy",
        ],
    );
    let json = fs::read_to_string(world.results().join("x86_64/toy/verdict.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["transcript"]["status"], "differs");
    assert_eq!(json["verdict"], "differs");

    // On another kernel, that is drift.
    let text = fs::read_to_string(&transcript).unwrap();
    let elsewhere = text.replace("# kernel: 6.12.0", "# kernel: 6.11.0");
    fs::write(&transcript, &elsewhere).unwrap();
    world.run(&[]).check(
        0,
        &[
            "match",
            "drift",
            "kernel 6.11.0, now 6.12.0",
            "+ do_two_initcalls",
        ],
    );
    fs::write(&transcript, &text).unwrap();

    // It is taken over, unless the claim fails; which nothing here writes to.
    bless().check(0, &["expected/x86_64.txt: changed", "+ do_two_initcalls"]);
    world.run(&[]).check(0, &["match"]);
    guest(&[BOOT, BEGIN, END].concat());
    let blessed = fs::read(&transcript).unwrap();
    bless().check(1, &["not blessed", "not as claimed (survived"]);
    assert_eq!(fs::read(&transcript).unwrap(), blessed);
    let claim = fs::read_to_string(world.path("project/modules/toy/case.toml")).unwrap();
    assert_eq!(claim, CLAIM);

    // What is not the same twice is no transcript.
    let count = world.path("count");
    world.guest(&format!(
        "echo x >>'{0}'; sed \"s/do_one/do_$(wc -l <'{0}')/\" '{1}'",
        count.display(),
        world.path("whole").display()
    ));
    world.write("whole", &whole());
    bless().check(1, &["not blessed", "it is not the same twice"]);

    // One that is cut off is no transcript either.
    fs::write(&transcript, &text[..text.len() / 3]).unwrap();
    guest(&whole());
    world.run(&[]).check(
        1,
        &[
            "the transcript cannot be read",
            "make bless CASE=toy writes it again",
        ],
    );
}

fn wait_for(mut what: impl FnMut() -> bool, otherwise: &str) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(60), "{otherwise}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// No folder of a run that came to no end.
#[track_caller]
fn nothing_unfinished(world: &World) {
    let Ok(entries) = fs::read_dir(world.results()) else {
        return;
    };
    for entry in entries {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with(".running-"), "{name} is left");
    }
}
