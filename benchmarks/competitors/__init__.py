"""One module for each competitor; a worker process imports exactly one of them."""
