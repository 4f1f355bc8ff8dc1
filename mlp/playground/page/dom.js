// Small helpers: elements, numbers as text, and lookups. Text is always set as text, never as HTML.

export const $ = (id) => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// A number of the package as text; the full number stays in the cell's title.
export function digits(value, count = 6) {
  if (value === null || value === undefined) return "–";
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(count - 1).replace(/\.?0+e/, "e");
  return String(Number(value.toPrecision(count)));
}

export function numberCell(value, count) {
  const cell = element("td", { class: "number" }, digits(value, count));
  if (typeof value === "number") cell.dataset.value = cell.title = String(value);
  return cell;
}

export function option(value, text = value) {
  return element("option", { value }, text);
}

export function table(caption, heads, rows) {
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  return element(
    "table",
    {},
    element("caption", {}, caption),
    element("thead", {}, head),
    element("tbody", {}, ...rows),
  );
}
