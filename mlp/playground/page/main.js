// The page: wires the controls to the package in the worker, and draws what it answers.

import { unitTable, weightTable, exampleTable } from "./chain.js";
import { Chart } from "./chart.js";
import { Controls } from "./controls.js";
import { $, digits, option } from "./dom.js";
import { Engine } from "./engine.js";
import { NetworkView } from "./network.js";
import { Picture } from "./picture.js";
import { download, fromLink, toLink, toPng, toSvg } from "./share.js";
import { Sweep } from "./sweep.js";

const FRAME_SECONDS = 0.02; // of training in a frame; 30 frames a second leave 0.033
const CHAIN_MILLISECONDS = 250;

const engine = new Engine({
  onProgress: (text) => ($("status").textContent = text),
  onReady: (choices, from) => ready(choices, from).catch(showError),
  onFailed: (text) => {
    $("status").textContent = "Python is not running.";
    $("main").setAttribute("aria-busy", "false");
    showError(new Error(text));
  },
  onReport: (value) => sweep.report(value),
});
const call = (name, given, content) => engine.call(name, given, content);

const network = new NetworkView($("network"), { onWeight: chooseWeight, onUnit: chooseUnit });
const picture = new Picture($("picture"), { onPoint: chooseRow, onPlace: addPoint });
const lossChart = new Chart($("losses"), "The loss after each epoch");
const sweep = new Sweep(call, showError);
let controls;
let session; // the last answer to configure, restart, read or load
let losses = [],
  heldOutLosses = [];
let snapshot;
let isPlaying = false;
let chosen = null; // { layer, i, j } of a weight, { layer, j } of a unit
let row = 0;
let chainShownAt = 0;

function showError(error) {
  $("message-text").textContent = error.message;
  $("message").hidden = false;
}

// Runs what a control asks for; an error becomes a message, and the controls show the state kept.
function guarded(action) {
  return async (...given) => {
    try {
      await action(...given);
    } catch (error) {
      showError(error);
      if (session) controls.show(session.settings);
    }
  };
}

async function ready(choices, from) {
  $("runtime").textContent = `Python was loaded from ${from}.`;
  controls = new Controls(choices, guarded(configure));
  await start(await call("configure", { settings: {} }));
  $("status").textContent = "Ready.";
  $("main").setAttribute("aria-busy", "false");
  await guarded(openLink)();
}

// --- sessions

async function start(answer) {
  const isSameData = JSON.stringify(session?.data) === JSON.stringify(answer.data);
  session = answer;
  losses = [];
  heldOutLosses = [];
  row = Math.min(row, session.data.n_train - 1);
  controls.show(session.settings);
  network.build(session.snapshot.layers, session.data.columns);
  if (!isSameData) picture.build(session.data, ownBox());
  listWeights();
  if (chosen && !exists(chosen)) chosen = null;
  sweep.reset(session.example);
  $("published-section").hidden = !session.example;
  $("published").replaceChildren(...(session.example ? exampleTable(session.example) : []));
  $("chain").replaceChildren();
  $("shared-label").hidden = true;
  $("network-note").textContent =
    `${session.n_parameters.toLocaleString("en")} parameters${session.is_loaded ? ", starting from the weights of the file" : ""}.`;
  $("row").max = session.data.n_train - 1;
  const isOwn = isOwnPoints();
  $("points-tools").hidden = !isOwn;
  $("picture").classList.toggle("adding", isOwn);
  await advance(0);
  await showChain();
}

function exists({ layer, i = 0, j }) {
  const found = session.snapshot.layers[layer];
  return found !== undefined && i < found.n_in && j < found.n_out;
}

async function configure(settings, part = {}) {
  await pause();
  if (part.data === "rows") settings = { ...settings, ...ownPoints() };
  else if (settings.data !== "rows") settings = { ...settings, rows: null };
  await start(await call("configure", { settings }));
  $("message").hidden = true;
}

// --- running

// Train for a number of batches (0: none), for a limited time, and look at the network.
function ask(batches, seconds, since) {
  return call("advance", { batches, seconds, since, surface: picture.request });
}

async function advance(batches, seconds = 60) {
  draw(await ask(batches, seconds, losses.length));
  if (batches) await showChain();
}

function draw(found) {
  snapshot = found;
  losses.push(...found.losses);
  heldOutLosses.push(...found.val_losses);
  network.draw(found.layers);
  if (found.surface) picture.draw(found.surface);
  const curves = [{ name: "training", values: losses }];
  if (heldOutLosses.length) curves.push({ name: "held out", values: heldOutLosses });
  lossChart.draw(curves, 1);
  $("epoch").textContent = found.batch
    ? `${found.epoch} + ${found.batch}/${found.batches}`
    : String(found.epoch);
  figure("loss", found.loss, digits(found.loss, 4));
  figure("held-out-loss", found.held_out?.loss, digits(found.held_out?.loss, 4));
  figure("accuracy", found.accuracy, percent(found.accuracy));
  figure("held-out-accuracy", found.held_out?.accuracy, percent(found.held_out?.accuracy));
  if (found.diverged) {
    isPlaying = false;
    showError(new Error(found.diverged));
  }
}

function figure(id, value, text) {
  $(id).textContent = text;
  $(id).dataset.value = value ?? "";
  $(id).parentElement.hidden = value === null || value === undefined;
}

function percent(share) {
  return typeof share === "number" ? `${(100 * share).toFixed(1)} %` : "–";
}

let loop = Promise.resolve(); // the frames that are being played

function play() {
  if (isPlaying) return;
  isPlaying = true;
  showPlaying();
  loop = frames()
    .catch(showError)
    .finally(() => {
      isPlaying = false;
      showPlaying();
    });
}

async function pause() {
  isPlaying = false;
  await loop;
}

async function frames() {
  let next = ask(batchesOfFrame(), FRAME_SECONDS, losses.length);
  while (isPlaying) {
    const found = await next;
    // the worker trains while the page draws
    next = ask(batchesOfFrame(), FRAME_SECONDS, losses.length + found.losses.length);
    draw(found);
    await new Promise(requestAnimationFrame);
    if (chosen && performance.now() - chainShownAt > CHAIN_MILLISECONDS) await showChain();
  }
  draw(await next);
  await showChain();
}

function batchesOfFrame() {
  const speed = $("speed").value;
  if (speed === "batch") return 1;
  if (speed === "full") return 1e6;
  const left = snapshot.batches - snapshot.batch; // a frame ends with an epoch
  return left + (Number(speed) - 1) * snapshot.batches;
}

function showPlaying() {
  $("play").textContent = isPlaying ? "Pause" : "Play";
  $("play").setAttribute("aria-pressed", String(isPlaying));
}

// --- the chain rule

function listWeights() {
  const { layers } = session.snapshot;
  $("weight-layer").replaceChildren(...layers.map((_, k) => option(k, String(k))));
  $("weight-layer").value = Math.min(chosen?.layer ?? 0, layers.length - 1);
  listUnits();
}

function listUnits() {
  const layer = session.snapshot.layers[Number($("weight-layer").value)];
  const list = (id, n) =>
    $(id).replaceChildren(...Array.from({ length: n }, (_, k) => option(k, String(k))));
  list("weight-i", layer.n_in);
  list("weight-j", layer.n_out);
}

function chosenByForm() {
  return ["layer", "i", "j"].map((name) => Number($(`weight-${name}`).value));
}

function chooseWeight(layer, i, j) {
  choose({ layer, i, j });
}

function chooseUnit(layer, j) {
  choose({ layer, j });
}

function choose(part) {
  chosen = part;
  $("weight-layer").value = part.layer;
  listUnits();
  if (part.i !== undefined) $("weight-i").value = part.i;
  $("weight-j").value = part.j;
  network.choose(part.layer, part.i ?? null, part.j);
  guarded(showChain)();
}

function chooseRow(number) {
  row = number;
  guarded(showRow)();
}

async function showRow() {
  $("row").value = row;
  picture.choose(row);
  await showChain();
}

async function showChain() {
  chainShownAt = performance.now();
  picture.choose(row);
  if (!picture.request) picture.drawRow(row, await call("row", { row }));
  if (chosen === null) return;
  if (!session.is_traceable) {
    chosen = null;
    throw new Error(
      "The chain rule is shown for dense layers. Set normalisation and dropout to none.",
    );
  }
  const { layer, i, j } = chosen;
  if (i === undefined) {
    $("chain").replaceChildren(unitTable(await call("unit", { row, layer, j }), row));
  } else {
    const { steps } = await call("explain", { row, layer, i, j });
    $("chain").replaceChildren(weightTable(steps, row));
  }
}

// --- one's own points

function isOwnPoints() {
  return session.settings.data === "rows" && session.settings.rows.standardize === false;
}

// The box stays while points are added in it.
function ownBox() {
  if (!isOwnPoints() || !picture.box) return null;
  const { low, high } = picture.box;
  const isInside = (point) => point.every((value, k) => low[k] <= value && value <= high[k]);
  return session.settings.rows.X.every(isInside) ? picture.box : null;
}

// The points to begin with: those in the plane that are shown already.
function ownPoints() {
  const { X, y, n_in, n_train, classes, columns } = session.data;
  if (n_in !== 2 || classes.length < 2 || classes.length > 3) {
    return {
      ...rowsOf([
        [0, 0, 0],
        [1, 1, 0],
        [0, 1, 1],
        [1, 0, 1],
      ]),
      ...TWO_CLASSES,
    };
  }
  const points = Array.from({ length: n_train }, (_, k) => [X[2 * k], X[2 * k + 1], y[k]]);
  return { ...rowsOf(points, columns), held_out: 0 };
}

const TWO_CLASSES = { output: "sigmoid", loss: "binary_cross_entropy", held_out: 0 };

function rowsOf(points, columns = ["x0", "x1"]) {
  const n_classes = Math.max(2, ...points.map(([, , label]) => label + 1));
  const rows = {
    X: points.map(([a, b]) => [a, b]),
    y: points.map(([, , label]) => label),
    columns,
    classes: ["A", "B", "C"].slice(0, n_classes),
    standardize: false,
  };
  return { data: "rows", rows };
}

function points() {
  const { X, y } = session.settings.rows;
  return X.map(([a, b], k) => [a, b, y[k]]);
}

function addPoint(x, y) {
  if (!isOwnPoints()) return;
  const label = $("points-class").selectedIndex;
  replacePoints([...points(), [x, y, label]]);
}

function replacePoints(list) {
  const { settings } = session;
  const needed = Math.max(2, ...list.map(([, , label]) => label + 1));
  const more =
    needed > 2 && settings.output === "sigmoid" ? { output: "softmax", loss: "cross_entropy" } : {};
  guarded(configure)({ ...settings, ...rowsOf(list), ...more });
}

// --- links

async function openLink() {
  const code = location.hash.slice(1);
  if (code === "") return;
  const { settings, batches } = fromLink(code);
  await configure(settings);
  let left = batches;
  while (left > 0 && !snapshot.diverged) {
    $("status").textContent = `Training again for ${left.toLocaleString("en")} batches …`;
    const before = snapshot.epoch * snapshot.batches + snapshot.batch;
    await advance(left, 0.2);
    left -= snapshot.epoch * snapshot.batches + snapshot.batch - before;
  }
  $("status").textContent = "Ready.";
}

async function makeLink() {
  await pause();
  if (session.is_loaded)
    throw new Error("A link holds settings, not the weights of a file: save model.npz instead.");
  const batches = snapshot.epoch * snapshot.batches + snapshot.batch;
  const code = toLink(session.settings, controls.choices.defaults, batches);
  history.replaceState(null, "", `#${code}`);
  share(
    "This link holds data, network and training. It is in the address bar, too.",
    location.href,
  );
}

function share(title, text) {
  $("shared-title").textContent = title;
  $("shared").value = text;
  $("shared-label").hidden = false;
  $("shared").focus();
  $("shared").select();
  $("shared").scrollTop = 0;
}

async function makeScript() {
  await pause();
  const { text } = await call("script");
  const part = snapshot.batch
    ? ` It stops after epoch ${snapshot.epoch}; the page is ${snapshot.batch} batches further.`
    : "";
  share(`This script trains the same network: python playground.py.${part}`, text);
  download("playground.py", text, "text/x-python");
}

async function readFile(input, use) {
  const [file] = input.files;
  input.value = "";
  if (!file) return;
  if (file.size > 20e6)
    throw new Error(
      `${file.name}: received ${Math.round(file.size / 1e6)} MB, expected at most 20 MB`,
    );
  await pause();
  await start(await use(new Uint8Array(await file.arrayBuffer())));
  $("message").hidden = true;
}

async function saveImage(kind) {
  const part = $("image-of").value;
  const text = toSvg($(part));
  if (kind === "svg") download(`${part}.svg`, text, "image/svg+xml");
  else download(`${part}.png`, await toPng(text));
}

// --- what the buttons do

const actions = {
  play: () => (isPlaying ? pause() : play()),
  "one-batch": async () => {
    await pause();
    await advance(1);
  },
  "one-epoch": async () => {
    await pause();
    await advance(snapshot.batches - snapshot.batch);
  },
  restart: async () => {
    await pause();
    await start(await call("restart"));
  },
  "show-weight": () => chooseWeight(...chosenByForm()),
  "show-unit": () => chooseUnit(chosenByForm()[0], chosenByForm()[2]),
  "points-add": () => addPoint(Number($("points-x").value), Number($("points-y").value)),
  "points-undo": () => replacePoints(points().slice(0, -1)),
  "points-clear": () =>
    replacePoints(
      points()
        .slice(0, 2)
        .map(([x, y], k) => [x, y, k]),
    ),
  "as-python": makeScript,
  "as-link": makeLink,
  "save-model": async () =>
    download("model.npz", (await call("save")).content, "application/octet-stream"),
  "as-png": () => saveImage("png"),
  "as-svg": () => saveImage("svg"),
};
for (const [id, action] of Object.entries(actions)) {
  $(id).addEventListener("click", () => session && guarded(action)());
}
$("message-close").addEventListener("click", () => ($("message").hidden = true));
$("weight-layer").addEventListener("change", listUnits);
$("row").addEventListener("change", ({ target }) => chooseRow(Number(target.value)));
$("losses-log").addEventListener("change", ({ target }) => {
  lossChart.isLog = target.checked;
  if (session) guarded(advance)(0);
});
$("load-model").addEventListener("change", ({ target }) =>
  guarded(readFile)(target, (content) => call("load", {}, content)),
);
$("csv-file").addEventListener("change", ({ target }) =>
  guarded(readFile)(target, (content) =>
    call(
      "read",
      { settings: { ...session.settings, rows: null, data: "xor" }, task: $("csv-task").value },
      content,
    ),
  ),
);
$("settings-details").open = matchMedia("(min-width: 44rem)").matches; // on a phone, first the network
addEventListener("hashchange", guarded(openLink));
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  if (!session || !event.dataTransfer.files.length) return;
  const [file] = event.dataTransfer.files;
  const input = $(file.name.endsWith(".npz") ? "load-model" : "csv-file");
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change"));
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  if (!session || !picture.request) return;
  picture.readColours();
  guarded(advance)(0);
});
