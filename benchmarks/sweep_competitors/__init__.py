"""One module for each library that sweeps; a worker process imports exactly one of them."""
