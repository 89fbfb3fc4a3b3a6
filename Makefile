# Two commands on a fresh machine: `make demo` and `make test`. Nothing is reinstalled when nothing changed.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11 python,\
  $(shell $(p) -c 'import sys; print("$(p)" if sys.version_info >= (3, 11) else "")' 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq --constraint constraints.txt

.PHONY: demo test check format clean

demo: $(VENV)/app.stamp
	@$(BIN)/adtui demo

test: $(VENV)/test.stamp
	@$(BIN)/python -m pytest -n auto $(ARGS)

check: $(VENV)/check.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/check.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "adtui needs Python 3.11 or newer: install it, or say where it is: make PYTHON=/path/to/python3.12 demo" >&2; exit 2; }
	@echo "setting up $(VENV) with $(PYTHON) (once; about a minute)" >&2
	@$(PYTHON) -m venv $(VENV) || { echo "python could not make a virtual environment: on Debian and Ubuntu, apt install python3-venv" >&2; exit 2; }

$(VENV)/app.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	@$(PIP) --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/app.stamp
	@$(PIP) --editable '.[test]'
	@touch $@

$(VENV)/check.stamp: $(VENV)/app.stamp
	@$(PIP) --editable '.[test,dev]'
	@touch $@
