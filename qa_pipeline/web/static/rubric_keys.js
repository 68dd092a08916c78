// Which keys and values a YAML file may have where the cursor is, by the JSON Schema of the file.

/** A completion source's answer for a place in a text: keys at the beginning of a line, values behind `key: `. */
export function suggest(context, schema) {
  const line = context.state.doc.lineAt(context.pos);
  const before = line.text.slice(0, context.pos - line.from);
  const value = /^\s*(?:- )?([\w-]+):\s+([\w-]*)$/.exec(before);
  const key = /^(\s*(?:- )?)([\w-]*)$/.exec(before);
  if (!value && !key) return null;
  const typed = (value ?? key)[2];
  if (!typed && !context.explicit) return null;
  const above = [];
  for (let number = line.number - 1; number >= 1; number--) above.push(context.state.doc.line(number).text);
  const part = allowed(schema, trail(above, before));
  const options = value
    ? values(resolve(schema, part[value[1]] ?? {}), schema).map((label) => ({ label, type: "enum" }))
    : Object.entries(part).map(([label, of]) => ({ label, type: "property", detail: of.description ?? "", apply: `${label}: ` }));
  return options.length ? { from: context.pos - typed.length, options, validFor: /^[\w-]*$/ } : null;
}

/** The keys above a line, outermost first; `-` for an item of a list. */
export function trail(above, before) {
  const found = [];
  let depth = indentOf(before);
  if (/^\s*- /.test(before)) found.unshift("-");
  for (const text of above) {
    if (!text.trim() || text.trim().startsWith("#")) continue;
    const item = /^(\s*)- /.exec(text);
    const indent = item ? item[1].length + 2 : indentOf(text);
    if (item && indent === depth && found[0] !== "-") { found.unshift("-"); depth = item[1].length; continue; }
    const key = /^\s*(?:- )?([\w-]+):/.exec(text)?.[1];
    if (key && indentOf(text) < depth + (found[0] === "-" ? 1 : 0) && !(item && indent >= depth)) {
      found.unshift(key);
      depth = indent;
      if (item) { found.unshift("-"); depth = item[1].length; }
    }
    if (depth === 0) break;
  }
  return found;
}

const indentOf = (text) => /^\s*/.exec(text)[0].length + (/^\s*- /.test(text) ? 2 : 0);

function resolve(schema, part) {
  let found = part;
  for (let steps = 0; found.$ref && steps < 9; steps++) {
    found = found.$ref.slice(2).split("/").reduce((at, name) => at?.[name] ?? {}, schema);
  }
  return found;
}

/** Properties that may stand below a trail of keys. */
export function allowed(schema, keys) {
  let part = schema;
  for (const key of keys) {
    part = options(schema, part).map((one) => (key === "-" ? one.items : one.properties?.[key] ?? one.additionalProperties)).find((one) => one && typeof one === "object") ?? {};
  }
  return Object.assign({}, ...options(schema, part).map((one) => one.properties ?? {}));
}

/** What a part may be: itself, and what it chooses between. A criterion is taken with the keys of all checks. */
function options(schema, part) {
  const found = resolve(schema, part);
  const chosen = [...(found.anyOf ?? []), ...(found.allOf ?? []).flatMap((one) => [one, one.then].filter(Boolean))];
  return [found, ...chosen.flatMap((one) => (one === found ? [] : options(schema, one)))];
}

function values(part, schema) {
  return options(schema, part).flatMap((one) => one.enum ?? (one.const !== undefined ? [one.const] : one.type === "boolean" ? ["true", "false"] : [])).map(String);
}
