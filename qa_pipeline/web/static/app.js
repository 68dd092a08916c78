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

// A form that was refused comes back with what was typed, also where the page did not put it there.
const main = document.querySelector("main[data-typed]");
if (main) {
  const given = JSON.parse(main.dataset.typed);
  const values = (wanted) => given.filter(([name]) => name === wanted).map(([, value]) => value);
  // Of several forms that go to one place, the one that is about the same thing.
  const isMeant = (form) => new URL(form.getAttribute("action") ?? "", location).pathname === location.pathname
    && [...form.elements].every((one) => one.type !== "hidden" || !values(one.name).length || values(one.name).includes(one.value));
  const form = [...main.querySelectorAll("form[method=post]")].find(isMeant);
  for (const one of form?.elements ?? []) {
    if (["hidden", "password", "submit", "file", "fieldset"].includes(one.type) || !one.name) continue;
    if (one.type === "checkbox" || one.type === "radio") one.checked = values(one.name).includes(one.value);
    else if (values(one.name).length) one.value = values(one.name)[0];
  }
  form?.closest("details")?.setAttribute("open", "");
}

// A part of a page that was refused: say so where people look, instead of nothing.
document.addEventListener("htmx:responseError", (event) => {
  const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  const said = [...page.querySelectorAll("main h1, main h1 ~ p")].slice(0, 2).map((one) => one.textContent.trim());
  tell(said.join(" ") || String(event.detail.xhr.status));
});

/** Say something at the edge of the page for a while. */
export function tell(text) {
  const place = document.getElementById("told");
  place.textContent = text;
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => { place.textContent = ""; }, 8000);
}
