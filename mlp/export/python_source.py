"""The functions that an exported Python file is put together from.

They repeat the arithmetic of the package operation by operation, so that results are
bit-identical.
"""

from __future__ import annotations

from mlp.core.activations.gelu import CHEBYSHEV, TERMS_FLOAT32

PRODUCT = '''
def product(A, W, units_first=False):
    """Return A @ W; sums of one or two terms are written out, as in mlp."""
    shape = (len(A), W.shape[1])
    Z = np.empty(shape[::-1], DTYPE).T if units_first else np.empty(shape, DTYPE)
    if W.shape[0] == 1:
        np.multiply(A, W, out=Z)
    elif W.shape[0] == 2 and Z.size <= 64:
        np.multiply(A[:, :1], W[:1], out=Z)
        Z += A[:, 1:] * W[1:]
    else:
        np.matmul(A, W, out=Z)
    return Z
'''

ACTIVATIONS = {
    "sigmoid": '''
def sigmoid(Z):
    """A = 1 / (1 + exp(-Z)), with -Z held below the exponential's overflow."""
    largest = 88.0 if DTYPE is np.float32 else 709.0
    return 1.0 / (np.exp(np.minimum(-Z, largest)) + 1.0)
''',
    "tanh": '''
def tanh(Z):
    """A = tanh(Z)."""
    return np.tanh(Z)
''',
    "relu": '''
def relu(Z):
    """A = max(Z, 0)."""
    return np.maximum(Z, np.zeros(Z.shape[1], DTYPE))
''',
    "leaky_relu": '''
def leaky_relu(Z, slope):
    """A = max(Z, slope * Z)."""
    return np.maximum(Z, Z * slope)
''',
    "elu": '''
def elu(Z, alpha):
    """A = max(Z, 0) + alpha * (exp(min(Z, 0)) - 1)."""
    return np.maximum(Z, 0.0) + np.expm1(np.minimum(Z, 0.0)) * alpha
''',
    "selu": '''
def selu(Z):
    """A = scale * (max(Z, 0) + alpha * (exp(min(Z, 0)) - 1))."""
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    return np.maximum(Z, 0.0) * scale + (np.exp(np.minimum(Z, 0.0)) - 1.0) * (scale * alpha)
''',
    "softplus": '''
def softplus(Z):
    """A = log(1 + exp(Z))."""
    return np.logaddexp(0.0, Z)
''',
    "silu": '''
def silu(Z):
    """A = Z * sigmoid(Z)."""
    return Z * sigmoid(Z)
''',
    "mish": '''
def mish(Z):
    """A = Z * tanh(softplus(Z)), by one exponential."""
    e = np.exp(np.minimum(Z, 20.0))
    n = (e + 2.0) * e
    return n / (n + 2.0) * Z
''',
    "gelu": '''
def gelu(Z):
    """A = Z * Phi(Z), Phi the standard normal distribution; a Chebyshev series gives erfc."""
    x = np.abs(np.minimum(np.maximum(Z, -1e3), 1e3)) * 0.5**0.5
    t = 2.0 / (x + 2.0)
    u = t * 4.0 - 2.0
    d = dd = np.zeros_like(Z)
    for c in reversed(CHEBYSHEV[1:]):
        d, dd = u * d - dd + c, d
    d = d * (u * 0.5) - dd + CHEBYSHEV[0]
    tail = np.exp(d - x * x) * t * 0.5
    return Z * np.where(Z > 0.0, 1.0 - tail, tail)
''',
    "gelu_tanh": '''
def gelu_tanh(Z):
    """A = Z / 2 * (1 + tanh(sqrt(2 / pi) * (Z + 0.044715 Z^3)))."""
    bounded = np.minimum(np.maximum(Z, -1e3), 1e3)
    T = np.tanh((bounded * bounded * 0.044715 + 1.0) * bounded * (2.0 / np.pi) ** 0.5)
    return (T + 1.0) * Z * 0.5
''',
    "softmax": '''
def softmax(Z):
    """A = exp(Z) / sum of exp(Z) over the units."""
    A = np.empty_like(Z)
    np.subtract(Z, Z.max(axis=1, keepdims=True), out=A)
    np.exp(A, out=A)
    A /= A.sum(axis=1, keepdims=True)
    return A
''',
}

PER_UNIT = {
    "scale": '''
def scale(A, s):
    """A = A * s, with one number for each unit."""
    return A * s
''',
    "batch_norm": '''
def batch_norm(A, gamma, beta, mean, var, eps):
    """A = gamma * (A - mean) / sqrt(var + eps) + beta, with the running statistics."""
    return (A - mean) * (gamma / np.sqrt(var + eps)) + beta
''',
    "layer_norm": '''
def layer_norm(A, gamma, beta, eps):
    """A = gamma * (A - mean) / sqrt(var + eps) + beta, mean and var those of each row."""
    N = A - A[:, :1]
    N -= N.sum(axis=1, keepdims=True) / N.shape[1]
    var = (N * N).sum(axis=1, keepdims=True) / N.shape[1]
    N *= 1.0 / np.sqrt(var + eps)
    return N * gamma + beta
''',
}

OUTPUTS = '''
def outputs(X):
    """Return the outputs (n, {n_out}) for inputs X (n, {n_in})."""
    blocks = [forward(X[i : i + {block}]) for i in range(0, len(X), {block})]
    return np.ascontiguousarray(np.concatenate(blocks))
'''

PLAIN = '''
def encode(rows):
    """Return the inputs (n, {n_in}) of an array of rows."""
    X = np.require(np.asarray(rows), DTYPE, ["C", "ALIGNED"])
    if X.ndim != 2 or X.shape[1] != {n_in} or not len(X):
        raise ValueError(f"rows: received shape {{X.shape}}, expected (n, {n_in})")
    if not np.isfinite(X).all():
        raise ValueError("rows: received NaN or infinity, expected finite numbers")
    return X
'''

NAMED = PLAIN.replace(
    "an array of rows.", "rows: an array, or dicts by the names in FEATURES."
).replace(
    "    X = ",
    """    if len(rows) and isinstance(rows[0], dict):
        rows = [[row[name] for name in FEATURES] for row in rows]
    X = """,
    1,
)

TABLE = '''
def encode(rows):
    """Return the inputs (n, {n_in}) of rows: dicts by column, or values in the order of COLUMNS."""
    rows = [[row[c] for c in COLUMNS] if isinstance(row, dict) else list(row) for row in rows]
    if not rows or any(len(row) != len(COLUMNS) for row in rows):
        raise ValueError(f"rows: expected one or more rows of the columns {{COLUMNS}}")
    X = np.array([[x for value in zip(COLUMNS, row) for x in encode_cell(*value)] for row in rows])
    if FILL is not None:
        X = np.where(np.isnan(X), FILL, X)
    if MEAN is not None:
        X = (X - MEAN) / SCALE
    if CLIP is not None:
        X = X / np.hypot(1.0, X / CLIP)
    with np.errstate(over="ignore"):
        X = X.astype(DTYPE)
    if not np.isfinite(X).all():
        raise ValueError(f"row {{np.isfinite(X).all(axis=1).argmin()}}: has a missing value")
    return X


def encode_cell(column, value):
    """Return the inputs of one value: a number as it is, a word as zeros and a one."""
    is_missing = value is None or value == "" or value != value
    if column not in WORDS:
        number = float("nan") if is_missing else float(value)
        if abs(number) == float("inf"):
            raise ValueError(f"{{column}}: received {{value!r}}, expected a finite number")
        return [number]
    words = WORDS[column]
    if is_missing:
        return [float("nan")] * len(words)
    word = str(value)
    if column in NUMERIC_WORDS:  # then 1 and 1.0 are the same word
        word, words = without_zero(word), [without_zero(word) for word in words]
    if word not in words:
        raise ValueError(f"{{column}}: received {{value!r}}, expected one of {{WORDS[column]}}")
    return [float(word == known) for known in words]


def without_zero(word):
    """Return N for an integer N.0."""
    whole = word[:-2] if word.endswith(".0") else word
    return whole if re.fullmatch("-?(?:0|[1-9][0-9]*)", whole) else word
'''

PREDICT_OUTPUTS = '''
def predict(rows):
    """Return the outputs (n, {n_out}) for rows; see `encode`."""
    return outputs(encode(rows))
'''

PREDICT_NUMBERS = '''
def predict(rows):
    """Return the predicted numbers (n, {n_out}), in the order of TARGETS."""
    Y = outputs(encode(rows))
    return Y if TARGET_MEAN is None else Y * TARGET_SCALE + TARGET_MEAN
'''

PREDICT_CLASSES = '''
def predict(rows):
    """Return the predicted class of each row; see `encode`."""
    return [CLASSES[k] for k in probabilities(rows).argmax(axis=1)]


def probabilities(rows):
    """Return the probability of each class (n, {n_classes}), in the order of CLASSES."""
    return outputs(encode(rows))
'''

PREDICT_TWO_CLASSES = '''
def predict(rows):
    """Return the predicted class of each row; see `encode`."""
    return [CLASSES[int(p > 0.5)] for p in probabilities(rows)[:, 1]]


def probabilities(rows):
    """Return the probability of each class (n, 2), in the order of CLASSES."""
    A = outputs(encode(rows))
    return np.hstack([1.0 - A, A])
'''


def functions_of(kinds: set[str], dtype: str) -> list[str]:
    """Return the functions that these kinds of steps call."""
    wanted = kinds | ({"sigmoid"} if "silu" in kinds else set())
    parts = [source for name, source in (ACTIVATIONS | PER_UNIT).items() if name in wanted]
    if "gelu" in kinds:
        terms = CHEBYSHEV[:TERMS_FLOAT32] if dtype == "float32" else CHEBYSHEV
        parts.insert(0, f"\nCHEBYSHEV = {terms!r}\n")
    return parts
