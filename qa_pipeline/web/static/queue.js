// The queue by keys: n takes the next call, j and k go through the rows, Enter opens one.
import { pressed } from "/static/pressing.js";

const rows = [...document.querySelectorAll("a.open")];

pressed({
  n: () => document.getElementById("next").requestSubmit(),
  j: () => step(1),
  k: () => step(-1),
});

function step(by) {
  const at = rows.indexOf(document.activeElement);
  rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.focus();
}
