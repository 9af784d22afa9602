# The orchestrator's front door. Every target sets up what it needs by itself; 'make' alone lists them.
#
#   make build VERSION=3.7 VARIANT=alpine3.8 ARCH=arm64v8
#
# VERSION, VARIANT and ARCH choose cells, MATRIX names another matrix, JOBS limits how many are worked on at once, ARGS is handed on as it is.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.SUFFIXES:

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.complete
ORCHESTRATOR := $(BIN)/orchestrator

VERSION ?=
VARIANT ?=
ARCH ?=
MATRIX ?=
JOBS ?=
ARGS ?=

# A misspelt VERSION would build everything.
UNKNOWN := $(filter-out VERSION VARIANT ARCH MATRIX JOBS ARGS,$(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name))))
ifneq ($(UNKNOWN),)
$(error there is no variable $(UNKNOWN); use VERSION, VARIANT, ARCH, MATRIX, JOBS, ARGS)
endif

# What a user types is never taken as code: 'value' keeps make from expanding it, it reaches the shell as environment, is checked there,
# and again by the orchestrator.
override VERSION := $(value VERSION)
override VARIANT := $(value VARIANT)
override ARCH := $(value ARCH)
override MATRIX := $(value MATRIX)
override JOBS := $(value JOBS)
export VERSION VARIANT ARCH MATRIX JOBS
CHECKED := check_words() { local name value; for name in VERSION VARIANT ARCH MATRIX JOBS; do value="$${!name}"; \
	if [[ ! "$$value" =~ ^[A-Za-z0-9._/*?-]*$$ ]]; then \
	printf '%s\n' "make: $$name may hold only letters, digits and . _ - / * ?" >&2; exit 2; fi; done; }; check_words; \
	args=(); \
	[ -z "$$MATRIX" ] || args+=(--matrix "$$MATRIX"); \
	jobs=(); \
	[ -z "$$JOBS" ] || jobs+=(--jobs "$$JOBS"); \
	select=(); \
	[ -z "$$VERSION" ] || select+=(--version "$$VERSION"); \
	[ -z "$$VARIANT" ] || select+=(--variant "$$VARIANT"); \
	[ -z "$$ARCH" ] || select+=(--arch "$$ARCH")

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):[^#]*## */\1\t/' | expand -t 12

.PHONY: setup
setup: $(STAMP) ## Make .venv with everything in it (does nothing when nothing changed)

$(STAMP): pyproject.toml .ci/setup
	@.ci/setup $(VENV)
	@touch $@

.PHONY: list
list: $(STAMP) ## Show the cells of the matrix, with their tags
	@$(CHECKED); exec $(ORCHESTRATOR) list "$${args[@]}" "$${select[@]}" $(ARGS)

.PHONY: render
render: $(STAMP) ## Write the Dockerfiles from the matrix and the templates
	@$(CHECKED); exec $(ORCHESTRATOR) render "$${args[@]}" "$${select[@]}" $(ARGS)

.PHONY: plan
plan: $(STAMP) ## Show what would be built, and why
	@$(CHECKED); exec $(ORCHESTRATOR) plan "$${args[@]}" "$${select[@]}" $(ARGS)

.PHONY: build
build: $(STAMP) ## Build, prove and tag: make build VERSION=3.7 VARIANT=alpine3.8 [ARCH=arm64v8]
	@$(CHECKED); exec $(ORCHESTRATOR) build "$${args[@]}" "$${select[@]}" "$${jobs[@]}" $(ARGS)

.PHONY: nightly
nightly: $(STAMP) ## Build what changed, prove it, publish it to the config's registry; reports/ says how it went
	@$(CHECKED); exec $(ORCHESTRATOR) nightly --report reports "$${args[@]}" "$${select[@]}" "$${jobs[@]}" $(ARGS)

.PHONY: report
report: $(STAMP) ## Write what the last run came to into reports/: page, JUnit, JSON, badges, Markdown
	@$(CHECKED); $(ORCHESTRATOR) report "$${args[@]}" "$${select[@]}"; \
	exec $(ORCHESTRATOR) report --format all --output reports "$${args[@]}" "$${select[@]}" $(ARGS)

.PHONY: bump
bump: $(STAMP) ## Bring lines to the newest release and wheels: make bump [VERSION=3.7] [ARGS=--commit]
	@$(CHECKED); exec $(ORCHESTRATOR) bump "$${args[@]}" "$${select[@]}" $(ARGS)

.PHONY: diff
diff: $(STAMP) ## Show what the change in the working tree means: images, tags, packages
	@$(CHECKED); exec $(ORCHESTRATOR) diff "$${args[@]}" $(ARGS)

.PHONY: describe
describe: $(STAMP) ## Write the Dockerfiles, and into descriptions/ the README of every repository and the library file
	@$(CHECKED); exec $(BIN)/python -m orchestrator.cli.several render "$${args[@]}" \
	+ readme --all --output descriptions "$${args[@]}" $(ARGS) + library --output descriptions/library/ "$${args[@]}" $(ARGS)

.PHONY: docs
docs: $(STAMP) ## Write the reference in docs/reference/, and the whole manual as a site in site/
	@$(ORCHESTRATOR) manual --format markdown --output docs/reference; exec $(ORCHESTRATOR) manual --format site --output site

.PHONY: lint
lint: $(STAMP) ## Check code (ruff, mypy) and data (matrix, templates, rendered files)
	@echo "ruff"; $(BIN)/ruff check .; $(BIN)/ruff format --check -q . || { echo "run: $(BIN)/ruff format ." >&2; exit 1; }
	@echo "mypy"; $(BIN)/mypy
	@echo "orchestrator lint"; $(ORCHESTRATOR) lint; $(ORCHESTRATOR) lint --matrix examples/debian/versions.json

.PHONY: test
test: $(STAMP) ## Run all tests, those on a real engine and a real registry included
	@$(BIN)/python -m pytest tests $(ARGS)

.PHONY: unit
unit: $(STAMP) ## Run the tests that need nothing but Python
	@$(BIN)/python -m pytest tests/unit $(ARGS)

.PHONY: demo
demo: $(STAMP) ## The whole way on real input: both architectures, proven, published to a registry on this machine
	@exec $(ORCHESTRATOR) demo $(ARGS)

.PHONY: bench
bench: $(STAMP) ## Measure this program and native tools (ratios within one run): make bench [ARGS="acceleration --plain none"]
	@exec $(BIN)/python -m benchmarks $(ARGS)

.PHONY: schema
schema: $(STAMP) ## Write the JSON schemas of the matrix and the config from their models
	@exec $(BIN)/python -m orchestrator.matrix.schema

.PHONY: clean
clean: ## Remove .venv and caches of tools (images, inputs and the ledger stay)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis; find . -name __pycache__ -type d -prune -exec rm -rf {} +
