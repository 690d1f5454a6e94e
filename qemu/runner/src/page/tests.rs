// SPDX-License-Identifier: GPL-2.0

//! The page as text, and in a browser.

use super::*;
use crate::results::tests::specimen;
use std::collections::BTreeSet;

fn page() -> String {
    render(&specimen()).unwrap()
}

#[test]
fn nothing_that_a_guest_said_is_markup() {
    let page = page();
    assert_eq!(page.matches("<script").count(), 1);
    assert!(
        page.contains("&lt;script&gt;document.title=&#x27;pwned&#x27;"),
        "{page}"
    );
    assert!(page.contains("-kernel BUG in &lt;old&gt;"));
    assert!(!page.contains("unused"), "a column that nothing is in");
    for raw in [
        "<c>",
        "<old>",
        "<twice>",
        "<slub>",
        "<no page>",
        "<insmod>",
        "<b>raw",
        "<x>",
        "<1.85>",
        "<note>",
    ] {
        assert!(!page.contains(raw), "{raw}");
    }
    assert!(!page.contains("href=\"javascript:"));
    let control = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(!page.contains(control));
}

#[test]
fn nothing_is_fetched() {
    let page = page();
    let attribute =
        oopsarium::pattern::regex(r#"(?:src|href|action|data|poster|srcset)="([^"]*)""#);
    for found in attribute.captures_iter(&page) {
        let target = &found[1];
        assert!(target.starts_with('#') || target == "data:,", "{target}");
    }
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
}

#[test]
fn the_policy_lets_only_our_script_run() {
    let page = page();
    let (_, rest) = page.split_once("<script>").unwrap();
    let (script, _) = rest.split_once("</script>").unwrap();
    let hash = BASE64_STANDARD.encode(Sha256::digest(script));
    assert!(page.contains(&format!("script-src 'sha256-{hash}'")));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn every_test_has_its_place_and_every_link_leads_to_one() {
    let page = page();
    let all = |pattern: &str| -> Vec<String> {
        let pattern = oopsarium::pattern::regex(pattern);
        let found = pattern.captures_iter(&page);
        found.map(|found| found[1].to_owned()).collect()
    };
    let ids = all(r#" id="([^"]+)""#);
    let known: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(known.len(), ids.len(), "an id is there twice");
    for test in specimen().tests {
        assert!(known.contains(&test.name), "{}", test.name);
    }
    for link in all(r##"href="#([^"]*)""##) {
        assert!(known.contains(&link), "{link}");
    }
    for reference in all(r#"aria-labelledby="([^"]+)""#) {
        assert!(known.contains(&reference), "{reference}");
    }
}

#[test]
fn a_console_is_cut_where_the_case_and_its_reports_begin() {
    let console = "a\nb\noopsarium: begin x\nc\nBUG\r\nRIP\x1b[0m\nd\n";
    let parts = segments(console, &[5..=6]);
    let parts: Vec<_> = parts
        .iter()
        .map(|part| (part.kind, part.first, part.lines, part.text.as_str()))
        .collect();
    assert_eq!(
        parts,
        [
            ("boot", 1, 2, "a\nb"),
            ("case", 3, 2, "oopsarium: begin x\nc"),
            ("report", 5, 2, "BUG\nRIP\u{1b}[0m"),
            ("case", 7, 1, "d"),
        ]
    );
    assert!(segments("", &[]).is_empty());
    assert_eq!(visible("a\u{1b}[m\t\n\u{202e}"), "a␛[m\t\n\u{fffd}");
}

#[test]
fn a_check_without_cases_has_a_page_too() {
    let results = Results::default();
    assert!(render(&results).unwrap().contains("no tests"));
}

/// In a real browser; `make check` names it in CHROMIUM. With SCREENSHOTS=folder, pictures are
/// left there for a person to look at, of the page RESULTS=results.json if that is set.
mod browser {
    use super::*;
    use serde_json::{json, Value as Json};
    use std::{
        io::{BufRead, BufReader, Write},
        path::Path,
        process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    };

    /// A page in a browser of its own, which is told what to do over a pipe.
    struct Tab {
        browser: Child,
        to: ChildStdin,
        from: BufReader<ChildStdout>,
        session: Option<String>,
        next: u64,
        /// What went wrong on the page, and what it asked for.
        complaints: Vec<String>,
        requests: Vec<String>,
        _profile: tempfile::TempDir,
    }

    impl Tab {
        fn open(page: &Path) -> Self {
            let profile = tempfile::tempdir().unwrap();
            let chromium = std::env::var_os("CHROMIUM").expect("CHROMIUM names a browser");
            // It reads commands from file 3 and answers on file 4.
            let mut shell = Command::new("sh");
            shell.args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null"]);
            shell.arg(chromium).args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                "--remote-debugging-pipe",
            ]);
            shell.arg(format!("--user-data-dir={}", profile.path().display()));
            shell
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
            let mut browser = shell.spawn().unwrap();
            let mut tab = Self {
                to: browser.stdin.take().unwrap(),
                from: BufReader::new(browser.stdout.take().unwrap()),
                browser,
                session: None,
                next: 0,
                complaints: Vec::new(),
                requests: Vec::new(),
                _profile: profile,
            };
            let target = tab.call("Target.createTarget", json!({"url": "about:blank"}));
            let id = &target["targetId"];
            let session = tab.call(
                "Target.attachToTarget",
                json!({"targetId": id, "flatten": true}),
            );
            tab.session = Some(session["sessionId"].as_str().unwrap().to_owned());
            for domain in ["Runtime", "Log", "Page", "Network"] {
                tab.call(&format!("{domain}.enable"), json!({}));
            }
            tab.width(1280, false);
            tab.load(page);
            tab
        }

        fn load(&mut self, page: &Path) {
            let url = format!("file://{}", page.display());
            self.call("Page.navigate", json!({"url": "about:blank"}));
            self.wait_for("location.protocol === 'about:' && document.readyState === 'complete'");
            self.call("Page.navigate", json!({"url": url}));
            self.wait_for("document.readyState === 'complete' && location.protocol === 'file:'");
        }

        fn call(&mut self, method: &str, params: Json) -> Json {
            self.next += 1;
            let mut message = json!({"id": self.next, "method": method, "params": params});
            if let Some(session) = &self.session {
                message["sessionId"] = json!(session);
            }
            let mut bytes = serde_json::to_vec(&message).unwrap();
            bytes.push(0);
            self.to.write_all(&bytes).unwrap();
            loop {
                let mut bytes = Vec::new();
                self.from.read_until(0, &mut bytes).unwrap();
                assert_eq!(
                    bytes.pop(),
                    Some(0),
                    "the browser went away during {method}"
                );
                let message: Json = serde_json::from_slice(&bytes).unwrap();
                if message["id"] == self.next {
                    assert!(message.get("error").is_none(), "{method}: {message}");
                    return message["result"].clone();
                }
                match message["method"].as_str() {
                    Some(
                        "Runtime.exceptionThrown" | "Log.entryAdded" | "Runtime.consoleAPICalled",
                    ) => {
                        self.complaints.push(message["params"].to_string());
                    }
                    Some("Network.requestWillBeSent") => {
                        let url = message["params"]["request"]["url"].as_str();
                        self.requests.push(url.unwrap().to_owned());
                    }
                    _ => {}
                }
            }
        }

        fn eval(&mut self, expression: &str) -> Json {
            let params =
                json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
            let result = self.call("Runtime.evaluate", params);
            assert!(
                result.get("exceptionDetails").is_none(),
                "{expression}: {result}"
            );
            result["result"]["value"].clone()
        }

        fn wait_for(&mut self, condition: &str) {
            for _ in 0..600 {
                if self.eval(condition) == true {
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            panic!("never true: {condition}");
        }

        /// Presses and lets go of a key, as a keyboard does.
        fn key(&mut self, key: &str) {
            let (code, number) = match key {
                "Tab" => ("Tab", 9),
                "Enter" => ("Enter", 13),
                "Escape" => ("Escape", 27),
                "ArrowLeft" => ("ArrowLeft", 37),
                "ArrowUp" => ("ArrowUp", 38),
                "ArrowRight" => ("ArrowRight", 39),
                "ArrowDown" => ("ArrowDown", 40),
                _ => ("", 0),
            };
            let mut down = json!({"type": "keyDown", "key": key, "code": code, "windowsVirtualKeyCode": number});
            if key.len() == 1 {
                down["text"] = json!(key);
            } else if key == "Enter" {
                down["text"] = json!("\r");
            }
            self.call("Input.dispatchKeyEvent", down);
            let up =
                json!({"type": "keyUp", "key": key, "code": code, "windowsVirtualKeyCode": number});
            self.call("Input.dispatchKeyEvent", up);
            // What follows from it, such as another address, has happened then.
            self.eval("new Promise(done => setTimeout(done, 20))");
        }

        fn keys(&mut self, keys: &[&str]) {
            for key in keys {
                self.key(key);
            }
        }

        fn width(&mut self, width: u32, mobile: bool) {
            let params =
                json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": mobile});
            self.call("Emulation.setDeviceMetricsOverride", params);
        }

        fn scheme(&mut self, scheme: &str) {
            let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
            self.call("Emulation.setEmulatedMedia", json!({"features": features}));
        }

        fn check(&mut self, what: &str, expected: Json) {
            assert_eq!(self.eval(what), expected, "{what}");
        }

        fn picture(&mut self, path: &Path) {
            let params = json!({"captureBeyondViewport": true});
            let picture = self.call("Page.captureScreenshot", params);
            let bytes = BASE64_STANDARD.decode(picture["data"].as_str().unwrap());
            std::fs::write(path, bytes.unwrap()).unwrap();
        }
    }

    impl Drop for Tab {
        fn drop(&mut self) {
            // Its own children end with it.
            let _ = self.browser.kill();
            let _ = self.browser.wait();
        }
    }

    /// Where the keyboard's focus is, and whether one sees it.
    const FOCUS: &str = "(() => { const e = document.activeElement; const s = getComputedStyle(e); \
        return [e.id || e.hash || e.className || e.tagName, s.outlineStyle !== 'none' && s.outlineWidth !== '0px']; })()";

    /// Text that is harder to read than WCAG 2 allows (1.4.3), with its contrast.
    const FAINT: &str = r#"(() => {
        const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
            return Array.from(canvas.getImageData(0, 0, 1, 1).data); };
        const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map(v => { v /= 255;
            return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
        const behind = (e) => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; }
            return rgba(getComputedStyle(document.body).backgroundColor); };
        const found = new Set();
        const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) {
            const e = walk.currentNode.parentElement;
            if (!walk.currentNode.textContent.trim() || !e.checkVisibility() || e.closest('.sr, .skip-link, script, style')) continue;
            const s = getComputedStyle(e);
            const [a, b] = [light(rgba(s.color)), light(behind(e))];
            const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            const size = parseFloat(s.fontSize);
            const enough = size >= 24 || (size >= 18.66 && s.fontWeight >= 700) ? 3 : 4.5;
            if (contrast < enough) found.add(`${e.tagName}.${e.className}: ${contrast.toFixed(2)}`);
        }
        return Array.from(found);
    })()"#;

    fn written() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a page.html");
        std::fs::write(&path, page()).unwrap();
        (folder, path)
    }

    #[test]
    #[ignore = "needs a browser: make check runs it"]
    fn it_is_used_with_the_keyboard() {
        let (_folder, path) = written();
        let mut tab = Tab::open(&path);
        tab.check("document.scripts.length", json!(1));
        assert!(tab
            .eval("document.title")
            .as_str()
            .unwrap()
            .starts_with("Oopsarium"));

        // The order of the focus is that of the page, and it is seen everywhere.
        let mut order = Vec::new();
        for _ in 0..14 {
            tab.key("Tab");
            let focus = tab.eval(FOCUS);
            assert_eq!(focus[1], true, "the focus is not seen on {}", focus[0]);
            order.push(focus[0].as_str().unwrap().to_owned());
        }
        let expected = [
            "#overview",
            "help-button",
            "filter",
            "toggle pass",
            "toggle fail",
            "toggle error",
            "toggle skip",
            "#case.bad-slab",
            "#bad-slab.arm64.bug",
            "#bad-slab.arm64.fixed",
            "#bad-slab.x86_64.bug",
            "#bad-slab.x86_64.fixed",
            "#case.other",
            "#other.arm64.bug",
        ];
        assert_eq!(order, expected);

        // The filter.
        let shown = "Array.from(document.querySelectorAll('#grid tbody tr')).filter(r => r.checkVisibility()).length";
        tab.check(shown, json!(2));
        tab.keys(&["/", "o", "t", "h", "e", "r"]);
        tab.check("document.activeElement.id", json!("filter"));
        tab.check(shown, json!(1));
        tab.check(
            "document.getElementById('count').textContent",
            json!("1 of 2 cases"),
        );
        tab.keys(&["x"]);
        tab.check(shown, json!(0));
        tab.check("document.getElementById('nothing').hidden", json!(false));
        tab.key("Escape");
        tab.check(shown, json!(2));
        tab.key("Escape");
        tab.check("document.activeElement.id === 'filter'", json!(false));
        tab.eval("document.querySelector('.toggle.fail').click()");
        tab.check(shown, json!(1));
        tab.eval("document.querySelector('.toggle.fail').click()");

        // Through the grid, into a run, and back to where one was.
        tab.keys(&["j", "ArrowRight", "ArrowRight", "ArrowRight"]);
        tab.check("document.activeElement.hash", json!("#bad-slab.x86_64.bug"));
        tab.keys(&["ArrowDown", "k"]);
        tab.key("Enter");
        let hash = tab.eval("location.hash");
        assert_eq!(hash, "#bad-slab.arm64.bug", "the column of the shorter row");
        let visible = |id: &str| format!("document.getElementById('{id}').checkVisibility()");
        tab.check(&visible("overview"), json!(false));
        tab.check(&visible("bad-slab.arm64.bug"), json!(true));
        tab.check(&visible("bad-slab.x86_64.bug"), json!(false));
        tab.check(&visible("case.other"), json!(false));
        tab.keys(&["ArrowRight", "ArrowRight"]);
        tab.check("location.hash", json!("#bad-slab.x86_64.bug"));
        tab.check(&visible("bad-slab.x86_64.bug"), json!(true));
        tab.check(
            "document.activeElement.getAttribute('aria-current')",
            json!("true"),
        );
        tab.key("c");
        tab.check("document.activeElement.className", json!("console"));
        let console = tab.eval("document.activeElement.textContent");
        assert!(console
            .as_str()
            .unwrap()
            .contains("<script>document.title='pwned'</script>"));
        tab.key("j");
        tab.check("location.hash", json!("#case.other"));
        tab.key("Escape");
        tab.check(&visible("overview"), json!(true));
        tab.check("document.activeElement.hash", json!("#other.arm64.bug"));
        tab.key("?");
        tab.check("document.getElementById('help').open", json!(true));
        tab.key("Escape");
        tab.check("document.getElementById('help').open", json!(false));
        tab.check(&visible("overview"), json!(true));

        assert_eq!(tab.complaints, Vec::<String>::new());
        let elsewhere = |url: &&String| !url.starts_with("file://") && !url.starts_with("data:");
        assert_eq!(tab.requests.iter().find(elsewhere), None);
    }

    #[test]
    #[ignore = "needs a browser: make check runs it"]
    fn it_fits_and_is_read_in_any_light() {
        let (_folder, path) = written();
        let mut tab = Tab::open(&path);
        let mut backgrounds = BTreeSet::new();
        for scheme in ["light", "dark"] {
            tab.scheme(scheme);
            let background = tab.eval("getComputedStyle(document.body).backgroundColor");
            backgrounds.insert(background.to_string());
            for width in [320, 390, 768, 1280] {
                tab.width(width, width < 700);
                for hash in [
                    "#overview",
                    "#bad-slab.x86_64.bug",
                    "#bad-slab.x86_64.fixed",
                ] {
                    tab.eval(&format!("location.hash = '{hash}'"));
                    tab.eval("new Promise(done => setTimeout(done, 20))");
                    tab.eval(
                        "document.querySelectorAll('details').forEach(one => { one.open = true; })",
                    );
                    let wide = tab.eval("document.documentElement.scrollWidth");
                    assert!(
                        wide.as_u64().unwrap() <= u64::from(width),
                        "{hash}: {wide} > {width}"
                    );
                    tab.check(FAINT, json!([]));
                }
            }
        }
        assert_eq!(backgrounds.len(), 2);
        // On paper there is nothing to click on.
        tab.call("Emulation.setEmulatedMedia", json!({"media": "print"}));
        tab.check(
            "document.querySelector('.copy').checkVisibility()",
            json!(false),
        );
        tab.check(
            "document.querySelector('.run.shown .console').checkVisibility()",
            json!(true),
        );
        let pdf = tab.call("Page.printToPDF", json!({}));
        assert!(pdf["data"].as_str().unwrap().len() > 1000);
    }

    #[test]
    #[ignore = "needs a browser: make check runs it"]
    fn without_its_script_all_of_it_is_there() {
        let (_folder, path) = written();
        let mut tab = Tab::open(&path);
        tab.call(
            "Emulation.setScriptExecutionDisabled",
            json!({"value": true}),
        );
        tab.load(&path);
        tab.wait_for("!document.documentElement.classList.contains('js')");
        let hidden = "Array.from(document.querySelectorAll('.case, .run')).filter(e => !e.checkVisibility()).length";
        tab.check(hidden, json!(0));
        tab.check(
            "document.getElementById('controls').checkVisibility()",
            json!(false),
        );
    }

    #[test]
    #[ignore = "leaves pictures: SCREENSHOTS=folder"]
    fn pictures() {
        let folder = std::env::var_os("SCREENSHOTS").expect("SCREENSHOTS names a folder");
        let folder = Path::new(&folder);
        std::fs::create_dir_all(folder).unwrap();
        let results = match std::env::var_os("RESULTS") {
            Some(path) => Results::read(Path::new(&path)).unwrap(),
            None => specimen(),
        };
        let path = folder.join("index.html");
        std::fs::write(&path, render(&results).unwrap()).unwrap();
        let run = results.tests.iter().find(|test| {
            let guest = test.guest.as_ref();
            guest.is_some_and(|guest| !guest.decoded.is_empty())
        });
        let run = run.map_or("overview", |test| test.name.as_str());
        let mut tab = Tab::open(&path.canonicalize().unwrap());
        for scheme in ["light", "dark"] {
            tab.scheme(scheme);
            for (name, width) in [("wide", 1280), ("phone", 390)] {
                tab.width(width, width < 700);
                for (view, hash) in [("overview", "overview"), ("run", run)] {
                    tab.eval(&format!("location.hash = '{hash}'"));
                    tab.eval("new Promise(done => setTimeout(done, 50))");
                    tab.picture(&folder.join(format!("{view}-{name}-{scheme}.png")));
                }
            }
        }
    }
}
