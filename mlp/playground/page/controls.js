// The form of the settings: shows those of the package, and reads those that a person chose.

import { $, element, option } from "./dom.js";

const NUMBERS = ["n", "noise", "held_out", "dropout", "lr", "batch_size", "l1", "l2", "seed"];
const NAMES = {
  data: "data",
  output: "output",
  loss: "loss-name",
  normalization: "normalization",
  optimizer: "optimizer",
  example: "example",
};
const DATA_WORDS = {
  xor: "xor",
  spirals: "two spirals",
  moons: "two moons",
  circles: "two circles",
  regression: "regression: a sine",
  digits: "handwritten digits",
  rows: "my own points or CSV",
};

export class Controls {
  constructor(choices, onChange) {
    this.choices = choices;
    this.onChange = onChange;
    const words = (name) => name.replaceAll("_", " ");
    $("data").append(...choices.data.map((name) => option(name, DATA_WORDS[name] ?? name)));
    $("output").append(...choices.activations.map((name) => option(name, words(name))));
    $("loss-name").append(...choices.losses.map((name) => option(name, words(name))));
    $("optimizer").append(...choices.optimizers.map((name) => option(name)));
    $("example").append(
      option("", "none"),
      ...choices.examples.map(({ name, title }) => option(name, `${name}: ${title}`)),
    );
    for (const id of [...NUMBERS, ...Object.values(NAMES)])
      $(id).addEventListener("change", () => this.changed(id));
    $("add-layer").addEventListener("click", () =>
      this.change({
        hidden: [...this.settings.hidden, this.settings.hidden.at(-1) ?? [4, "tanh"]],
      }),
    );
    $("remove-layer").addEventListener("click", () =>
      this.change({ hidden: this.settings.hidden.slice(0, -1) }),
    );
  }

  changed(id) {
    if (NUMBERS.includes(id)) {
      const text = $(id).value;
      this.change({ [id]: text === "" ? null : Number(text) });
      return;
    }
    const name = Object.keys(NAMES).find((key) => NAMES[key] === id);
    const value = $(id).value;
    if (name === "data") this.change({ data: value, ...suitable(value) });
    else if (name === "example") this.change(this.preset(value));
    else this.change({ [name]: value });
  }

  preset(name) {
    const found = this.choices.examples.find((example) => example.name === name);
    if (found === undefined)
      return { example: "", ...pick(this.choices.defaults, ["lr", "batch_size"]) };
    return { example: name, lr: found.lr, batch_size: 0, optimizer: "sgd", l1: 0, l2: 0 };
  }

  change(part) {
    this.onChange({ ...this.settings, ...part }, part);
  }

  show(settings) {
    this.settings = settings;
    for (const id of NUMBERS) $(id).value = settings[id];
    for (const [name, id] of Object.entries(NAMES)) $(id).value = settings[name];
    const isExample = settings.example !== "";
    $("data-fields").disabled = $("network-fields").disabled = isExample;
    $("csv").hidden = settings.data !== "rows";
    for (const id of ["n", "noise"]) {
      $(id).parentElement.hidden = ["digits", "rows"].includes(settings.data);
    }
    const focused = document.activeElement?.id;
    $("layers").replaceChildren(...settings.hidden.map((layer, k) => this.layer(layer, k)));
    if (focused) $(focused)?.focus();
    $("remove-layer").disabled = settings.hidden.length === 0;
  }

  layer([units, activation], k) {
    const replace = (layer) => this.change({ hidden: this.settings.hidden.with(k, layer) });
    const button = (text, label, by) => {
      const made = element(
        "button",
        {
          type: "button",
          id: `units-${k}-${by}`,
          "aria-label": `${label} unit in hidden layer ${k + 1}`,
        },
        text,
      );
      made.disabled = units + by < 1;
      made.addEventListener("click", () => replace([units + by, activation]));
      return made;
    };
    const select = element(
      "select",
      { id: `activation-${k}`, "aria-label": `Activation of hidden layer ${k + 1}` },
      ...this.choices.activations.map((name) => option(name, name.replaceAll("_", " "))),
    );
    select.value = activation;
    select.addEventListener("change", () => replace([units, select.value]));
    const count = element("output", { id: `units-${k}` }, String(units));
    return element(
      "div",
      { class: "layer" },
      element("span", {}, `Hidden ${k + 1}`),
      button("−", "Remove a", -1),
      count,
      button("+", "Add a", 1),
      select,
    );
  }
}

// The output, loss and rate that a data set starts with.
function suitable(data) {
  if (data === "regression") return { output: "identity", loss: "mse", lr: 0.1 };
  if (data === "digits")
    return {
      output: "softmax",
      loss: "cross_entropy",
      hidden: [[32, "relu"]],
      lr: 0.1,
      batch_size: 32,
      held_out: 0.2,
    };
  return { output: "sigmoid", loss: "binary_cross_entropy" };
}

function pick(from, names) {
  return Object.fromEntries(names.map((name) => [name, from[name]]));
}
