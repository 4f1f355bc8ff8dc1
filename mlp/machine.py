"""CPU, BLAS kernel and threads, and how to let NumPy use them fully.

The OpenBLAS in NumPy's wheels has one kernel per CPU generation and chooses it by CPU model. A CPU
newer than the library may get an AVX2 kernel although it has AVX-512, which halves the time of
large float32 products. The environment variable ``OPENBLAS_CORETYPE`` overrides the choice. The
programs of this package set it for their own process if it is unset and the CPU flags prove it
safe; importing the library changes nothing. (NumPy 2.0 to 2.4, with OpenBLAS 0.3.27 to 0.3.31,
choose AVX-512 kernels on AMD family 26 without it.)

Products use the threads of BLAS (``OPENBLAS_NUM_THREADS`` and the like, by default all cores);
everything else runs in the calling thread. A sweep on an executor divides the cores among its
workers while it runs.
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

from mlp._version import __version__

# The extensions that the AVX-512 kernels of OpenBLAS require.
AVX512 = frozenset({"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"})
TUNED_KERNEL = "SkylakeX"
_KERNELS_WITH_AVX512 = frozenset({"SkylakeX", "Cooperlake", "SapphireRapids", "Zen4", "Zen5"})
_VECTORS = ("avx512f", "avx2", "avx", "sse4_2", "asimd", "sve")


@dataclass(frozen=True)
class Cpu:
    """The processor as described by Linux.

    Attributes
    ----------
    model, vendor : str
        Names, empty if unknown.
    family : int
        Family number, 0 if unknown.
    flags : frozenset of str
        Extensions, empty if unknown.
    cores : int
        Number of cores that this process may use.
    """

    model: str
    vendor: str
    family: int
    flags: frozenset[str]
    cores: int

    @property
    def wants_tuned_kernel(self) -> bool:
        """Whether OpenBLAS may not know this CPU model although its flags prove AVX-512."""
        return self.vendor == "AuthenticAMD" and self.family >= 26 and self.flags >= AVX512


def read_cpu(path: str | Path = "/proc/cpuinfo") -> Cpu:
    """Return the processor described by a Linux file; elsewhere little more than its name.

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
    """Let the OpenBLAS of this process use AVX-512 if it might overlook it.

    For programs, before they import NumPy. A value set by the user is kept.

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
    """Return the loaded BLAS libraries as described by `threadpoolctl`."""
    import numpy  # noqa: F401  # loads them
    from threadpoolctl import threadpool_info

    return [library for library in threadpool_info() if library.get("user_api") == "blas"]


@contextmanager
def blas_threads(n: int | None) -> Iterator[None]:
    """Limit BLAS to `n` threads within a context; None changes nothing."""
    if n is None:
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(n, user_api="blas"):
        yield


def gflops(size: int = 1024, repeats: int = 5) -> float:
    """Measure the speed of float32 matrix products, in 10^9 operations per second."""
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
    """Describe the machine, NumPy and its BLAS, with advice if they could be faster.

    Parameters
    ----------
    measure : bool, default True
        Time a matrix product, which takes a tenth of a second.
    """
    import numpy as np

    cpu = read_cpu()
    libraries = blas_libraries()
    first = libraries[0] if libraries else {}
    kernel = first.get("architecture")
    found: dict[str, Any] = {
        "mlp": __version__,
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
    """Print what NumPy computes with, and what to set if the BLAS kernel does not fit the CPU.

    Parameters
    ----------
    measure : bool, default True
        Time a matrix product, which takes a tenth of a second.

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
