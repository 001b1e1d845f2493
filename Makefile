# make demo    denoise the sample (or INPUT=my.nrrd OUTPUT=out.nrrd) and say where the result and its picture are
# make test    the whole test suite
# Each sets up .venv by itself; PYTHON=python3.12 chooses the interpreter.

SAMPLE := NSN2NDenoise/Resources/SampleData/CTChestLIDC0314.nrrd
INPUT ?= $(SAMPLE)
OUTPUT ?= demo-output/denoised.nrrd
BASE = $(basename $(basename $(OUTPUT)))

# make bench-quick DATA=folder   all peers on small crops, within 20 minutes on 2 cores
# make bench-table DATA=folder   the large table, three seeds, hours; make bench: everything, many hours; both resumable
# make final DATA=folder         the volumes that nobody tuned on: once per frozen default, within an hour on 2 cores
# make ablation DATA=folder      Table 3 of the paper on a small network, a third of an hour
# make numbers DATA=folder       the README's figures on whole volumes, into Testing/Benchmark/Numbers.md
# DATA holds the volumes that Testing/Benchmark/README.md lists.

DATA ?= $(NSN2N_DATA)
BENCH := $(if $(DATA),--data "$(DATA)",)
PY := .venv/bin/python
# Processes of "make test": three on two cores, since one often waits; each takes a gigabyte.
WORKERS = $(shell $(PY) -c 'import os; print(min(4, 3 * os.cpu_count() // 2))')

.PHONY: demo test lint bench bench-table bench-quick final ablation numbers screenshots
.DEFAULT_GOAL := demo

demo:
	@.ci/setup demo
	@mkdir -p "$(dir $(OUTPUT))"
	@.venv/bin/nsn2n denoise "$(INPUT)" "$(OUTPUT)" --overwrite --preview "$(BASE)-preview.png" \
	  --noise "$(BASE)-noise.nrrd" --mask "$(BASE)-mask.nrrd" --report "$(BASE)-report.json"
	@echo "Result:  $(OUTPUT)"
	@echo "Picture: $(BASE)-preview.png  (input, W, output, removed noise)"

test: lint
	@.venv/bin/python -m Testing.compile_kernels
	@PYTHONDONTWRITEBYTECODE= QT_QPA_PLATFORM=offscreen OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=5

lint:
	@.ci/setup test
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .

bench bench-table bench-quick: PLAN = $(if $(filter bench,$@),--full,$(patsubst bench-%,--%,$@))
bench bench-table bench-quick:
	@.ci/setup test
	@$(PY) -m pip install --quiet --disable-pip-version-check -r Testing/Benchmark/requirements.txt
	@$(PY) Testing/Benchmark/run.py $(PLAN) $(BENCH)
	@$(PY) Testing/Benchmark/make_page.py $(PLAN) $(BENCH)

final:
	@.ci/setup test
	@test -n "$(DATA)" || { echo "Say where the volumes are: make final DATA=folder"; exit 2; }
	@$(PY) -m pip install --quiet --disable-pip-version-check -r Testing/Benchmark/requirements.txt
	@$(PY) Testing/Benchmark/run.py --final --jobs 2 --threads 1 $(BENCH)
	@$(PY) Testing/Benchmark/final_page.py --final

ablation:
	@.ci/setup test
	@$(PY) Testing/Benchmark/run.py --ablation $(BENCH)
	@$(PY) Testing/Benchmark/make_page.py --ablation $(BENCH)

numbers:
	@.ci/setup test
	@test -n "$(DATA)" || { echo "Say where the volumes are: make numbers DATA=folder"; exit 2; }
	$(PY) Testing/Benchmark/numbers_page.py --data "$(DATA)"

screenshots:
	@.ci/setup test
	@QT_QPA_PLATFORM=offscreen OMP_NUM_THREADS=1 $(PY) Testing/Module/screenshots.py
