// SPDX-License-Identifier: GPL-2.0

//! Which report follows from which.
//!
//! A rule has to show the connection (the same task, the same CPU, the words of the panic); coming
//! later is none. What no rule covers is independent, so that a second bug is never hidden.

use super::{Form, Kind, Report};

/// Fills in [`Report::consequence_of`].
pub fn attribute(reports: &mut [Report]) {
    // A log may hold any number of reports; looking back a fixed way keeps this linear.
    const BACK: usize = 64;
    for later in 0..reports.len() {
        let (before, rest) = reports.split_at_mut(later);
        let Some(report) = rest.first_mut() else {
            continue;
        };
        let from = before.len().saturating_sub(BACK);
        let cause = RULES.iter().find_map(|rule| {
            let at = before[from..]
                .iter()
                .rposition(|earlier| (rule.follows)(earlier, report))?;
            Some((from + at, rule.why))
        });
        if let Some((at, why)) = cause {
            report.consequence_of = Some(at);
            report.notes.push(format!("a consequence: {why}"));
        } else if report.kind == Kind::Panic && says(report, AFTER_OOPS) {
            report.complete = false;
            report
                .notes
                .push("what it follows from is not in the log".to_string());
        }
    }
}

/// Whether a panic that begins so shows where the CPU stood that a report of this kind, which has
/// no stack of its own, is about.
pub fn shows_its_stack(kind: Kind, panic: &str) -> bool {
    let own = matches!(kind, Kind::SoftLockup | Kind::HardLockup | Kind::Atomic);
    own && follows_from(kind, panic)
}

/// Whether a panic that begins so says that it follows from what a watchdog reported.
fn follows_from(kind: Kind, panic: &str) -> bool {
    let own = |(watched, words): &(Kind, &str)| *watched == kind && panic.contains(words);
    WATCHED.iter().any(own)
}

struct Rule {
    why: &'static str,
    follows: fn(&Report, &Report) -> bool,
}

const RULES: &[Rule] = &[
    Rule {
        why: "the panic says that it follows from an oops",
        follows: |earlier, later| {
            later.kind == Kind::Panic
                && is_fatal(earlier)
                && (says(later, AFTER_OOPS)
                    || says(later, &["Attempted to kill the idle task"])
                        && same(earlier.pid, Some(0))
                    || says(later, &["Attempted to kill init"]) && same(earlier.pid, Some(1)))
        },
    },
    Rule {
        why: "the kernel panics for its hypervisor",
        follows: |earlier, later| {
            later.kind == Kind::Panic
                && says(later, &["HYP panic"])
                && earlier.headline.contains("nVHE hyp")
        },
    },
    Rule {
        why: "the panic says that it follows from a warning",
        follows: |earlier, later| {
            later.kind == Kind::Panic
                && says(later, &["panic_on_warn set", "system warned too often"])
                && earlier.form != Form::Panic
                && earlier.kind != Kind::Dump
        },
    },
    Rule {
        why: "the panic says that it follows from a lockup, a stall or a hung task",
        follows: |earlier, later| {
            later.kind == Kind::Panic && follows_from(earlier.kind, &later.headline)
        },
    },
    Rule {
        why: "the panic comes while the same report is printed",
        follows: |earlier, later| {
            later.kind == Kind::Panic
                && earlier.kind == Kind::StackOverflow
                && says(later, &["stack"])
        },
    },
    Rule {
        why: "the access that the sanitizer reported then failed",
        follows: |earlier, later| {
            matches!(earlier.kind, Kind::Kasan | Kind::Kfence | Kind::Ubsan)
                && is_fatal(later)
                && matches!(
                    later.kind,
                    Kind::PageFault | Kind::NullDereference | Kind::GeneralProtection
                )
                && earlier.pid.is_some()
                && earlier.pid == later.pid
                && name(earlier).is_some()
                && name(earlier) == name(later)
                && later.first.saturating_sub(earlier.last) < 16
        },
    },
    Rule {
        why: "the oops left the CPU's context tracking unbalanced, as the next idle loop finds",
        follows: |earlier, later| {
            // arm64 enters the kernel's exception through ct_nmi_enter(), and a task that dies
            // there never comes to the matching exit.
            later.kind == Kind::Warning
                && is_fatal(earlier)
                && later.pid == Some(0)
                && same(earlier.cpu, later.cpu)
                && name(later).is_some_and(|name| {
                    CONTEXT_TRACKING.iter().any(|known| name.starts_with(known))
                })
        },
    },
    Rule {
        why: "the task is killed by the oops, and this is printed on its way out",
        follows: |earlier, later| {
            is_fatal(earlier)
                && earlier.pid.is_some()
                && earlier.pid == later.pid
                && earlier.comm == later.comm
                && later.kind != Kind::Panic
                && (later
                    .trace
                    .iter()
                    .any(|frame| frame.reliable && DYING.contains(&frame.symbol.name.as_str()))
                    || later.kind == Kind::Atomic && later.first.saturating_sub(earlier.last) < 16)
        },
    },
    Rule {
        why: "it is printed by a panic on its way",
        follows: |earlier, later| {
            earlier.form == Form::Panic
                && later.trace.iter().any(|frame| {
                    frame.reliable && matches!(frame.symbol.name.as_str(), "panic" | "vpanic")
                })
        },
    },
    Rule {
        why: "it is the call trace of the report before it",
        follows: |earlier, later| {
            later.kind == Kind::Dump
                && earlier.trace.is_empty()
                && later.first == earlier.last + 1
                && earlier.pid == later.pid
        },
    },
];

/// The words of panics that only follow from an oops.
const AFTER_OOPS: &[&str] = &[
    "Fatal exception",
    "Machine halted",
    "stack guard hit",
    "kernel stack overflow",
    "Aiee, killing interrupt handler",
    "Oopsed too often",
    "Oops failed to kill thread",
    "Asynchronous SError",
];

/// Watchdogs and the words of their panics.
const WATCHED: &[(Kind, &str)] = &[
    (Kind::SoftLockup, "softlockup: hung tasks"),
    (Kind::HardLockup, "Hard LOCKUP"),
    (Kind::HardLockup, "hard lockup"),
    (Kind::RcuStall, "RCU Stall"),
    (Kind::HungTask, "hung_task: blocked tasks"),
    (Kind::OutOfMemory, "ut of memory"),
    (Kind::OutOfMemory, "deadlocked on memory"),
    (Kind::Atomic, "scheduling while atomic"),
    (Kind::ExternalAbort, "SError"),
    (Kind::WorkqueueLockup, "workqueue"),
];

/// Where an unbalanced nesting count is noticed, in kernels of different age.
const CONTEXT_TRACKING: &[&str] = &[
    "ct_kernel_exit",
    "ct_idle_enter",
    "ct_kernel_enter",
    "rcu_eqs_enter",
    "rcu_eqs_exit",
    "rcu_idle_enter",
    "rcu_dynticks_eqs",
];

/// Functions through which a task leaves that an oops killed.
const DYING: &[&str] = &[
    "make_task_dead",
    "rewind_stack_and_make_dead",
    "rewind_stack_do_exit",
    "oops_end",
    "die",
];

fn is_fatal(report: &Report) -> bool {
    matches!(report.form, Form::Bug | Form::Oops)
}

fn says(panic: &Report, words: &[&str]) -> bool {
    words.iter().any(|word| panic.headline.contains(word))
}

/// A log without this number says nothing against it.
fn same(one: Option<u32>, other: Option<u32>) -> bool {
    one.is_none() || other.is_none() || one == other
}

fn name(report: &Report) -> Option<&str> {
    report.function.as_ref().map(|symbol| symbol.name.as_str())
}
