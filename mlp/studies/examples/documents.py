"""The networks of the worked examples and Matt Mazur's, and their names."""

from __future__ import annotations

from collections.abc import Callable

from mlp._names import find_name
from mlp.core import MLP, Dense
from mlp.studies.examples.chart import learning_rate_chart
from mlp.studies.examples.example import (
    TEXTBOOK_NAMES,
    Erratum,
    Example,
    array,
    sigmoid_network,
)


def document_000() -> Example:
    """Return the 2-2-2 network of document 000.

    The document derives all formulas and has no numbers; those here are from document 004, which
    has the same connections.

    Examples
    --------
    >>> example = document_000()
    >>> round(example.network.evaluate(example.x, example.t), 8)
    0.24251986
    """
    return Example(
        name="document-000",
        title="The chain rule on a 2-2-2 network, in symbols (numbers of document 004)",
        network=sigmoid_network([[[0.15, 0.25], [0.20, 0.30]], [[0.40, 0.50], [0.45, 0.55]]]),
        x=array([[0.05, 0.10]]),
        t=array([[0.01, 0.99]]),
        lr=0.5,
        weight_names=TEXTBOOK_NAMES,
        published={},
        exact={"E_total": 0.24251985734837728},
    )


def document_001() -> Example:
    """Return the network of document 001, with biases, connected as in its figure.

    The figure and the formulas of the hidden layer agree: w1 and w2 leave x1, w5 and w6 leave
    h1. But the document computes y1 as if w5 and w6 led to y1, the cause of most errata. It leaves
    w6 to w8 and the hidden layer to its readers; `exact` has them.

    Examples
    --------
    >>> from mlp.studies.chain_rule import trace
    >>> example = document_001()
    >>> steps = trace(example.network, example.x, example.t, names=example.weight_names)
    >>> {name: round(steps[name].new_value, 10) for name in ("w6", "w7", "w8", "w1")}
    {'w6': 0.4602394774, 'w7': 0.4608894658, 'w8': 0.56027153, 'w1': 0.1497705604}
    """
    follows = "Follows from y1."
    return Example(
        name="document-001",
        title="A 2-2-2 network with fixed biases",
        network=sigmoid_network(
            [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]], biases=[0.30, 0.70]
        ),
        x=array([[0.05, 0.10]]),
        t=array([[0.01, 0.99]]),
        lr=0.5,
        weight_names={
            "w1": (0, 0, 0),
            "w2": (0, 0, 1),
            "w3": (0, 1, 0),
            "w4": (0, 1, 1),
            "w5": (1, 0, 0),
            "w6": (1, 0, 1),
            "w7": (1, 1, 0),
            "w8": (1, 1, 1),
        },
        published={
            "z1": 0.3325,
            "z2": 0.34,
            "h1": 0.5824,
            "h2": 0.5842,
            "z_y1": 1.196,
            "y1": 0.7676,
            "y2": 0.7830,
            "E1": 0.2869,
            "E2": 0.0214,
            "E_total": 0.3083,
            "dE/dy1": 0.7576,
            "dy1/dz_y1": 0.1784,
            "dz_y1/dw5": 0.5824,
            "dE/dw5": 0.0787,
            "w5+": 0.3607,
            "dE1/dz_y1": 0.1352,
            "dE1/dh1": 0.0541,
            "dh1/dz1": 0.2432,
        },
        exact={
            "z1": 0.3325,
            "z2": 0.34,
            "h1": 0.5823675407,
            "h2": 0.5841905229,
            "z_y1": 1.2250422777,
            "y1": 0.7729496792,
            "y2": 0.7830229097,
            "E1": 0.2910461065,
            "E2": 0.0214197580,
            "E_total": 0.3124658644,
            "dE/dy1": 0.7629496792,
            "dy1/dz_y1": 0.1754984726,
            "dz_y1/dw5": 0.5823675407,
            "dE/dw5": 0.0779769774,
            "w5+": 0.3610115113,
            "dE1/dz_y1": 0.1338965034,
            "dE1/dh1": 0.0535586014,
            "dh1/dz1": 0.2432155882,
            "W1+": array([[0.1497705604, 0.1997108892], [0.2495411209, 0.2994217784]]),
            "W2+": array([[0.3610115113, 0.4602394774], [0.4608894658, 0.5602715300]]),
        },
        errata=(
            Erratum("exponent in h1", 0.3275, 0.3325, "Takes w2 for w3; h1 itself is right."),
            Erratum("z_y1", 1.196, 1.2250422777, "Takes w5 and w6; by the figure w5 and w7."),
            Erratum("y1", 0.7676, 0.7729496792, "Takes w5 and w6, and both times h1."),
            Erratum("E1", 0.2869, 0.2910461065, f"{follows} Cut after four digits."),
            Erratum("E_total", 0.3083, 0.3124658644, follows),
            Erratum("dE/dy1", 0.7576, 0.7629496792, follows),
            Erratum("dy1/dz_y1", 0.1784, 0.1754984726, follows),
            Erratum("dE/dw5", 0.0787, 0.0779769774, follows),
            Erratum("w5+", 0.3607, 0.3610115113, follows),
            Erratum("dE1/dz_y1", 0.1352, 0.1338965034, f"{follows} It is labelled dE1/dh1."),
            Erratum("dE1/dh1", 0.0541, 0.0535586014, follows),
            Erratum(
                "dE/dy1 as a formula", "t1 - y1", "-(t1 - y1)", "Lacks the inner derivative, -1."
            ),
            Erratum(
                "dE/dh1 as a formula",
                "dE1/dh1 + dE2/dh2",
                "dE1/dh1 + dE2/dh1",
                "The second output's error reaches h1 as well; h2 is another unit.",
            ),
        ),
    )


def document_002() -> Example:
    """Return the network of document 002, without biases.

    Every number is right to the eight digits printed. The document stops before the first
    gradient; `exact` has the step. The targets follow from the errors.

    Examples
    --------
    >>> example = document_002()
    >>> example.network.predict(example.x).round(8)
    array([[0.609446  , 0.66384491]])
    """
    published = {
        "z1": 0.08,
        "z2": 0.11,
        "h1": 0.51998934,
        "h2": 0.52747230,
        "z3": 0.44498412,
        "z4": 0.68047592,
        "o1": 0.60944600,
        "o2": 0.66384491,
        "E1": 0.02193381,
        "E2": 0.00203809,
        "E_total": 0.02397190,
    }
    return Example(
        name="document-002",
        title="A 2-2-2 network without biases",
        network=sigmoid_network([[[0.30, 0.40], [0.25, 0.35]], [[0.45, 0.70], [0.40, 0.60]]]),
        x=array([[0.1, 0.2]]),
        t=array([[0.4, 0.6]]),
        lr=0.5,
        weight_names=TEXTBOOK_NAMES,
        published=published,
        exact={
            **published,
            "W1+": array([[0.29959556, 0.39964496], [0.24919112, 0.34928991]]),
            "W2+": array([[0.43703857, 0.69629578], [0.38685205, 0.59624247]]),
            "E_total+": 0.02323634,
        },
    )


def document_003() -> Example:
    """Return a network as in document 003: three weight layers, relu, softmax.

    The document has no numbers; those here are chosen to be simple, with one hidden unit (a21) off
    to show relu' at work. In ``wij`` and ``wlij`` (layer l) i is the unit that the weight leads to.

    Examples
    --------
    >>> example = document_003()
    >>> example.network.predict(example.x).round(8)
    array([[0.66818777, 0.33181223]])
    """
    return Example(
        name="document-003",
        title="Three weight layers in matrix form, relu and softmax (numbers chosen here)",
        network=MLP(
            [
                Dense(2, 2, "relu", weights=[[0.5, -0.5], [0.25, 0.5]], bias=False),
                Dense(2, 2, "relu", weights=[[-0.8, 0.6], [0.4, 0.2]], bias=False),
                Dense(2, 2, "softmax", weights=[[1.0, -1.0], [0.5, -0.5]], bias=False),
            ],
            "cross_entropy",
        ),
        x=array([[1.0, 2.0]]),
        t=array([[0.0, 1.0]]),
        lr=0.5,
        weight_names={
            "w11": (0, 0, 0),
            "w21": (0, 0, 1),
            "w12": (0, 1, 0),
            "w22": (0, 1, 1),
            "w211": (1, 0, 0),
            "w221": (1, 0, 1),
            "w212": (1, 1, 0),
            "w222": (1, 1, 1),
            "w311": (2, 0, 0),
            "w321": (2, 0, 1),
            "w312": (2, 1, 0),
            "w322": (2, 1, 1),
        },
        published={},
        exact={
            "H1": array([[1.0, 0.5]]),
            "H2": array([[-0.6, 0.7]]),
            "H3": array([[0.35, -0.35]]),
        },
        errata=(
            Erratum("h12", "x1*w21 + x2*w12", "x1*w21 + x2*w22", "Repeats w12."),
            Erratum("dw322", "a22*dy1", "a22*dy2", "The slip is carried into the matrix."),
            Erratum(
                "dz2",
                "dz3 @ W3.T * relu_prime(Det(h2))",
                "dz3 @ W3.T * relu_prime(h2)",
                "It means a diagonal matrix, that is an elementwise product, not a determinant.",
            ),
            Erratum(
                "dy1/dh31",
                "1",
                "y1*(1 - y1)",
                "The derivative of softmax is not constant. dz3 = y - label is exact because "
                "cross-entropy follows; any other loss needs the whole Jacobian.",
            ),
        ),
    )


def mazur() -> Example:
    """Return the network of Mazur's "A Step by Step Backpropagation Example" (2015).

    Its chain rule is right to the nine digits printed, except for one last digit; the biases are
    not trained. The figures after the first step are not those of gradient descent: they come from
    runs that compute the hidden layer's gradient with already updated output weights, which the
    article itself rules out, or that make one update fewer than stated.

    References
    ----------
    https://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example/

    Examples
    --------
    >>> example = mazur()
    >>> round(example.network.evaluate(example.x, example.t), 9)
    0.298371109
    """
    too_early = "The hidden layer's gradient was taken with output weights already updated."
    return Example(
        name="mazur",
        title="Mazur's 2-2-2 network with fixed biases",
        network=sigmoid_network(
            [[[0.15, 0.25], [0.20, 0.30]], [[0.40, 0.50], [0.45, 0.55]]], biases=[0.35, 0.60]
        ),
        x=array([[0.05, 0.10]]),
        t=array([[0.01, 0.99]]),
        lr=0.5,
        weight_names=TEXTBOOK_NAMES,
        published={
            "z_h1": 0.3775,
            "h1": 0.593269992,
            "h2": 0.596884378,
            "z_o1": 1.105905967,
            "o1": 0.75136507,
            "o2": 0.772928465,
            "E1": 0.274811083,
            "E2": 0.023560026,
            "E_total": 0.298371109,
            "dE/do1": 0.74136507,
            "do1/dz_o1": 0.186815602,
            "dE/dw5": 0.082167041,
            "dE/dz_o1": 0.138498562,
            "dE1/dh1": 0.055399425,
            "dE2/dh1": -0.019049119,
            "dE/dh1": 0.036350306,
            "dh1/dz_h1": 0.241300709,
            "dE/dw1": 0.000438568,
            "w1+": 0.149780716,
            "w2+": 0.19956143,
            "w3+": 0.24975114,
            "w4+": 0.29950229,
            "w5+": 0.35891648,
            "w6+": 0.408666186,
            "w7+": 0.511301270,
            "w8+": 0.561370121,
            "E_total+": 0.291027924,
            "E_total after 10,000 updates": 0.0000351085,
            "o1 after 10,000 updates": 0.015912196,
            "o2 after 10,000 updates": 0.984065734,
        },
        exact={
            "h1": 0.5932699921,
            "o1": 0.7513650696,
            "o2": 0.7729284653,
            "E_total": 0.2983711088,
            "dE2/dh1": -0.0190491183,
            "W1+": array([[0.1497807161, 0.2497511436], [0.1995614323, 0.2995022873]]),
            "W2+": array([[0.3589164797, 0.5113012702], [0.4086661861, 0.5613701211]]),
            "E_total+": 0.2910277737,
            "E_total+ with trained biases": 0.2804714468,
            "E_total after 9,999 updates": 3.510854812e-05,
            "E_total after 10,000 updates": 3.510187783e-05,
            "o1 after 10,000 updates": 0.0159136204,
            "o2 after 10,000 updates": 0.9840642735,
        },
        errata=(
            Erratum(
                "dE2/dh1",
                -0.019049119,
                -0.0190491183,
                "The last digit; it is the rounded dE/dh1 less the rounded dE1/dh1.",
            ),
            Erratum("E_total+", 0.291027924, 0.2910277737, too_early),
            Erratum(
                "E_total after 10,000 updates",
                0.0000351085,
                3.510187783e-05,
                "The error before the 10,000th update, that is after 9,999.",
            ),
            Erratum("o1 after 10,000 updates", 0.015912196, 0.0159136204, too_early),
            Erratum("o2 after 10,000 updates", 0.984065734, 0.9840642735, too_early),
        ),
    )


EXAMPLES: dict[str, Callable[[], Example]] = {
    "document-000": document_000,
    "document-001": document_001,
    "document-002": document_002,
    "document-003": document_003,
    "document-004": learning_rate_chart,
    "mazur": mazur,
}


def load_example(name: str) -> Example:
    """Return a new copy of the example of that name.

    Parameters
    ----------
    name : str
        A key of `EXAMPLES`, in any case.

    Raises
    ------
    TypeError
        If the name is not a string.
    ValueError
        If the name is unknown; the message suggests the nearest known one.

    Examples
    --------
    >>> load_example("document-002").title
    'A 2-2-2 network without biases'
    """
    return EXAMPLES[find_name("example", name, EXAMPLES)]()
