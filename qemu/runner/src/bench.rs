// SPDX-License-Identifier: GPL-2.0

//! `make bench`: how long it takes what a person types, as ratios, all in one run. Every round
//! does each thing once, so that a slow moment hits all of them; a ratio is one round's, and
//! what is shown is the median with the lowest and the highest. Knows nothing of verdicts but
//! that a command which fails is no measurement.

use crate::{
    child,
    decoder::{median, Against},
    kernel::{Kernel, DEFAULT_PROFILE},
    machine::Arch,
    modules,
    project::{Project, Tools},
    term::{self, Progress},
};
use anyhow::{bail, Context, Result};
use std::{
    env, fmt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// The profile of the kernel that virtme-ng can boot, too.
const VIRTME: &str = "virtme";

/// What is measured against each other: the first one is 1.
struct Group<'a> {
    name: String,
    subjects: Vec<Subject<'a>>,
}

/// One thing that is measured.
struct Subject<'a> {
    /// What is typed, or run.
    name: String,
    /// Does it once, and says how long that took.
    once: Box<dyn Fn() -> Result<Duration> + 'a>,
    /// How often at most; what takes long need not be done as often.
    rounds: usize,
    times: Vec<Duration>,
}

impl<'a> Subject<'a> {
    fn new(name: impl Into<String>, once: impl Fn() -> Result<Duration> + 'a) -> Self {
        Self {
            name: name.into(),
            once: Box::new(once),
            rounds: usize::MAX,
            times: Vec::new(),
        }
    }
}

/// What to measure.
pub struct Wanted<'a> {
    /// The architectures.
    pub archs: &'a [Arch],
    /// The loadable case that is the measure of all.
    pub loadable: &'a str,
    /// A case that is linked into the kernel.
    pub boot: &'a str,
    /// All cases, without the samples, as `CASES=` takes them.
    pub cases: &'a str,
    /// How many rounds.
    pub rounds: usize,
}

/// Measures, and gives the table.
///
/// # Errors
///
/// When something that is measured fails, or cannot be built.
pub fn bench(project: &Project, tools: &Tools, wanted: &Wanted<'_>) -> Result<String> {
    let mut tables = Vec::new();
    for arch in wanted.archs {
        let kernel = Kernel::locate(project, tools, *arch, DEFAULT_PROFILE)?;
        kernel.build(project, tools)?;
        modules::build(project, tools, &kernel, None)?;
        let log = project
            .build
            .join("results")
            .join(arch.name())
            .join(wanted.loadable.replace('-', "_"))
            .join("console.log");
        // It makes the snapshot and the log that is decoded, and warms the disk's cache.
        let own = make(project, &["run-case"], *arch, &[("CASE", wanted.loadable)]);
        own()?;
        let mut groups = [
            runs(project, tools, *arch, wanted)?,
            decoding(project, tools, &kernel, &log)?,
        ];
        let progress = Progress::start(
            &format!("measuring on {arch}"),
            Some(groups.iter().map(|group| group.count(wanted.rounds)).sum()),
        );
        for round in 0..wanted.rounds {
            for subject in groups.iter_mut().flat_map(|group| &mut group.subjects) {
                if round < subject.rounds {
                    child::check_interrupted()?;
                    let took = (subject.once)().with_context(|| subject.name.clone())?;
                    subject.times.push(took);
                    progress.step();
                }
            }
        }
        progress.done();
        tables.extend(groups.iter().map(ToString::to_string));
    }
    Ok(tables.join("\n"))
}

/// What a person types for a case, and for all of them; and where virtme-ng is installed, the
/// same `insmod` through that.
fn runs<'a>(
    project: &'a Project,
    tools: &Tools,
    arch: Arch,
    wanted: &Wanted<'_>,
) -> Result<Group<'a>> {
    let case = wanted.loadable;
    let mut subjects = vec![
        Subject::new(
            format!("`make run-case CASE={case}`: restored from a snapshot"),
            make(project, &["run-case"], arch, &[("CASE", case)]),
        ),
        Subject::new(
            "the same with `SNAPSHOT=0`: booted",
            make(
                project,
                &["run-case"],
                arch,
                &[("CASE", case), ("SNAPSHOT", "0")],
            ),
        ),
        Subject::new(
            format!("`make run-case CASE={}`: at boot", wanted.boot),
            make(project, &["run-case"], arch, &[("CASE", wanted.boot)]),
        ),
    ];
    let mut all = Subject::new(
        "`make check CASES=…`: all cases with twins, no samples",
        make(project, &["check"], arch, &[("CASES", wanted.cases)]),
    );
    all.rounds = 3;
    subjects.push(all);
    match virtme(project, tools, arch, case)? {
        Some(subject) => subjects.push(subject),
        None => term::note(&format!(
            "virtme-ng is not measured on {arch}: {}",
            match arch == Arch::X86_64 {
                true => "there is no vng; pip install virtme-ng has it, VNG= names it",
                false => "it would need a whole system of that architecture",
            }
        )),
    }
    Ok(Group {
        name: format!("{arch}: from the shell's prompt and back"),
        subjects,
    })
}

/// The same oops decoded by the kernel's script, and here.
fn decoding<'a>(
    project: &Project,
    tools: &Tools,
    kernel: &Kernel,
    log: &'a Path,
) -> Result<Group<'a>> {
    let arch = kernel.arch;
    let against = std::rc::Rc::new(Against::new(project, tools, kernel)?);
    let log: PathBuf = log.to_owned();
    let (one, two, log_one, log_two) = (against.clone(), against.clone(), log.clone(), log.clone());
    Ok(Group {
        name: format!("{arch}: decoding that oops"),
        subjects: vec![
            Subject::new(
                "`oopsarium decode`, on a kernel that it never saw",
                move || Ok(one.time_first(&log_one)?.wall),
            ),
            Subject::new("the same, when it did", move || {
                Ok(two.time_again(&log_two)?.wall)
            }),
            Subject::new("the kernel's `decode_stacktrace.sh`", move || {
                Ok(against.time_script(&log)?.wall)
            }),
        ],
    })
}

/// A call of make in the project's folder, as a person types it.
fn make<'a>(
    project: &'a Project,
    targets: &[&str],
    arch: Arch,
    variables: &[(&str, &str)],
) -> impl Fn() -> Result<Duration> + 'a {
    let mut words: Vec<String> = targets.iter().map(|word| (*word).to_owned()).collect();
    words.push(format!("ARCH={arch}"));
    words.extend(
        variables
            .iter()
            .map(|(key, value)| format!("{key}={value}")),
    );
    words.push(format!("O={}", project.build.display()));
    move || {
        let mut make = Command::new("make");
        make.arg("-C").arg(&project.root).args(&words);
        // What was typed for the bench is not meant for what it measures.
        for (key, _) in env::vars_os() {
            let inherited = ["HOME", "PATH", "USER", "LANG", "TMPDIR", "TERM"];
            let kept = key
                .to_str()
                .is_some_and(|key| inherited.contains(&key) || key.starts_with("XDG_"));
            if !kept {
                make.env_remove(key);
            }
        }
        timed(&mut make)
    }
}

/// Runs `command` to its end, which has to be a good one.
fn timed(command: &mut Command) -> Result<Duration> {
    let started = Instant::now();
    child::output(command)?;
    Ok(started.elapsed())
}

/// `insmod` of the case's module in a guest that virtme-ng boots, on a kernel that has what it
/// takes for that; if it is there.
fn virtme<'a>(
    project: &Project,
    tools: &Tools,
    arch: Arch,
    case: &str,
) -> Result<Option<Subject<'a>>> {
    let vng = env::var("VNG").unwrap_or_else(|_| "vng".to_owned());
    let there = Command::new(&vng).arg("--version").output();
    if arch != Arch::X86_64 || !there.is_ok_and(|output| output.status.success()) {
        return Ok(None);
    }
    let kernel = Kernel::locate(project, tools, arch, VIRTME)?;
    kernel.build(project, tools)?;
    let name = case.replace('-', "_");
    let modules = modules::build(project, tools, &kernel, Some(&name))?;
    let module = modules.file(&name)?;
    let image = kernel.image();
    let qemu = tools.need(arch.qemu_key())?.to_owned();
    // The guest has the host's files, but its shell need not find them all.
    let busybox = tools.need(arch.busybox_key())?.to_owned();
    let log = kernel.log("virtme-ng");
    // virtme-ng looks for its own programs in the path.
    let own = Path::new(&vng).parent().map(Path::to_owned);
    let others = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(own.into_iter().chain(env::split_paths(&others)))?;
    Ok(Some(Subject::new(
        "the same `insmod` through virtme-ng, without KVM",
        move || {
            let mut command = Command::new(&vng);
            command.env("PATH", &path);
            command.arg("--run").arg(&image);
            command.args(["--disable-kvm", "--user", "root", "--verbose"]);
            command.arg(format!("--qemu={qemu}"));
            command.arg("--exec").arg(format!(
                "{} insmod {}; dmesg | grep 'BUG at'",
                term::quote(&busybox),
                term::quote(&module.to_string_lossy())
            ));
            let started = Instant::now();
            let mut oops = false;
            // Without the ports of its own that udev names, its exit status says nothing.
            let ended = child::run_logged(&mut command, &log, |line| {
                oops |= line.contains("kernel BUG at");
            });
            let took = started.elapsed();
            child::check_interrupted()?;
            // A guest that never got there is no measurement.
            if !oops {
                ended?;
                bail!("{}: no oops in {}", term::quoted(&command), log.display());
            }
            Ok(took)
        },
    )))
}

impl Group<'_> {
    /// How many measurements it takes.
    fn count(&self, rounds: usize) -> u64 {
        let counts = self.subjects.iter().map(|one| one.rounds.min(rounds));
        counts.sum::<usize>() as u64
    }
}

impl fmt::Display for Group<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "| {} | median | ratio | from … to |", self.name)?;
        writeln!(out, "| --- | ---: | ---: | --- |")?;
        let Some(reference) = self.subjects.first() else {
            return Ok(());
        };
        for subject in &self.subjects {
            let spread = Spread::of(&ratios(&subject.times, &reference.times));
            writeln!(
                out,
                "| {} | {} | {} | {} … {} |",
                subject.name,
                term::seconds(median(&subject.times)),
                ratio(spread.median),
                ratio(spread.low),
                ratio(spread.high)
            )?;
        }
        Ok(())
    }
}

/// The ratios of each round that has both.
fn ratios(times: &[Duration], reference: &[Duration]) -> Vec<f64> {
    let pairs = times.iter().zip(reference);
    pairs
        .map(|(time, one)| time.as_secs_f64() / one.as_secs_f64().max(1e-9))
        .collect()
}

/// The middle of some numbers, and the ends.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spread {
    low: f64,
    median: f64,
    high: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        Self {
            low: at(0),
            median: at(sorted.len() / 2),
            high: at(sorted.len().saturating_sub(1)),
        }
    }
}

/// Three digits at most, which is more than such figures are good for.
fn ratio(value: f64) -> String {
    match value {
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(times: &[(&str, &[u64])]) -> String {
        let subjects = times.iter().map(|(name, times)| {
            let mut subject = Subject::new(*name, || Ok(Duration::ZERO));
            subject.times = times.iter().copied().map(Duration::from_millis).collect();
            subject
        });
        let group = Group {
            name: "x86_64".to_owned(),
            subjects: subjects.collect(),
        };
        group.to_string()
    }

    #[test]
    fn a_ratio_is_one_round_s() {
        // Everything is twice as slow in the second round, and the ratio stays the same.
        let table = group(&[("warm", &[100, 200, 100]), ("cold", &[300, 600, 310])]);
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| warm | 0.10 s | 1.00 | 1.00 … 1.00 |",
                "| cold | 0.31 s | 3.00 | 3.00 … 3.10 |"
            ]
        );
    }

    #[test]
    fn what_is_done_less_often_is_held_against_its_own_rounds() {
        let table = group(&[("warm", &[100, 100, 100]), ("check", &[2000])]);
        assert!(
            table.ends_with("| check | 2.00 s | 20.0 | 20.0 … 20.0 |\n"),
            "{table}"
        );
    }
}
