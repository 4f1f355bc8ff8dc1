// What the network has learned: the plane in the colours of the classes, a fitted curve, or a row.

import { digits, element, numberCell, svg, table } from "./dom.js";

const SIZE = 400,
  LEFT = 36,
  BOTTOM = 26,
  GRID = 48;
const PLOT = SIZE - LEFT - 6,
  HEIGHT = SIZE - BOTTOM - 6;

export class Picture {
  constructor(parent, { onPoint, onPlace }) {
    this.parent = parent;
    this.onPoint = onPoint;
    this.onPlace = onPlace;
  }

  // data: X, y, n_in, n_train, classes, columns
  build(data, box = null) {
    this.data = data;
    this.isPlane = data.n_in === 2 && data.classes.length > 0;
    this.isCurve = data.n_in === 1;
    this.parent.replaceChildren();
    if (!this.isPlane && !this.isCurve) {
      this.rowView = element("div", { id: "row-view" });
      this.parent.append(this.rowView);
      return;
    }
    this.box = box ?? boxOf(data);
    this.canvas = element("canvas", { width: GRID, height: GRID, "aria-hidden": "true" });
    this.root = svg("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img" });
    this.parent.append(element("div", { class: "layered" }, this.canvas, this.root));
    this.canvas.style.left = `${(100 * LEFT) / SIZE}%`;
    this.canvas.style.top = `${(100 * 6) / SIZE}%`;
    this.canvas.style.width = `${(100 * PLOT) / SIZE}%`;
    this.canvas.style.height = `${(100 * HEIGHT) / SIZE}%`;
    this.canvas.hidden = !this.isPlane;
    this.curve = svg("path", { class: "curve c1" });
    this.root.append(...this.axes(), ...this.points(), this.curve);
    this.root.setAttribute(
      "aria-label",
      this.isPlane
        ? `The plane of ${data.columns.join(" and ")}: ${data.y.length} points, and the classes that the network sees`
        : `${data.y.length} points, and the curve that the network fits`,
    );
    this.root.addEventListener("click", (event) => this.clicked(event));
    this.readColours();
  }

  // The box that the package is to fill with outputs; null if there is nothing of this kind.
  get request() {
    if (this.isPlane) return { ...this.box, size: GRID };
    if (this.isCurve) return { low: [this.box.low[0]], high: [this.box.high[0]], size: 120 };
    return null;
  }

  x(value) {
    return LEFT + (PLOT * (value - this.box.low[0])) / (this.box.high[0] - this.box.low[0]);
  }

  y(value) {
    return 6 + HEIGHT * (1 - (value - this.box.low[1]) / (this.box.high[1] - this.box.low[1]));
  }

  axes() {
    const [left, bottom] = this.box.low,
      [right, top] = this.box.high;
    const label = (value, x, y, anchor) =>
      svg(
        "text",
        { x, y, "text-anchor": anchor, class: "soft" },
        typeof value === "string" ? value : digits(value, 2),
      );
    return [
      svg("path", { class: "axis", d: `M${LEFT},6V${6 + HEIGHT}H${LEFT + PLOT}` }),
      label(left, LEFT, SIZE - 8, "start"),
      label(right, LEFT + PLOT, SIZE - 8, "end"),
      label(this.data.columns[0].slice(0, 20), LEFT + PLOT / 2, SIZE - 8, "middle"),
      label(bottom, LEFT - 5, 6 + HEIGHT, "end"),
      label(top, LEFT - 5, 18, "end"),
      label(this.isPlane ? this.data.columns[1].slice(0, 4) : "y", LEFT - 5, SIZE / 2, "end"),
    ];
  }

  points() {
    const { X, y, n_in, n_train, classes } = this.data;
    return Array.from(y, (target, row) => {
      const cx = this.x(X[row * n_in]);
      const cy = this.y(this.isPlane ? X[row * n_in + 1] : target);
      const kind = classes.length ? target : 0;
      const look = `point f${kind % 6}${row < n_train ? "" : " held-out"}`;
      const size = 4.5;
      // classes differ in shape as well as in colour
      const shape =
        kind % 2
          ? svg("rect", { x: cx - size, y: cy - size, width: 2 * size, height: 2 * size })
          : svg("circle", { cx, cy, r: size });
      shape.setAttribute("class", look);
      if (row < n_train) shape.dataset.row = row;
      return shape;
    });
  }

  clicked(event) {
    const { row } = event.target.dataset;
    if (row !== undefined) {
      this.onPoint(Number(row));
      return;
    }
    const place = this.root.getBoundingClientRect();
    const px = ((event.clientX - place.left) / place.width) * SIZE;
    const py = ((event.clientY - place.top) / place.height) * SIZE;
    const [low, high] = [this.box.low, this.box.high];
    const x = low[0] + ((px - LEFT) / PLOT) * (high[0] - low[0]);
    const y = low[1] + (1 - (py - 6) / HEIGHT) * (high[1] - low[1]);
    if (px >= LEFT && py <= 6 + HEIGHT) this.onPlace(x, y);
  }

  choose(row) {
    for (const point of this.root?.querySelectorAll(".point") ?? []) {
      point.classList.toggle("chosen", point.dataset.row === String(row));
    }
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    const rgb = (name) => {
      const hex = style.getPropertyValue(name).trim();
      return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    };
    this.paper = rgb("--paper");
    this.colours = [0, 1, 2, 3, 4, 5].map((k) => rgb(`--class-${k}`));
  }

  draw({ outputs, n_out }) {
    if (this.isCurve) {
      const { low, high, size } = this.request;
      const at = (k) => this.x(low[0] + ((high[0] - low[0]) * k) / (size - 1));
      const within = (y) => Math.max(-SIZE, Math.min(2 * SIZE, y)).toFixed(1);
      const points = Array.from({ length: size }, (_, k) => [
        at(k).toFixed(1),
        this.y(outputs[k * n_out]),
      ])
        .filter(([, y]) => !Number.isNaN(y))
        .map(([x, y]) => `${x},${within(y)}`);
      this.curve.setAttribute("d", points.length ? `M${points.join("L")}` : "");
      return;
    }
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(GRID, GRID);
    for (let pixel = 0; pixel < GRID * GRID; pixel += 1) {
      const [colour, strength] = this.shade(outputs, pixel * n_out, n_out);
      for (let c = 0; c < 3; c += 1) {
        image.data[4 * pixel + c] = this.paper[c] + (colour[c] - this.paper[c]) * strength;
      }
      image.data[4 * pixel + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }

  // One output: below 1/2 is class 0. Several: the largest wins. The surer, the stronger the colour.
  shade(outputs, start, n_out) {
    if (n_out === 1) {
      const sure = Math.max(-1, Math.min(1, 2 * outputs[start] - 1));
      return [this.colours[sure > 0 ? 1 : 0], 0.08 + 0.5 * Math.abs(sure)];
    }
    let best = 0;
    for (let k = 1; k < n_out; k += 1) if (outputs[start + k] > outputs[start + best]) best = k;
    const sure = Math.max(0, Math.min(1, outputs[start + best]));
    return [this.colours[best % 6], 0.08 + 0.5 * sure];
  }

  // What is not a plane or a curve: one row, its pixels if it is a digit, outputs and targets.
  drawRow(row, { x, outputs, targets }) {
    const { classes, columns } = this.data;
    const name = (k) => (classes.length === outputs.length ? classes[k] : `output ${k + 1}`);
    const rows = Array.from(outputs, (value, k) => {
      const head = element("th", { scope: "row" }, name(k));
      return element(
        "tr",
        {},
        head,
        numberCell(value, 4),
        numberCell(targets[k], 4),
        element("td", {}, meter(value)),
      );
    });
    const parts = [table(`Outputs for row ${row}`, ["Output", "Value", "Target", ""], rows)];
    if (x.length === 64 && columns[0].startsWith("pixel")) parts.unshift(digit(x));
    this.rowView.replaceChildren(...parts);
  }
}

function meter(value) {
  return element("progress", {
    max: 1,
    value: Math.max(0, Math.min(1, value)),
    "aria-hidden": "true",
  });
}

function digit(pixels) {
  const canvas = element("canvas", {
    width: 8,
    height: 8,
    class: "digit",
    role: "img",
    "aria-label": "The digit",
  });
  const image = canvas.getContext("2d").createImageData(8, 8);
  pixels.forEach((value, k) =>
    image.data.set([0, 1, 2].map(() => 255 * (1 - value)).concat(255), 4 * k),
  );
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function boxOf({ X, y, n_in }) {
  const column = (k) => Array.from(y, (target, row) => (k < n_in ? X[row * n_in + k] : target));
  const low = [],
    high = [];
  for (const values of [column(0), column(1)]) {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const margin = 0.1 * (most - least || 1);
    low.push(least - margin);
    high.push(most + margin);
  }
  return { low, high };
}
