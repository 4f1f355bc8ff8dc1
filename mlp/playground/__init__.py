"""The playground: this package in a web page, and the server that shows it.

The page in `page/` runs `mlp.playground.session` in the browser (Pyodide); `mlp playground` serves
it. Nothing here is meant for other callers.
"""

__all__: list[str] = []
