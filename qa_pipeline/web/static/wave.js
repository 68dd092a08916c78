// A call's waveform: a lane a role, silences folded, evidence and the window searched marked, and all of it small below. A view alone: what plays is
// the page's audio element.
import WaveSurfer from "/static/vendor/wavesurfer.js";
import Minimap from "/static/vendor/wavesurfer-minimap.js";
import Regions from "/static/vendor/wavesurfer-regions.js";

// A folded silence is as wide as a second of speech.
const FOLD_MS = 1000;
const LANES = ["agent", "customer", "other"];
// Less than this, of full scale 255, is the hum of a line; and so little of a call, a cough.
const HUM = 20;
const COUGH = 0.03;

/** Draw what an address gives. `seek`: called with the moment, in ms, that somebody chose. */
export async function drawWave({ address, seek }) {
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(document.getElementById("unheard").textContent);
  const told = await answer.json();
  let isFolded = true;
  let marks = [[], null];
  const lanes = LANES.filter((name) => name !== "other" || told.lanes.other.filter((value) => value > HUM).length > COUGH * told.lanes.other.length);
  const nonce = document.documentElement.dataset.styleNonce;
  let time = timeline(told, isFolded);
  const place = document.getElementById("wave");
  const regions = Regions.create();
  const surfer = WaveSurfer.create({
    container: place,
    cspNonce: nonce,
    height: lanes.length > 2 ? 30 : 44,
    splitChannels: lanes.map((name) => ({ waveColor: colour(name), progressColor: colour(name) })),
    cursorColor: colour("ink"),
    normalize: true,
    peaks: peaks(told, lanes, time),
    duration: time.length / 1000,
    plugins: [regions, Minimap.create({ container: "#minimap", height: 18, waveColor: colour("none"), progressColor: colour("none"), cspNonce: nonce })],
  });
  surfer.on("interaction", (seconds) => seek(time.real(seconds * 1000)));
  surfer.on("ready", () => paint());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    surfer.setOptions({ splitChannels: lanes.map((name) => ({ waveColor: colour(name), progressColor: colour(name) })), cursorColor: colour("ink") });
    paint();
  });

  function paint() {
    regions.clearRegions();
    const [evidence, window] = marks;
    if (window) add(window, "link", 0.14);
    for (const one of evidence) add(one, { critical: "crit", not_met: "miss", undetermined: "doubt", met: "met" }[one.kind] ?? "none", 0.45);
    for (const [start, end] of isFolded ? told.silences : []) add({ start, end }, "none", 0.25);
  }

  function add({ start, end }, name, share) {
    const [from, to] = [time.shown(start), time.shown(end)];
    const [red, green, blue] = colour(name).match(/[\d.]+/g);
    // A word is too short to be seen in an hour.
    const least = time.length / 400;
    regions.addRegion({ start: from / 1000, end: Math.max(to, from + least) / 1000, drag: false, resize: false, color: `rgba(${red}, ${green}, ${blue}, ${share})` });
  }

  return {
    silences: told.silences,
    get isFolded() { return isFolded; },
    show: (ms) => surfer.setTime(time.shown(ms) / 1000),
    mark(evidence, window) { marks = [evidence, window]; paint(); },
    fold() {
      isFolded = !isFolded;
      time = timeline(told, isFolded);
      surfer.load("", peaks(told, lanes, time), time.length / 1000);
      return isFolded;
    },
  };
}

/** Moments as they are and as they are shown, where silences are folded. */
function timeline({ duration_ms: duration, silences }, isFolded) {
  const folds = isFolded ? silences.filter(([start, end]) => end - start > FOLD_MS) : [];
  const shown = (ms) => {
    let less = 0;
    for (const [start, end] of folds) {
      if (ms <= start) break;
      const within = Math.min(ms, end) - start;
      less += within - (within / (end - start)) * FOLD_MS;
    }
    return ms - less;
  };
  const real = (ms) => {
    let at = ms;
    for (const [start, end] of folds) {
      const from = shown(start);
      if (ms <= from) break;
      const within = Math.min(ms - from, FOLD_MS);
      at += (within / FOLD_MS) * (end - start) - within;
    }
    return at;
  };
  return { shown, real, length: Math.max(1, shown(duration)) };
}

/** Peaks a lane on the timeline that is shown, as many as there are. */
function peaks({ lanes, step_ms: step, duration_ms: duration }, names, time) {
  const count = Math.max(1, Math.min(4000, Math.round(time.length / step)));
  return names.map((name) => {
    const lane = lanes[name];
    return Array.from({ length: count }, (_, place) => {
      const from = Math.floor(time.real((place / count) * time.length) / step);
      const to = Math.max(from + 1, Math.floor(time.real(((place + 1) / count) * time.length) / step));
      let highest = 0;
      for (let at = from; at < Math.min(to, lane.length); at++) highest = Math.max(highest, lane[at]);
      return highest / 255;
    });
  });
}

/** A colour of the page as rgb: canvases know no variables. */
function colour(name) {
  const probe = document.createElement("span");
  probe.className = `colour-${name}`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
