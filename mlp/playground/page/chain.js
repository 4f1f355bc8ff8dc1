// The chain rule of a weight, the formula of a unit, and a worked example's published numbers.

import { digits, element, numberCell, table } from "./dom.js";

const DIGITS = 9;

// steps: two answers of `explain`: now, and after the next step
export function weightTable([now, next], row) {
  const product = now.factors.map(({ name }) => name).join(" × ");
  const rate = digits(now.lr);
  const rows = [
    ...now.factors.map((factor, k) =>
      line(factor.name, factor.formula, [factor.value, next?.factors[k]?.value]),
    ),
    line(`dE/d${now.name}`, product, [now.gradient, next?.gradient], "gradient"),
    line(now.name, "", [now.value, next?.value], "value"),
    line(
      `${now.name}+`,
      `${now.name} − ${rate} × dE/d${now.name}`,
      [now.new_value, next?.new_value],
      "new_value",
    ),
    line("E", "the loss of this row", [now.loss, next?.loss], "loss"),
  ];
  const caption = `Weight ${now.name}: one step of gradient descent on row ${row} alone, at rate ${rate}`;
  return scrolled(caption, ["Quantity", "Now", "After the step"], rows.flat());
}

export function unitTable(unit, row) {
  const sum = unit.inputs
    .map(({ names }) => names.join(" × "))
    .concat(unit.bias_name || [])
    .join(" + ");
  const rows = [
    ...unit.inputs.map(({ names, values, value }) =>
      line(names.join(" × "), values.map((factor) => digits(factor)).join(" × "), [value]),
    ),
    ...(unit.bias_name ? [line(unit.bias_name, "the bias", [unit.bias])] : []),
    line(unit.z_name, sum, [unit.z]),
    line(unit.name, unit.formula || `${unit.activation}(${unit.z_name})`, [unit.a]),
    ...unit.factors.map(({ name, formula, value }) => line(name, formula, [value])),
    line(
      `dE/d${unit.z_name}`,
      unit.factors.map(({ name }) => name).join(" × "),
      [unit.dE_dz],
      "dE_dz",
    ),
  ];
  const caption = `Unit ${unit.name}: ${unit.activation} of a weighted sum, on row ${row}`;
  return scrolled(caption, ["Quantity", "Value"], rows.flat());
}

// Two rows: a quantity with its values, and its formula below.
function line(name, formula, values, key = name) {
  const head = element("th", { scope: "row" }, element("code", {}, name));
  const rows = [
    element("tr", { "data-key": key }, head, ...values.map((value) => numberCell(value, DIGITS))),
  ];
  if (formula && formula !== name) {
    const cell = element("td", { colspan: 1 + values.length }, `= ${formula}`);
    rows.push(element("tr", { class: "formula" }, cell));
  }
  return rows;
}

export function exampleTable({ title, rows, formulas }) {
  const lines = rows.map(({ name, published, exact, computed, why }) => {
    const made = element(
      "tr",
      {},
      element("th", { scope: "row" }, element("code", {}, name)),
      ...[published, exact, computed].map((value) => numberCell(value, 10)),
      element("td", {}, why),
    );
    made.classList.toggle("differs", why !== "");
    return made;
  });
  const parts = [];
  if (rows.length)
    parts.push(
      scrolled(
        `${title}: published and exact`,
        ["Quantity", "Published", "Exact", "Computed here", "Why they differ"],
        lines,
      ),
    );
  if (formulas.length) {
    const found = formulas.map(({ where, printed, correct, why }) =>
      element(
        "tr",
        {},
        ...[where, printed, correct, why].map((text) => element("td", {}, String(text))),
      ),
    );
    parts.push(scrolled("Misprinted formulas", ["Where", "Printed", "Correct", "Why"], found));
  }
  return parts;
}

function scrolled(caption, heads, rows) {
  const region = { class: "scroll", tabindex: "0", role: "region", "aria-label": caption };
  return element("div", region, table(caption, heads, rows));
}
