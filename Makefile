# Two commands on a fresh machine: `make demo` and `make test`. Nothing is reinstalled when nothing changed.
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11 python,\
  $(shell $(p) -c 'import sys; print("$(p)" if sys.version_info >= (3, 11) else "")' 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin

# uv where it is there, else pip. Both take the versions of constraints.txt; uv also looks where pip is told to look for
# wheels. On Linux both take PyPI's torch, which brings CUDA's libraries (gigabytes); the CPU build comes with
# `UV_TORCH_BACKEND=cpu make demo` (uv), or when it is installed into .venv beforehand.
UV := $(shell command -v uv 2>/dev/null)
space := $(subst ,, )
comma := ,
export UV_FIND_LINKS ?= $(subst $(space),$(comma),$(strip $(PIP_FIND_LINKS)))
PIP_WITH_GROUPS := 26.3
ifneq ($(UV),)
# --seed: pip goes in as well, so that the environment is of use where uv is gone.
CREATE = $(UV) venv --quiet --seed --allow-existing --python $(or $(PYTHON),'>=3.11') $(VENV)
INSTALL = $(UV) pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable .
CREATE_FAILED = uv could not make a virtual environment in $(VENV)
GROUPS_READY = :
else
CREATE = $(PYTHON) -m venv $(VENV)
CREATE_FAILED = python could not make a virtual environment: on Debian and Ubuntu, apt install python3-venv
INSTALL = $(BIN)/python -m pip --disable-pip-version-check install -qq --constraint constraints.txt --editable .
# Dependency groups need pip 25.1; Python 3.11 and 3.12 come with older ones.
GROUPS_READY = $(BIN)/python -m pip --disable-pip-version-check install -qq pip==$(PIP_WITH_GROUPS)
endif

# --fork-strategy fewest: one version of each package for all Pythons. CUDA's own packages are torch's to choose: they
# go out again, so that no CPU installation is held to them.
COMPILE = uv pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest \
  --all-extras --group dev --group bench --no-annotate --output-file constraints.txt
CUDA = nvidia-|cuda-|triton==

# One worker more than cores: tests that drive a terminal wait more than they compute. Work is stolen, not dealt out one
# by one: tests of a file stay together, and what they share is made once. Images for containers tell Python to keep no
# bytecode; then every worker and every program that a test starts would compile all of ours anew.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1 )))

.PHONY: demo test check format constraints clean

demo: $(VENV)/app.stamp
	@$(BIN)/adtui demo

test: $(VENV)/test.stamp
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: $(VENV)/check.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/check.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

constraints:
	env -u UV_FIND_LINKS -u UV_TORCH_BACKEND $(COMPILE) --quiet \
	  --custom-compile-command "$(COMPILE) && grep -Ev '^($(CUDA))' constraints.txt    # make constraints"
	grep -Ev '^($(CUDA))' constraints.txt > constraints.tmp && mv constraints.tmp constraints.txt

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

$(VENV)/bin/python:
	@test -n "$(PYTHON)$(UV)" || { echo "adtui needs Python 3.11 or newer: install it, or say where it is: make PYTHON=/path/to/python3.12 demo" >&2; exit 2; }
	@echo "setting up $(VENV) with $(if $(UV),uv and )$(or $(PYTHON),a Python that it fetches) (once; about a minute)" >&2
	@$(CREATE) || { echo "$(CREATE_FAILED)" >&2; exit 2; }

$(VENV)/app.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	@$(INSTALL)
	@touch $@

$(VENV)/test.stamp: $(VENV)/app.stamp
	@$(GROUPS_READY)
	@$(INSTALL) --group test
	@touch $@

$(VENV)/check.stamp: $(VENV)/app.stamp
	@$(GROUPS_READY)
	@$(INSTALL) --group dev
	@touch $@
