# Everything a fresh machine needs is here: `make demo`, `make test`. Presumes make, and python3 >= 3.11 with venv.
# pip's settings (indexes, proxies, wheels) come from your environment and pip's own configuration, as usual.

PYTHON ?= python3
# More than two cores: tests with Ray wait more than they compute.
TEST_WORKERS ?= 3

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
LOCK ?= requirements.lock

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-quick test-python test-lowest quick-list test-cluster test-faults test-fuzz test-releases test-browser notebook check bench bench-short bench-scale bench-start bench-gpu format lock clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' $(MAKEFILE_LIST) | while read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

setup: $(INSTALLED) ## build .venv with the pinned packages (instant once done)

# Touched last, so an interrupted install is done again; newer pins make it stale.
$(INSTALLED): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "recipe-sweep needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true)."; \
	  echo "Name another one with: make setup PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Installing into $(VENV): a few minutes, once."
	@$(PYTHON) -m venv $(VENV) || { echo "python3 could not make a virtual environment; on Debian: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint $(LOCK) --editable '.[dev]'
	@touch $@

demo: setup ## 192 real trainings and their Figure 7; a second time there is nothing to do
	@$(BIN)/recipe-sweep launch demo
	@$(BIN)/recipe-sweep report demo

test: check ## all checks, then every test, and which ten took longest
	@OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses $(TEST_WORKERS) --dist loadgroup --durations 10

test-quick: setup ## the tests that need no Ray, no process of their own and not long: under a minute, for while you work
	@OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses $(TEST_WORKERS) --quick

# Environments of their own beside .venv, a few minutes each to build, once.
test-python: ## the quick tests with another Python: make test-python PYTHON=python3.12
	@$(MAKE) --no-print-directory VENV=.venv-$(notdir $(PYTHON)) test-quick

test-lowest: ## the quick tests with the lowest versions that pyproject.toml allows
	@$(PYTHON) scripts/lowest_versions.py > .lowest.lock
	@$(MAKE) --no-print-directory VENV=.venv-lowest LOCK=.lowest.lock test-quick

quick-list: setup ## measure anew which tests those are: every test, and tests/not_quick.txt
	@OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses $(TEST_WORKERS) --dist loadgroup --record-quick

test-cluster: setup ## sweeps on several Ray nodes, and on several machines made of this one (as root); some lose their power
	@OMP_NUM_THREADS=1 $(BIN)/pytest -m cluster -rs

test-faults: setup ## random kills, stops and damages of sweeps, and packs in long trainings, two hours; goes on where it was stopped in FAULTS_DIRECTORY (and FAULTS_SEED)
	@OMP_NUM_THREADS=1 $(BIN)/pytest -m faults tests/faults tests/trainers

test-fuzz: setup ## 500 spoilt grids, options, files and directories through the commands, in minutes; FUZZ_SEED and FUZZ_INPUTS
	@OMP_NUM_THREADS=1 $(BIN)/pytest -m faults tests/fuzz

test-releases: setup ## every figure of the sweeps that releases left behind, byte for byte, in minutes; `make test` draws those of one
	@OMP_NUM_THREADS=1 $(BIN)/pytest -m releases

# Chromium from the distribution, its driver from PyPI: no browser is downloaded. Without either it is said why, and nothing fails.
test-browser: setup ## the report's pages in Chromium: filters, keyboard, contrast, no errors, no requests
	@command -v chromium >/dev/null || apt-get install -qq -y --no-install-recommends chromium >/dev/null 2>&1 \
	  || sudo -n apt-get install -qq -y --no-install-recommends chromium >/dev/null 2>&1 || true
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint requirements.lock --editable '.[browser]' || true
	@$(BIN)/pytest -m browser -rs tests/browser

notebook: setup ## run docs/python.ipynb again, and keep what it prints
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint requirements.lock --editable '.[notebook]'
	@$(BIN)/python scripts/run_notebook.py

check: setup ## style, types and the import arrows
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/python scripts/check_types.py
	@$(BIN)/pytest tests/test_architecture.py tests/test_owners.py tests/test_error_trees.py

bench: setup ## what a gradient step costs, by design, pack and size: under an hour; tables, and benchmarks.json
	@$(BIN)/python -m benchmarks

bench-short: setup ## the same for a few cases, in five minutes
	@$(BIN)/python -m benchmarks --short

bench-gpu: setup ## the same on a CUDA GPU, and that graphs learn what single steps learn (not yet run on one)
	@$(BIN)/pytest tests/trainers/test_cuda_graph.py -rs
	@$(BIN)/python -m benchmarks --device cuda

bench-scale: setup ## what the control plane costs at 4,096, 16,384 and 65,536 runs; a table, and benchmarks-scale.json
	@$(BIN)/python -m benchmarks.scale

# To compare with another checkout, which needs a .venv: make bench-start BESIDE=../before
bench-start: setup ## what a launch of eight runs costs besides training, and when its first step is: a table, in minutes
	@$(BIN)/python -m benchmarks.start $(if $(BESIDE),--beside $(BESIDE))

format: setup ## let ruff fix and format the code
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

lock: setup ## refresh requirements.lock from .venv (after changing pyproject.toml's pins; review the difference)
	@{ sed -n '/^#/p' requirements.lock; \
	   $(BIN)/pip freeze --exclude-editable --exclude recipe-sweep | sed 's/^\(torch==[0-9.]*\)+.*/\1/'; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock

clean: ## remove .venv, caches and build output (never sweeps/, where results are)
	rm -rf $(VENV) .venv-* .lowest.lock build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
