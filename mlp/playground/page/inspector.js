// What a person has chosen to look at, a row and a weight or a unit; the package explains it.

import { unitTable, weightTable } from "./chain.js";
import { $, option } from "./dom.js";

const MILLISECONDS = 250; // between two explanations while the network trains

export class Inspector {
  // act: runs an action and shows its error
  constructor(call, network, picture, act) {
    Object.assign(this, { call, network, picture, act });
    this.chosen = null; // { layer, i, j } of a weight, { layer, j } of a unit
    this.row = 0;
    this.shownAt = 0;
    $("weight-layer").addEventListener("change", () => this.listUnits());
    $("row").addEventListener("change", ({ target }) => this.chooseRow(Number(target.value)));
    const form = () => ["layer", "i", "j"].map((name) => Number($(`weight-${name}`).value));
    $("show-weight").addEventListener("click", () => this.chooseWeight(...form()));
    $("show-unit").addEventListener("click", () => this.chooseUnit(form()[0], form()[2]));
  }

  // A new session: what was chosen stays if it is still there.
  start(session) {
    this.session = session;
    this.layers = session.snapshot.layers;
    this.row = Math.min(this.row, session.data.n_train - 1);
    $("row").max = session.data.n_train - 1;
    $("chain").replaceChildren();
    const { layer, i = 0, j } = this.chosen ?? {};
    const found = this.layers[layer];
    if (found === undefined || i >= found.n_in || j >= found.n_out) this.chosen = null;
    $("weight-layer").replaceChildren(...this.layers.map((_, k) => option(k, String(k))));
    $("weight-layer").value = this.chosen?.layer ?? 0;
    this.listUnits();
  }

  listUnits() {
    const { n_in, n_out } = this.layers[Number($("weight-layer").value)];
    const numbers = (n) => Array.from({ length: n }, (_, k) => option(k, String(k)));
    $("weight-i").replaceChildren(...numbers(n_in));
    $("weight-j").replaceChildren(...numbers(n_out));
  }

  chooseWeight(layer, i, j) {
    this.choose({ layer, i, j });
  }

  chooseUnit(layer, j) {
    this.choose({ layer, j });
  }

  choose(part) {
    if (!this.session) return;
    this.chosen = part;
    $("weight-layer").value = part.layer;
    this.listUnits();
    if (part.i !== undefined) $("weight-i").value = part.i;
    $("weight-j").value = part.j;
    this.network.choose(part.layer, part.i ?? null, part.j);
    this.act(() => this.show());
  }

  chooseRow(row) {
    this.row = row;
    $("row").value = row;
    this.act(() => this.show());
  }

  async showSometimes() {
    if (this.chosen && performance.now() - this.shownAt > MILLISECONDS) await this.show();
  }

  async show() {
    this.shownAt = performance.now();
    const { row, chosen } = this;
    this.picture.choose(row);
    if (!this.picture.request) this.picture.drawRow(row, await this.call("row", { row }));
    if (chosen === null) return;
    if (!this.session.is_traceable) {
      this.chosen = null;
      throw new Error(
        "The chain rule is shown for dense layers. Set normalisation and dropout to none.",
      );
    }
    const { layer, i, j } = chosen;
    if (i === undefined) {
      $("chain").replaceChildren(unitTable(await this.call("unit", { row, layer, j }), row));
    } else {
      const { steps } = await this.call("explain", { row, layer, i, j });
      $("chain").replaceChildren(weightTable(steps, row));
    }
  }
}
