// SPDX-License-Identifier: GPL-2.0

//! Any bytes are a log: reading them never panics, and what comes out keeps its promises.

#![no_main]
#![allow(dead_code, unused_imports)] // The program uses the rest.

#[path = "../../src/console.rs"]
mod console;
#[path = "../../src/pattern.rs"]
mod pattern;
#[path = "../../src/report/mod.rs"]
mod report;

use console::Line;
use libfuzzer_sys::fuzz_target;
use report::Report;

fuzz_target!(|bytes: &[u8]| {
    let lines = console::lines(bytes);
    check_lines(bytes, &lines);
    let reports = report::reports(&lines);
    check_reports(&lines, &reports);
    // The order of a hash map must not show.
    assert_eq!(reports, report::reports(&lines), "two readings differ");
});

fn check_lines(bytes: &[u8], lines: &[Line]) {
    let raw = bytes.split(|&byte| byte == b'\n').count();
    let mut last = 0;
    for line in lines {
        assert!(last <= line.number && line.number <= raw, "line numbers");
        assert!(
            !line.text.chars().any(|c| c.is_control() && c != '\t'),
            "a control character is left"
        );
        last = line.number;
    }
}

fn check_reports(lines: &[Line], reports: &[Report]) {
    let mut first = 0;
    for (index, report) in reports.iter().enumerate() {
        assert!(first <= report.first, "reports are sorted");
        assert!(report.first <= report.last && report.last < lines.len());
        assert!(report.consequence_of.is_none_or(|cause| cause < index));
        assert!(!report.title.trim().is_empty(), "a report has a title");
        assert!(
            report.complete || !report.notes.is_empty(),
            "what is not whole says why"
        );
        first = report.first;
    }
}
