// A chart of curves in SVG: axes, ticks, one path a curve, and a legend.

import { digits, svg } from "./dom.js";

const WIDTH = 440,
  HEIGHT = 240;
const LEFT = 52,
  RIGHT = 18,
  TOP = 10,
  BOTTOM = 34;
const MOST_POINTS = 500;

// curves: [{ name, values, dashed }], values by epoch; null where there is none
export class Chart {
  constructor(parent, label) {
    this.isLog = false;
    this.root = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
    this.label = label;
    parent.append(this.root);
  }

  draw(curves, first = 0) {
    const usable = (y) => y !== null && Number.isFinite(y) && (!this.isLog || y > 0);
    let longest = 2,
      low = Infinity,
      high = -Infinity;
    for (const { values } of curves) {
      longest = Math.max(longest, values.length);
      for (const y of values) {
        if (usable(y)) [low, high] = [Math.min(low, y), Math.max(high, y)];
      }
    }
    if (low > high) [low, high] = [this.isLog ? 0.1 : 0, 1];
    if (!this.isLog) low = Math.min(0, low);
    if (low === high) high = low + (Math.abs(low) || 1);
    const scale = this.isLog ? Math.log10 : (y) => y;
    const [bottom, top] = [scale(low), scale(high)];
    const x = (i) => LEFT + ((WIDTH - LEFT - RIGHT) * i) / (longest - 1);
    const y = (v) =>
      TOP + (HEIGHT - TOP - BOTTOM) * (1 - (scale(v) - bottom) / (top - bottom || 1));

    const parts = [];
    for (const tick of ticks(bottom, top, this.isLog)) {
      const value = this.isLog ? 10 ** tick : tick;
      parts.push(
        svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
      );
      parts.push(text(digits(value, 3), LEFT - 6, y(value) + 4, "end"));
    }
    for (const tick of ticks(first, first + longest - 1, false)) {
      if (Number.isInteger(tick))
        parts.push(text(String(tick), x(tick - first), HEIGHT - 18, "middle"));
    }
    parts.push(text("epoch", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, "middle"));
    parts.push(
      svg("path", { class: "axis", d: `M${LEFT},${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` }),
    );
    curves.forEach(({ name, values, dashed, colour }, k) => {
      const path = pathOf(values, usable, x, y);
      const look = `curve c${(colour ?? k) % 6}${dashed ? " dashed" : ""}`;
      parts.push(svg("path", { class: look, d: path }, svg("title", {}, name)));
    });
    parts.push(...this.legend(curves));
    this.root.replaceChildren(...parts);
    this.root.setAttribute("aria-label", `${this.label}: ${curves.map(lastOf).join("; ")}`);
  }

  legend(curves) {
    if (curves.length < 2) return [];
    const columns = curves.length > 6 ? 3 : 1;
    const rows = Math.ceil(curves.length / columns);
    return curves.flatMap(({ name, dashed, colour }, k) => {
      const [column, row] = [Math.floor(k / rows), k % rows];
      const left = WIDTH - RIGHT - 92 * (columns - column),
        top = TOP + 10 + 15 * row;
      const look = `curve c${(colour ?? k) % 6}${dashed ? " dashed" : ""}`;
      return [
        svg("line", { class: look, x1: left, x2: left + 20, y1: top - 4, y2: top - 4 }),
        text(name, left + 25, top, "start"),
      ];
    });
  }
}

function text(content, x, y, anchor) {
  return svg("text", { class: "soft", x, y, "text-anchor": anchor }, content);
}

function pathOf(values, usable, x, y) {
  const every = Math.max(1, Math.ceil(values.length / MOST_POINTS));
  let path = "",
    pen = "M",
    count = 0;
  for (let i = 0; i < values.length; i += 1) {
    if (i % every && i !== values.length - 1) continue;
    if (usable(values[i])) {
      path += `${pen}${x(i).toFixed(1)},${y(values[i]).toFixed(1)}`;
      pen = "L";
      count += 1;
    } else {
      pen = "M";
    }
  }
  return count === 1 ? `${path}h0.1` : path; // a single epoch is a dot
}

function lastOf({ name, values }) {
  const last = values.findLast((value) => value !== null);
  return `${name}${last === undefined ? "" : ` ends at ${digits(last, 3)}`}`;
}

// Round numbers between two others; exponents of ten for a logarithmic axis.
function ticks(low, high, isLog) {
  const span = high - low || 1;
  let step = 10 ** Math.floor(Math.log10(span / 4));
  for (const factor of [1, 2, 5, 10]) {
    if (span / step / factor <= 6) {
      step *= factor;
      break;
    }
  }
  if (isLog && span > 1) step = Math.max(1, Math.round(step));
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * span; k += 1) {
    found.push(Number((k * step).toPrecision(12)));
  }
  return found;
}
