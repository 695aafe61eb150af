# Every target makes what it needs in its own virtual environment; see CONTRIBUTING.md.
PYTHON ?= python3
VENV ?= .venv
# tests run one process a core: BLAS threads beside that only wait for each other
WORKERS ?= auto
pytest = OMP_NUM_THREADS=1 $(1) -m pytest -n $(WORKERS)
# compilers, packaging, examples and every kernel, too; a build of its own for each worker that has one
ALL := --dist loadgroup --hypothesis-profile=thorough -m 'not fuzz'

HEADERS := $(shell find include -name '*.h')

# pip is quiet while it compiles, which takes a minute or more
building = @echo "Building gruc in $(1); this takes a minute or more ..."

.PHONY: demo test test-all test-oldest coverage sanitize soak fuzz bench lint clean

demo: $(VENV)/demo
	$(VENV)/demo/bin/python examples/japanese_vowels.py

# a user's install, from a clean build; the others are editable
$(VENV)/demo: pyproject.toml setup.py $(HEADERS) $(shell find gruc -name '*.py' -o -name '*.px[diy]')
	$(call building,$@)
	$(PYTHON) -m venv --clear $@
	$@/bin/python -m pip install --quiet .
	@touch $@

# the rooms, with the baseline kernels and the best of this processor
test: $(VENV)/test
	$(call pytest,$(VENV)/test/bin/python)

# what CI runs
test-all: $(VENV)/test
	$(call pytest,$(VENV)/test/bin/python) $(ALL)

$(VENV)/test: pyproject.toml setup.py $(HEADERS) $(wildcard gruc/kernels/*.px[diy] tests/*.pyx)
	$(call building,$@)
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet --editable '.[test]'
	@touch $@

# Other builds than the checkout's own work on a copy of the files that git tracks.
define copy_of_tree
	rm -rf $(VENV)/$(1)/src && mkdir -p $(VENV)/$(1)/src
	git ls-files -z | xargs -0 cp --parents --target-directory=$(VENV)/$(1)/src
endef

# the floors of pyproject.toml
test-oldest:
	$(call building,$(VENV)/oldest)
	$(PYTHON) -m venv --clear $(VENV)/oldest
	$(call copy_of_tree,oldest)
	cd $(VENV)/oldest/src && ../bin/python -m pip install --quiet --constraint tests/oldest.txt --editable '.[test]'
	cd $(VENV)/oldest/src && $(call pytest,../bin/python) $(ALL)

# lines of the extensions counted too
coverage:
	$(call building,$(VENV)/coverage)
	$(PYTHON) -m venv --clear $(VENV)/coverage
	$(call copy_of_tree,coverage)
	cd $(VENV)/coverage/src && GRUC_TRACE=1 ../bin/python -m pip install --quiet --editable '.[test,coverage]'
	cd $(VENV)/coverage/src && $(call pytest,../bin/python) $(ALL) \
		--cov=gruc --cov-report=term-missing --cov-fail-under=95

# the kernel tests with AddressSanitizer and UndefinedBehaviorSanitizer in the kernels
sanitize:
	$(call building,$(VENV)/sanitize)
	$(PYTHON) -m venv --clear $(VENV)/sanitize
	$(call copy_of_tree,sanitize)
	cd $(VENV)/sanitize/src && GRUC_SANITIZE=1 ../bin/python -m pip install --quiet --editable '.[test]'
	cd $(VENV)/sanitize/src && OMP_NUM_THREADS=1 PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0 \
		LD_PRELOAD="$$($${CC:-cc} -print-file-name=libasan.so) $$($${CC:-cc} -print-file-name=libubsan.so)" \
		../bin/python -m pytest -n $(WORKERS) $(ALL) -p no:faulthandler tests/kernels tests/network \
		-k 'not central_differences and not c_program'

# fits, predictions, streams and files under signals, memory limits and forks
SECONDS ?= 600
soak: $(VENV)/test
	$(VENV)/test/bin/python tools/soak.py --seconds $(SECONDS)

# what reads bytes from outside: ten thousand examples by hypothesis, then a coverage-guided fuzzer;
# atheris has wheels for Linux
fuzz: $(VENV)/test $(VENV)/fuzz/ready
	$(call pytest,$(VENV)/test/bin/python) -m fuzz
	$(VENV)/fuzz/bin/python tools/fuzz/fuzz.py --seconds $(SECONDS)

$(VENV)/fuzz/ready: pyproject.toml setup.py $(HEADERS) $(wildcard gruc/kernels/*.px[diy])
	$(call building,$(VENV)/fuzz)
	$(PYTHON) -m venv $(VENV)/fuzz
	$(VENV)/fuzz/bin/python -m pip install --quiet atheris --editable .
	@touch $@

# gruc beside its peers, some gigabytes of them; writes docs/benchmarks/speed.*
bench: $(VENV)/bench
	$(call building,$(VENV)/bench)
	$(VENV)/bench/bin/python -m pip install --quiet --force-reinstall --no-deps .
	$(VENV)/bench/bin/python benchmarks/speed.py

$(VENV)/bench: benchmarks/peers.txt
	@echo "Installing gruc's peers in $@, some gigabytes of them ..."
	$(PYTHON) -m venv --clear $@
	$@/bin/python -m pip install --quiet --requirement benchmarks/peers.txt
	@touch $@

lint: $(VENV)/lint
	$(VENV)/lint/bin/pre-commit run --all-files
	$(VENV)/lint/bin/mypy
	$(VENV)/lint/bin/python tools/signatures.py --check

$(VENV)/lint: pyproject.toml
	@echo "Installing the tools of lint in $@ ..."
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet 'pre-commit' 'mypy' numpy scikit-learn
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info gruc/kernels/*.c gruc/kernels/*.so tests/*.so tests/layer_kernels.c tests/tile_kernels.c gruc/kernels/_blas_int.pxi
