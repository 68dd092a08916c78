// What every page has: dialogs that buttons open, the list of keys, the way to the first field. Pages work without it.

const isTyping = (target) => target.closest?.("input, select, textarea, [contenteditable], .cm-editor") != null;

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "?") {
    document.getElementById("keys").showModal();
  } else if (event.key === "/") {
    const field = document.querySelector("main input:not([type=hidden]), main select");
    if (!field) return;
    field.focus();
  } else return;
  event.preventDefault();
});

// --- what was typed, and not kept ----------------------------------------------------------------------------------------------------------

const main = document.querySelector("main");
const parsed = (text) => new DOMParser().parseFromString(text, "text/html");

/** What a form of ours has that somebody may have typed, with what says which form it is; no passphrase, and nothing that differs from page to page. */
function typedIn(form) {
  const secret = [...form.querySelectorAll("[type=password], [type=file]")].map((one) => one.name);
  return [...new FormData(form)].filter(([name]) => ![...secret, "csrf", "version"].includes(name));
}

/** Put what was typed back into the form that goes to a path, and show it. Of several that go there, the one that is about the same thing. */
function giveBack(path, given) {
  const values = (wanted) => given.filter(([name]) => name === wanted).map(([, value]) => value);
  const isMeant = (form) => new URL(form.getAttribute("action") ?? "", location).pathname === path
    && [...form.elements].every((one) => one.type !== "hidden" || !values(one.name).length || values(one.name).includes(one.value));
  const form = [...main.querySelectorAll("form[method=post]")].find(isMeant);
  for (const one of form?.elements ?? []) {
    if (["hidden", "password", "submit", "file", "fieldset"].includes(one.type) || !one.name) continue;
    if (one.type === "checkbox" || one.type === "radio") one.checked = values(one.name).includes(one.value);
    else if (values(one.name).length) one.value = values(one.name)[0];
  }
  form?.closest("details")?.setAttribute("open", "");
  return form;
}

// A form that was refused comes back with what was typed, also where the page did not put it there.
if (main.dataset.typed) giveBack(location.pathname, JSON.parse(main.dataset.typed));

// A session that ends while somebody types leads to the page to sign in at, and back: what they sent waits for them, and for nobody else, in this tab.
const SENT = "sent";
const whose = document.querySelector(".own .me")?.getAttribute("data-name");
const here = location.pathname + location.search;
const waiting = JSON.parse(sessionStorage.getItem(SENT) ?? "null");
if (whose) {
  sessionStorage.removeItem(SENT);
  if (waiting?.hasMissed && waiting.whose === whose && waiting.page === here) {
    const form = giveBack(waiting.path, waiting.given);
    form?.scrollIntoView({ block: "center" });
  }
} else if (waiting) sessionStorage.setItem(SENT, JSON.stringify({ ...waiting, hasMissed: true }));

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!whose || form.method !== "post" || !main.contains(form)) return;
  const sent = { whose, page: here, path: new URL(form.action).pathname, given: typedIn(form) };
  try { sessionStorage.setItem(SENT, JSON.stringify(sent)); } catch { /* More than a browser takes. */ }
});

document.addEventListener("htmx:afterRequest", ({ detail }) => { if (detail.successful) sessionStorage.removeItem(SENT); });

// A part of a page that was refused: the page as it stands now is shown with the reason, and what was typed is given back.
let refused = null;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const form = detail.requestConfig?.elt;
  const why = detail.xhr.status >= 400 && form instanceof HTMLFormElement && parsed(detail.xhr.responseText).querySelector("#refused");
  if (!why) return;
  detail.shouldSwap = true;
  refused = { why, path: new URL(form.action).pathname, given: typedIn(form) };
});
document.addEventListener("htmx:afterSettle", () => {
  if (!refused) return;
  const { why, path, given } = refused;
  refused = null;
  document.getElementById("refused")?.remove();
  const form = giveBack(path, given);
  // Said at the form, where there still is one.
  tell(form ? "" : [...why.querySelectorAll("p")].map((one) => one.textContent.trim()).join(" "));
  if (!form) return;
  form.prepend(why);
  why.scrollIntoView({ block: "center" });
});
document.addEventListener("htmx:responseError", ({ detail }) => {
  const page = parsed(detail.xhr.responseText);
  const said = page.querySelectorAll("#refused p").length ? page.querySelectorAll("#refused p") : page.querySelectorAll("main h1, main h1 ~ p");
  tell([...said].slice(0, 2).map((one) => one.textContent.trim()).join(" ") || String(detail.xhr.status));
});

/** Say something at the edge of the page for a while. */
export function tell(text) {
  const place = document.getElementById("told");
  place.textContent = text;
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => { place.textContent = ""; }, 8000);
}
