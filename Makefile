# Everything runs in .venv; nothing outside this folder is touched.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed

.PHONY: demo test test-all oracles pictures check bench clean

demo: $(INSTALLED)
	$(BIN)/sourcekeep demo

# Containers often forbid bytecode; then each process of a run would compile all of it anew.
test test-all: export PYTHONDONTWRITEBYTECODE =

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder -m "not slow"

test-all: $(INSTALLED)
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

# Programs of others that tests compare with, each in an environment of its own, so that what they
# pin binds nobody: tests/oracles/NAME.txt is installed into .oracles/NAME. Those tests skip without.
oracles: $(patsubst tests/oracles/%.txt,.oracles/%/installed,$(wildcard tests/oracles/*.txt)) \
	.oracles/replaywebpage/installed

.oracles/%/installed: tests/oracles/%.txt pyproject.toml
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --requirement $<
	touch $@

# Replays web archives in the browser. AGPL-3: it is served beside us, never bundled.
.oracles/replaywebpage/installed: Makefile
	rm -rf $(@D) && mkdir -p $(@D)
	cd $(@D) && npm pack --silent replaywebpage@2.4.6
	cd $(@D) && tar --strip-components=1 -xzf replaywebpage-*.tgz package/ui.js package/sw.js
	touch $@

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Those of the README; they want a Chromium.
pictures: $(INSTALLED)
	$(BIN)/python -m tests.pictures

bench: $(INSTALLED)
	$(BIN)/python benchmarks/all.py

$(INSTALLED): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Sourcekeep needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv .oracles build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
