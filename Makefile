# make demo    denoise the sample (or INPUT=my.nrrd OUTPUT=out.nrrd) and say where the result and its picture are
# make test    the whole test suite
# Each sets up .venv by itself; PYTHON=python3.12 chooses the interpreter.

SAMPLE := NSN2NDenoise/Resources/SampleData/CTChestLIDC0314.nrrd
INPUT ?= $(SAMPLE)
OUTPUT ?= demo-output/denoised.nrrd
BASE = $(basename $(basename $(OUTPUT)))

.PHONY: demo test lint
.DEFAULT_GOAL := demo

demo:
	@.ci/setup demo
	@mkdir -p "$(dir $(OUTPUT))"
	@.venv/bin/nsn2n denoise "$(INPUT)" "$(OUTPUT)" --overwrite --preview "$(BASE)-preview.png" \
	  --noise "$(BASE)-noise.nrrd" --mask "$(BASE)-mask.nrrd" --report "$(BASE)-report.json"
	@echo "Result:  $(OUTPUT)"
	@echo "Picture: $(BASE)-preview.png  (input, W, output, removed noise)"

test: lint
	@QT_QPA_PLATFORM=offscreen .venv/bin/python -m pytest --durations=5

lint:
	@.ci/setup test
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .
