# The developer's verbs. Everything is installed in .venv from the lock files, checked against their hashes.

PYTHON ?= python3
PORT ?= 8080
DATA ?= .data
LIMITS ?= on
ARGS ?=

# The browser that tests drive; without one they are skipped.
CHROMIUM ?= $(firstword $(foreach name,chromium chromium-browser google-chrome,$(shell command -v $(name))))
export CHROMIUM

.DEFAULT_GOAL := help
.PHONY: help run test lint bench screenshots lock clean

BIN := .venv/bin
RUN := .venv/.installed
DEV := .venv/.installed-dev
BROWSER := .venv/.installed-browser
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check --no-input
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --python-version 3.11

help: ## Show these verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# exec: signals reach the service itself, which ends Ctrl-C with status 0, so that make has nothing to complain about.
run: $(RUN) ## Start the service with servers of its own: PORT=8080 DATA=.data LIMITS=on
	@export DISCUSS_PORT='$(PORT)' DISCUSS_DATA='$(DATA)' DISCUSS_LIMITS='$(LIMITS)'; exec $(BIN)/python -m service run

test: $(DEV) $(if $(CHROMIUM),$(BROWSER)) ## Run the tests: ARGS="-k name" for some of them
	@$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

lint: $(DEV) ## Check style, types and who imports whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(DEV) $(if $(CHROMIUM),$(BROWSER)) ## Measure, and write the reports in bench/: ARGS=...
	@$(BIN)/python -m bench $(ARGS)

screenshots: $(DEV) $(BROWSER) ## Make the pictures in docs/images/ anew
	@$(BIN)/python -m tests.browser.screenshots $(ARGS)

lock: $(BIN)/uv ## Renew the lock files from pyproject.toml: ARGS=--upgrade for the newest versions
	@echo 'setuptools>=80' | $(COMPILE) $(ARGS) pyproject.toml - -o requirements.txt
	@echo 'setuptools>=80' | $(COMPILE) $(ARGS) --extra dev -c requirements.txt pyproject.toml - -o requirements-dev.txt
	@echo 'setuptools>=80' | $(COMPILE) $(ARGS) --extra browser -c requirements-dev.txt pyproject.toml - -o requirements-browser.txt

clean: ## Remove .venv and caches; data stay
	@rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -not -path './.data/*' -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo 'Discuss needs Python 3.11 or newer: make PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'Python cannot make virtual environments here; on Debian and Ubuntu: apt install python3-venv'; exit 1; }
	@echo 'Making .venv (first time only) …'
	@$(PYTHON) -m venv .venv

# The package itself is installed by reference, for the `discuss` command.
$(RUN): requirements.txt pyproject.toml | $(BIN)/python
	@echo 'Installing what the service needs …'
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements-dev.txt $(RUN)
	@echo 'Installing what tests and checks need …'
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

$(BROWSER): requirements-browser.txt $(DEV)
	@echo 'Installing what drives a browser …'
	@$(PIP) install --require-hashes -r requirements-browser.txt
	@touch $@

$(BIN)/uv: | $(BIN)/python
	@echo 'Installing uv …'
	@$(PIP) install uv
