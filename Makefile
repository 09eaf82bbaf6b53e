# Each command sets up what it needs: Python 3.11 or newer and make are enough.
PYTHON ?= python3
BIN := .venv/bin
# uv installs in a third of the time; where it cannot be had, pip does.
INSTALL = $(BIN)/pip --disable-pip-version-check install --quiet --constraint constraints.txt
UV_INSTALL = $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python \
	--constraint constraints.txt
PROMPT ?= What time is it in Tokyo, and what is 17 * 23?
ROUNDS ?= 5

# Else each process of the tests compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test suite test-whole test-kill test-durable bench bench-peers check clean

run: .venv/ready-to-run
	@$(BIN)/agentkit run "$(PROMPT)"

test: .venv/ready-to-test
	$(MAKE) --no-print-directory --jobs 2 check suite

# Three processes, as many tests wait; see tests/conftest.py for groups.
suite: .venv/ready-to-test
	$(BIN)/python -m pytest -n 3 --cov --cov-report=term

# Each combination, all examples, and no process that begins with its imports: ten minutes more.
test-whole: check
	AGENTKIT_TESTS=whole $(BIN)/python -m pytest -n 3 --cov --cov-report=term

# Kills a process 300 times in the middle of its runs: two minutes.
test-kill: .venv/ready-to-test
	AGENTKIT_KILLS=300 $(BIN)/python -m pytest tests/journal/test_kill.py

# Kills workers 90 times, takes their database away in every way, kills a batch of 10,000 rows 20 times
# in each order, and has three workers under one limit for three real minutes, four times: half an hour.
test-durable: .venv/ready-to-test
	AGENTKIT_DURABLE_WHOLE=1 $(BIN)/python -m pytest -s tests/durable
	AGENTKIT_BATCH_KILLS=20 AGENTKIT_BATCH_ROWS=10000 $(BIN)/python -m pytest tests/cli/batch/test_batch_kill.py
	AGENTKIT_LIMITS_MINUTES=3 $(BIN)/python -m pytest -s tests/durable/test_limits.py

# agentkit, loops by hand, and the libraries that bench-peers has installed; into docs/performance.md.
bench: .venv/ready-to-run .bench/report/ready
	$(BIN)/python benchmarks/bench.py --rounds $(ROUNDS) --install own
	.bench/report/bin/python benchmarks/report.py

bench-peers: .venv/ready-to-run .bench/report/ready
	$(BIN)/python benchmarks/bench.py --rounds $(ROUNDS) --install all
	.bench/report/bin/python benchmarks/report.py

check: .venv/ready-to-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf .venv .bench .pytest_cache .mypy_cache .ruff_cache .import_linter_cache dist build .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready-to-run: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "agentkit needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(INSTALL) uv || true
	$(UV_INSTALL) --editable '.[all]' || $(INSTALL) --editable '.[all]'
	touch $@

.venv/ready-to-test: .venv/ready-to-run
	$(INSTALL) pip
	$(UV_INSTALL) --group dev || $(INSTALL) --group dev
	touch $@

.bench/report/ready:
	$(PYTHON) -m venv .bench/report
	.bench/report/bin/pip install --quiet --disable-pip-version-check matplotlib==3.11.2
	touch $@
