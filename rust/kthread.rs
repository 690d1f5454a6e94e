// SPDX-License-Identifier: GPL-2.0

//! Kernel threads that may die.

use super::bindings;
use core::ffi::{c_int, c_void};
use kernel::{
    c_str,
    error::from_err_ptr,
    new_condvar, new_mutex,
    prelude::*,
    sync::{CondVar, Mutex},
};

/// How a kernel thread ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its function returned.
    Returned,
    /// The kernel killed it, after an oops.
    Killed,
}

/// How far a thread has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Created,
    Running,
    Returned,
}

/// What a thread and the one that waits for it share.
#[pin_data]
struct Job<'a> {
    work: &'a dyn Fn(),
    #[pin]
    stage: Mutex<Stage>,
    #[pin]
    moved_on: CondVar,
}

impl Job<'_> {
    fn enter(&self, stage: Stage) {
        *self.stage.lock() = stage;
        self.moved_on.notify_all();
    }
}

/// Runs `work` in a kernel thread called `name`, and waits until that thread is
/// gone.
///
/// An oops kills the task that it happens in. With a thread of its own to kill, what
/// comes after it still runs; KUnit runs its tests in threads for the same reason.
///
/// # Errors
///
/// The error of `kthread_create()`, when there is no thread to be had.
pub fn run(name: &CStr, work: &dyn Fn()) -> Result<End> {
    let job = KBox::pin_init(
        pin_init!(Job {
            work,
            stage <- new_mutex!(Stage::Created),
            moved_on <- new_condvar!(),
        }),
        GFP_KERNEL,
    )?;
    let data: *const Job<'_> = &*job;
    // SAFETY: The format takes the one string that it is given, and `threadfn` a
    // `Job`, which lives until the thread is gone.
    let task = from_err_ptr(unsafe {
        bindings::kthread_create_on_node(
            Some(threadfn),
            data.cast_mut().cast(),
            bindings::NUMA_NO_NODE,
            c_str!("%s").as_char_ptr(),
            name.as_char_ptr(),
        )
    })?;
    // SAFETY: A thread that has not run is alive, and so is its task.
    unsafe { bindings::get_task_struct(task) };
    // SAFETY: As above, and it waits to be woken.
    unsafe { bindings::wake_up_process(task) };

    // A thread that is stopped before it runs never does.
    let mut stage = job.stage.lock();
    while *stage == Stage::Created {
        job.moved_on.wait(&mut stage);
    }
    drop(stage);
    // SAFETY: The reference is the one taken above, so that the task is still there,
    // dead or alive; it is given up here.
    unsafe { bindings::kthread_stop_put(task) };

    let end = match *job.stage.lock() {
        Stage::Returned => End::Returned,
        Stage::Created | Stage::Running => End::Killed,
    };
    Ok(end)
}

/// The thread's side of [`run`].
///
/// # Safety
///
/// `data` points to a [`Job`] that outlives the thread.
unsafe extern "C" fn threadfn(data: *mut c_void) -> c_int {
    // SAFETY: Our caller says so.
    let job = unsafe { &*data.cast::<Job<'_>>() };
    job.enter(Stage::Running);
    (job.work)();
    job.enter(Stage::Returned);
    0
}
