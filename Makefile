# Every target sets up what it needs (environment, locked dependencies, model weights) and works from any half-way state.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RESULTS ?= results
# Commands that tests begin would compile the package again each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check bench faults soak docs verdicts setup models prefect evaluate clean

demo: models prefect
	$(BIN)/qa-pipeline run sample_audio --results $(RESULTS)
	$(BIN)/qa-pipeline report --results $(RESULTS)
	@echo "The review app, at http://localhost:8080 with an account of each role: $(BIN)/qa-pipeline serve --demo --results $(RESULTS)"

test: models prefect $(VENV)/.browser $(VENV)/.postgres
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

check: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not models and not browser and not prefect and not postgres and not slow" -q

evaluate: models
	$(BIN)/qa-pipeline evaluate sample_audio --misses

bench: models
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/side_by_side.py
	$(BIN)/python benchmarks/nonspeech.py --seconds 20 --seeds 1
	$(BIN)/python benchmarks/forbidden.py
	$(BIN)/python benchmarks/rescore.py --sizes 1000 10000 100000
	$(BIN)/python benchmarks/nightly.py --sizes 1000 10000 100000 --prefect
	$(BIN)/python benchmarks/ask.py --calls 200
	$(BIN)/python benchmarks/figures.py

# What nights survive, at length (half an hour; the disks need root), and watch mode for an hour.
faults: models
	$(BIN)/python -W ignore benchmarks/faults.py
	$(BIN)/python benchmarks/broken_batch.py

soak: models
	$(BIN)/python -W ignore benchmarks/soak.py

docs: $(VENV)/.installed
	$(BIN)/python docs/generate.py

# After a change of scoring, rubrics, cases or language data: what moved, and the lock of what every case comes to.
verdicts: $(VENV)/.installed
	$(BIN)/python -m tests.scoring.verdicts

setup: $(VENV)/.installed prefect

# The stamp is written last: an interrupted installation is simply done again. pip installs one package after the other, on one core: so two of them
# install half of the lock each, when pip itself is up to date. What is imported is compiled then; most of 30,000 files never are.
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --require-hashes --no-deps
$(VENV)/.installed: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Try make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	awk 'FNR == 1 { part = 0 } /^[a-zA-Z0-9]/ { part = /^pip==/ ? 0 : 1 + n++ % 2 } { print > ("$(VENV)/lock." part) }' requirements.lock
	$(INSTALL) -r $(VENV)/lock.0
	$(INSTALL) -r $(VENV)/lock.1 & other=$$!; $(INSTALL) -r $(VENV)/lock.2 || failed=yes; wait $$other; test -z "$${failed:-}"
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

models: $(VENV)/.installed
	$(BIN)/qa-pipeline models pull

# The database of Prefect's temporary server, made ahead: a first flow would otherwise wait for it. The stamp lies beside the database, so that
# an emptied home is made ready again.
prefect: $(VENV)/.installed
	@stamp="$${PREFECT_HOME:-$$HOME/.prefect}/database-made-for-qa-pipeline"; \
	if [ ! "$$stamp" -nt $(VENV)/.installed ]; then $(BIN)/python -m flows.prefect_server; fi

# A real browser for the tests of the report.
$(VENV)/.browser: $(VENV)/.installed
	command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null; }
	touch $@

# A real PostgreSQL for the tests of the review database; each starts its own server, so none is left running.
$(VENV)/.postgres: $(VENV)/.installed
	compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql >/dev/null; }
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
