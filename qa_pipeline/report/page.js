"use strict";
// Filters, sorting, one call at a time, and playing. Reads only attributes and text of the page; writes no markup.
(() => {
  const root = document.documentElement;
  const $ = (id) => document.getElementById(id);
  const rows = () => [...document.querySelectorAll("#matrix tbody tr")];
  const MOST_FOUND = 60;

  // --- one call at a time: the address after # names a call, or a finding of it ---
  let left = 0;
  function route() {
    const match = /^#(call-\d+)(-f\d+)?$/.exec(location.hash);
    const call = match && $(match[1]);
    if (call && !root.classList.contains("one")) left = scrollY;
    const was = document.querySelector(".call.open");
    if (was !== call) was?.classList.remove("open");
    root.classList.toggle("one", Boolean(call));
    if (!call) {
      if (was) {
        scrollTo(0, left);
        document.querySelector(`#matrix tr[data-call="${was.id}"] a`)?.focus({ preventScroll: true });
      }
      return;
    }
    call.classList.add("open");
    const shown = rows().filter((row) => !row.hidden).map((row) => row.dataset.call);
    const place = shown.indexOf(call.id);
    step(call.querySelector(".previous"), place < 0 ? undefined : shown[place - 1]);
    step(call.querySelector(".next"), place < 0 ? undefined : shown[place + 1]);
    const finding = match[2] && $(match[1] + match[2]);
    if (finding) finding.scrollIntoView({ block: "center" });
    else if (was !== call) scrollTo(0, 0);
    (finding || $(`${call.id}-head`)).focus({ preventScroll: true });
  }
  function step(link, target) {
    link.hidden = !target;
    if (target) link.href = `#${target}`;
  }
  addEventListener("hashchange", route);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && root.classList.contains("one")) location.hash = "";
  });
  $("matrix")?.tBodies[0].addEventListener("click", (event) => {
    if (!event.target.closest("a") && !String(getSelection())) location.hash = event.target.closest("tr").dataset.call;
  });

  // --- filters ---
  const words = new Map();
  function wordsOf(row) {
    if (!words.has(row)) words.set(row, `${row.textContent} ${$(row.dataset.call).textContent}`.toLowerCase());
    return words.get(row);
  }
  function filter() {
    const find = $("find").value.trim().toLowerCase();
    const [agent, rubric, outcome, missed] = ["agent", "rubric", "outcome", "missed"].map((name) => $(`by-${name}`).value);
    let count = 0;
    for (const row of rows()) {
      const { dataset } = row;
      const isShown =
        (!agent || dataset.agent === agent) &&
        (!rubric || dataset.rubric === rubric) &&
        (!outcome || (outcome === "review" ? dataset.review === "yes" : outcome === "not passed" ? /^(critical|not passed)$/.test(dataset.state) : dataset.state === outcome)) &&
        (!missed || dataset.missed.split(" ").includes(missed)) &&
        (!find || wordsOf(row).includes(find));
      row.hidden = !isShown;
      count += isShown;
    }
    $("shown").value = `${count} of ${rows().length} calls`;
  }
  const filters = $("filters");
  if (filters) {
    filters.addEventListener("input", filter);
    filters.addEventListener("submit", (event) => event.preventDefault());
    filters.addEventListener("reset", () => setTimeout(filter));
    filter();
  }
  for (const button of document.querySelectorAll("[data-show-agent]")) {
    button.addEventListener("click", () => {
      $("by-agent").value = button.dataset.showAgent;
      filter();
      $("calls-head").scrollIntoView();
    });
  }

  // --- sorting by a click on the head; what has no value stays at the end ---
  for (const head of document.querySelectorAll("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const table = head.closest("table");
      const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
      const value = (row) => row.cells[head.cellIndex].dataset.value;
      const compare = head.dataset.sort === "number" ? (a, b) => a - b : (a, b) => a.localeCompare(b, undefined, { numeric: true });
      const sorted = [...table.tBodies[0].rows].sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        return x === "" || y === "" ? (x === "") - (y === "") : way * compare(x, y);
      });
      table.tBodies[0].append(...sorted);
    });
  }

  // --- finding a call among the pages of days ---
  const finder = $("finder");
  if (finder) {
    const known = JSON.parse($("known-calls").textContent);
    finder.addEventListener("submit", (event) => event.preventDefault());
    finder.addEventListener("input", () => {
      const find = $("find-call").value.trim().toLowerCase();
      const found = find ? known.calls.filter(([id, agent]) => `${id} ${agent}`.toLowerCase().includes(find)) : [];
      $("found").value = find ? `${found.length} of ${known.calls.length} calls${found.length > MOST_FOUND ? `, the first ${MOST_FOUND}` : ""}` : `${known.calls.length} calls`;
      $("found-calls").replaceChildren(...found.slice(0, MOST_FOUND).map(([id, agent, page, number]) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = `${known.pages[page]}#call-${number}`;
        link.textContent = id;
        item.append(link, ` ${agent}`);
        return item;
      }));
    });
  }

  // --- playing: clips of this page, or stretches of the recording beside it ---
  const sound = $("sound");
  if (!sound) {
    root.dataset.ready = "yes";
    return;
  }
  let clips, current;
  function play(control) {
    const { clip, from, to } = control.dataset;
    clips ??= JSON.parse($("clips").textContent);
    current?.control.classList.remove("on");
    current = { control, call: control.closest(".call"), offset: clip ? Number(from) : 0, until: !clip && to ? Number(to) : Infinity };
    control.classList.add("on");
    $("player").hidden = false;
    $("playing").textContent = `${current.call.querySelector("h2").textContent}, ${control.textContent.trim()}`;
    sound.src = clip ? `data:audio/mpeg;base64,${clips[clip]}` : control.href;
    sound.play().catch(() => {});
  }
  sound.addEventListener("error", () => {
    if (current) $("playing").textContent = "The recording cannot be opened from here; what was cut from it plays without it.";
  });
  sound.addEventListener("timeupdate", () => {
    if (!current) return;
    const at = current.offset + sound.currentTime * 1000;
    if (at >= current.until) {
      current.until = Infinity;
      sound.pause();
    }
    for (const line of current.call.querySelectorAll(".line[data-start]")) {
      line.classList.toggle("now", !sound.paused && Number(line.dataset.start) <= at && at < Number(line.dataset.end));
    }
  });
  for (const end of ["pause", "ended"]) sound.addEventListener(end, () => current?.control.classList.remove("on"));
  $("stop").addEventListener("click", () => {
    sound.pause();
    $("player").hidden = true;
    current?.control.focus();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("a.chip")) return;
    const control = event.target.closest(".play") || (String(getSelection()) ? null : event.target.closest(".line")?.querySelector(".play"));
    if (!control) return;
    event.preventDefault();
    play(control);
  });

  route();
  root.dataset.ready = "yes";
})();
