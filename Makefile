# make demo: from a clone to explained recommendations. make test: the same set-up, then the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Which torch: PyPI's by default (on Linux x86-64 with CUDA, several GB). The small CPU build:
#   make setup TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: --constraint constraints.txt
READY := $(VENV)/.ready
# Where `make demo` writes its shop and its results.
DEMO ?= .

.PHONY: setup demo test test-spark lint docs clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, such as: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV) (the downloads take a few minutes) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) setuptools
	@$(PIP) $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) --no-build-isolation --editable '.[test,lint]'
	@touch $@
	@echo "Ready: $(BIN)/cartograph"

demo: setup
	@mkdir -p $(DEMO)
	@$(BIN)/cartograph demo --folder $(DEMO)/demo-shop --workspace $(DEMO)/workspace

test: setup
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

# The steps that run on Spark too, in local mode; needs Java 17. PySpark has no wheel: pip packs its files, compiling nothing.
test-spark: setup
	@command -v java > /dev/null || { echo "Spark needs Java 17: none found on PATH"; exit 1; }
	@$(PIP) --no-binary=pyspark --no-build-isolation pyspark py4j
	@$(BIN)/python -m pytest tests/spark

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# docs/commands.md, from what the commands say of themselves.
docs: setup
	@$(BIN)/python docs/commands.py

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
