# Recipes use relative paths only, so that the project works in a folder with spaces in its path.
PORT ?= 8501
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# Test files go to this many workers; each computes with one thread, or they would wait for each other.
# glibc keeps the memory of large arrays, as in the workers of asd_core.engine: new pages each time take a tenth of all time.
WORKERS ?= 2
# Python keeps what it compiled, whatever the shell says: dozens of processes import the same files.
PYTEST = OMP_NUM_THREADS=1 MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=67108864 PYTHONDONTWRITEBYTECODE= $(PY) -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

# pip compiles what it installs with one processor, which takes half of an installation: all processors do it afterwards. What does not
# compile is left, as pip leaves it.
PIP = $(PY) -m pip install --quiet --disable-pip-version-check --no-compile
COMPILE = $(PY) -m compileall -qq -j 0 -x '/tests/' $(VENV)/lib || true

# Packages of which the tests read a checkpoint, and nothing else: what they need themselves is years old, and is left out.
CHECKPOINTS = aisfx==0.1.2

.DEFAULT_GOAL := help
.PHONY: help run lint style types test test-long test-cluster test-fast check test-coverage bench peers coverage applicability report-variants demo-models experiments fusion scale results results-fan screenshots clean

help:
	@echo "make run          start the dashboard on http://127.0.0.1:$(PORT) (PORT= changes it)"
	@echo "make test         lint, types and all tests but the long ones, by WORKERS=2 processes"
	@echo "make test-cluster  the tests on a Ray cluster of two nodes on this machine, with a server of S3"
	@echo "make test-long    the long ones, which CI runs, too: trainings and servers of their own, kills at any moment, restores, storage that fails, UMAP"
	@echo "make test-fast    lint, types and the quick unit and contract tests: while one works"
	@echo "make check        lint, types and all tests but those in a browser: before a commit"
	@echo "make test-coverage  lines that the tests of make check reach, and those that none does"
	@echo "make bench        the speeds this project promises, as a table and in bench.json (ONLY="NAME …": some of them)"
	@echo "make demo-models  train trained_models/demo from nothing"
	@echo "make experiments  run the report's questions again on the demo (an hour; goes on where it stopped)"
	@echo "make peers        our density models against PyOD's, on the same arrays"
	@echo "make fusion       the rules of a fusion against its best member, written to docs/fusion.md"
	@echo "make scale        what an hour of sound and millions of clips cost, written to docs/scale.md"
	@echo "make coverage     how often intervals hold the truth and thresholds their rate (slow), written to docs/coverage.md"
	@echo "make applicability  how often the guard says that a recording is not one of the machine"
	@echo "make report-variants  the report's own oracle-tuned and time-domain variants, as experiments"
	@echo "make results      write docs/results.md from trained_models/demo"
	@echo "make results-fan  every detector on the simulated fans, written to docs/results-fan.md (a quarter of an hour)"
	@echo "make screenshots  write screenshots/*.png from the running app, light and dark, wide and narrow"
	@echo "make clean        remove the virtual environment and caches"

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed, and '$(PYTHON)' is not: install it, or name one with PYTHON=python3.12."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: install it (Debian: apt install python3-venv)."; exit 1; }

# The stamps hold what is installed: nothing is installed again unless the file changed.
$(VENV)/.run-stamp: requirements.txt | $(PY)
	$(PIP) -r requirements.txt
	@$(COMPILE)
	@touch $@

$(VENV)/.dev-stamp: requirements-dev.txt requirements.txt | $(PY)
	$(PIP) -r requirements-dev.txt
	$(PIP) --no-deps $(CHECKPOINTS)
	@$(COMPILE)
	@touch $@ $(VENV)/.run-stamp

run: $(VENV)/.run-stamp
	@echo "Dashboard: http://127.0.0.1:$(PORT)  (stop it with Ctrl+C)"
	@$(PY) -m streamlit run app.py --server.port $(PORT)

style: $(VENV)/.dev-stamp
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(VENV)/bin/oxlint --deny-warnings pages tests/js

types: $(VENV)/.dev-stamp
	$(PY) -m mypy

lint: style types

# The first time, types take a minute of one processor: they are checked beside the tests, and what is wrong is said below them.
test: style
	@$(PY) -m mypy >$(VENV)/types.log 2>&1 & types=$$!; \
	$(PYTEST) -m "not long and not cluster"; tests=$$?; \
	wait $$types; typed=$$?; cat $(VENV)/types.log; \
	[ $$tests = 0 ] && [ $$typed = 0 ]

test-long: $(VENV)/.dev-stamp
	$(PYTEST) -m long

# In one process: a cluster takes both cores.
test-cluster: $(VENV)/.dev-stamp
	OMP_NUM_THREADS=1 $(PY) -m pytest -m cluster

test-fast: lint
	$(PYTEST) -m "not slow and not long and not cluster" tests/unit tests/contract

check: lint
	$(PYTEST) -m "not long and not cluster" tests/unit tests/contract tests/app

test-coverage: $(VENV)/.dev-stamp
	$(PYTEST) -m "not cluster" tests/unit tests/contract tests/app --cov=asd_core --cov=pages --cov-report=term-missing:skip-covered

bench: $(VENV)/.dev-stamp
	@PYTHONDONTWRITEBYTECODE= $(PY) -m benchmarks --out bench.json $(addprefix --only ,$(ONLY))

demo-models: $(VENV)/.run-stamp
	rm -rf trained_models/demo
	$(PY) -m asd_core train --data demo --out trained_models/demo
	$(PY) -m asd_core seeds --data demo --models trained_models/demo --seed 1 --seed 2
	$(PY) -m asd_core overlap --data demo --models trained_models/demo
	$(PY) -m asd_core latents --data demo --models trained_models/demo
	$(PY) -m asd_core thumbnails --data demo --models trained_models/demo
	$(PY) -m asd_core umaps --models trained_models/demo
	$(PY) -m asd_core scores --data demo --models trained_models/demo --split train
	$(PY) -m asd_core study --models trained_models/demo
	$(PY) -m asd_core supervise --data demo --models trained_models/demo
	$(MAKE) results

EXPERIMENTS = components bandwidth dbscan skips mels batch_size denoising clips
experiments: $(VENV)/.run-stamp
	for name in $(EXPERIMENTS); do $(PY) -m asd_core experiment $$name --data demo || exit 1; done
	$(PY) -m asd_core worth --models trained_models/demo --out asd_core/training/min_clips.toml
	$(MAKE) results

fusion: $(VENV)/.dev-stamp
	$(PY) -m benchmarks.fusion --markdown docs/fusion.md

scale: $(VENV)/.run-stamp
	$(PY) -m benchmarks.scale --markdown docs/scale.md

results: $(VENV)/.run-stamp
	$(PY) -m asd_core results --models trained_models/demo --out docs/results.md
	$(PY) -m asd_core cards --out docs/detectors.md

results-fan: $(VENV)/.run-stamp
	$(PY) -m benchmarks.fans --markdown docs/results-fan.md

peers: $(VENV)/.dev-stamp
	$(PY) -m benchmarks.peers --out peers.json --markdown docs/peers.md

coverage: $(VENV)/.run-stamp
	$(PY) -m benchmarks.coverage --markdown docs/coverage.md
	$(PY) -m benchmarks.calibration --markdown docs/coverage.md

applicability: $(VENV)/.run-stamp
	$(PY) -m benchmarks.applicability

report-variants: $(VENV)/.run-stamp
	$(PY) -m benchmarks.report_variants --markdown docs/report-variants.md

screenshots: $(VENV)/.dev-stamp
	$(PY) -m tests.e2e.screenshots screenshots

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache bench.json
