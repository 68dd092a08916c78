// The editor of a file of the rubrics folder, in the place of the plain field: keeps a draft, shows faults and runs cases as one types, offers keys.
import {
  Decoration, EditorState, EditorView, MatchDecorator, MergeView, ViewPlugin, autocompletion, bracketMatching, completionKeymap, defaultKeymap,
  drawSelection, foldGutter, highlightActiveLine, history, historyKeymap, indentOnInput, indentUnit, indentWithTab, keymap, lineNumbers, lintGutter,
  lintKeymap, search, searchKeymap, setDiagnostics, yaml,
} from "/static/vendor/codemirror.js";
import { suggest } from "/static/rubric_keys.js";

const field = document.getElementById("text");
const form = document.getElementById("edit");
const csrf = form.elements.csrf.value;
const file = field.dataset.file;
const state = document.getElementById("state");
const nonce = EditorView.cspNonce.of(document.documentElement.dataset.styleNonce);
const KEPT_AFTER = 350, CASES_AFTER = 1200;
let schema = {};
let isUnsaved = false;
fetch(`/rubrics/schema/${file}`).then((answer) => answer.json()).then((found) => { schema = found; });

const look = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--paper)" },
  ".cm-content": { caretColor: "var(--ink)", fontFamily: "ui-monospace, 'Noto Sans Mono', 'Noto Sans Mono CJK SC', monospace" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { color: "var(--soft)", backgroundColor: "var(--panel)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--panel) 60%, transparent)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--link) 28%, transparent)" },
  ".cm-tooltip": { color: "var(--ink)", backgroundColor: "var(--panel)", border: "1px solid var(--edge)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { color: "var(--paper)", backgroundColor: "var(--link)" },
  ".cm-button, .cm-textfield": { color: "var(--ink)", background: "var(--paper)", border: "1px solid var(--edge)", borderRadius: "6px", fontSize: ".85rem" },
  ".cm-panels": { color: "var(--ink)", backgroundColor: "var(--panel)" },
});

// Keys, comments and quoted texts in colours of the page, which hold in the light and in the dark.
const parts = new MatchDecorator({
  regexp: /(^\s*(?:- )*[\w.-]+(?=:(?:\s|$))|[{,]\s*[\w.-]+(?=: ))|((?:^|\s)#.*$)|("(?:[^"\\]|\\.)*"|'[^']*')/gm,
  decoration: ([, key, comment]) => Decoration.mark({ class: key ? "y-key" : comment ? "y-comment" : "y-text" }),
});
const colours = ViewPlugin.fromClass(class {
  constructor(view) { this.decorations = parts.createDeco(view); }
  update(update) { this.decorations = parts.updateDeco(update, this.decorations); }
}, { decorations: (plugin) => plugin.decorations });

const editor = new EditorView({
  parent: form,
  state: EditorState.create({
    doc: field.value,
    extensions: [
      nonce, look, EditorState.phrases.of(JSON.parse(field.dataset.phrases)), lineNumbers(), foldGutter(), lintGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), highlightActiveLine(),
      search({ top: true }), indentUnit.of("  "), EditorState.tabSize.of(2), yaml(), colours, EditorView.lineWrapping,
      autocompletion({ override: [(context) => suggest(context, schema)] }),
      EditorView.contentAttributes.of({ "aria-label": file, spellcheck: "false" }),
      keymap.of([
        { key: "Mod-s", run: () => { save(); return true; } },
        ...defaultKeymap, ...historyKeymap, ...searchKeymap, ...completionKeymap, ...lintKeymap, indentWithTab,
      ]),
      EditorView.updateListener.of((update) => { if (update.docChanged) typed(); }),
    ],
  }),
});
field.hidden = true;
document.querySelectorAll(".no-script").forEach((one) => { one.hidden = true; });

let keeping, running;
function typed() {
  field.value = editor.state.doc.toString();
  isUnsaved = true;
  state.textContent = field.dataset.unsaved;
  clearTimeout(keeping);
  keeping = setTimeout(keep, KEPT_AFTER);
}

/** Keep what was typed as a draft and show what is wrong with it. */
async function keep() {
  const sent = field.value;
  const body = new URLSearchParams({ text: sent, based_on: form.elements.based_on.value });
  try {
    const answer = await fetch(`/rubrics/draft/${file}`, { method: "POST", body, headers: { "X-CSRF-Token": csrf } });
    if (!answer.ok) throw new Error(String(answer.status));
    const found = await answer.json();
    if (sent !== field.value) return;
    isUnsaved = false;
    state.textContent = field.dataset.kept;
    document.getElementById("outside").hidden = !found.is_changed_outside;
    show(found.faults);
    clearTimeout(running);
    if (field.dataset.rubric && !found.faults.some((one) => one.severity === "error" && one.line !== null)) running = setTimeout(runCases, CASES_AFTER);
  } catch {
    state.textContent = field.dataset.notKept;
  }
}

function runCases() {
  window.htmx?.ajax("POST", `/rubrics/cases/${field.dataset.rubric}`, { target: "#cases", swap: "innerHTML" });
}

function save() {
  field.value = editor.state.doc.toString();
  isUnsaved = false;
  form.requestSubmit(form.querySelector("button.main"));
}
form.addEventListener("submit", () => { clearTimeout(keeping); isUnsaved = false; field.value = editor.state.doc.toString(); });
addEventListener("beforeunload", (event) => { if (isUnsaved) event.preventDefault(); });

function place(line, column) {
  const at = editor.state.doc.line(Math.min(Math.max(line ?? 1, 1), editor.state.doc.lines));
  return { from: Math.min(at.from + Math.max((column ?? 1) - 1, 0), at.to), to: at.to };
}

/** Faults in the margin and in the list beside the text; a click leads to the place. */
function show(faults) {
  const here = faults.filter((one) => one.file === file);
  const marks = here.filter((one) => one.line !== null).map((one) => ({ ...place(one.line, one.column), severity: one.severity, message: [one.message, one.advice].filter(Boolean).join(" → ") }));
  editor.dispatch(setDiagnostics(editor.state, marks));
  const list = document.getElementById("faults");
  list.replaceChildren(...faults.map((one) => {
    const item = document.createElement("li");
    item.className = one.severity;
    const at = document.createElement("button");
    at.type = "button";
    at.className = "quiet";
    at.textContent = `${one.file}${one.line ? `:${one.line}` : ""}`;
    if (one.file === file && one.line) at.addEventListener("click", () => go(one.line, one.column));
    if (at.textContent) item.append(at, " ");
    item.append(one.message);
    if (one.advice) {
      const advice = document.createElement("span");
      advice.className = "advice";
      advice.textContent = one.advice;
      item.append(" ", advice);
    }
    return item;
  }));
  if (!faults.length) {
    const none = document.createElement("li");
    none.className = "dim";
    none.textContent = field.dataset.none;
    list.append(none);
  }
}

function go(line, column) {
  const { from } = place(line, column);
  editor.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
  editor.focus();
}

// A link to a line, as from a case that breaks.
const wanted = /^#L(\d+)$/.exec(location.hash);
if (wanted) go(Number(wanted[1]), 1);

// Both texts beside each other, where the file was changed outside.
const both = document.getElementById("both");
if (both) {
  const shown = [nonce, look, lineNumbers(), yaml(), colours, EditorView.editable.of(false), EditorState.readOnly.of(true), EditorView.lineWrapping];
  const texts = ["theirs", "ours"].map((name) => document.getElementById(name).value);
  both.className = "";
  both.replaceChildren();
  const named = ["theirs", "ours"].map((name) => EditorView.contentAttributes.of({ "aria-label": both.dataset[name] }));
  new MergeView({
    parent: both, a: { doc: texts[0], extensions: [...shown, named[0]] }, b: { doc: texts[1], extensions: [...shown, named[1]] }, collapseUnchanged: { margin: 3, minSize: 6 },
  });
}
