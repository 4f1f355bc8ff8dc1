// One's own points in the plane, as the rows of the settings.

const CLASSES = ["A", "B", "C"];

export function isOwn({ data, rows }) {
  return data === "rows" && rows.standardize === false;
}

// The points to begin with: those that the plane shows already, else the four of xor.
export function startingPoints({ X, y, n_in, n_train, classes, columns }) {
  if (n_in === 2 && classes.length >= 2 && classes.length <= CLASSES.length) {
    const points = Array.from({ length: n_train }, (_, k) => [X[2 * k], X[2 * k + 1], y[k]]);
    return { ...rowsOf(points, columns), held_out: 0 };
  }
  const corners = [
    [0, 0, 0],
    [1, 1, 0],
    [0, 1, 1],
    [1, 0, 1],
  ];
  return { ...rowsOf(corners), output: "sigmoid", loss: "binary_cross_entropy", held_out: 0 };
}

// points: [x, y, class number]
export function rowsOf(points, columns = ["x0", "x1"]) {
  const n_classes = Math.max(2, ...points.map(([, , label]) => label + 1));
  const rows = {
    X: points.map(([x, y]) => [x, y]),
    y: points.map(([, , label]) => label),
    columns,
    classes: CLASSES.slice(0, n_classes),
    standardize: false,
  };
  return { data: "rows", rows };
}

export function pointsOf({ X, y }) {
  return X.map(([a, b], k) => [a, b, y[k]]);
}

export function areInside({ X }, { low, high }) {
  return X.every((point) => point.every((v, k) => low[k] <= v && v <= high[k]));
}
