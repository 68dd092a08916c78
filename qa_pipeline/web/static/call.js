// A call's page in motion: the recording drawn by who speaks, the transcript that follows it, keys for everything a reviewer repeats.
// Without this the page is links and forms: a moment is a link into the recording.
import { tell } from "/static/app.js";
import { pressed } from "/static/pressing.js";
import { drawWave } from "/static/wave.js";

const page = document.querySelector(".call");
const audio = document.getElementById("audio");
document.documentElement.classList.add("scripted");

// --- the recording -----------------------------------------------------------------------------------------------------------------------

let until = null;
let looped = null;
let wave = null;
const now = () => audio.currentTime * 1000;

/** Play from a moment, in ms; to another one, where one is given. */
function play(start, end) {
  if (!audio) return;
  until = end ?? null;
  if (looped) looped = { start, end: end ?? start + 5000 };
  // A second before: a word that is cut off is not understood.
  const from = Math.max(0, start - (end == null ? 0 : 300));
  if (audio.readyState === 0) audio.addEventListener("loadedmetadata", () => { audio.currentTime = from / 1000; }, { once: true });
  else audio.currentTime = from / 1000;
  audio.play().catch((error) => { if (error.name !== "AbortError") tell(error.message); });
}

function toggle() {
  if (!audio) return false;
  until = null;
  if (audio.paused) audio.play().catch(() => {}); else audio.pause();
}

function leap(by) {
  if (!audio) return false;
  until = null;
  audio.currentTime = Math.max(0, audio.currentTime + by);
}

const speed = document.getElementById("speed");
function faster(by) {
  if (!audio) return false;
  speed.selectedIndex = Math.max(0, Math.min(speed.options.length - 1, speed.selectedIndex + by));
  setSpeed();
}
function setSpeed() { audio.playbackRate = Number(speed.value); audio.preservesPitch = true; }

const button = (deed) => page.querySelector(`[data-does=${deed}]`);
function loop() {
  if (!audio) return false;
  if (looped) looped = null;
  else {
    const line = lineAt(now());
    looped = line ? { start: Number(line.dataset.start), end: Number(line.dataset.end) } : { start: Math.max(0, now() - 2500), end: now() + 2500 };
  }
  button("loop").setAttribute("aria-pressed", String(looped != null));
}
function fold() {
  if (!wave) return false;
  button("fold").setAttribute("aria-pressed", String(wave.fold()));
}

if (audio) {
  audio.addEventListener("error", () => { document.getElementById("unheard").hidden = false; });
  speed.addEventListener("change", setSpeed);
  button("back").addEventListener("click", () => leap(-5));
  button("on").addEventListener("click", () => leap(5));
  button("loop").addEventListener("click", loop);
  button("fold").addEventListener("click", fold);
  const follow = () => {
    const at = now();
    if (looped && (at >= looped.end || at < looped.start - 400)) audio.currentTime = looped.start / 1000;
    else if (until != null && at >= until + 300) { audio.pause(); until = null; }
    else if (!audio.paused && wave?.isFolded) {
      // What is folded is not waited through.
      const silence = wave.silences.find(([start, end]) => at >= start + 700 && at < end - 500);
      if (silence && until == null) audio.currentTime = (silence[1] - 300) / 1000;
    }
    mark(at);
    wave?.show(at);
    if (!audio.paused) requestAnimationFrame(follow);
  };
  audio.addEventListener("play", () => requestAnimationFrame(follow));
  audio.addEventListener("seeked", () => { mark(now()); wave?.show(now()); });
  drawWave({ address: `${page.dataset.call}/waveform`, seek: (ms) => { until = null; audio.currentTime = ms / 1000; } }).then((drawn) => {
    wave = drawn;
    markWave();
  }).catch((error) => tell(error.message));
}

/** What was found for all criteria, and the evidence and window of the one that is looked at, in the waveform. */
function markWave() {
  if (!wave) return;
  const found = [...page.querySelectorAll("#judged .play[data-kind]")];
  const marks = found.filter((link) => link.dataset.evidence !== "heard" || link.closest(".chosen")).map((link) => ({
    start: Number(link.dataset.start), end: Number(link.dataset.end), kind: link.dataset.kind,
  }));
  const [start, end] = (chosen()?.dataset.window ?? "").split(",").map(Number);
  wave.mark(marks, end ? { start, end } : null);
}

// --- the transcript ----------------------------------------------------------------------------------------------------------------------

const lines = [...page.querySelectorAll(".line[data-start]")];
const starts = lines.map((line) => Number(line.dataset.start));
let current = null;
let spoken = null;

/** The last line that has begun at a moment. */
function lineAt(at) {
  let low = 0, high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= at) low = middle + 1; else high = middle;
  }
  return lines[low - 1] ?? null;
}

function mark(at) {
  const line = lineAt(at);
  if (line !== current) {
    current?.classList.remove("now");
    line?.classList.add("now");
    current = line;
    if (line && !audio.paused) intoView(line);
  }
  let word = null;
  for (const one of line?.querySelectorAll("[data-s]") ?? []) {
    if (Number(one.dataset.s) > at) break;
    word = one;
  }
  if (word !== spoken) {
    spoken?.classList.remove("spoken");
    word?.classList.add("spoken");
    spoken = word;
  }
}

/** The transcript scrolls by itself where it stands beside the criteria: what is looked at there does not move. */
function intoView(line) {
  const box = line.getBoundingClientRect();
  const said = line.closest(".said");
  if (getComputedStyle(said).overflowY === "auto") {
    const place = said.getBoundingClientRect();
    if (box.top < place.top || box.bottom > place.bottom - 20) said.scrollTop += box.top - place.top - place.height / 2;
    return;
  }
  if (box.top < 190 || box.bottom > innerHeight - 40) line.scrollIntoView({ block: "center" });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest(".play");
  if (link && audio) {
    event.preventDefault();
    play(Number(link.dataset.start), link.dataset.end ? Number(link.dataset.end) : undefined);
    return;
  }
  const word = event.target.closest("[data-s]");
  if (word && audio && getSelection().isCollapsed) play(Number(word.dataset.s));
});

/** Marked words of the transcript, to be put right. */
function putRight() {
  const marked = getSelection();
  const line = marked.anchorNode?.parentElement?.closest(".line");
  const text = marked.toString().trim();
  const link = (line ?? current)?.querySelector(".fix");
  if (!link) return false;
  const to = new URL(link.href);
  const word = marked.anchorNode?.parentElement?.closest("[data-s]");
  if (text && line) to.searchParams.set("before", text);
  if (text && word) to.searchParams.set("at", word.dataset.s);
  location.assign(to);
}

// --- criteria ----------------------------------------------------------------------------------------------------------------------------

const criteria = () => [...page.querySelectorAll(".criterion")];
const chosen = () => page.querySelector(".criterion.chosen");

function choose(criterion, { isSeen = true } = {}) {
  if (!criterion) return;
  chosen()?.classList.remove("chosen");
  criterion.classList.add("chosen");
  if (isSeen) {
    criterion.focus({ preventScroll: true });
    criterion.scrollIntoView({ block: "nearest" });
  }
  markWave();
}

function step(by) {
  const all = criteria();
  const at = all.indexOf(chosen());
  choose(all[Math.max(0, Math.min(all.length - 1, at + by))] ?? all[0]);
}

const deed = (name) => chosen()?.querySelector(`[data-deed=${name}]`);
function open(name, place = deed(name)) {
  if (!place) return false;
  place.open = true;
  place.querySelector("select, textarea, input:not([type=hidden])")?.focus({ preventScroll: true });
  // Its heading stays in sight, below what is stuck to the top.
  chosen().scrollIntoView({ block: "nearest" });
}

pressed({
  " ": toggle,
  ArrowLeft: () => leap(-5),
  ArrowRight: () => leap(5),
  "[": () => faster(-1),
  "]": () => faster(1),
  l: loop,
  f: fold,
  j: () => step(1),
  k: () => step(-1),
  p: () => chosen()?.querySelector(".play")?.click() ?? false,
  c: () => deed("confirm")?.requestSubmit() ?? false,
  o: () => open("override"),
  e: () => open("teach"),
  t: () => {
    const place = page.querySelector("[data-deed=note]");
    if (!place) return false;
    if (audio) place.querySelector("[name=moment]").value = clock(now());
    place.open = true;
    place.querySelector("textarea").focus();
  },
  w: putRight,
  s: () => document.getElementById("swap")?.click() ?? false,
  n: () => document.getElementById("finish")?.requestSubmit() ?? false,
  q: () => document.getElementById("back").click(),
});

const clock = (ms) => `${Math.floor(ms / 60000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;

page.addEventListener("click", (event) => choose(event.target.closest(".criterion"), { isSeen: false }));
page.addEventListener("focusin", (event) => {
  const criterion = event.target.closest(".criterion");
  if (criterion && criterion !== chosen()) choose(criterion, { isSeen: false });
});

// Ctrl+Enter keeps what is typed.
page.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.closest("form")?.requestSubmit();
});

// Criteria came anew: the same one is looked at.
let before = null;
document.addEventListener("htmx:beforeSwap", () => { before = chosen()?.id ?? null; });
document.addEventListener("htmx:afterSettle", () => { if (before) choose(document.getElementById(before)); });

// A link to a moment of the call: there it stands, and plays from there.
const moment = /^#t=(\d+)$/.exec(location.hash);
if (moment) {
  const at = Number(moment[1]);
  const there = () => { audio.currentTime = at / 1000; };
  if (audio?.readyState > 0) there(); else audio?.addEventListener("loadedmetadata", there, { once: true });
  const line = lineAt(at);
  line?.classList.add("now");
  line?.scrollIntoView({ block: "center" });
  current = line;
}

choose(document.querySelector(".criterion:target") ?? criteria()[0], { isSeen: location.hash.startsWith("#c-") });
