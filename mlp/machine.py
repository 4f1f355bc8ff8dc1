"""What the machine offers to NumPy, and how to let NumPy have it.

The OpenBLAS inside NumPy's wheels has one kernel for each generation of CPUs. It chooses by the
CPU's model, and a CPU that is newer than it may be given a kernel for AVX2 although it has
AVX-512, with which large products of float32 matrices take half the time. An environment that
sets ``OPENBLAS_CORETYPE`` decides instead. Programs of this package set the variable for their
own process where it is not set and the CPU's flags prove it safe; importing the library changes
nothing. (NumPy 2.0 to 2.4, with OpenBLAS 0.3.27 to 0.3.31, were seen to choose AVX-512 kernels
by themselves on AMD family 26, where the variable was not set.)

Threads: products use the threads that BLAS was given (``OPENBLAS_NUM_THREADS`` and the like, by
default all cores); everything else runs in the calling thread. A sweep that is trained by the
workers of an executor divides the cores by their number while it runs.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What OpenBLAS's kernels for AVX-512 were compiled for.
AVX512 = frozenset({"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"})
TUNED_KERNEL = "SkylakeX"
_KERNELS_WITH_AVX512 = frozenset({"SkylakeX", "Cooperlake", "SapphireRapids", "Zen4", "Zen5"})
_VECTORS = ("avx512f", "avx2", "avx", "sse4_2", "asimd", "sve")


@dataclass(frozen=True)
class Cpu:
    """The processor, as Linux describes it.

    Attributes
    ----------
    model, vendor : str
        Its names, empty where they are not known.
    family : int
        The vendor's number, 0 where it is not known.
    flags : frozenset of str
        Its extensions, empty where they are not known.
    cores : int
        How many of them this process may use.
    """

    model: str
    vendor: str
    family: int
    flags: frozenset[str]
    cores: int

    @property
    def wants_tuned_kernel(self) -> bool:
        """Whether OpenBLAS might not know this CPU by its model, and its flags prove AVX-512."""
        return self.vendor == "AuthenticAMD" and self.family >= 26 and self.flags >= AVX512


def read_cpu(path: str | Path = "/proc/cpuinfo") -> Cpu:
    """Return what the file of Linux says; on other systems little more than the name.

    Examples
    --------
    >>> read_cpu("/nowhere").flags
    frozenset()
    """
    fields: dict[str, str] = {}
    if os.path.exists(path):
        for line in Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            fields.setdefault(name.strip(), value.strip())
    family = fields.get("cpu family", "")
    usable = getattr(os, "sched_getaffinity", None)
    return Cpu(
        model=fields.get("model name", platform.processor() or platform.machine()),
        vendor=fields.get("vendor_id", ""),
        family=int(family) if family.isdecimal() else 0,
        flags=frozenset((fields.get("flags") or fields.get("Features", "")).split()),
        cores=len(usable(0)) if usable else os.cpu_count() or 1,
    )


def tune_process() -> bool:
    """Let the OpenBLAS of this process use AVX-512 where it might overlook it.

    It is for programs, before they import NumPy. What the user has set is left alone.

    Returns
    -------
    bool
        Whether the variable was set.
    """
    if "numpy" in sys.modules or "OPENBLAS_CORETYPE" in os.environ:
        return False
    if not read_cpu().wants_tuned_kernel:
        return False
    os.environ["OPENBLAS_CORETYPE"] = TUNED_KERNEL
    return True


def blas_libraries() -> list[dict[str, Any]]:
    """Return what `threadpoolctl` says of the BLAS libraries that are loaded."""
    import numpy  # noqa: F401  # loads them
    from threadpoolctl import threadpool_info

    return [library for library in threadpool_info() if library.get("user_api") == "blas"]


@contextmanager
def blas_threads(n: int | None) -> Iterator[None]:
    """Give BLAS `n` threads for a while; None leaves it alone."""
    if n is None:
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(n, user_api="blas"):
        yield


def gflops(size: int = 1024, repeats: int = 5) -> float:
    """Return the rate of float32 matrix products in 10^9 operations a second, measured now."""
    import time

    import numpy as np

    A = np.ones((size, size), np.float32)
    B, out = np.ones_like(A), np.empty_like(A)
    np.matmul(A, B, out=out)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        np.matmul(A, B, out=out)
        seconds.append(time.perf_counter() - start)
    return 2e-9 * size**3 / min(seconds)


def describe(measure: bool = True) -> dict[str, Any]:
    """Return what is known about the machine, NumPy and its BLAS, and what could be better.

    Parameters
    ----------
    measure : bool, default True
        Whether to time a matrix product, which takes a tenth of a second.
    """
    import numpy as np

    import mlp

    cpu = read_cpu()
    libraries = blas_libraries()
    first = libraries[0] if libraries else {}
    kernel = first.get("architecture")
    found: dict[str, Any] = {
        "mlp": mlp.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": cpu.model,
        "cores": cpu.cores,
        "vector_extensions": [name for name in _VECTORS if name in cpu.flags],
        "blas": f"{first.get('internal_api', 'unknown')} {first.get('version') or ''}".strip(),
        "blas_kernel": kernel,
        "blas_threads": first.get("num_threads"),
        "advice": None,
    }
    if measure:
        found["gflops_float32"] = round(gflops(), 1)
    is_below = cpu.flags >= AVX512 and kernel is not None and kernel not in _KERNELS_WITH_AVX512
    if is_below and first.get("internal_api") == "openblas":
        found["advice"] = f"export OPENBLAS_CORETYPE={TUNED_KERNEL}"
    found["OPENBLAS_CORETYPE"] = os.environ.get("OPENBLAS_CORETYPE", "not set")
    return found


def show_config(measure: bool = True) -> None:
    """Print what NumPy computes with, and the line to set where its kernel is below the CPU.

    Parameters
    ----------
    measure : bool, default True
        Whether to time a matrix product, which takes a tenth of a second.

    Examples
    --------
    >>> show_config(measure=False)  # doctest: +ELLIPSIS
    mlp ...
    """
    found = describe(measure)
    advice = found.pop("advice")
    width = max(map(len, found))
    for name, value in found.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        print(f"{name.replace('_', ' '):<{width}}  {'unknown' if shown in (None, '') else shown}")
    if advice:
        print(
            f"\nThe CPU has AVX-512, and the BLAS kernel {found['blas_kernel']} does not use it."
            f"\nBefore Python starts:  {advice}"
        )
