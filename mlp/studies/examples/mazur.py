"""Matt Mazur's worked example of backpropagation."""

from __future__ import annotations

from mlp.studies.examples.example import (
    TEXTBOOK_NAMES,
    Erratum,
    Example,
    array,
    sigmoid_network,
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
