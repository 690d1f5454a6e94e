// SPDX-License-Identifier: GPL-2.0

//! A line of source to the statement that stands there, and to the lines around it.

use std::path::Path;

/// Lines that a statement may have before it is taken for something else.
const LONGEST: usize = 40;

/// The whole statement that stands at a line, on one line and without comments.
///
/// `None` if the file cannot be read or has no code at that line.
pub fn statement(file: &Path, line: u32) -> Option<String> {
    statement_in(&String::from_utf8_lossy(&std::fs::read(file).ok()?), line)
}

/// The same in a text that was read already.
pub fn statement_in(text: &str, line: u32) -> Option<String> {
    let code = without_comments(text);
    let lines: Vec<&str> = code
        .lines()
        .map(|one| one.trim().trim_end_matches('\\').trim_end())
        .collect();
    let at = usize::try_from(line).ok()?.checked_sub(1)?;
    lines.get(at).filter(|one| !one.is_empty())?;
    let first = first_line(&lines, at);
    let mut parts: Vec<&str> = Vec::new();
    let mut depth = 0;
    for index in first..lines.len().min(first + LONGEST) {
        let part = lines[index];
        if part.is_empty() {
            continue;
        }
        depth += balance(part);
        parts.push(part);
        let next = lines[index + 1..]
            .iter()
            .find(|one| !one.is_empty())
            .copied()
            .unwrap_or("");
        if index >= at && depth <= 0 && !goes_on(part, next) {
            break;
        }
    }
    Some(join(&parts))
}

/// The lines around a line, with their numbers: for showing.
pub fn around(file: &Path, line: u32, context: u32) -> Vec<(u32, String)> {
    let Ok(bytes) = std::fs::read(file) else {
        return Vec::new();
    };
    let wanted = line.saturating_sub(context)..=line.saturating_add(context);
    String::from_utf8_lossy(&bytes)
        .lines()
        .zip(1..)
        .filter(|(_, number)| wanted.contains(number))
        .map(|(text, number)| (number, text.to_string()))
        .collect()
}

/// Where the statement begins that goes through line `at`.
fn first_line(lines: &[&str], at: usize) -> usize {
    let mut first = at;
    let mut closed = 0;
    for index in (at.saturating_sub(LONGEST)..at).rev() {
        let part = lines[index];
        if part.is_empty() {
            continue;
        }
        if part.starts_with('#') {
            break;
        }
        closed -= balance(part);
        // More is opened up to here than closed: the parenthesis reaches into the statement.
        let opened = closed < 0;
        if !opened && !goes_on(part, lines[first]) {
            // A parenthesis closed here may have been opened above, in a line that goes on.
            if closed > 0
                && !part.ends_with([';', '{', '}'])
                && index + 1 == first
                && goes_on(part, lines[first])
            {
                continue;
            }
            break;
        }
        first = index;
        closed = closed.max(0);
    }
    first
}

/// Parentheses and brackets opened less those closed, outside strings.
fn balance(code: &str) -> i32 {
    let mut depth = 0;
    let mut quote = None;
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"') => quote = Some('"'),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth -= 1,
            _ => {}
        }
    }
    depth
}

/// Whether a line that closes its parentheses is continued by the next one.
fn goes_on(line: &str, next: &str) -> bool {
    let ends = [
        "&&", "||", "=", "+", "-", "*", "/", "|", "&", "?", ",", "<", ">", "^", "%", "(", "!",
    ];
    let begins = [
        "&&", "||", "?", ": ", "+", "| ", "& ", "<<", ">>", "==", "!=", ".", "= ", "->", "\"",
    ];
    let increment = line.ends_with("++") || line.ends_with("--");
    !line.ends_with([';', '{', '}'])
        && (ends.iter().any(|end| line.ends_with(end)) && !increment
            || begins.iter().any(|begin| next.starts_with(begin)))
}

/// Joins the lines of a statement as they would stand on one.
fn join(parts: &[&str]) -> String {
    let mut out = String::new();
    for part in parts {
        let tight = out.is_empty() || out.ends_with('(') || part.starts_with([')', '.']);
        if !tight {
            out.push(' ');
        }
        out.push_str(part);
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text with every comment blanked out and its lines kept.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut string = false;
    while let Some(c) = chars.next() {
        match (string, c, chars.peek()) {
            (true, '\\', Some(_)) => {
                out.push(c);
                out.extend(chars.next());
            }
            // A string ends on its line in C; this keeps an apostrophe's mistake short.
            (true, '"' | '\n', _) => {
                string = false;
                out.push(c);
            }
            (false, '"', _) => {
                string = !out.ends_with('\'');
                out.push(c);
            }
            (false, '/', Some('/')) => while chars.next_if(|&c| c != '\n').is_some() {},
            (false, '/', Some('*')) => {
                chars.next();
                skip_comment(&mut chars, &mut out);
            }
            _ => out.push(c),
        }
    }
    out
}

fn skip_comment(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    let mut star = false;
    for c in chars.by_ref() {
        match c {
            '/' if star => break,
            '\n' => out.push('\n'),
            _ => {}
        }
        star = c == '*';
    }
    out.push(' ');
}

#[cfg(test)]
mod tests {
    use super::*;

    const C: &str = "/* a file\n * of C */\nint f(int a)\n{\n\tint b = a; // why\n\tVM_BUG_ON((BAD >> bit) & 1);\n\tif (WARN(b,\n\t\t \"text; (%d\\n\",\n\t\t b))\n\t\treturn 0;\n\tb = a +\n\t    1;\n\n\treturn b\n\t\t? 1 : 2;\n}\n";

    #[track_caller]
    fn check(line: u32, expected: Option<&str>) {
        assert_eq!(statement_in(C, line).as_deref(), expected);
    }

    #[test]
    fn statements_are_whole() {
        check(2, None);
        check(5, Some("int b = a;"));
        check(6, Some("VM_BUG_ON((BAD >> bit) & 1);"));
        check(7, Some("if (WARN(b, \"text; (%d\\n\", b))"));
        check(9, Some("if (WARN(b, \"text; (%d\\n\", b))"));
        check(10, Some("return 0;"));
        check(11, Some("b = a + 1;"));
        check(12, Some("b = a + 1;"));
        check(13, None);
        check(14, Some("return b ? 1 : 2;"));
        check(99, None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_statements(text in ".{0,400}", line in 0u32..40) {
            let _ = statement_in(&text, line);
        }
    }
}
