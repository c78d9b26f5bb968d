# The commands of this project. `make build` and `make test` are all that a newcomer needs; both set up first.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:

PYTHON ?= python3
UV_VERSION := 0.13.0
VENV := .venv
BIN := $(VENV)/bin

# make build FEEDS=feeds/online_retail.yml DATA=<folder>: your own deliveries instead of the demo's.
FEEDS ?= feeds/demo.yml
ORDERS ?= 10000
DAYS ?= 30
SEED ?= 1
DEMO ?= demo
export DATA DEMO
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
# Some machines forbid bytecode; without it every start of dbt compiles it all again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup key demo ingest build test lint lint-code lint-yaml lint-dbt lint-sql contracts base code workflows \
	format hooks lock bench campaign readers faults mutants selection clean

help:  ## Say what there is.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /\1\t/' | expand -t 10

setup: $(VENV)/.ready  ## Make .venv with everything in it, link DuckDB's extensions, make the lake's tables.
	@$(BIN)/sluice setup

$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version.split()[0] + "; name another: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else 0'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	# The system's certificates, so that it works behind a proxy that has its own.
	export VIRTUAL_ENV=$(abspath $(VENV)) UV_COMPILE_BYTECODE=1 UV_SYSTEM_CERTS=1
	$(BIN)/uv pip sync --quiet requirements/dev.txt
	$(BIN)/uv pip install --quiet --no-deps --editable .
	touch $@

key:  ## What an installation depends on, in one word, as GitHub's cache wants it.
	@echo "key=venv-$$(uname -sm | tr ' ' -)-$$({ $(PYTHON) --version && pwd && cat pyproject.toml requirements/dev.txt; } | sha256sum | cut -c1-16)"

demo: setup  ## The demo's deliveries, where FEEDS is the demo and they are not there yet.
	@# A demo that was broken off is made anew.
	if [ "$(FEEDS)" = feeds/demo.yml ] && { [ ! -e "$(DEMO)" ] || [ -e "$(DEMO)/.sluice-demo.unfinished" ]; }; then
		$(BIN)/sluice demo --orders $(ORDERS) --days $(DAYS) --seed $(SEED) --out "$(DEMO)"
	fi

ingest: demo  ## What FEEDS name, into the lake.
	@$(BIN)/sluice ingest $(FEEDS)

build: demo  ## Demo data (or FEEDS=... DATA=...) to marts: ingest, build, audit, publish to prod, summary.
	@$(BIN)/sluice run $(FEEDS)
	$(BIN)/sluice summary prod

test: setup  ## Every test: Python, dbt's own, the docs' commands, the real data where it is at hand.
	@$(BIN)/pytest

# Linting never touches the real lake or warehouse: dbt parses and compiles against an empty warehouse of its own.
# Each of the two that call dbt has a folder, so that `make --jobs 2 lint` runs them side by side.
LINT := target/lint
lint_env = SLUICE_LAKE=$(1)/lake SLUICE_WAREHOUSE=$(1)/warehouse DBT_TARGET_PATH=$(1) DBT_LOG_PATH=$(1)/logs
# CI and `make lint` take dbt's own templater; `make lint TEMPLATER=jinja` is what the hook does.
TEMPLATER ?= dbt
DEMO_SQL := scripts/sluice/demo/sql

lint: lint-code lint-yaml lint-dbt lint-sql  ## Everything that can be judged without running the pipeline.

lint-code: | setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=scripts $(BIN)/lint-imports --no-logo --no-cache

lint-yaml: | setup
	$(BIN)/yamllint --strict .
	$(BIN)/python scripts/lint/dbt_yaml.py
	@if [ -d .github/workflows ]; then $(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml; fi

$(LINT)/warehouse $(LINT)/sql/warehouse:
	mkdir -p $@

lint-dbt: | setup $(LINT)/warehouse
	$(call lint_env,$(LINT)) $(BIN)/dbt --quiet --warn-error-options '{"error": ["UnusedResourceConfigPath"]}' parse
	COLUMNS=160 $(BIN)/dbt-bouncer run --config-file dbt-bouncer.yml --show-all-failures

lint-sql: | setup $(LINT)/sql/warehouse
	$(call lint_env,$(LINT)/sql) $(BIN)/sqlfluff lint --nocolor --disable-progress-bar --templater $(TEMPLATER) models tests/singular
	$(BIN)/sqlfluff lint --nocolor --disable-progress-bar --templater raw $(DEMO_SQL)

BASE ?= origin/main
contracts: setup  ## Stop a change that breaks readers of a mart, unless it is a new version. BASE=<commit> to compare with.
	@$(BIN)/python scripts/lint/breaking_changes.py $(BASE)

base: setup  ## A prod to compare a change with: the one that is there, else one of demo data, of the merge base with BASE.
	@PYTHONPATH=scripts $(BIN)/python -m ci.base $(BASE) --orders $(ORDERS) --days $(DAYS) --seed $(SEED)

OF ?= prod
code: $(VENV)/.ready  ## Check out the code of the release that an environment points to. OF=staging for another.
	@PYTHONPATH=scripts $(BIN)/python -m ci.checkout $(OF)

# Tools of the workflows that come from Go's proxy, checked against Go's checksum database; each version has a folder.
# Built once, run for seconds: without the optimiser a quarter of the time is saved.
ACT := .tools/act-v0.2.89/act
ACTIONLINT := .tools/actionlint-v1.7.12/actionlint
GO := $(shell command -v go)
go_install = CGO_ENABLED=0 GOBIN=$(abspath $(@D)) go install -modcacherw -gcflags=all='-N -l' -ldflags='-s -w'
$(ACT):
	$(go_install) github.com/nektos/act@v0.2.89
$(ACTIONLINT):
	$(go_install) github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

workflows: setup $(if $(GO),$(ACT) $(ACTIONLINT))  ## Lint the workflows and run each of them here. SLUICE_WHOLE=1: on the whole project.
	@# Of tests/workflows those that run by act or use actionlint; the others are make test's.
	$(if $(GO),$(ACTIONLINT) -color,echo "no Go here: no actionlint, and a small harness runs the workflows in place of act" >&2)
	$(BIN)/zizmor --offline --quiet .github
	export WORKFLOW_RUNNER=$(if $(GO),$(abspath $(ACT)),harness)
	$(if $(GO),ACTIONLINT=$(abspath $(ACTIONLINT))) $(BIN)/pytest tests/workflows/test_{a_change,a_fork,the}_*

format: setup  ## Put right what needs no decision.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix --nocolor --disable-progress-bar models tests/singular
	$(BIN)/sqlfluff fix --nocolor --disable-progress-bar --templater raw $(DEMO_SQL)

hooks: setup  ## Check before every commit, too.
	$(BIN)/pre-commit install

lock: $(VENV)/.ready  ## Resolve requirements/*.txt anew from pyproject.toml.
	@compile="$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate $(UPGRADE)"
	$$compile pyproject.toml --group dev --output-file requirements/dev.txt
	$$compile pyproject.toml --constraint requirements/dev.txt --output-file requirements/core.txt
	for name in notebook superset; do $$compile requirements/$$name.in --output-file requirements/$$name.txt; done

# Instruments: programs in scripts/lab, all started the same way.
lab := PYTHONPATH=scripts $(BIN)/python -u -m lab

bench: setup  ## Measure against bare DuckDB; figures go to docs/bench.json. ARGS="--orders 10000000" for more.
	@$(lab).bench $(ARGS)

campaign: setup  ## Eight readers through 200 publishes, 20 rollbacks, 20 killed publishers; writes docs/campaign.md.
	@$(lab).campaign $(ARGS)

readers: setup  ## Superset, JDBC, a notebook and the duckdb shell read prod while it is published. Downloads up to 1 GB.
	@UV_SYSTEM_CERTS=1 SLUICE_READERS=1 $(BIN)/pytest -n 0 --durations=10 tests/e2e/readers

faults: setup  ## Put every fault of the corpus into a clean demo and say what caught it; writes docs/faults.md. ARGS="--select keys".
	@$(lab).faults --out docs $(ARGS)

mutants: setup  ## Break the SQL on purpose, place by place, and see which test notices. ARGS="--select <id>" for one.
	@$(lab).mutants $(ARGS)

selection: setup  ## Make every edit of a list and say what a pull request would build; writes docs/selection.md. ARGS="a macro".
	@$(lab).selection --out docs/selection.md $(ARGS)

clean:  ## Remove what build made: demo data, lake, warehouse.
	@rm -rf demo lake warehouse target logs
