"""Every public callable, with odd values for each of its parameters.

What does not fit raises ValueError or TypeError, or what its docstring names, in little time and
memory. The callables are found by introspection (tests/surface.py).
"""

import resource
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import pytest

from tests.odd_values import ODD
from tests.surface import SURFACE, Call, NeedsValue

CPU_SECONDS = 2.0
MEMORY = 3 * 2**30
SAMPLED = 1  # values of each parameter in the fast test
ALWAYS = (ValueError, TypeError)


class TooSlow(BaseException):
    """A call took too much processor time."""


@contextmanager
def limits():
    """Bound the time and the memory of a call."""

    def stop(number, frame):
        raise TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    size = Path("/proc/self/statm")  # of Linux, in pages
    pages = int(size.read_text().split()[0]) if soft == -1 and size.exists() else 0
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def is_documented(error, call):
    """Whether the docstring of the callable, or of its class, names the exception."""
    names = [kind.__name__ for kind in type(error).__mro__[:-3]]
    return any(name in call.documented for name in names)


def outcome(call, parameter, odd):
    """Return what is wrong with the answer to an odd value, or None."""
    function, arguments = call.on_fresh_object(), call.arguments()
    positional = [ODD[odd]()] if parameter.kind == parameter.VAR_POSITIONAL else []
    if not positional:
        arguments[parameter.name] = ODD[odd]()
    if parameter.kind == parameter.POSITIONAL_ONLY:
        positional = [arguments.pop(parameter.name)]
    try:
        with limits():
            close(function(*positional, **arguments))
    except ALWAYS:
        return None
    except MemoryError as error:
        return None if odd == "huge" else repr(error)
    except (Exception, TooSlow) as error:  # noqa: BLE001 - the outcome of the test
        return None if is_documented(error, call) else f"{type(error).__name__}: {error}"[:300]
    finally:
        close(function)
        close_figures()
    return None


def close(found):
    """Close what was returned, or the object of a method, if it holds a file."""
    owner = getattr(found, "__self__", found)
    if hasattr(owner, "close") and not isinstance(owner, type):
        owner.close()


def close_figures():
    """Close the figures that pyplot keeps, which warns of more than 20."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def assert_answers(call, values_of):
    wrong = []
    for j, parameter in enumerate(call.parameters):
        for odd in values_of(j):
            found = outcome(call, parameter, odd)
            if found:
                wrong.append(f"{parameter.name} = {odd}: {found}")
    assert not wrong, "\n".join(wrong)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", SURFACE)
def test_valid_arguments_are_accepted(name):
    call = SURFACE[name]
    function = call.on_fresh_object()
    try:
        close(function(**call.arguments()))
    except (RuntimeError, ImportError) as error:  # called at the wrong time; a package is missing
        assert is_documented(error, call)  # noqa: PT017
    close(function)


@pytest.mark.parametrize("name", SURFACE)
def test_odd_values_are_answered_in_the_promised_way(name):
    i, values = crc32(name.encode()), list(ODD)  # other names do not change the sample
    step = len(values) // SAMPLED

    def sample(j):
        return [values[(7 * i + 11 * j + step * n) % len(values)] for n in range(SAMPLED)]

    assert_answers(SURFACE[name], sample)


@pytest.mark.long
@pytest.mark.parametrize("name", SURFACE)
def test_all_odd_values_are_answered_in_the_promised_way(name):
    assert_answers(SURFACE[name], lambda j: ODD)


def test_every_namespace_is_found():
    found = {name.split(".")[1] for name in SURFACE}
    assert {"core", "datasets", "files", "machine", "optim", "plotting", "studies"} <= found
    assert len(SURFACE) > 150


def test_a_new_parameter_says_what_to_add():
    def new(newcomer): ...

    with pytest.raises(NeedsValue, match=r'surface.py: "new.newcomer": lambda: ...'):
        Call("mlp.new", new).arguments()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda X: X.shape, "AttributeError"),
        (lambda X: {}["X"], "KeyError"),
        (lambda X: 1 / 0, "ZeroDivisionError"),
        (lambda X: bytearray(2 * MEMORY), "MemoryError"),
        (lambda X: [None for _ in iter(int, 1) if False], "TooSlow"),
    ],
)
def test_another_answer_is_found(answer, expected, monkeypatch):
    monkeypatch.setitem(globals(), "CPU_SECONDS", 0.2)
    call = Call("mlp.answer", answer)
    (parameter,) = call.parameters
    assert outcome(call, parameter, "None").startswith(expected)


def test_an_exception_that_the_docstring_names_is_an_answer():
    def answer(X):
        """Raise KeyError."""
        raise KeyError("X")

    call = Call("mlp.answer", answer)
    assert outcome(call, call.parameters[0], "None") is None
