# make demo: from a clone to explained recommendations. make test: the same set-up, then the tests.
PYTHON ?= python3
VENV := .venv
# Which torch: PyPI's by default (on Linux x86-64 with CUDA, several GB). The small CPU build:
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
READY := $(VENV)/.ready

.PHONY: setup demo test lint clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11"; exit 1; }
	@echo "Setting up $(VENV) (the downloads take a few minutes) …"
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --only-binary=:all: 'setuptools>=77' wheel
	@$(PIP) --only-binary=:all: $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	@$(PIP) --only-binary=:all: --no-build-isolation --editable '.[test,lint]'
	@touch $@
	@echo "Ready: $(VENV)/bin/cartograph"

demo: setup
	@$(VENV)/bin/cartograph demo

test: setup
	@$(VENV)/bin/python -m pytest

lint: setup
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
