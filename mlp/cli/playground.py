"""Open the playground: train networks in the browser, with this package and nothing else."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path

from mlp.playground.runtime import check_runtime, default_folder, download_runtime
from mlp.playground.server import PlaygroundServer

HELP = "open the playground in the browser"

EPILOG = """\
examples:
  mlp playground
  mlp playground --download           # once, to work offline from then on
  mlp playground --no-browser --port 8000
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``mlp playground``."""
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (any free port)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument(
        "--download",
        action="store_true",
        help="first download the runtime (Pyodide and NumPy, 17 MB) to the user's cache folder",
    )
    parser.add_argument(
        "--runtime", type=Path, metavar="DIR", help="folder with the runtime (the cache)"
    )


def run(options: argparse.Namespace) -> None:
    """Serve the page until Ctrl-C."""
    if not 0 <= options.port < 2**16:
        raise ValueError(f"--port: received {options.port}, expected 0 to 65535")
    folder = options.runtime or default_folder()
    if options.download:
        download_runtime(folder)
    is_local = options.runtime is not None or folder.is_dir()
    if is_local:
        check_runtime(folder)
    with PlaygroundServer(options.port, folder if is_local else None) as server:
        where = f"from {folder}" if is_local else "from its public CDN (--download keeps a copy)"
        print(f"{server.url}  (Ctrl-C ends it)\nThe browser loads Pyodide {where}.", flush=True)
        if not options.no_browser:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
