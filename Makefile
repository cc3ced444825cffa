# One surface for people and for continuous integration. Everything happens in .venv; nothing else is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export HF_HUB_OFFLINE ?= 1
export NO_MKDOCS_2_WARNING ?= 1

.PHONY: demo install test test-all lint format check bench docs clean

demo: install ## install, fine-tune the embedded model on the shipped sample, test it, classify two sentences
	$(BIN)/afina train sample --budget 140s --out runs/demo --force
	$(BIN)/afina predict runs/demo "I expected little and was delighted" "The food was cold, the waiter was rude and we will not be back"

install: $(STAMP) ## virtual environment with afina and the tools to develop it

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "afina needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@# torch first and pinned: a looser wish would pull gigabytes of CUDA libraries onto machines without a GPU
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all,dev]'
	@touch $(STAMP)

test: install ## the default tests, on all cores: offline, warnings are errors
	@# A file's tests stay together and in order, so that what they share is made once.
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

test-all: install ## the slow tests too
	$(BIN)/python -m pytest -m "slow or not slow"

lint: install ## style and spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md docs src tests benchmarks

check: lint ## style, types, the order of rooms, and docs that are true
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/mkdocs build --strict --quiet

format: install ## mend the style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: install ## write the reference pages from the code, and build the site into site/
	$(BIN)/python docs/generate.py
	$(BIN)/mkdocs build --strict

bench: install ## measure what the README and the docs claim; writes benchmarks/results/
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python benchmarks/sample_transfer.py
	$(BIN)/python benchmarks/padding.py
	$(BIN)/python benchmarks/near_duplicates.py sample
	$(BIN)/python benchmarks/inspection.py sample
	$(BIN)/python benchmarks/label_audit.py sample
	$(BIN)/python benchmarks/tokenization.py
	$(BIN)/python benchmarks/spanish.py
	$(BIN)/python benchmarks/inference.py
	@# Hours, on real reviews: where those stand, see CONTRIBUTING.
	@if test -d "$${AFINA_DATA:-../shared/data}"; then \
		$(BIN)/python benchmarks/training.py --sides padded,grouped,afina,afina-frozen \
		&& $(BIN)/python benchmarks/accuracy_over_time.py && $(BIN)/python benchmarks/long_texts.py \
		&& $(BIN)/python benchmarks/tuning.py \
		&& $(BIN)/python benchmarks/forecast.py && $(BIN)/python benchmarks/budgets.py; \
	else echo "Not measured without real reviews: training speed, accuracy over time, long texts, tuning, forecasts, budgets"; fi

clean: ## remove what `make` made
	rm -rf $(VENV) site runs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
