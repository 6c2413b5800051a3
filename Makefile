# aidb: everything a newcomer or CI runs. `make` alone lists the targets.
#
# Each target makes its own virtual environment in .venv (with uv where it is installed, with venv and pip
# otherwise); a stamp file per extra makes the second run start at once.

PYTHON ?= python3
VENV   ?= .venv
PEERS  ?= .peers-venv
UV     ?= $(shell command -v uv 2>/dev/null)
ARGS   ?=

BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench bench-peers docs clean
.DELETE_ON_ERROR:

help:
	@echo "make demo         a guided tour of aidb on real data (under two minutes)"
	@echo "make test         every test, in parallel          ARGS='-k name' passes options to pytest"
	@echo "make lint         ruff, mypy --strict, import contract"
	@echo "make format       let ruff format the code"
	@echo "make docs         write the generated pages of docs/ again"
	@echo "make bench        the benchmark table               ARGS='--quick' for a small one"
	@echo "make bench-peers  install DVC, Oxen, restic, borg and git-lfs to compare with"
	@echo "make clean        remove the environments, caches and build output"

demo: $(VENV)/.stamp-demo
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m demo $(ARGS)

test: $(VENV)/.stamp-test
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

lint: $(VENV)/.stamp-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.stamp-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.stamp-dev
	$(BIN)/python -m aidb_cli.docs docs/cli.md

bench: $(VENV)/.stamp-test
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m benchmarks --peers "$(PEERS)" $(ARGS)

bench-peers: $(PEERS)/bin/python
	@benchmarks/peers/install-system
	@echo "Installing DVC, Oxen and borg into $(PEERS) (borg is compiled: about a minute) ..."
	@grep -v '^#' benchmarks/peers/requirements.txt | while read -r peer; do \
	    $(call install,$(PEERS),--upgrade "$$peer") || echo "bench-peers: $$peer could not be installed" >&2; done

clean:
	rm -rf $(VENV) $(PEERS) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---------------------------------------------------------------------------------- environments

$(VENV)/.stamp-%: pyproject.toml | $(BIN)/python
	@echo "Installing aidb[$*] into $(VENV) ..."
	@$(call install,$(VENV),-e ".[$*]")
	@touch $@

$(BIN)/python $(PEERS)/bin/python:
	@$(if $(UV),$(UV) venv --quiet --python "$(PYTHON)" "$(@:/bin/python=)",PYTHON="$(PYTHON)" .ci/make-venv "$(@:/bin/python=)")

# $(call install,ENVIRONMENT,WHAT): pip is looked for in the environment, then in $(PYTHON), because Debian
# splits it out of the former.
define install
$(if $(UV),$(UV) pip install --quiet --python "$(1)/bin/python" $(2),\
if "$(1)/bin/python" -c 'import pip' 2>/dev/null; \
then "$(1)/bin/python" -m pip install --quiet --disable-pip-version-check $(2); \
else "$(PYTHON)" -m pip --python "$(1)/bin/python" install --quiet --disable-pip-version-check $(2); fi)
endef
