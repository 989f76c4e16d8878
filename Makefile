# What a person does with this project. Needs make and a Python from 3.11 to 3.13; everything else goes into .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
# What KerasTuner needs besides TensorFlow, without what would stand in the way of the project's own packages.
TUNER := $(VENV)/tuner
# Where the scikit-learn of `make data` and of `make bench` lives: an installed scikit-learn slows every import of Keras.
DATA_VENV := $(VENV)/datasets
BENCH_VENV := $(VENV)/bench

# The first Python that runs and fits. A name on the PATH is not enough: a pyenv shim may point nowhere.
FIND_PYTHON = for python in $(PYTHON) python3.13 python3.12 python3.11 python3 python; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		>/dev/null 2>&1 && { command -v "$$python"; exit 0; }; done; \
	echo "dlcli needs a Python from 3.11 to 3.13 with venv; none of python3.13, python3.12, python3.11, python3 is one." >&2; \
	echo "Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1

.PHONY: help
help: ## this list
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@python=$$($(FIND_PYTHON)); echo "Setting up $(VENV) with $$python"; "$$python" -m venv $(VENV) \
		|| { rm -rf $(VENV); exit 1; }

# The stamps make an environment follow what it is made of: it is installed once, and again when a file changes.
# `requirements/` pins every package with its hash (docs/decisions/0011-locks.md), so that today's environment is next year's.
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

define install
	$(PIP) install --require-hashes -r $(1)
	$(PIP) install --no-deps --no-build-isolation -e .
endef

$(VENV)/.installed: pyproject.toml requirements/run.txt | $(BIN)/python
	$(call install,requirements/run.txt)
	@touch $@

$(VENV)/.installed-dev: pyproject.toml requirements/dev.txt | $(BIN)/python
	$(call install,requirements/dev.txt)
	@touch $@ $(VENV)/.installed

.PHONY: setup
setup: $(VENV)/.installed-dev ## set up .venv for developing

.PHONY: demo
demo: $(VENV)/.installed ## train, evaluate and predict on a real data set
	rm -rf runs/demo
	$(BIN)/dlcli train configs/iris.yaml --run-dir runs/demo
	$(BIN)/dlcli evaluate runs/demo
	$(BIN)/dlcli predict runs/demo data/iris.csv -o runs/demo/predictions.csv
	@head -n 4 runs/demo/predictions.csv

# Tests start many processes: each would compile what it imports once more where this is set.
export PYTHONDONTWRITEBYTECODE :=

# Two processes, each of which starts TensorFlow once; tests/conftest.py says which files come first.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: quick
quick: $(VENV)/.installed-dev ## run the tests that need no TensorFlow, in half a minute
	$(PYTEST) -m 'not tensorflow and not slow and not soak'

.PHONY: test
test: $(VENV)/.installed-dev ## run all tests but the long proofs
	$(PYTEST)

.PHONY: soak
soak: $(VENV)/.installed-dev ## run the long proofs
	$(PYTEST) -m soak

.PHONY: test-newest
test-newest: ## run the tests on the newest packages that pyproject.toml allows
	@$(MAKE) test-resolved VENV=.venv-newest RESOLUTION=highest

.PHONY: test-lowest
test-lowest: ## run the tests on the oldest packages that pyproject.toml allows
	@$(MAKE) test-resolved VENV=.venv-lowest RESOLUTION=lowest-direct

# Resolved at each call: what was right last month tells nothing about today.
.PHONY: test-resolved
test-resolved: | $(BIN)/python
	$(PIP) install uv
	$(BIN)/uv pip compile --quiet --python $(BIN)/python --resolution $(RESOLUTION) --extra dev \
		--constraint requirements/constraints.in pyproject.toml requirements/build.in --output-file $(VENV)/resolved.txt
	$(PIP) install -r $(VENV)/resolved.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	$(PYTEST)

.PHONY: check
check: $(VENV)/.installed-dev ## style, types, import contracts, and docs that follow the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m dlcli.config.published.reference --check

.PHONY: format
format: $(VENV)/.installed-dev ## put the code into shape
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: catalogue
catalogue: $(VENV)/.installed-dev ## write the catalogue of components from the installed Keras and Optuna
	$(BIN)/python -m dlcli.model.introspection.catalogue
	$(BIN)/python -m dlcli.model.introspection.search

.PHONY: docs
docs: $(VENV)/.installed-dev ## write the generated docs and the editor's schema
	$(BIN)/python -m dlcli.config.published.reference
	$(BIN)/dlcli schema > configs/dlcli.schema.json.new
	mv configs/dlcli.schema.json.new configs/dlcli.schema.json

# One resolution for every Python and system that is supported. uv writes the files; pip alone reads them.
.PHONY: lock
lock: | $(BIN)/python ## pin the newest packages that pyproject.toml allows, in requirements/
	$(PIP) install uv
	for extra in run dev; do $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url $$([[ $$extra = run ]] || echo --extra $$extra) \
		--constraint requirements/constraints.in \
		pyproject.toml requirements/build.in --output-file requirements/$$extra.txt; done

.PHONY: data
data: | $(BIN)/python ## write the example data sets, in an environment of their own
	$(BIN)/python -m venv $(DATA_VENV)
	$(DATA_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r data/requirements.txt
	$(DATA_VENV)/bin/python data/make_datasets.py

# PyTorch and scikit-learn stand beside where they can be installed; without them their columns stay empty.
$(BENCH_VENV)/.installed: benchmarks/requirements.txt | $(BIN)/python
	$(BIN)/python -m venv $(BENCH_VENV)
	-$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	@touch $@

$(TUNER)/.installed: benchmarks/tuner.txt | $(BIN)/python
	mkdir -p $(TUNER)
	-$(PIP) install --no-deps --target $(TUNER) --upgrade -r benchmarks/tuner.txt
	@touch $@

.PHONY: bench
bench: $(VENV)/.installed-dev $(BENCH_VENV)/.installed $(TUNER)/.installed ## measure against the scripts that people write, into README.md
	$(BIN)/python -m benchmarks.run --write

.PHONY: clean
clean: ## remove the environment and the caches; runs stay
	rm -rf $(VENV) .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
