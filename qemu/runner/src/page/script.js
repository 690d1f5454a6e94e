// SPDX-License-Identifier: GPL-2.0
// The page without this is all there, in one long piece; with it, one case at a time.
"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const byId = (id) => document.getElementById(id);
  const overview = byId("overview");
  const filter = byId("filter");
  const rows = all("#grid tbody tr");
  const cases = all(".case");
  const toggles = all(".toggle");
  const title = document.title;
  let cameFrom = null;

  document.documentElement.classList.add("js");
  for (const id of ["controls", "help-button"]) byId(id).hidden = false;

  // What the address names is shown: the overview, a case, or a run.
  function show() {
    let id = location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch { /* shown as the overview */ }
    const target = byId(id);
    const article = target?.closest(".case") ?? null;
    for (const one of cases) one.classList.toggle("shown", one === article);
    overview.classList.toggle("away", article !== null);
    if (!article) {
      document.title = title;
      const back = cameFrom && rows.length ? linkTo(cameFrom) : null;
      if (back && !target?.matches(".other")) { back.focus(); back.scrollIntoView({ block: "center" }); }
      else if (target && target !== overview) { target.scrollIntoView(); target.querySelector("summary")?.focus(); }
      else window.scrollTo(0, 0);
      cameFrom = null;
      return;
    }
    // A place in the case that is shown already leaves the run as it is.
    const inside = target !== article && !target.closest(".run");
    const before = inside ? article.querySelector(".run.shown") : null;
    const run = target.closest(".run") ?? before ?? article.querySelector(".run");
    for (const one of all(".run", article)) one.classList.toggle("shown", one === run);
    for (const chip of all(".runs .chip", article)) {
      if (run && chip.hash === "#" + run.id) chip.setAttribute("aria-current", "true");
      else chip.removeAttribute("aria-current");
    }
    cameFrom = run?.id ?? null;
    document.title = article.querySelector("h2").textContent + " – Oopsarium";
    if (inside) {
      target.scrollIntoView();
      return;
    }
    const chip = article.querySelector(".runs [aria-current]");
    if (chip && target !== article) chip.focus({ preventScroll: true });
    else article.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  const linkTo = (id) => all("#grid a").find((link) => link.hash === "#" + id) ?? null;
  const go = (id) => { location.hash = "#" + id; };
  window.addEventListener("hashchange", show);

  function sift() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = toggles.filter((one) => one.getAttribute("aria-pressed") === "true").map((one) => one.dataset.status);
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const statuses = row.dataset.statuses.split(" ");
      const shown = words.every((word) => text.includes(word)) &&
        (!wanted.length || wanted.some((status) => statuses.includes(status)));
      row.hidden = !shown;
      count += shown;
    }
    if (rows.length) {
      byId("count").textContent = count === rows.length ? "" : `${count} of ${rows.length} cases`;
      byId("nothing").hidden = count > 0;
      byId("grid").hidden = count === 0;
    }
  }
  filter.addEventListener("input", sift);
  for (const one of toggles) {
    one.addEventListener("click", () => {
      one.setAttribute("aria-pressed", String(one.getAttribute("aria-pressed") !== "true"));
      sift();
    });
  }
  byId("clear")?.addEventListener("click", () => {
    filter.value = "";
    for (const one of toggles) one.setAttribute("aria-pressed", "false");
    sift();
    filter.focus();
  });

  for (const button of all(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      let done = true;
      try { await navigator.clipboard.writeText(code.textContent); }
      catch {
        // Not everywhere may a page from the file system do that.
        getSelection().selectAllChildren(code);
        done = document.execCommand("copy");
      }
      button.textContent = done ? "Copied" : "Selected";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }

  // Through the grid: dx to the next link of a row, dy to the next row that is shown.
  function move(dx, dy) {
    const shown = rows.filter((row) => !row.hidden);
    if (!shown.length) return;
    const row = document.activeElement?.closest?.("#grid tbody tr");
    if (!row) { shown[dy < 0 ? shown.length - 1 : 0].querySelector("a").focus(); return; }
    const links = all("a", row);
    const column = links.indexOf(document.activeElement);
    if (dx) { links[column + dx]?.focus(); return; }
    const next = shown[shown.indexOf(row) + dy];
    if (!next) return;
    const there = all("a", next);
    there[Math.min(Math.max(column, 0), there.length - 1)].focus();
  }

  function step(article, by) {
    const order = rows.filter((row) => !row.hidden).map((row) => row.querySelector("a").hash.slice(1));
    const next = order[order.indexOf(article.id) + by];
    if (next) go(next);
  }

  function turn(article, by) {
    const chips = all(".runs .chip", article);
    const at = chips.findIndex((chip) => chip.hasAttribute("aria-current"));
    const next = chips[at + by];
    if (next) go(next.hash.slice(1));
  }

  const help = byId("help");
  byId("help-button").addEventListener("click", () => help.showModal());

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const article = cases.find((one) => one.classList.contains("shown"));
    const typing = event.target === filter;
    const scrolling = event.target.closest?.(".console, .scroll") !== null && event.key.startsWith("Arrow");
    if (event.key === "Escape") {
      if (typing && filter.value) { filter.value = ""; sift(); }
      else if (typing) filter.blur();
      else if (article) go("overview");
      else return;
    } else if (typing) {
      if (event.key !== "ArrowDown" && event.key !== "Enter") return;
      move(0, 1);
    } else if (scrolling) return;
    else if (event.key === "/") {
      if (article) { cameFrom = null; go("overview"); show(); }
      filter.focus();
      filter.select();
    } else if (event.key === "?") help.showModal();
    else if (article && event.key === "j") step(article, 1);
    else if (article && event.key === "k") step(article, -1);
    else if (article && event.key === "ArrowRight") turn(article, 1);
    else if (article && event.key === "ArrowLeft") turn(article, -1);
    else if (article && event.key === "c") {
      const fold = article.querySelector(".run.shown .console")?.closest("details");
      if (!fold) return;
      fold.open = !fold.open;
      fold.querySelector(fold.open ? ".console" : "summary").focus();
      fold.scrollIntoView({ block: "nearest" });
    } else if (article) return;
    else if (event.key === "j" || event.key === "ArrowDown") move(0, 1);
    else if (event.key === "k" || event.key === "ArrowUp") move(0, -1);
    else if (event.key === "ArrowRight" && document.activeElement.closest("#grid")) move(1, 0);
    else if (event.key === "ArrowLeft" && document.activeElement.closest("#grid")) move(-1, 0);
    else return;
    event.preventDefault();
  });

  // Paper cannot be clicked on.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = all("details:not([open])").filter((one) => one.offsetParent !== null);
    for (const one of opened) one.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });

  show();
})();
