// SPDX-License-Identifier: GPL-2.0

//! Which frames only carry a message, so that a title names the function behind them.

use super::{demangle, Frame, Kind, Symbol};
use regex::Regex;
use std::sync::LazyLock;

/// The function that a title names: the first that is not noise, else where the program counter
/// stood. What a trace only guesses counts where it is sure of nothing.
pub fn culprit<'a>(kind: Kind, pc: Option<&'a Symbol>, trace: &'a [Frame]) -> Option<&'a Symbol> {
    let from = if pc.is_none() && is_noticed_in_interrupt(kind) {
        interrupted(trace)
    } else {
        0
    };
    let guessed = !trace.iter().any(|frame| frame.reliable && !frame.exact);
    let frames = trace[from..]
        .iter()
        .filter(|frame| (frame.reliable || guessed) && !frame.inlined)
        .map(|frame| &frame.symbol);
    pc.into_iter()
        .chain(frames)
        .find(|symbol| !is_noise(kind, &symbol.name))
        .or(pc)
}

/// Kinds that a timer or an NMI notices: what it interrupted is the matter.
fn is_noticed_in_interrupt(kind: Kind) -> bool {
    matches!(kind, Kind::RcuStall | Kind::SoftLockup | Kind::HardLockup)
}

/// Where the interrupted part of a trace begins; 0 if nothing tells.
fn interrupted(trace: &[Frame]) -> usize {
    static ENTRY: LazyLock<Regex> = LazyLock::new(|| whole_names(INTERRUPT_ENTRY));
    let entry = trace
        .iter()
        .rposition(|frame| ENTRY.is_match(&plain(&frame.symbol.name)));
    let behind = entry.map_or(0, |at| at + 1);
    let something = trace[behind..]
        .iter()
        .any(|frame| frame.reliable && !frame.inlined);
    if something {
        behind
    } else {
        0
    }
}

/// The name for a title: demangled, without what a compiler appended.
pub fn plain(name: &str) -> String {
    let readable = demangle(name);
    // `.cold`, `.constprop.0`, `.isra.0`, `.part.0`, `.llvm.123`: the same function to a reader.
    match readable.find('.') {
        Some(at) if at > 0 && readable == name => readable[..at].to_string(),
        _ => readable,
    }
}

fn is_noise(kind: Kind, name: &str) -> bool {
    static ALWAYS: LazyLock<Regex> = LazyLock::new(|| whole_names(NOISE));
    static ALLOCATOR: LazyLock<Regex> = LazyLock::new(|| whole_names(ALLOCATOR_NOISE));
    static WAIT: LazyLock<Regex> = LazyLock::new(|| whole_names(WAIT_NOISE));
    static COUNT: LazyLock<Regex> = LazyLock::new(|| whole_names(COUNT_NOISE));
    let name = plain(name);
    // An address without a name says nothing to a reader.
    name.starts_with("0x")
        || ALWAYS.is_match(&name)
        || blames_the_caller(kind) && ALLOCATOR.is_match(&name)
        || is_about_waiting(kind) && WAIT.is_match(&name)
        || kind == Kind::Refcount && COUNT.is_match(&name)
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
            | Kind::HungTask
            | Kind::RcuStall
            | Kind::SoftLockup
            | Kind::HardLockup
    )
}

/// Kinds whose task stands in a function that waits: who called it is the matter.
fn is_about_waiting(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::HungTask | Kind::RcuStall | Kind::SoftLockup | Kind::HardLockup | Kind::Atomic
    )
}

fn whole_names(patterns: &[&str]) -> Regex {
    let all: Vec<String> = patterns.iter().map(|part| format!("(?:{part})")).collect();
    super::details::regex(&format!("^(?:{})$", all.join("|")))
}

/// The allocators' own functions.
const ALLOCATOR_NOISE: &[&str] = &[
    r"_*(?:alloc|get_free|free)_\w*pages?\w*|alloc_pages\w*|free_unref_\w+|_*free_pages?\w*|free_pcppages\w*|get_page_from_freelist|prep_new_page|rmqueue\w*|post_alloc_hook|_*folio_(?:alloc|put)\w*|put_page\w*|release_pages|folios_put\w*",
    r"_*k[mzc]alloc\w*|kmem_cache_\w+|_*k?vm?[mz]?alloc\w*|_*kvmalloc\w*|_*slab_(?:alloc|free|post)\w*|new_slab|allocate_slab|_*kfree\w*|_*kvfree\w*|vfree\w*|do_slab_free|_*cache_free|get_partial\w*|get_any_partial|refill_\w+",
];

/// Functions that wait for something else.
const WAIT_NOISE: &[&str] = &[
    r"\w*wait_on_\w+|_*folio_wait_\w+|\w*fdatawait\w*|_*lock_page\w*|_*folio_lock\w*|_*lock_buffer\w*|_*wait_event\w*|prepare_to_\w*wait\w*|finish_wait|(?:rcu|r?cuwait)_wait\w*",
    r"_*flush_work\w*|flush_delayed_work|_*flush_workqueue|drain_workqueue|destroy_workqueue|_*cancel_(?:delayed_)?work\w*|kthread_stop\w*|kthread_flush_\w+|_*rcu_barrier|_*wait_rcu_gp|smp_call_function\w*|on_each_cpu\w*",
    r"finish_task_switch|_*cond_resched\w*|schedule_\w+|_*sched_text_start|down|down_(?:timeout|interruptible|killable)|_*down_common|ldsem_down_\w+|rt_mutex_\w+|rtlock_\w+",
    r"(?:native_|pv_native_)?safe_halt|(?:arch_)?cpu_relax|delay_(?:tsc|loop|halt\w*|mwaitx)|_*(?:const_)?udelay|_*delay|_*ndelay",
];

/// Functions that only count references for their caller.
const COUNT_NOISE: &[&str] =
    &[r"kobject_(?:get|put)\w*|(?:get|put)_device|get_device_parent|_*fput\w*|percpu_ref_\w+"];

/// What stands between a warning's function and the panic that it becomes.
const WARNING_CARRIERS: &[&str] = &[
    r"panic|vpanic|check_panic_on_warn|_*warn|warn_slowpath_\w+|report_bug|fixup_bug|handle_bug|_*schedule_bug",
    r"do_error_trap|do_trap|do_invalid_op|invalid_op|_*exc_invalid_op|asm_exc_invalid_op|ret_from_exception",
    r"bug_handler|bug_brk_handler|brk_handler|call_break_hook|do_debug_exception|do_el1_brk64|el1_dbg|el1_brk64|el1h_64_sync\w*|el1_sync\w*",
];

/// Functions through which an interrupt enters the kernel.
const INTERRUPT_ENTRY: &[&str] = &[
    r"(?:smp_)?apic_timer_interrupt\w*|(?:asm_)?sysvec_\w+|asm_common_interrupt|common_interrupt|ret_from_intr|\w*reschedule_interrupt|call_function_\w*interrupt|nmi|end_repeat_nmi|asm_exc_nmi|ret_from_intr",
    r"el1_irq|el1h_64_irq\w*|el1_interrupt|gic_handle_irq|el1_fiq|el1h_64_fiq\w*",
];

/// Patterns for whole names; one line a subsystem.
const NOISE: &[&str] = &[
    // Printing and dying.
    r"_*dump_stack(?:_lvl)?|show_stack.*|_*show_regs.*|dump_backtrace|_*show_trace_log_lvl|_*die.*|oops_\w+|report_bug|fixup_bug|handle_bug|_*warn|warn_slowpath_\w+|_*warn_printk|panic|vpanic|nmi_panic|check_panic_on_warn|_*stack_chk_fail",
    r"rust_helper_BUG|(?:.*::)?rust_begin_unwind|core::panicking::.*|core::(?:option|result)::.*_failed|core::slice::index::.*|core::str::slice_error_fail.*|core::cell::panic_.*",
    // Thunks and stubs, and the padding before a function.
    r"_*pfx_\w+|_*x86_(?:indirect|return)_thunk\w*|retbleed_\w+|srso_\w+|_*sanitizer_cov_\w+|ftrace_\w*call\w*|_*fentry_*|handle_cfi_failure|report_cfi_failure\w*|_*cfi_slowpath\w*|_*cfi_check\w*",
    // Exception entry.
    r"asm_exc_\w+|_*exc_\w+|do_error_trap|do_trap|do_invalid_op|invalid_op|page_fault|error_entry|el1h?_\w+|el1_sync|do_mem_abort|do_translation_fault|do_page_fault|do_kern_addr_fault|die_kernel_fault|_*do_kernel_fault|no_context|_*bad_area\w*|page_fault_oops|bug_handler|bug_brk_handler|brk_handler|call_break_hook|do_debug_exception|do_el1_\w+|do_tag_\w+|do_alignment_fault|do_sea|do_sp_pc_abort|interrupt_entry|retint_\w+|irqentry_\w+|_*(?:asm_)?sysvec_\w+|(?:asm_)?common_interrupt|bad_page_fault",
    // Sanitizers.
    // KASAN's own tests are called kasan_*_helper.
    r"_*kasan_(?:report|check|save|set|alloc|kmalloc|krealloc|slab|free|poison|unpoison|record|quarantine|kfree|mempool|complete|unmap|init|populate|addr|add|get|release|cache|bug|inv)\w*|_*asan_\w+|_*hwasan_\w+|print_address_description|print_report|check_memory_region(?:_inline)?|check_region_inline|memory_is_\w+|bytes_is_nonzero|_*kmsan_\w+|_*msan_\w+|_*kcsan_\w+|_*tsan_\w+|kfence_\w+|_*ubsan_\w+|_*kfree_\w*inv\w*|end_report|object_err|slab_err|check_slab|check_object|check_bytes_and_report|slab_pad_check|print_trailer|slab_bug|slab_fix|free_debug_processing|alloc_debug_processing|free_to_partial_list|free_consistency_checks|on_freelist|init_object|_*save_stack\w*|set_track\w*|stack_trace_\w+|arch_stack_walk\w*|_*unwind_(?:start|next_frame|get_\w+)|walk_stackframe|print_context_stack|dump_trace|update_stack_state|_*kernel_text_address|stack_depot_\w+|read_word_at_a_time|qlist_\w+|quarantine_\w+",
    // The checks themselves.
    r"_*might_(?:sleep|resched|fault)\w*|_*schedule_bug|_*schedule|schedule_(?:timeout|preempt_disabled|hrtimeout)\w*|io_schedule\w*|(?:do_)?wait_for_(?:common|completion)\w*|_*wait_(?:for_common|on_bit\w*)|out_of_line_wait_\w+|bit_wait\w*|_*rt_mutex_\w+|_*preempt_schedule\w*|preempt_count_\w+|debug_smp_processor_id|check_preemption_disabled|_*this_cpu_preempt_check",
    r"refcount_\w+|_*refcount_\w+|kref_\w+|_*list_(?:add|del)\w*|list_(?:move|replace|splice|cut|swap)\w*|h?list_bl_\w+|hlist_\w+|_*rb_(?:insert|erase|next|prev|first|last|replace|rotate|change|set|link|add)\w*|jhash\w*|_*check_object_size|_*check_heap_object|check_page_span|usercopy_\w+|_*fortify_\w+|fortify_panic",
    r"kmalloc_fix_flags|vmalloc_fix_flags|bad_page|bad_page_\w+|_*free_pages_bad|free_page_is_bad_report|check_(?:free|new)_page\w*|dump_page|print_bad_pte|print_bad_page_map|warn_alloc\w*|page_fault_\w+",
    // Locks.
    r"lock_(?:acquire|release|is_held_type|downgrade)\w*|_*lock_(?:acquire|release|is_held|downgrade)|find_held_lock|reacquire_held_locks|hlock_\w+|look_up_lock_class|print_\w*(?:bug|usage|dependency|deadlock|recursion|context)\w*|check_\w*(?:noncircular|deadlock|prev|usage|irq|wait|locks)\w*|validate_chain|mark_\w*lock\w*|valid_state|lockdep_\w+|debug_lockdep_\w+|debug_mutex_\w+|trace_hardirqs_\w+|rcu_is_watching|rcu_read_(?:un)?lock\w*|rcu_lock_(?:acquire|release)|_*call_s?rcu\w*|irq_work_queue\w*|debug_(?:check_no_locks_held|locks_off|object\w+|print_object)|work_is_static_object|timer_is_static_object|register_lock_class|spin_(?:bug|dump)|do_raw_spin_\w+|_*raw_spin_\w+|_*raw_(?:read|write)_\w+|_*(?:down|up|downgrade)_(?:read|write)\w*|_*(?:spin|read|write|rt_spin|rt_read|rt_write)_(?:try|un)?lock\w*|osq_\w+|_*wake_up\w*|_*local_bh_\w+|queued_\w+_lock\w*|queued_spin_\w+|queued_(?:read|write)_\w+|_*pv_queued_\w+|native_queued_spin_\w+|rwsem_\w+|_*mutex_\w+|percpu_down_\w+",
    // Copies and strings.
    r"_*(?:memcpy|memmove|memset|memcmp|memchr|str\w{2,5}|strnlen|strscpy\w*)(?:_erms|_orig|_\w+)?|_*pi_(?:mem|str)\w+|k?v?memdup\w*|memdup_user\w*|kstrn?dup\w*|strndup_user|v?s[cn]*printf|kv?asprintf\w*|string|string_nocheck|pointer|put_dec\w*|_*v?printk\w*|vprintk_\w+|_*(?:put|get)_user\w*|_*arch_copy_(?:to|from)_user|_*copy_(?:to|from)_user\w*|raw_copy_\w+|copy_user_\w+|rep_(?:movs|stos)_\w+|clear_user_\w+|copy_page|clear_page(?:_\w+)?|_*clear_user",
    // Watchdogs.
    r"watchdog_\w+|nmi_cpu_backtrace\w*|nmi_trigger_\w+|trigger_\w*backtrace\w*|arch_trigger_\w+|rcu_(?:check|sched_clock|dump|pending)\w*|print_cpu_stall|check_cpu_stall|check_hung_\w+|sched_show_task|_*rcu_\w*stall\w*|_*sched_show_task|dump_cpu_task|rcu_\w+callbacks|print_other_cpu_stall|perf_event_nmi_handler|context_switch|_*switch_to",
    // Bits that are an operation, not a place.
    r"arch_(?:static_branch|atomic\w*|test_bit)\w*|(?:raw_)?atomic\w+|(?:instrument_)\w+|(?:test|set|clear)_bit|_*(?:test_and_)?(?:set|clear)_bit|_*(?:read|write)_once\w*",
];
