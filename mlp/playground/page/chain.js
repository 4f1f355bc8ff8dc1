// The chain rule of a weight, the formula of a unit, and a worked example's published numbers.

import { digits, element, numberCell, table } from "./dom.js";

const DIGITS = 9;

// steps: two answers of `explain`: now, and after the next step
export function weightTable([now, next], row) {
  const line = (name, formula, values, key = "") => {
    const made = element(
      "tr",
      { "data-key": key || name },
      element("th", { scope: "row", class: "formula" }, name),
      element("td", { class: "formula hide-narrow" }, formula),
      ...values.map((value) => numberCell(value, DIGITS)),
    );
    return made;
  };
  const product = now.factors.map(({ name }) => name).join(" × ");
  const rows = [
    ...now.factors.map((factor, k) => line(factor.name, factor.formula, [factor.value, next.factors[k]?.value])),
    line(`dE/d${now.name}`, product, [now.gradient, next.gradient], "gradient"),
    line(now.name, "", [now.value, next.value], "value"),
    line(`${now.name}+`, `${now.name} − ${digits(now.lr)} × dE/d${now.name}`, [now.new_value, next.new_value], "new_value"),
    line("E", "the loss of this row", [now.loss, next.loss], "loss"),
  ];
  const caption = `Weight ${now.name}: one step of gradient descent on row ${row} alone, with rate ${digits(now.lr)}`;
  return table2(caption, ["Quantity", "Formula", "Now", "After the next step"], rows);
}

export function unitTable(unit, row) {
  const line = (name, formula, value) =>
    element("tr", {}, element("th", { scope: "row", class: "formula" }, name), element("td", { class: "formula hide-narrow" }, formula), numberCell(value, DIGITS));
  const sum = unit.inputs.map(({ names }) => names.join(" × ")).concat(unit.bias_name || []).join(" + ");
  const rows = [
    ...unit.inputs.map(({ names, values }) => line(names.join(" × "), values.map((value) => digits(value)).join(" × "), values[0] * values[1])),
    ...(unit.bias_name ? [line(unit.bias_name, "the bias", unit.bias)] : []),
    line(unit.z_name, sum, unit.z),
    line(unit.name, unit.formula || `${unit.activation}(${unit.z_name})`, unit.a),
    ...unit.factors.map(({ name, formula, value }) => line(name, formula, value)),
    line(`dE/d${unit.z_name}`, unit.factors.map(({ name }) => name).join(" × "), unit.dE_dz),
  ];
  return table2(`Unit ${unit.name}: ${unit.activation} of a weighted sum, on row ${row}`, ["Quantity", "Formula", "Value"], rows);
}

export function exampleTable({ title, rows, formulas }) {
  const lines = rows.map(({ name, published, exact, computed, why }) => {
    const made = element(
      "tr",
      {},
      element("th", { scope: "row", class: "formula" }, name),
      ...[published, exact, computed].map((value) => numberCell(value, 10)),
      element("td", {}, why),
    );
    made.classList.toggle("differs", why !== "");
    return made;
  });
  const parts = [];
  if (rows.length) parts.push(table2(`${title}: published and exact`, ["Quantity", "Published", "Exact", "Computed here", "Why they differ"], lines));
  if (formulas.length) {
    const found = formulas.map(({ where, printed, correct, why }) =>
      element("tr", {}, ...[where, printed, correct, why].map((text) => element("td", {}, String(text)))));
    parts.push(table2("Formulas printed wrongly", ["Where", "Printed", "Correct", "Why"], found));
  }
  return parts;
}

function table2(caption, heads, rows) {
  const made = table(caption, heads, rows);
  if (heads[1] === "Formula") made.querySelectorAll("thead th")[1].classList.add("hide-narrow");
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, made);
}
