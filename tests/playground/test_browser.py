"""The playground in a real browser: what it shows is what the package computes in CPython."""

import subprocess
from itertools import pairwise

import numpy as np
import pytest

import mlp
from mlp.playground.settings import Settings
from mlp.playground.task import make_task
from tests.processes import assert_runs

pytest.importorskip("selenium")
from tests.playground.browser import (
    CHROMIUM,
    DRIVER,
    Page,
    find_runtime,
    link_code,
    start_server,
)

if CHROMIUM is None or DRIVER is None:
    pytest.skip("Chromium or its driver is missing", allow_module_level=True)

pytestmark = pytest.mark.slow
EXACT = {"rel": 1e-9, "abs": 1e-12}


@pytest.fixture(scope="module")
def runtime():
    try:
        return find_runtime()
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"the runtime cannot be downloaded: {error}")


@pytest.fixture(scope="module")
def server(runtime):
    server = start_server(runtime)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def loaded(server, tmp_path_factory):
    page = Page(tmp_path_factory.mktemp("downloads"))
    page.open(server.url)
    yield page
    page.close()


@pytest.fixture
def page(loaded, server):
    """The page at its start; afterwards, nothing in the console, and no other host asked."""
    for path in loaded.folder.iterdir():
        path.unlink()
    loaded.resize(1280, 900)
    loaded.go({"seed": 0})
    yield loaded
    assert loaded.errors() == []
    assert loaded.hosts() <= {server.url.split("/")[2]}


def train(page, epochs):
    for _ in range(epochs):
        before = page.text("epoch")
        page.click("one-epoch")
        page.wait(lambda before=before: page.text("epoch") != before)


def saved_network(page):
    page.click("save-model")
    return mlp.load(page.downloaded("model.npz"))


def numbers(page, key, table="chain"):
    cells = page.driver.find_elements("css selector", f'#{table} [data-key="{key}"] td')
    return [float(cell.get_attribute("data-value")) for cell in cells]


def test_xor_is_learned_and_the_script_and_the_link_give_the_same_loss(page, server):
    page.choose("speed", "10")
    page.click("play")
    page.wait(lambda: page.text("accuracy") == "100.0 %")
    page.click("play")
    page.wait(lambda: page.text("play") == "Play")
    train(page, 1)  # to the end of an epoch
    loss, epoch = page.value("loss"), page.text("epoch")
    assert page.count("#losses path.curve") == 1
    assert (
        page.run(
            "const c = document.querySelector('#picture canvas'); const d = c.getContext('2d')"
            ".getImageData(0, 0, c.width, c.height).data; return new Set(d).size"
        )
        > 20
    )  # a picture of many colours

    page.click("as-python")
    printed = assert_runs(page.downloaded("playground.py"))
    assert float(printed.removeprefix("loss: ")) == pytest.approx(loss, **EXACT)

    page.click("as-link")
    page.wait(lambda: "#" in page.find("shared").get_attribute("value"))
    link = page.find("shared").get_attribute("value")
    assert link.startswith(server.url)
    page.open(link)
    page.wait(lambda: page.text("status") == "Ready.")
    assert (page.value("loss"), page.text("epoch")) == (loss, epoch)


def test_a_clicked_weight_shows_the_factors_of_trace(page):
    settings = {"hidden": [[8, "tanh"], [8, "tanh"]]}
    page.go(settings, batches=25)
    page.choose("row", 7)
    page.click_on('.weight[data-layer="1"][data-i="2"][data-j="3"] .hit')
    page.wait(lambda: page.count("#chain tr") > 0)
    task = make_task(Settings.from_dict(settings))
    net = saved_network(page)
    steps = mlp.trace(net, task.X[7], task.Y[7:8], 0.5, steps=2)
    updates = [step["w[1][2,3]"] for step in steps]
    for factors in zip(*(update.factors for update in updates), strict=True):
        expected = [factor.value for factor in factors]
        assert numbers(page, factors[0].name) == pytest.approx(expected, **EXACT)
    assert numbers(page, "gradient") == pytest.approx([u.gradient for u in updates], **EXACT)
    assert numbers(page, "new_value") == pytest.approx([u.new_value for u in updates], **EXACT)
    assert numbers(page, "loss") == pytest.approx([step.loss for step in steps], **EXACT)

    page.click_on('.unit[data-layer="0"][data-j="4"] circle')
    page.wait(lambda: "Unit a[0][4]" in page.text("chain"))
    (unit,) = (u for u in steps[0].units if u.name == "a[0][4]")
    assert numbers(page, "z[0][4]") == pytest.approx([unit.z], **EXACT)
    assert numbers(page, "dE_dz") == pytest.approx([unit.dE_dz], **EXACT)


def test_a_worked_example_opens_and_its_sweep_is_that_of_cpython(page):
    page.choose("example", "document-004")
    page.wait(lambda: "E_total" in page.text("published"))
    assert page.find("rates").get_attribute("value") == "0.1, 0.2, 0.5, 0.8, 1, 2"
    assert page.count("#published tr.differs") == 2
    page.click("sweep-run")
    page.wait(lambda: "best" in page.text("sweep-table"))
    chart = mlp.examples.learning_rate_chart()
    result = mlp.learning_rate_sweep(chart.network, chart.x, chart.t, epochs=100)
    cells = page.driver.find_elements("css selector", "#sweep-table td[data-value]")
    found = [float(cell.get_attribute("data-value")) for cell in cells]
    assert found[1::2] == pytest.approx(result.loss[:, -1].tolist(), **EXACT)
    assert page.count("#sweep path.curve") == 6
    page.click("wrong")
    page.wait(lambda: page.count("#sweep path.curve.dashed") == 2)

    page.choose("example", "mazur")
    page.wait(lambda: "w5+" in page.text("published"))
    page.click_on('.weight[data-layer="1"][data-i="0"][data-j="0"] .hit')
    page.wait(lambda: "Weight w5" in page.text("chain"))
    assert numbers(page, "gradient")[0] == pytest.approx(0.0821670406, abs=1e-10)


def test_points_files_and_pictures(page, tmp_path):
    page.choose("data", "rows")
    page.wait(lambda: not page.run("return document.getElementById('points-tools').hidden"))
    before = page.count("#picture .point")
    page.run(
        "const s = document.querySelector('#picture svg'); const r = s.getBoundingClientRect();"
        "s.dispatchEvent(new MouseEvent('click', { bubbles: true,"
        " clientX: r.left + r.width / 2, clientY: r.top + r.height / 2 }))"
    )
    page.wait(lambda: page.count("#picture .point") == before + 1)
    page.click("points-undo")
    page.wait(lambda: page.count("#picture .point") == before)

    table = tmp_path / "table.csv"
    table.write_text("size,age,kind\n1,2,cat\n3,4,dog\n5,6,cat\n1,1,dog\n")
    page.find("csv-file").send_keys(str(table))
    page.wait(lambda: page.count("#picture .point") == 4)
    train(page, 2)
    page.click("as-python")
    printed = assert_runs(page.downloaded("playground.py"))
    assert float(printed.removeprefix("loss: ")) == pytest.approx(page.value("loss"), **EXACT)

    net = saved_network(page)
    loss = page.value("loss")
    page.click("restart")
    page.wait(lambda: page.text("epoch") == "0")
    page.find("load-model").send_keys(str(page.folder / "model.npz"))
    page.wait(lambda: "the weights of the file" in page.text("network-note"))
    assert page.value("loss") == pytest.approx(loss, **EXACT)
    assert page.value("loss") == pytest.approx(net.evaluate(*_standardized(table)), **EXACT)

    for part in ("network", "picture", "losses"):
        page.choose("image-of", part)
        page.click("as-svg")
        page.click("as-png")
        assert page.downloaded(f"{part}.svg").read_bytes().startswith(b"<svg")
        assert page.downloaded(f"{part}.png").read_bytes().startswith(b"\x89PNG")


def _standardized(path):
    table = mlp.tables.read_csv(path, targets=[-1])
    X = np.stack([table["size"], table["age"]], axis=1)
    return mlp.tables.Standardizer.fit(X).transform(X), np.array([0, 1, 0, 1])


def test_bad_input_is_answered_with_a_message_and_the_state_is_kept(page, tmp_path):
    train(page, 2)
    kept = page.value("loss")
    for settings, message in (
        ({"hidden": [[10_000, "relu"]]}, "units: received 10000, expected a whole number from 1"),
        ({"data": "<img src=x onerror=alert(1)>"}, "data: received '<img src=x onerror=alert(1)>'"),
        ({"output": "relu", "loss": "cross_entropy"}, "loss"),
        ({"__proto__": {"lr": 1}}, "settings: received '__proto__'"),
    ):
        page.run("location.hash = arguments[0]", link_code(settings))
        assert page.message().startswith(message)
    page.run("location.hash = 'tampered!'")
    assert page.message().startswith("The link is damaged")
    words = tmp_path / "words.csv"
    words.write_text("a,b\n1,x\n<b>hello</b>,y\n2,x\n")
    page.run("document.getElementById('csv').hidden = false")
    page.find("csv-file").send_keys(str(words))
    assert "line 3, column 'a': received '<b>hello</b>'" in page.message()
    page.find("load-model").send_keys(str(words))
    assert "model.npz: this is not a zip archive" in page.message()
    page.choose("lr", -1)
    assert page.message() == "lr: received -1, expected a finite number > 0"
    assert page.find("lr").get_attribute("value") == "0.5"
    assert page.value("loss") == kept
    assert page.count("main img") + page.count("#message b") == 0

    page.go({"data": "regression", "output": "identity", "loss": "mse", "lr": 1e100})
    page.click("play")
    assert page.message().startswith("training diverged in epoch 1")
    page.wait(lambda: page.text("play") == "Play")


def luminance(colour):
    parts = [int(part) / 255 for part in colour[4:-1].split(",")[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 768, 360])
def test_the_page_fits_and_can_be_read(page, width, dark):
    page.resize(width, 800, dark, reduced=True)
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    colours = page.run(
        "const style = (e, name) => getComputedStyle(document.querySelector(e))[name];"
        "return [['body', 'body'], ['.hint', 'section'], ['#play', '#play'], ['.positive-text', "
        "'section'], ['.negative-text', 'section'], ['#message-text', '#message']]"
        ".map(([on, under]) => [style(on, 'color'), style(under, 'backgroundColor')])"
    )
    for text, paper in colours:
        lighter, darker = sorted((luminance(text), luminance(paper)), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (text, paper)
    assert (luminance(colours[0][1]) < 0.1) == dark
    # each control has a name, the headings are in order, nothing moves
    unnamed = page.run(
        "return [...document.querySelectorAll('input, select, textarea, button, svg[role]')]"
        ".filter((e) => !(e.labels?.length || e.ariaLabel || e.textContent.trim() && e.tagName"
        " === 'BUTTON')).map((e) => e.outerHTML.slice(0, 80))"
    )
    assert unnamed == []
    levels = page.run("return [...document.querySelectorAll('h1, h2')].map((e) => +e.tagName[1])")
    assert all(after - before <= 1 for before, after in pairwise([0, *levels]))
    assert page.run("return document.getAnimations().length") == 0


def test_the_keyboard_reaches_a_weight(page):
    page.run("document.getElementById('weight-layer').focus()")
    page.find("weight-layer").send_keys("1")
    page.find("weight-i").send_keys("2")
    page.find("show-weight").send_keys("\n")
    page.wait(lambda: "Weight w[1][2,0]" in page.text("chain"))
    for expected in ("Pause", "Play"):
        page.find("play").send_keys(" ")
        page.wait(lambda before=expected: page.text("play") == before)
        assert page.text("play") == expected


def test_without_webassembly_or_the_runtime_the_page_says_so(tmp_path):
    server = start_server(None)  # the published runtime, which this browser cannot reach
    page = Page(tmp_path)
    page.open(server.url)
    message = page.message()
    assert message.startswith("Python could not be loaded from cdn.jsdelivr.net:")
    assert "mlp playground --download" in message
    assert page.text("status") == "Python is not running."
    page.close()
    page = Page(tmp_path, "--js-flags=--jitless")
    page.open(server.url)
    assert page.message().startswith("This browser has WebAssembly turned off")
    page.close()
    server.shutdown()
    server.server_close()
