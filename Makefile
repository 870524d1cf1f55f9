# Everything is set up by what needs it: `make demo` and `make test` work on a fresh clone.
# Needs Python 3.11 or newer, make and a C++ compiler (llama.cpp is compiled once, 4 to 8 minutes).

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# A program that only distributions have ($(1), in Debian's package $(2)): got where that can be done
# without a question, else named.
debian = command -v $(1) >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
  { export DEBIAN_FRONTEND=noninteractive; apt-get install -qq -y $(2) || \
    { apt-get update -qq && apt-get install -qq -y $(2); }; } >/dev/null; } || \
  { echo "$(1) is needed; Debian and Ubuntu have it in the package $(2)."; exit 1; }

.PHONY: help demo test check bench vscode vscode-server pictures constraints clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

demo: .venv/demo  ## translate the samples with the real model and server, and run both sides
	@$(BIN)/transloop toolchains install javascript
	@$(BIN)/transloop demo

test: .venv/dev  ## run all tests, with the real model, the real Neovim and the real compilers
	@$(call debian,tmux,tmux)
	@$(BIN)/transloop toolchains install
	@$(BIN)/transloop models pull qwen2.5-coder-0.5b-instruct
	@$(BIN)/transloop models pull smollm2-135m-instruct
	$(BIN)/python -m pytest $(PYTEST)

check: .venv/dev editor-clients/vscode/node_modules  ## lint and type-check everything
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(call debian,luacheck,lua-check)
	cd editor-clients/neovim && luacheck --quiet . ../../tests/e2e/neovim
	cd editor-clients/vscode && npm run --silent check

bench: .venv/dev  ## measure speed and memory; ratios are written to benchmarks/
	@$(BIN)/transloop models pull qwen2.5-coder-0.5b-instruct
	$(BIN)/python -m benchmarks $(BENCH)

vscode: .venv/demo editor-clients/vscode/node_modules  ## build the VS Code extension, with the server's wheel in it
	@rm -rf editor-clients/vscode/server
	@$(PIP) wheel --no-deps --wheel-dir editor-clients/vscode/server . \
	  $$($(BIN)/python -c "import hatchling" 2>/dev/null && echo --no-build-isolation)
	cd editor-clients/vscode && npm run --silent package

vscode-server: editor-clients/vscode/node_modules  # VS Code itself and a browser, for the tests
	@$(call debian,chromium,chromium fonts-dejavu-core)
	@node editor-clients/vscode/test/get-vscode.mjs

pictures: .venv/dev  ## take the pictures of the VS Code extension anew
	PICTURES=1 $(BIN)/python -m pytest tests/editor_clients/test_vscode.py

constraints: .venv/dev  ## pin what is installed now
	@{ echo "# What CI runs. Refresh with: make constraints"; \
	  $(PIP) freeze --exclude-editable | sed 's/+cpu$$//'; } > constraints.new
	@mv constraints.new constraints.txt

clean:  ## remove the environment and the caches; models stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist
	rm -rf editor-clients/vscode/.vscode-test editor-clients/vscode/server

# The environment: for use, and on top of it what development needs. A stamp is only written when
# the step has succeeded, so an interrupted set-up is taken up again.

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Try: make PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/demo: .venv/bin/python pyproject.toml constraints.txt
	@echo "Setting up .venv (the first time llama.cpp is compiled, which takes minutes)"
	@$(PIP) install --constraint constraints.txt --editable '.[train]'
	@touch $@

.venv/dev: .venv/bin/python pyproject.toml constraints.txt
	@echo "Setting up .venv (the first time llama.cpp is compiled, which takes minutes)"
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@ .venv/demo

editor-clients/vscode/node_modules: editor-clients/vscode/package-lock.json
	@command -v npm >/dev/null || { echo "Node.js 20 with npm is needed."; exit 1; }
	cd editor-clients/vscode && npm ci --no-audit --no-fund --silent
	@touch $@
