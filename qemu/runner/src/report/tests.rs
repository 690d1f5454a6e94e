// SPDX-License-Identifier: GPL-2.0

//! Logs against what is to be found in them.
//!
//! `tests/logs` holds consoles as QEMU gave them, named for what they show. Shapes of other kernels
//! stand here as the few lines that matter, written after the kernel's source or a public log.

use super::*;
use crate::console::lines;
use expect_test::{expect, Expect};
use proptest::prelude::*;
use std::path::Path;

/// The reports of a stored log, in short.
fn check(log: &str, expected: Expect) {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .join("tests/logs")
        .join(log);
    check_bytes(&std::fs::read(path).unwrap(), expected);
}

fn check_text(text: &str, expected: Expect) {
    check_bytes(text.as_bytes(), expected);
}

fn check_bytes(bytes: &[u8], expected: Expect) {
    let lines = lines(bytes);
    let short: String = reports(&lines).iter().map(summary).collect();
    expected.assert_eq(&short);
}

fn summary(report: &Report) -> String {
    let mut out = format!("{} ({}): {}", report.kind, report.form, report.title);
    if !report.complete {
        out += ", incomplete";
    }
    if let Some(cause) = report.consequence_of {
        out += &format!(", from #{cause}");
    }
    out += "\n";
    for note in report
        .notes
        .iter()
        .filter(|note| !note.starts_with("a consequence"))
    {
        out += &format!("  {note}\n");
    }
    out
}

/// Everything about one report.
fn full(log: &str, index: usize, expected: Expect) {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .join("tests/logs")
        .join(log);
    let lines = lines(&std::fs::read(path).unwrap());
    let report = &reports(&lines)[index];
    let registers: Vec<String> = report
        .registers
        .iter()
        .map(|(name, value)| format!("{name}={value:x}"))
        .collect();
    let trace: Vec<String> = report
        .trace
        .iter()
        .filter(|frame| frame.reliable)
        .map(|frame| frame.symbol.demangled())
        .collect();
    expected.assert_eq(&format!(
        "{}\n{:?}\nlines {}..{}\n{:?}\ncpu {:?} pid {:?} comm {:?} release {:?} count {:?}\npc {}\nfault {:?}\nmodules {:?} taint {:?}\ncode {}\n{}\n{}\n",
        report.headline,
        report.message,
        lines[report.first].number,
        lines[report.last].number,
        report.location,
        report.cpu,
        report.pid,
        report.comm,
        report.release,
        report.count,
        report.function.as_ref().map(ToString::to_string).unwrap_or_default(),
        report.fault,
        report.modules,
        report.tainted,
        report.code.is_some(),
        registers.join(" "),
        trace.join(" < "),
    ));
}

#[test]
fn gfp_slab_in_full() {
    full(
        "x86_64-6.12-bug-gfp-slab.log",
        0,
        expect![[r#"
        kernel BUG at include/linux/gfp.h:143!
        None
        lines 8..72
        Some(Location { file: "include/linux/gfp.h", line: 143 })
        cpu Some(0) pid Some(33) comm Some("insmod") release Some("6.12.117 #1") count Some(1)
        pc ___slab_alloc+0x6b3/0x6c0
        fault None
        modules [Module { name: "gfp_slab", flags: "O+" }] taint Some("GO")
        code true
        RSP=ffffc900000d7988 EFLAGS=207 RAX=e8e8 RBX=ffff888002b2fe00 RCX=5 RDX=1 RSI=5 RDI=ffff888002042a80 RBP=ffffc900000d7a00 R08=5 R09=ffffffff818317c0 R10=5ffd R11=ffffffff R12=ffff88800f4221c0 R13=45 R14=ffff888002040460 R15=ffff888002042a80 FS=3949d3c0 GS=ffff88800f400000 knlGS=0 CS=10 DS=0 ES=0 CR0=80050033 CR2=500ebe CR3=2c5b000 CR4=6b0
        ___slab_alloc < __kmalloc_noprof < <gfp_slab::GfpSlab as kernel::Module>::init < do_one_initcall < do_init_module < load_module < __x64_sys_finit_module < x64_sys_call < do_syscall_64 < entry_SYSCALL_64_after_hwframe
    "#]],
    );
}

#[test]
fn arm64_bug_in_full() {
    full(
        "arm64-6.12-bug-then-context-tracking-warning.log",
        0,
        expect![[r#"
        kernel BUG at drivers/misc/lkdtm/bugs.c:105!
        None
        lines 7..41
        Some(Location { file: "drivers/misc/lkdtm/bugs.c", line: 105 })
        cpu Some(0) pid Some(33) comm Some("insmod") release Some("6.12.117 #1") count Some(1)
        pc lkdtm_BUG+0x0/0x4 [lkdtm]
        fault None
        modules [Module { name: "lkdtm", flags: "O+" }] taint Some("GO")
        code true
        pstate=60000005 sp=ffff000000b5f8e0 x29=ffff000000b5f8e0 x28=71 x27=3 x26=2 x25=ffff800078516258 x24=1d x23=ffff80007851b0e0 x22=ffff800078516000 x21=ffff8000785160e0 x20=ffff800078516278 x19=ffff0000008f51b0 x18=1a0 x17=0 x16=0 x15=fffc000000000000 x14=ffff000000c32b48 x13=0 x12=ffff000000c32920 x11=ffff0000008c9a00 x10=0 x9=ffff0000008c9a00 x8=ffff800078510568 x7=7f7f7f7f7f7f7f7f x6=746e685e786b7160 x5=1f x4=8 x3=756f695f796c7261 x2=6500646e6962006f x1=0 x0=ffff800078516278
        lkdtm_BUG < init_module < do_one_initcall < do_init_module < load_module < __arm64_sys_finit_module < do_el0_svc < el0_svc < el0t_64_sync_handler < el0t_64_sync
    "#]],
    );
}

#[test]
fn arm64_fault_in_full() {
    full(
        "arm64-6.12-paging-request.log",
        0,
        expect![[r#"
        Unable to handle kernel paging request at virtual address dead4ead00000000
        None
        lines 7..49
        None
        cpu Some(0) pid Some(40) comm Some("insmod") release Some("6.12.117 #1") count Some(1)
        pc gpf+0xc/0x14 [shapes]
        fault Some(Fault { address: Some(16045567552327254016), access: Some(Write), reason: "paging request", detail: Some("DABT (current EL), level 0 translation fault"), code: Some(2516582468) })
        modules [Module { name: "shapes", flags: "O+" }] taint Some("GO")
        code true
        pstate=5 sp=ffff0000012eb900 x29=ffff0000012eb900 x28=64 x27=1 x26=ffff8000802d2d4d x25=ffff8000802d6f08 x24=ffff800078512000 x23=2 x22=0 x21=ffff0000012d1a00 x20=ffff800080492000 x19=ffff00000080b470 x18=27d x17=0 x16=0 x15=9 x14=0 x13=4c x12=4d x11=ffff00000080b440 x10=800077d08c16 x9=1 x8=dead4ead00000000 x7=6c6c756e000066 x6=80806e8a93 x5=938a6e0000000000 x4=8000000000808000 x3=6e756c000000 x2=0 x1=ffff800078514088 x0=0
        gpf < do_one_initcall < do_init_module < load_module < __arm64_sys_finit_module < do_el0_svc < el0_svc < el0t_64_sync_handler < el0t_64_sync
    "#]],
    );
}

#[test]
fn x86_fault_in_full() {
    full(
        "x86_64-6.12-null-dereference.log",
        0,
        expect![[r#"
        BUG: kernel NULL pointer dereference, address: 0000000000000000
        None
        lines 7..72
        None
        cpu Some(0) pid Some(33) comm Some("insmod") release Some("6.12.117 #1") count Some(1)
        pc lkdtm_EXCEPTION+0x4/0x20 [lkdtm]
        fault Some(Fault { address: Some(0), access: Some(Write), reason: "not-present page", detail: None, code: Some(2) })
        modules [Module { name: "lkdtm", flags: "O+" }] taint Some("GO")
        code true
        RSP=ffffc900000dfa08 EFLAGS=282 RAX=ffffffffa0000320 RBX=ffff888002107350 RCX=0 RDX=1 RSI=0 RDI=ffffffffa00052b0 RBP=ffffc900000dfa08 R08=1 R09=1 R10=1000000 R11=ffff88800205b100 R12=6 R13=1d R14=ffffffffa00052b0 R15=ffffffffa00050e0 FS=11f9e3c0 GS=ffff88800f400000 knlGS=0 CS=10 DS=0 ES=0 CR0=80050033 CR2=0 CR3=2c77000 CR4=6b0
        lkdtm_EXCEPTION < lkdtm_do_action < init_module < do_one_initcall < do_init_module < load_module < __x64_sys_finit_module < x64_sys_call < do_syscall_64 < entry_SYSCALL_64_after_hwframe
    "#]],
    );
}

macro_rules! logs {
    ($($name:ident $log:literal $expected:expr;)*) => {
        $(#[test] fn $name() { check($log, $expected); })*
    };
}

logs! {
    many_bugs "x86_64-6.12-ten-bugs-in-one-boot.log" expect![[r#"
        bug (bug): kernel BUG in __alloc_pages_noprof
        bug (bug): kernel BUG in __alloc_pages_noprof
        bug (bug): kernel BUG in __alloc_pages_noprof
        bug (bug): kernel BUG in __alloc_pages_noprof
        bug (bug): kernel BUG in __alloc_pages_noprof
        bug (bug): kernel BUG in __alloc_pages_noprof
        bug (bug): kernel BUG in __alloc_pages_noprof
        bug (bug): kernel BUG in __alloc_pages_noprof
        bug (bug): kernel BUG in __alloc_pages_noprof
        bug (bug): kernel BUG in alloc_pages_bulk_noprof
    "#]];
    arm64_bug "arm64-6.12-bug-then-context-tracking-warning.log" expect![[r#"
        bug (bug): kernel BUG in lkdtm_BUG
        warning (warning): WARNING in ct_kernel_exit, from #0
    "#]];
    x86_bug "x86_64-6.12-bug.log" expect![[r#"
        bug (bug): kernel BUG in lkdtm_BUG
    "#]];
    warning_message "x86_64-6.12-warning-with-message.log" expect![[r#"
        warning (warning): WARNING in lkdtm_WARNING_MESSAGE
    "#]];
    warning_in_interrupt "x86_64-6.12-warning-in-interrupt.log" expect![[r#"
        warning (warning): WARNING in warn_timer
    "#]];
    arm64_warning "arm64-6.12-warning.log" expect![[r#"
        warning (warning): WARNING in lkdtm_WARNING
    "#]];
    arm64_null "arm64-6.12-null-dereference.log" expect![[r#"
        null-dereference (oops): Unable to handle kernel NULL pointer dereference in lkdtm_EXCEPTION
    "#]];
    guard_page "x86_64-6.12-stack-guard-page.log" expect![[r#"
        stack-overflow (oops): stack guard page was hit in recursive_loop
        panic (panic): Kernel panic: Fatal exception in interrupt, from #0
    "#]];
    x86_bad_page "x86_64-6.12-bad-page.log" expect![[r#"
        bad-page (message): Bad page state in init_module
    "#]];
    arm64_bad_page "arm64-6.12-bad-page.log" expect![[r#"
        bad-page (message): Bad page state in init_module
    "#]];
    x86_interrupt "x86_64-6.12-bug-in-interrupt-panics.log" expect![[r#"
        bug (bug): kernel BUG in in_timer
        panic (panic): Kernel panic: Fatal exception in interrupt, from #0
    "#]];
    arm64_interrupt "arm64-6.12-bug-in-interrupt-panics.log" expect![[r#"
        bug (bug): kernel BUG in in_timer
        panic (panic): Kernel panic: Oops - BUG: Fatal exception in interrupt, from #0
    "#]];
    two_cpus "arm64-6.12-two-cpus-warn-at-once.log" expect![[r#"
        warning (warning): WARNING in warner
        warning (warning): WARNING in warner
        warning (warning): WARNING in warner
        warning (warning): WARNING in warner
        warning (warning): WARNING in warner
        warning (warning): WARNING in warner
    "#]];
    protection "x86_64-6.12-general-protection.log" expect![[r#"
        general-protection (oops): general protection fault in gpf
    "#]];
    divide "x86_64-6.12-divide-error.log" expect![[r#"
        divide-error (oops): divide error in dz
    "#]];
    dump "x86_64-6.12-dump-stack.log" expect![[r#"
        dump (message): call trace in init_module
    "#]];
    allocation "arm64-6.12-page-allocation-failure.log" expect![[r#"
        allocation-failure (message): page allocation failure in pagefail
    "#]];
    vmalloc "x86_64-6.12-vmalloc-error.log" expect![[r#"
        allocation-failure (message): vmalloc error in init_module
    "#]];
    x86_execute "x86_64-6.12-execute-nx-page.log" expect![[r#"
        page-fault (oops): kernel tried to execute NX-protected page in data_area
    "#]];
    arm64_execute "arm64-6.12-execute-non-executable.log" expect![[r#"
        page-fault (oops): Unable to handle kernel execute from non-executable memory in data_area
    "#]];
    arm64_execute_heap "arm64-6.12-execute-heap.log" expect![[r#"
        page-fault (oops): Unable to handle kernel execute from non-executable memory in lkdtm_EXEC_KMALLOC
    "#]];
    arm64_execute_user "arm64-6.12-execute-user-memory.log" expect![[r#"
        page-fault (oops): Unable to handle kernel execution of user memory in lkdtm_do_action
    "#]];
    execute_null "x86_64-6.12-execute-null.log" expect![[r#"
        null-dereference (oops): kernel NULL pointer dereference in execute_location
    "#]];
    x86_read_only "x86_64-6.12-write-read-only.log" expect![[r#"
        page-fault (oops): unable to handle page fault in lkdtm_WRITE_RO
    "#]];
    arm64_read_only "arm64-6.12-write-read-only.log" expect![[r#"
        page-fault (oops): Unable to handle kernel write to read-only memory in lkdtm_WRITE_RO
    "#]];
    x86_refcount "x86_64-6.12-refcount.log" expect![[r#"
        refcount (warning): refcount_t: decrement hit 0; leaking memory in lkdtm_REFCOUNT_DEC_NEGATIVE
    "#]];
    arm64_refcount "arm64-6.12-refcount.log" expect![[r#"
        refcount (warning): refcount_t: decrement hit 0; leaking memory in lkdtm_REFCOUNT_DEC_NEGATIVE
    "#]];
    x86_panic "x86_64-6.12-panic.log" expect![[r#"
        panic (panic): Kernel panic: dumptest
    "#]];
    arm64_panic "arm64-6.12-panic.log" expect![[r#"
        panic (panic): Kernel panic: dumptest
    "#]];
}

macro_rules! texts {
    ($($name:ident $text:literal $expected:expr;)*) => {
        $(#[test] fn $name() { check_text($text, $expected); })*
    };
}

texts! {
    old_x86_null "BUG: unable to handle kernel NULL pointer dereference at 0000000000000008
IP: [<ffffffff811e1f2a>] foo_read+0x1a/0x90
PGD 3a1f067 PUD 3a1e067 PMD 0
Oops: 0002 [#1] SMP
Modules linked in: foo(O) bar
CPU: 2 PID: 812 Comm: cat Tainted: G           O    4.4.0-21-generic #37-Ubuntu
Hardware name: QEMU Standard PC (i440FX + PIIX, 1996)
task: ffff88003a2b8000 ti: ffff88003a2c4000 task.ti: ffff88003a2c4000
RIP: 0010:[<ffffffff811e1f2a>]  [<ffffffff811e1f2a>] foo_read+0x1a/0x90
RSP: 0018:ffff88003a2c7e10  EFLAGS: 00010246
RAX: 0000000000000000 RBX: ffff88003a2b8000 RCX: 0000000000000001
Stack:
 ffff88003a2c7f18 ffffffff8120c35c ffff88003a2c7e58 0000000000000000
Call Trace:
 [<ffffffff8120c35c>] ? __vfs_read+0x18/0x40
 [<ffffffff8120c8f6>] vfs_read+0x86/0x130
 [<ffffffff8120d645>] SyS_read+0x55/0xc0
 [<ffffffff8182dfb2>] entry_SYSCALL_64_fastpath+0x16/0x71
Code: 89 e5 41 54 <c7> 40 08 01 00 00 00
RIP  [<ffffffff811e1f2a>] foo_read+0x1a/0x90
 RSP <ffff88003a2c7e10>
CR2: 0000000000000008
---[ end trace 6e2a1c2ad1f5d7c0 ]---
" expect![[r#"
    null-dereference (oops): kernel NULL pointer dereference in foo_read
"#]];
    old_arm64_fault "Unable to handle kernel paging request at virtual address dead000000000108
Mem abort info:
  Exception class = DABT (current EL), IL = 32 bits
  SET = 0, FnV = 0
Internal error: Oops: 96000044 [#1] PREEMPT SMP
Modules linked in: foo
CPU: 1 PID: 301 Comm: sh Not tainted 4.14.4+ #1
Hardware name: board (DT)
task: ffffffc073d77180 task.stack: ffffff8008fc8000
PC is at foo_del+0x24/0x13c [foo]
LR is at foo_ioctl+0x38/0x1d0 [foo]
pc : [<ffffff800822de50>] lr : [<ffffff800822fe9c>] pstate: 60000145
sp : ffffff8008fcbc00
x29: ffffff8008fcbc00 x28: ffffffc073d77180 
Process sh (pid: 301, stack limit = 0xffffff8008fc8000)
Call trace:
Exception stack(0xffffff8008fcbac0 to 0xffffff8008fcbc00)
bac0: 0000000000000000 ffffffc073d77180 0000000000000000 0000000000000000
[<ffffff800822de50>] foo_del+0x24/0x13c [foo]
[<ffffff80081d0f9c>] do_vfs_ioctl+0xa4/0x840
[<ffffff80081d17b4>] SyS_ioctl+0x7c/0x98
[<ffffff8008082ff0>] el0_svc_naked+0x24/0x28
Code: f9400261 b4000141 
---[ end trace 12f8b9a1ab3f4e5d ]---
" expect![[r#"
    page-fault (oops): Unable to handle kernel paging request in foo_del
"#]];
    old_warning "------------[ cut here ]------------
WARNING: CPU: 0 PID: 1 at drivers/foo/core.c:88 foo_probe+0x5b/0x70 [foo]()
foo: clock is off
Modules linked in: foo
CPU: 0 PID: 1 Comm: swapper/0 Not tainted 4.2.0 #1
Call Trace:
 [<ffffffff817a2f1e>] dump_stack+0x4c/0x6e
 [<ffffffff8107a2c6>] warn_slowpath_common+0x86/0xc0
 [<ffffffff8107a355>] warn_slowpath_fmt+0x55/0x70
 [<ffffffff81540f0b>] foo_probe+0x5b/0x70 [foo]
 [<ffffffff8153e0c4>] driver_probe_device+0x224/0x490
---[ end trace 2b1f0b5a9d2c0e7f ]---
" expect![[r#"
    warning (warning): WARNING in foo_probe
"#]];
    new_warning_shape "[   12.000100][   T36] Unexpected gfp: 0x5 (GFP_DMA|GFP_DMA32). Fixing up to gfp: 0x0 (). Fix your code!
[   12.000200][   T36] ------------[ cut here ]------------
[   12.000300][   T36] WARNING: mm/vmalloc.c:3986 at vmalloc_fix_flags+0x1f/0x40, CPU#0: insmod/36
[   12.000400][   T36] Modules linked in: gfp_vmalloc(O+)
[   12.000500][   T36] CPU: 0 UID: 0 PID: 36 Comm: insmod Tainted: G           O        7.2.13 #1 PREEMPT(lazy)
[   12.000600][   T36] RIP: 0010:vmalloc_fix_flags+0x1f/0x40
[   12.000700][   T36] RSP: 0018:ffffc900001c7c48 EFLAGS: 00010246
[   12.000800][   T36] Call Trace:
[   12.000810][   T36]  <TASK>
[   12.000900][   T36]  __vmalloc_noprof+0x5d/0x70
[   12.000950][   T36]  gfp_vmalloc_init+0x31/0x60 [gfp_vmalloc]
[   12.001000][   T36]  do_one_initcall+0x5b/0x310
[   12.001100][   T36]  </TASK>
[   12.001200][   T36] ---[ end trace 0000000000000000 ]---
" expect![[r#"
    unexpected-gfp (warning): Unexpected gfp in gfp_vmalloc_init
"#]];
    warning_with_condition "------------[ cut here ]------------
WARNING: [!foo->ready] drivers/foo/core.c:90 at foo_start+0x31/0x50 [foo], CPU#3: kworker/3:1/77
Modules linked in: foo
CPU: 3 UID: 0 PID: 77 Comm: kworker/3:1 Not tainted 6.19.0 #2
RIP: 0010:foo_start+0x31/0x50 [foo]
Call Trace:
 <TASK>
 foo_work+0x11/0x20 [foo]
 </TASK>
---[ end trace 0000000000000000 ]---
" expect![[r#"
    warning (warning): WARNING in foo_start
"#]];
    unexpected_gfp "Unexpected gfp: 0x4 (GFP_DMA32). Fixing up to gfp: 0xcc0 (GFP_KERNEL). Fix your code!
CPU: 0 UID: 0 PID: 31 Comm: insmod Not tainted 6.12.117 #1
Hardware name: QEMU
Call Trace:
 <TASK>
 dump_stack_lvl+0x5d/0x80
 kmalloc_fix_flags+0x4e/0x70
 new_slab+0x2b0/0x2d0
 ___slab_alloc+0x5a5/0x8e0
 gfp_slab_init+0x1b/0xff0 [gfp_slab]
 </TASK>
insmod done
" expect![[r#"
    unexpected-gfp (message): Unexpected gfp in gfp_slab_init
"#]];
    nx_page "kernel tried to execute NX-protected page - exploit attempt? (uid: 0)
BUG: unable to handle page fault for address: ffffffff82a3c1d0
#PF: supervisor instruction fetch in kernel mode
#PF: error_code(0x0011) - permissions violation
PGD 2832067 P4D 2832067 PUD 2833063 PMD 2a001a1 
Oops: Oops: 0011 [#1] SMP
CPU: 0 UID: 0 PID: 31 Comm: insmod Tainted: G           O       6.12.117 #1
RIP: 0010:early_ioremap+0x0/0x20
Code: Unable to access opcode bytes at 0xffffffff82a3c1a6.
RSP: 0018:ffffc900000c3c80 EFLAGS: 00010246
Call Trace:
 <TASK>
 ? __die+0x1f/0x70
 early_init+0x3c/0x60 [early]
 </TASK>
Modules linked in: early(O+)
CR2: ffffffff82a3c1d0
---[ end trace 0000000000000000 ]---
RIP: 0010:early_ioremap+0x0/0x20
RSP: 0018:ffffc900000c3c80 EFLAGS: 00010246
note: insmod[31] exited with irqs disabled
" expect![[r#"
    page-fault (oops): kernel tried to execute NX-protected page in early_ioremap
"#]];
    boot_fault_panics "[    0.000000][    T0] Unable to handle kernel write to read-only memory at virtual address fffffbfffda00000
[    0.000000][    T0] Mem abort info:
[    0.000000][    T0]   ESR = 0x000000009600004f
[    0.000000][    T0]   EC = 0x25: DABT (current EL), IL = 32 bits
[    0.000000][    T0]   FSC = 0x0f: level 3 permission fault
[    0.000000][    T0]   CM = 0, WnR = 1, TnD = 0, TagAccess = 0
[    0.000000][    T0] [fffffbfffda00000] pgd=0000000043fff003, p4d=0000000043fff003
[    0.000000][    T0] Internal error: Oops: 000000009600004f [#1] SMP
[    0.000000][    T0] Modules linked in:
[    0.000000][    T0] CPU: 0 UID: 0 PID: 0 Comm: swapper Not tainted 6.12.117 #1
[    0.000000][    T0] pstate: 600000c5 (nZCv daIF -PAN -UAO -TCO -DIT -SSBS BTYPE=--)
[    0.000000][    T0] pc : early_write+0x10/0x20
[    0.000000][    T0] lr : early_write+0x8/0x20
[    0.000000][    T0] sp : ffff800082003e00
[    0.000000][    T0] Call trace:
[    0.000000][    T0]  early_write+0x10/0x20 (P)
[    0.000000][    T0]  parse_args+0x1a0/0x420
[    0.000000][    T0]  start_kernel+0x2f0/0x780
[    0.000000][    T0]  __primary_switched+0x80/0x90
[    0.000000][    T0] Code: 52800020 39000260 (d65f03c0) 
[    0.000000][    T0] ---[ end trace 0000000000000000 ]---
[    0.000000][    T0] Kernel panic - not syncing: Attempted to kill the idle task!
[    0.000000][    T0] ---[ end Kernel panic - not syncing: Attempted to kill the idle task! ]---
" expect![[r#"
    page-fault (oops): Unable to handle kernel write to read-only memory in early_write
    panic (panic): Kernel panic: Attempted to kill the idle task!, from #0
"#]];
    user_access "Unable to handle kernel access to user memory outside uaccess routines at virtual address 0000aaaadead0000
Internal error: Oops: 0000000096000045 [#1] SMP
CPU: 0 UID: 0 PID: 40 Comm: sh Not tainted 6.12.0 #1
pc : poke+0x10/0x20
Call trace:
 poke+0x10/0x20
 el0t_64_sync+0x1a8/0x1b0
Code: 52800020 (b9000260)
---[ end trace 0000000000000000 ]---
" expect![[r#"
    page-fault (oops): Unable to handle kernel access to user memory outside uaccess routines in poke
"#]];
    refcount "------------[ cut here ]------------
refcount_t: underflow; use-after-free.
WARNING: CPU: 1 PID: 99 at lib/refcount.c:28 refcount_warn_saturate+0xba/0x110
Modules linked in:
CPU: 1 PID: 99 Comm: test Not tainted 6.6.0 #1
RIP: 0010:refcount_warn_saturate+0xba/0x110
Call Trace:
 <TASK>
 ? __warn+0x81/0x130
 ? refcount_warn_saturate+0xba/0x110
 foo_put+0x2e/0x40
 </TASK>
---[ end trace 0000000000000000 ]---
" expect![[r#"
    refcount (warning): refcount_t: underflow; use-after-free in foo_put
"#]];
    list "list_add corruption. prev->next should be next (ffffffff82f7e2a0), but was 0000000000000000. (prev=ffff888005b3e000).
------------[ cut here ]------------
kernel BUG at lib/list_debug.c:32!
Oops: invalid opcode: 0000 [#1] PREEMPT SMP PTI
CPU: 0 UID: 0 PID: 77 Comm: test Not tainted 6.12.0 #1
RIP: 0010:__list_add_valid_or_report+0x78/0xb0
Call Trace:
 <TASK>
 foo_add+0x10/0x20
 </TASK>
---[ end trace 0000000000000000 ]---
" expect![[r#"
    list-corruption (bug): list_add corruption in foo_add
"#]];
    usercopy "usercopy: Kernel memory exposure attempt detected from SLUB object 'kmalloc-64' (offset 0, size 128)!
------------[ cut here ]------------
kernel BUG at mm/usercopy.c:102!
invalid opcode: 0000 [#1] SMP NOPTI
CPU: 0 PID: 77 Comm: test Not tainted 5.15.0 #1
RIP: 0010:usercopy_abort+0x7b/0x7d
Call Trace:
 <TASK>
 __check_heap_object+0xd3/0x100
 __check_object_size+0x1f2/0x210
 foo_read+0x10/0x20
 </TASK>
---[ end trace 0000000000000000 ]---
" expect![[r#"
    usercopy (bug): usercopy: kernel memory exposure attempt in foo_read
"#]];
    kasan "==================================================================
BUG: KASAN: slab-use-after-free in memcpy+0x1c/0x40
Write of size 8 at addr ffff888005b3e008 by task test/77

CPU: 0 PID: 77 Comm: test Not tainted 6.6.0 #1
Call Trace:
 <TASK>
 dump_stack_lvl+0x4a/0x70
 print_report+0xcf/0x670
 kasan_report+0xc7/0x100
 memcpy+0x1c/0x40
 foo_write+0x10/0x20
 </TASK>

Allocated by task 77:
 kasan_save_stack+0x33/0x60
 foo_open+0x10/0x20

Freed by task 78:
 kfree+0x80/0x120
 foo_close+0x10/0x20

The buggy address belongs to the object at ffff888005b3e000
 which belongs to the cache kmalloc-64 of size 64
Memory state around the buggy address:
 ffff888005b3df00: fc fc fc fc
>ffff888005b3e000: fa fb fb fb
                      ^
==================================================================
Disabling lock debugging due to kernel taint
" expect![[r#"
    kasan (message): KASAN: slab-use-after-free in foo_write
"#]];
    kasan_then_fault "==================================================================
BUG: KASAN: null-ptr-deref in foo_write+0x10/0x20
Write of size 8 at addr 0000000000000008 by task test/77
CPU: 0 PID: 77 Comm: test Not tainted 6.6.0 #1
Call Trace:
 <TASK>
 kasan_report+0xc7/0x100
 foo_write+0x10/0x20
 </TASK>
==================================================================
BUG: kernel NULL pointer dereference, address: 0000000000000008
#PF: supervisor write access in kernel mode
#PF: error_code(0x0002) - not-present page
Oops: 0002 [#1] SMP KASAN
CPU: 0 PID: 77 Comm: test Tainted: G    B              6.6.0 #1
RIP: 0010:foo_write+0x10/0x20
Call Trace:
 <TASK>
 bar+0x1/0x2
 </TASK>
---[ end trace 0000000000000000 ]---
" expect![[r#"
    kasan (message): KASAN: null-ptr-deref in foo_write
    null-dereference (oops): kernel NULL pointer dereference in foo_write, from #0
"#]];
    kfence "==================================================================
BUG: KFENCE: use-after-free read in foo_read+0x1a/0x40

Use-after-free read at 0x(____ptrval____) (in kfence-#24):
 foo_read+0x1a/0x40
 vfs_read+0x90/0x100

kfence-#24: 0x(____ptrval____)-0x(____ptrval____), size=32, cache=kmalloc-32

allocated by task 5 on cpu 0 at 5.0s:
 foo_open+0x10/0x20

freed by task 5 on cpu 0 at 5.1s:
 foo_close+0x10/0x20

CPU: 0 PID: 5 Comm: test Not tainted 6.6.0 #1
==================================================================
" expect![[r#"
    kfence (message): KFENCE: use-after-free read in foo_read
"#]];
    ubsan_new "------------[ cut here ]------------
UBSAN: array-index-out-of-bounds in drivers/foo/core.c:12:7
index 8 is out of range for type 'int [8]'
CPU: 0 UID: 0 PID: 5 Comm: test Not tainted 6.12.0 #1
Call Trace:
 <TASK>
 dump_stack_lvl+0x5d/0x80
 ubsan_epilogue+0x5/0x30
 __ubsan_handle_out_of_bounds.cold+0x46/0x4b
 foo_index+0x10/0x20
 </TASK>
---[ end trace ]---
" expect![[r#"
    ubsan (message): UBSAN: array-index-out-of-bounds in foo_index
"#]];
    ubsan_old "================================================================================
UBSAN: Undefined behaviour in drivers/foo/core.c:12:7
shift exponent 40 is too large for 32-bit type 'int'
CPU: 0 PID: 5 Comm: test Not tainted 4.19.0 #1
Call Trace:
 dump_stack+0x94/0xd0
 ubsan_epilogue+0x9/0x40
 __ubsan_handle_shift_out_of_bounds+0x110/0x160
 foo_shift+0x10/0x20
================================================================================
" expect![[r#"
    ubsan (message): UBSAN: Undefined behaviour in foo_shift
"#]];
    lockdep "======================================================
WARNING: possible circular locking dependency detected
6.6.0 #1 Not tainted
------------------------------------------------------
test/77 is trying to acquire lock:
ffffffff82f7e2a0 (a){+.+.}-{3:3}, at: foo_a+0x10/0x20

but task is already holding lock:
ffffffff82f7e2b0 (b){+.+.}-{3:3}, at: foo_b+0x10/0x20

the existing dependency chain (in reverse order) is:

-> #1 (b){+.+.}-{3:3}:
       lock_acquire+0xc0/0x2c0
       foo_b+0x10/0x20

other info that might help us debug this:

stack backtrace:
CPU: 0 PID: 77 Comm: test Not tainted 6.6.0 #1
Call Trace:
 <TASK>
 dump_stack_lvl+0x4a/0x70
 check_noncircular+0x130/0x150
 __lock_acquire+0x1300/0x2000
 lock_acquire+0xc0/0x2c0
 foo_a+0x10/0x20
 </TASK>
" expect![[r#"
    lockdep (message): possible circular locking dependency detected in foo_a
"#]];
    sleeping "BUG: sleeping function called from invalid context at mm/slab.h:306
in_atomic(): 1, irqs_disabled(): 1, non_block: 0, pid: 77, name: test
preempt_count: 1, expected: 0
CPU: 0 PID: 77 Comm: test Not tainted 6.6.0 #1
Call Trace:
 <TASK>
 dump_stack_lvl+0x4a/0x70
 __might_resched+0x1a0/0x2b0
 kmem_cache_alloc+0x20/0x300
 foo_atomic+0x10/0x20
 </TASK>
" expect![[r#"
    atomic (message): sleeping function called from invalid context in foo_atomic
"#]];
    soft_lockup "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [my task:77]
Modules linked in:
CPU: 1 PID: 77 Comm: my task Tainted: G             L     6.6.0 #1
RIP: 0010:queued_spin_lock_slowpath+0x70/0x2b0
RSP: 0018:ffffc900001c7c48 EFLAGS: 00000202
Call Trace:
 <IRQ>
 ? watchdog_timer_fn+0x1a0/0x250
 </IRQ>
 <TASK>
 _raw_spin_lock+0x30/0x40
 foo_lock+0x10/0x20
 </TASK>
" expect![[r#"
    soft-lockup (message): soft lockup in foo_lock
"#]];
    stall_of_another_cpu "[   21.0][    C0] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
[   21.1][    C0] rcu: \t1-...0: (4 ticks this GP) idle=3a9c/1/0x4000000000000002 softirq=851/853 fqs=44731
[   21.2][    C0] rcu: \t(detected by 0, t=2102 jiffies, g=-459, q=7850 ncpus=4)
[   21.3][    C0] Sending NMI from CPU 0 to CPUs 1:
[   21.4][    C1] NMI backtrace for cpu 1
[   21.5][    C1] CPU: 1 UID: 0 PID: 77 Comm: spin Not tainted 6.12.0 #1
[   21.6][    C1] RIP: 0010:foo_spin+0x10/0x20
[   21.7][    C1] Call Trace:
[   21.8][    C1]  <TASK>
[   21.9][    C1]  kthread+0xd0/0x100
[   22.0][    C1]  </TASK>
" expect![[r#"
    rcu-stall (message): rcu_preempt stall in foo_spin
"#]];
    hung_task "INFO: task kworker/u4:1:55 blocked for more than 122 seconds.
      Not tainted 6.6.0 #1
\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.
task:kworker/u4:1    state:D stack:0     pid:55    ppid:2      flags:0x00004000
Workqueue: events_unbound foo_work
Call Trace:
 <TASK>
 __schedule+0x3b0/0xa00
 schedule+0x5e/0xd0
 schedule_timeout+0x151/0x160
 foo_wait+0x10/0x20
 kthread+0xd0/0x100
 </TASK>
" expect![[r#"
    hung-task (message): task hung in foo_work
"#]];
    oom "test invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0
CPU: 0 PID: 77 Comm: test Not tainted 6.6.0 #1
Call Trace:
 <TASK>
 dump_stack_lvl+0x4a/0x70
 dump_header+0x4f/0x200
 oom_kill_process+0xf4/0x1f0
 out_of_memory+0x230/0x4f0
 </TASK>
Mem-Info:
active_anon:11 inactive_anon:22 isolated_anon:0
Tasks state (memory values in pages):
[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
[     77]     0    77    60000    50000   450560        0             0 test
Out of memory: Killed process 77 (test) total-vm:240000kB, anon-rss:200000kB
oom_reaper: reaped process 77 (test), now anon-rss:0kB
" expect![[r#"
    out-of-memory (message): out of memory
"#]];
    slub "=============================================================================
BUG kmalloc-64 (Tainted: G           O      ): Right Redzone overwritten
-----------------------------------------------------------------------------

0xffff888005b3e040-0xffff888005b3e047 @offset=64. First byte 0x41 instead of 0xcc
Slab 0xffffea000016cf80 objects=32 used=1 fp=0xffff888005b3e080 flags=0x100000000000200
CPU: 0 PID: 77 Comm: test Tainted: G           O       6.6.0 #1
Call Trace:
 <TASK>
 dump_stack_lvl+0x4a/0x70
 check_bytes_and_report+0xb9/0x100
 check_object+0x1f0/0x2a0
 free_to_partial_list+0x100/0x500
 kfree+0x80/0x120
 foo_free+0x10/0x20
 </TASK>
FIX kmalloc-64: Restoring Right Redzone 0xffff888005b3e040-0xffff888005b3e047=0xcc
" expect![[r#"
    slab-corruption (message): slab kmalloc-64: Right Redzone overwritten in foo_free
"#]];
    rust_panic "rust_kernel: panicked at drivers/foo/foo.rs:12:9:
index out of bounds: the len is 1 but the index is 7
------------[ cut here ]------------
kernel BUG at rust/helpers/bug.c:7!
Oops: invalid opcode: 0000 [#1] SMP
CPU: 0 UID: 0 PID: 77 Comm: insmod Tainted: G           O       6.12.0 #1
RIP: 0010:rust_helper_BUG+0x5/0x10
Call Trace:
 <TASK>
 _RNvCscb18lrEyTSA_7___rustc17rust_begin_unwind+0x6b/0x80
 _RNvNtCs9jhQZSfB2Um_4core9panicking9panic_fmt+0x2d/0x30
 foo_init+0x10/0x20 [foo]
 </TASK>
---[ end trace 0000000000000000 ]---
" expect![[r#"
    rust-panic (bug): Rust panic in foo_init
"#]];
    arm64_stack_overflow "Insufficient stack space to handle exception!
ESR: 0x0000000096000047 -- DABT (current EL)
FAR: 0xffff8000800a3ff0
Task stack:     [0xffff8000800a4000..0xffff8000800a8000]
IRQ stack:      [0xffff800080000000..0xffff800080004000]
CPU: 0 UID: 0 PID: 77 Comm: insmod Not tainted 6.12.0 #1
pstate: 20000005 (nzCv daif -PAN -UAO -TCO -DIT -SSBS BTYPE=--)
pc : recursive_loop+0x10/0x60
lr : recursive_loop+0x40/0x60
sp : ffff8000800a3fe0
Kernel panic - not syncing: kernel stack overflow
CPU: 0 UID: 0 PID: 77 Comm: insmod Not tainted 6.12.0 #1
Call trace:
 dump_backtrace+0x90/0xe8
 panic+0x320/0x378
 recursive_loop+0x10/0x60
Kernel Offset: disabled
---[ end Kernel panic - not syncing: kernel stack overflow ]---
" expect![[r#"
    stack-overflow (oops): Insufficient stack space to handle exception in recursive_loop
    panic (panic): Kernel panic: kernel stack overflow, from #0
"#]];
    panic_on_warn "------------[ cut here ]------------
WARNING: CPU: 0 PID: 5 at drivers/foo/core.c:1 foo+0x10/0x20
CPU: 0 PID: 5 Comm: test Not tainted 6.6.0 #1
RIP: 0010:foo+0x10/0x20
Call Trace:
 <TASK>
 bar+0x1/0x20
 </TASK>
Kernel panic - not syncing: kernel: panic_on_warn set ...
CPU: 0 PID: 5 Comm: test Not tainted 6.6.0 #1
Call Trace:
 <TASK>
 panic+0x320/0x378
 </TASK>
Kernel Offset: disabled
---[ end Kernel panic - not syncing: kernel: panic_on_warn set ... ]---
" expect![[r#"
    warning (warning): WARNING in foo
    panic (panic): Kernel panic: kernel: panic_on_warn set ..., from #0
"#]];
    independent_after_oops "kernel BUG at mm/a.c:1!
Oops: invalid opcode: 0000 [#1] SMP
CPU: 0 UID: 0 PID: 5 Comm: test Not tainted 6.12.0 #1
RIP: 0010:foo+0x10/0x20
Call Trace:
 <TASK>
 bar+0x1/0x20
 </TASK>
---[ end trace 0000000000000000 ]---
------------[ cut here ]------------
WARNING: CPU: 0 PID: 0 at mm/early_ioremap.c:93 check_early_ioremap_leak+0x40/0x60
CPU: 0 UID: 0 PID: 0 Comm: swapper/0 Tainted: G      D            6.12.0 #1
RIP: 0010:check_early_ioremap_leak+0x40/0x60
Call Trace:
 <TASK>
 do_one_initcall+0x1/0x20
 </TASK>
---[ end trace 0000000000000000 ]---
" expect![[r#"
    bug (bug): kernel BUG in foo
    warning (warning): WARNING in check_early_ioremap_leak
"#]];
    cut_off_in_trace "kernel BUG at mm/a.c:1!
Oops: invalid opcode: 0000 [#1] SMP
CPU: 0 UID: 0 PID: 5 Comm: test Not tainted 6.12.0 #1
RIP: 0010:foo+0x10/0x20
Call Trace:
 <TASK>
 bar+0x1/0x20
" expect![[r#"
    bug (bug): kernel BUG in foo, incomplete
      the log ends in the middle of it
"#]];
    cut_off_at_marker "------------[ cut here ]------------\n" expect![[r#"
        unknown (message): report without a headline, incomplete
          the log ends in the middle of it
          its headline is missing or not understood
    "#]];
    restarts "kernel BUG at mm/a.c:1!
Oops: invalid opcode: 0000 [#1] SMP
CPU: 0 UID: 0 PID: 5 Comm: test Not tainted 6.12.0 #1
[    0.000000] Linux version 6.12.0 (build@host)
" expect![[r#"
    bug (bug): kernel BUG, incomplete
      the machine starts again in the middle of it
"#]];
    mixed_without_callers "------------[ cut here ]------------
------------[ cut here ]------------
WARNING: CPU: 0 PID: 5 at mm/a.c:1 foo+0x10/0x20
WARNING: CPU: 1 PID: 6 at mm/b.c:2 bar+0x10/0x20
CPU: 0 PID: 5 Comm: one Not tainted 6.6.0 #1
CPU: 1 PID: 6 Comm: two Not tainted 6.6.0 #1
RIP: 0010:foo+0x10/0x20
RIP: 0010:bar+0x10/0x20
Call Trace:
 <TASK>
 baz+0x1/0x2
---[ end trace 0000000000000000 ]---
---[ end trace 0000000000000000 ]---
" expect![[r#"
    unknown (message): report without a headline, incomplete
      another report begins before it ends: cut off, or two consoles mixed
      its headline is missing or not understood
    warning (warning): WARNING in foo, incomplete
      another report begins before it ends: cut off, or two consoles mixed
    warning (warning): WARNING in bar, incomplete
      a second CPU line: two reports are mixed up
"#]];
    no_report "[    0.0] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on
[    0.1] random: crng init done
[    0.2] traps: foo[12] general protection fault ip:401000 sp:7ffe error:0 in foo[400000+1000]
[    0.3] foo[13]: segfault at 0 ip 401000 sp 7ffe error 4 in foo
survived: nothing happened
" expect![[""]];
}

/// Every log of the tests, as text.
fn all_logs() -> Vec<(String, String)> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join("tests/logs");
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    all.sort();
    all
}

fn summaries(log: &str) -> Vec<String> {
    reports(&lines(log.as_bytes()))
        .iter()
        .map(summary)
        .collect()
}

#[test]
fn messy_transports_change_nothing() {
    let wraps: &[fn(&str) -> String] = &[
        |line| format!("{line}\r"),
        |line| format!("\x1b[1;31m{line}\x1b[0m"),
        |line| format!("<4>{line}"),
        |line| format!("Nov 21 03:04:05 host kernel: {line}"),
        |line| format!("Nov 21 03:04:05 {line}"),
        |line| format!("2026-11-21T03:04:05.123456+01:00 host kernel: {line}"),
        |line| format!("2026-11-21T03:04:05.123456+01:00   {line}"),
        |line| format!("[2026-11-21 03:04:05.123] {line}"),
        |line| format!("> {line}"),
        |line| format!(">> >>> {line}"),
        |line| format!("    {line}"),
        |line| format!("> >   {line}"),
        |line| format!("kern  :warn  : {line}"),
        |line| format!("\0{line}\0"),
        |line| format!("{line}\nNov 21 03:04:05 host sshd[12]: Connection closed"),
        |line| line.replace('=', "=3D"),
    ];
    for (name, plain) in all_logs() {
        let wanted = summaries(&plain);
        for (index, wrap) in wraps.iter().enumerate() {
            let messy: Vec<String> = plain.lines().map(wrap).collect();
            let mut messy = messy.join("\n");
            if index + 1 == wraps.len() {
                messy += "\n=3D=3D=3D soft =\nbreak\n";
            }
            assert_eq!(summaries(&messy), wanted, "{name}, wrapping {index}");
        }
    }
}

#[test]
fn a_log_needs_no_timestamps_and_callers() {
    let (_, plain) = &all_logs()
        .into_iter()
        .find(|(name, _)| name == "x86_64-6.12-bug.log")
        .unwrap();
    let bare: Vec<&str> = plain
        .lines()
        .map(|line| {
            line.split_once("] ")
                .map_or(line, |(_, text)| text.trim_start_matches("[   T1]"))
        })
        .collect();
    assert_eq!(summaries(&bare.join("\n")), summaries(plain));
}

#[test]
fn a_report_that_is_cut_off_says_so() {
    for (name, plain) in all_logs() {
        let all: Vec<&str> = plain.split_inclusive('\n').collect();
        let whole = reports(&lines(plain.as_bytes()));
        let Some(first) = whole.first().filter(|report| report.complete) else {
            continue;
        };
        for end in first.first + 1..all.len() {
            let cut = reports(&lines(all[..end].concat().as_bytes()));
            let Some(report) = cut.first() else { continue };
            // Whole is only what lacks no frame, and it is never another report.
            assert!(
                !report.complete || report.trace == first.trace,
                "{name} cut at line {end}: {}",
                summary(report)
            );
            assert!(
                report.title == first.title || !report.complete,
                "{name} cut at line {end}: {}",
                summary(report)
            );
        }
    }
}

#[test]
fn a_stall_names_what_the_timer_interrupted() {
    check_bytes(
        b"[ 6048.741784] rcu: INFO: rcu_preempt self-detected stall on CPU
[ 6048.747550] rcu: \t1-....: (5249 ticks this GP) idle=c5a/1/0x4 softirq=5/5 fqs=2425
[ 6048.757384] \t(t=5253 jiffies g=1416105 q=117)
[ 6048.761745] Task dump for CPU 1:
[ 6048.764977] spinner         R  running task        0 32520    426 0x00000202
[ 6048.772030] Call trace:
[ 6048.774493]  dump_backtrace+0x0/0x130
[ 6048.781477]  sched_show_task+0x108/0x138
[ 6048.788983]  rcu_dump_cpu_stacks+0x94/0xd0
[ 6048.797357]  update_process_times+0x2c/0x70
[ 6048.801545]  gic_handle_irq+0x84/0xd0
[ 6048.801545]  el1_irq+0xb8/0x140
[ 6048.801545]  spin_for_ever+0x14/0x20 [spinner]
[ 6048.801545]  kthread+0x12c/0x130
[ 6048.801545]  ret_from_fork+0x10/0x18
",
        expect![[r#"
            rcu-stall (message): rcu_preempt stall in spin_for_ever
        "#]],
    );
}

#[test]
fn where_every_frame_carries_the_message_none_is_named() {
    check_bytes(
        b"BUG: Bad page state in process a  pfn:11bf4c
page: refcount:0 mapcount:0 mapping:0000000000000000 index:0x4 pfn:0x11bf4c
page dumped because: nonzero _refcount
CPU: 1 PID: 6166 Comm: a Not tainted 6.8.0 #0
Call trace:
 dump_backtrace+0x1b8/0x1e4
 show_stack+0x2c/0x3c
 dump_stack_lvl+0xd0/0x124
",
        expect![[r#"
            bad-page (message): Bad page state, incomplete
              the log ends in the middle of it
        "#]],
    );
}

#[test]
fn a_hung_task_knows_whom_it_waits_for() {
    check_bytes(
        b"INFO: task a:100 blocked for more than 120 seconds.
      Not tainted 6.15.0 #1
\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.
task:a               state:D stack:0     pid:100   ppid:1      flags:0x00004000
Call Trace:
 <TASK>
 __schedule+0x1/0x2
 schedule+0x1/0x2
 schedule_preempt_disabled+0x1/0x2
 __mutex_lock+0x1/0x2
 foo_open+0x1/0x2
 entry_SYSCALL_64_after_hwframe+0x1/0x2
 </TASK>
INFO: task a:100 is blocked on a mutex likely owned by task b:200.
task:b               state:S stack:0     pid:200   ppid:1      flags:0x00004000
Call Trace:
 <TASK>
 schedule+0x1/0x2
 msleep+0x1/0x2
 entry_SYSCALL_64_after_hwframe+0x1/0x2
 </TASK>
",
        expect![[r#"
            hung-task (message): task hung in foo_open
        "#]],
    );
}

#[test]
fn bytes_that_are_not_utf8_do_not_matter() {
    check_bytes(
        b"\xff\xfe junk \xc3\nkernel BUG at mm/a.c:1!\nOops: invalid opcode: 0000 [#1] SMP\nCPU: 0 UID: 0 PID: 5 Comm: t\xe9st Not tainted 6.12.0 #1\nRIP: 0010:foo+0x10/0x20\nCall Trace:\n <TASK>\n bar+0x1/0x20\n </TASK>\n---[ end trace 0000000000000000 ]---\n",
        expect![[r#"
            bug (bug): kernel BUG in foo
        "#]],
    );
}

#[test]
fn every_kind_can_be_named() {
    for kind in Kind::ALL {
        assert_eq!(kind.name().parse::<Kind>().unwrap(), *kind);
    }
    assert!("bog"
        .parse::<Kind>()
        .unwrap_err()
        .contains("known: unknown, dump"));
}

#[test]
fn taint_is_explained() {
    let meanings: Vec<_> = explain_taint("GO")
        .into_iter()
        .map(|one| one.letter)
        .collect();
    assert_eq!(meanings, ['G', 'O']);
}

#[test]
fn a_symbol_reads_as_it_prints() {
    for text in ["foo+0x1/0x2", "foo.cold+0xff/0x100 [bar]"] {
        assert_eq!(text.parse::<Symbol>().unwrap().to_string(), text);
    }
    assert_eq!(
        "a+0x1/0x2 [m 0123abcd]"
            .parse::<Symbol>()
            .unwrap()
            .module
            .as_deref(),
        Some("m")
    );
}

/// Takes a few seconds at most even unoptimised; anything worse than linear would take minutes.
#[test]
fn long_logs_take_linear_time() {
    for line in [
        "------------[ cut here ]------------\n",
        "BUG: x\n",
        " foo+0x1/0x2\n",
        "list_add corruption. x\n",
        "CPU: 0 PID: 1 Comm: a Not tainted 6.12.0 #1\n",
        "[    1.000000] a[    1.000000] b",
    ] {
        let _ = reports(&lines(line.repeat(20_000).as_bytes()));
    }
    let _ = reports(&lines(&[b'['; 1_000_000]));
    let _ = reports(&lines("kernel BUG at ".repeat(50_000).as_bytes()));
}

/// Lines of which real logs are made, in any order and cut anywhere.
fn shuffled() -> impl Strategy<Value = String> {
    let mut all = Vec::new();
    for (_, text) in all_logs() {
        all.extend(text.lines().map(|line| {
            line.split_once("] ")
                .map_or(line, |(_, rest)| rest)
                .to_string()
        }));
    }
    prop::collection::vec((prop::sample::select(all), 0usize..200), 0..60).prop_map(|parts| {
        parts
            .iter()
            .map(|(line, cut)| line.chars().take(*cut).collect::<String>() + "\n")
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let lines = lines(&bytes);
        for report in reports(&lines) {
            prop_assert!(report.first <= report.last && report.last < lines.len());
        }
    }

    #[test]
    fn any_order_of_real_lines_is_read(text in shuffled()) {
        let lines = lines(text.as_bytes());
        let found = reports(&lines);
        for (index, report) in found.iter().enumerate() {
            prop_assert!(report.first <= report.last && report.last < lines.len());
            prop_assert!(report.consequence_of.is_none_or(|cause| cause < index));
            prop_assert!(!report.title.is_empty());
        }
    }
}

#[test]
fn a_line_that_a_mail_program_broke_is_one() {
    check_bytes(
        b"> BUG: KASAN: slab-use-after-free in
> foo_read+0x12/0x30 drivers/a/foo.c:12
> Read of size 8 at addr ffff888005b3e018 by task cat/31
>
> CPU: 1 UID: 0 PID: 31 Comm: cat Not tainted 6.19.0-rc6-dirty
> #30 PREEMPT(full)
> Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS
> 1.16.2-1 04/01/2014
> Call Trace:
>  <TASK>
>  dump_stack_lvl+0x10e/0x190
>  kasan_report+0x147/0x180
>  foo_read+0x12/0x30
>  entry_SYSCALL_64_after_hwframe+0x77/0x7f
>  </TASK>
> ==================================================================
",
        expect![[r#"
            kasan (message): KASAN: slab-use-after-free in foo_read
        "#]],
    );
    check_bytes(
        b"[    1.000000] Unable to handle kernel NULL pointer dereference at virtual
address 0000000000000010
[    1.000000] Mem abort info:
[    1.000000]   ESR = 0x0000000096000004
[    1.000000] Internal error: Oops: 0000000096000004 [#1] SMP
[    1.000000] Modules linked in: foo(O)
bar baz
[    1.000000] CPU: 2 UID: 0 PID: 31 Comm: cat Kdump: loaded
Tainted: G           O       6.14.0-rc1+ #38
[    1.000000] pc : foo_read+0x12/0x30 [foo]
[    1.000000] Call trace:
[    1.000000]  foo_read+0x12/0x30 [foo]
[    1.000000]  el0t_64_sync+0x190/0x194
[    1.000000] Code: d5384100 f9400000 (f9400800)
[    1.000000] ---[ end trace 0000000000000000 ]---
",
        expect![[r#"
            null-dereference (oops): Unable to handle kernel NULL pointer dereference in foo_read
        "#]],
    );
}

#[test]
fn inlined_functions_of_a_decoded_log_are_no_places() {
    check_bytes(
        b"==================================================================
BUG: KASAN: slab-out-of-bounds in load include/linux/a.h:417 [inline]
BUG: KASAN: slab-out-of-bounds in foo_read+0x12/0x30 drivers/a/foo.c:12
Read of size 8 at addr ffff888005b3e018 by task cat/31

CPU: 1 UID: 0 PID: 31 Comm: cat Not tainted 6.8.0 #1
Call Trace:
 <TASK>
 __dump_stack lib/dump_stack.c:94 [inline]
 dump_stack_lvl+0x10e/0x190 lib/dump_stack.c:120
 print_address_description mm/kasan/report.c:378 [inline]
 kasan_report+0x147/0x180 mm/kasan/report.c:595
 load include/linux/a.h:417 [inline]
 foo_read+0x12/0x30 drivers/a/foo.c:12
 entry_SYSCALL_64_after_hwframe+0x77/0x7f
 </TASK>
==================================================================
------------[ cut here ]------------
ret == -ENOENT
WARNING: fs/a.c:757 at inner fs/a.c:757 [inline], CPU#1: cat/31
WARNING: fs/a.c:757 at outer+0x7e7/0x800 fs/a.c:799, CPU#1: cat/31
Modules linked in:
CPU: 1 UID: 0 PID: 31 Comm: cat Not tainted 7.0.0 #1
RIP: 0010:inner fs/a.c:757 [inline]
RIP: 0010:outer+0x7e7/0x800 fs/a.c:799
Call Trace:
 <TASK>
 entry_SYSCALL_64_after_hwframe+0x77/0x7f
 </TASK>
---[ end trace 0000000000000000 ]---
",
        expect![[r#"
            kasan (message): KASAN: slab-out-of-bounds in foo_read
            warning (warning): WARNING in outer
        "#]],
    );
}

#[test]
fn a_log_that_breaks_off_within_a_frame_is_cut() {
    for half in [
        "do_sys",
        "do_syscall_64+0x",
        "? do_syscall_64+0x44/0x",
        "[<ffffffff8",
    ] {
        let log = format!(
            "BUG: soft lockup - CPU#1 stuck for 22s! [a:1]
CPU: 1 PID: 1 Comm: a Not tainted 6.8.0 #1
RIP: 0010:foo+0x1/0x2
Call Trace:
 bar+0x1/0x2
 {half}"
        );
        let found = reports(&lines(log.as_bytes()));
        assert_eq!(found.len(), 1, "{half}");
        assert!(!found[0].complete, "{half}");
    }
}

#[test]
fn a_warning_that_panics_at_once_has_the_stack_of_the_panic() {
    // Kernels up to 5.10 print the panic before the warning's own body.
    let text = "\
------------[ cut here ]------------
refcount_t: increment on 0; use-after-free.
WARNING: CPU: 1 PID: 43 at lib/refcount.c:153 refcount_inc+0x47/0x50
Kernel panic - not syncing: panic_on_warn set ...
CPU: 1 PID: 43 Comm: insmod Not tainted 4.14.89+ #6
Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.16.2-debian-1.16.2-1 04/01/2014
Call Trace:
 dump_stack+0x114/0x1cf
 panic+0x1bb/0x3a0
 ? refcount_inc+0x47/0x50
 __warn.cold.9+0x20/0x46
 report_bug+0x1fd/0x272
 fixup_bug.part.11+0x37/0x80
 do_error_trap+0x1c2/0x430
 do_invalid_op+0x20/0x30
 invalid_op+0x1b/0x40
RIP: 0010:refcount_inc+0x47/0x50
Code: 48 c7 c7 c0 36 6f 86 e8 bf 6d 9e fb 0f 0b 41 bd f4 ff ff ff e9 55
RSP: 0018:ffff8881c966f878 EFLAGS: 00010282
RAX: 000000000000002b RBX: ffff8881d40fa500 RCX: 0000000000000000
 ? vprintk_func+0x63/0xea
 kobject_get+0x50/0xa0
 holder_take+0x3e0/0x5a0
 do_syscall_64+0x251/0x750
 entry_SYSCALL_64_after_hwframe+0x42/0xb7
Kernel Offset: disabled
Rebooting in 10 seconds..
";
    check_text(
        text,
        expect![[r#"
            refcount (warning): refcount_t: increment on 0; use-after-free in holder_take
            panic (panic): Kernel panic: panic_on_warn set ..., from #0
        "#]],
    );
    let report = &reports(&lines(text.as_bytes()))[0];
    let trace: Vec<&str> = report.trace.iter().map(|one| &*one.symbol.name).collect();
    assert_eq!(trace[..2], ["refcount_inc", "vprintk_func"]);
    assert_eq!((report.cpu, report.pid), (Some(1), Some(43)));
    assert_eq!(report.comm.as_deref(), Some("insmod"));
    assert_eq!(report.release.as_deref(), Some("4.14.89+ #6"));
    // Where the panic breaks off, so does what it shows.
    let cut = text.split(" holder_take").next().unwrap_or_default();
    check_text(
        cut,
        expect![[r#"
            refcount (warning): refcount_t: increment on 0; use-after-free in refcount_inc, incomplete
              the log ends in the middle of it
            panic (panic): Kernel panic: panic_on_warn set ..., incomplete, from #0
              the log ends in the middle of it
        "#]],
    );
}

#[test]
fn a_panic_that_scheduling_in_the_wrong_place_becomes_shows_where() {
    check_text(
        "\
BUG: scheduling while atomic: insmod/43/0x00000002
Preemption disabled at:
[<ffffffff812b2934>] kernel_fpu_begin_mask+0x64/0x260
Kernel panic - not syncing: scheduling while atomic
CPU: 0 PID: 43 Comm: insmod Not tainted 5.14.0 #1
Call Trace:
 dump_stack_lvl+0xcd/0x134
 panic+0x306/0x73d
 __schedule_bug.cold+0x10c/0x143
 __schedule+0x1a07/0x26f0
 schedule+0xd3/0x270
 holder_sleep+0x14a/0x290
 entry_SYSCALL_64_after_hwframe+0x44/0xae
Kernel Offset: disabled
",
        expect![[r#"
            atomic (message): scheduling while atomic in holder_sleep
            panic (panic): Kernel panic: scheduling while atomic, from #0
        "#]],
    );
}

#[test]
fn the_thread_that_waits_for_a_stalled_task_is_not_to_blame() {
    check_text(
        "\
rcu: INFO: rcu_sched self-detected stall on CPU
rcu: 	1-...!: (1 ticks this GP) idle=2e6/1/0x4000000000000002 softirq=21091/21091 fqs=0
rcu: 	 (t=110325 jiffies g=45621 q=219)
rcu: rcu_sched kthread starved for 110325 jiffies! g45621 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x402 ->cpu=1
rcu: RCU grace-period kthread stack dump:
rcu_sched       I23480    10      2 0x80000000
Call Trace:
 __schedule+0x87c/0x1ec0
 schedule+0xfb/0x450
 schedule_timeout+0x140/0x260
 rcu_gp_kthread+0x743/0x1d20
 kthread+0x35a/0x420
 ret_from_fork+0x3a/0x50
INFO: NMI handler (nmi_cpu_backtrace_handler) took too long to run: 1.403 msecs
NMI backtrace for cpu 1
CPU: 1 PID: 43 Comm: insmod Not tainted 4.18.0 #31
Call Trace:
 <IRQ>
 dump_stack+0x1c9/0x2b4
 nmi_cpu_backtrace.cold.3+0x48/0x88
 rcu_check_callbacks+0xd93/0x1660
 smp_apic_timer_interrupt+0x165/0x730
 apic_timer_interrupt+0xf/0x20
 </IRQ>
RIP: 0010:_raw_spin_unlock_irq+0x56/0x70
Code: 48 c7 c7 c0 36 6f 86 e8 bf 6d 9e fb 0f 0b 41 bd f4 ff ff ff e9 55
RSP: 0018:ffff8801ad6ef090 EFLAGS: 00000286 ORIG_RAX: ffffffffffffff13
RAX: dffffc0000000000 RBX: ffff8801db12ca40 RCX: ffffffff81606487
 finish_task_switch+0x1d3/0x870
 __schedule+0x884/0x1ec0
 ___preempt_schedule+0x16/0x18
 holder_spin+0x3f9/0x840
 entry_SYSCALL_64_after_hwframe+0x49/0xbe
",
        expect![[r#"
            rcu-stall (message): rcu_sched stall in holder_spin
        "#]],
    );
}

#[test]
fn a_stall_of_arm64_is_named_after_a_cpu_that_says_where() {
    check_text(
        "\
rcu: INFO: rcu_sched self-detected stall on CPU
rcu: 	1-...!: (10499 ticks this GP) idle=9f9/1/0x4000000000000002 softirq=2116/2117 fqs=0
rcu: RCU grace-period kthread stack dump:
task:rcu_sched       state:R  running task on cpu   0   stack:    0 pid:   13 ppid:     2 flags:0x00000008
Call trace:
 __switch_to+0x123/0x123
 schedule_timeout+0x123/0x123
 rcu_gp_kthread+0x123/0x123
 ret_from_fork+0x123/0x123
rcu: Stack dump where RCU GP kthread last ran:
Task dump for CPU 0:
task:insmod          state:R  running task on cpu   0   stack:    0 pid: 1432 ppid:  1414 flags:0x00000002
Call trace:
 __switch_to+0x123/0x123
 0x202
Task dump for CPU 1:
task:insmod          state:R  running task on cpu   1   stack:    0 pid: 1429 ppid:  1407 flags:0x00000002
Call trace:
 rcu_dump_cpu_stacks+0x123/0x123
 gic_handle_irq+0x123/0x123
 el1h_64_irq+0x123/0x123
 lock_acquire+0x123/0x123
 holder_spin+0x123/0x123
 el0t_64_sync+0x123/0x123
",
        expect![[r#"
            rcu-stall (message): rcu_sched stall in holder_spin
        "#]],
    );
}

#[test]
fn lockdep_names_the_lock_s_place_where_its_trace_does_not() {
    check_text(
        "\
=================================
[ INFO: inconsistent lock state ]
4.10.0+ #60 Not tainted
---------------------------------
inconsistent {IN-SOFTIRQ-W} -> {SOFTIRQ-ON-W} usage.
insmod/43 [HC0[0]:SC0[0]:HE1:SE1] takes:
 (&(&holder->lock)->rlock){+.?...}, at: [<ffffffff83a6a370>] holder_insert+0x240/0xad0
=====================================
[ BUG: bad unlock balance detected! ]
4.9.65 #95 Not tainted
-------------------------------------
insmod/43 is trying to release lock (holder_lock) at:
[<ffffffff834dea24>] holder_stop+0xe4/0x140
but there are no more locks to release!

other info that might help us debug this:
1 lock held by insmod/43:
 #0:  (&p->lock){+.+.+.}, at: [<ffffffff815e4ded>] seq_read+0xdd/0x1290

stack backtrace:
CPU: 1 PID: 43 Comm: insmod Not tainted 4.9.65 #95
Call Trace:
 [<ffffffff81d90469>] dump_stack+0xc1/0x128
 [<ffffffff838a9745>] entry_SYSCALL_64_fastpath+0x23/0xc6
====================================
WARNING: insmod/43 still has locks held!
5.9.0 #15 Not tainted
------------------------------------
1 lock held by insmod/43:
 #0: ffffa00019769560 (rcu_read_lock){....}-{1:2}, at: holder_enter+0x24/0x2f0

stack backtrace:
CPU: 1 PID: 43 Comm: insmod Not tainted 5.9.0 #15
Call trace:
 dump_backtrace+0x0/0x4d0
 debug_check_no_locks_held+0x110/0x130
 get_signal+0x1a94/0x2400
 work_pending+0x8/0x34c
",
        expect![[r#"
            lockdep (message): inconsistent lock state in holder_insert, incomplete
              another report begins before it ends: cut off, or two consoles mixed
            lockdep (message): bad unlock balance in holder_stop
            lockdep (message): still has locks held in holder_enter
        "#]],
    );
}

#[test]
fn a_leak_that_a_fuzzer_announces_is_one_report() {
    check_text(
        "\
BUG: memory leak
unreferenced object 0xffff88005a065340 (size 576):
  comm \"insmod\", pid 43, jiffies 4294976807 (age 33.830s)
  hex dump (first 32 bytes):
    00 2c 00 00 00 00 00 00 40 33 35 5a 00 88 ff ff  .,......@35Z....
  backtrace:
    [<000000008beb86da>] kmem_cache_alloc+0x1bb/0x3d0
    [<0000000063949181>] holder_keep+0x1b4/0x330
    [<0000000033cca7c2>] entry_SYSCALL_64_after_hwframe+0x2a/0x40
",
        expect![[r#"
            memory-leak (message): memory leak in holder_keep
        "#]],
    );
}

#[test]
fn a_busy_worker_s_stack_belongs_to_the_workqueue_s_lockup() {
    check_text(
        "\
BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 56s!
Showing busy workqueues and worker pools:
workqueue events: flags=0x100
  pwq 2: cpus=0 node=0 flags=0x0 nice=0 active=20 refcnt=21
    in-flight: 9:holder_work for 58s
pool 2: cpus=0 node=0 flags=0x0 nice=0 hung=56s workers=6 idle: 4831 1511 10
Showing backtraces of busy workers in stalled worker pools:
pool 2:
task:kworker/0:0     state:R  running task     stack:0     pid:9     tgid:9     ppid:2      flags:0x00000010
Workqueue: events holder_work
Call trace:
 __switch_to+0x2b0/0x6e0 (T)
 __schedule+0x1370/0x2d80
 preempt_schedule+0x60/0x78
 irq_work_queue+0xa0/0xa4
 holder_work+0x1d8/0x320
 kthread+0x304/0x3d4
 ret_from_fork+0x10/0x20
",
        expect![[r#"
            workqueue-lockup (message): workqueue lockup in holder_work
        "#]],
    );
}

/// Frames that a title skips, by what the report is about.
#[test]
fn a_title_names_who_asked_for_it() {
    #[track_caller]
    fn culprit(head: &str, frames: &[&str], expected: &str) {
        let ruler = "=".repeat(66);
        let mut text =
            format!("{ruler}\n{head}\nCPU: 1 PID: 43 Comm: a Not tainted 5.4.0 #1\nCall Trace:\n");
        for frame in frames.iter().chain(&["entry_SYSCALL_64_after_hwframe"]) {
            text += &format!(" {frame}+0x10/0x100\n");
        }
        text += &format!("{ruler}\n");
        let found = reports(&lines(text.as_bytes()));
        let title = found.first().map_or("nothing", |report| &report.title);
        assert_eq!(title.rsplit(" in ").next(), Some(expected), "{title}");
    }
    let kasan = "BUG: KASAN: use-after-free in f+0x10/0x100";
    let at = |name: &str| kasan.replace("f+", &format!("{name}+"));
    // The unwinder, the locks, trees and strings only do as they are told.
    let unwinder = [
        "dump_stack",
        "kasan_report",
        "stack_trace_consume_entry",
        "arch_stack_walk",
        "stack_trace_save",
        "kasan_save_stack",
        "holder",
    ];
    culprit(&at("stack_trace_consume_entry"), &unwinder, "holder");
    let lock = [
        "kasan_report",
        "register_lock_class",
        "__lock_acquire",
        "lock_acquire",
        "_raw_spin_lock_irqsave",
        "__wake_up_common_lock",
        "holder",
    ];
    culprit(&at("register_lock_class"), &lock, "holder");
    // A system call that allocates itself.
    let warning = "WARNING: CPU: 1 PID: 2 at mm/page_alloc.c:4685 __alloc_pages+0x1/0x2";
    culprit(
        warning,
        &["__alloc_pages", "__x64_sys_swapon"],
        "__alloc_pages",
    );
    culprit(
        warning,
        &["__alloc_pages", "holder", "__x64_sys_swapon"],
        "holder",
    );
    let label = ["__pv_queued_spin_unlock_slowpath", ".slowpath", "holder"];
    culprit(&at("__pv_queued_spin_unlock_slowpath"), &label, "holder");
    culprit(
        &at("__rb_insert_augmented"),
        &["__rb_insert_augmented", "holder"],
        "holder",
    );
    culprit(
        &at("string_nocheck"),
        &["string_nocheck", "string", "vsnprintf", "holder"],
        "holder",
    );
    // Memory tagging faults before it reports.
    let tags = [
        "kasan_report",
        "__do_kernel_fault",
        "do_tag_check_fault",
        "do_mem_abort",
        "el1_abort",
        "el1h_64_sync",
        "__list_add_valid",
        "holder",
    ];
    culprit(&at("__list_add_valid"), &tags, "holder");
    // Who frees twice is the one to look at, and KASAN's own tests are no machinery.
    culprit(
        &kasan.replace("use-after-free in f", "double-free in kfree"),
        &["kasan_report", "kfree", "holder"],
        "holder",
    );
    culprit(
        &at("kasan_atomics_helper"),
        &["kasan_report", "kasan_atomics_helper", "kasan_atomics"],
        "kasan_atomics_helper",
    );
    let hung = "INFO: task a:43 blocked for more than 120 seconds.\n      Not tainted 5.4.0 #1\na   D24208    43      1 0x00000004";
    for waits in [
        &[
            "__schedule",
            "schedule",
            "io_schedule",
            "wait_on_page_bit_common",
            "__filemap_fdatawait_range",
            "filemap_fdatawait_keep_errors",
            "holder",
        ][..],
        &[
            "__schedule",
            "schedule",
            "schedule_timeout",
            "wait_for_completion",
            "__flush_work",
            "__cancel_work_timer",
            "cancel_work_sync",
            "holder",
        ],
        &[
            "__schedule",
            "schedule",
            "rwsem_down_write_slowpath",
            "down_write",
            "holder",
        ],
        &[
            "__schedule",
            "schedule",
            "__folio_lock",
            "folio_wait_bit_common",
            "holder",
        ],
    ] {
        culprit(hung, waits, "holder");
    }
    // What takes away, allocates or checks is told to by its caller.
    for (head, frames) in [
        (
            at("timer_is_static_object"),
            &[
                "timer_is_static_object",
                "debug_object_assert_init",
                "del_timer",
                "try_to_grab_pending",
                "__cancel_work_timer",
            ][..],
        ),
        (
            at("sysfs_remove_group"),
            &[
                "sysfs_remove_group",
                "dpm_sysfs_remove",
                "device_del",
                "device_unregister",
                "i2c_del_adapter",
            ],
        ),
        (
            "BUG: KMSAN: kernel-usb-infoleak in usb_submit_urb+0x10/0x100".into(),
            &["usb_submit_urb", "usb_start_wait_urb", "usb_control_msg"],
        ),
        (
            "BUG: rwlock bad magic on CPU#1, a/43".into(),
            &["dump_stack", "do_raw_write_lock", "_raw_write_lock_bh"],
        ),
        (
            "UBSAN: signed-integer-overflow in net/a.c:1:2".into(),
            &[
                "dump_stack",
                "ubsan_epilogue",
                "handle_overflow",
                "__ubsan_handle_add_overflow",
            ],
        ),
        (
            "BUG: sleeping function called from invalid context at a.c:1".into(),
            &["dump_stack", "___might_sleep"],
        ),
    ] {
        let frames: Vec<&str> = frames.iter().copied().chain(["holder"]).collect();
        culprit(&head, &frames, "holder");
    }
    culprit(
        "------------[ cut here ]------------\nWARNING: CPU: 0 PID: 43 at lib/debugobjects.c:260 debug_print_object+0x10/0x100",
        &["debug_print_object", "__debug_object_init", "init_timer_key", "holder"],
        "holder",
    );
    // A hang is known by what half of the system waits for.
    culprit(
        hung,
        &[
            "__schedule",
            "schedule",
            "mutex_lock",
            "rtnl_lock",
            "holder",
        ],
        "rtnl_lock",
    );
    // Where nothing but the unwinder is left, it is what the headline says.
    culprit(
        &at("__unwind_start"),
        &["kthread", "ret_from_fork"],
        "__unwind_start",
    );
    let stalled = "INFO: rcu_sched self-detected stall on CPU";
    let samples = [
        "save_stack_trace",
        "__save_stack_trace",
        "kasan_kmalloc",
        "kmem_cache_alloc",
        "holder",
    ];
    culprit(stalled, &samples, "holder");
    // The same functions are to blame for what is theirs.
    culprit(
        &at("on_each_cpu"),
        &["kasan_report", "on_each_cpu", "holder"],
        "on_each_cpu",
    );
}

#[test]
fn a_panic_names_the_function_that_it_names() {
    check_text(
        "Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: foo_copy+0x7a/0x80
CPU: 1 PID: 77 Comm: test Not tainted 6.6.0 #1
Call Trace:
 <TASK>
 panic+0x33a/0x370
 __stack_chk_fail+0x14/0x20
 bar_read+0x7a/0x80
 do_syscall_64+0x5f/0x90
 </TASK>
Kernel Offset: disabled
---[ end Kernel panic - not syncing: stack-protector ]---
",
        expect![[r#"
            stack-overflow (panic): stack-protector: Kernel stack is corrupted in foo_copy
        "#]],
    );
}

#[test]
fn a_panic_whose_oops_is_missing_is_not_whole() {
    check_text(
        "R13: 00000000ffffffff R14: 000000000000001a R15: 000000000000001b
---[ end trace 0123456789abcdef ]---
Kernel panic - not syncing: Fatal exception in interrupt
Kernel Offset: disabled
---[ end Kernel panic - not syncing: Fatal exception in interrupt ]---
",
        expect![[r#"
            panic (panic): Kernel panic: Fatal exception in interrupt, incomplete
              what it follows from is not in the log
        "#]],
    );
}

#[test]
fn locks_that_are_taken_to_user_space_are_named_by_their_place() {
    check_text(
        "================================================
WARNING: lock held when returning to user space!
6.6.0 #1 Not tainted
------------------------------------------------
test/77 is leaving the kernel with locks still held!
2 locks held by test/77:
 #0: ffff888003a4c0a8 (&foo->lock){+.+.}-{3:3}, at: foo_lock+0x1a/0x30
 #1: ffff888003a4c0d8 (&bar->lock){+.+.}-{3:3}, at: bar_lock+0x1a/0x30
usb 1-1: new high-speed USB device
================================================
WARNING: lock held when returning to user space!
6.6.0 #1 Not tainted
",
        expect![[r#"
            lockdep (message): lock held when returning to user space in foo_lock
            lockdep (message): lock held when returning to user space, incomplete
              the log ends in the middle of it
        "#]],
    );
}

#[test]
fn a_long_chain_of_locks_is_not_the_end_of_a_report() {
    let chain: String = (0..120)
        .map(|n| format!("       foo_{n}+0x10/0x20\n"))
        .collect();
    let log = format!(
        "WARNING: possible circular locking dependency detected
6.6.0 #1 Not tainted
test/77 is trying to acquire lock:
ffffffff82f7e2a0 (a){{+.+.}}-{{3:3}}, at: foo_a+0x10/0x20
the existing dependency chain (in reverse order) is:
-> #1 (b){{+.+.}}-{{3:3}}:
{chain}
other info that might help us debug this:
stack backtrace:
CPU: 0 PID: 77 Comm: test Not tainted 6.6.0 #1
Call Trace:
 <TASK>
 lock_acquire+0xc0/0x2c0
 foo_a+0x10/0x20
 </TASK>
"
    );
    check_text(
        &log,
        expect![[r#"
            lockdep (message): possible circular locking dependency detected in foo_a
        "#]],
    );
}

#[test]
fn the_trace_of_another_task_is_not_lockdep_s() {
    check_text(
        "WARNING: suspicious RCU usage
6.6.0 #1 Not tainted
include/linux/foo.h:12 suspicious rcu_dereference_check() usage!
Call Trace:
 dump_stack_lvl+0x4a/0x70
 foo_of_another_task+0x10/0x20
other info that might help us debug this:
 bar_of_another_task+0x10/0x20
stack backtrace:
CPU: 0 PID: 77 Comm: test Not tainted 6.6.0 #1
",
        expect![[r#"
            lockdep (message): suspicious RCU usage in foo_of_another_task, incomplete
              its call trace is not its own: two reports are mixed up
              the log ends in the middle of it
              2 lines not understood: other info that might help us debug this: | stack backtrace:
        "#]],
    );
}

#[test]
fn a_stall_is_named_by_what_its_cpu_was_entered_for() {
    let stall = |trace: &[&str]| {
        let trace: String = trace
            .iter()
            .map(|name| format!(" {name}+0x10/0x20\n"))
            .collect();
        let log = format!(
            "rcu: INFO: rcu_preempt self-detected stall on CPU
rcu:     1-...!: (1 GPs behind) idle=b46/1/0x4000000000000004
NMI backtrace for cpu 1
CPU: 1 PID: 77 Comm: test Not tainted 6.6.0 #1
Call Trace:
{trace}"
        );
        let lines = lines(log.as_bytes());
        reports(&lines)[0].title.clone()
    };
    let own = [
        "dump_stack_lvl",
        "nmi_cpu_backtrace",
        "rcu_dump_cpu_stacks",
        "hrtimer_interrupt",
        "sysvec_apic_timer_interrupt",
        "asm_sysvec_apic_timer_interrupt",
    ];
    // Of interrupts within interrupts, the innermost is the watchdog's own.
    let timer = ["foo_find", "foo_timer", "call_timer_fn", "handle_softirqs"];
    let outer = [
        "sysvec_apic_timer_interrupt",
        "asm_sysvec_apic_timer_interrupt",
    ];
    let task = ["bar_find", "__x64_sys_bar", "do_syscall_64"];
    assert_eq!(
        stall(&[&own[..], &timer, &outer, &task].concat()),
        "rcu_preempt stall in foo_timer"
    );
    assert_eq!(
        stall(&[&own[..], &task].concat()),
        "rcu_preempt stall in sys_bar"
    );
    assert_eq!(
        stall(
            &[
                &own[..],
                &["foo_find"],
                &["smp_call_function_many_cond"],
                &task
            ]
            .concat()
        ),
        "rcu_preempt stall in smp_call_function_many_cond"
    );
}

#[test]
fn a_line_in_the_middle_of_a_trace_does_not_end_it() {
    let log = |between: &str| {
        format!(
            "INFO: task test:77 blocked for more than 122 seconds.
      Not tainted 4.19.0 #1
test            D    0    77     70 0x00000000
Call Trace:
 __schedule+0x2e0/0x870
 mutex_lock+0x34/0x40
{between} foo_read+0x10/0x20
 __vfs_read+0x10/0x20
 do_syscall_64+0x10/0x20
 entry_SYSCALL_64_after_hwframe+0x10/0x20
"
        )
    };
    check_text(
        &log(""),
        expect![[r#"
            hung-task (message): task hung in foo_read
        "#]],
    );
    let lines = lines(log("audit: type=1326\n").as_bytes());
    let found = reports(&lines);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].title, "task hung in foo_read");
    assert_eq!(found[0].notes, ["1 lines not understood: audit: type=1326"]);
}

#[test]
fn complaints_of_a_line_or_two() {
    check_text(
        "unregister_netdevice: waiting for lo to become free. Usage count = 5
BUG: workqueue leaked lock or atomic: kworker/0:0/0x00000000/4
     last function: foo_work
CPU: 0 PID: 4 Comm: kworker/0:0 Not tainted 4.19.0 #1
Call Trace:
 dump_stack+0x5c/0x80
 process_one_work+0x10/0x20
 ret_from_fork+0x10/0x20
BUG: KASAN: wild-memory-access on address ffe7087450a17000
Read of size 8 by task test/77
",
        expect![[r#"
            other (message): unregister_netdevice: waiting for a device to become free
            atomic (message): workqueue leaked lock or atomic in foo_work
            kasan (message): KASAN: wild-memory-access, incomplete
              the log ends in the middle of it
        "#]],
    );
}

#[test]
fn a_failure_that_was_asked_for_is_no_complaint() {
    check_text(
        "FAULT_INJECTION: forcing a failure.
name failslab, interval 1, probability 0, space 0, times 0
CPU: 0 PID: 77 Comm: test Not tainted 6.6.0 #1
Call Trace:
 dump_stack_lvl+0x4a/0x70
 should_fail_ex+0x10/0x20
 foo_alloc+0x10/0x20
 entry_SYSCALL_64_after_hwframe+0x10/0x20
",
        expect![[""]],
    );
}

#[test]
fn a_system_call_has_one_name() {
    for (printed, title) in [
        ("__x64_sys_rmdir", "sys_rmdir"),
        ("__arm64_sys_rmdir", "sys_rmdir"),
        ("SyS_rmdir", "sys_rmdir"),
        ("SYSC_rmdir.isra.0", "sys_rmdir"),
        ("compat_SyS_ioctl", "compat_sys_ioctl"),
        ("C_SYSC_ioctl", "compat_sys_ioctl"),
        ("__ia32_compat_sys_ioctl", "compat_sys_ioctl"),
        ("ksys_read", "ksys_read"),
        ("foo.constprop.0", "foo"),
    ] {
        assert_eq!(noise::plain(printed), title);
    }
    // However long a name is.
    let long = "SyS_".repeat(1 << 16);
    assert!(noise::plain(&long).starts_with("sys_SyS_"));
}

#[test]
fn a_reason_that_is_an_address_is_no_title() {
    check_text(
        "dead4ead00000000: 0000 [#1] SMP\n",
        expect![[r#"
            oops (oops): oops, incomplete
              the log ends in the middle of it
        "#]],
    );
}

#[test]
fn a_report_may_begin_before_its_cause_has_ended() {
    // Two callers at once; the task is the same one.
    check_text(
        "[    1.0][   T77] BUG: KASAN: slab-use-after-free in foo+0x10/0x20
[    1.0][   T77] CPU: 0 PID: 77 Comm: test Not tainted 6.6.0 #1
[    1.0][   T77] Call Trace:
[    1.0][   T77]  foo+0x10/0x20
[    1.0][   C0] Oops: general protection fault: 0000 [#1] SMP
[    1.0][   C0] CPU: 0 PID: 77 Comm: test Not tainted 6.6.0 #1
[    1.0][   C0] RIP: 0010:foo+0x10/0x20
[    1.0][   T77]  entry_SYSCALL_64_after_hwframe+0x10/0x20
[    1.0][   C0] Call Trace:
[    1.0][   C0]  bar+0x10/0x20
[    1.0][   T77] ==================================================================
[    1.0][   C0] ---[ end trace 0000000000000000 ]---
",
        expect![[r#"
            kasan (message): KASAN: slab-use-after-free in foo
            general-protection (oops): general protection fault in foo, from #0
        "#]],
    );
}

#[test]
fn what_was_interrupted_is_a_frame() {
    let text = "INFO: rcu_sched self-detected stall on CPU
NMI backtrace for cpu 0
CPU: 0 PID: 6381 Comm: sh Not tainted 4.17.0 #58
Call Trace:
 <IRQ>
 dump_stack+0x10/0x100
 rcu_check_callbacks+0x10/0x100
 apic_timer_interrupt+0x10/0x100
RIP: 0010:lock_acquire+0x257/0x520
RSP: 0000:ffff8801dae06b60 EFLAGS: 00000286 ORIG_RAX: ffffffffffffff13
 foo_timer+0x10/0x100
 call_timer_fn+0x10/0x100
 </IRQ>
RIP: 0010:rcu_is_watching+0xc4/0x140
 do_page_fault+0x10/0x100
 page_fault+0x10/0x100
RIP: 0033:0x7f4232a6d1fb
RSP: 002b:00007fff2aeebd28 EFLAGS: 00010246
";
    let found = reports(&lines(text.as_bytes()));
    assert_eq!(found.len(), 1);
    let report = &found[0];
    assert_eq!(report.title, "rcu_sched stall in foo_timer");
    // It ends where the user's program was.
    assert!(report.complete, "{:?}", report.notes);
    let exact: Vec<(usize, &str)> = report
        .trace
        .iter()
        .enumerate()
        .filter(|(_, frame)| frame.exact)
        .map(|(at, frame)| (at, frame.symbol.name.as_str()))
        .collect();
    assert_eq!(exact, [(3, "lock_acquire"), (6, "rcu_is_watching")]);
}

#[test]
fn a_stalled_task_is_known_by_its_work() {
    let text = "INFO: rcu_sched self-detected stall on CPU
NMI backtrace for cpu 0
CPU: 0 PID: 63 Comm: kworker/0:1 Not tainted 4.17.0 #58
Workqueue: events foo_work (bar)
Call Trace:
 <IRQ>
 dump_stack+0x10/0x100
 rcu_check_callbacks+0x10/0x100
 apic_timer_interrupt+0x10/0x100
 </IRQ>
RIP: 0010:process_one_work+0x257/0x520
 worker_thread+0x10/0x100
 kthread+0x10/0x100
 ret_from_fork+0x10/0x100
";
    let found = reports(&lines(text.as_bytes()));
    assert_eq!(found[0].title, "rcu_sched stall in foo_work");
}

#[test]
fn headlines_that_few_logs_have() {
    for (line, kind, title) in [
        (
            "BUG: KCSAN: assert: race in f+0x1/0x2 / g+0x1/0x2",
            Kind::Kcsan,
            "KCSAN: assert: race in f",
        ),
        (
            "general protection fault for non-canonical address 0xe017577ddf75b7dd: 0000 [#1] SMP",
            Kind::GeneralProtection,
            "general protection fault",
        ),
        (
            "Internal error: Oops - FPAC: 0000000072000000",
            Kind::ControlFlow,
            "FPAC",
        ),
        (
            "divide_error: 0000 [#1] PREEMPT SMP",
            Kind::DivideError,
            "divide error",
        ),
        (
            "Synchronous External Abort: synchronous external abort (0x96000610) at 0x0000ffffe0909fc0",
            Kind::ExternalAbort,
            "Synchronous External Abort",
        ),
        (
            "Kernel panic - not syncing: Asynchronous SError Interrupt",
            Kind::ExternalAbort,
            "Asynchronous SError Interrupt",
        ),
        (
            "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000200",
            Kind::Panic,
            "Kernel panic: Attempted to kill init!",
        ),
        (
            "PANIC at zio.c:341:zio_data_buf_alloc()",
            Kind::Other,
            "SPL PANIC in zio_data_buf_alloc",
        ),
        (
            "a: vmalloc: allocation failure: 32768 bytes, mode:0xcc0(GFP_KERNEL), nodemask=(null)",
            Kind::AllocationFailure,
            "vmalloc: allocation failure",
        ),
        (
            "VFS: Close: file count is 0",
            Kind::Other,
            "VFS: Close: file count is 0",
        ),
        (
            "VFS: Busy inodes after unmount of loop0. Self-destruct in 5 seconds.  Have a nice day...",
            Kind::Other,
            "VFS: Busy inodes after unmount",
        ),
        (
            "kernel BUG at lib/list_debug.c:51!",
            Kind::ListCorruption,
            "kernel BUG",
        ),
    ] {
        let found = reports(&lines(line.as_bytes()));
        let first = found.first().map(|report| (report.kind, &*report.title));
        assert_eq!(first, Some((kind, title)), "{line}");
    }
}

#[test]
fn a_circle_is_not_named_after_the_work_that_is_waited_for() {
    let text = "WARNING: possible circular locking dependency detected
5.4.0 #1 Not tainted
a/43 is trying to acquire lock:
ffff88801b2c5938 ((wq_completion)a){+.+.}-{0:0}, at: flush_workqueue+0xe1/0x13a0

but task is already holding lock:
ffffffff8ad3a5a8 (rtnl_mutex){+.+.}-{3:3}, at: holder+0x2c/0x60

which lock already depends on the new lock.

stack backtrace:
CPU: 0 PID: 43 Comm: a Not tainted 5.4.0 #1
Call Trace:
 dump_stack+0x10/0x100
 flush_workqueue+0x10/0x100
 other+0x10/0x100
 ret_from_fork+0x10/0x100
";
    let title = |text: &str| reports(&lines(text.as_bytes())).remove(0).title;
    let expected = "possible circular locking dependency detected in holder";
    assert_eq!(title(text), expected);
    // The same, decoded beforehand.
    let decoded = text
        .replace("flush_workqueue+0xe1/0x13a0", "flush_workqueue (a.c:1)")
        .replace("holder+0x2c/0x60", "holder (b.c:2 c.h:3) ");
    assert_eq!(title(&decoded), expected);
}

#[test]
fn a_stall_whose_backtrace_is_cut_off_says_so() {
    let text = "INFO: rcu_sched self-detected stall on CPU
NMI backtrace for cpu 0
CPU: 0 PID: 63 Comm: a Not tainted 4.17.0 #58
Call Trace:
 <IRQ>
 dump_stack+0x10/0x100
";
    let found = reports(&lines(text.as_bytes()));
    assert_eq!(found.len(), 1);
    assert!(!found[0].complete);
    assert_eq!(found[0].notes, ["the log ends in the middle of it"]);
}

#[test]
fn a_trace_without_its_beginning_is_not_whole() {
    let trace = "Call Trace:
 <TASK>
 dump_header+0x46/0x190
 out_of_memory+0x21c/0x4c0
 kthread+0xe1/0x110
 ret_from_fork+0x3a/0x60
 </TASK>
";
    let complete = |text: &str| reports(&lines(text.as_bytes()))[0].complete;
    assert!(!complete(trace));
    let task = "CPU: 1 PID: 43 Comm: a Not tainted 5.4.0 #1\n";
    assert!(complete(&format!("{task}{trace}")));
}

#[test]
fn frames_decoded_before_may_stand_for_two_places() {
    for text in [
        "dump_stack_lvl (lib/dump_stack.c:107 (discriminator 4)) ",
        "__alloc_pages (mm/page_alloc.c:5279 mm/page_alloc.c:5550) ",
    ] {
        let frame = super::details::frame(text).expect(text);
        assert!(text.starts_with(&frame.symbol.name), "{text}");
    }
}

/// The kind, the title and whether it is whole, of the first report in a text.
fn first(text: &str) -> (Kind, String, bool) {
    let report = reports(&lines(text.as_bytes())).remove(0);
    (report.kind, report.title, report.complete)
}

#[test]
fn a_trace_may_have_names_only() {
    let text = "BUG: unable to handle page fault for address: 00000000000033f3
Oops: 0000 [#1] PREEMPT SMP NOPTI
CPU: 2 PID: 895 Comm: masim Not tainted 6.6.0 #255
RIP: 0010:memcpy
Call Trace:
 <TASK>
? __die
? asm_exc_page_fault
carrier [foo]
handle_mm_fault
kthread
RIP: 0033:0x55b897ba0808
 </TASK>
---[ end trace 0000000000000000 ]---
";
    let report = reports(&lines(text.as_bytes())).remove(0);
    assert_eq!(report.title, "unable to handle page fault in carrier");
    let reliable = report.trace.iter().filter(|frame| frame.reliable).count();
    assert_eq!((report.trace.len(), reliable), (6, 4));
    assert_eq!(report.trace[3].symbol.module.as_deref(), Some("foo"));
    // Among frames with offsets, a word alone is somebody else's.
    let mixed = text.replace("carrier [foo]", "carrier+0x1/0x2 [foo]");
    let report = reports(&lines(mixed.as_bytes())).remove(0);
    assert_eq!(report.trace.len(), 4);
}

#[test]
fn what_a_program_dies_of_is_no_report() {
    let text = "udevd[1673]: unhandled level 2 translation fault (11) at 0x00000018, esr 0x92000006, in libc.so
CPU: 3 PID: 1673 Comm: udevd Not tainted 4.14.0 #5
PC is at 0x7f9867eb10
pc : [<0000007f9867eb10>] lr : [<0000007f98681b20>] pstate: 60000000
";
    assert_eq!(reports(&lines(text.as_bytes())), []);
    // The same of the kernel itself is one.
    let other = text.replace("PC is at 0x7f9867eb10", "PC is at f+0x1/0x2");
    assert_eq!(first(&other).0, Kind::Dump);
}

#[test]
fn a_failure_of_the_bus_is_one_report() {
    let body = "CPU: 0 PID: 1506 Comm: a Not tainted 4.14.0 #109
PC is at reader+0x78/0x6fc
Call trace:
 reader+0x78/0x6fc
 work_pending+0x8/0x10
---[ end trace e42d453027313552 ]---
";
    let again = "Synchronous External Abort: level 0 (translation table walk) (0x82000214) at 0x0000000033ff7008
Memory failure: 0xcd4b: already hardware poisoned
Synchronous External Abort: synchronous external abort (0x96000410) at 0x0000000033ff7008
Internal error: : 96000410 [#1] PREEMPT SMP
";
    let expected = (
        Kind::ExternalAbort,
        "Synchronous External Abort in reader".to_string(),
        true,
    );
    assert_eq!(first(&format!("{again}{body}")), expected);
    assert_eq!(
        reports(&lines(format!("{again}{body}").as_bytes())).len(),
        1
    );
    // Brackets that were lost in a mail.
    let bare =
        format!("Internal error: synchronous external abort: 96000210 1 PREEMPT SMP\n{body}");
    let expected = (
        Kind::ExternalAbort,
        "synchronous external abort in reader".to_string(),
        true,
    );
    assert_eq!(first(&bare), expected);
}

#[test]
fn a_panic_shows_where_a_lockup_was() {
    let text = "watchdog: BUG: soft lockup - CPU#2 stuck for 26s! [a:601]
Kernel panic - not syncing: softlockup: hung tasks
CPU: 2 PID: 601 Comm: a Tainted: G L 5.18.0-rc7+ #3
Call trace:
 dump_stack+0x1c/0x38
 panic+0x1ec/0x3ec
 watchdog_timer_fn+0x28c/0x300
 gic_handle_irq+0x8c/0x4bc
 el1h_64_irq+0x74/0x78
 printk+0xb4/0xe8
 busy_thread+0x328/0x7b0
 ret_from_fork+0x10/0x20
---[ end Kernel panic - not syncing: softlockup: hung tasks ]---
";
    let found = reports(&lines(text.as_bytes()));
    assert_eq!(found[0].title, "soft lockup in busy_thread");
    assert!(found[0].complete, "{:?}", found[0].notes);
    assert_eq!(found[1].consequence_of, Some(0));
}

#[test]
fn a_lockup_s_trace_may_lack_its_heading() {
    let text = "watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [a:458]
  _raw_spin_unlock_irqrestore+0x50/0xb8
  busy+0x434/0x6b8
  ret_from_fork+0x10/0x20
";
    assert_eq!(first(text).1, "soft lockup in busy");
}

#[test]
fn what_was_left_out_is_missing() {
    let text = "INFO: trying to register non-static key.
Call trace:
 dump_stack+0x18/0x34
 lock_acquire+0x68/0x84
 owner+0x44/0xc0
 caller+0x15c/0x1d0
";
    let (_, title, whole) = first(&format!("{text} ...\n\nFixes: it\n"));
    assert_eq!(
        (title.as_str(), whole),
        ("trying to register non-static key in owner", false)
    );
    assert!(first(&format!("{text} ret_from_fork+0x1/0x2\n ...\n")).2);
}

#[test]
fn who_quotes_a_report_may_leave_out_its_last_line() {
    let text = "Internal error: Oops - BUG: 0 [#1] PREEMPT SMP
CPU: 1 PID: 4396 Comm: a Not tainted 5.10.110 #257
pc : f+0x98/0xac
Call trace:
 f+0x98/0xac
 ret_from_fork+0x10/0x20
";
    assert!(!first(text).2);
    assert!(first(&format!("{text}\nSigned-off-by: A\n")).2);
    let callers = text.replace('\n', "\n[    1.000000][  T43] ");
    let callers = format!(
        "[    1.000000][  T43] {}",
        callers.trim_end_matches(|c| c != '\n')
    );
    assert!(!first(&callers).2);
    assert!(first(&format!("{callers}\nSigned-off-by: A\n")).2);
    // A trace that does not go back to where it began was broken off.
    let part = text.replace(" ret_from_fork+0x10/0x20\n", " g+0x10/0x20\n");
    assert!(!first(&format!("{part}\nSigned-off-by: A\n")).2);
}

#[test]
fn any_headline_may_be_broken_in_two() {
    for (text, kind) in [
        (
            "INFO: task jbd2/sdc2-8:104742 blocked for\nmore than 241 seconds.\n",
            Kind::HungTask,
        ),
        (
            "[ 1.5] BUG: sleeping function called from invalid context at\nkernel/a.c:281\n",
            Kind::Atomic,
        ),
        (
            "[ 1.5] UBSAN: array-index-out-of-bounds in\ndrivers/a/b.c:483:21\n",
            Kind::Ubsan,
        ),
        (
            "[ 1.5] Internal error: BRK handler:\n00000000f2000001 [#1] SMP\n",
            Kind::Oops,
        ),
        (
            "[ 1.5] invalid\nopcode: 0000 [#1] SMP NOPTI\n",
            Kind::UndefinedInstruction,
        ),
        (
            "general protection fault, probably for non-canonical\naddress 0xc131: 0000 [#1] SMP\n",
            Kind::GeneralProtection,
        ),
        (
            "<2>[ 1.5] Unhandled 64-bit el1h sync exception on CPU0, ESR\n0x3a000000\n",
            Kind::Oops,
        ),
    ] {
        assert_eq!(first(text).0, kind, "{text}");
        assert_eq!(reports(&lines(text.as_bytes())).len(), 1, "{text}");
    }
    // What the kernel says next is its own line.
    let text = "[ 1.5] INFO: task jbd2/sdc2-8:104742 blocked for\n[ 1.5] more than 241 seconds.\n";
    assert_eq!(reports(&lines(text.as_bytes())), []);
}

#[test]
fn the_return_address_of_a_call_that_does_not_return_is_the_next_function_s() {
    let text = "Internal error: Oops - BUG: 0 [#1] PREEMPT SMP
CPU: 4 PID: 5614 Comm: a Not tainted 4.14.180 #1
pc : __cfi_check_fail+0x1c/0x24
Call trace:
 __cfi_check_fail+0x1c/0x24
 the_next+0x0/0x468
 caller+0x234/0x258
 ret_from_fork+0x34/0x38
---[ end trace e42d453027313552 ]---
";
    assert_eq!(first(text).1, "kernel BUG in caller");
}

#[test]
fn memory_that_runs_out_is_told_by_what_is_left_of_it() {
    let task = "CPU: 8 PID: 1327866 Comm: a Not tainted 6.14.2 #1
Call trace:
 dump_header+0x48/0x190
 oom_kill_process+0x2ac/0x350
 out_of_memory+0xdc/0x350
 el0t_64_sync+0x1b0/0x1b8
";
    assert_eq!(first(task).0, Kind::OutOfMemory);
    assert_eq!(first(task).1, "out of memory");
    let line = "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,global_oom,task_memcg=/a,task=b,pid=43056,uid=1000\n";
    let killed = "Out of memory: Killed process 43056 (b) total-vm:30044644kB\n";
    let expected = |whole| {
        (
            Kind::OutOfMemory,
            "out of memory: killed b".to_string(),
            whole,
        )
    };
    assert_eq!(first(line), expected(false));
    assert_eq!(first(&format!("{line}{killed}")), expected(true));
    let old = "Memory cgroup out of memory: Kill process 16883 (b) score 877 or sacrifice child\n";
    assert_eq!(first(old), expected(true));
}

#[test]
fn a_warning_may_be_broken_in_three() {
    let text = "WARNING: CPU: 0 PID: 6896 at
drivers/gpu/drm/drm_vblank.c:728
checker+0x34b/0x360
CPU: 0 PID: 6896 Comm: a Not tainted 5.15.32 #1
RIP:
0010:checker+0x34b/0x360
Call Trace:
 caller+0x1/0x2
 ret_from_fork+0x22/0x30
---[ end trace 0000000000000000 ]---
";
    let report = reports(&lines(text.as_bytes())).remove(0);
    assert_eq!(report.title, "WARNING in checker");
    assert_eq!(report.location.map(|place| place.line), Some(728));
    assert_eq!(report.trace.len(), 3);
    assert!(report.complete, "{:?}", report.notes);
}

#[test]
fn a_trace_that_does_not_come_to_its_beginning_was_cut() {
    let text = "BUG: sleeping function called from invalid context at kernel/a.c:48
CPU: 0 PID: 1 Comm: a Not tainted 4.18.20 #1
Call Trace:
 dump_stack+0x1/0x2
 f+0x1/0x2
 g+0x1/0x2
 h+0x1/0x2
";
    let prose = "\nIt is not feasible.\n";
    assert!(!first(&format!("{text}{prose}")).2);
    assert!(first(&format!("{text} ret_from_fork+0x1/0x2{prose}")).2);
    // One that was followed into an exception may end there.
    assert!(first(&format!("{text} asm_exc_page_fault+0x1/0x2{prose}")).2);
    // kmemleak keeps as many frames as it has room for.
    let leak = text.replace(
        "BUG: sleeping function called from invalid context at kernel/a.c:48",
        "BUG: memory leak",
    );
    assert!(first(&format!("{leak}{prose}")).2);
}

#[test]
fn a_hung_task_of_which_little_is_shown_has_that_in_its_title() {
    let text = "INFO: task a:12345 blocked for more than 120 seconds.
Call Trace:
 __schedule+0x2d8/0x890
 schedule+0x4e/0xb0
 rpc_wait_bit_killable+0x24/0xa0 [sunrpc]
 ...
";
    let expected = "task hung in rpc_wait_bit_killable".to_string();
    assert_eq!(first(text), (Kind::HungTask, expected, false));
}

#[test]
fn the_way_to_the_crash_dump_is_not_where_it_happened() {
    let text = "[name:traps&]Internal error: BRK handler: 00000000f2005514 [#1] PREEMPT SMP
[name:mrdump&]pc : [0xffffffdbaf52bb2c] culprit+0x280/0x288
Call trace:
 dump_stack+0x18/0x44
 mrdump_common_die+0x254/0x480 [mrdump]
 notify_die+0x15c/0x204
 die+0x10c/0x5f8
 el1h_64_sync+0x68/0x6c
 culprit+0x280/0x288
 ret_from_fork+0x10/0x20
";
    assert_eq!(first(text).1, "BRK handler in culprit");
    let traced = text.replace(
        "[name:mrdump&]pc : [0xffffffdbaf52bb2c] culprit+0x280/0x288\n",
        "",
    );
    assert_eq!(first(&traced).1, "BRK handler in culprit");
}

#[test]
fn a_hypervisor_that_dies_says_where() {
    let text = "kvm [141]: nVHE hyp BUG at: arch/arm64/kvm/hyp/nvhe/mem_protect.c:1088!
kvm [141]: nVHE call trace:
kvm [141]:  [<ffff8000811676b4>] __kvm_nvhe_hyp_panic+0xb4/0xe8
kvm [141]:  [<ffff80008116f068>] __kvm_nvhe_culprit+0x48/0x104
kvm [141]: ---[ end nVHE call trace ]---
Kernel panic - not syncing: HYP panic:
CPU: 3 UID: 0 PID: 141 Comm: a Not tainted 6.16.0 #97
Call trace:
 panic+0x3d8/0x448
 nvhe_hyp_panic_handler+0x10c/0x23c
 el0t_64_sync+0x1ac/0x1b0
---[ end Kernel panic - not syncing: HYP panic:
";
    let found = reports(&lines(text.as_bytes()));
    assert_eq!(found[0].title, "nVHE hyp BUG in __kvm_nvhe_culprit");
    assert!(found[0].complete, "{:?}", found[0].notes);
    assert_eq!(
        found[0].location.as_ref().map(|place| place.line),
        Some(1088)
    );
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].consequence_of, Some(0));
    // Without its stack, which not every kernel can show.
    let named = text.replace(
        "arch/arm64/kvm/hyp/nvhe/mem_protect.c:1088",
        "[<ffff800008fa3750>] __kvm_nvhe_f+0x270/0x290",
    );
    let bare: String = named
        .lines()
        .filter(|line| !line.contains("trace") && !line.contains("  [<ffff8"))
        .map(|line| format!("{line}\n"))
        .collect();
    let (_, title, whole) = first(&bare);
    assert_eq!(
        (title.as_str(), whole),
        ("nVHE hyp BUG in __kvm_nvhe_f", true)
    );
}

#[test]
fn what_a_sanitizer_says_last_is_its_end() {
    let text = "BUG: KCSAN: data-race in f / g
write to 0xfffffc0d48ec1a00 of 8 bytes by task 91442 on cpu 3:
 f+0x51/0x80
 page_fault+0x34/0x40
Reported by Kernel Concurrency Sanitizer on:
CPU: 69 PID: 94817 Comm: a Not tainted 5.5.0 #6
";
    let hardware = "Hardware name: HPE ProLiant DL385\n";
    let prose = "\nBoth are done with it.\n";
    assert!(first(&format!("{text}{hardware}{prose}")).2);
    assert!(!first(&format!("{text}{hardware}")).2);
    assert!(!first(&format!("{text}{prose}")).2);
}

#[test]
fn lockdep_may_show_its_stack_twice() {
    let stack = "stack backtrace:
CPU: 0 PID: 19 Comm: migration/0 Not tainted 6.12.0 #16
Call Trace:
 <TASK>
 __lock_acquire+0x917/0x2310
 pin+0x175/0x1d0
 ret_from_fork_asm+0x1a/0x30
 </TASK>
";
    let text = format!(
        "WARNING: Nested lock was not taken\nmigration/0/19 is trying to lock:\n{stack}\nother info that might help us debug this:\n{stack}"
    );
    let report = reports(&lines(text.as_bytes())).remove(0);
    assert_eq!(report.title, "Nested lock was not taken in pin");
    assert!(report.complete, "{:?}", report.notes);
}

#[test]
fn a_huge_page_is_freed_by_somebody_worth_naming() {
    let text = "BUG: Bad page state in process a  pfn:313f5
CPU: 49 PID: 1 Comm: a Not tainted 5.1.0 #1
Call trace:
 bad_page+0xe4/0x13c
 __free_pages+0x30/0x44
 dma_direct_free+0x24/0x38
 $x.11+0x98/0xb4
 free_huge_page+0x20/0x28
 ret_from_fork+0x10/0x20
";
    assert_eq!(first(text).1, "Bad page state in free_huge_page");
}

#[test]
fn of_two_cpus_that_fault_at_once_the_one_that_says_more_counts() {
    let text = "Unable to handle kernel paging request at virtual address 00000000000ee028
Unable to handle kernel NULL pointer dereference at virtual address 0000000000000028
Internal error: Oops: 96000005 [#1] SMP
CPU: 1 PID: 709 Comm: a Not tainted 4.4.120 #1
PC is at f+0x20/0x258
Call trace:
 f+0x20/0x258
 ret_from_fork+0x10/0x20
---[ end trace e42d453027313552 ]---
";
    let found = reports(&lines(text.as_bytes()));
    assert_eq!(found.len(), 1);
    let report = &found[0];
    assert_eq!(
        report.title,
        "Unable to handle kernel NULL pointer dereference in f"
    );
    assert_eq!((report.first, report.complete), (0, true));
    assert_eq!(
        report.fault.as_ref().and_then(|fault| fault.address),
        Some(0x28)
    );
    assert!(report.notes[0].contains("00000000000ee028"));
    // They may be told apart by their callers.
    let callers = text.replace('\n', "\n[    1.000000][    T8] ");
    let callers = format!("[    1.000000][   T67] {}", callers.trim_end());
    let found = reports(&lines(callers.as_bytes()));
    assert_eq!(
        (found.len(), found[0].first, found[0].complete),
        (1, 0, true)
    );
    assert!(found[0].notes[0].contains("00000000000ee028"));
}

#[test]
fn a_report_without_its_head_begins_with_the_program_counter() {
    let body = "pc : 0x0
lr : caller+0x434/0x6c0 [m]
sp : ffffffc080f63b40
Call trace:
 0x0
 drm_ioctl_kernel+0xd8/0x190 [drm]
 el0t_64_sync+0x190/0x198
Code: aa0003e1 912b4040 910003fd 97fff04b (d4218000)
---[ end trace 0000000000000000 ]---
";
    let named = body.replace("pc : 0x0", "pc : f+0x34/0x50");
    let title = "call trace in f".to_string();
    assert_eq!(first(&named), (Kind::Dump, title, false));
    // What dumps its stack on purpose has no mark behind it.
    let task = "CPU: 2 PID: 740 Comm: a Tainted: G  6.6.51 #1\n";
    assert!(!first(&format!("{task}{body}")).2);
    let asked = body.split("---[").next().unwrap();
    assert!(first(&format!("{task}{asked}")).2);
    // x86 repeats where its first oops was, and others may print in between.
    let oops = "BUG: kernel NULL pointer dereference, address: 0000000000000008
Oops: 0000 [#1] SMP
CPU: 1 PID: 43 Comm: a Not tainted 6.6.0 #1
RIP: 0010:f+0x10/0x20
Call Trace:
 ret_from_fork+0x1/0x2
---[ end trace 0000000000000000 ]---
usb 1-1: reset
RIP: 0010:f+0x10/0x20
RSP: 0018:ffffc90000000000 EFLAGS: 00010286
";
    assert_eq!(reports(&lines(oops.as_bytes())).len(), 1);
    // KASAN explains a fault, whose headline stands before that.
    let kasan = "KASAN: null-ptr-deref in range [0x0000000000000000-0x0000000000000007]\n";
    let text = kasan.to_string() + &named.replace("pc : f", "pc : g");
    let title = "general protection fault in g".to_string();
    assert_eq!(first(&text), (Kind::GeneralProtection, title, false));
    let title = "general protection fault in f".to_string();
    let text = "Oops: general protection fault, probably for non-canonical address ...\n";
    let text =
        text.to_string() + kasan + "RIP: 0010:f (net/a.c:12)\n kthread (kernel/kthread.c:4)\n";
    assert_eq!(first(&text), (Kind::GeneralProtection, title, false));
}

#[test]
fn leaks_follow_each_other_without_a_word() {
    let leak = "unreferenced object 0xffff202803c11f00 (size 128):
comm \"swapper/0\", pid 1, jiffies 4294894325 (age 337.524s)
hex dump (first 32 bytes):
00 00 00 00 02 00 00 00 08 1f c1 03 28 20 ff ff............( ..
backtrace:
[<00000000670a0938>] slab_post_alloc_hook+0x9c/0x2f8
[<00000000a3f47b39>] kmem_cache_alloc+0x198/0x2a8
[<000000002bdba864>] holder+0x54/0xe0
[<00000000f91dc709>] __driver_attach+0x88/0x138
";
    let text = leak.repeat(2);
    let found = reports(&lines(text.as_bytes()));
    assert!(found.len() == 2 && found[0].complete);
    // A quotation may have no blanks behind its marks.
    let quoted = text.replace('\n', "\n>");
    let found = reports(&lines(format!(">{quoted}").as_bytes()));
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].title, "memory leak in holder");
}

#[test]
fn who_shows_two_reports_may_leave_out_the_mark_between() {
    let warning = "WARNING: CPU: 7 PID: 0 at lib/a.c:28 f+0x4d/0x70
CPU: 7 PID: 0 Comm: swapper/7 Tainted: G     U            5.8.0 #1
RIP: 0010:f+0x4d/0x70
Call Trace:
 secondary_startup_64+0xa4/0xb0
irq event stamp: 10186977
";
    assert!(first(&format!("{warning}\n{warning}")).2);
    assert!(!first(&format!("{warning}{warning}")).2);
}

#[test]
fn what_a_terminal_broke_or_cut_is_understood() {
    let text = "[    1.000000] Unable to handle kernel NULL pointer deref
erence at virtual address 0000000000000010
[    1.000000] Internal error: Oops: 0000000096000004 [#1] PREEMPT SMP
";
    assert_eq!(first(text).0, Kind::NullDereference);
    for name in ["clk_b8", "clk_bra nch_toggle+0x14c/0x168"] {
        let text = format!(
            "WARNING: CPU: 7 PID: 1 at drivers/clk/a.c:92 {name}
CPU: 7 PID: 1 Comm: swapper/0 Not tainted 5.8.0-rc6-00254-gc43551
pc : clk_branch_toggle+0x14c/0x168
Call trace:
 ret_from_fork+0x10/0x1c
---[ end trace f12a7e5e182f3e4e ]---
"
        );
        assert_eq!(first(&text).1, "WARNING in clk_branch_toggle");
    }
}

#[test]
fn what_lost_its_caller_is_of_the_one_before() {
    let text =
        "[    1.000000][  T43] ==================================================================
[    1.000000][  T43] BUG: KASAN: use-after-free in f+0x10/0x20
[    1.000000][  T43] CPU: 1 PID: 43 Comm: a Not tainted 6.6.0 #1
[    1.000000][  T43] Call trace:
[    1.000000][  T43]  f+0x10/0x20
[    1.000000][  T43]
==================================================================
";
    assert!(first(text).2);
    // What has no caller and a headline is a report of its own.
    let other = "WARNING: CPU: 1 PID: 6 at fs/a.c:212 g+0x272/0x520
CPU: 1 PID: 6 Comm: b Not tainted 5.14.0 #0
Call Trace:
 entry_SYSCALL_64_after_hwframe+0x44/0xae
---[ end trace 0000000000000000 ]---
";
    let start: String = text
        .lines()
        .take(5)
        .map(|line| format!("{line}\n"))
        .collect();
    let found = reports(&lines(format!("{start}{other}").as_bytes()));
    assert!(found[1].complete, "{:?}", found[1].notes);
}

#[test]
fn the_mark_of_an_old_arm64_stands_before_the_stack() {
    let text = "list_add corruption. next->prev should be prev (1), but was 2. (next=3).
------------[ cut here ]------------
WARNING: CPU: 3 PID: 2138 at lib/list_debug.c:28
CPU: 3 PID: 2138 Comm: bluetoothd Tainted: G           O    4.4.238+ #9
---[ end trace 0adc2158f0646eac ]---
Call trace:
[<ffffffc000443f78>] __list_add+0x38/0xb0
[<ffffffc0000f0d04>] add_wait_queue+0x4c/0x68
[<ffffffc00008510c>] __sys_trace_return+0x0/0x4
";
    let title = "list_add corruption in add_wait_queue".to_string();
    assert_eq!(first(text), (Kind::ListCorruption, title, true));
    assert_eq!(reports(&lines(text.as_bytes())).len(), 1);
}

#[test]
fn all_before_a_trace_may_be_left_out() {
    let text = "BUG: sleeping function called from invalid context at kernel/locking/a.c:48
in_atomic(): 1, irqs_disabled(): 1, non_block: 0, pid: 0, name: swapper/0
...
 __might_resched+0x13c/0x1f4
 holder+0x48/0x80
 gic_handle_irq+0x44/0xcc

";
    let title = "sleeping function called from invalid context in holder".to_string();
    assert_eq!(first(text), (Kind::Atomic, title, false));
}

#[test]
fn a_trace_that_comes_from_a_program_is_all_of_it() {
    let text = "WARNING: CPU: 0 PID: 13593 at kernel/a.c:5254 f+0xa3/0xc0 kernel/a.c:5254
CPU: 0 PID: 13593 Comm: syz.3.346 Not tainted 6.8.0 #1
RIP: 0010:f+0xa3/0xc0 kernel/a.c:5254
Call Trace:
 <TASK>
 do_exit+0xaf0/0x2a40 kernel/exit.c:871
 asm_exc_page_fault+0x26/0x30 arch/x86/include/asm/idtentry.h:570
RIP: 0033:0x7fd5ec9958d5
 </TASK>

";
    assert!(first(&format!("{text}Thank you\n")).2);
    let part = text.replace("RIP: 0033:0x7fd5ec9958d5\n", "");
    assert!(!first(&format!("{part}Thank you\n")).2);
}

#[test]
fn xen_has_a_segment_of_its_own() {
    let text = "BUG: kernel NULL pointer dereference, address: 0000000000000070
Oops: Oops: 0000 [#1] PREEMPT SMP NOPTI
CPU: 0 UID: 0 PID: 128 Comm: kworker/0:2 Not tainted 6.13.6-1 #1
RIP: e030:f+0x10/0x30
RSP: e02b:ffffc9004058be28 EFLAGS: 00010246
Call Trace:
 g+0x79/0x150
 ret_from_fork_asm+0x1a/0x30
---[ end trace 0000000000000000 ]---
";
    assert_eq!(first(text).1, "kernel NULL pointer dereference in f");
    let headless = text.split_inclusive('\n').skip(3).collect::<String>();
    assert_eq!(first(&headless).1, "call trace in f");
}

#[test]
fn what_was_decoded_before_may_have_no_line_or_too_long_a_one() {
    let text = "BUG: kernel NULL pointer dereference, address: 0000000000000000
Oops: 0002 [#1] PREEMPT SMP
CPU: 1 PID: 1 Comm: swapper/0 Tainted: G                T  6.5.0 #1
RIP: 0010:f (net/a.c:?)
Call Trace:
 g (net/a.c:12)
 ret_from_fork (arch/x86/a.S:314)
---[ end trace 0000000000000000 ]---
";
    assert_eq!(first(text).1, "kernel NULL pointer dereference in f");
    let text = "INFO: trying to register non-static key.
CPU: 0 PID: 24 Comm: kworker/0:1 Not tainted 4.14.0 #545
Call Trace:
 __dump_stack lib/dump_stack.c:16
 dump_stack+0x292/0x395 lib/dump_stack.c:52
 __mutex_lock_common kernel/locking/mutex.c:756
 __mutex_lock+0x18e/0x1a60 kernel/locking/mutex.c:893
 holder+0x27b/0x9e0
drivers/media/usb/dvb-usb-v2/mxl111sf.c:521
 another_holder+0x1c/0x20
drivers/media/usb/dvb-usb-v2/mxl111sf.c:977
 ret_from_fork+0x2a/0x40 arch/x86/entry/entry_64.S:431

";
    let title = "trying to register non-static key in holder".to_string();
    assert_eq!(first(text), (Kind::Lockdep, title, true));
    let report = reports(&lines(text.as_bytes())).remove(0);
    assert_eq!(report.trace.iter().filter(|frame| frame.inlined).count(), 2);
}

#[test]
fn a_warning_without_its_headline_is_known_by_its_trace() {
    let text = "------------[ cut here ]------------
[...]
CPU: 2 PID: 3991 Comm: kworker/u16:0 Tainted: G           OE      6.6.17 #3
RIP: 0010:f+0xaea/0xd80 [m]
Call Trace:
 <TASK>
 ? __warn+0x8f/0x150
 ? report_bug+0x1f5/0x200
 g+0x1/0x2
 ret_from_fork+0x34/0x50
---[ end trace 0000000000000000 ]---
";
    let title = "WARNING in f".to_string();
    assert_eq!(first(text), (Kind::Warning, title, false));
}

#[test]
fn a_fault_within_a_fault_shows_where_that_was() {
    let fault = "Unable to handle kernel paging request at virtual address fffffffefe43c000
Mem abort info:
  ESR = 0x96000007
";
    let text = format!(
        "{fault}{fault}Internal error: Oops: 96000005 [#1] PREEMPT SMP
CPU: 0 PID: 0 Comm: swapper Not tainted 5.4.51 #1
pc : show_pte+0x12c/0x1b4
Call trace:
 paging_init+0x10/0x20
 start_kernel+0x10/0x20
---[ end trace 0000000000000000 ]---
"
    );
    let found = reports(&lines(text.as_bytes()));
    assert_eq!(
        (found.len(), found[0].first, found[0].complete),
        (1, 0, true)
    );
}

#[test]
fn a_crash_kernel_ends_what_it_is_started_in() {
    let text = "kernel BUG at arch/arm64/kernel/cpufeature.c:886!
Internal error: Oops - BUG: 0 [#1] PREEMPT SMP
CPU: 3 PID: 0 Comm: swapper/3 Kdump: loaded Not tainted 5.6.0 #105
pc : f+0xf0/0x348
Call trace:
 f+0xf0/0x348
 secondary_start_kernel+0xf4/0x188
Code: 52805001 72a00301 6b01001f 54000ec0 (d4210000)
SMP: stopping secondary CPUs
Starting crashdump kernel...
Bye!
Booting Linux on physical CPU 0x0000000003 [0x410fd0f0]
";
    assert!(first(text).2);
    assert!(!first(&text.replace("Starting crashdump kernel...\n", "")).2);
}

#[test]
fn who_quotes_a_sanitizer_may_end_with_its_last_stack() {
    let text = "==================================================================
BUG: KASAN: slab-use-after-free in f+0x10/0x20
CPU: 1 PID: 43 Comm: a Not tainted 6.6.0 #1
Call Trace:
 f+0x10/0x20
 entry_SYSCALL_64_after_hwframe+0x77/0x7f

Freed by task 43:
 kfree+0x10/0x20
 entry_SYSCALL_64_after_hwframe+0x77/0x7f

";
    assert!(first(&format!("{text}Signed-off-by: A\n")).2);
    let more = "Memory state around the buggy address:\n ffff88000b67a280: fc fc\n\n";
    assert!(!first(&format!("{text}{more}")).2);
}

#[test]
fn leaks_that_syzkaller_decoded_have_addresses() {
    let text = "BUG: memory leak
unreferenced object 0xffff88812162e000 (size 8192):
  backtrace (crc bbd5015e):
    [<ffffffff815fa6f3>] kmemleak_alloc_recursive include/linux/kmemleak.h:42 [inline]
    [<ffffffff815fa6f3>] slab_post_alloc_hook mm/slub.c:3817 [inline]
    [<ffffffff815fa6f3>] slab_alloc_node mm/slub.c:3860 [inline]
    [<ffffffff815fa6f3>] kmalloc_trace+0x283/0x330 mm/slub.c:4007
    [<ffffffff8457ddd9>] holder+0x159/0x6f0 net/a.c:272
";
    assert_eq!(first(text).1, "memory leak in holder");
}

#[test]
fn where_arm64_s_softirqs_begin_is_no_function() {
    let text = "rcu: INFO: rcu_preempt self-detected stall on CPU
Task dump for CPU 16:
Call trace:
 rcu_sched_clock_irq+0x6d8/0xaa8
 update_process_times+0x2c/0x50
 gic_handle_irq+0x5c/0x148
 el1_irq+0xb8/0x180
 load_balance+0x478/0xb98
 run_rebalance_domains+0x78/0xe0
 efi_header_end+0x114/0x234
 run_ksoftirqd+0x38/0x48
 ret_from_fork+0x10/0x18
";
    assert_eq!(first(text).1, "rcu_preempt stall in run_rebalance_domains");
}

#[test]
fn a_title_above_the_report_is_no_report() {
    check_text(
        "\
syzbot has tested the proposed patch but the reproducer is still triggering an issue:
BUG: corrupted list in holder_add

list_add corruption. prev->next should be next (ffff888122a51108), but was 0000000000058000. (prev=ffff88810e236d50).
------------[ cut here ]------------
kernel BUG at lib/list_debug.c:30!
Oops: invalid opcode: 0000 [#1] PREEMPT SMP
CPU: 0 PID: 45 Comm: insmod Not tainted 6.5.0 #0
RIP: 0010:__list_add_valid+0x74/0x90
Call Trace:
 <TASK>
 holder_add+0x10/0x20
 </TASK>
---[ end trace 0000000000000000 ]---
",
        expect![[r#"
            list-corruption (bug): list_add corruption in holder_add
        "#]],
    );
    check_text(
        "BUG: corrupted list in holder_add\n",
        expect![[r#"
            other (message): corrupted list in holder_add
        "#]],
    );
}

#[test]
fn a_line_that_another_message_tore_is_whole_again() {
    check_text(
        "\
[1038750.293558] INFO: task insmod:17206 blocked for more than 120 seconds.
[1038750.294283]       Tainted: P           OE   4.4.302+ #69057
[1038750.299241] Call Trace:
[1038750.299528]  [<ffffffff81579620>] schedule+0x30/0x80
[1038750.300119]  [<ffffffff81579899>] sched[1043267.444164] serial8250: too much work for irq4
ule_preempt_disabled+0x9/0x10
[1038750.300784]  [<ffffffff8157af3f>] __mutex_lock_slowpath+0x8f/0xf0
[1038750.302931]  [<ffffffff8157afb2>] __rq_qos_throttle+0x12/0x30
[1038750.302961]  [<ffffffffa134ba1a>] holder_write+0x6a/0x4a0 [holder]
[1038750.304322]  [<ffffffff8117a1b4>] entry_SYSCALL_64_fastpath+0x16/0x71
[1038751.304322] done
",
        expect![[r#"
            hung-task (message): task hung in holder_write
              2 lines not understood: serial8250: too much work for irq4 | done
        "#]],
    );
}

#[test]
fn a_cpu_that_idles_has_no_backtrace() {
    check_text(
        "\
rcu: INFO: rcu_sched detected stalls on CPUs/tasks:
rcu: 	1-...!: (0 ticks this GP) idle=cf8/0/0x0 softirq=20/20 fqs=0
	(detected by 0, t=38227 jiffies, g=-1127, q=10)
Sending NMI from CPU 0 to CPUs 1:
NMI backtrace for cpu 1 skipped: idling at default_idle+0x1e/0x130
rcu: rcu_sched kthread starved for 38227 jiffies! g-1127 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x402 ->cpu=1
rcu: RCU grace-period kthread stack dump:
rcu_sched       I15016    11      2 0x80004000
Call Trace:
 __schedule+0x288/0x600
 schedule+0x34/0xa0
 rcu_gp_kthread+0x4f6/0xd40
 kthread+0x107/0x120
 ret_from_fork+0x35/0x40
",
        expect![[r#"
            rcu-stall (message): rcu_sched stall in rcu_gp_kthread
        "#]],
    );
}

#[test]
fn a_log_may_end_in_the_list_of_workqueues() {
    const CUT: &str = "\
[  752.907614] BUG: workqueue lockup - pool cpus=2 node=0 flags=0x0 nice=-20 stuck for 58s!
[  752.914030] Showing busy workqueues and worker pools:
[  752.914034] workqueue events_highpri: flags=0x10
[  752.914036]   pwq 5: cpus=2 node=0 flags=0x0 nice=-20 active=2/256
[  752.914042]     pending: holder_work [holder]
";
    check_text(
        CUT,
        expect![[r#"
            workqueue-lockup (message): workqueue lockup, incomplete
              the log ends in the middle of it
        "#]],
    );
    check_text(
        &format!(
            "{CUT}[  752.914050] pool 5: cpus=2 node=0 flags=0x0 nice=-20 hung=58s workers=2\n"
        ),
        expect![[r#"
            workqueue-lockup (message): workqueue lockup
        "#]],
    );
}

#[test]
fn what_stands_below_a_headline_tells_the_kind() {
    check_text(
        "\
Following splat gets triggered:

    include/linux/holder.h:1272 suspicious rcu_dereference_check() usage!
other info that might help us debug this:

1 lock held by insmod/27006:
 #0: 00000000e0f85be9 (&net->nft.commit_mutex){+.+.}, at: holder_lock+0x1a/0x50
Call Trace:
 holder_fill.isra.45+0x6cc/0x6e0
 holder_commit+0x165c/0x1740

holder_fill() can be called
",
        expect![[r#"
            lockdep (message): suspicious RCU usage in holder_fill, incomplete
              its beginning is not in the log
              the log ends in the middle of it
        "#]],
    );
    // A trace that nothing announces begins with the kernel's own way to it.
    check_text(
        "\
> > [   12.931887]  ? __die_body+0x1a/0x60
> > [   12.932324]  ? page_fault_oops+0x156/0x420
> > [   12.934869]  ? holder_get.constprop.0+0xac/0x100
> > [   12.935428]  holder_write+0x7c/0x9f0
> > [   12.939494]  software_resume+0x13c/0x180
",
        expect![[r#"
            dump (message): call trace in holder_write, incomplete
              its beginning is not in the log
              the log ends in the middle of it
        "#]],
    );
    check_text(
        "\
[287358.398463] ? update_process_times+0x7d/0xd0
[287358.398628] </IRQ>
[287358.398725] <TASK>
[287358.398738] default_idle_call+0x34/0xf0
[287358.398903] common_startup_64+0x13b/0x148
[287358.399000] </TASK>
",
        expect![""],
    );
}

#[test]
fn a_fuzzer_s_title_is_no_headline() {
    check_text(
        "\
Syzkaller hit 'BUG: soft lockup in holder_write' bug.

watchdog: BUG: soft lockup - CPU#0 stuck for 290s! [insmod:52600]
CPU: 0 UID: 0 PID: 52600 Comm: insmod Not tainted 6.12.0 #11
RIP: 0010:holder_spin+0x122/0xa50
Call Trace:
 <TASK>
 holder_write+0x1b4/0x1f0
 do_syscall_64+0xcb/0x250
 entry_SYSCALL_64_after_hwframe+0x77/0x7f
RIP: 0033:0x7fc345ec68d7
 </TASK>
",
        expect![[r#"
            soft-lockup (message): soft lockup in holder_write
        "#]],
    );
}

#[test]
fn a_lock_s_place_may_stand_on_the_next_line() {
    check_text(
        "\
[   41.585688] WARNING: possible recursive locking detected
[   41.585694] 6.12.0-rc6+ #22 Not tainted
[   41.585701] --------------------------------------------
[   41.585705] insmod/3139 is trying to acquire lock:
[   41.585711] ffff988b29530a58 (sk_lock-AF_BLUETOOTH)
               at: holder_take+0xe3/0x280 [holder]
[   41.585905]
               but task is already holding lock:
[   41.585909] ffff988b29533a58 (sk_lock-AF_BLUETOOTH)
               at: holder_accept+0x61/0x2d0 [holder]
",
        expect![[r#"
            lockdep (message): possible recursive locking detected in holder_take, incomplete
              the log ends in the middle of it
        "#]],
    );
}

#[test]
fn the_oom_killer_shows_who_invokes_it() {
    check_text(
        "\
insmod invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
oom-kill:constraint=CONSTRAINT_MEMCG,...,oom_memcg=/a,task_memcg=/a,task=insmod,pid=23668
Memory cgroup out of memory: Killed process 23668 (insmod) total-vm:1830052kB, anon-rss:152644kB, ...
",
        expect![[r#"
            out-of-memory (message): out of memory, incomplete
              what stands within it was left out
        "#]],
    );
}

#[test]
fn who_registers_a_name_twice_is_to_blame() {
    check_text(
        "\
sysfs: cannot create duplicate filename '/devices/platform/holder'
CPU: 0 PID: 9 Comm: insmod Not tainted 6.16.0 #7
Call trace:
 show_stack+0x18/0x24 (C)
 sysfs_warn_dup+0x64/0x80
 sysfs_create_dir_ns+0xf4/0x120
 kobject_add_internal+0x98/0x260
 kobject_add+0x9c/0x108
 device_add+0xc4/0x7a0
 holder_register+0x5c/0xb0
 ret_from_fork+0x10/0x20
",
        expect![[r#"
            dump (message): call trace in holder_register
        "#]],
    );
}

#[test]
fn who_hands_over_what_is_summed_is_to_blame() {
    check_text(
        "\
==================================================================
BUG: KASAN: slab-out-of-bounds in crc16+0x1fb/0x280
Read of size 1 at addr ffff888075f5c0a8 by task insmod/23533

CPU: 1 PID: 23533 Comm: insmod Not tainted 5.15.0 #0
Call Trace:
 <TASK>
 crc16+0x1fb/0x280
 holder_check+0x3b0/0x4f0
 do_syscall_64+0x3d/0xb0
 </TASK>
==================================================================
",
        expect![[r#"
            kasan (message): KASAN: slab-out-of-bounds in holder_check
        "#]],
    );
    check_text(
        "\
------------[ cut here ]------------
kernel BUG at net/core/skbuff.c:110!
invalid opcode: 0000 [#1] PREEMPT SMP
CPU: 0 PID: 45 Comm: insmod Not tainted 6.5.0 #0
RIP: 0010:skb_panic+0x74/0x90
Call Trace:
 <TASK>
 skb_push+0x10/0x20
 holder_send+0x10/0x20
 do_syscall_64+0x3d/0xb0
 </TASK>
---[ end trace 0000000000000000 ]---
",
        expect![[r#"
            bug (bug): kernel BUG in holder_send
        "#]],
    );
}

#[test]
fn a_lock_that_is_held_is_not_where_rcu_is_suspicious() {
    check_text(
        "\
[  922.308069][ T6194] WARNING: suspicious RCU usage
[  922.308339][ T6194] 6.15.0-rc5-virtme #1 Not tainted
[  922.308596][ T6194] -----------------------------
[  922.308860][ T6194] ./include/net/addrconf.h:347 suspicious
rcu_dereference_check() usage!
[  922.310105][ T6194] rcu_scheduler_active = 2, debug_locks = 1
[  922.310501][ T6194] 1 lock held by ip/6194:
[  922.310704][ T6194]  #0: ffff888012942630
(&tb->tb6_lock){+...}-{3:3}, at: holder_lock+0x743/0x1450
[  922.311255][ T6194] stack backtrace:
[  922.311577][ T6194] CPU: 1 UID: 0 PID: 6194 Comm: ip Not tainted 6.15.0-rc5-virtme #1
[  922.311589][ T6194] Call Trace:
[  922.311591][ T6194]  <TASK>
[  922.311591][ T6194]  lockdep_rcu_suspicious+0x166/0x270
[  922.311619][ T6194]  holder_balance.part.0+0x70c/0x8a0
[  922.312061][ T6194]  do_syscall_64+0xc1/0x1d0
[  922.312069][ T6194]  entry_SYSCALL_64_after_hwframe+0x77/0x7f
[  922.312069][ T6194]  </TASK>
",
        expect![[r#"
            lockdep (message): suspicious RCU usage in holder_balance
        "#]],
    );
}

#[test]
fn a_held_lock_may_be_decoded() {
    check_text(
        "\
[   26.223475][    T1] WARNING: lock held when returning to user space!
[   26.224156][    T1] 5.18.0-rc5-00007-g3b06eceb315e #31 Not tainted
[   26.224712][    T1] ------------------------------------------------
[   26.225244][    T1] systemd/1 is leaving the kernel with locks still held!
[   26.225780][    T1] 1 lock held by systemd/1:
[ 26.226089][ T1] #0: ffff8881350945a0 (&sb->s_type->i_lock_key#19){+.+.}-{2:2}, at: holder_lock (??:?)
",
        expect![[r#"
            lockdep (message): lock held when returning to user space in holder_lock
        "#]],
    );
}

#[test]
fn kasan_s_range_may_stand_on_the_next_line() {
    check_text(
        "\
KASAN: null-ptr-deref in range
[0x0000000000000000-0x0000000000000007]
CPU: 0 PID: 98 Comm: kworker/u2:2 Not tainted 5.14.0+ #78
RIP: 0010:holder_read.isra.0+0x82c/0x9e0
Call Trace:
 holder_work+0x10/0x20
 ret_from_fork+0x1f/0x30
---[ end trace 0000000000000000 ]---
",
        expect![[r#"
            general-protection (message): general protection fault in holder_read, incomplete
              its beginning is not in the log
        "#]],
    );
}

#[test]
fn a_task_that_blocks_the_grace_period_comes_first() {
    check_text(
        "\
rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
rcu: 	Tasks blocked on level-0 rcu_node (CPUs 0-1): P5242/1:b..l
rcu: 	(detected by 0, t=10503 jiffies, g=7693, q=1717126 ncpus=2)
task:insmod          state:R  running task     stack:23632 pid:5242  tgid:5242  ppid:4675   flags:0x00000002
Call Trace:
 <TASK>
 __schedule+0x1843/0x4ae0
 preempt_schedule_irq+0xfb/0x1c0
 asm_sysvec_apic_timer_interrupt+0x1a/0x20
RIP: 0010:holder_spin+0x139/0x150
RSP: 0018:ffffc9000377f650 EFLAGS: 00000286
 holder_read+0x20c/0xd70
 vfs_read+0x9bb/0xbc0
 ksys_read+0x183/0x2b0
 do_syscall_64+0xf3/0x230
 entry_SYSCALL_64_after_hwframe+0x77/0x7f
 </TASK>
rcu: Stack dump where RCU GP kthread last ran:
Sending NMI from CPU 0 to CPUs 1:
NMI backtrace for cpu 1
CPU: 1 UID: 0 PID: 24 Comm: ksoftirqd/1 Not tainted 6.12.0 #0
RIP: 0010:other_softirq+0x0/0x90
Call Trace:
 <TASK>
 handle_softirqs+0x10/0x20
 ret_from_fork+0x4b/0x80
 </TASK>
",
        expect![[r#"
            rcu-stall (message): rcu_preempt stall in holder_read
        "#]],
    );
}

#[test]
fn code_that_a_mail_program_broke_is_one_line() {
    let log = "\
BUG: kernel NULL pointer dereference, address: 0000000000000008
Oops: 0000 [#1] PREEMPT SMP
CPU: 0 PID: 45 Comm: insmod Not tainted 6.5.0 #0
RIP: 0010:holder_read+0x74/0x90
Code: 89 f5 53 48 89 fb 48 83 ec 08 e8 79 0b 38 fe 48 85 ed 74 7e e8
6f 0b 38 fe 48 89 ea 48 b8 00 00 00 00 00 fc ff df 48 c1 ea 03 <80> 3c
02 00
RSP: 0018:ffffc9000259fbd8 EFLAGS: 00010207
FS:  00005555771343c0(0000) GS:ffff88802b800000(0000) knlGS:
0000000000000000
CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033
Call Trace:
 <TASK>
 holder_init+0x10/0x20
 </TASK>
---[ end trace 0000000000000000 ]---
";
    check_text(
        log,
        expect![[r#"
            null-dereference (oops): kernel NULL pointer dereference in holder_read
        "#]],
    );
    let report = reports(&lines(log.as_bytes())).remove(0);
    let code = report.code.expect("its code");
    assert!(code.ends_with("c1 ea 03 <80> 3c 02 00"), "{code}");
}
