"""What is known about the machine, and what programs set for themselves."""

import json
import os
import sys

import pytest

import mlp
from mlp import machine
from mlp.cli import main
from tests.processes import assert_runs

AMD_26 = """\
processor : 0
vendor_id : AuthenticAMD
cpu family : 26
model name : AMD EPYC
flags : fpu sse4_2 avx avx2 avx512f avx512cd avx512bw avx512dq avx512vl
"""


def cpu(tmp_path, text):
    path = tmp_path / "cpuinfo"
    path.write_text(text)
    return machine.read_cpu(path)


def test_a_new_amd_cpu_with_avx512_wants_the_tuned_kernel(tmp_path):
    assert cpu(tmp_path, AMD_26).wants_tuned_kernel


@pytest.mark.parametrize(
    ("old", "new"),
    [("AuthenticAMD", "GenuineIntel"), ("family : 26", "family : 25"), (" avx512bw", "")],
)
def test_a_cpu_that_is_known_or_lacks_a_flag_does_not(tmp_path, old, new):
    assert not cpu(tmp_path, AMD_26.replace(old, new)).wants_tuned_kernel


def test_a_system_without_cpuinfo_is_described_all_the_same():
    found = machine.read_cpu("/nowhere")
    assert found.cores >= 1
    assert not found.wants_tuned_kernel


@pytest.mark.parametrize(
    ("wants", "loaded", "set_by_user", "expected"),
    [
        (True, False, None, machine.TUNED_KERNEL),
        (True, False, "Haswell", "Haswell"),
        (True, True, None, None),
        (False, False, None, None),
    ],
)
def test_a_program_sets_the_kernel_only_where_it_may(
    monkeypatch, tmp_path, wants, loaded, set_by_user, expected
):
    found = cpu(tmp_path, AMD_26 if wants else "")
    monkeypatch.setattr(machine, "read_cpu", lambda: found)
    monkeypatch.setattr(sys, "modules", {"numpy": None} if loaded else {})
    monkeypatch.setenv("OPENBLAS_CORETYPE", set_by_user or "")  # restored after the test
    if not set_by_user:
        del os.environ["OPENBLAS_CORETYPE"]
    assert machine.tune_process() == (expected == machine.TUNED_KERNEL)
    assert os.environ.get("OPENBLAS_CORETYPE") == expected


def test_importing_the_library_sets_no_variable():
    script = (
        "import os; before = dict(os.environ); import mlp; mlp.MLP; print(before == os.environ)"
    )
    assert assert_runs("-c", script) == "True\n"


def test_the_program_can_set_it_because_numpy_is_not_loaded_yet():
    script = "import sys, mlp.__main__; print('numpy' in sys.modules)"
    assert assert_runs("-c", script) == "False\n"


def test_a_kernel_below_the_cpu_gets_the_line_to_set(monkeypatch, tmp_path, capsys):
    found = cpu(tmp_path, AMD_26)
    monkeypatch.setattr(machine, "read_cpu", lambda: found)
    blas = {
        "internal_api": "openblas",
        "architecture": "Haswell",
        "version": "0.3",
        "num_threads": 2,
    }
    monkeypatch.setattr(machine, "blas_libraries", lambda: [blas])
    mlp.show_config(measure=False)
    assert "export OPENBLAS_CORETYPE=SkylakeX" in capsys.readouterr().out
    blas["architecture"] = "SkylakeX"
    mlp.show_config(measure=False)
    assert "export" not in capsys.readouterr().out


def test_the_command_prints_versions_and_a_measured_speed(capsys):
    assert main(["info", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["mlp"] == mlp.__version__
    assert found["gflops_float32"] > 0.1
    assert main(["info"]) == 0
    assert "gflops" in capsys.readouterr().out


def test_blas_gets_its_threads_back():
    libraries = machine.blas_libraries()
    before = [library["num_threads"] for library in libraries]
    with machine.blas_threads(1):
        assert {library["num_threads"] for library in machine.blas_libraries()} <= {1}
    assert [library["num_threads"] for library in machine.blas_libraries()] == before
