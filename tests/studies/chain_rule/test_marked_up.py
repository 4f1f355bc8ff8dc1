"""A trace as LaTeX and as HTML."""

import re
import subprocess
from html.parser import HTMLParser
from shutil import which

import pytest

from mlp import MLP, Dense
from mlp.studies.chain_rule import trace
from mlp.studies.chain_rule.symbols import Symbol, symbol
from mlp.studies.examples import EXAMPLES
from tests.studies.chain_rule.traced import X, trace_example

HOSTILE = {"w_1 & <b>$x$</b> \\ %#~^{}": (0, 0, 0), "E": (0, 1, 0), "sigmoid": (0, 0, 1)}


def named(names):
    net = MLP([Dense(2, 2, "sigmoid"), Dense(2, 2, "leaky_relu")], "huber", seed=0)
    return trace(net, X, [[0.0, 1.0]], names=names)


class Elements(HTMLParser):
    """Checks that each element is closed where it was opened, and collects the text in cells."""

    def __init__(self, page):
        super().__init__()
        self.open, self.cells, self.tags = [], [], set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in ("br", "meta"):
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("E", Symbol("E")),
        ("w5", Symbol("w", "5")),
        ("w5+", Symbol("w", "5", "+")),
        ("w11", Symbol("w", "11")),
        ("z_o1", Symbol("z", "o1")),
        ("h2_1", Symbol("h", "2,1")),
        ("b_h1", Symbol("b", "h1")),
        ("x[0]", Symbol("x", "0")),
        ("t[1]", Symbol("t", "1")),
        ("b[1]", Symbol("b", "", "(1)")),
        ("a[0][2]", Symbol("a", "2", "(0)")),
        ("w[1][2,10]+", Symbol("w", "2,10", "(1)+")),
        ("alpha", Symbol("alpha")),
        ("weight 1+", Symbol("weight 1", "", "+")),
    ],
)
def test_a_name_has_its_indices_below_and_its_layer_above(name, expected):
    assert symbol(name) == expected


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_shows_every_value_of_the_text(name):
    found = trace_example(name)
    cells = Elements(found.html()).cells
    values = {cell.removeprefix("= ") for cell in cells[2::3]}
    rows = re.findall(r"^ {4}.* = (-?\d\S*)$", found.text(), flags=re.MULTILINE)
    assert set(rows) == values
    assert len(cells) == 3 * len(rows)


def test_every_element_is_closed_and_what_a_notebook_shows_is_one(case):
    net, t = case
    found = trace(net, X, t)
    page, shown = Elements(found.html()), Elements(found._repr_html_())
    assert not page.open
    assert not shown.open
    assert "script" not in page.tags
    assert found._repr_html_().startswith('<div class="mlp-trace">')


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_latex_has_every_value_of_the_text(name):
    found = trace_example(name)
    values = re.findall(r"^ {4}.* = (-?[\d.]+)$", found.text(12), flags=re.MULTILINE)
    latex = found.latex(12)
    assert values
    assert all(
        re.search(rf"= {re.escape(value)}( \\\\)?$", latex, re.MULTILINE) for value in values
    )


def test_the_latex_is_balanced(case):
    net, t = case
    latex = trace(net, X, t).latex()
    assert latex.count(r"\begin{align*}") == latex.count(r"\end{align*}") > 0
    plain = re.sub(r"\\[{}]", "", latex)
    assert plain.count("{") == plain.count("}")
    for block in re.findall(r"\\begin{align\*}\n(.*?)\n\\end", latex, re.DOTALL):
        lines = block.split("\n")
        assert all(line.count("&") <= 1 for line in lines)
        assert not lines[-1].endswith("\\\\")


def test_powers_of_ten_and_infinity_are_written_out():
    net = MLP([Dense(1, 1, weights=[[1e-9]], bias=False)])
    latex = trace(net, [[-1.0]], [[0.0]], names={"w1": (0, 0, 0)}).latex()
    assert r"&= 1 \times 10^{-9} \times (-1) = -1 \times 10^{-9}" in latex
    assert r"\infty" in trace(net, [[1e200]], [[0.0]], lr=1e300).latex()


def test_names_that_mean_something_to_tex_or_html_are_written_as_they_are():
    found = named(HOSTILE)
    latex, page = found.latex(), found.html()
    escaped = (
        r"\text{w\_1 \& <b>\$x\$</b> \textbackslash{} "
        r"\%\#\textasciitilde{}\textasciicircum{}\{\}}"
    )
    assert escaped in latex
    assert "&lt;b&gt;$x$&lt;/b&gt;" in page
    assert "b" not in Elements(page).tags
    assert r"\operatorname{leaky\_relu}" in latex


def test_the_latex_is_a_whole_document():
    lines = trace_example("document-003").latex().splitlines()
    assert (lines[0], lines[-1]) == (r"\documentclass{article}", r"\end{document}")
    assert lines.count(r"\begin{document}") == lines.count(r"\end{document}") == 1


@pytest.mark.skipif(not which("pdflatex"), reason="needs LaTeX")
def test_latex_sets_it(case, tmp_path):
    net, t = case
    (tmp_path / "trace.tex").write_text(trace(net, X, t).latex(), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "trace.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_a_notebook_is_shown_a_part_of_a_large_network_and_told_so():
    large = trace(MLP.from_sizes([30, 20, 2], seed=0), [0.1] * 30, [0.0, 1.0])
    shown = large._repr_html_()
    n_blocks = 2 + 20 + len(large.updates)  # the way back: units, weights and biases
    assert f"… and {n_blocks - 100:,} more" in shown
    assert not Elements(shown).open
    assert "more" not in large.html()
    assert large.html().count("<h4>") == n_blocks
    assert "more" not in trace_example("document-003")._repr_html_()


@pytest.mark.parametrize("digits", [0, 18, 2.5])
def test_digits_out_of_range_are_refused(digits):
    for write in (trace_example("mazur").latex, trace_example("mazur").html):
        with pytest.raises((ValueError, TypeError), match="digits: received"):
            write(digits)


UNPRINTABLE = {"a|b`c``d`": (0, 0, 0), "*em* [a](b)": (0, 0, 1), "<img src=x>": (0, 1, 0),
               "red\x1b[31m\nx": (0, 1, 1), "%": (1, 0, 0), "c\u202ed": (1, 1, 0)}  # fmt: skip


def hostile_trace():
    return trace(MLP.from_sizes([2, 2, 1], "tanh", seed=0), X, [1.0], names=UNPRINTABLE)


@pytest.mark.parametrize("form", ["text", "markdown", "latex", "html", "_repr_html_"])
def test_no_control_character_of_a_name_is_written(form):
    written = getattr(hostile_trace(), form)()
    assert written.replace("\n", "").isprintable()
    assert "c\\u202ed" in written.replace(r"\textbackslash{}", "\\")


def test_a_name_cannot_end_a_cell_or_be_markup_in_markdown():
    lines = hostile_trace().markdown(3).splitlines()
    for line in lines:
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) == 5, line
    assert r"### Weight a\|b\`c\`\`d\`, from x1 to h1" in lines
    assert r"### Weight \*em\* [a\](b), from x1 to h2" in lines
    assert r"### Weight \<img src=x\>, from x2 to h1" in lines
    # the fence is longer than any run of backticks in the code
    assert any(line.startswith(r"| ``` dz_h1/da\|b`c``d` ``` |") for line in lines)


def test_a_name_of_one_sign_is_escaped_in_latex():
    latex = hostile_trace().latex(3)
    assert not re.search(r"(?<!\\)%", latex)
    assert r"\paragraph{Weight $\text{\%}$, from $h_{1}$ to $o_{1}$}" in latex
