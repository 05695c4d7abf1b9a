# Everything here works on a machine with Python 3.11 and make: each target makes .venv and installs what it needs.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --only-binary :all:

.PHONY: chat test test-desk lint bench format clean

chat: .venv/chat  ## talk to the demo bot
	@$(BIN)/kefu chat

test: .venv/dev  ## run the tests, on two cores
	@# Hundreds of processes of the command are started: none compiles again what another compiled.
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-desk: .venv/dev  ## run the tests with a real helpdesk, which is installed into the cache of the user
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m desk tests/desk

lint: .venv/dev  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/dev  ## measure what is claimed, and compare; DATA=folder adds public data sets, DATABASE=address of an empty one PostgreSQL
	$(BIN)/python -m benchmarks.answers
	$(BIN)/python -m benchmarks.calibration
	$(BIN)/python -m benchmarks.quantisation $(if $(DATA),--data $(DATA))
	$(BIN)/python -m benchmarks.fusion $(if $(DATA),--data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.bilingual --data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.heads --data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.training --data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.finetune --data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.entities --data $(DATA))
	$(BIN)/python -m benchmarks.chaos
	$(BIN)/python -m benchmarks.fuzz
	$(BIN)/python -m benchmarks.handover
	$(BIN)/python -m benchmarks.explain
	$(BIN)/python -m benchmarks.regressions
	$(BIN)/python -m benchmarks.gaps
	$(BIN)/python -m benchmarks.likeness
	$(BIN)/python -m benchmarks.measures speed
	$(BIN)/python -m benchmarks.passages
	$(BIN)/python -m benchmarks.lock
	$(BIN)/python -m benchmarks.generator
	$(BIN)/python -m benchmarks.generator_inside
	$(BIN)/python -m benchmarks.generator_faults
	$(if $(DATA),$(BIN)/python -m benchmarks.generator_training --data $(DATA))
	$(BIN)/python -m benchmarks.logs
	$(BIN)/python -m benchmarks.lint
	$(if $(DATA),$(BIN)/python -m benchmarks.budget --data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.ratings --data $(DATA))
	$(BIN)/python -m benchmarks.serving acknowledge
	$(BIN)/python -m benchmarks.serving memory
	$(if $(DATABASE),$(BIN)/python -m benchmarks.chaos --database $(DATABASE) --workers 2)
	$(if $(DATABASE),$(BIN)/python -m benchmarks.serving scale --database $(DATABASE))
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.replay
	$(BIN)/python -m benchmarks.peers

format: .venv/dev  ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .kefu build dist *.egg-info

.venv/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kefu needs Python 3.11 or newer; name one with: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	@touch $@

.venv/chat: .venv/python pyproject.toml
	@echo "Installing kefu into .venv (a few minutes, once) ..."
	$(PIP) torch==2.13.0
	$(PIP) --editable '.[embedded]'
	@touch $@

.venv/dev: .venv/python pyproject.toml
	@echo "Installing kefu and what its tests need into .venv (a few minutes, once) ..."
	$(PIP) torch==2.13.0
	$(PIP) --editable '.[embedded,dev]'
	@touch $@ .venv/chat
