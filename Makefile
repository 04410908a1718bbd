.DEFAULT_GOAL := help
.PHONY: help demo test bench lint types format console setup clean

VENV := .venv
PY   := $(VENV)/bin/python

help: ## print the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

demo: ## set up, and run the whole system on a sample city (Ctrl-C ends it)
	@scripts/setup run
	@$(VENV)/bin/dengta demo $(ARGS)

test: ## set up, and run all tests
	@scripts/setup test
	@$(PY) -m pytest -n 2 --no-loadscope-reorder $(ARGS)

bench: ## run every benchmark and print one table
	@scripts/setup bench
	@$(VENV)/bin/dengta bench

lint: ## style, imports between floors, and the container files
	@scripts/setup test
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/lint-imports
	@cd web && npm run --silent lint
	@cd docker && npm ci --silent --ignore-scripts --no-audit --no-fund && npm run --silent lint

types: ## strict type checks, Python and TypeScript
	@scripts/setup test
	@$(VENV)/bin/mypy
	@cd web && npm run --silent types

format: ## rewrite the source in the house style
	@scripts/setup test
	@$(VENV)/bin/ruff check --fix-only --quiet .
	@$(VENV)/bin/ruff format .

console: ## build the console
	@scripts/setup console

setup: ## set up everything that demo and test need
	@scripts/setup test

clean: ## remove what was built here; the data folder stays
	rm -rf $(VENV) web/node_modules web/dist build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
