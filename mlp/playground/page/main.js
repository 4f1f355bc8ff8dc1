// The page: wires the controls to the package in the worker, and draws what it answers.

import { exampleTable } from "./chain.js";
import { Chart } from "./chart.js";
import { Controls } from "./controls.js";
import { $, digits } from "./dom.js";
import { Engine } from "./engine.js";
import { Inspector } from "./inspector.js";
import { NetworkView } from "./network.js";
import { Picture } from "./picture.js";
import { areInside, isOwn, pointsOf, rowsOf, startingPoints } from "./points.js";
import { download, fromLink, toLink, toPng, toSvg } from "./share.js";
import { Sweep } from "./sweep.js";

const FRAME_SECONDS = 0.02; // of training in a frame; 30 frames a second leave 0.033

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

const network = new NetworkView($("network"), {
  onWeight: (layer, i, j) => inspector.chooseWeight(layer, i, j),
  onUnit: (layer, j) => inspector.chooseUnit(layer, j),
});
const picture = new Picture($("picture"), {
  onPoint: (row) => inspector.chooseRow(row),
  onPlace: addPoint,
});
const inspector = new Inspector(call, network, picture, (action) => guarded(action)());
const lossChart = new Chart($("losses"), "The loss after each epoch");
const sweep = new Sweep(call, showError);
let controls;
let session; // the last answer to configure, restart, read or load
let losses = [],
  heldOutLosses = [];
let snapshot;
let isPlaying = false;

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
  $("runtime").textContent = `Python loaded from ${from}.`;
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
  controls.show(session.settings);
  network.build(session.snapshot.layers, session.data.columns);
  if (!isSameData) picture.build(session.data, ownBox());
  inspector.start(session);
  sweep.reset(session.example);
  $("published-section").hidden = !session.example;
  $("published").replaceChildren(...(session.example ? exampleTable(session.example) : []));
  $("shared-label").hidden = true;
  $("network-note").textContent =
    `${session.n_parameters.toLocaleString("en")} parameters${session.is_loaded ? ", starting from the weights of the file" : ""}.`;
  $("points-tools").hidden = !isOwn(session.settings);
  $("picture").classList.toggle("adding", isOwn(session.settings));
  await advance(0);
  await inspector.show();
}

async function configure(settings, part = {}) {
  await pause();
  if (part.data === "rows") settings = { ...settings, ...startingPoints(session.data) };
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
  if (batches) await inspector.show();
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
    await inspector.showSometimes();
  }
  draw(await next);
  await inspector.show();
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

// --- one's own points

// The box stays while points are added in it.
function ownBox() {
  if (!isOwn(session.settings) || !picture.box) return null;
  return areInside(session.settings.rows, picture.box) ? picture.box : null;
}

function addPoint(x, y) {
  if (!session || !isOwn(session.settings)) return;
  const label = $("points-class").selectedIndex;
  replacePoints((points) => [...points, [x, y, label]]);
}

function replacePoints(change) {
  const { settings } = session;
  const rows = rowsOf(change(pointsOf(settings.rows)));
  const isThree = rows.rows.classes.length > 2 && settings.output === "sigmoid";
  const more = isThree ? { output: "softmax", loss: "cross_entropy" } : {};
  guarded(configure)({ ...settings, ...rows, ...more });
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
    "This link holds data, network and training. It is also in the address bar.",
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
    ? ` It stops after epoch ${snapshot.epoch}; the page is ${snapshot.batch} batches ahead.`
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
  "points-add": () => addPoint(Number($("points-x").value), Number($("points-y").value)),
  "points-undo": () => replacePoints((points) => points.slice(0, -1)),
  "points-clear": () => replacePoints((points) => points.slice(0, 2).map(([x, y], k) => [x, y, k])),
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
