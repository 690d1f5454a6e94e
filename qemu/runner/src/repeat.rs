// SPDX-License-Identifier: GPL-2.0

//! One run many times over, for `REPEAT=`: how many are as claimed, which are not, and whether
//! they print the same. It goes on behind one that is not as claimed, for how often that happens
//! is what one wants to know. What is kept of each is [`Keep`]'s affair, and what a run does is
//! not known here.

use crate::{
    results::Runs,
    run::{Finished, Keep, Options},
    term, transcript,
    verdict::Verdict,
};
use anyhow::Result;
use std::{path::Path, time::Duration};

/// What has come of the runs so far.
pub struct Tally {
    /// How many there are to be.
    wanted: usize,
    /// How each of them came out.
    verdicts: Vec<&'static str>,
    /// The first that is not as claimed, or else the last, with its number.
    shown: Option<(usize, Finished)>,
    /// What those that are as claimed printed.
    kinds: Vec<Kind>,
    /// How long the guests took.
    took: Vec<Duration>,
}

/// A transcript, and the numbers of the runs that have it.
struct Kind {
    lines: Vec<String>,
    runs: Vec<usize>,
}

impl Tally {
    /// None of `wanted` runs.
    pub fn new(wanted: usize) -> Self {
        Self {
            wanted,
            verdicts: Vec::new(),
            shown: None,
            kinds: Vec::new(),
            took: Vec::new(),
        }
    }

    /// Calls `run` with the number of each run, from 1, and the options for it, until there are
    /// as many as wanted.
    ///
    /// # Errors
    ///
    /// The first of `run`; what came before it has been counted.
    pub fn fill(
        &mut self,
        options: &Options,
        mut run: impl FnMut(usize, &Options) -> Result<Finished>,
    ) -> Result<()> {
        for number in self.verdicts.len() + 1..=self.wanted {
            let bad = self.verdicts.len() - self.matching();
            let options = Options {
                keep: Keep::OneOf { number, bad },
                // What is the same every time is said once.
                verbose: options.verbose && number == 1,
                ..options.clone()
            };
            self.add(run(number, &options)?);
        }
        Ok(())
    }

    /// Counts the next run.
    fn add(&mut self, finished: Finished) {
        let none_bad = self.matching() == self.verdicts.len();
        self.verdicts.push(finished.verdict.name());
        self.took.push(finished.took);
        let number = self.verdicts.len();
        // A sample prints what it finds, and that need not be the same.
        let kept = finished.comparison.status != transcript::Status::NotKept;
        if finished.verdict == Verdict::Match && kept {
            let lines = &finished.transcript.lines;
            match self.kinds.iter_mut().find(|kind| kind.lines == *lines) {
                Some(kind) => kind.runs.push(number),
                None => self.kinds.push(Kind {
                    lines: lines.clone(),
                    runs: vec![number],
                }),
            }
        }
        if none_bad {
            self.shown = Some((number, finished));
        }
    }

    /// How many were as claimed.
    fn matching(&self) -> usize {
        let name = Verdict::Match.name();
        self.verdicts.iter().filter(|&&one| one == name).count()
    }

    /// The run to show: the first that is not as claimed, or else the last. None if there was
    /// none.
    pub fn shown(&self) -> Option<&Finished> {
        self.shown.as_ref().map(|(_, finished)| finished)
    }

    /// For results.
    pub fn runs(&self) -> Runs {
        Runs {
            count: self.verdicts.len(),
            matching: self.matching(),
            transcripts: self.kinds.len(),
        }
    }

    /// The verdict on all of them: that of the run to show, which says how many others have it,
    /// too. None if there was no run.
    pub fn verdict(&self) -> Option<Verdict> {
        let (number, finished) = self.shown.as_ref()?;
        let also = || format!("{}; this is run {number}", self.in_words());
        Some(finished.verdict.clone().because_not_match(also))
    }

    /// How many of how many: `18 of 20 runs match; differs: 7, 12`.
    pub fn in_words(&self) -> String {
        let mut words = self.runs().in_words();
        let mut names: Vec<&str> = Vec::new();
        for name in &self.verdicts {
            if *name != Verdict::Match.name() && !names.contains(name) {
                names.push(name);
            }
        }
        for name in names {
            let all = (1..).zip(&self.verdicts);
            let with: Vec<usize> = all
                .filter_map(|(number, one)| (*one == name).then_some(number))
                .collect();
            words += &format!("; {name}: {}", ranges(&with));
        }
        if self.verdicts.len() < self.wanted {
            words += &format!("; stopped before run {}", self.verdicts.len() + 1);
        }
        words
    }

    /// How long a guest took: `0.30 s on average, 0.28 s to 0.41 s`.
    pub fn pace(&self) -> String {
        let (Some(least), Some(most)) = (self.took.iter().min(), self.took.iter().max()) else {
            return "no time at all".to_owned();
        };
        let all: Duration = self.took.iter().sum();
        let average = all.div_f64(self.took.len() as f64);
        let [average, least, most] = [average, *least, *most].map(term::seconds);
        format!("{average} on average, {least} to {most}")
    }

    /// Which runs that are as claimed printed something else than the first of these, and what
    /// the first of those did; nothing where all printed the same.
    pub fn unlike(&self) -> Option<String> {
        let (first, others) = self.kinds.split_first()?;
        let other = others.first()?;
        let which: Vec<usize> = others.iter().flat_map(|kind| kind.runs.clone()).collect();
        let name = |kind: &Kind| format!("run {}", kind.runs[0]);
        Some(format!(
            "they print {} transcripts; not that of {}: {}\n{}",
            self.kinds.len(),
            name(first),
            ranges(&sorted(which)),
            transcript::diff(&first.lines, &other.lines, Path::new(&name(first)))
                .replace("+++ this run", &format!("+++ {}", name(other)))
        ))
    }
}

fn sorted(mut numbers: Vec<usize>) -> Vec<usize> {
    numbers.sort_unstable();
    numbers
}

/// How many numbers, or ranges of them, are named.
const NAMED: usize = 12;

/// `numbers`, which ascend, in a few words: `3, 7-9, 12`.
fn ranges(numbers: &[usize]) -> String {
    let mut parts: Vec<String> = numbers
        .chunk_by(|a, b| a + 1 == *b)
        .map(|part| match part {
            [one] => one.to_string(),
            [first, .., last] => format!("{first}-{last}"),
            [] => String::new(),
        })
        .collect();
    if parts.len() > NAMED {
        let more = parts.len() - NAMED;
        parts.truncate(NAMED);
        parts.push(format!("and {more} more"));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::{Comparison, Status, Transcript, Versions};
    use expect_test::expect;

    /// A run with this verdict, that printed `line`.
    fn finished(verdict: Verdict, line: &str, milliseconds: u64) -> Finished {
        Finished {
            verdict,
            reports: Vec::new(),
            transcript: Transcript {
                versions: Versions::new(),
                lines: vec!["begin".to_owned(), line.to_owned()],
            },
            comparison: Comparison {
                status: Status::Same,
                file: "x".into(),
                changed: Vec::new(),
                diff: String::new(),
            },
            folder: "x".into(),
            took: Duration::from_millis(milliseconds),
            from_snapshot: false,
            whole: true,
        }
    }

    fn differs() -> Verdict {
        Verdict::Differs(vec!["no line".to_owned()])
    }

    fn tally(wanted: usize, runs: Vec<Finished>) -> Tally {
        let mut tally = Tally::new(wanted);
        for run in runs {
            tally.add(run);
        }
        tally
    }

    #[test]
    fn all_alike_is_a_match() {
        let same = |milliseconds| finished(Verdict::Match, "a", milliseconds);
        let tally = tally(3, vec![same(300), same(200), same(400)]);
        assert_eq!(tally.verdict(), Some(Verdict::Match));
        assert_eq!(tally.in_words(), "3 of 3 runs match");
        assert_eq!(tally.pace(), "0.30 s on average, 0.20 s to 0.40 s");
        assert_eq!(tally.unlike(), None);
        assert_eq!(tally.shown.unwrap().0, 3);
    }

    #[test]
    fn one_that_is_not_as_claimed_makes_all_of_them_that() {
        let good = || finished(Verdict::Match, "a", 1);
        let tally = tally(
            6,
            vec![
                good(),
                finished(differs(), "b", 1),
                good(),
                finished(Verdict::Timeout(Vec::new()), "c", 1),
                finished(differs(), "d", 1),
                good(),
            ],
        );
        let said = "3 of 6 runs match; differs: 2, 5; timeout: 4";
        assert_eq!(tally.in_words(), said);
        let verdict = tally.verdict().unwrap();
        assert_eq!(verdict.name(), "differs");
        assert_eq!(
            verdict.why(),
            ["no line", &format!("{said}; this is run 2")]
        );
        // What they print is another matter.
        assert_eq!(tally.unlike(), None);
    }

    #[test]
    fn a_transcript_of_its_own_is_told_but_no_failure() {
        let with = |line| finished(Verdict::Match, line, 1);
        let tally = tally(4, vec![with("a"), with("b"), with("a"), with("c")]);
        assert_eq!(tally.verdict(), Some(Verdict::Match));
        assert_eq!(
            tally.runs().in_words(),
            "4 of 4 runs match, with 3 transcripts"
        );
        expect![[r"
            they print 3 transcripts; not that of run 1: 2, 4
            --- run 1
            +++ run 2
            @@ -1,2 +1,2 @@
             begin
            -a
            +b
        "]]
        .assert_eq(&tally.unlike().unwrap());
    }

    #[test]
    fn what_was_stopped_says_how_far_it_came() {
        let tally = tally(9, vec![finished(Verdict::Match, "a", 1)]);
        assert_eq!(tally.in_words(), "1 of 1 runs match; stopped before run 2");
        assert!(Tally::new(2).verdict().is_none());
    }

    #[test]
    fn every_run_has_its_number_and_only_the_first_is_talkative() {
        let options = Options {
            accel: crate::accel::Choice::Tcg,
            timeout: None,
            kernel_args: Vec::new(),
            qemu_args: Vec::new(),
            snapshot: true,
            verbose: true,
            compare: true,
            keep: Keep::Last,
        };
        let mut seen = Vec::new();
        let mut tally = Tally::new(3);
        let result = tally.fill(&options, |number, options| {
            seen.push((options.keep, options.verbose));
            match number {
                1 => Ok(finished(differs(), "a", 1)),
                2 => Ok(finished(Verdict::Match, "a", 1)),
                _ => anyhow::bail!("no disk"),
            }
        });
        assert!(result.unwrap_err().to_string().contains("no disk"));
        let turn = |number, bad| Keep::OneOf { number, bad };
        assert_eq!(
            seen,
            [(turn(1, 0), true), (turn(2, 1), false), (turn(3, 1), false)]
        );
        assert_eq!(tally.runs().count, 2);
    }

    #[test]
    fn numbers_are_told_in_ranges_and_not_for_ever() {
        assert_eq!(ranges(&[3, 7, 8, 9, 12, 13]), "3, 7-9, 12-13");
        let odd: Vec<usize> = (0..30).map(|n| 2 * n + 1).collect();
        assert!(ranges(&odd).ends_with("21, 23, and 18 more"));
    }
}
