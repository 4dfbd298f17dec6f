# `make demo` runs a demo, `make test` and `make check` tell whether a change is right. They need only make and Python
# 3.11 or newer: the first target that needs a package installs it into .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-fast coverage drills test-mlflow-next test-mlflow-next-sample fuzz bench bench-registry bench-requests bench-evidence check format pictures clean

PORT ?= 5000
CASES ?= 20000
PYTHON ?=
RUN := .venv/bin/python
# If set, each of the hundreds of processes that the tests start would compile Checkpoint again.
export PYTHONDONTWRITEBYTECODE :=

help:
	@echo "make demo [PORT=5000]  a real MLflow behind Checkpoint, with models, people and promote requests"
	@echo "make test              the whole suite: SQLite, PostgreSQL, real MLflow, browser"
	@echo "make test-fast         what of it needs no server, database or browser: while one writes"
	@echo "make coverage          the same, and how much of the code it runs: at least 90 % of promote_requests and of proxy"
	@echo "make drills            what takes long: every screen, kill and setup of which make test takes a sample, and PostgreSQL for the rest"
	@echo "make test-mlflow-next  what of it faces MLflow, on the next version of MLflow; with -sample a part, in a minute"
	@echo "make fuzz [CASES=20000]  attacks Checkpoint in front of a real MLflow with made-up calls, for some minutes"
	@echo "make check             format, lint, types, deploy checks, migrations, import contract, templates, Dockerfile"
	@echo "make bench             what Checkpoint costs, beside MLflow and nginx, in 8 minutes"
	@echo "make bench-registry    what people wait for where a model has 50,000 versions, beside one that has 50"
	@echo "make bench-evidence    what the comparison costs: page, tables, curves, texts, files, digests of 1 GiB"
	@echo "make bench-requests    what people wait for beside 100,000 requests; 30 people at once, on both databases"
	@echo "make format            formats the code"
	@echo "make pictures          takes the README's pictures from a running demo"

demo: .venv/.installed-demo
	@exec $(RUN) manage.py demo --port $(PORT)

# Twice: everything on SQLite, then on PostgreSQL what depends on the database. Four processes share the tests by file,
# in pytest's order, since most that take long wait for a server or a browser; tests that measure how fast something is
# run after them, alone. Not `--dist loadgroup`: pytest-xdist 3.8.0 groups nothing under pytest 9.
PYTEST = $(RUN) -m pytest
TOGETHER = -n 4 --dist loadfile --no-loadscope-reorder

test: .venv/.installed-dev
	$(PYTEST) $(TOGETHER) -m "not (alone or drill)"
	CHECKPOINT_TEST_DATABASE=postgresql $(PYTEST) $(TOGETHER) -m "not drill and (postgresql or (database and not (mlflow or browser or sockets or one_database)))"
	$(PYTEST) -m alone $$(grep -rl --include='test_*.py' --exclude-dir=.venv 'mark\.alone' .)

# The same tests, of which each takes half as long again while it is watched.
coverage: .venv/.installed-dev
	@$(RUN) -m coverage erase
	$(MAKE) test PYTEST="$(RUN) -m pytest --cov --cov-append --cov-report="
	$(RUN) -m coverage report
	@$(RUN) -m coverage report --include='promote_requests/*' --fail-under=90 --format=total >/dev/null \
		|| { echo "promote_requests is covered below 90 %" >&2; exit 1; }
	@$(RUN) -m coverage report --include='proxy/*' --fail-under=90 --format=total >/dev/null \
		|| { echo "proxy is covered below 90 %" >&2; exit 1; }

test-fast: .venv/.installed-dev
	$(RUN) -m pytest -q $(TOGETHER) -m "not (mlflow or browser or sockets or postgresql or alone or drill or alike or slow)"

drills: .venv/.installed-dev
	$(RUN) -m pytest $(TOGETHER) -m drill
	CHECKPOINT_TEST_DATABASE=postgresql $(RUN) -m pytest $(TOGETHER) -m "(drill and postgresql) or ((drill or one_database) and database and not (mlflow or browser or sockets))"

# An environment in which the next MLflow lies over everything else, which is that of `make test`.
NEXT ?= .venv/mlflow-next
SITE_PACKAGES = -c 'import sysconfig; print(sysconfig.get_path("purelib"))'

$(NEXT)/.installed: requirements-mlflow-next.txt .venv/.installed-dev
	@$(RUN) -m venv --clear --without-pip $(NEXT)
	@echo "Installing $<"; $(RUN) -m pip install --disable-pip-version-check --quiet --no-deps \
		--target "$$($(NEXT)/bin/python $(SITE_PACKAGES))" --requirement $<
	@$(RUN) $(SITE_PACKAGES) > "$$($(NEXT)/bin/python $(SITE_PACKAGES))/checkpoint.pth"
	@touch $@

# The companions of the next MLflow may be older ones, of which it warns.
ON_NEXT = $(NEXT)/bin/python -m pytest -W "ignore:Versions of mlflow" $(TOGETHER)
IN_USE = proxy/tests/test_mlflow_client.py proxy/tests/test_attacks_live.py proxy/tests/test_as_mlflow_answers.py promote_requests/tests/browser/test_mlflow_ui.py
COMPARED = proxy/tests/test_route_table.py proxy/tests/test_rules.py proxy/tests/test_model_settings.py

test-mlflow-next: $(NEXT)/.installed
	$(ON_NEXT) $(COMPARED)
	$(ON_NEXT) -m "mlflow and not (alone or drill)"

test-mlflow-next-sample: $(NEXT)/.installed
	$(ON_NEXT) -m "not drill" $(COMPARED) registry/tests/contract $(IN_USE)

# Django's own checks run with what a production start would have.
PRODUCTION_LIKE = CHECKPOINT_STATE_DIR=$$state CHECKPOINT_REGISTRY_URL=http://mlflow:5000 \
	CHECKPOINT_PUBLIC_URL=https://checkpoint.example.org

check: .venv/.installed-dev
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy .
	@state=$$(mktemp -d); trap 'rm -rf "$$state"' EXIT; set -x; \
		$(PRODUCTION_LIKE) $(RUN) manage.py check --deploy --fail-level WARNING; \
		$(PRODUCTION_LIKE) $(RUN) manage.py makemigrations --check --dry-run
	@found=$$(.venv/bin/lint-imports --no-cache --no-logo 2>&1) || { echo "$$found" >&2; exit 1; }
	.venv/bin/djlint templates --check --lint --quiet
	.venv/bin/hadolint Dockerfile

# The suite runs the same with a few hundred fixed cases. This makes new ones each time; what it finds goes into testing/attacks/.
fuzz: .venv/.installed-dev
	CHECKPOINT_TEST_FUZZ_CASES=$(CASES) $(RUN) -m pytest -q --durations=3 proxy/tests/test_fuzz.py
	CHECKPOINT_TEST_MACHINE_RUNS=500 $(RUN) -m pytest -q promote_requests/tests/test_state_machine.py

# The README's pictures, from a demo that is running.
pictures: .venv/.installed-dev
	$(RUN) docs/make_pictures.py --url http://localhost:$(PORT)

bench: .venv/.installed-dev
	@$(RUN) -m bench

bench-requests: .venv/.installed-dev
	@$(RUN) -m bench.many
	@$(RUN) -m bench.busy
	@$(RUN) -m bench.busy --postgresql

bench-evidence: .venv/.installed-dev
	@$(RUN) -m bench.evidence

bench-registry: .venv/.installed-dev
	@$(RUN) -m bench.large

format: .venv/.installed-dev
	$(RUN) -m ruff format .
	$(RUN) -m ruff check --fix .
	.venv/bin/djlint templates --reformat --quiet

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov staticfiles

# The first of these that runs and is new enough; a name may exist and not run (a version manager's shim).
.venv/.created:
	@for candidate in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
		echo "Python 3.11 or newer is missing: install it, or name it with make PYTHON=/path/to/python3." >&2; exit 1; \
	fi; \
	if ! output=$$("$$found" -m venv .venv 2>&1); then \
		echo "$$found cannot make a virtual environment (Debian and Ubuntu: apt install python3-venv): $$output" >&2; exit 1; \
	fi
	@touch $@

# Not compiled in advance, which takes as long as all else: Python compiles what it loads, when it first does.
INSTALL = echo "Installing $<"; $(RUN) -m pip install --disable-pip-version-check --quiet --no-compile

.venv/.installed-demo: requirements-demo.txt requirements.txt | .venv/.created
	@$(INSTALL) --requirement requirements-demo.txt
	@touch $@

.venv/.installed-dev: requirements-dev.txt requirements-demo.txt requirements.txt | .venv/.created
	@$(INSTALL) --requirement requirements-dev.txt
	@touch $@ .venv/.installed-demo
