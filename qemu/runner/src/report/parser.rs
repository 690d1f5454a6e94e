// SPDX-License-Identifier: GPL-2.0

//! Puts the lines of a log together to reports.
//!
//! One small machine a stream: a headline opens a report, the lines of a body fill it, its end (or
//! the next headline) closes it. A stream is what one caller printed, or everything if the log
//! names no callers. The wording is in the tables beside; this file must not know any.

use super::details::{self, Detail, Role};
use super::shapes::{self, End, Shape, Stage};
use super::unwrap::{self, Whole};
use super::{consequence, noise, Fault, Form, Frame, Kind, Location, Report, Stack, Symbol};
use crate::console::Line;
use regex::{Captures, Regex};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Lines without meaning to a report after which it is given up; the OOM killer lists every task.
const GAP: usize = 200;
const GAP_VICTIM: usize = 5000;
/// The same, where no body has begun.
const GAP_BODY: usize = 40;
/// Lines from a title to the report that it is of.
const TITLE_GAP: usize = 5;
/// Lines of text that are kept beside a headline.
const MESSAGE: usize = 12;
/// Frames that one stack may have. The kernel prints fewer; a damaged log may hold any number.
const FRAMES: usize = 4096;

/// All reports of a log, sorted by where they begin.
pub fn parse(lines: &[Line]) -> Vec<Report> {
    let mut streams: HashMap<&str, Stream> = HashMap::new();
    let mut done = Vec::new();
    let mut caller = "";
    for line in unwrap::wholes(lines) {
        if is_new_boot(&line.text) {
            close_all(&mut streams, &mut done, Why::Restart);
        }
        // The end of a broken line has lost who printed it.
        let lost = lines[line.first].time.is_none() && line.caller.is_empty();
        if !lost {
            caller = line.caller;
        }
        let open = |caller| {
            streams
                .get(caller)
                .is_some_and(|stream: &Stream| stream.open.is_some())
        };
        let of_last = lost && open(caller) && !open("") && details::find(&line.text).is_some();
        let from = if of_last { caller } else { line.caller };
        let stream = streams.entry(from).or_default();
        stream.line(&line, &mut done);
    }
    // Where somebody else's text follows, no caller of the log comes to see it.
    if lines.last().is_some_and(|line| line.caller.is_none()) {
        let open = streams
            .values_mut()
            .filter_map(|stream| stream.open.as_mut());
        open.for_each(|open| open.blank |= open.report.last + 1 < lines.len());
    }
    close_all(&mut streams, &mut done, Why::LogEnd);
    done.sort_by_key(|report| (report.first, report.last));
    // The list of workqueues, which comes behind those that say which pool is stuck.
    let mut texts = lines.iter().rev().map(|line| line.text.trim());
    let last = texts.find(|text| !text.is_empty());
    if last.is_some_and(details::is_of_workqueues) {
        let listed = |report: &&mut Report| report.kind == Kind::WorkqueueLockup;
        if let Some(report) = done.last_mut().filter(listed) {
            report.complete = false;
            report.notes.push(Why::LogEnd.note().to_string());
        }
    }
    join_backtraces(join_bare_faults(without_titles(done)))
}

/// A mail names the report before it quotes it. A title on which no report follows is all that
/// there is.
fn without_titles(mut reports: Vec<Report>) -> Vec<Report> {
    let firsts: Vec<usize> = reports.iter().map(|report| report.first).collect();
    let mut at = 0;
    reports.retain(|report| {
        at += 1;
        let near = firsts
            .get(at)
            .is_some_and(|next| *next <= report.first + TITLE_GAP);
        let says_more = !report.trace.is_empty() || report.cpu.is_some() || report.pid.is_some();
        says_more || !near || !shapes::is_title(&report.headline)
    });
    reports
}

/// Of two CPUs that fault at once, the one may have said little more than so, and one may fault
/// again while it says it: then what is said last is all there is.
fn join_bare_faults(reports: Vec<Report>) -> Vec<Report> {
    let bare = |report: &Report| {
        is_page_fault(report.kind) && report.trace.is_empty() && report.function.is_none()
    };
    let mut out: Vec<Report> = Vec::with_capacity(reports.len());
    for mut report in reports {
        let at_once = out.last().is_some_and(|before| {
            let near = report.first <= before.last + 1;
            bare(before) && near && is_page_fault(report.kind)
        });
        if let Some(before) = at_once.then(|| out.pop()).flatten() {
            report.first = before.first;
            let said = &before.headline;
            report.notes.push(format!(
                "said before it, by another CPU or on the way to it: {said}"
            ));
        }
        out.push(report);
    }
    out
}

fn close_all(streams: &mut HashMap<&str, Stream>, done: &mut Vec<Report>, why: Why) {
    for stream in streams.values_mut() {
        stream.close(done, why);
    }
    streams.clear();
}

fn is_new_boot(text: &str) -> bool {
    text.starts_with("Linux version ") || text.starts_with("Booting Linux on physical CPU")
}

/// Why a report is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It said so itself, or the log went on with something else.
    Over,
    /// The next headline came.
    Headline,
    /// A panic took over, which is no damage.
    Panic,
    /// Too many lines without a meaning.
    Lost,
    Restart,
    LogEnd,
}

impl Why {
    fn note(self) -> &'static str {
        match self {
            Why::Over => "its end is missing",
            Why::Headline => "another report begins before it ends: cut off, or two consoles mixed",
            Why::Panic => "a panic cuts it off",
            Why::Lost => "its end was not found in the lines that follow",
            Why::Restart => "the machine starts again in the middle of it",
            Why::LogEnd => "the log ends in the middle of it",
        }
    }
}

/// What one caller printed.
#[derive(Default)]
struct Stream {
    open: Option<Open>,
    /// A warning that became a panic before it came to its stack: the panic shows it.
    waiting: Option<Open>,
    /// The line before, if it was not blank: index and text.
    before: Option<(usize, String)>,
    /// The line with the program counter of the last report.
    pc: Option<String>,
}

impl Stream {
    fn line(&mut self, line: &Whole<'_>, done: &mut Vec<Report>) {
        let text = &*line.text;
        match shapes::find(text) {
            Some((shape, found)) => self.headline(line.first, text, shape, &found, done),
            None => self.body(line.first, text, done),
        }
        if let Some(open) = self.open.as_mut().filter(|open| open.ends_at(line.first)) {
            open.known(line.last);
        }
        if !text.trim().is_empty() {
            self.before = Some((line.last, text.to_string()));
        }
    }

    fn headline(
        &mut self,
        index: usize,
        text: &str,
        shape: &'static Shape,
        found: &Captures<'_>,
        done: &mut Vec<Report>,
    ) {
        if let Some(open) = &mut self.open {
            if open.takes(shape) {
                return open.join(index, text, shape, found);
            }
            if open.holds(shape) {
                return self.body(index, text, done);
            }
        }
        // What is one line may stand within another report.
        if shape.end == End::Line {
            let mut line = Open::new(self.ruler_before(index, shape), text, shape);
            line.join(index, text, shape, found);
            done.extend(line.finish(Why::Over));
            return;
        }
        let panic = shape.form == Form::Panic;
        if panic
            && self
                .open
                .as_ref()
                .is_some_and(|open| open.is_shown_by(text))
        {
            self.waiting = self.open.take();
        }
        self.close(done, if panic { Why::Panic } else { Why::Headline });
        let mut open = Open::new(self.ruler_before(index, shape), text, shape);
        open.join(index, text, shape, found);
        self.open = Some(open);
    }

    /// A headline between rulers begins with the ruler above it.
    fn ruler_before(&self, index: usize, shape: &Shape) -> usize {
        match &self.before {
            Some((before, text)) if shape.stage == Stage::Head && is_ruler(text) => *before,
            _ => index,
        }
    }

    fn body(&mut self, index: usize, text: &str, done: &mut Vec<Report>) {
        if let Some(open) = &mut self.open {
            match open.feed(index, text) {
                Next::Stay => return,
                Next::Close(why) => return self.close(done, why),
                Next::NotMine => self.close(done, Why::Over),
            }
        }
        self.nameless(index, text);
    }

    /// A call trace that no headline announced is a report all the same.
    fn nameless(&mut self, index: usize, text: &str) {
        let told = details::kind_told(text);
        let Some((detail, found)) = details::find(text) else {
            let within = |(_, said): &(usize, String)| {
                details::frame(said).is_some() || details::stack_tag(said).is_some()
            };
            let first = !self.before.as_ref().is_some_and(within);
            if told.is_some() || first && details::begins_trace(text) {
                let mut open = self.begun(index, text);
                match told {
                    Some((kind, title)) => open.is_a(kind, title),
                    None => open.call_trace(text),
                }
                open.headless();
                open.feed(index, text);
                self.open = Some(open);
            }
            return;
        };
        let pc = detail.role == Role::Pc;
        let named = match detail.role {
            Role::Task => true,
            Role::Trace => ["Call ", "Backtrace:"]
                .iter()
                .any(|word| text.trim_start().starts_with(word)),
            Role::Known => told.is_some(),
            // x86 repeats the one of the oops.
            Role::Pc => {
                let kernel = ["RIP: 0010:", "RIP: e030:"]
                    .iter()
                    .any(|pc| text.trim_start().starts_with(pc))
                    || text.starts_with("pc : ");
                kernel && details::pc(&found).is_some() && self.pc.as_deref() != Some(text.trim())
            }
            _ => false,
        };
        if !named {
            return;
        }
        let mut open = self.begun(index, text);
        let alone = open.report.first == index;
        if pc || told.is_some() {
            open.end = End::Trace;
        }
        if let Some((kind, title)) = told {
            open.is_a(kind, title);
        }
        if pc || told.is_some() || detail.role == Role::Trace && alone {
            open.headless();
        }
        open.apply(index, text, &detail, &found);
        self.open = Some(open);
    }

    /// A report without a headline: who calls dump_stack() says first why.
    fn begun(&self, index: usize, text: &str) -> Open {
        let (first, headline) = match &self.before {
            Some((before, said)) if before + 1 == index && details::find(said).is_none() => {
                (*before, said.as_str())
            }
            _ => (index, text),
        };
        let mut open = Open::new(first, headline, &NAMELESS);
        open.only_preludes = false;
        open
    }

    fn close(&mut self, done: &mut Vec<Report>, why: Why) {
        let Some(open) = self.open.take() else {
            return;
        };
        self.pc.clone_from(&open.pc);
        if let Some(warning) = self.waiting.take() {
            done.extend(warning.shown_by(&open, why));
        }
        done.extend(open.finish(why));
    }
}

/// The row of a task's stack, which stalls and hung tasks print too.
const TASK_DUMP: &str = "task dump";

static NAMELESS: Shape = Shape {
    kind: Kind::Dump,
    form: Form::Message,
    stage: Stage::Head,
    end: End::Quiet,
    pattern: "",
    title: "call trace",
};

fn is_ruler(text: &str) -> bool {
    text.len() >= 20 && text.trim_end().bytes().all(|byte| byte == b'=')
}

/// Where within its call trace a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Before,
    Main,
    Extra,
    After,
}

/// What is to be done after a line was fed.
enum Next {
    Stay,
    Close(Why),
    /// The report is over, and the line is not part of it.
    NotMine,
}

/// A report in the making.
struct Open {
    report: Report,
    rank: u8,
    end: End,
    /// The title, before the function is known.
    title: String,
    /// The function that the headline names.
    named: Option<Symbol>,
    place: Place,
    only_preludes: bool,
    /// The headline names a function that was inlined; that of the one around it follows.
    inlined: bool,
    /// The line before was a list of modules.
    in_modules: bool,
    died: bool,
    task_seen: bool,
    pc: Option<String>,
    /// The program counter stands in the trace already.
    pc_placed: bool,
    /// The program counter of what was interrupted was the last thing in the trace.
    pc_inside: bool,
    /// A tag such as `<TASK>` is open.
    tag: bool,
    /// The call trace ended as it should.
    trace_ended: bool,
    /// It goes back to a program.
    from_user: bool,
    /// One of its stacks ended as it should.
    stack_ended: bool,
    /// The end of the report was seen.
    finished: bool,
    damaged: bool,
    /// The line before reads like the beginning of a frame.
    broken: bool,
    /// What was left out may be all before the trace.
    left_out: bool,
    foreign: usize,
    /// A blank line was the last one, or what is not of the log.
    blank: bool,
    message: Vec<String>,
    strange: Vec<String>,
    strange_count: usize,
}

impl Open {
    fn new(first: usize, headline: &str, shape: &Shape) -> Self {
        let report = Report {
            kind: shape.kind,
            form: shape.form,
            headline: headline.trim().to_string(),
            first,
            last: first,
            ..Report::default()
        };
        Open {
            report,
            rank: shape.rank(),
            end: shape.end,
            title: shape.title.to_string(),
            named: None,
            place: Place::Before,
            only_preludes: true,
            inlined: false,
            in_modules: false,
            died: false,
            task_seen: false,
            pc: None,
            pc_placed: false,
            pc_inside: false,
            tag: false,
            trace_ended: false,
            from_user: false,
            stack_ended: false,
            finished: false,
            damaged: false,
            broken: false,
            left_out: false,
            foreign: 0,
            blank: false,
            message: Vec::new(),
            strange: Vec::new(),
            strange_count: 0,
        }
    }

    /// Whether a further headline completes this report.
    fn takes(&self, shape: &Shape) -> bool {
        if self.task_seen || self.place != Place::Before || self.finished {
            return false;
        }
        // The bus reports one failure to several CPUs, or what became of a first attempt.
        if (self.report.kind, shape.stage) == (shape.kind, Stage::Head)
            && shape.kind == Kind::ExternalAbort
        {
            return true;
        }
        match shape.stage {
            // "cut here" begins a report, except behind what was said before it.
            Stage::Prelude if shape.kind == Kind::Unknown => self.only_preludes && self.rank > 0,
            Stage::Prelude => self.form_is_open(),
            Stage::Head if self.inlined && shape.kind == self.report.kind => true,
            Stage::Head => {
                self.only_preludes && shape.form != Form::Panic && shape.end != End::Line
            }
            Stage::Die => !self.died && self.form_is_open(),
        }
    }

    /// A panic's or a message's own headline is completed by nothing.
    fn form_is_open(&self) -> bool {
        self.report.form != Form::Panic && (self.only_preludes || self.end == End::Trace)
    }

    /// Whether what reads like a headline is part of this report's body.
    fn holds(&self, shape: &Shape) -> bool {
        let dump = shape.kind == Kind::Dump;
        !self.finished
            && (dump && shape.stage == Stage::Prelude
                || dump && is_stall(self.report.kind) && shape.title == TASK_DUMP
                || shape.kind == Kind::OutOfMemory && self.end == End::Victim)
    }

    fn join(&mut self, index: usize, text: &str, shape: &Shape, found: &Captures<'_>) {
        self.known(index);
        let first = self.only_preludes || self.inlined && shape.stage == Stage::Head;
        if self.inlined {
            self.named = None;
        }
        self.inlined = text.contains("[inline]");
        if shape.rank() > self.rank || self.title == shape.title {
            self.rank = shape.rank();
            self.report.kind = shape.kind;
            self.title = title(shape, found);
        }
        match shape.stage {
            Stage::Head if first => {
                self.report.form = shape.form;
                self.end = shape.end;
                self.report.headline = text.trim().to_string();
            }
            Stage::Die => {
                if self.report.form < Form::Bug {
                    self.report.form = shape.form;
                }
                self.end = shape.end;
            }
            _ => {}
        }
        if is_cut(&self.report.headline) {
            self.report.headline = text.trim().to_string();
        }
        self.only_preludes &= shape.stage == Stage::Prelude;
        self.died |= shape.stage == Stage::Die;
        self.fields(found);
    }

    /// Fills the report from the named groups of a headline; what is there already stays.
    fn fields(&mut self, found: &Captures<'_>) {
        let group = |name| found.name(name).map(|part| part.as_str());
        let number = |name| group(name).and_then(|digits| digits.parse::<u32>().ok());
        let report = &mut self.report;
        if let (None, Some(file), Some(line)) = (&report.location, group("file"), number("line")) {
            report.location = Some(Location {
                file: file.to_string(),
                line,
            });
        }
        report.cpu = report.cpu.or(number("cpu"));
        report.pid = report.pid.or(number("pid"));
        report.count = report.count.or(number("count"));
        if let (None, Some(comm)) = (&report.comm, group("comm")) {
            report.comm = Some(comm.trim().to_string());
        }
        if let Some(message) = group("message")
            .map(str::trim)
            .filter(|text| !text.is_empty())
        {
            self.message.push(message.to_string());
        }
        if self.named.is_none() {
            self.named = group("symbol").and_then(details::symbol).or_else(|| {
                group("name").map(|name| Symbol {
                    name: name.to_string(),
                    offset: 0,
                    size: 0,
                    module: None,
                })
            });
        }
        fill_fault(report, group("address"), group("reason"), group("code"));
    }

    /// Whether a panic that begins so has the stack of this report, which itself has none.
    fn is_shown_by(&self, panic: &str) -> bool {
        let bare = !self.task_seen && self.place == Place::Before && !self.only_preludes;
        bare && match self.report.form {
            Form::Warning => panic.contains("panic_on_warn"),
            Form::Oops => self.report.headline.contains("Bad mode") && panic.contains("bad mode"),
            _ => consequence::shows_its_stack(self.report.kind, panic),
        }
    }

    /// The report, with what the panic that it became says of it.
    fn shown_by(mut self, panic: &Open, why: Why) -> Option<Report> {
        let shown = &panic.report;
        let report = &mut self.report;
        let from = noise::behind_the_warning(&shown.trace);
        report.trace = shown.trace[from..].to_vec();
        report.cpu = report.cpu.or(shown.cpu);
        report.pid = report.pid.or(shown.pid);
        report.comm = report.comm.take().or(shown.comm.clone());
        report.release = shown.release.clone();
        report.hardware = shown.hardware.clone();
        report.tainted = shown.tainted.clone();
        if let Some(function) = self.named.clone().filter(|named| named.size != 0) {
            report.function = Some(function);
            self.pc = Some(report.headline.clone());
        }
        let whole = panic.is_whole(why);
        self.finish(if whole { Why::Panic } else { why })
    }

    fn ends_at(&self, index: usize) -> bool {
        self.report.last == index
    }

    fn known(&mut self, index: usize) {
        self.report.last = self.report.last.max(index);
        self.foreign = 0;
        self.blank = false;
        self.broken = false;
    }

    fn feed(&mut self, index: usize, text: &str) -> Next {
        if text.trim().is_empty() {
            self.blank = true;
            return Next::Stay;
        }
        if self.finished {
            return self.tail(index, text);
        }
        if self.trace_line(index, text) {
            return Next::Stay;
        }
        if std::mem::take(&mut self.in_modules) && details::is_module_list(text) {
            details::more_modules(text, &mut self.report);
            self.in_modules = true;
            self.known(index);
            return Next::Stay;
        }
        match details::find(text) {
            Some((detail, found)) => self.apply(index, text, &detail, &found),
            None if self.is_of_a_chain(text) => {
                self.known(index);
                Next::Stay
            }
            None => self.strange(text),
        }
    }

    /// Before its own trace, lockdep shows where each lock of the chain was taken.
    fn is_of_a_chain(&self, text: &str) -> bool {
        self.report.kind == Kind::Lockdep
            && self.place == Place::Before
            && details::frame(text).is_some()
    }

    /// Behind its end, x86 repeats the first oops's registers, and a panic has its last words.
    fn tail(&mut self, index: usize, text: &str) -> Next {
        let text = text.trim_start();
        let Some((detail, _)) = details::find(text) else {
            return Next::NotMine;
        };
        let mine = match detail.role {
            Role::Pc | Role::Registers => self.end == End::Trace,
            Role::EndPanic => self.end == End::Panic,
            Role::Foreign => return Next::Stay,
            // arm64 up to 4.9 marks the end of a warning before it shows the stack.
            Role::Trace if self.end == End::Trace && self.report.trace.is_empty() => {
                self.finished = false;
                self.end = End::Quiet;
                self.call_trace(text);
                true
            }
            Role::After => text.starts_with("Code:"),
            Role::Known => {
                text.starts_with("note: ") || text.starts_with("RIP") || text.contains(" RDI: ")
            }
            _ => false,
        };
        if !mine {
            return Next::NotMine;
        }
        self.known(index);
        Next::Stay
    }

    fn inside(&self) -> bool {
        matches!(self.place, Place::Main | Place::Extra)
    }

    /// Takes a line of a stack, if it is one.
    fn trace_line(&mut self, index: usize, text: &str) -> bool {
        let inside = self.inside();
        if inside {
            if let Some(tag) = details::stack_tag(text) {
                self.tag = !tag.starts_with('/') && !tag.starts_with("EO");
                self.trace_ended |= tag == "/TASK";
                self.stack_ended |= tag == "/TASK";
                self.known(index);
                return true;
            }
            if details::is_place(text) {
                self.known(index);
                return true;
            }
        }
        // Sanitizers print the stack right under their headline or a heading; of a lockup, which
        // has no others before it, the line that announces it may have been left out.
        let lockup = matches!(self.report.kind, Kind::SoftLockup | Kind::HardLockup);
        let implied =
            self.place == Place::Before && (self.end == End::Ruler || lockup || self.left_out);
        if !inside && !implied {
            return false;
        }
        let bare = || {
            details::bare_frame(text).or_else(|| {
                let frame = details::name_only(text)?;
                self.is_without_offsets(&frame).then_some(frame)
            })
        };
        let Some(frame) = details::frame(text).or_else(|| inside.then(bare)?) else {
            return false;
        };
        if implied {
            self.place = Place::Main;
            if std::mem::take(&mut self.left_out) {
                self.damaged = true;
                self.remark("what stands before its trace was left out".to_string());
            }
        }
        self.pc_inside = false;
        self.push(frame);
        self.known(index);
        true
    }

    /// Whether the stack that is being printed has names only, so that `frame` may be one of it.
    fn is_without_offsets(&self, frame: &Frame) -> bool {
        let frames = self.frames();
        let bare = |frame: &Frame| frame.symbol.size == 0 && !frame.symbol.name.starts_with("0x");
        // A word alone is no name yet.
        frames.iter().all(bare) && (!frames.is_empty() || frame.symbol.name.contains('_'))
    }

    fn push(&mut self, frame: Frame) {
        let frames = match (self.place, self.report.stacks.last_mut()) {
            (Place::Extra, Some(stack)) => &mut stack.frames,
            _ => &mut self.report.trace,
        };
        if frames.len() < FRAMES {
            frames.push(frame);
        }
    }

    fn apply(&mut self, index: usize, text: &str, detail: &Detail, found: &Captures<'_>) -> Next {
        match detail.role {
            Role::Foreign => return Next::Stay,
            Role::Task => return self.task(index, text, detail, found),
            // What was inlined there is no place of its own.
            Role::Pc if text.ends_with("[inline]") => {}
            Role::Pc => {
                // Inside of a trace it is a frame: of what an interrupt or a fault interrupted.
                self.pc_inside = self.inside();
                if let (true, Some(symbol)) = (self.pc_inside, details::pc(found)) {
                    self.push(exact(symbol, text));
                }
                if self.wants_pc() {
                    self.pc = Some(text.trim().to_string());
                    self.pc_placed = self.pc_inside;
                    (detail.take)(found, &mut self.report);
                }
            }
            Role::UserPc => {
                self.trace_ended |= self.inside();
                self.from_user |= self.place == Place::Main;
            }
            Role::Registers => {
                if self.wants_registers() {
                    (detail.take)(found, &mut self.report);
                }
                // The end of the line was lost.
                if details::ends_with_trace(text) {
                    self.call_trace("Call trace:");
                }
            }
            Role::Trace => self.call_trace(text.trim()),
            Role::Section => self.section(text.trim()),
            Role::After => self.after_trace(text, detail, found),
            Role::EndTrace | Role::Ruler | Role::EndPanic | Role::EndVictim => {
                return self.end_line(index, detail.role);
            }
            Role::Known => (detail.take)(found, &mut self.report),
        }
        self.known(index);
        Next::Stay
    }

    fn task(&mut self, index: usize, text: &str, detail: &Detail, found: &Captures<'_>) -> Next {
        if self.task_seen && !self.has_many_stacks() {
            if self.end == End::Quiet || self.end == End::Panic {
                return Next::NotMine;
            }
            self.damaged = true;
            self.remark("a second CPU line: two reports are mixed up".to_string());
        } else if self.task_seen {
            self.begin_stack(text.trim(), false);
        } else if self.report.kind != Kind::HungTask {
            // A hung task is described by another one, the watchdog.
            (detail.take)(found, &mut self.report);
        }
        self.task_seen = true;
        self.known(index);
        Next::Stay
    }

    /// The program counter stands before the trace. A stall is noticed in an interrupt, and what
    /// was interrupted stands in the middle of it.
    fn wants_pc(&self) -> bool {
        let interrupted = self.has_many_stacks() && self.place != Place::Extra;
        self.pc.is_none() && (self.place == Place::Before || interrupted)
    }

    fn wants_registers(&self) -> bool {
        self.place == Place::Before || self.has_many_stacks() && self.pc.is_some()
    }

    fn has_many_stacks(&self) -> bool {
        is_stall(self.report.kind)
    }

    /// "Call Trace:" is the main one the first time, unless it stands under a heading.
    fn call_trace(&mut self, title: &str) {
        let headed = self
            .report
            .stacks
            .last()
            .is_some_and(|stack| stack.frames.is_empty());
        if headed && self.report.kind != Kind::HungTask {
            self.place = Place::Extra;
        } else {
            self.begin_stack(title, self.report.trace.is_empty());
        }
    }

    /// A heading right under another one says more of the same stack.
    fn section(&mut self, title: &str) {
        match self.report.stacks.last_mut() {
            Some(stack) if self.place == Place::Extra && stack.frames.is_empty() => {
                stack.title = format!("{} {title}", stack.title);
            }
            _ => self.begin_stack(title, false),
        }
    }

    fn begin_stack(&mut self, title: &str, main: bool) {
        if main {
            self.place = Place::Main;
        } else {
            self.trace_ended |= self.place == Place::Main;
            self.place = Place::Extra;
            self.report.stacks.push(Stack {
                title: title.to_string(),
                frames: Vec::new(),
            });
        }
        self.tag = false;
    }

    fn after_trace(&mut self, text: &str, detail: &Detail, found: &Captures<'_>) {
        let text = text.trim_start();
        self.in_modules = text.starts_with("Modules linked in:");
        // Inside a trace, these are the bytes of what was interrupted.
        let code = text.starts_with("Code:");
        let interrupted = code && (self.tag || std::mem::take(&mut self.pc_inside));
        if !code || self.pc.is_some() && !interrupted {
            (detail.take)(found, &mut self.report);
        }
        if self.inside() && !interrupted {
            self.trace_ended = true;
            self.place = Place::After;
        }
    }

    fn end_line(&mut self, index: usize, role: Role) -> Next {
        let body = self.task_seen || self.place != Place::Before;
        let ends = match (role, self.end) {
            (Role::EndTrace, End::Trace) => true,
            (Role::EndTrace, End::Ruler | End::Quiet) => body,
            (Role::Ruler, End::Ruler) => body,
            (Role::Ruler, End::Quiet) if body => return Next::NotMine,
            (Role::Ruler, End::Locks) if self.report.function.is_some() => return Next::NotMine,
            (Role::EndPanic, End::Panic) => true,
            (Role::EndVictim, End::Victim) => true,
            _ => false,
        };
        self.known(index);
        self.finished |= ends;
        // A mere dump has no such mark.
        if role == Role::EndTrace && self.report.kind == Kind::Dump && self.pc.is_some() {
            self.headless();
        }
        match (ends, self.end) {
            (true, End::Trace | End::Panic) | (false, _) => Next::Stay,
            (true, _) => Next::Close(Why::Over),
        }
    }

    /// A line that no table knows.
    fn strange(&mut self, text: &str) -> Next {
        let own = self.report.kind == Kind::Lockdep && self.inside() && !self.stack_ended;
        if own && details::is_before_trace(text) {
            self.damaged = true;
            self.remark("its call trace is not its own: two reports are mixed up".to_string());
        }
        if self.end == End::Locks && self.report.function.is_some() {
            return Next::NotMine;
        }
        self.foreign += 1;
        let body = self.task_seen || self.place != Place::Before;
        if !body {
            // Lockdep's chains have dots of their own.
            self.left_out = self.report.kind != Kind::Lockdep && details::is_left_out(text);
            if self.message.len() < MESSAGE && !self.left_out {
                self.message.push(text.trim().to_string());
            }
        } else if matches!(self.end, End::Trace | End::Quiet) {
            self.remember(text);
        }
        match self.end {
            End::Quiet if body && self.place != Place::Before => self.strange_in_quiet(text),
            End::Victim if self.foreign <= GAP_VICTIM => Next::Stay,
            End::Quiet if self.foreign > GAP_BODY => Next::Close(Why::Over),
            _ if self.only_preludes && self.foreign > GAP_BODY => Next::Close(Why::Lost),
            _ if self.foreign > GAP => Next::Close(Why::Lost),
            _ => Next::Stay,
        }
    }

    /// What has no end mark ends with the first line that is not part of its trace, unless a tag
    /// says that more is to come.
    fn strange_in_quiet(&mut self, text: &str) -> Next {
        // Who quotes a log may say that more of it follows.
        if details::is_left_out(text) && !self.is_rooted() {
            self.damaged = true;
            self.remark("the rest of its trace was left out".to_string());
        }
        // Where the log breaks off in the middle of a frame, its trace did not end. Another line
        // may stand in the middle of a trace that has not come to where stacks begin.
        self.broken = self.foreign == 1 && details::is_half_frame(text);
        let goes_on = self.tag && self.foreign <= 3
            || self.broken
            || self.foreign <= 2 && self.inside() && !self.is_rooted();
        if goes_on {
            return Next::Stay;
        }
        self.trace_is_over();
        Next::NotMine
    }

    /// The lines that end it are somebody else's, not a gap in this one.
    fn trace_is_over(&mut self) {
        self.strange_count = self.strange_count.saturating_sub(self.foreign);
        self.strange.truncate(self.strange_count);
        self.trace_ended |= self.is_long_enough();
    }

    /// Whether the stack that is being printed is there down to where it began.
    fn is_rooted(&self) -> bool {
        is_rooted(self.frames())
    }

    /// The stack that is being printed, as far as it is there.
    fn frames(&self) -> &[Frame] {
        match (self.place, self.report.stacks.last()) {
            (Place::Extra, Some(stack)) => &stack.frames,
            _ => &self.report.trace,
        }
    }

    fn remember(&mut self, text: &str) {
        self.strange_count += 1;
        if self.strange.len() < 3 {
            self.strange.push(text.trim().to_string());
        }
    }

    fn is_a(&mut self, kind: Kind, title: &str) {
        self.report.kind = kind;
        self.title = title.to_string();
    }

    fn headless(&mut self) {
        self.damaged = true;
        self.remark("its beginning is not in the log".to_string());
    }

    fn remark(&mut self, note: String) {
        if !self.report.notes.contains(&note) {
            self.report.notes.push(note);
        }
    }

    fn finish(mut self, why: Why) -> Option<Report> {
        if self.end == End::Quiet && self.inside() && self.foreign > 0 && !self.broken {
            self.trace_is_over();
        }
        let stack = !self.report.trace.is_empty() || self.report.function.is_some();
        // A failure that was asked for is no complaint.
        let injected = || self.report.trace.iter().any(is_injector);
        if self.report.kind == Kind::Dump && (!stack || injected()) {
            return None;
        }
        let whole = self.is_whole(why);
        self.report.complete = whole && !self.damaged;
        if !whole && self.finished && self.end == End::Victim {
            self.remark("what stands within it was left out".to_string());
        } else if !whole {
            self.remark(why.note().to_string());
        }
        if self.rank == 0 {
            if self.report.trace.iter().any(noise::warns) {
                self.report.kind = Kind::Warning;
                self.title = "WARNING".to_string();
            }
            self.report.complete = false;
            self.remark("its headline is missing or not understood".to_string());
        }
        self.report.stacks.retain(|stack| !stack.frames.is_empty());
        if self.report.kind == Kind::Dump && is_of_oom_killer(&self.report.trace) {
            self.report.kind = Kind::OutOfMemory;
            self.title = "out of memory".to_string();
            self.end = End::Victim;
        }
        self.note_strange();
        self.settle_message();
        let named = self.named.is_some();
        self.settle_function();
        self.report.title = self.settle_title(named);
        Some(self.report)
    }

    fn is_whole(&self, why: Why) -> bool {
        let trace = !self.report.trace.is_empty();
        let rooted = self.from_user || is_rooted(&self.report.trace);
        match self.end {
            End::Line => true,
            End::Locks => self.report.function.is_some(),
            // Who calls the OOM killer is shown, before it kills.
            End::Victim if self.finished && shapes::names_caller(&self.report.headline) => {
                self.task_seen || trace
            }
            // A warning that panics, and arm64's stack overflow, never come to their own end.
            // Who quotes a trace to its end may leave out the mark behind it.
            End::Trace | End::Ruler | End::Victim => {
                self.finished
                    || why == Why::Panic && (trace || self.pc.is_some() || self.says_where())
                    || (why == Why::LogEnd || why == Why::Headline && self.blank)
                        && (self.end == End::Trace || self.may_lack_its_ruler())
                        && (self.trace_ended || self.blank || self.foreign > 0)
                        && rooted
                    || why == Why::LogEnd && self.is_told()
            }
            End::Panic => self.finished || trace && (self.trace_ended || rooted),
            End::Quiet if !trace => match self.report.kind {
                Kind::Other | Kind::MemoryLeak => why != Why::LogEnd || !self.task_seen,
                kind if is_stall(kind) && self.stack_ended => true,
                _ => why == Why::Panic && self.pc.is_some(),
            },
            End::Quiet => {
                self.finished
                    || self.trace_ended
                    || rooted
                    || self.is_long_enough() && self.may_end(why)
            }
        }
    }

    /// Whether nothing that matters stands between the last stack and the ruler.
    fn may_lack_its_ruler(&self) -> bool {
        let last = self.report.stacks.last();
        match self.report.kind {
            Kind::Ubsan => true,
            Kind::Kasan => {
                let stack = last.filter(|_| self.place == Place::Extra);
                stack.is_some_and(|stack| is_rooted(&stack.frames))
            }
            _ => false,
        }
    }

    /// Whether a trace without a mark behind it is over. Leaks follow each other without one.
    fn may_end(&self, why: Why) -> bool {
        matches!(why, Why::Over | Why::Panic | Why::Lost)
            || why == Why::Headline && self.report.kind == Kind::MemoryLeak
    }

    /// Whether the hypervisor, which cannot show its stack, named the function.
    fn says_where(&self) -> bool {
        self.report.kind == Kind::Bug && self.named.is_some()
    }

    /// Whether nothing but the ruler behind it is missing.
    fn is_told(&self) -> bool {
        let last = matches!(self.report.kind, Kind::Kcsan | Kind::Kmsan);
        last && self.report.hardware.is_some() && (self.blank || self.foreign > 0)
    }

    /// Where nothing marks the end of a trace, whether it may end as it does: a leak's has a fixed
    /// length, and another one may have been followed down to an exception.
    fn is_long_enough(&self) -> bool {
        let trace = &self.report.trace;
        let mut sure = trace.iter().rev().filter(|frame| frame.reliable);
        let end = || match self.report.kind {
            Kind::MemoryLeak => sure.nth(2).is_some(),
            _ => sure.take(2).any(|frame| noise::enters(&frame.symbol)),
        };
        !self.tag && (end() || trace.len() > 2 && trace.iter().all(|frame| !frame.reliable))
    }

    fn note_strange(&mut self) {
        if self.strange_count > 0 {
            let list = self.strange.join(" | ");
            self.remark(format!(
                "{} lines not understood: {list}",
                self.strange_count
            ));
        }
    }

    /// What was said beside the headline; nothing if it turned out to be the rest of the log.
    fn settle_message(&mut self) {
        let body = self.task_seen || self.place != Place::Before;
        if !body && self.end == End::Quiet && self.foreign > 0 {
            let keep = self.message.len().saturating_sub(self.foreign);
            self.message.truncate(keep);
        }
        let mut lines: Vec<String> = self.report.message.take().into_iter().collect();
        lines.append(&mut self.message);
        if !lines.is_empty() {
            self.report.message = Some(lines.join("\n"));
        }
    }

    /// The function at the program counter, and its frame at the head of the trace.
    fn settle_function(&mut self) {
        let Some(pc) = &self.pc else {
            let function = self.report.function.take();
            self.report.function = self.named.take().or(function);
            return;
        };
        if self.report.function.is_none() {
            // A jump to nowhere has no function; the headline of a BUG() may know it.
            self.report.function = self.named.take();
            return;
        }
        let Some(function) = self.report.function.as_ref().filter(|_| !self.pc_placed) else {
            return;
        };
        let mut real = self.report.trace.iter_mut().filter(|frame| !frame.inlined);
        match real.next() {
            Some(frame) if frame.symbol == *function => frame.exact = true,
            _ => self.report.trace.insert(0, exact(function.clone(), pc)),
        }
    }

    /// Whether the headline `named` a function tells if one belongs to the title of a report
    /// whose trace is about something else.
    fn settle_title(&self, named: bool) -> String {
        let mut what = sanitize(&self.title);
        // A damaged reason may be nothing but an address.
        if what.is_empty() {
            what = self.report.kind.to_string();
        }
        let elsewhere = match self.end {
            End::Line | End::Victim => true,
            // Of the panics, those that are no consequence happen where they are noticed.
            End::Panic => self.report.kind == Kind::Panic,
            _ => false,
        };
        if elsewhere && !named {
            return what;
        }
        let function = self.report.function.as_ref();
        // The end of the headline may be lost, and with it that of the name.
        let cut = |named: &&Symbol| {
            named.size == 0 && function.is_some_and(|function| function.size != 0)
        };
        let pc = self.named.as_ref().filter(|named| !cut(named)).or(function);
        if let (Some(symbol), End::Panic) = (pc, self.end) {
            if named {
                return in_function(&what, symbol);
            }
        }
        with_function(&self.report, &what, pc)
    }
}

fn fill_fault(
    report: &mut Report,
    address: Option<&str>,
    reason: Option<&str>,
    code: Option<&str>,
) {
    // The error code of a BUG() is about its trap, not about an access.
    if address.is_none() && reason.is_none() && report.fault.is_none() {
        return;
    }
    let fault = report.fault.get_or_insert_with(Fault::default);
    fault.address = fault.address.or_else(|| address.and_then(details::hex));
    fault.code = fault.code.or_else(|| code.and_then(details::hex));
    if let (true, Some(reason)) = (fault.reason.is_empty(), reason) {
        fault.reason = reason.trim().to_string();
    }
}

/// The frame of a program counter, which stands in the line `raw`.
fn exact(symbol: Symbol, raw: &str) -> Frame {
    Frame {
        symbol,
        reliable: true,
        exact: true,
        inlined: false,
        raw: raw.trim().to_string(),
    }
}

/// The OOM killer shows who came to call it.
fn is_of_oom_killer(trace: &[Frame]) -> bool {
    let has = |name: &str| {
        let own = |frame: &Frame| frame.reliable && frame.symbol.name == name;
        trace.iter().any(own)
    };
    has("dump_header") && (has("oom_kill_process") || has("out_of_memory"))
}

/// Fault injection shows where it made something fail.
fn is_injector(frame: &Frame) -> bool {
    let name = &frame.symbol.name;
    frame.reliable && (name == "should_fail" || name.starts_with("should_fail."))
        || name == "should_fail_ex"
}

/// Kinds that tell of what the page tables do not allow.
fn is_page_fault(kind: Kind) -> bool {
    matches!(kind, Kind::PageFault | Kind::NullDereference)
}

/// Kinds that print the stacks of several tasks or CPUs.
fn is_stall(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::SoftLockup
            | Kind::HardLockup
            | Kind::RcuStall
            | Kind::HungTask
            | Kind::WorkqueueLockup
    )
}

fn is_cut(text: &str) -> bool {
    text.contains(" cut here ")
}

/// Whether a trace goes back to where every stack begins: then none of it is missing.
fn is_rooted(trace: &[Frame]) -> bool {
    const ROOTS: &[&str] = &[
        "ret_from_fork",
        "int_ret_from_sys_call",
        "ret_from_sys_call",
        "kernel_thread_helper",
        "ret_to_user",
        "work_pending",
        "retint_user",
        "sysenter_dispatch",
        "cstar_dispatch",
        "ia32_sys",
        "tracesys",
        "entry_SYSCALL",
        "entry_SYSENTER",
        "entry_INT80",
        "el0_sync",
        "el0_svc_compat",
        "el0t_",
        "el0_irq",
        "start_kernel",
        "x86_64_start",
        "stub_",
        "secondary_startup",
        "start_secondary",
        "secondary_start_kernel",
        "common_startup",
        "__primary_switched",
        "__secondary_switched",
        "system_call",
        "__sys_trace",
    ];
    let names = |known: &str| trace.iter().any(|frame| frame.symbol.name == known);
    // What is only guessed, or lies where no kernel does, may stand behind the root.
    let low = |name: &str| {
        let digits = name.strip_prefix("0x");
        digits.is_some_and(|digits| digits.trim_start_matches('0').len() < 8)
    };
    let sure = trace
        .iter()
        .rfind(|frame| frame.reliable && !low(&frame.symbol.name));
    let Some(last) = sure
        .or(trace.last())
        .map(|frame| frame.symbol.name.as_str())
    else {
        return false;
    };
    match last {
        // Behind the last frame older kernels stored one more.
        "kthread" | "0xffffffffffffffff" => true,
        // The root up to 5.4; newer kernels call it, through do_el0_svc().
        "el0_svc" | "el0_svc_naked" => !names("do_el0_svc"),
        _ => !last.ends_with("_handler") && ROOTS.iter().any(|root| last.starts_with(root)),
    }
}

/// The title of a row with its groups filled in.
fn title(shape: &Shape, found: &Captures<'_>) -> String {
    let mut out = String::new();
    found.expand(shape.title, &mut out);
    out
}

/// Takes out of a title what differs from run to run.
fn sanitize(title: &str) -> String {
    static ADDRESS: LazyLock<Regex> =
        LazyLock::new(|| details::regex(r"\b(?:0x)?[0-9a-f]{8,16}(?:-(?:0x)?[0-9a-f]{8,16})?\b"));
    let plain = ADDRESS.replace_all(title, "");
    let words: Vec<&str> = plain
        .split_whitespace()
        .filter(|word| !word.ends_with('='))
        .collect();
    words
        .join(" ")
        .trim_end_matches([':', ',', ' '])
        .to_string()
}

/// The title `what` with the function that `report` is about, whose program counter is `pc`.
fn with_function(report: &Report, what: &str, pc: Option<&Symbol>) -> String {
    let kind = report.kind;
    let found = noise::culprit(kind, pc, &report.trace);
    // Where a trace does not reach the work, its name is known all the same.
    let at_work = match found {
        Some(symbol) => is_stall(kind) && noise::runs_work(symbol),
        None => !report.trace.is_empty(),
    };
    let work = report.work.as_ref().filter(|_| at_work);
    match work.or(found) {
        Some(symbol) => in_function(what, symbol),
        None => what.to_string(),
    }
}

fn in_function(what: &str, symbol: &Symbol) -> String {
    format!("{what} in {}", noise::plain(&symbol.name))
}

/// Backtraces that a stalled CPU printed itself, on request, belong to the stall.
fn join_backtraces(reports: Vec<Report>) -> Vec<Report> {
    let mut out: Vec<Report> = Vec::with_capacity(reports.len());
    let mut stall: Option<usize> = None;
    for report in reports {
        let asked = stall.is_some_and(|at| is_asked_for(&report, &out[at]));
        match stall {
            Some(at) if asked && report.first < out[at].last + GAP_VICTIM => {
                absorb(&mut out[at], report)
            }
            _ => {
                if is_stall(report.kind) {
                    stall = Some(out.len());
                }
                out.push(report);
            }
        }
    }
    out.iter_mut()
        .filter(|report| is_stall(report.kind))
        .for_each(promote);
    out
}

/// Whether a call trace is one that a watchdog asked a CPU or a busy worker for.
fn is_asked_for(report: &Report, stall: &Report) -> bool {
    let worker = stall.kind == Kind::WorkqueueLockup && report.headline.starts_with("task:");
    report.kind == Kind::Dump && (worker || report.headline.starts_with("NMI backtrace for cpu"))
}

/// A stall whose CPU was not asked, or did not answer, has only the stacks of tasks.
fn promote(stall: &mut Report) {
    if !stall.trace.is_empty() || stall.stacks.is_empty() {
        return;
    }
    // The thread that waits for the stalled one is not to blame, unless nobody else is there; of
    // the others, who says where.
    let blamed = |stack: &Stack| !stack.title.contains("grace-period kthread");
    let says = |stack: &Stack| noise::culprit(stall.kind, None, &stack.frames).is_some();
    let stacks = &stall.stacks;
    let at = stacks.iter().position(|stack| blamed(stack) && says(stack));
    let at = at.or_else(|| stacks.iter().position(blamed)).unwrap_or(0);
    stall.trace = stall.stacks.remove(at).frames;
    stall.title = with_function(stall, &stall.title, stall.function.as_ref());
    // What the log broke off is still broken off.
    let whole = is_rooted(&stall.trace);
    if whole || !stall.notes.iter().any(|note| note == Why::LogEnd.note()) {
        stall.complete = true;
        stall.notes.clear();
    }
}

fn absorb(stall: &mut Report, dump: Report) {
    stall.last = stall.last.max(dump.last);
    // A task that blocks the grace period is shown before the CPU on which nothing else goes on.
    if stall
        .stacks
        .first()
        .is_some_and(|stack| stack.title.starts_with("task:"))
    {
        promote(stall);
    }
    let title = dump.headline.clone();
    if stall.trace.is_empty() {
        stall.complete = dump.complete;
        stall.notes = dump.notes;
        stall.function = dump.function;
        stall.registers = dump.registers;
        stall.code = dump.code;
        stall.trace = dump.trace;
        stall.work = dump.work.or(stall.work.take());
        stall.title = with_function(stall, &stall.title, stall.function.as_ref());
        stall.cpu = stall.cpu.or(dump.cpu);
        stall.pid = stall.pid.or(dump.pid);
        stall.comm = stall.comm.take().or(dump.comm);
    } else {
        stall.stacks.push(Stack {
            title,
            frames: dump.trace,
        });
    }
    stall.stacks.extend(dump.stacks);
}
