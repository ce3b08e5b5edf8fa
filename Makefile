PYTHON ?= python3
# torch first and by name, so that its pinned build is taken and not the newest one
TORCH ?= torch==2.13.0
BIN := .venv/bin
export GRADIO_ANALYTICS_ENABLED := False
export HF_HUB_OFFLINE := 1
# torch's threads wait asleep: on shared cores spinning can cost many times the work (benchmarks/busy_cores.py)
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: install demo test test-slow lint train clean

install: .venv/.installed

.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[all]" --group dev
	touch $@

demo: install
	$(BIN)/lesson-nudge demo

test: install
	$(BIN)/python -m pytest -m "not slow"

# what takes more than ten seconds a test: whole trainings, several processes, servers
test-slow: install
	$(BIN)/python -m pytest -m slow

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# DATA: labelled plans of others (JSON lines beside a folder texts), open licences only
train: install
	$(BIN)/python -m mtl_core.training $(if $(DATA),--data $(DATA))

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
