// Keys that do something on a page: not while somebody types, not in a dialog, not with Ctrl, Alt or Meta.

const TYPING = "input:not([type=radio]):not([type=checkbox]), select, textarea, [contenteditable]";

/** What each key does; keys as in KeyboardEvent.key. A function that answers false leaves the key to the browser. */
export function pressed(does) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.(TYPING)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const deed = does[event.key];
    // Space and Enter press what has the focus.
    if (!deed || ([" ", "Enter"].includes(event.key) && event.target.closest?.("button, a, summary"))) return;
    if (deed(event) !== false) event.preventDefault();
  });
}
