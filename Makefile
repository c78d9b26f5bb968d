# The project's commands. Start with `make build` and `make test`; both run `make setup` first.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
ifeq ($(filter oneshell,$(.FEATURES)),)
$(error GNU make 3.82 or later is needed, this is $(MAKE_VERSION); macOS: brew install make, then gmake)
endif

PYTHON ?= python3
UV_VERSION := 0.13.0
VENV := .venv
BIN := $(VENV)/bin

# make build FEEDS=feeds/online_retail.yml DATA=<folder> reads your own files instead of the demo's.
# make build STREAM=1 sends the demo's payments and events through a Kafka broker, which it starts (Java 17, Maven).
FEEDS ?= $(if $(STREAM),feeds/demo_stream.yml,feeds/demo.yml)
through = $(if $(STREAM),$(lab).broker.shop)
ORDERS ?= 10000
DAYS ?= 30
SEED ?= 1
DEMO ?= demo
export DATA DEMO
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
# Without bytecode, which some machines turn off, every start of dbt compiles all its modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo ingest build test clean check lint lint-code lint-yaml lint-dbt lint-sql format hooks lock \
	contracts base code pointed workflows key wheel fuzz bench campaign readers faults mutants selection alerts lineage sites \
	screenshots standards broker kills stream

help:  ## Show this list.
	@awk -F ':.*## ' '/^##@ / {print "\n" substr($$0, 5)} /^[a-z]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Start

setup: $(VENV)/.ready  ## Install everything into .venv, link DuckDB's extensions, create the lake's tables.
	@$(BIN)/sluice setup

# The programs in .venv contain its path. After a move, in a container, or when its Python is gone, it is created again.
ifneq ($(filter-out $(realpath $(VENV)),$(shell test -x $(BIN)/python && cat $(VENV)/.ready 2>/dev/null || echo gone)),)
.PHONY: $(VENV)/.ready
endif

$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@exec >&2  # others read the standard output of make base
	if ! test -x $(BIN)/python || { test -s $@ && test "$$(<$@)" != "$(realpath $(VENV))"; }; then
		command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found; name another Python: make PYTHON=python3.12 ..."; exit 1; }
		$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info[:2] <= (3, 14) or sys.exit("Python 3.11 to 3.14 is needed, this is " + sys.version.split()[0] + "; name another: make PYTHON=python3.12 ...")'
		echo "creating $(VENV) with $$($(PYTHON) --version)"
		$(PYTHON) -m venv --clear $(VENV)
	fi
	if ! test -x $(BIN)/uv; then
		echo "installing uv $(UV_VERSION)"
		$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	fi
	echo "installing the $$(grep -c == requirements/dev.txt) packages of requirements/dev.txt"
	# Use the system's certificates: a proxy may have its own.
	export VIRTUAL_ENV=$(abspath $(VENV)) UV_COMPILE_BYTECODE=$${UV_COMPILE_BYTECODE:-1} UV_SYSTEM_CERTS=1
	$(BIN)/uv pip sync --quiet requirements/dev.txt
	$(BIN)/uv pip install --quiet --no-deps --editable .
	echo "linking DuckDB's extensions, creating the lake's tables"
	cd $(VENV) && pwd -P > .ready

demo: setup  ## Generate the demo shop's data, unless it exists or FEEDS names other feeds.
	@# Demo data that was interrupted is generated again.
	if [[ "$(FEEDS)" = feeds/demo*.yml ]] && { [ ! -e "$(DEMO)" ] || [ -e "$(DEMO)/.sluice-demo.unfinished" ]; }; then
		$(BIN)/sluice demo --orders $(ORDERS) --days $(DAYS) --seed $(SEED) --out "$(DEMO)"
	fi

ingest: demo  ## Load what FEEDS names into the lake.
	@$(BIN)/sluice ingest $(FEEDS)

build: demo  ## From demo data (FEEDS=... DATA=..., or STREAM=1) to marts: ingest, build, audit, publish to prod, summary, and a site.
	@code=0
	$(through) $(BIN)/sluice run $(FEEDS) || code=$$?
	if [ $$code = 0 ]; then $(BIN)/sluice summary prod; fi
	# Also of a run that was refused, the site says why. It changes nothing about how the run ended.
	$(BIN)/sluice report --out site || true
	exit $$code

test: setup  ## Run every test: Python, dbt, the docs' commands, and real data if it is present.
	@$(BIN)/pytest

clean:  ## Remove what build created: demo data, lake, warehouse.
	@rm -rf demo lake warehouse target logs site

##@ Check and format

# Linting never touches the real lake or warehouse: dbt parses and compiles against an empty warehouse.
# The two targets that call dbt use separate folders, so that `make --jobs 2 lint` runs them in parallel.
LINT := target/lint
lint_env = SLUICE_LAKE=$(1)/lake SLUICE_WAREHOUSE=$(1)/warehouse DBT_TARGET_PATH=$(1) DBT_LOG_PATH=$(1)/logs
# CI and `make lint` use dbt's templater; `make lint TEMPLATER=jinja` does what the hook does.
TEMPLATER ?= dbt
SQLFLUFF ?= $(BIN)/python scripts/lint/sql.py
DEMO_SQL := scripts/sluice/demo/sql

lint: lint-code lint-yaml lint-dbt lint-sql  ## Check everything that can be checked without running the pipeline.

lint-code: | setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=scripts $(BIN)/lint-imports --no-logo --no-cache

lint-yaml: | setup
	$(BIN)/yamllint --strict .
	$(BIN)/python scripts/lint/dbt_yaml.py
	$(BIN)/python scripts/lint/words.py
	@if [ -d .github/workflows ]; then $(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml; fi

$(LINT)/warehouse $(LINT)/sql/warehouse:
	mkdir -p $@

lint-dbt: | setup $(LINT)/warehouse
	$(call lint_env,$(LINT)) $(BIN)/dbt --quiet --warn-error-options '{"error": ["UnusedResourceConfigPath"]}' parse --target ops
	COLUMNS=160 $(BIN)/dbt-bouncer run --config-file dbt-bouncer.yml --show-all-failures

lint-sql: | setup $(LINT)/sql/warehouse
	$(call lint_env,$(LINT)/sql) $(SQLFLUFF) lint --nocolor --disable-progress-bar --templater $(TEMPLATER) models tests/singular
	$(SQLFLUFF) lint --nocolor --disable-progress-bar --templater raw $(DEMO_SQL)

check: setup  ## At every save: the hooks on files that differ from the last commit, and the tests that need no dbt.
	@files=$$(git diff --name-only --diff-filter=d HEAD; git ls-files --others --exclude-standard)
	if [ "$$files" ]; then $(BIN)/pre-commit run --files $$files; fi
	$(BIN)/pytest tests/unit

format: setup  ## Fix what needs no decision.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(SQLFLUFF) fix --nocolor --disable-progress-bar models tests/singular
	$(SQLFLUFF) fix --nocolor --disable-progress-bar --templater raw $(DEMO_SQL)

hooks: setup  ## Run the quick checks before every commit.
	$(BIN)/pre-commit install
	$(BIN)/mypy > /dev/null || true  # so that the first commit finds its cache

wheel: $(VENV)/.ready  ## Build the distribution sluice-dataops into dist/.
	$(BIN)/uv build --quiet --wheel --out-dir dist

lock: $(VENV)/.ready  ## Resolve requirements/*.txt from pyproject.toml. UPGRADE=--upgrade for newer versions.
	@compile="$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate $(UPGRADE)"
	$$compile pyproject.toml --group dev $$(printf -- '--extra %s ' expectations feeds s3 documents rest stream models) --output-file requirements/dev.txt
	$$compile pyproject.toml --constraint requirements/dev.txt --output-file requirements/core.txt
	for name in notebook superset dlt spark standards; do $$compile requirements/$$name.in --output-file requirements/$$name.txt; done

##@ Continuous integration

.PHONY: whole lint-workflows

whole: setup  ## Run the tests of `make test`, `make workflows` and `make readers` beside each other. Downloads up to 1 GB.
	@UV_SYSTEM_CERTS=1 SLUICE_WORKFLOWS=1 SLUICE_READERS=1 $(BIN)/pytest --durations=25

BASE ?= origin/main
contracts: setup  ## Fail if a change breaks readers of a mart and is not a new version. BASE=<commit> to compare with.
	@$(BIN)/python scripts/lint/breaking_changes.py $(BASE)

base: setup  ## Provide a prod to compare a change with: the existing one, or demo data built by the merge base with BASE.
	@PYTHONPATH=scripts $(BIN)/python -m ci.base $(BASE) --orders $(ORDERS) --days $(DAYS) --seed $(SEED)

OF ?= prod
code: $(VENV)/.ready  ## Check out the code of prod's release. OF=staging for another environment.
	@PYTHONPATH=scripts $(BIN)/python -m ci.checkout $(OF)

pointed: $(VENV)/.ready  ## Print the release that prod points to, for a workflow. OF=staging for another environment.
	@PYTHONPATH=scripts $(BIN)/python -m ci.pointed $(OF)

lint-workflows: | setup
	$(BIN)/jactionlint --profile correctness --strict-exit --no-hints
	$(BIN)/zizmor --offline --quiet .github

workflows: lint-workflows  ## Check the workflows and run each of them here with act. SLUICE_WHOLE=1: on the whole project.
	SLUICE_WORKFLOWS=1 $(BIN)/pytest tests/workflows/test_a_{change,fork}_*

key:  ## Print the key under which GitHub caches .venv.
	@echo "key=venv-$$(uname -sm | tr ' ' -)-$$({ $(PYTHON) --version && pwd && cat pyproject.toml requirements/dev.txt; } | sha256sum | cut -c1-16)"

##@ Measure
# Instruments: programs in scripts/lab, all started the same way.
lab := PYTHONPATH=scripts $(BIN)/python -u -m lab

fuzz: setup  ## Deliveries, pairs of tables and checks at random: what is lost, or judged wrongly, by kind. ARGS="--minutes 5".
	@found=0
	PYTHONPATH=scripts:. $(BIN)/python -u -m tests.helpers.fuzz $(ARGS) || found=1
	PYTHONPATH=scripts:. $(BIN)/python -u -m tests.helpers.judged $(ARGS) || found=1
	exit $$found

bench: setup  ## Measure against bare DuckDB, into docs/bench.json. ARGS="--quick main" compares with a commit, in minutes.
	@$(lab).bench $(ARGS)

campaign: setup  ## Eight readers through 200 publishes, 20 rollbacks, 20 killed publishers; writes docs/campaign.md.
	@$(lab).campaign $(ARGS)

broker: setup  ## A Kafka broker on 127.0.0.1:9092 until Ctrl-C, from Maven, with Java 17. ARGS=--registry for a schema registry, too.
	@$(lab).broker $(ARGS)

alerts: setup  ## Kill 500 senders of alerts at random; writes docs/incidents-proof.md. ARGS="--kills 50 --out /tmp" for a trial.
	@$(lab).sender $(ARGS)

stream: setup  ## Play the demo's payments as a stream: a burst of a stolen card, the scorer killed twice. ARGS="--bench 500" measures latency.
	@$(lab).stream $(ARGS)

kills: setup  ## Kill 50 streams of a real Kafka broker at random; writes docs/streaming-proof.md. ARGS="--kills 8 --out /tmp" for a trial.
	@$(lab).kills $(ARGS)

sites: setup  ## Write a site over 400 days, 300 models and 2,000 series, and open it; prints what it took. ARGS="--series 100".
	@$(lab).sites $(ARGS)

screenshots: setup  ## Take the pictures of README again, of a demo shop whose third night is refused. ARGS="--keep FOLDER".
	@$(lab).screenshots $(ARGS)

readers: setup  ## Superset, JDBC, a notebook and the duckdb shell read prod while it is published. Downloads up to 1 GB.
	@UV_SYSTEM_CERTS=1 SLUICE_READERS=1 $(BIN)/pytest -n 0 --durations=10 tests/e2e/readers

standards: setup  ## Events and contracts of a demo shop, judged by OpenLineage's client and by datacontract-cli. Downloads 100 MB.
	@UV_SYSTEM_CERTS=1 SLUICE_STANDARDS=1 $(BIN)/pytest -n 0 --durations=10 tests/e2e/standards

faults: setup  ## Put every fault of the corpus into a clean demo and say what caught it; writes docs/faults.md. ARGS="--select keys".
	@$(lab).faults --out docs $(ARGS)

mutants: setup  ## Break the SQL on purpose, place by place, and see which test notices. ARGS="--select <id>" for one.
	@$(lab).mutants $(ARGS)

lineage: setup  ## Change each column of prod's release and see what it moves; writes docs/lineage-proof.md. ARGS="--select fct_*".
	@$(BIN)/sluice lineage --prove --out docs/lineage-proof.md $(ARGS)

selection: setup  ## Make every edit of a list and say what a pull request would build; writes docs/selection.md. ARGS="a macro".
	@$(lab).selection --out docs/selection.md $(ARGS)
