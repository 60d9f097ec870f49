.DEFAULT_GOAL := help
SHELL := /bin/bash

# uv where there is one, else a copy of it that pip puts into .venv: either way the lock file
# decides what is installed.
UV := $(shell command -v uv 2>/dev/null || echo .venv/bin/uv)
RUN := .venv/bin/
READY := .venv/.ready

# Images that set it have every process compile anew what it imports, which takes seconds each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run ui test check bench screenshots card format clean procedural

help: ## Show what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

run: $(READY) ## Make a training set with the embedded teacher: no key, no network
	@$(RUN)synth run

ui: $(READY) ## Open the Dagster UI and the dashboards on loopback; Ctrl-C stops both
	@$(RUN)synth ui

test: $(READY) ## Run all tests
	@$(RUN)pytest -n 3 --dist loadfile --no-loadscope-reorder

check: $(READY) ## Lint, types, import rules, SQL, definitions
	$(RUN)ruff check
	$(RUN)ruff format --check
	$(RUN)pyright
	$(RUN)lint-imports
	$(RUN)sqlfluff lint sql
	$(RUN)dg check defs

procedural: $(READY) ## Install reasoning-gym, for the verifier procedural (takes a C compiler)
	@$(UV) sync --frozen --inexact --quiet --no-python-downloads --extra procedural

bench: $(READY) ## Measure, and write docs/benchmarks.md
	@$(RUN)python -m benchmarks

screenshots: $(READY) ## Take the pictures of the docs anew, from the real product
	@$(RUN)python -m tests.e2e.screenshots

card: $(READY) ## Write docs/card-of-the-default-run.md anew, from a run
	@$(RUN)python -m tests.integration.documented_card

format: $(READY) ## Format Python and SQL
	@$(RUN)ruff check --fix
	@$(RUN)ruff format
	@$(RUN)sqlfluff fix sql

clean: ## Remove the environment; data under .synth/ stays
	@rm -rf .venv

$(READY): pyproject.toml uv.lock
	@command -v uv >/dev/null 2>&1 || test -x .venv/bin/uv || { \
	  python3 -m venv .venv || { echo "python3 cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }; \
	  .venv/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'; }
	@echo "Installing what uv.lock names into .venv"
	@$(UV) sync --frozen --inexact --quiet --no-python-downloads
	@touch $(READY)
