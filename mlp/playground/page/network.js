// The network in SVG: a circle a unit, a line a weight, drawn anew only where a number changed.

import { digits, svg } from "./dom.js";

const MOST_UNITS = 10; // of a layer; the others are counted
const WIDTH = 520,
  HEIGHT = 340,
  RADIUS = 13;

export class NetworkView {
  constructor(parent, { onWeight, onUnit }) {
    this.root = svg("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: "img",
      "aria-label": "The network",
    });
    parent.append(this.root);
    this.root.addEventListener("click", ({ target }) => {
      const part = target.closest("[data-layer]");
      if (part === null) return;
      const { layer, i, j } = part.dataset;
      if (i === undefined) onUnit(Number(layer), Number(j));
      else onWeight(Number(layer), Number(i), Number(j));
    });
  }

  // layers: [{ n_in, n_out, W, b }] of a snapshot
  build(layers, columns) {
    const widths = [layers[0].n_in, ...layers.map((layer) => layer.n_out)];
    const place = (column, unit) => {
      const shown = Math.min(widths[column], MOST_UNITS);
      const gap = Math.min(70, (HEIGHT - 70) / Math.max(shown - 1, 1));
      return [
        78 + ((WIDTH - 120) * column) / (widths.length - 1),
        HEIGHT / 2 - 8 + gap * (unit - (shown - 1) / 2),
      ];
    };
    this.weights = [];
    const lines = [],
      units = [];
    layers.forEach((layer, l) => {
      for (let i = 0; i < Math.min(layer.n_in, MOST_UNITS); i += 1) {
        for (let j = 0; j < Math.min(layer.n_out, MOST_UNITS); j += 1) {
          const [[x1, y1], [x2, y2]] = [place(l, i), place(l + 1, j)];
          const line = svg("line", { class: "line", x1, y1, x2, y2 });
          const title = svg("title");
          const hit = svg("line", { class: "hit", x1, y1, x2, y2 });
          const group = svg(
            "g",
            { class: "weight", "data-layer": l, "data-i": i, "data-j": j },
            line,
            hit,
            title,
          );
          lines.push(group);
          this.weights.push({ layer: l, index: i * layer.n_out + j, line, title, group });
        }
      }
    });
    widths.forEach((width, column) => {
      for (let unit = 0; unit < Math.min(width, MOST_UNITS); unit += 1) {
        const [cx, cy] = place(column, unit);
        if (column === 0) {
          units.push(svg("circle", { class: "f0", cx, cy, r: 5 }));
          const name = (columns[unit] ?? "").slice(0, 10);
          units.push(
            svg("text", { x: cx - 10, y: cy + 4, "text-anchor": "end", class: "soft" }, name),
          );
        } else {
          units.push(
            svg(
              "g",
              { class: "unit", "data-layer": column - 1, "data-j": unit },
              svg("circle", { cx, cy, r: RADIUS }),
            ),
          );
        }
      }
      const more = width > MOST_UNITS ? ` (${MOST_UNITS} shown)` : "";
      const [x] = place(column, 0);
      units.push(
        svg(
          "text",
          { x, y: HEIGHT - 8, "text-anchor": "middle", class: "soft" },
          `${width}${more}`,
        ),
      );
    });
    this.root.replaceChildren(...lines, ...units);
    this.root.setAttribute("aria-label", `A network of ${widths.join(", ")} units`);
    this.draw(layers);
  }

  draw(layers) {
    const largest = layers.map(({ W }) =>
      W.reduce((most, w) => Math.max(most, Math.abs(w)), 1e-12),
    );
    for (const weight of this.weights) {
      const value = layers[weight.layer].W[weight.index];
      if (value === weight.value) continue;
      weight.value = value;
      const share = Math.abs(value) / largest[weight.layer];
      weight.line.setAttribute("stroke-width", (0.4 + 4.1 * share).toFixed(2));
      weight.line.setAttribute("class", value < 0 ? "line negative" : "line positive");
      weight.title.textContent = `weight ${digits(value)}`;
    }
  }

  choose(layer, i, j) {
    for (const part of this.root.querySelectorAll("[data-layer]")) {
      const same = part.dataset.layer === String(layer) && part.dataset.j === String(j);
      part.classList.toggle(
        "chosen",
        same && (part.dataset.i ?? null) === (i === null ? null : String(i)),
      );
    }
  }
}
