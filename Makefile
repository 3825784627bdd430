# Everything is run from here. `make` alone lists the targets; the work is done by the scripts in scripts/.
PYTHON ?= python3
export PYTHON
export RUN_CHOSEN_BY = $(origin RUN)

# docker or local; asked only by the targets that need it. RUN=local or RUN=docker decides.
RUN ?= $(shell scripts/choose-run)
STACK_docker = scripts/compose
STACK_local = $(PYTHON) -m scripts.local_stack
STACK = @$(or $(STACK_$(RUN)),$(error RUN is "local" or "docker"))

.DEFAULT_GOAL := help
.PHONY: help up down logs status demo test bench soak generate pictures docs docs-serve check fuzz format lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  up, down, logs, status and demo use Docker when an engine answers, else local processes (RUN=local, RUN=docker)"

up: ## start everything and wait until it is ready (WORKERS=3)
	$(STACK) up

down: ## stop everything; the data stays
	$(STACK) down

logs: ## follow the logs (SERVICE=worker for one service)
	$(STACK) logs

status: ## what runs
	$(STACK) status

demo: ## upload an image and say where the results are (FILE=photo.jpg for your own)
	@$(PYTHON) -m scripts.demo $(if $(FILE),"$$FILE")

test: ## all tests (ARGS="-k upload" goes to pytest)
	@scripts/venv requirements-dev.txt
	@scripts/install-rabbitmq
	.venv/bin/python -m pytest $(ARGS)

bench: ## measure, and print a table of ratios (QUICK=1 for two minutes, GROUPS="uploads reads")
	@scripts/venv requirements-bench.txt
	@scripts/install-rabbitmq
	VIPS_CONCURRENCY=1 .venv/bin/python -m tests.benchmarks $(GROUPS) $(if $(QUICK),--quick)

soak: ## upload while something is disturbed every few seconds (SECONDS=60 KILL_EVERY=5 SEED=1)
	@scripts/venv requirements-dev.txt
	@scripts/install-rabbitmq
	.venv/bin/python -m tests.soak $(if $(SECONDS),--seconds $(SECONDS)) $(if $(KILL_EVERY),--kill-every $(KILL_EVERY)) \
	  $(if $(SEED),--seed $(SEED))

check: ## lint, formatting, types, who may import whom, what is generated, and known vulnerabilities
	@scripts/venv requirements-dev.txt
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/python -m scripts.generate --check
	.venv/bin/python -m scripts.audit

fuzz: ## send damaged images through a system of its own (COUNT=5000 SEED=1)
	@scripts/venv requirements-dev.txt
	@scripts/install-rabbitmq
	.venv/bin/python -m tests.security.fuzz --count $(or $(COUNT),5000) --seed $(or $(SEED),1)

generate: ## make anew what is made from the code: settings, tables of the manual, its example images
	@scripts/venv requirements-dev.txt
	.venv/bin/python -m scripts.generate

pictures: generate

docs: ## build the manual into var/site; a broken link or anchor is an error
	@scripts/venv requirements-docs.txt
	.venv/bin/zensical build --strict --clean

docs-serve: ## show the manual while it is edited, at http://localhost:8080
	@scripts/venv requirements-docs.txt
	.venv/bin/zensical serve --dev-addr localhost:8080

format: ## format the code and fix what ruff can
	@scripts/venv requirements-dev.txt
	.venv/bin/ruff check --fix-only .
	.venv/bin/ruff format .

lock: ## pin the newest allowed versions, with hashes
	@scripts/venv requirements-dev.txt
	@scripts/lock

clean: ## remove what was made here, except the images and the queue (those are in var/)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov
	find common services tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
