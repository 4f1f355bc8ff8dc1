"""The parts of `benchmarks/tables.py`: the tables, the methods, and what is made of the scores."""
