// SPDX-License-Identifier: GPL-2.0

//! A case's document, which is Markdown, as markup. Markup of its own that a document holds is
//! shown as text, and only what leads to the web is a link.

use super::code::{self, Language};
use minijinja::value::Value;
use pulldown_cmark::{
    html, CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd,
};

/// `markdown` as markup, to stand below a heading of the third level.
pub fn html(markdown: &str) -> Value {
    let parser = Parser::new_ext(markdown, Options::ENABLE_TABLES);
    let mut events = Vec::new();
    let mut links = Vec::new();
    let mut block: Option<(Language, String)> = None;
    for event in parser {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match &kind {
                    CodeBlockKind::Fenced(name) => Language::of(name),
                    CodeBlockKind::Indented => Language::Text,
                };
                block = Some((language, String::new()));
            }
            Event::End(TagEnd::CodeBlock) => {
                let (language, text) = block.take().unwrap_or((Language::Text, String::new()));
                let lines = code::lines(&text, language);
                let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
                let markup = format!("<pre><code>{}</code></pre>\n", lines.join("\n"));
                events.push(Event::Html(markup.into()));
            }
            Event::Text(text) if block.is_some() => {
                if let Some((_, whole)) = &mut block {
                    *whole += &text;
                }
            }
            Event::Html(text) | Event::InlineHtml(text) => events.push(Event::Text(text)),
            Event::Start(Tag::Heading {
                level,
                id: _,
                classes: _,
                attrs: _,
            }) => events.push(Event::Start(heading(level))),
            Event::End(TagEnd::Heading(level)) => {
                events.push(Event::End(heading(level).to_end()));
            }
            Event::Start(Tag::Link { ref dest_url, .. }) => {
                let web = is_web(dest_url);
                links.push(web);
                if web {
                    events.push(event);
                }
            }
            Event::End(TagEnd::Link) => {
                if links.pop() == Some(true) {
                    events.push(event);
                }
            }
            // A picture would have to be fetched: what it is called is shown.
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            event => events.push(event),
        }
    }
    let mut text = String::new();
    html::push_html(&mut text, events.into_iter());
    Value::from_safe_string(text)
}

fn is_web(url: &CowStr<'_>) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// Three levels further down.
fn heading(level: HeadingLevel) -> Tag<'static> {
    let level = match level {
        HeadingLevel::H1 => HeadingLevel::H4,
        HeadingLevel::H2 => HeadingLevel::H5,
        _ => HeadingLevel::H6,
    };
    Tag::Heading {
        level,
        id: None,
        classes: Vec::new(),
        attrs: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{expect, Expect};

    fn check(markdown: &str, expected: Expect) {
        expected.assert_eq(&html(markdown).to_string());
    }

    #[test]
    fn documents_are_markup_below_the_page_s_own() {
        check(
            "One `<s>`.\n\n# Bug\n\n```c\nif (a < b)\n```\n",
            expect![[r#"
                <p>One <code>&lt;s&gt;</code>.</p>
                <h4>Bug</h4>
                <pre><code><span class=k>if</span> (a &lt; b)</code></pre>
            "#]],
        );
    }

    #[test]
    fn nothing_in_a_document_runs_or_is_fetched() {
        check(
            "x <script>x</script> [a](javascript:x) [b](https://example.org) ![c](https://x/y)\n\n<img src=x>\n",
            expect![[r#"
                <p>x &lt;script&gt;x&lt;/script&gt; a <a href="https://example.org">b</a> c</p>
                &lt;img src=x&gt;
            "#]],
        );
    }
}
