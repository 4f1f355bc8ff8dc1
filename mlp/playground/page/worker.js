// Runs the package in Pyodide, away from the page's thread. Every number on the page comes from
// here. Each file of the runtime is checked against its hash by the browser (fetch's `integrity`).

let playground; // mlp.playground.calls.Playground

const toPlain = (value) =>
  value.toJs({
    dict_converter: Object.fromEntries,
    default_converter: (proxy) => {
      const plain = proxy.toJs(); // arrays of NumPy and bytes become typed arrays
      proxy.destroy();
      return plain;
    },
  });

async function start() {
  if (typeof WebAssembly === "undefined") {
    throw new Error(
      "This browser has WebAssembly turned off, and Python needs it. Turn it on in the " +
        "browser's settings, or install the package and use `mlp train`.",
    );
  }
  const report = (text) => postMessage({ progress: text });
  const pins = await (await fetch("runtime.json")).json();
  const base = new URL(pins.base, self.location.href);
  const from = base.origin === self.location.origin ? "this server" : base.host;
  report(`Loading Python ${pins.lock.info.python} from ${from} …`);

  const fetchPinned = pinned(base, pins);
  self.fetch = fetchPinned; // Pyodide fetches its files with it
  const archive = fetchPinned(new URL("mlp.zip", self.location.href));
  try {
    const { loadPyodide } = await importPinned(new URL("pyodide.mjs", base));
    await importPinned(new URL("pyodide.asm.js", base));
    const lock = new Blob([JSON.stringify(pins.lock)], { type: "application/json" });
    const pyodide = await loadPyodide({
      indexURL: base.href,
      lockFileURL: URL.createObjectURL(lock),
    });
    report(`Loading NumPy from ${from} …`);
    await pyodide.loadPackage(Object.keys(pins.lock.packages), { messageCallback() {} });
    report("Starting mlp …");
    pyodide.unpackArchive(await (await archive).arrayBuffer(), "zip", {
      extractDir: pyodide.runPython("import site; site.getsitepackages()[0]"),
    });
    const { Playground } = pyodide.pyimport("mlp.playground.calls");
    playground = Playground((value) => postMessage({ report: toPlain(value) }));
  } catch (error) {
    throw new Error(
      `Python could not be loaded from ${from}: ${error.message}. Offline, run ` +
        "`mlp playground --download` once while online; then `mlp playground` needs no network.",
    );
  }
  postMessage({ ready: call("choices", {}), from });
}

// Fetch that accepts a file of the runtime only with its pinned hash, and nothing else from there.
function pinned(base, pins) {
  const hashes = new Map();
  const add = (name, hex) => {
    const bytes = hex.match(/../g).map((pair) => parseInt(pair, 16));
    const integrity = "sha256-" + btoa(String.fromCharCode(...bytes));
    hashes.set(new URL(name, base).href, integrity);
  };
  Object.entries(pins.sha256).forEach(([name, hex]) => add(name, hex));
  const plainFetch = self.fetch.bind(self);
  return async (resource, options) => {
    const address = String(resource.url ?? resource);
    const isOurs = address.startsWith("blob:") || address.endsWith("/mlp.zip");
    if (!isOurs && !hashes.has(address)) throw new Error(`${address} is not pinned`);
    const answer = await plainFetch(address, isOurs ? {} : { integrity: hashes.get(address) });
    if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
    return answer;
  };
}

async function importPinned(address) {
  const source = await (await fetch(address)).blob();
  const code = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    return await import(code);
  } finally {
    URL.revokeObjectURL(code);
  }
}

function call(name, given, content) {
  const answer = playground.call(name, JSON.stringify(given), content);
  try {
    return toPlain(answer);
  } finally {
    answer.destroy();
  }
}

self.onmessage = ({ data: { id, name, given, content } }) => {
  try {
    postMessage({ id, answer: call(name, given, content) });
  } catch (error) {
    const lines = String(error.message).trim().split("\n");
    postMessage({ id, answer: { error: `Internal error: ${lines.at(-1)}` } });
  }
};

start().catch((error) => postMessage({ failed: error.message }));
