"""Names the machine and what does its arithmetic, and knows OpenBLAS's kernels."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

TUNED = {"OPENBLAS_CORETYPE": "SkylakeX"}
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "jax", "jaxlib", "threadpoolctl")
VARIABLES = ("BLIS_", "GOMP_", "KMP_", "MKL_", "OMP_", "OPENBLAS_", "XLA_")


def peak_memory() -> float:
    """Return the most memory this process has had, in MB.

    On Linux from /proc: `getrusage` would count what the parent had when it started this process.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1.024e-3
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1.024e-3


def loaded_pools() -> list[str]:
    """Name the BLAS and OpenMP libraries this process has loaded, their kernels and threads."""
    if find_spec("threadpoolctl") is None:
        return []
    from threadpoolctl import threadpool_info

    return sorted(
        {
            f"{pool['internal_api']} {pool['version'] or ''} "
            f"{pool.get('architecture', '')} x{pool['num_threads']}".replace("  ", " ")
            for pool in threadpool_info()
        }
    )


def kernel_environment(kernel: str) -> dict[str, str]:
    """Return the environment of a worker: as it is, or with OpenBLAS's AVX-512 kernels.

    The variable must be there before NumPy is loaded; NumPy's and SciPy's OpenBLAS both read it.
    """
    return {**os.environ, **(TUNED if kernel == "tuned" else {})}


def openblas_kernel(kernel: str) -> str:
    """Return the name of the kernels that NumPy's OpenBLAS takes, "" if it cannot be known."""
    code = (
        "import json, numpy, threadpoolctl\n"
        "print(json.dumps([p.get('architecture', '') for p in threadpoolctl.threadpool_info()\n"
        "                  if p['internal_api'] == 'openblas']))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=kernel_environment(kernel), capture_output=True, text=True, check=False
    )
    return next(iter(json.loads(done.stdout)), "") if done.returncode == 0 else ""


def choose_kernels(wanted: str) -> tuple[dict[str, str], list[str]]:
    """Return the kernel settings to run, each with OpenBLAS's name for it, and what to say.

    Parameters
    ----------
    wanted : {"default", "tuned", "both"}
    """
    lines = []
    kernels = ["default", "tuned"] if wanted == "both" else [wanted]
    if "tuned" in kernels and "avx512f" not in _cpu_info("flags").split():
        lines.append("tuned: left out, this CPU has no AVX-512")
        kernels = ["default"]
    names = {kernel: openblas_kernel(kernel) for kernel in kernels}
    if len(kernels) == 2 and names["default"] == names["tuned"] != "":
        lines.append(f"tuned: left out, {names['tuned']} is the default here already")
        del names["tuned"]
    forced = os.environ.get("OPENBLAS_CORETYPE")
    if "default" in names and forced:
        lines.append(
            f"default: the environment sets OPENBLAS_CORETYPE={forced}; "
            "OpenBLAS itself may choose otherwise"
        )
    return names, lines


def describe() -> dict[str, Any]:
    """Return what a reader needs to know about the machine."""
    cores = (
        os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    )
    return {
        "cpu": _cpu_info("model name") or platform.processor() or platform.machine(),
        "family": _cpu_info("cpu family"),
        "model": _cpu_info("model"),
        "cores": len(cores),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "variables": {k: v for k, v in sorted(os.environ.items()) if k.startswith(VARIABLES)},
        "load_average": os.getloadavg()[0],
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cpu_info(field: str) -> str:
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return ""
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == field:
            return value.strip()
    return ""
