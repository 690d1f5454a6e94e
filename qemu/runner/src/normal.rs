// SPDX-License-Identifier: GPL-2.0

//! Lines of a report without what changes from one run to the next, so that two of them can be
//! compared as text. What is taken out, and why, stands in one table, a step a row.
//!
//! Pure: knows neither cases nor files. The prefixes of a line (time, caller, level) are taken
//! off by [`crate::console`] before.

use crate::pattern::regex;
use crate::report::demangle;
use regex::{Captures, Regex};
use std::{borrow::Cow, sync::LazyLock};

/// One thing that is taken out of every line.
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// Why it says nothing about the bug.
    pub why: &'static str,
    /// The line without it; `None` drops the line.
    pub line: for<'a> fn(&'a str) -> Option<Cow<'a, str>>,
}

/// What changes from run to run of one kernel, or from one build of it to the next.
pub static STEPS: [Step; 18] = [
    Step {
        name: "rust-names",
        why: "a mangled name holds hashes of the compiler; the source's name does not",
        line: rust_names,
    },
    Step {
        name: "registers",
        why: "their values are addresses, counters and what was left in them",
        line: registers,
    },
    Step {
        name: "user-mode",
        why: "where insmod was in user space is a matter of busybox",
        line: user_mode,
    },
    Step {
        name: "code",
        why: "the instructions hold distances, which change with all that is linked in",
        line: code,
    },
    Step {
        name: "unreliable-frames",
        why: "with a question mark stands what earlier calls left on the stack",
        line: unreliable_frames,
    },
    Step {
        name: "memory-dumps",
        why: "raw memory is addresses and what was there before",
        line: memory_dumps,
    },
    Step {
        name: "page-tables",
        why: "an entry holds a physical address; whether there is one is kept",
        line: page_tables,
    },
    Step {
        name: "addresses",
        why: "the size of the kernel and of the modules moves them, KASLR too; and so it does \
              page frame numbers",
        line: addresses,
    },
    Step {
        name: "offsets",
        why: "the place in a function, in bytes, and its size are the compiler's; that it is the \
              function's first instruction is kept",
        line: offsets,
    },
    Step {
        name: "tasks",
        why: "a process has the number that is free; 0 and 1, which the kernel gives, are kept",
        line: tasks,
    },
    Step {
        name: "cpus",
        why: "the scheduler chooses the CPU",
        line: cpus,
    },
    Step {
        name: "build",
        why: "the kernel's version stands in the transcript's head, and the rest of its stamp \
              says how often, when and where it was built",
        line: build,
    },
    Step {
        name: "warned",
        why: "that something warned before is said by its own report; one that only follows from \
              another comes early or late",
        line: warned,
    },
    Step {
        name: "trace-ids",
        why: "a number that is random on some kernels",
        line: trace_ids,
    },
    Step {
        name: "durations",
        why: "how long something took is the host's affair",
        line: durations,
    },
    Step {
        name: "memory-state",
        why: "how much memory is free, and how it is split, is not the same twice",
        line: memory_state,
    },
    Step {
        name: "panic-tail",
        why: "behind a panic stand the CPU's features and the kernel's place in memory",
        line: panic_tail,
    },
    Step {
        name: "blanks",
        why: "a taint letter that is not there leaves a blank",
        line: blanks,
    },
];

/// What changes from one version of the kernel to the next, though it reports the same.
pub static ACROSS_VERSIONS: [Step; 1] = [Step {
    name: "line-numbers",
    why: "every patch to a file moves the lines below it",
    line: line_numbers,
}];

/// `lines` after every one of `steps`. Doing it twice is doing it once.
pub fn normal<'a>(lines: impl IntoIterator<Item = &'a str>, steps: &[Step]) -> Vec<String> {
    lines
        .into_iter()
        .filter_map(|line| {
            steps.iter().try_fold(line.to_owned(), |line, step| {
                (step.line)(&line).map(Cow::into_owned)
            })
        })
        .collect()
}

/// A pattern that is written in this file.
macro_rules! pattern {
    ($text:expr) => {{
        static PATTERN: LazyLock<Regex> = LazyLock::new(|| regex($text));
        &*PATTERN
    }};
}

/// The line, unless `pattern` is in it.
fn unless<'a>(line: &'a str, pattern: &Regex) -> Option<Cow<'a, str>> {
    (!pattern.is_match(line)).then_some(Cow::Borrowed(line))
}

fn rust_names(line: &str) -> Option<Cow<'_, str>> {
    let name = pattern!(r"\b_(?:R[A-Za-z0-9_]+|ZN[A-Za-z0-9_.$]+E)");
    Some(name.replace_all(line, |found: &Captures<'_>| demangle(&found[0])))
}

fn registers(line: &str) -> Option<Cow<'_, str>> {
    unless(
        line,
        pattern!(
            r"(?x)^\s*(?:
                (?:[RE](?:[ABCD]X|[SD]I|[BS]P)|R\d\d|[C-GS]S|[CD]R\d|PKRU):\ +[0-9a-f]{4}
              | (?:x\d+|w\d+|sp|lr|pstate|pmr(?:_save)?)\ *:\ )"
        ),
    )
}

fn user_mode(line: &str) -> Option<Cow<'_, str>> {
    // 0x23 and 0x33 are Linux' code segments of user space.
    unless(line, pattern!(r"^\s*RIP: 00[23]3:"))
}

fn code(line: &str) -> Option<Cow<'_, str>> {
    unless(line, pattern!(r"^\s*Code: "))
}

fn unreliable_frames(line: &str) -> Option<Cow<'_, str>> {
    unless(line, pattern!(r"^\s*\? "))
}

fn memory_dumps(line: &str) -> Option<Cow<'_, str>> {
    unless(
        line,
        pattern!(
            r"(?x)^(?:
                [\s>]*[0-9a-f]{4,16}:(?:\ +[0-9a-f]{2}){4}
              | raw:\ [0-9a-f]{16}
              | (?:Object|Redzone|Padding|Bytes\ b4|Slab)\ +[0-9a-f]{16}:
              | (?:\ ?\b[0-9a-f]{16}){2,}$
              | \s*\^$
            )"
        ),
    )
}

fn page_tables(line: &str) -> Option<Cow<'_, str>> {
    let walk = pattern!(r"^(?:PGD [0-9a-f]+ |\[[0-9a-f]{16}\] pgd=|\[<address>\] pgd=)");
    if !walk.is_match(line) {
        return Some(Cow::Borrowed(line));
    }
    let entry = pattern!(r"(?i-u)\b(pgd|p4d|pud|pmd|pte)([ =])([0-9a-f]+)\b");
    Some(entry.replace_all(line, |found: &Captures<'_>| {
        let none = found[3].bytes().all(|digit| digit == b'0');
        let value = if none { "0" } else { "<entry>" };
        format!("{}{}{value}", &found[1], &found[2])
    }))
}

fn addresses(line: &str) -> Option<Cow<'_, str>> {
    // arm64 spells out the exception syndrome, which is the same every time.
    let syndrome = pattern!(r"^\s*(?:ESR|EC|SET|EA|FSC|ISV|CM|GCS) = ");
    if syndrome.is_match(line) {
        return Some(Cow::Borrowed(line));
    }
    let address = pattern!(
        r"(?x)\b(?:0x)?ffff[0-9a-f]{12}\b | \b0x[0-9a-f]{7,16}\b | \(_*ptrval_*\)
          | \b[0-9a-f]{16}-[0-9a-f]{16}\b"
    );
    let line = address.replace_all(line, |found: &Captures<'_>| match &found[0] {
        // Poison of lists and of slab objects, which says who freed it.
        poison if poison.starts_with("0xdead") || poison.starts_with("0x6b6b") => poison.to_owned(),
        _ => "<address>".to_owned(),
    });
    // What was accessed: a small number is the field of a structure that is not there, and any
    // other one is where something happened to be.
    let accessed = pattern!(r"(\baddress:? |^\[)([0-9a-f]{16})\b");
    let line = accessed.replace_all(&line, |found: &Captures<'_>| {
        match u64::from_str_radix(&found[2], 16) {
            Ok(0..=0xffff) => found[0].to_owned(),
            _ => format!("{}<address>", &found[1]),
        }
    });
    let frame = pattern!(r"\b(pfn:|pgdp=|pfn )(?:0x)?[0-9a-f]+\b");
    let line = frame.replace_all(&line, "$1<address>");
    // What the kernel hashes it prints with the upper half zero.
    let hashed = pattern!(
        r"\b(page|mapping|slab|objp|object)([:= ])(?:0x)?0{8}[0-9a-f]*[1-9a-f][0-9a-f]*\b"
    );
    Some(own(hashed.replace_all(&line, "$1$2<address>")))
}

/// The changed line, as one of its own.
fn own<'a>(changed: Cow<'_, str>) -> Cow<'a, str> {
    Cow::Owned(changed.into_owned())
}

fn offsets(line: &str) -> Option<Cow<'_, str>> {
    let place = pattern!(r"\+0x([0-9a-f]+)/0x[0-9a-f]+\b");
    Some(
        place.replace_all(line, |found: &Captures<'_>| match &found[1] {
            "0" => "+0x0",
            _ => "",
        }),
    )
}

fn tasks(line: &str) -> Option<Cow<'_, str>> {
    let number = pattern!(
        r"(?x)\b(?P<before>(?:PID|pid|Pid)\ ?[:=]\ ?|task\ |process\ )
          (?P<number>\d+)\b
        | (?P<name>[\w-]+)(?P<open>[\[/])(?P<pid>\d+)(?P<close>\])?(?P<after>\ exited|\ is\ trying|\ [:-])"
    );
    let keep = |number: &str| matches!(number, "0" | "1");
    Some(number.replace_all(line, |found: &Captures<'_>| {
        let whole = found[0].to_owned();
        match (found.name("number"), found.name("pid")) {
            (Some(number), _) if !keep(number.as_str()) => format!("{}<pid>", &found["before"]),
            (_, Some(pid)) if !keep(pid.as_str()) => format!(
                "{}{}<pid>{}{}",
                &found["name"],
                &found["open"],
                found.name("close").map_or("", |close| close.as_str()),
                &found["after"]
            ),
            _ => whole,
        }
    }))
}

fn cpus(line: &str) -> Option<Cow<'_, str>> {
    let cpu = pattern!(r"\b(CPU: |CPU ?#|on cpu |on CPU |swapper/)\d+\b");
    Some(cpu.replace_all(line, "$1<cpu>"))
}

fn build(line: &str) -> Option<Cow<'_, str>> {
    let stamp = pattern!(r"\b\d+\.\d+(?:\.\d+)?[^\s#]* #\d.*$");
    Some(stamp.replace(line, "<kernel>"))
}

fn warned(line: &str) -> Option<Cow<'_, str>> {
    let spelt = pattern!(r"^\s*Tainted: \[");
    if spelt.is_match(line) {
        let rest = pattern!(r"\[W\]=WARN(?:, )?|, \[W\]=WARN$").replace(line, "");
        return (!rest.trim_end().ends_with(':')).then_some(rest);
    }
    let letters = pattern!(r"\bTainted: ([A-Z][A-Z ]*?)( *(?:<kernel>|\d|$))");
    Some(letters.replace(line, |found: &Captures<'_>| {
        let letters = found[1].replace('W', " ");
        match letters.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["G"] => format!("Not tainted{}", &found[2]),
            _ => format!("Tainted: {}{}", letters.trim_end(), &found[2]),
        }
    }))
}

fn trace_ids(line: &str) -> Option<Cow<'_, str>> {
    let id = pattern!(r"---\[ end trace [0-9a-f]+ \]---");
    Some(id.replace(line, "---[ end trace ]---"))
}

fn durations(line: &str) -> Option<Cow<'_, str>> {
    let time = pattern!(
        r"\b(stuck for |for more than |blocked for |within )\d+(?:\.\d+)? ?(?:m|u|n)?s(?:econds)?\b"
    );
    let line = time.replace_all(line, "$1<time>");
    let counter = pattern!(r"\b([tgq]=)-?\d+\b|\bjiffies\(?\d+\)?");
    Some(own(counter.replace_all(&line, "$1<count>")))
}

fn memory_state(line: &str) -> Option<Cow<'_, str>> {
    unless(
        line,
        pattern!(
            r"(?x)^\s*(?:
                Mem-Info: | active_anon: | active_file: | unevictable: | slab_reclaimable: | mapped:
              | kernel_misc_reclaimable: | sec_pagetables: | free:\d | Node\ \d | lowmem_reserve
              | (?:DMA|DMA32|Normal|Movable|HighMem):?\ (?:per-cpu|free|\d)
              | \d+\ (?:total\ pagecache|pages\ |reserved|cma\ reserved|hwpoisoned|in\ swap)
              | (?:Free|Total)\ swap | \[\ *\d+\]\ +\d+\ +\d+
            )"
        ),
    )
}

fn panic_tail(line: &str) -> Option<Cow<'_, str>> {
    unless(
        line,
        pattern!(
            r"(?x)^(?:Kernel\ Offset:|SMP:\ (?:stopping|failed)|CPU\ features:|Memory\ Limit:
                |PHYS_OFFSET:|Rebooting\ in|Shutting\ down\ cpus|---\[\ end\ Kernel\ panic)"
        ),
    )
}

fn blanks(line: &str) -> Option<Cow<'_, str>> {
    let end = line.trim_end();
    let start = end.len() - end.trim_start().len();
    let inner = pattern!(r" {2,}").replace_all(&end[start..], " ");
    Some(Cow::Owned(format!("{}{inner}", &end[..start])))
}

fn line_numbers(line: &str) -> Option<Cow<'_, str>> {
    let place = pattern!(r"\b([\w./-]+\.(?:[chS]|rs)):\d+(?::\d+)?\b");
    Some(place.replace_all(line, "$1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// What the step called `name` makes of each line; it has to leave the result as it is, and
    /// every line of `same`, too.
    fn check(name: &str, changes: &[(&str, Option<&str>)], same: &[&str]) {
        let mut steps = STEPS.iter().chain(&ACROSS_VERSIONS);
        let step = steps.find(|step| step.name == name).unwrap();
        for (line, expected) in changes {
            let changed = (step.line)(line).map(Cow::into_owned);
            assert_eq!(changed.as_deref(), *expected, "{name}: {line}");
            assert_ne!(Some(*line), *expected, "{name} says nothing of {line}");
            if let Some(changed) = changed {
                assert_eq!((step.line)(&changed).as_deref(), Some(changed.as_str()));
            }
        }
        for line in same {
            assert_eq!((step.line)(line).as_deref(), Some(*line), "{name}");
        }
    }

    #[test]
    fn rust_names_are_the_source_s() {
        check(
            "rust-names",
            &[(
                " _RNvXCsBBsKuFG0l6_8gfp_slabNtB2_7GfpSlabNtCsl7L7n58I0Vr_6kernel6Module4init\
                 +0x68/0xe0 [gfp_slab]",
                Some(" <gfp_slab::GfpSlab as kernel::Module>::init+0x68/0xe0 [gfp_slab]"),
            )],
            &[" do_one_initcall+0xfc/0x2a0", " _Return"],
        );
    }

    #[test]
    fn registers_go_but_the_program_counter_stays() {
        check(
            "registers",
            &[
                ("RSP: 0018:ffffc900000d7988 EFLAGS: 00000207", None),
                (
                    "RAX: 000000000000e8e8 RBX: ffff888002b2fe00 RCX: 0000000000000005",
                    None,
                ),
                (
                    "R10: 0000000000005ffd R11: 00000000ffffffff R12: ffff88800f4221c0",
                    None,
                ),
                (
                    "FS:  000000003949d3c0(0000) GS:ffff88800f400000(0000) knlGS:0",
                    None,
                ),
                ("CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033", None),
                (
                    "CR2: 0000000000500ebe CR3: 0000000002c5b000 CR4: 00000000000006b0",
                    None,
                ),
                (
                    "x29: ffff00000114b8c0 x28: 0000000000000071 x27: 0000000000000001",
                    None,
                ),
                (
                    "x8 : 000000000198b861 x7 : 205b5d3035383936 x6 : 322e30202020205b",
                    None,
                ),
                ("sp : ffff00000114b8c0", None),
                ("lr : lkdtm_WRITE_RO+0x24/0x50 [lkdtm]", None),
                (
                    "pstate: 60000005 (nZCv daif -PAN -UAO -TCO -DIT -SSBS BTYPE=--)",
                    None,
                ),
            ],
            &[
                "RIP: 0010:___slab_alloc+0x6b3/0x6c0",
                "pc : lkdtm_WRITE_RO+0x3c/0x50 [lkdtm]",
                "Code: ff <0f> 0b",
                "  ESR = 0x000000009600004f",
                "CPU: 0 UID: 0 PID: 33 Comm: insmod",
            ],
        );
    }

    #[test]
    fn user_space_goes() {
        check(
            "user-mode",
            &[("RIP: 0033:0x47fbe9", None)],
            &["RIP: 0010:___slab_alloc+0x6b3/0x6c0"],
        );
    }

    #[test]
    fn code_goes() {
        check(
            "code",
            &[
                ("Code: ff 84 <0f> 0b", None),
                ("Code: aa1403e0 (38376abf) ", None),
            ],
            &["gfp_slab: Code: 1"],
        );
    }

    #[test]
    fn frames_that_nobody_vouches_for_go() {
        check(
            "unreliable-frames",
            &[
                (" ? vprintk+0x44/0x50", None),
                (" ? 0xffffffffa0006000", None),
            ],
            &[" __kmalloc_noprof+0x12c/0x1a0", "exploit attempt? (uid: 0)"],
        );
    }

    #[test]
    fn memory_dumps_go() {
        check(
            "memory-dumps",
            &[
                (">ffff888002b2fe00: fc fc fc fc fb fb fb fb", None),
                ("raw: 0000000000000000 dead000000000100", None),
                ("Object   ffff888002b2fe00: 6b 6b 6b 6b 6b 6b 6b 6b", None),
                (" 0000000000000001 ffff888002b2fe00 0000000000000000", None),
                ("                   ^", None),
            ],
            &[
                "page: refcount:0 mapcount:-128",
                "  ESR = 0x000000009600004f",
                " </TASK>",
            ],
        );
    }

    #[test]
    fn of_a_page_table_s_entry_it_stays_whether_there_is_one() {
        check(
            "page-tables",
            &[
                (
                    "PGD 1816067 P4D 1816067 PUD 0 ",
                    Some("PGD <entry> P4D <entry> PUD 0 "),
                ),
                (
                    "[ffff000000210000] pgd=18000000bffff003, p4d=18000000bffff003, \
                     pud=0000000000000000",
                    Some("[ffff000000210000] pgd=<entry>, p4d=<entry>, pud=0"),
                ),
            ],
            &["the case says: pmd=12"],
        );
    }

    #[test]
    fn addresses_go_but_syndromes_stay() {
        check(
            "addresses",
            &[
                (
                    "BUG: unable to handle page fault for address: ffffffffff400000",
                    Some("BUG: unable to handle page fault for address: <address>"),
                ),
                (
                    "cma_overlap: kernel text: 0x40210000..0x40480000",
                    Some("cma_overlap: kernel text: <address>..<address>"),
                ),
                (
                    "swapper pgtable: 4k pages, 48-bit VAs, pgdp=000000004056d000",
                    Some("swapper pgtable: 4k pages, 48-bit VAs, pgdp=<address>"),
                ),
                (
                    "page: refcount:1 mapcount:0 mapping:0000000012ab34cd index:0x0 pfn:0x29f1",
                    Some("page: refcount:1 mapcount:0 mapping:<address> index:0x0 pfn:<address>"),
                ),
                ("at (____ptrval____)", Some("at <address>")),
                (
                    "BUG: unable to handle page fault for address: 00007f29181830f8",
                    Some("BUG: unable to handle page fault for address: <address>"),
                ),
                ("[0000ffffacd9f000] pgd=0", Some("[<address>] pgd=0")),
            ],
            &[
                "  ESR = 0x000000009600004f",
                "  ISV = 0, ISS = 0x0000004f, ISS2 = 0x00000000",
                "Internal error: Oops: 000000009600004e [#1] SMP",
                "#PF: error_code(0x0003) - permissions violation",
                "mapping:0000000000000000 index:0x0",
                "BUG: kernel NULL pointer dereference, address: 0000000000000018",
                "probably for non-canonical address 0xdead000000000108: 0000 [#1] SMP",
                "gfp_slab: attempting: kmalloc(256, 0x5)",
            ],
        );
    }

    #[test]
    fn offsets_go_but_for_the_first_instruction() {
        check(
            "offsets",
            &[
                ("RIP: 0010:f+0x6b3/0x6c0", Some("RIP: 0010:f")),
                (" g+0x68/0xe0 [m]", Some(" g [m]")),
                (
                    "pc : early_ioremap+0x0/0x20",
                    Some("pc : early_ioremap+0x0"),
                ),
            ],
            &["gfp: 0x5/0x6"],
        );
    }

    #[test]
    fn tasks_have_no_number_but_the_first_two() {
        check(
            "tasks",
            &[
                (
                    "CPU: 0 UID: 0 PID: 33 Comm: insmod",
                    Some("CPU: 0 UID: 0 PID: <pid> Comm: insmod"),
                ),
                (
                    "note: insmod[30] exited with irqs disabled",
                    Some("note: insmod[<pid>] exited with irqs disabled"),
                ),
                ("Freed by task 31:", Some("Freed by task <pid>:")),
                (
                    "BUG: sleeping function called from invalid context, pid: 30, name: insmod",
                    Some("BUG: sleeping function called from invalid context, pid: <pid>, name: insmod"),
                ),
            ],
            &["PID: 0 Comm: swapper", "CPU: 0 PID: 1 at mm/x.c:93", "UID: 0", "Oops: 0003 [#1] SMP"],
        );
    }

    #[test]
    fn cpus_have_no_number() {
        check(
            "cpus",
            &[
                ("CPU: 3 UID: 0 PID: 1", Some("CPU: <cpu> UID: 0 PID: 1")),
                ("Comm: swapper/2 Not", Some("Comm: swapper/<cpu> Not")),
                (
                    "soft lockup - CPU#1 stuck",
                    Some("soft lockup - CPU#<cpu> stuck"),
                ),
            ],
            &["Comm: swapper Not tainted", "local APIC version 0x14"],
        );
    }

    #[test]
    fn the_build_s_stamp_goes() {
        check(
            "build",
            &[
                (
                    "Comm: insmod Tainted: G 6.12.117 #1 ",
                    Some("Comm: insmod Tainted: G <kernel>"),
                ),
                (
                    "Not tainted 6.12.0-rc1-g12ab #3 SMP PREEMPT Sat Nov 21 11:41:21 UTC 2026",
                    Some("Not tainted <kernel>"),
                ),
            ],
            &["Oops: 0003 [#1] SMP", "QEMU 7.2"],
        );
    }

    #[test]
    fn an_earlier_warning_is_not_told_again() {
        check(
            "warned",
            &[
                (
                    "Comm: insmod Tainted: G      D W  O       <kernel>",
                    Some("Comm: insmod Tainted: G      D    O       <kernel>"),
                ),
                (
                    "Comm: f Tainted: G        W          6.12.117 #1",
                    Some("Comm: f Not tainted          6.12.117 #1"),
                ),
                (
                    "Tainted: [D]=DIE, [W]=WARN, [O]=OOT_MODULE",
                    Some("Tainted: [D]=DIE, [O]=OOT_MODULE"),
                ),
                ("Tainted: [D]=DIE, [W]=WARN", Some("Tainted: [D]=DIE")),
                (
                    "Tainted: [W]=WARN, [O]=OOT_MODULE",
                    Some("Tainted: [O]=OOT_MODULE"),
                ),
                ("Tainted: [W]=WARN", None),
            ],
            &[
                "Comm: insmod Tainted: G      D    O       <kernel>",
                "Comm: insmod Not tainted <kernel>",
                "Tainted: [O]=OOT_MODULE",
            ],
        );
    }

    #[test]
    fn trace_ids_go() {
        check(
            "trace-ids",
            &[(
                "---[ end trace 0123456789abcdef ]---",
                Some("---[ end trace ]---"),
            )],
            &["---[ end Kernel panic - not syncing: x ]---"],
        );
    }

    #[test]
    fn durations_go() {
        check(
            "durations",
            &[
                (
                    "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [insmod:30]",
                    Some("watchdog: BUG: soft lockup - CPU#0 stuck for <time>! [insmod:30]"),
                ),
                (
                    "(t=2100 jiffies g=-115 q=3 ncpus=1)",
                    Some("(t=<count> jiffies g=<count> q=<count> ncpus=1)"),
                ),
            ],
            &["survived: 3 seconds"],
        );
    }

    #[test]
    fn the_state_of_the_memory_goes() {
        check(
            "memory-state",
            &[
                ("Mem-Info:", None),
                ("active_anon:0 inactive_anon:11 isolated_anon:0", None),
                ("Node 0 DMA free:15360kB boost:0kB min:44kB", None),
                (" free:60000 free_pcp:1", None),
                ("lowmem_reserve[]: 0 223 223 223", None),
                ("63 total pagecache pages", None),
                ("Normal: 1*4kB (U) 0*8kB", None),
            ],
            &[
                "insmod: page allocation failure: order:11, mode:0xcc0(GFP_KERNEL)",
                " free: x",
            ],
        );
    }

    #[test]
    fn what_stands_behind_a_panic_goes() {
        check(
            "panic-tail",
            &[
                ("Kernel Offset: disabled", None),
                ("SMP: stopping secondary CPUs", None),
                ("CPU features: 0x00,00000000,00000000,0200400b", None),
                ("Memory Limit: none", None),
                (
                    "---[ end Kernel panic - not syncing: Oops: Fatal exception ]---",
                    None,
                ),
            ],
            &["Kernel panic - not syncing: Oops: Fatal exception"],
        );
    }

    #[test]
    fn blanks_inside_a_line_are_single() {
        check(
            "blanks",
            &[
                ("Tainted: G           O        x", Some("Tainted: G O x")),
                ("end ", Some("end")),
            ],
            &["  <TASK>", " do_one_initcall"],
        );
    }

    #[test]
    fn line_numbers_go_across_versions() {
        check(
            "line-numbers",
            &[
                (
                    "kernel BUG at include/linux/gfp.h:143!",
                    Some("kernel BUG at include/linux/gfp.h!"),
                ),
                (
                    "WARNING: CPU: 0 PID: 1 at mm/x.c:93 f",
                    Some("WARNING: CPU: 0 PID: 1 at mm/x.c f"),
                ),
            ],
            &["soft lockup [insmod:30]"],
        );
    }

    #[test]
    fn every_step_has_a_test_of_its_own_and_a_reason() {
        let tests = include_str!("normal.rs")
            .split_once("mod tests {")
            .unwrap()
            .1;
        for step in STEPS.iter().chain(&ACROSS_VERSIONS) {
            let name = format!("\"{}\",", step.name);
            assert!(tests.contains(&name), "{} has no test", step.name);
            assert!(!step.why.is_empty());
        }
    }

    #[test]
    fn the_document_has_every_step() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join("../..");
        let text = std::fs::read_to_string(root.join("docs/transcripts.md")).unwrap();
        for step in STEPS.iter().chain(&ACROSS_VERSIONS) {
            let row = format!("| `{}` | {} |\n", step.name, step.why);
            assert!(text.contains(&row), "docs/transcripts.md has no row {row}");
        }
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        assert_eq!(rows.count(), STEPS.len() + ACROSS_VERSIONS.len());
    }

    /// On every recorded log, whatever is in it.
    #[test]
    fn doing_it_twice_is_doing_it_once() {
        let logs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join("tests/logs");
        let mut seen = 0;
        for entry in std::fs::read_dir(logs).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            let lines = crate::console::lines(&bytes);
            let lines = lines.iter().map(|line| line.text.as_str());
            let once = normal(lines, &STEPS);
            let twice = normal(once.iter().map(String::as_str), &STEPS);
            assert_eq!(once, twice);
            // It takes a part out, and not everything.
            assert!(!once.is_empty());
            seen += 1;
        }
        assert!(seen > 20);
    }
}
