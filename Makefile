# `make run` does the main job, `make test` runs the tests; both set up .venv first. Nothing outside this folder changes.
VENV ?= .venv
PYTHON ?= python3
BIN := $(CURDIR)/$(VENV)/bin
READY := $(VENV)/.ready
export PATH := $(BIN):$(PATH)

.PHONY: setup run resume bench test test-all test-newcomer test-newest test-notebooks test-packages test-slurm coverage mutants fuzz lint docs lock ship clean

run: setup
	snakemake --cores all

# After a kill, a power cut or a full disk: the last command of this folder goes on where it was.
resume: setup
	hdrpipe resume

# Without `slow`: minutes. `make test-all` runs everything and fails if a campaign made fewer tries than it should.
test: setup
	pytest -n 2 -m "not slow" --durations 25 --durations-min 5

test-all: setup
	pytest -n 2 --whole

# The wheel in an empty environment and folder: fuse, train, open sigma without hdrpipe, run a notebook. It fails after more
# than ten minutes, and says which program opened sigma.
test-newcomer: setup
	python tests/newcomer.py

# `make test` with the newest versions that pyproject.toml allows, in an environment of its own; it names what differs
# from constraints.txt. To be run now and then: users meet these versions first.
test-newest:
	$(PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/pip install --disable-pip-version-check --quiet --upgrade --editable '.[dev]'
	.venv-newest/bin/pip freeze --exclude-editable | grep -vixFf constraints.txt || echo "all are those of constraints.txt"
	PATH="$(CURDIR)/.venv-newest/bin:$$PATH" pytest -n 2 -m "not slow"

# What a release hands out, whole and slow: wheel, container's commands, crates, and the workflow imported by another one.
test-packages: setup
	pytest -n 2 tests/workflow/test_wheel.py tests/workflow/test_container.py tests/workflow/test_module.py \
	  tests/unit/tools/test_crate.py

# The notebooks of docs/, from top to bottom. `make docs` installs what they need; without it they are skipped.
test-notebooks: setup
	pytest -n 2 tests/workflow/test_notebooks.py

# As root on Debian or Ubuntu: a SLURM of one node runs the tiny workflow. Elsewhere it says why it is skipped.
test-slurm: setup
	tests/slurm/run.sh

# Lines of the package that fast tests run, least covered files first. What only the workflow's tests run counts as missed.
coverage: setup
	pip install --quiet --constraint constraints.txt --editable '.[mutation]'
	coverage erase
	coverage run -m pytest -q -n 2 -m "not slow" tests/unit tests/contracts tests/properties tests/parity
	coverage combine --quiet
	coverage report

# Every single change of the method's code that no fast test notices (docs/mutation.md). Interrupt it: it goes on.
# `make mutants SAMPLE=400 SEED=1` tries a random sample.
mutants: setup
	pip install --quiet --constraint constraints.txt --editable '.[mutation]'
	OMP_NUM_THREADS=1 PYTHONPATH=tests python -m mutation.run --sample $(or $(SAMPLE),0) --seed $(or $(SEED),0)

# Bytes that reach new code of the readers of files, sought by atheris (docs/reliability.md); on Python 3.11 to 3.13.
# `make fuzz RUNS=100000 SECONDS=60`: executions over all readers, and most seconds for each of them.
fuzz: setup
	pip install --quiet --constraint constraints.txt --editable '.[fuzz]'
	OMP_NUM_THREADS=1 PYTHONPATH=tests python -m fuzz.run --runs $(or $(RUNS),1000000) --seconds $(or $(SECONDS),0)

# Half an hour of two idle cores: measures and writes the tables of docs/performance.md and docs/scaling.md, and says what
# moved by more than 15 %. `make bench GROUPS=fuse` measures one of them.
bench: setup
	OMP_NUM_THREADS=1 python benchmarks/bench.py $(GROUPS)

lint: setup
	ruff format --check .
	ruff check .
	pyright
	snakefmt --check Snakefile workflow
	hadolint Dockerfile

# The pages of this repository as a site that needs no network: build/site/index.html. Any warning fails.
docs: setup
	pip install --quiet --constraint constraints.txt --editable '.[docs]'
	sphinx-build --quiet --fresh-env --fail-on-warning --keep-going -c docs -d build/doctrees . build/site
	@echo "open build/site/index.html"

# locks/: the versions of constraints.txt with the hashes of all their files, after a change there or in pyproject.toml.
LOCK := uv pip compile --quiet --python-platform x86_64-manylinux_2_28 --python-version 3.11 --generate-hashes \
  --constraint constraints.txt --no-emit-package torch --no-annotate --custom-compile-command 'make lock'

lock: setup
	pip install --quiet --constraint constraints.txt --editable '.[lock]'
	$(LOCK) pyproject.toml --extra raw --extra heif --extra display --extra fast-h5 --output-file locks/run.txt
	$(LOCK) pyproject.toml --all-extras --output-file locks/dev.txt

# The network in the package anew: trained by configs/shipped.yaml at this commit, whose tree must be clean but for what an
# interrupted `make ship` left, which goes on.
ship: setup
	@test -z "$$(git status --porcelain -- . ':!hdrpipe/inference/shipped.*' ':!docs/data-card.md')" || { echo "commit first: the weights name the commit"; exit 2; }
	snakemake --cores all results/shipped/round-00/metrics.json --configfile configs/shipped.yaml
	hdrpipe export --weights results/shipped/round-00/student.safetensors --knows-noise \
	  --safetensors hdrpipe/inference/shipped.safetensors \
	  --card hdrpipe/inference/shipped.md --data-card docs/data-card.md --commit "$$(git rev-parse HEAD)"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@test "$$(uname)" = Linux || { echo "this project is developed, and trains, on Linux only; docs/start.md says what works elsewhere"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.11 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV)
