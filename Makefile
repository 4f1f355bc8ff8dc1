# Requires Python 3.11 or later and make; everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help sweep playground test test-slow test-all fuzz check docs gallery bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

sweep: $(VENV)/base ## run the learning-rate sweep and write its files to results/
	$(BIN)/mlp sweep --out results
	@echo "The files are in $(CURDIR)/results:" && ls results

playground: $(VENV)/base ## open the playground in the browser; PLAYGROUND="--no-browser --port 8000"
	@$(BIN)/mlp playground $(PLAYGROUND)

# A worker for each core, and so one thread of BLAS for each worker.
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal

test: $(VENV)/test ## run the tests and the examples in the docstrings, on all cores
	@$(PYTEST) -m "not slow and not long"

test-slow: $(VENV)/test ## run the tests that start programs, draw pictures or open a browser
	@command -v chromedriver >/dev/null || \
	  echo "The playground's browser tests are skipped: apt install chromium chromium-driver"
	@$(PYTEST) -m "slow and not long"

# Those that take minutes run one by one, with all threads of BLAS.
test-all: $(VENV)/oracles test test-slow ## run all tests, those of minutes too; adds PyTorch and MPI
	@$(BIN)/python -m pytest -m long

FUZZ ?= 20000
fuzz: $(VENV)/test ## search for files that are read incorrectly, FUZZ=20000 of each kind
	@FUZZ=$(FUZZ) $(BIN)/python -m pytest tests/files/test_fuzz.py -k hypothesis --hypothesis-show-statistics

check: $(VENV)/dev ## check lint rules, formatting and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

docs: $(VENV)/docs ## build the documentation into docs/_build; warnings are errors
	@rm -rf docs/_build docs/reference/generated docs/jupyter_execute
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet --jobs auto docs docs/_build
	@echo "Open $(CURDIR)/docs/_build/index.html"

bench: $(VENV)/bench ## compare with scikit-learn, PyTorch and JAX; takes 45 minutes
	$(BIN)/python benchmarks/batched_training.py --kernel both $(BENCH)
	$(BIN)/python benchmarks/sweep.py $(BENCH)
	$(BIN)/python benchmarks/estimators.py $(BENCH)
	$(BIN)/python benchmarks/any_sweep.py $(BENCH)

gallery: $(VENV)/base ## draw the pictures of docs/gallery.md
	$(BIN)/python docs/gallery.py

clean: ## remove the virtual environment, results and caches
	rm -rf $(VENV) results benchmarks/results docs/_build docs/reference/generated docs/notebooks/*.ipynb docs/jupyter_execute build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# PYTHON=... on the command line rebuilds an environment made with another Python.
ifneq ($(origin PYTHON),file)
ifneq ($(PYTHON),$(shell cat $(VENV)/made 2>/dev/null))
.PHONY: $(VENV)/made
endif
endif

# One stamp file for each kind of install. A changed pyproject.toml rebuilds the environment from
# scratch, so that no removed dependency stays installed.
$(VENV)/made: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  found=$$($(PYTHON) --version 2>&1) || found="missing"; \
	  echo "mlp needs Python 3.11 or later; $(PYTHON) is $$found." \
	       "Choose another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot create virtual environments." \
	       "On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Creating $(VENV); the first installation takes a minute."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(INSTALL) --upgrade "pip>=25.1"  # the first version with --group
	@echo "$(PYTHON)" > $@

$(VENV)/base: $(VENV)/made
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/test: $(VENV)/made
	@$(INSTALL) --editable . --group test
	@touch $(VENV)/base $@

$(VENV)/oracles: $(VENV)/made
	@$(INSTALL) --editable . --group test --group oracles
	@touch $(VENV)/base $(VENV)/test $@

$(VENV)/dev: $(VENV)/made
	@$(INSTALL) --editable . --group dev
	@touch $(VENV)/base $(VENV)/test $@  # the group dev includes the group test

$(VENV)/docs: $(VENV)/made
	@$(INSTALL) --editable . --group docs
	@touch $(VENV)/base $@

$(VENV)/bench: $(VENV)/made
	@$(INSTALL) --editable '.[bench]'
	@touch $(VENV)/base $@
