# `make run` does the main job, `make test` runs the tests; both set up .venv first. Nothing outside this folder changes.
VENV ?= .venv
PYTHON ?= python3
BIN := $(CURDIR)/$(VENV)/bin
READY := $(VENV)/.ready
export PATH := $(BIN):$(PATH)

.PHONY: setup run test test-all lint clean

run: setup
	snakemake --cores all

# Without `slow`: minutes. `make test-all` runs everything.
test: setup
	pytest -n 2 -m "not slow"

test-all: setup
	pytest -n 2

lint: setup
	ruff format --check .
	ruff check .
	pyright
	snakefmt --check Snakefile workflow

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@test "$$(uname)" = Linux || { echo "hdrpipe runs on Linux only"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.11 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV)
