// SPDX-License-Identifier: GPL-2.0

//! The same done for many, several at once.

use crate::child;
use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicUsize, Ordering},
        Mutex, PoisonError,
    },
};

/// Does `run` for each of `all`, as many at once as `jobs`, and gives what came of it to `tell`
/// in the order in which they stand, each as soon as those before it are done. When the user
/// stops the program, or `run` says by giving nothing that he did, nothing more is begun, and
/// what was not done by then is not told; what was done behind it is, last.
pub fn in_order<T: Sync, R: Send>(
    all: &[T],
    jobs: usize,
    run: impl Fn(&T) -> Option<R> + Sync,
    mut tell: impl FnMut(usize, R) + Send,
) {
    let next = AtomicUsize::new(0);
    let done = Mutex::new((0, BTreeMap::new(), &mut tell));
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| loop {
                let index = next.fetch_add(1, Ordering::SeqCst);
                let Some(one) = all.get(index) else { break };
                let result = run(one).filter(|_| child::check_interrupted().is_ok());
                let Some(result) = result else { break };
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                let (told, waiting, tell) = &mut *done;
                waiting.insert(index, result);
                while let Some(result) = waiting.remove(told) {
                    tell(*told, result);
                    *told += 1;
                }
            });
        }
    });
    let (_, waiting, tell) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (index, result) in waiting {
        tell(index, result);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_done_is_told_in_order() {
        let waits = [30, 0, 10, 0, 20];
        let mut told = Vec::new();
        let run = |wait: &u64| {
            std::thread::sleep(Duration::from_millis(*wait));
            Some(wait * 2)
        };
        in_order(&waits, 3, run, |index, result| told.push((index, result)));
        assert_eq!(told, [(0, 60), (1, 0), (2, 20), (3, 0), (4, 40)]);
        // What gives nothing is the last.
        let mut told = Vec::new();
        let run = |n: &i32| (*n != 2).then_some(*n);
        in_order(&[1, 2, 3], 0, run, |_, n| told.push(n));
        assert_eq!(told, [1]);
    }
}
