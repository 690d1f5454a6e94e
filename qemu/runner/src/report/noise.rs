// SPDX-License-Identifier: GPL-2.0

//! Which frames only carry a message, so that a title names the function behind them.

use super::{demangle, Frame, Kind, Symbol};
use regex::Regex;
use std::sync::LazyLock;

/// The function that a title names: the first that is not noise, else where the program counter
/// stood. What a trace only guesses counts where it is sure of nothing.
pub fn culprit<'a>(kind: Kind, pc: Option<&'a Symbol>, trace: &'a [Frame]) -> Option<&'a Symbol> {
    let guessed = !trace.iter().any(|frame| frame.reliable && !frame.exact);
    let mut entered = false;
    let mut frames: Vec<&Symbol> = Vec::new();
    for frame in trace {
        let counts = (frame.reliable || guessed) && !frame.inlined;
        if counts && (entered || !is_next(frame)) {
            frames.push(&frame.symbol);
        }
        // What an exception interrupts may be the beginning of a function.
        entered = frame.symbol.name.starts_with("el1");
    }
    if is_anywhere(kind) {
        let again = |pair: &&[&Symbol]| pair[0].name == pair[1].name;
        if let (Kind::StackOverflow, Some(pair)) = (kind, frames.windows(2).find(again)) {
            return Some(pair[0]);
        }
        if let Some(symbol) = entry(kind, &frames[interrupted(&frames)..]) {
            return Some(symbol);
        }
    }
    let from = match pc {
        None if is_noticed_in_interrupt(kind) => interrupted(&frames),
        _ => 0,
    };
    if kind == Kind::HungTask {
        if let Some(symbol) = everyone_waits_for(&frames) {
            return Some(symbol);
        }
    }
    let tracked = pc.is_some_and(|symbol| plain(&symbol.name) == "debug_print_object");
    let says_nothing =
        |symbol: &Symbol| is_noise(kind, &symbol.name) || tracked && is_of_object(symbol);
    // What calls everything says less than even a check does.
    let found = pc
        .into_iter()
        .chain(frames[from..].iter().copied())
        .find(|symbol| !says_nothing(symbol))
        .filter(|symbol| pc.is_none() || !calls_everything(symbol))
        // Where a system call itself allocates, the allocator says more.
        .filter(|symbol| pc.is_none_or(|pc| !is_system_call(symbol) || says_nothing_ever(pc)))
        .or(pc);
    // A trace that breaks off early has nothing but what waits.
    let waits = || {
        frames
            .last()
            .copied()
            .filter(|symbol| !says_nothing_ever(symbol))
    };
    match kind {
        Kind::HungTask => found.or_else(waits),
        _ => found,
    }
}

/// Whether a return address is behind the last instruction of a function that called what does
/// not return: then the function is the one before.
fn is_next(frame: &Frame) -> bool {
    !frame.exact && frame.symbol.offset == 0 && frame.symbol.size != 0
}

/// Whether the function is noise in reports of every kind.
fn says_nothing_ever(symbol: &Symbol) -> bool {
    calls_everything(symbol) || is_noise(Kind::Unknown, &symbol.name)
}

fn is_system_call(symbol: &Symbol) -> bool {
    let name = plain(&symbol.name);
    name.starts_with("sys_") || name.starts_with("compat_sys_")
}

/// Functions of timers and the like, in which debugobjects finds what their caller did.
fn is_of_object(symbol: &Symbol) -> bool {
    static OWN: LazyLock<Regex> = LazyLock::new(|| whole_names(OBJECTS));
    OWN.is_match(&plain(&symbol.name))
}

/// What a task hangs in that hangs half of the system with it: by its callers, which are
/// victims, the bug is not known again.
fn everyone_waits_for<'a>(frames: &[&'a Symbol]) -> Option<&'a Symbol> {
    static KNOWN: LazyLock<Regex> = LazyLock::new(|| whole_names(WAITED_FOR));
    let mut frames = frames.iter().copied();
    frames.find(|symbol| KNOWN.is_match(&plain(&symbol.name)))
}

/// Whether an exception or an interrupt enters the kernel through the function.
pub fn enters(symbol: &Symbol) -> bool {
    let name = plain(&symbol.name);
    name.starts_with("asm_exc_") || name.ends_with("page_fault") || interrupts(&name)
}

/// Whether an interrupt enters the kernel through the function of this plain name.
fn interrupts(name: &str) -> bool {
    static ENTRY: LazyLock<Regex> = LazyLock::new(|| whole_names(INTERRUPT_ENTRY));
    ENTRY.is_match(name)
}

/// Whether a title that names the function would say nothing.
pub fn says_nothing(kind: Kind, symbol: &Symbol) -> bool {
    calls_everything(symbol) || is_noise(kind, &symbol.name)
}

/// Whether the function is one of those through which a workqueue's thread comes to its work.
pub fn runs_work(symbol: &Symbol) -> bool {
    let name = plain(&symbol.name);
    [
        "process_one_work",
        "process_scheduled_works",
        "worker_thread",
    ]
    .contains(&name.as_ref())
}

fn calls_everything(symbol: &Symbol) -> bool {
    static DISPATCHER: LazyLock<Regex> = LazyLock::new(|| whole_names(DISPATCHERS));
    DISPATCHER.is_match(&plain(&symbol.name))
}

/// Kinds that are noticed wherever the task happens to be: another time it is another function,
/// and only by what it was entered for is the bug known again (or, of a stack, by what calls
/// itself).
fn is_anywhere(kind: Kind) -> bool {
    is_noticed_in_interrupt(kind) || kind == Kind::StackOverflow
}

/// What a task was entered for, or what a dispatcher called: the function before the first one
/// that calls everything.
fn entry<'a>(kind: Kind, frames: &[&'a Symbol]) -> Option<&'a Symbol> {
    let at = frames.iter().position(|symbol| calls_everything(symbol))?;
    let called = frames[..at]
        .iter()
        .rfind(|symbol| !is_noise(kind, &symbol.name))?;
    // Who waits for another CPU is not to blame, nor is what it was at.
    let waits = |symbol: &&&Symbol| plain(&symbol.name).starts_with("smp_call_function");
    Some(frames[..at].iter().find(waits).unwrap_or(called))
}

/// Kinds that a timer or an NMI notices: what it interrupted is the matter.
fn is_noticed_in_interrupt(kind: Kind) -> bool {
    matches!(kind, Kind::RcuStall | Kind::SoftLockup | Kind::HardLockup)
}

/// Where the part of a trace begins that the watchdog's own interrupt, the innermost one,
/// interrupted; 0 if nothing tells.
fn interrupted(frames: &[&Symbol]) -> usize {
    /// An entry is several frames, and a switch of stacks may be among them.
    const STEP: usize = 3;
    static WATCHDOG: LazyLock<Regex> = LazyLock::new(|| whole_names(WATCHDOGS));
    let next = |from: usize| {
        let ahead = frames[from..].iter();
        ahead
            .take(if from == 0 { frames.len() } else { STEP })
            .position(|symbol| interrupts(&plain(&symbol.name)))
            .map(|at| from + at + 1)
    };
    let Some(at) = next(0) else {
        return 0;
    };
    // Registers come first where the trace is of what was interrupted.
    let own = frames[..at]
        .iter()
        .any(|symbol| WATCHDOG.is_match(&plain(&symbol.name)));
    let mut behind = if own { at } else { return 0 };
    while let Some(at) = next(behind) {
        behind = at;
    }
    if behind < frames.len() {
        behind
    } else {
        0
    }
}

/// The name for a title: demangled, without what a compiler appended, and without what is an
/// architecture's or an age's own in the stub of a system call.
pub fn plain(name: &str) -> String {
    static SYSCALL: LazyLock<Regex> = LazyLock::new(|| {
        super::details::regex(
            "^(?:__(?:x64|arm64|ia32|x32|se|do)_((?:compat_)?sys_)|(compat_)?SyS_|(C_)?SYSC_)",
        )
    });
    let readable = demangle(name);
    if let Some(stub) = SYSCALL.captures(&readable) {
        let compat = stub.get(2).or(stub.get(3)).map(|_| "compat_sys_");
        let call = stub.get(1).map(|part| part.as_str()).or(compat);
        let rest = without_suffix(&readable[stub[0].len()..]);
        return call.unwrap_or("sys_").to_string() + rest;
    }
    match readable == name {
        true => without_suffix(name).to_string(),
        false => readable,
    }
}

/// `.cold`, `.constprop.0`, `.isra.0`, `.part.0`, `.llvm.123`: the same function to a reader.
fn without_suffix(name: &str) -> &str {
    match name.find('.') {
        Some(at) if at > 0 => &name[..at],
        _ => name,
    }
}

fn is_noise(kind: Kind, name: &str) -> bool {
    static ALWAYS: LazyLock<Regex> = LazyLock::new(|| whole_names(NOISE));
    static ALLOCATOR: LazyLock<Regex> = LazyLock::new(|| whole_names(ALLOCATOR_NOISE));
    static UNWINDER: LazyLock<Regex> = LazyLock::new(|| whole_names(UNWINDER_NOISE));
    static WAIT: LazyLock<Regex> = LazyLock::new(|| whole_names(WAIT_NOISE));
    static OWN: LazyLock<Vec<(Kind, Regex)>> = LazyLock::new(|| {
        let rows = NOISE_OF_A_KIND.iter();
        rows.map(|(kind, pattern)| (*kind, whole_names(&[pattern])))
            .collect()
    });
    let name = plain(name);
    // An address without a name says nothing to a reader, nor does a mark of the assembler's.
    name.starts_with("0x")
        || name.starts_with(['$', '.'])
        || ALWAYS.is_match(&name)
        || !is_fault(kind) && UNWINDER.is_match(&name)
        // Huge pages have an allocator of their own, above the others.
        || blames_the_caller(kind) && ALLOCATOR.is_match(&name) && !name.contains("huge")
        || is_about_waiting(kind) && WAIT.is_match(&name)
        // Tracing that interrupts are on or off is lockdep's, but for what it does itself.
        || kind != Kind::Atomic && name.starts_with("trace_hardirqs_")
        || OWN.iter().any(|(own, names)| *own == kind && names.is_match(&name))
}

/// Where the frames of a warning begin in the trace of the panic that shows it: behind those of
/// the panic itself and of the way from the warning to it.
pub fn behind_the_warning(trace: &[Frame]) -> usize {
    static CARRIER: LazyLock<Regex> = LazyLock::new(|| whole_names(WARNING_CARRIERS));
    trace
        .iter()
        .rposition(|frame| frame.reliable && CARRIER.is_match(&plain(&frame.symbol.name)))
        .map_or(0, |at| at + 1)
}

/// Whether a trace with the frame is of a warning.
pub fn warns(frame: &Frame) -> bool {
    frame.symbol.name == "__warn" || frame.symbol.name.starts_with("warn_slowpath_")
}

/// Kinds in which the allocator only finds what its caller did, or is where a task that allocates
/// all the time happens to be.
fn blames_the_caller(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::AllocationFailure
            | Kind::BadPage
            | Kind::SlabCorruption
            | Kind::UnexpectedGfp
            | Kind::MemoryLeak
            | Kind::Warning
            | Kind::Kasan
            | Kind::Kfence
            | Kind::Lockdep
            | Kind::Atomic
            | Kind::HungTask
            | Kind::StackOverflow
            | Kind::RcuStall
            | Kind::SoftLockup
            | Kind::HardLockup
    )
}

/// Kinds that tell of an access which failed where it is said to have.
fn is_fault(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::PageFault | Kind::NullDereference | Kind::GeneralProtection
    )
}

/// Kinds whose task stands in a function that waits: who called it is the matter.
fn is_about_waiting(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::HungTask
            | Kind::RcuStall
            | Kind::SoftLockup
            | Kind::HardLockup
            | Kind::Atomic
            | Kind::Lockdep
    )
}

fn whole_names(patterns: &[&str]) -> Regex {
    let all: Vec<String> = patterns.iter().map(|part| format!("(?:{part})")).collect();
    super::details::regex(&format!("^(?:{})$", all.join("|")))
}

/// The allocators' own functions.
const ALLOCATOR_NOISE: &[&str] = &[
    r"_*(?:alloc|get_free|free)_\w*pages?\w*|alloc_pages\w*|get_zeroed_page\w*|free_unref_\w+|_*free_pages?\w*|free_pcppages\w*|put_pages_list|kmem_(?:free|get)pages|slabs?_destroy|get_page_from_freelist|prep_new_page|rmqueue\w*|post_alloc_hook|_*folio_(?:alloc|put)\w*|put_page\w*|release_pages|folios_put\w*",
    r"\w*k[mzc]alloc\w*|\w*krealloc\w*|_*kmem_cache_\w+|_*k?vm?[mz]?alloc\w*|_*kvmalloc\w*|_*slab_(?:alloc|free|post)\w*|new_slab|allocate_slab|_*kfree\w*|_*kvfree\w*|_*v(?:free|unmap)\w*|do_slab_free|_*cache_free|_*dma_(?:direct_)?(?:alloc|free)\w*|\w*alloc_coherent\w*|get_partial\w*|get_any_partial|refill_\w+|cache_alloc_refill|cache_grow\w*|_*devres_alloc\w*|_*devm_add_action\w*",
];

/// What is noise in reports of one kind only.
const NOISE_OF_A_KIND: &[(Kind, &str)] = &[
    // Whoever allocates for its caller, under whatever name.
    (
        Kind::MemoryLeak,
        r"\w*(?:alloc|memdup|strdup|mmap)\w*|idr_get\w*|list_lru_init\w*|pcpu_create\w*|create_object|kmemleak\w*",
    ),
    // The check that found it.
    (
        Kind::Ubsan,
        r"\w*(?:ubsan|overflow)\w*|handle_object_size_mismatch|val_to_string",
    ),
    (Kind::Spinlock, r"\w*(?:spin_|_lock|_unlock)\w*"),
    (
        Kind::Atomic,
        r"\w*(?:processor_id|this_cpu)\w*|check_preempt\w*|_*preempt_(?:schedule|count|disable|enable|latency)\w*|\w*_preempt_check",
    ),
    // Functions that only count references for their caller.
    (
        Kind::Refcount,
        r"kobject_(?:get|put|add|del|init_and_add)\w*|(?:get|put)_device|get_device_parent|device_(?:add|del|register|create)\w*|_*fput\w*|percpu_ref_\w+",
    ),
    // What says so.
    (Kind::ExternalAbort, r"bad_mode|bad_el0_sync"),
    // What gives back the pages of its buffers.
    (
        Kind::BadPage,
        r"\w*skb_(?:free|release|reason_drop)\w*|consume_skb",
    ),
    // What encrypts the value that its caller did not set.
    (
        Kind::Kmsan,
        r"crypto_\w+|drbg_\w+|(?:xts|ecb|cbc|ctr|gcm|ccm)_\w+",
    ),
    // What finds that there is such a name already.
    (
        Kind::Dump,
        r"sysfs_warn_dup|(?:internal|sysfs)_(?:do_)?(?:create|add)_\w+|kobject_add\w*",
    ),
    // Whatever waits, by its own name.
    (
        Kind::HungTask,
        r"\w*(?:sched|_lock|_slowlock|down|rwsem|completion|kthread|wait|synchronize|context_switch|journal_start|reserve_buffers)\w*|add_transaction_credits|start_this_handle|_*rq_qos_throttle|blk_mq_(?:submit_bio|make_request|get_tag|get_request)|_*generic_make_request\w*|_*submit_b(?:io|h)\w*|blk_queue_enter",
    ),
];

/// Functions of the objects that debugobjects keeps account of.
const OBJECTS: &[&str] = &[
    r"_*(?:init_|destroy_|mod_|add_)?(?:hr)?timer\w*|_*(?:init_|destroy_)?(?:work|percpu_counter|rcu_head)\w*|hrtimer_\w+|kobject_\w+|vfree|vunmap",
];

/// Locks and grace periods that a whole system waits for when it hangs.
const WAITED_FOR: &[&str] = &[r"rtnl_lock\w*|_*synchronize_(?:s?rcu|net|sched)\w*"];

/// Functions that wait for something else.
const WAIT_NOISE: &[&str] = &[
    r"\w*wait_on_\w+|_*folio_wait_\w+|\w*fdatawait\w*|_*lock_page\w*|_*folio_lock\w*|_*lock_buffer\w*|_*wait_event\w*|prepare_to_\w*wait\w*|finish_wait|(?:rcu|r?cuwait)_wait\w*",
    r"[mus]sleep(?:_range|_interruptible)?\w*|fsleep|kthread_flush_\w+|_*rcu_barrier|_*wait_rcu_gp|smp_call_function\w*|on_each_cpu\w*",
    r"finish_task_switch|_*cond_resched\w*|schedule_\w+|_*sched_text_start|_*down(?:_(?:timeout|interruptible|killable|common))?|ldsem_down_\w+|rt_mutex_\w+|rtlock_\w+",
    r"(?:native_|pv_native_)?safe_halt|(?:arch_)?cpu_relax|delay_(?:tsc|loop|halt\w*|mwaitx)|_*(?:const_)?udelay|_*delay|_*ndelay",
];

/// Where a sanitizer remembers a stack, and what it keeps of the objects that are gone.
const UNWINDER_NOISE: &[&str] = &[
    r"_*save_stack\w*|set_track\w*|stack_trace_\w+|arch_stack_walk\w*|_*unwind_(?:start|next_frame|get_\w+)|walk_stackframe|print_context_stack|dump_trace|update_stack_state|_*kernel_text_address|is_bpf_text_address|stack_depot_\w+|_*read_once_word_nocheck|qlist_\w+|quarantine_\w+",
];

/// What stands between a warning's function and the panic that it becomes.
const WARNING_CARRIERS: &[&str] = &[
    r"panic|vpanic|check_panic_on_warn|_*warn|warn_slowpath_\w+|report_bug|fixup_bug|handle_bug|_*schedule_bug",
    r"do_error_trap|do_trap|do_invalid_op|invalid_op|_*exc_invalid_op|asm_exc_invalid_op|ret_from_exception",
    r"bug_handler|bug_brk_handler|brk_handler|call_break_hook|do_debug_exception|do_el1_brk64|el1_dbg|el1_brk64|el1h_64_sync\w*|el1_sync\w*",
];

/// Functions through which an interrupt enters the kernel.
const INTERRUPT_ENTRY: &[&str] = &[
    r"_*(?:smp_)?(?:trace_)?(?:local_)?apic_timer_interrupt\w*|_*(?:asm_)?sysvec_\w+|asm_call_\w+|asm_common_interrupt|common_interrupt|ret_from_intr|\w*reschedule_interrupt|call_function_\w*interrupt|nmi|end_repeat_nmi|asm_exc_nmi",
    r"el1_irq|el1h_64_irq\w*|el1_interrupt|gic_handle_irq|el1_fiq|el1h_64_fiq\w*",
];

/// Functions in which a watchdog sees to it that something is said.
const WATCHDOGS: &[&str] = &[
    r"dump_stack\w*|nmi_cpu_backtrace\w*|_*sched_show_task|show_stack|show_regs|dump_cpu_task|rcu_dump_cpu_stacks|rcu_sched_clock_irq|rcu_check_callbacks|watchdog\w*|update_process_times",
];

/// Functions that call whatever there is to be called; one line each for system calls, files,
/// work and interrupts.
const DISPATCHERS: &[&str] = &[
    r"do_syscall_\w+|_*do_fast_syscall_\w+|do_int80_\w+|x64_sys_call|ia32_sys_call|entry_\w+|sysenter_dispatch|cstar_dispatch|tracesys\w*|int_ret_from_sys_call|syscall_(?:return|exit|trace)\w*|stub_\w+|system_call\w*|_*invoke_syscall|el0_svc\w*|do_el0_svc|el0t_64_sync\w*|ret_fast_syscall",
    r"(?:compat_)?(?:ksys_|sys_)ioctl|vfs_(?:ioctl|iter_read|iter_write|readv|writev|fsync_range)|_*vfs_(?:read|write)|do_vfs_ioctl|(?:new|do)_sync_(?:read|write)|call_(?:read|write)_iter|do_iter_\w+|_*blkdev_driver_ioctl|blkdev_ioctl|_*sock_sendmsg(?:_nosec)?|sock_recvmsg(?:_nosec)?|do_dentry_open|vfs_open|call_mmap|mmap_region|do_mmap|_*fput|task_work_run|do_exit|exit_to_user\w*|_*do_fault|_*do_page_fault|page_fault|\w*compat_ioctl",
    r"_*sys_(?:setsockopt|listen|accept4?)|kernel_(?:setsockopt|listen|accept)|sock_common_setsockopt|sk_common_release|_*sock_release|sock_mmap|sock_(?:do_)?ioctl",
    r"process_one_work|process_scheduled_works|worker_thread|kthread|ret_from_fork\w*|smpboot_thread_fn|run_ksoftirqd|start_secondary|start_kernel|rest_init|kernel_init_freeable|do_one_initcall|cpu_startup_entry|do_idle|kernel_init",
    // What stands where arm64's softirqs begin gives them its name.
    r"efi_header_end|call_timer_fn|expire_timers|_*run_timers?\w*|run_timer_softirq|_*hrtimer_run_\w+|hrtimer_(?:interrupt|run_softirq)|_*do_softirq\w*|handle_softirqs|irq_exit\w*|net_rx_action|net_tx_action|_*napi_poll|process_backlog|_*netif_receive_skb\w*|tasklet_\w*action\w*|rcu_do_batch|rcu_core\w*|blk_done_softirq|rtnetlink_rcv_msg|nfnetlink_rcv_msg|genl_(?:family_)?rcv_msg\w*|_*netlink_dump(?:_start)?|netlink_rcv_skb|handle_irq_event\w*",
];

/// Patterns for whole names; one line a subsystem.
const NOISE: &[&str] = &[
    // Printing and dying.
    r"_*dump_stack(?:_lvl)?|kdb_main_loop|kdb_stub|kgdb_\w+|spl_(?:dumpstack|panic)|show_stack.*|_*show_regs.*|dump_backtrace|_*show_trace_log_lvl|_*die.*|notify_die|arm64_notify_die|ipanic_die|mrdump_\w+|oops_\w+|report_bug|fixup_bug|handle_bug|_*warn|warn_slowpath_\w+|_*warn_printk|panic|vpanic|nmi_panic|\w*hyp_panic\w*|check_panic_on_warn|_*stack_chk_fail",
    r"rust_helper_BUG|(?:.*::)?rust_begin_unwind|core::panicking::.*|core::(?:option|result)::.*_failed|core::slice::index::.*|core::str::slice_error_fail.*|core::cell::panic_.*",
    // Thunks and stubs, and the padding before a function.
    r"ret_from_fork\w*|_*pfx_\w+|_*x86_(?:indirect|return)_thunk\w*|retbleed_\w+|srso_\w+|_*sanitizer_cov_\w+|ftrace_\w*call\w*|_*fentry_*|handle_cfi_failure|report_cfi_failure\w*|_*cfi_slowpath\w*|_*cfi_check\w*",
    // Exception entry.
    r"asm_exc_\w+|_*exc_\w+|do_error_trap|do_trap|do_invalid_op|invalid_op|page_fault|error_entry|el1h?_\w+|el1_sync|do_mem_abort|do_translation_fault|do_page_fault|do_kern_addr_fault|die_kernel_fault|_*do_kernel_fault|no_context|(?:do)?_*bad_area\w*|page_fault_oops|bug_handler|bug_brk_handler|brk_handler|call_break_hook|do_debug_exception|do_el1_\w+|do_tag_\w+|do_alignment_fault|do_sea|do_sp_pc_abort|do_serror|arm64_serror_panic|arm64_is_fatal_ras_serror|abort|add_taint|interrupt_entry|retint_\w+|irqentry_\w+|_*(?:asm_)?sysvec_\w+|(?:asm_)?common_interrupt|bad_page_fault",
    // Sanitizers.
    // KASAN's own tests are called kasan_*_helper.
    r"_*kasan_(?:report|check|save|set|alloc|kmalloc|krealloc|slab|free|poison|unpoison|record|quarantine|kfree|mempool|complete|unmap|init|populate|addr|add|get|release|cache|bug|inv|object_err)\w*|_*asan_\w+|_*hwasan_\w+|print_address_description|print_report|check_memory_region(?:_inline)?|check_region_inline|memory_is_\w+|bytes_is_nonzero|_*kmsan_\w+|_*msan_\w+|_*kcsan_\w+|_*tsan_\w+|kfence_\w+|_*ubsan_\w+|_*kfree_\w*inv\w*|end_report|object_err|slab_err|check_slab|check_object|check_bytes_and_report|slab_pad_check|print_trailer|slab_bug|slab_fix|free_debug_processing|alloc_debug_processing|free_to_partial_list|free_consistency_checks|on_freelist|init_object|create_object|kmemleak_\w+|read_word_at_a_time",
    // The checks themselves.
    r"_*might_(?:sleep|resched|fault)\w*|_*schedule_bug|_*schedule|schedule_(?:timeout|preempt_disabled|hrtimeout)\w*|io_schedule\w*|(?:do_)?wait_for_(?:common|completion)\w*|_*wait_(?:for_common|on_bit\w*)|out_of_line_wait_\w+|bit_wait\w*|\w*rt_mutex\w*|_*preempt_schedule\w*|preempt_count_\w+|debug_smp_processor_id|check_preemption_disabled|_*this_cpu_preempt_check",
    r"refcount_\w+|_*refcount_\w+|kref_\w+|_*list_(?:add|del)\w*|list_(?:move|replace|splice|cut|swap)\w*|h?list_bl_\w+|hlist_\w+|_*rb_(?:insert|erase|next|prev|first|last|replace|rotate|change|set|link|add)\w*|jhash\w*|_*check_object_size|_*check_heap_object|check_page_span|usercopy_\w+|_*fortify_\w+|fortify_panic",
    r"kmalloc_fix_flags|vmalloc_fix_flags|bad_page|bad_page_\w+|bad_range|free_pcp_prepare|free_pages_prepare|_*free_pages_bad|free_page_is_bad_report|check_(?:free|new)_page\w*|dump_page|print_bad_pte|print_bad_page_map|warn_alloc\w*|page_fault_\w+",
    // Locks.
    r"lock_(?:acquire|release|is_held_type|downgrade)\w*|_*lock_(?:acquire|release|is_held|downgrade)|find_held_lock|reacquire_held_locks|hlock_\w+|look_up_lock_class|print_\w*(?:bug|usage|dependency|deadlock|recursion|context)\w*|check_\w*(?:noncircular|deadlock|prev|usage|irq|wait|locks)\w*|validate_chain|mark_\w*lock\w*|valid_state|lockdep_\w+|debug_lockdep_\w+|debug_mutex_\w+|rcu_is_watching|rcu_read_(?:un)?lock\w*|rcu_lock_(?:acquire|release)|_*call_s?rcu\w*|irq_work_queue\w*|debug_(?:check_no_locks_held|locks_off)|_*debug_(?:check_no_obj_freed|object\w+|print_object)|work_is_static_object|timer_is_static_object|register_lock_class|assign_lock_key|spin_(?:bug|dump)|do_raw_(?:spin|read|write)_\w+|_*raw_spin_\w+|_*raw_(?:read|write)_\w+|\w*(?:down|up|downgrade)_(?:read|write)\w*|_*down_trylock\w*|\w*(?:spin|read|write)_(?:try|un)?lock\w*|_*(?:read|write)_rt_(?:un)?lock|osq_\w+|(?:lock|release)_sock(?:_nested|_fast)?|_*lock_sock_\w+|_*wake_up\w*|_*local_bh_\w+|queued_\w+_lock\w*|queued_spin_\w+|queued_(?:read|write)_\w+|_*pv_queued_\w+|native_queued_spin_\w+|(?:call_)?rwsem_\w+|_*mutex_\w+|\w*mutex_(?:try|un)?lock\w*|percpu_down_\w+",
    // Copies and strings.
    r"_*(?:memcpy|memmove|memset|memcmp|memchr|str\w{2,5}|strnlen|strscpy\w*)(?:_erms|_orig|_\w+)?|_*pi_(?:mem|str)\w+|k?v?memdup\w*|memdup_user\w*|kstrn?dup\w*|strndup_user|v?s[cn]*printf|kv?asprintf\w*|string|string_nocheck|pointer|put_dec\w*|_*v?printk\w*|vprintk_\w+|_*(?:put|get)_user(?:_asm|_nocheck|_size)?(?:_\w{1,2})?|_*arch_copy_(?:to|from)_user|_*copy_(?:to|from)_user\w*|raw_copy_\w+|copy_user_\w+|rep_(?:movs|stos)_\w+|clear_user_\w+|_*clear_user",
    // Small functions that everybody calls, and that do what they are told: sums, ciphers, tables,
    // counts and buffers.
    r"crc\d\w*|crc_\w+|csum_\w+|aes_\w+|aesti_\w+|cipher_crypt_one|crypto_(?:ecb|cbc|ctr|cipher|skcipher|shash|ahash|lskcipher)_\w*(?:crypt|update|digest|final|finup|hash)\w*|hex_string|hex_dump_\w+|print_hex_dump\w*|dev_v?printk_emit|_*copy_(?:to|from)_iter\w*|simple_copy_to_iter|_*copy_page_(?:to|from)_iter\w*|_atomic_dec_and_\w+_irqsave|lock_timer_base|_*mod_timer\w*|sk_(?:stop|reset)_timer\w*|_*rhashtable_lookup\w*|_*rht_\w+|xas_\w+|_*xa_(?:load|store|erase|find)\w*|find_lock_entries|truncate_inode_pages\w*|radix_tree_(?:lookup|delete|insert|next|iter|tag|find)\w*|ida_\w+|ref_tracker_\w+|skb_(?:over_|under_)?panic|_*skb_(?:put|push|pull)\w*|folio_unlock|unlock_page|unlock_buffer|assertfail|warn_bogus_irq_restore|drop_nlink|fast_dput|dput|proc_register|proc_create\w*|cleanup_srcu_struct",
    // What a driver calls to take away what it made: the one who calls it made a mistake.
    r"_*flush_work\w*|flush_delayed_work|_*flush_workqueue|drain_workqueue|destroy_workqueue|_*cancel_(?:delayed_)?work\w*|try_to_grab_pending|work_grab_pending|_*(?:try_to_)?del_timer\w*|_*timer_delete\w*|finish_wait|kthread_stop\w*|complete|should_fail\w*|seqprop_assert|_*mmput\w*",
    r"_*kobject_(?:del|put|cleanup|uevent\w*)|add_uevent_var|get_device_parent|(?:platform_)?device_(?:add|del|unregister|destroy|release)|device_for_each_child\w*|device_remove_file\w*|devres_release_all|\w*sysfs_remove\w*|device_pm_remove|unregister_netdev\w*|rollback_registered\w*|i2c_del_adapter|hwrng_unregister|_*unregister_client",
    r"usb_(?:hcd_)?submit_urb|usb_kill_(?:urb|anchored_urbs)|usb_start_wait_urb|usb_(?:bulk|interrupt|control)_msg\w*|dummy_urb_enqueue|_*kfree_skb\w*|_*(?:raw_)?(?:read|write)[bwlq](?:_relaxed)?|logic_(?:in|out)\w+|va_format|_*dev_(?:printk\w*|info|notice|warn|err|alert|crit|emerg)",
    // Watchdogs.
    r"watchdog_\w+|nmi_cpu_backtrace\w*|nmi_trigger_\w+|trigger_\w*backtrace\w*|arch_trigger_\w+|rcu_(?:check|sched_clock|dump|pending)\w*|print_cpu_stall|check_cpu_stall|check_hung_\w+|sched_show_task|_*rcu_\w*stall\w*|_*sched_show_task|dump_cpu_task|rcu_\w+callbacks|print_other_cpu_stall|perf_event_nmi_handler|context_switch|_*switch_to",
    // Bits that are an operation, not a place.
    r"arch_(?:static_branch|atomic\w*|test_bit)\w*|(?:raw_)?atomic(?:64)?_(?:long_)?(?:read|set|add|sub|inc|dec|and|or|xor|xchg|cmpxchg|try|fetch)\w*|(?:instrument_)\w+|(?:test|set|clear)_bit|_*(?:test_and_)?(?:set|clear)_bit|_*(?:read|write)_once\w*",
];
