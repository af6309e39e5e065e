# Two commands do everything: `make evolve` (set up, then the main job) and `make test` (set up, then the tests).
# Only Python 3.11-3.13 is needed, and Chromium for the tests of the web page. Everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
SEED ?= 1
ROOMS := poet agents envs archive arena cli

.PHONY: evolve test lint types docs clean
.DELETE_ON_ERROR:

evolve: .venv/.run
	$(BIN)/python run.py launch --preset quick --seed $(SEED) --watch

test: .venv/.test .venv/.browser
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal $(ARGS)

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy reads the tree as the wheel lays it out: every room under `openpoet`.
types: .venv/.dev
	rm -rf build/types && mkdir -p build/types/openpoet
	ln -s $(foreach part,$(wildcard openpoet/*.py) openpoet/py.typed $(ROOMS),$(CURDIR)/$(part)) build/types/openpoet
	cd build/types && $(abspath $(BIN))/mypy --config-file $(CURDIR)/pyproject.toml

# The documentation site, in build/docs; warnings (dead links among them) are errors.
docs: .venv/.docs
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet -b html docs build/docs
	@echo build/docs/index.html

$(BIN)/python:
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info < (3, 14); sys.exit(not ok and f"openpoet needs Python 3.11-3.13, this is {sys.version.split()[0]}: run make PYTHON=/path/to/python3.12")'
	$(PYTHON) -m venv .venv

.venv/.run: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable .
	@touch $@

.venv/.test: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[test]'
	@touch $@ .venv/.run

# The web page is tested in Chromium: the system's, or one installed by apt-get where that is allowed,
# or else Playwright's own copy, in .venv.
.venv/.browser: .venv/.test
	@command -v chromium || command -v chromium-browser || command -v google-chrome || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get && apt-get update -qq && apt-get install -y -qq chromium; } || \
	  PLAYWRIGHT_BROWSERS_PATH=$(CURDIR)/.venv/browsers $(BIN)/python -m playwright install chromium
	@touch $@

.venv/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[test,dev]'
	@touch $@ .venv/.run .venv/.test

.venv/.docs: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[docs]'
	@touch $@ .venv/.run

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
