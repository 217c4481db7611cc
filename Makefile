# What people type. Needs only Python 3.11+, make and git; everything else goes into .venv.
.DEFAULT_GOAL := help
.PHONY: help setup report serve doctor test test-unit test-dbt cases mutation test-integration test-fault faults test-browser bench mf check \
	audit docs format clean reset

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
INBOX := .data/inbox
# Tests run on every core; tests/conftest.py says which stay together. The long ones come first as they are collected.
PYTEST := $(BIN)/pytest -n logical --dist loadgroup --no-loadscope-reorder

# What `make faults` runs whole; `make test` runs a sample of each.
FAULTS := tests/faults tests/end_to_end/test_rebuild.py tests/end_to_end/test_gate_fires.py \
	tests/dbt_project/test_rows_as_delivered.py

# Of `make mf`: whose release it reads, and what it asks.
DATA ?= .data
ARGS ?= list metrics
# mf asks PyPI for a newer mf and cannot be told not to: a proxy that is not there keeps it at home.
NOWHERE := http://127.0.0.1:9

# Nothing here reports to a vendor.
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export RUNTIME__DLTHUB_TELEMETRY := false
export UV_NO_PROGRESS := 1
# Imports take half the time of a small refresh when Python has to compile them each time.
export UV_COMPILE_BYTECODE := 1

help: ## List what you can do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(READY): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
		echo "Kerncijfers needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) --version). Try make PYTHON=python3.12"; \
		exit 1; \
	}
	@uv --version >/dev/null 2>&1 || test -x .data/uv/bin/uv || { \
		echo "Installing uv in .data/uv"; \
		$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .data/uv uv 2>/dev/null || { \
			$(PYTHON) -m venv .data/uv && .data/uv/bin/python -m pip install --quiet --disable-pip-version-check uv; \
		}; \
	}
	@echo "Installing the locked dependencies in .venv"
	@PATH="$$PATH:$(CURDIR)/.data/uv/bin" uv sync --frozen --quiet \
		--python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
	@touch $(READY)

setup: $(READY) ## Make .venv with the locked dependencies

report: $(READY) ## Make the demo company (once), refresh it, and say where the report is
	@test -n "$$(ls -A $(INBOX) 2>/dev/null)" || $(BIN)/kerncijfers demo
	@$(BIN)/kerncijfers refresh

serve: $(READY) ## Start Dagster's page and daemon on this machine, with the schedule on; prints the address with its token
	@$(BIN)/kerncijfers serve

doctor: $(READY) ## Check configuration, sources, disk and versions, and say what to do
	@$(BIN)/kerncijfers doctor

test: $(READY) ## Run every test
	@$(PYTEST)

test-unit: $(READY) ## Run the quick tests
	@$(PYTEST) -m "not integration and not browser and not fault"

test-dbt: $(READY) ## Run the tests of the metrics: dbt's unit tests and the registry
	@$(BIN)/pytest tests/dbt_project

cases: $(READY) ## Prove the worked cases and print expected and got of each figure
	@$(BIN)/pytest -q -m case --cases

mutation: $(READY) ## Put faults in the SQL of every KPI; its unit tests must notice each of them
	@$(BIN)/pytest -q tests/dbt_project/test_mutants.py --mutants

test-integration: $(READY) ## Run the real pipeline on real files
	@$(PYTEST) -m integration

test-fault: $(READY) ## Feed broken files; the last release must stay up
	@$(PYTEST) -m fault

faults: $(READY) ## Kill it, fill its disk, damage its files, at every point; prints fault, tries, bad. Takes two hours
	@$(BIN)/pytest -q -n0 $(FAULTS) --long --faults

test-browser: $(READY) ## Open the report in headless Chromium
	@$(BIN)/pytest -m browser

bench: $(READY) ## Print how much slower than the plain tools it is
	@set -e; for bench in $$(find tests -name 'bench_*.py' | sort); do \
		$(BIN)/python -m "$$(echo "$${bench%.py}" | tr / .)"; \
	done

screenshot: $(READY) ## Take the README's picture of the demo report
	@$(BIN)/python -m tests.reports.screenshot

mf: $(READY) ## Ask MetricFlow, the second route: make mf ARGS="query --metrics orders_v1 --group-by metric_time__month"
	@test -L "$(DATA)/current" || { echo "There is no release in $(DATA) yet: make report publishes one."; exit 1; }
	@mkdir -p "$(DATA)/metricflow"
	@cp "$(DATA)/warehouse/$$(basename "$$(readlink "$(DATA)/current")").duckdb" "$(DATA)/metricflow/warehouse.duckdb"
	@warehouse="$$(cd "$(DATA)" && pwd)/metricflow/warehouse.duckdb"; cd dbt_project; \
		export KERNCIJFERS_WAREHOUSE="$$warehouse" HTTPS_PROXY=$(NOWHERE); \
		../$(BIN)/dbt --quiet parse --target-path target --log-path logs && ../$(BIN)/mf $(ARGS)

check: $(READY) ## Lint, types, direction of imports, dbt parse, SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/kerncijfers metrics check
	@mkdir -p .data/check
	KERNCIJFERS_WAREHOUSE=:memory: $(BIN)/dbt --quiet parse --no-partial-parse --project-dir dbt_project \
		--profiles-dir dbt_project --target-path "$(CURDIR)/.data/check" --log-path "$(CURDIR)/.data/check"
	KERNCIJFERS_WAREHOUSE=:memory: $(BIN)/sqlfluff lint --nocolor --processes 2 dbt_project
	@.ci/audit

audit: $(READY) ## List every package with its version (SBOM) and ask for known faults in them
	@.ci/audit

docs: $(READY) ## Write the documentation of every model and metric, with its lineage, as one page in .data/docs
	@test -e .data/current || { echo "There is no release yet: run make report first."; exit 1; }
	@rm -rf .data/docs && mkdir -p .data/docs
	@cp .data/warehouse/$$(basename "$$(readlink .data/current)").duckdb .data/docs/warehouse.duckdb
	@KERNCIJFERS_WAREHOUSE="$(CURDIR)/.data/docs/warehouse.duckdb" $(BIN)/dbt --quiet docs generate --static \
		--project-dir dbt_project --profiles-dir dbt_project --target-path "$(CURDIR)/.data/docs" \
		--log-path "$(CURDIR)/.data/docs"
	@rm -f .data/docs/warehouse.duckdb*
	@echo "The documentation is in $(CURDIR)/.data/docs/static_index.html"

format: $(READY) ## Put Python and SQL in the house layout
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .
	@KERNCIJFERS_WAREHOUSE=:memory: $(BIN)/sqlfluff fix --nocolor --processes 2 dbt_project

clean: ## Remove caches, keep releases and .venv
	@rm -rf .pytest_cache .ruff_cache .import_linter_cache .hypothesis dbt_project/target dbt_project/logs
	@rm -rf .data/dbt .data/check
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

reset: clean ## Also remove every release and the demo company
	@rm -rf .data
