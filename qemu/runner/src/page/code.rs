// SPDX-License-Identifier: GPL-2.0

//! Source text as markup, with its comments, strings and words told apart. As good as a glance:
//! it knows tokens, and no grammar. Whatever it is given comes out escaped.

use minijinja::value::Value;
use oopsarium::pattern::regex;
use regex::Regex;
use std::{fmt::Write, ops::Range, sync::LazyLock};

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust.
    Rust,
    /// C, with its preprocessor.
    C,
    /// TOML.
    Toml,
    /// A shell script.
    Shell,
    /// Something else: nothing is told apart.
    Text,
}

impl Language {
    /// By the ending of a file's name, or the word behind a fence.
    pub fn of(name: &str) -> Self {
        match name.rsplit('.').next().unwrap_or(name) {
            "rs" | "rust" => Self::Rust,
            "c" | "h" => Self::C,
            "toml" => Self::Toml,
            "sh" | "console" => Self::Shell,
            _ => Self::Text,
        }
    }

    fn tokens(self) -> Option<&'static Regex> {
        static RUST: LazyLock<Regex> = LazyLock::new(|| {
            regex(
                r#"(?s)(?<c>//[^\n]*|/\*.*?\*/)|(?<s>b?"(?:\\.|[^"\\])*"|b?'(?:\\.[^']*|[^'\\])')|(?<a>#!?\[[^\]\n]*\])|(?<m>\b[a-z_][a-z0-9_]*!)|(?<k>\b(?:as|async|await|break|const|continue|crate|dyn|else|enum|extern|false|fn|for|if|impl|in|let|loop|match|mod|move|mut|pub|ref|return|self|Self|static|struct|super|trait|true|type|unsafe|use|where|while)\b)|(?<t>\b[A-Z][a-z]\w*\b)|(?<n>\b\d[\w.]*\b)"#,
            )
        });
        static C: LazyLock<Regex> = LazyLock::new(|| {
            regex(
                r#"(?s)(?<c>//[^\n]*|/\*.*?\*/)|(?<s>"(?:\\.|[^"\\\n])*"|'(?:\\.[^']*|[^'\\])')|(?<a>(?m:^)[ \t]*#[ \t]*[a-z]+)|(?<k>\b(?:auto|bool|break|case|char|const|continue|default|do|double|else|enum|extern|false|float|for|goto|if|inline|int|long|NULL|register|return|short|signed|sizeof|static|struct|switch|true|typedef|typeof|union|unsigned|void|volatile|while|__always_inline)\b)|(?<t>\b(?:[us](?:8|16|32|64)|\w+_t)\b)|(?<m>\b[A-Z][A-Z0-9_]{2,}\b)|(?<n>\b\d\w*\b)"#,
            )
        });
        static TOML: LazyLock<Regex> = LazyLock::new(|| {
            regex(
                r#"(?<c>#[^\n]*)|(?<s>"(?:\\.|[^"\\\n])*")|(?<a>(?m:^)\[\[?[^\]\n]*\]\]?)|(?<k>(?m:^)[\w-]+)|(?<n>\b\d[\w.]*\b)|(?<m>\b(?:true|false)\b)"#,
            )
        });
        static SHELL: LazyLock<Regex> = LazyLock::new(|| {
            regex(
                r#"(?s)(?<c>(?m:^|\s)#[^\n]*)|(?<s>"(?:\\.|[^"\\])*"|'[^']*')|(?<k>\b(?:case|do|done|elif|else|esac|exec|exit|fi|for|if|in|local|return|set|then|while)\b)|(?<m>\$\{?\w+\}?)"#,
            )
        });
        match self {
            Self::Rust => Some(&RUST),
            Self::C => Some(&C),
            Self::Toml => Some(&TOML),
            Self::Shell => Some(&SHELL),
            Self::Text => None,
        }
    }
}

/// The names of the groups above, which are the classes of the markup.
const CLASSES: [&str; 7] = ["c", "s", "a", "m", "k", "t", "n"];

/// Each line of `text` as markup.
pub fn lines(text: &str, language: Language) -> Vec<Value> {
    let text = shown(text);
    let tokens = tokens(&text, language);
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let range = start..start + line.trim_end_matches(['\n', '\r']).len();
        found.push(markup(&text, range, &tokens, &[]));
        start += line.len();
    }
    found
}

/// Text as it is shown: a tab is four blanks, whose width does not depend on what is before.
pub fn shown(text: &str) -> String {
    text.replace('\t', "    ")
}

/// The tokens of a text, with their classes, in their order.
pub fn tokens(text: &str, language: Language) -> Vec<(Range<usize>, &'static str)> {
    let Some(regex) = language.tokens() else {
        return Vec::new();
    };
    let class = |found: &regex::Captures<'_>| {
        let mut classes = CLASSES.into_iter();
        classes.find_map(|class| Some((found.name(class)?.range(), class)))
    };
    regex
        .captures_iter(text)
        .filter_map(|found| class(&found))
        .collect()
}

/// The part of `text` in `range` as markup: its `tokens` in their classes, and what is in
/// `marked` marked.
pub fn markup(
    text: &str,
    range: Range<usize>,
    tokens: &[(Range<usize>, &'static str)],
    marked: &[Range<usize>],
) -> Value {
    let first = tokens.partition_point(|(token, _)| token.end <= range.start);
    let here = tokens[first..]
        .iter()
        .take_while(|(token, _)| token.start < range.end);
    // Wherever something begins or ends.
    let mut cuts = vec![range.start, range.end];
    for inner in here.clone().map(|(token, _)| token).chain(marked) {
        cuts.extend([inner.start, inner.end].map(|at| at.clamp(range.start, range.end)));
    }
    cuts.sort_unstable();
    cuts.dedup();
    let mut out = String::new();
    for cut in cuts.windows(2) {
        let (start, end) = (cut[0], cut[1]);
        let within = |outer: &Range<usize>| outer.start <= start && end <= outer.end;
        let class = here.clone().find(|(token, _)| within(token));
        let is_marked = marked.iter().any(within);
        let (before, after) = if is_marked {
            ("<mark>", "</mark>")
        } else {
            ("", "")
        };
        // Writing to a string cannot fail.
        let _ = match class {
            Some((_, class)) => write!(
                out,
                "{before}<span class={class}>{}</span>{after}",
                escaped(&text[start..end])
            ),
            None => write!(out, "{before}{}{after}", escaped(&text[start..end])),
        };
    }
    Value::from_safe_string(out)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{expect, Expect};

    fn check(text: &str, language: Language, expected: Expect) {
        let lines: Vec<String> = lines(text, language).iter().map(Value::to_string).collect();
        expected.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn tokens_have_classes_and_all_is_escaped() {
        check(
            "// a <b>\nlet x: Vec<u8> = 'a' + \"<\\\"\"; // c\n/* two\nlines */ pr_info!(1);",
            Language::Rust,
            expect![[r#"
                <span class=c>// a &lt;b&gt;</span>
                <span class=k>let</span> x: <span class=t>Vec</span>&lt;u8&gt; = <span class=s>'a'</span> + <span class=s>&quot;&lt;\&quot;&quot;</span>; <span class=c>// c</span>
                <span class=c>/* two</span>
                <span class=c>lines */</span> <span class=m>pr_info!</span>(<span class=n>1</span>);"#]],
        );
        check(
            "#include <a.h>\n\tVM_BUG_ON((x >> 1) & 1);",
            Language::C,
            expect![[r#"
                <span class=a>#include</span> &lt;a.h&gt;
                    <span class=m>VM_BUG_ON</span>((x &gt;&gt; <span class=n>1</span>) &amp; <span class=n>1</span>);"#]],
        );
        check(
            "[[bug]]\na = \"<\" # c",
            Language::Toml,
            expect![[r#"
                <span class=a>[[bug]]</span>
                <span class=k>a</span> = <span class=s>&quot;&lt;&quot;</span> <span class=c># c</span>"#]],
        );
        check(
            "fi # <x>",
            Language::Shell,
            expect![[r#"<span class=k>fi</span><span class=c> # &lt;x&gt;</span>"#]],
        );
        check("let <x>", Language::Text, expect!["let &lt;x&gt;"]);
    }

    #[test]
    fn lifetimes_are_no_strings() {
        check(
            "fn f(m: &'static str) -> &'static str",
            Language::Rust,
            expect!["<span class=k>fn</span> f(m: &amp;'<span class=k>static</span> str) -&gt; &amp;'<span class=k>static</span> str"],
        );
    }

    proptest::proptest! {
        #[test]
        fn nothing_of_a_text_is_lost(text in "[ -~\n\"'/*#<>&é]{0,200}") {
            let tag = regex("<[^>]*>");
            for language in [Language::Rust, Language::C, Language::Toml, Language::Shell] {
                let shown: Vec<String> = lines(&text, language)
                    .iter()
                    .map(|line| {
                        tag.replace_all(&line.to_string(), "")
                            .replace("&lt;", "<")
                            .replace("&gt;", ">")
                            .replace("&quot;", "\"")
                            .replace("&amp;", "&")
                    })
                    .collect();
                let expected: Vec<&str> = text.split_inclusive('\n').map(|l| l.trim_end_matches('\n')).collect();
                assert_eq!(shown, expected);
            }
        }
    }
}
