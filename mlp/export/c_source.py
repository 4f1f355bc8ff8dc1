"""The functions that an exported C header is put together from.

``NAME`` stands for the prefix of all names, ``REAL`` for float or double, and ``F(exp)`` for the
function of that type: expf or exp.
"""

from __future__ import annotations

import re

DENSE = """
/* z = x W + b */
static void NAME_dense(const REAL *x, int n_in, const REAL *W, const REAL *b, REAL *z, int n_out)
{
    for (int j = 0; j < n_out; j++)
        z[j] = b ? b[j] : 0;
    for (int i = 0; i < n_in; i++)
        for (int j = 0; j < n_out; j++)
            z[j] += x[i] * W[i * n_out + j];
}
"""

DENSE_INT8 = """
/* z = x W + b, with W[i][j] = scale[j] * w[i][j] */
static void NAME_dense(const REAL *x, int n_in, const int8_t *w, const REAL *scale, const REAL *b,
                       REAL *z, int n_out)
{
    for (int j = 0; j < n_out; j++)
        z[j] = 0;
    for (int i = 0; i < n_in; i++)
        for (int j = 0; j < n_out; j++)
            z[j] += x[i] * (REAL)w[i * n_out + j];
    for (int j = 0; j < n_out; j++)
        z[j] = scale[j] * z[j] + (b ? b[j] : 0);
}
"""

STEPS = {
    "sigmoid": """
static void NAME_sigmoid(REAL *a, int n)
{
    for (int j = 0; j < n; j++)
        a[j] = 1 / (1 + F(exp)(-a[j]));
}
""",
    "tanh": """
static void NAME_tanh(REAL *a, int n)
{
    for (int j = 0; j < n; j++)
        a[j] = F(tanh)(a[j]);
}
""",
    "relu": """
static void NAME_relu(REAL *a, int n)
{
    for (int j = 0; j < n; j++)
        a[j] = a[j] > 0 ? a[j] : 0;
}
""",
    "leaky_relu": """
static void NAME_leaky_relu(REAL *a, int n, REAL slope)
{
    for (int j = 0; j < n; j++)
        a[j] = a[j] > 0 ? a[j] : slope * a[j];
}
""",
    "elu": """
static void NAME_elu(REAL *a, int n, REAL alpha)
{
    for (int j = 0; j < n; j++)
        a[j] = a[j] > 0 ? a[j] : alpha * F(expm1)(a[j]);
}
""",
    "selu": """
static void NAME_selu(REAL *a, int n)
{
    const REAL scale = (REAL)1.0507009873554805, alpha = (REAL)1.6732632423543772;
    for (int j = 0; j < n; j++)
        a[j] = scale * (a[j] > 0 ? a[j] : alpha * F(expm1)(a[j]));
}
""",
    "softplus": """
static void NAME_softplus(REAL *a, int n)
{
    for (int j = 0; j < n; j++)
        a[j] = (a[j] > 0 ? a[j] : 0) + F(log1p)(F(exp)(-F(fabs)(a[j])));
}
""",
    "silu": """
static void NAME_silu(REAL *a, int n)
{
    for (int j = 0; j < n; j++)
        a[j] = a[j] / (1 + F(exp)(-a[j]));
}
""",
    "mish": """
static void NAME_mish(REAL *a, int n)
{
    for (int j = 0; j < n; j++) {
        const REAL e = F(exp)(a[j] < 20 ? a[j] : 20), m = e * (e + 2);
        a[j] = a[j] * (m / (m + 2));
    }
}
""",
    "gelu": """
static void NAME_gelu(REAL *a, int n)
{
    const REAL sqrt_half = (REAL)0.70710678118654752440;
    for (int j = 0; j < n; j++)
        a[j] = a[j] * F(erfc)(-a[j] * sqrt_half) / 2;
}
""",
    "gelu_tanh": """
static void NAME_gelu_tanh(REAL *a, int n)
{
    const REAL slope = (REAL)0.79788456080286535588, cubic = (REAL)0.044715;
    for (int j = 0; j < n; j++)
        a[j] = a[j] / 2 * (1 + F(tanh)(slope * a[j] * (1 + cubic * a[j] * a[j])));
}
""",
    "softmax": """
static void NAME_softmax(REAL *a, int n)
{
    REAL largest = a[0], sum = 0;
    for (int j = 1; j < n; j++)
        largest = a[j] > largest ? a[j] : largest;
    for (int j = 0; j < n; j++) {
        a[j] = F(exp)(a[j] - largest);
        sum += a[j];
    }
    for (int j = 0; j < n; j++)
        a[j] /= sum;
}
""",
    "scale": """
static void NAME_scale(REAL *a, int n, const REAL *scale)
{
    for (int j = 0; j < n; j++)
        a[j] *= scale[j];
}
""",
    "batch_norm": """
static void NAME_batch_norm(REAL *a, int n, const REAL *mean, const REAL *scale, const REAL *beta)
{
    for (int j = 0; j < n; j++)
        a[j] = (a[j] - mean[j]) * scale[j] + beta[j];
}
""",
    "layer_norm": """
static void NAME_layer_norm(REAL *a, int n, const REAL *gamma, const REAL *beta, REAL eps)
{
    const REAL first = a[0];
    REAL mean = 0, var = 0;
    for (int j = 0; j < n; j++) {
        a[j] -= first;
        mean += a[j];
    }
    mean /= (REAL)n;
    for (int j = 0; j < n; j++) {
        a[j] -= mean;
        var += a[j] * a[j];
    }
    var /= (REAL)n;
    for (int j = 0; j < n; j++)
        a[j] = a[j] / F(sqrt)(var + eps) * gamma[j] + beta[j];
}
""",
}

ENCODE = """
/* x = the inputs of a row of columns: numbers, or the index of a word in NAME_words; NaN where a
 * value is missing. An index of no word gives zeros. */
static inline void NAME_encode(const double *columns, REAL *x)
{
    int i = 0;
    for (int c = 0; c < NAME_N_COLUMNS; c++) {
        const int n = NAME_n_words[c];
        for (int k = 0; k < (n ? n : 1); k++, i++) {
            double value = columns[c];
            if (n && !isnan(value))
                value = value == k;
FILL
SCALED
            x[i] = (REAL)value;
        }
    }
}
"""
FILL = """\
            if (isnan(value))
                value = NAME_fill[i];
"""
SCALED = """\
            value = (value - NAME_mean[i]) / NAME_scale[i];
"""
CLIPPED = """\
            value /= hypot(1.0, value / LIMIT);
"""

DECODE = """
/* numbers = the outputs in the units of the columns NAME_targets */
static inline void NAME_decode(const REAL *y, double *numbers)
{
    for (int j = 0; j < NAME_N_OUT; j++)
        numbers[j] = y[j] * NAME_target_scale[j] + NAME_target_mean[j];
}
"""

CLASS = """
/* Return the index in NAME_classes of the predicted class. */
static inline int NAME_class(const REAL *y)
{
    int k = 0;
    for (int j = 1; j < NAME_N_OUT; j++)
        k = y[j] > y[k] ? j : k;
    return k;
}
"""

CLASS_OF_TWO = """
/* Return the index in NAME_classes of the predicted class. */
static inline int NAME_class(const REAL *y)
{
    return y[0] > (REAL)0.5;
}
"""

MAIN = """
#ifdef NAME_MAIN
/* Reads rows of NAME_N_COLUMNS cells separated by commas, and prints what is predicted:
 *   cc -O2 -x c -D NAME_MAIN FILE.h -lm -o NAME && ./NAME < rows.csv
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int NAME_read(char *cell, int column, double *value)
{
    char *end = cell;
    if (column >= NAME_N_COLUMNS)
        return 0;
READ_WORD
    *value = *cell ? strtod(cell, &end) : (double)NAN;
    return *end == 0;
}

int main(void)
{
    static char line[1 << 20];
HEAD
    for (int row = 1; fgets(line, sizeof line, stdin); row++) {
        double columns[NAME_N_COLUMNS];
        REAL x[NAME_N_IN], y[NAME_N_OUT];
        int n = 0;
        line[strcspn(line, "\\r\\n")] = 0;
        for (char *cell = line, *next; cell; cell = next, n++) {
            if ((next = strchr(cell, ',')) != NULL)
                *next++ = 0;
            if (!NAME_read(cell, n, &columns[n < NAME_N_COLUMNS ? n : 0])) {
                fprintf(stderr, "row %d: cannot read cell %d: %s\\n", row, n + 1, cell);
EXPECTED
                return 1;
            }
        }
        if (n < NAME_N_COLUMNS) {
            fprintf(stderr, "row %d: received %d cells, expected %d\\n", row, n, NAME_N_COLUMNS);
            return 1;
        }
PREPARE
        NAME_predict(x, y);
PRINT
    }
    return 0;
}
#endif
"""
READ_WORD = """\
    for (int k = 0; *cell && k < NAME_n_words[column]; k++)
        if (strcmp(cell, NAME_words[column][k]) == 0)
            return *value = k, 1;
    if (*cell && NAME_n_words[column])
        return 0;
"""
EXPECTED = """\
                for (int c = 0; c < NAME_N_COLUMNS; c++)
                    fprintf(stderr, c ? ",%s" : "expected %s", NAME_columns[c]);
                fprintf(stderr, "\\n");
"""
COPY = """\
        for (int i = 0; i < NAME_N_IN; i++)
            x[i] = (REAL)columns[i];
"""
HEAD = """\
    for (int j = 0; j < NAME_N_OUT; j++)
        printf(j ? ",%s" : "%s", NAME_targets[j]);
    printf("\\n");
"""
PRINT = """\
        for (int j = 0; j < NAME_N_OUT; j++)
            printf(j ? ",%.17g" : "%.17g", (double)NUMBERS[j]);
        printf("\\n");
"""


def rendered(text: str, name: str, real: str) -> str:
    """Return a part of the header with its prefix and its type."""
    suffix = "f" if real == "float" else ""
    text = re.sub(r"F\((\w+)\)", rf"\1{suffix}", text)
    macros = re.compile(r"NAME_(N_\w+|MAIN|H)\b")
    text = macros.sub(rf"{name.upper()}_\1", text)
    return text.replace("REAL", real).replace("NAME", name)
