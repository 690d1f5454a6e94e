// SPDX-License-Identifier: GPL-2.0

//! What is said on the terminal: notes, commands, progress, colours. Everything here
//! goes to standard error, and colours and progress only to a terminal.

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use std::{
    fmt::Write,
    io::{IsTerminal, Write as _},
    process::Command,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The colours in use.
pub const BOLD: Style = Style::new().bold();
/// For what only a second look needs.
pub const DIM: Style = Style::new().dimmed();
/// For what is as it should be.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// For what is not.
pub const BAD: Style = AnsiColor::Red.on_default().bold();

/// Says one thing, in a line of its own.
pub fn note(text: &str) {
    // A closed standard error is no reason to stop.
    let _ = writeln!(anstream::stderr(), "{DIM}{text}{DIM:#}");
}

/// Shows a command as a person would type it.
pub fn command(command: &Command) {
    note(&format!("$ {}", quoted(command)));
}

/// `command` quoted for the shell.
pub fn quoted(command: &Command) -> String {
    let words = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy());
    words.map(|word| quote(&word)).collect::<Vec<_>>().join(" ")
}

/// `word` quoted for the shell.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    // Only a NUL cannot be quoted, and no argument can hold one.
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), |word| word.into_owned())
}

/// A difference, with what went and what came in colours.
pub fn diff(text: &str) -> String {
    let mut coloured = String::new();
    for line in text.lines() {
        let style = match line.as_bytes().first() {
            Some(b'-') => BAD,
            Some(b'+') => GOOD,
            _ => DIM,
        };
        // Writing to a string does not fail.
        let _ = writeln!(coloured, "{style}{line}{style:#}");
    }
    coloured
}

/// Progress through a number of steps that is known, or about known.
pub struct Progress {
    bar: ProgressBar,
    name: String,
}

impl Progress {
    /// Starts `name`, of about `steps` steps, if anybody knows.
    pub fn start(name: &str, steps: Option<u64>) -> Self {
        let bar = match steps {
            Some(steps) => ProgressBar::new(steps),
            None => ProgressBar::new_spinner(),
        };
        bar.set_style(style(steps.is_some()));
        bar.set_message(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        if !std::io::stderr().is_terminal() {
            note(&format!("{name} …"));
        }
        Self {
            bar,
            name: name.to_owned(),
        }
    }

    /// One step more. Past the number that was expected, no end is promised any more.
    pub fn step(&self) {
        self.bar.inc(1);
        if self
            .bar
            .length()
            .is_some_and(|end| self.bar.position() > end)
        {
            self.bar.unset_length();
            self.bar.set_style(style(false));
        }
    }

    /// How many steps there were.
    pub fn steps(&self) -> u64 {
        self.bar.position()
    }

    /// Ends it, and says how long it took.
    pub fn done(self) {
        self.bar.finish_and_clear();
        note(&format!(
            "{}: done in {}",
            self.name,
            seconds(self.bar.elapsed())
        ));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The line that says, on a terminal, which tests run and how many are left.
pub struct Checks {
    bar: ProgressBar,
    state: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    names: Vec<String>,
    bad: usize,
}

impl Running {
    fn message(&self) -> String {
        let bad = match self.bad {
            0 => String::new(),
            bad => format!("{bad} not good; "),
        };
        format!("{bad}{}", self.names.join(", "))
    }
}

impl Checks {
    /// Starts, with none of `tests` tests done.
    pub fn start(tests: usize) -> Self {
        let bar = ProgressBar::new(tests as u64);
        let template = "[{bar:20}] {pos}/{len}, {elapsed} so far{left}: {wide_msg}";
        bar.set_style(with_left(template));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            bar,
            state: Mutex::default(),
        }
    }

    /// The test called `name` begins.
    pub fn begin(&self, name: &str) {
        self.change(|state| state.names.push(name.to_owned()));
    }

    /// The test called `name` is over.
    pub fn end(&self, name: &str, good: bool) {
        self.change(|state| {
            if let Some(at) = state.names.iter().position(|running| running == name) {
                state.names.remove(at);
            }
            state.bad += usize::from(!good);
        });
        self.bar.inc(1);
    }

    fn change(&self, change: impl FnOnce(&mut Running)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        self.bar.set_message(state.message());
    }

    /// Does `what` while the line is not there.
    pub fn suspend<T>(&self, what: impl FnOnce() -> T) -> T {
        self.bar.suspend(what)
    }

    /// Takes the line away.
    pub fn done(self) {
        self.bar.finish_and_clear();
    }
}

fn style(bounded: bool) -> ProgressStyle {
    let template = if bounded {
        "{msg} [{bar:30}] {pos}/about {len}, {elapsed} so far{left}"
    } else {
        "{spinner} {msg}, {elapsed} so far"
    };
    with_left(template)
}

fn with_left(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("left", |state: &ProgressState, out: &mut dyn Write| {
            // A line that is not written is not missed.
            let _ = out.write_str(&left(state));
        })
}

/// How long it will take still, at the pace that it had from the start: that of the last
/// moment says nothing where steps take from a hundredth of a second to half a minute.
fn left(state: &ProgressState) -> String {
    let (done, all) = (state.pos(), state.len().unwrap_or(0));
    // Too little to go by.
    if done * 20 < all || done >= all {
        return String::new();
    }
    let left = state.elapsed().mul_f64((all - done) as f64 / done as f64);
    format!(
        ", about {} left",
        seconds(Duration::from_secs(left.as_secs()))
    )
}

/// A duration as a person says it.
pub fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    match duration.as_secs_f64() {
        seconds if seconds < 10.0 => format!("{seconds:.2} s"),
        _ if whole < 60 => format!("{whole} s"),
        _ => format!("{} min {} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_quoted_for_the_shell() {
        let mut command = Command::new("qemu");
        command.args(["O=/a", "-append", "console=ttyS0 -- gfp_slab", ""]);
        assert_eq!(
            quoted(&command),
            "qemu O=/a -append 'console=ttyS0 -- gfp_slab' ''"
        );
    }

    #[test]
    fn the_line_says_what_runs_and_what_went_wrong() {
        let checks = Checks::start(3);
        let said = || checks.state.lock().unwrap().message();
        checks.begin("a.bug");
        checks.begin("b.bug");
        assert_eq!(said(), "a.bug, b.bug");
        checks.end("a.bug", false);
        assert_eq!(said(), "1 not good; b.bug");
        checks.end("b.bug", true);
        assert_eq!(checks.bar.position(), 2);
        checks.done();
    }

    #[test]
    fn durations_are_short() {
        assert_eq!(seconds(Duration::from_millis(930)), "0.93 s");
        assert_eq!(seconds(Duration::from_secs(42)), "42 s");
        assert_eq!(seconds(Duration::from_secs(222)), "3 min 42 s");
    }
}
