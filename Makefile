.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.ready-run
DEV_READY := $(VENV)/.ready-dev

.PHONY: help setup run test check soak eval eval-llm bench e2e lock clean

help: ## Show what can be made
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one by make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

# A development environment holds everything that a run needs: it is not taken apart again by `make run`.
$(RUN_READY): requirements.lock | $(BIN)/uv
	@if [ -f $(DEV_READY) ]; then $(MAKE) --no-print-directory $(DEV_READY); else VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements.lock; fi
	@touch $@

$(DEV_READY): requirements-dev.lock | $(BIN)/uv
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements-dev.lock
	@touch $@ $(RUN_READY)

setup: $(RUN_READY) ## Install what a run needs, from hashed locks

run: $(RUN_READY) ## Start the whole product with the example shop
	@exec ./frontdesk demo

check: $(DEV_READY) ## The quick inner loop: lint, types, import rules, unit tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 -m "not (engine or postgres or browser or llm or slow)"

test: $(DEV_READY) ## Every test, with everything it needs set up
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python scripts/find_browser.py
	$(BIN)/pytest

e2e: $(DEV_READY) ## The whole flows only: processes, kills, browser
	$(BIN)/python scripts/find_browser.py
	$(BIN)/pytest tests/e2e

soak: $(DEV_READY) ## The channels' property tests with 10,000 cases each
	$(BIN)/pytest tests/channels/test_channels_contract.py tests/channels/test_channels_mercadolibre_reading.py --hypothesis-profile=soak --timeout=3600

eval: $(DEV_READY) ## Measure the answers on the project's evaluation set
	$(BIN)/python -m tests.eval.evaluation --out reports/eval

eval-llm: $(DEV_READY) ## Measure the configured language model on a sample of that set (opt-in: needs a model's server)
	$(BIN)/python -m tests.eval.with_model --out reports/eval-llm

bench: $(DEV_READY) ## Measure speed against a bare workflow in the same run
	$(BIN)/python -m bench

lock: $(BIN)/uv ## Resolve the locks anew: names, versions and hashes only
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header --quiet --upgrade -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --no-header --quiet --upgrade -o requirements-dev.lock

clean: ## Remove the environment; data stay
	rm -rf $(VENV)
