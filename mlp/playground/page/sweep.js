// Compare learning rates: one vectorized run of the package, drawn while it trains.

import { Chart } from "./chart.js";
import { $, digits, element, numberCell, table } from "./dom.js";

export class Sweep {
  constructor(call, onError) {
    this.call = call;
    this.onError = onError;
    this.chart = new Chart($("sweep"), "The loss of each learning rate");
    this.curves = [];
    this.wrong = [];
    this.chart.draw([]);
    $("sweep-run").addEventListener("click", () => this.run());
    $("sweep-log").addEventListener("change", ({ target }) => {
      this.chart.isLog = target.checked;
      this.draw();
    });
    $("wrong").addEventListener("change", () => this.showWrong());
  }

  // A new network: what was compared before is no longer about it.
  reset(example) {
    this.curves = [];
    this.wrong = [];
    $("wrong").checked = false;
    $("wrong-label").hidden = !example?.rates.length;
    if (example?.rates.length) {
      $("rates").value = example.rates.join(", ");
      $("sweep-epochs").value = example.epochs;
    }
    $("sweep-table").replaceChildren();
    this.draw();
  }

  async run() {
    const rates = $("rates")
      .value.split(/[\s,;]+/)
      .filter(Boolean)
      .map(Number);
    $("sweep-run").disabled = true;
    this.curves = rates.map((rate) => ({ name: digits(rate), values: [] }));
    try {
      const found = await this.call("sweep", { rates, epochs: Number($("sweep-epochs").value) });
      this.curves = found.rates.map((rate, k) => ({
        name: digits(rate),
        values: found.losses[k][0],
      }));
      this.draw();
      $("sweep-table").replaceChildren(resultTable(found));
    } catch (error) {
      this.onError(error);
    } finally {
      $("sweep-run").disabled = false;
    }
  }

  // What the package reports before the run has ended.
  report({ epoch, losses }) {
    losses.forEach((loss, k) => {
      const { values } = this.curves[k];
      while (values.length < epoch) values.push(null);
      values[epoch] = loss;
    });
    this.draw();
  }

  async showWrong() {
    this.wrong = [];
    if ($("wrong").checked) {
      const { curves } = await this.call("wrong_curves");
      this.wrong = curves.map(({ rate, losses }) => ({
        name: `${digits(rate)} wrong`,
        values: losses,
        dashed: true,
        colour: Math.max(
          0,
          this.curves.findIndex(({ name }) => name === digits(rate)),
        ),
      }));
    }
    this.draw();
  }

  draw() {
    this.chart.draw([
      ...this.curves.map((curve) => ({ ...curve, values: joined(curve.values) })),
      ...this.wrong,
    ]);
  }
}

// While the run is on its way some epochs are missing: the line goes on from the last one known.
function joined(values) {
  let last = null;
  return values.map((value) => (value === null ? last : (last = value)));
}

function resultTable({ rates, losses, status, best }) {
  const rows = rates.map((rate, k) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, digits(rate) + (rate === best ? " (best)" : "")),
      numberCell(losses[k][0][0], 9),
      numberCell(losses[k][0].at(-1), 9),
      element("td", {}, status[k]),
    ),
  );
  return table("Loss before and after", ["Rate", "First", "Last", "Status"], rows);
}
