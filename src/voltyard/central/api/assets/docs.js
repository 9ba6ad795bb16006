// Shows the OpenAPI document of this server and lets people try its operations. No framework, no network but ours.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const KEY = "voltyard.api-key";
const byId = (id) => document.getElementById(id);

let spec = null;

// Elements.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function notify(text, bad = false) {
  const notice = byId("notice");
  notice.textContent = text;
  notice.className = bad ? "bad" : "";
}

// Schemas.

function resolve(schema) {
  return schema && schema.$ref ? spec.components.schemas[schema.$ref.split("/").pop()] : schema || {};
}

// `X | null` is shown as X that may be null.
function plain(schema) {
  const resolved = resolve(schema);
  const options = resolved.anyOf || resolved.oneOf;
  if (!options) return { schema: resolved, nullable: false };
  const rest = options.filter((option) => option.type !== "null");
  if (rest.length !== 1) return { schema: resolved, nullable: rest.length < options.length };
  return { schema: resolve(rest[0]), nullable: true };
}

function typeOf(schema) {
  const { schema: inner, nullable } = plain(schema);
  let name = inner.type || "any";
  if (inner.enum) name = inner.enum.map((member) => JSON.stringify(member)).join(" | ");
  else if (name === "array") name = `${typeOf(inner.items)}[]`;
  else if (inner.format) name = `${name} (${inner.format})`;
  return nullable ? `${name} | null` : name;
}

function boundsOf(schema) {
  const { schema: inner } = plain(schema);
  const bounds = [];
  const { minimum, maximum, minLength, maxLength, pattern } = inner;
  if (minimum !== undefined || maximum !== undefined) bounds.push(`${minimum ?? "…"} to ${maximum ?? "…"}`);
  if (minLength !== undefined || maxLength !== undefined) {
    bounds.push(`${minLength ?? 0} to ${maxLength ?? "…"} characters`);
  }
  if (pattern) bounds.push(`matches ${pattern}`);
  if (schema.default !== undefined) bounds.push(`default ${JSON.stringify(schema.default)}`);
  return bounds.join(", ");
}

function schemaTree(schema, seen = []) {
  const { schema: inner } = plain(schema);
  const object = inner.type === "array" ? plain(inner.items).schema : inner;
  if (!object.properties || seen.includes(object)) return null;
  const list = make("ul", { class: "schema" });
  for (const [name, property] of Object.entries(object.properties)) {
    const remark = [plain(property).schema.description, boundsOf(property)].filter(Boolean).join(" — ");
    list.append(
      make(
        "li",
        {},
        make("code", { text: name }),
        " ",
        make("span", { class: "type", text: typeOf(property) }),
        (object.required || []).includes(name) ? make("span", { class: "required", text: " required" }) : null,
        remark ? make("div", { class: "remark", text: remark }) : null,
        schemaTree(property, [...seen, object]),
      ),
    );
  }
  return list;
}

function example(schema, seen = []) {
  const { schema: inner } = plain(schema);
  if (seen.includes(inner)) return null;
  if (inner.examples && inner.examples.length) return inner.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (inner.enum) return inner.enum[0];
  if (inner.properties) {
    const needed = Object.entries(inner.properties).filter(
      ([name, property]) => (inner.required || []).includes(name) || plain(property).schema.examples,
    );
    return Object.fromEntries(needed.map(([name, property]) => [name, example(property, [...seen, inner])]));
  }
  const samples = { string: "", integer: inner.minimum ?? 0, number: 0, boolean: false, array: [], object: {} };
  return samples[inner.type] ?? null;
}

// Operations.

function operations() {
  const found = [];
  for (const [path, item] of Object.entries(spec.paths)) {
    for (const method of METHODS) {
      if (item[method]) found.push({ path, method, operation: item[method] });
    }
  }
  return found;
}

function grouped() {
  const groups = new Map();
  for (const entry of operations()) {
    const tag = (entry.operation.tags || ["other"])[0];
    groups.set(tag, [...(groups.get(tag) || []), entry]);
  }
  return groups;
}

function bodySchema(operation) {
  return operation.requestBody ? operation.requestBody.content["application/json"].schema : null;
}

function parameterRow(parameter) {
  const { schema } = plain(parameter.schema);
  const choices = schema.enum || (schema.type === "boolean" ? ["true", "false"] : null);
  const id = `p-${Math.random().toString(36).slice(2)}`;
  const input = choices
    ? make("select", { id }, make("option", { text: "", value: "" }), ...choices.map((text) => make("option", { text })))
    : make("input", { id, placeholder: schema.default ?? "", autocomplete: "off", spellcheck: "false" });
  const remark = [parameter.description, boundsOf(parameter.schema)].filter(Boolean).join(" — ");
  const row = make(
    "tr",
    {},
    make(
      "td",
      {},
      make("label", { for: id }, make("code", { text: parameter.name })),
      parameter.required ? make("span", { class: "required", text: " required" }) : null,
      make("div", { class: "remark", text: parameter.in }),
    ),
    make("td", {}, make("span", { class: "type", text: typeOf(parameter.schema) }), make("div", { class: "remark", text: remark })),
    make("td", {}, input),
  );
  return { parameter, input, row };
}

function operationCard({ path, method, operation }) {
  const card = make(
    "details",
    { class: "operation", id: operation.operationId },
    make(
      "summary",
      {},
      make("span", { class: `method ${method}`, text: method.toUpperCase() }),
      make("span", { class: "path", text: path }),
      make("span", { class: "says", text: operation.summary || "" }),
    ),
  );
  // Built when it is first opened: there are many.
  card.addEventListener("toggle", () => {
    if (card.open && !card.querySelector(".body")) card.append(operationBody(path, method, operation));
  });
  return card;
}

function operationBody(path, method, operation) {
  const body = make("div", { class: "body" });
  body.append(make("p", { text: operation.summary || "" }));
  if (operation.description) body.append(make("p", { class: "remark", text: operation.description }));

  const rows = (operation.parameters || []).map(parameterRow);
  if (rows.length) {
    body.append(make("h3", { text: "Parameters" }), make("table", {}, ...rows.map(({ row }) => row)));
  }
  const schema = bodySchema(operation);
  let text = null;
  if (schema) {
    text = make("textarea", { spellcheck: "false", "aria-label": "Body" });
    // A change says only what is to change.
    text.value = JSON.stringify(method === "patch" ? {} : example(schema), null, 2);
    body.append(make("h3", { text: "Body" }), text, schemaTree(schema) || "");
  }
  body.append(trial(path, method, rows, text), responses(operation));
  return body;
}

function responses(operation) {
  const section = make("div", {}, make("h3", { text: "Answers" }));
  for (const [status, response] of Object.entries(operation.responses)) {
    const content = Object.entries(response.content || {})[0];
    const tree = content && Number(status) < 400 ? schemaTree(content[1].schema) : null;
    section.append(
      make(
        "div",
        {},
        make("span", { class: `status ${Number(status) < 400 ? "good" : "bad"}`, text: status }),
        ` ${response.description}`,
        tree,
      ),
    );
  }
  return section;
}

// Trying.

function requestFrom(path, method, rows, text) {
  const query = new URLSearchParams();
  const headers = { Authorization: `Bearer ${byId("key").value}` };
  let url = path;
  for (const { parameter, input } of rows) {
    const value = input.value;
    if (parameter.in === "path") url = url.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value !== "" && parameter.in === "query") query.set(parameter.name, value);
    else if (value !== "" && parameter.in === "header") headers[parameter.name] = value;
  }
  if (query.size) url += `?${query}`;
  const options = { method: method.toUpperCase(), headers };
  if (text) {
    options.body = text.value;
    headers["Content-Type"] = "application/json";
  }
  return { url, options };
}

function asCurl({ url, options }) {
  const quote = (value) => `'${value.replaceAll("'", "'\\''")}'`;
  const parts = [`curl -X ${options.method} ${quote(location.origin + url)}`];
  for (const [name, value] of Object.entries(options.headers)) {
    parts.push(name === "Authorization" ? '-H "Authorization: Bearer $VOLTYARD_KEY"' : `-H ${quote(`${name}: ${value}`)}`);
  }
  if (options.body) parts.push(`-d ${quote(options.body)}`);
  return parts.join(" \\\n  ");
}

function trial(path, method, rows, text) {
  const output = make("div", { "aria-live": "polite" });
  let running = null;
  const send = make("button", { type: "button", text: "Send" });
  const stop = make("button", { type: "button", class: "quiet", text: "Stop", hidden: true });
  const curl = make("button", { type: "button", class: "quiet", text: "As curl" });
  curl.addEventListener("click", () => {
    output.replaceChildren(make("pre", { text: asCurl(requestFrom(path, method, rows, text)) }));
  });
  stop.addEventListener("click", () => running && running.abort());
  send.addEventListener("click", async () => {
    running = new AbortController();
    send.disabled = true;
    stop.hidden = false;
    const { url, options } = requestFrom(path, method, rows, text);
    try {
      await show(url, { ...options, signal: running.signal }, output);
    } catch (error) {
      if (error.name !== "AbortError") output.replaceChildren(make("p", { class: "status bad", text: String(error) }));
    } finally {
      send.disabled = false;
      stop.hidden = true;
    }
  });
  return make("div", {}, make("div", { class: "actions" }, send, stop, curl), output);
}

async function show(url, options, output) {
  const began = performance.now();
  const response = await fetch(url, options);
  const took = Math.round(performance.now() - began);
  const pre = make("pre");
  output.replaceChildren(
    make(
      "div",
      {},
      make("span", { class: `status ${response.ok ? "good" : "bad"}`, text: `${response.status} ${response.statusText}` }),
      make("span", { class: "remark", text: `  ${took} ms, ${response.headers.get("content-type") || "no content"}` }),
    ),
    pre,
  );
  if ((response.headers.get("content-type") || "").startsWith("text/event-stream")) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) pre.append(part.value);
    return;
  }
  const answer = await response.text();
  try {
    pre.textContent = JSON.stringify(JSON.parse(answer), null, 2);
  } catch {
    pre.textContent = answer;
  }
}

// The page.

function render() {
  byId("version").textContent = `API ${spec.info.version}`;
  const content = byId("content");
  const index = byId("index");
  content.replaceChildren(
    make("h1", { text: `${spec.info.title} API` }),
    make("p", { class: "lead", text: spec.info.description || "" }),
  );
  index.replaceChildren();
  for (const [tag, entries] of grouped()) {
    content.append(make("h2", { text: tag }), ...entries.map(operationCard));
    index.append(make("h3", { text: tag }), make("ul", {}, ...entries.map(indexEntry)));
  }
  openTarget();
}

function indexEntry({ path, method, operation }) {
  return make(
    "li",
    { "data-search": `${method} ${path} ${operation.summary || ""}`.toLowerCase() },
    make("a", { href: `#${operation.operationId}`, text: (operation.summary || path).replace(/\.$/, "") }),
  );
}

function openTarget() {
  const target = location.hash ? byId(decodeURIComponent(location.hash.slice(1))) : null;
  if (target && target.tagName === "DETAILS") {
    target.open = true;
    target.scrollIntoView();
  }
}

function filter() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const entry of document.querySelectorAll("#index li")) {
    entry.hidden = !words.every((word) => entry.dataset.search.includes(word));
  }
}

async function open() {
  const key = byId("key").value.trim();
  if (!key) return;
  notify("Loading …");
  const response = await fetch("/api/v1/openapi.json", { headers: { Authorization: `Bearer ${key}` } });
  if (!response.ok) {
    notify(response.status === 401 ? "This key is not valid." : `The server says ${response.status}.`, true);
    return;
  }
  sessionStorage.setItem(KEY, key);
  spec = await response.json();
  notify("");
  render();
}

function attempt() {
  open().catch((error) => notify(`The server cannot be reached: ${error.message}`, true));
}

byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt();
});
byId("filter").addEventListener("input", filter);
window.addEventListener("hashchange", openTarget);
byId("key").value = sessionStorage.getItem(KEY) || "";
attempt();
