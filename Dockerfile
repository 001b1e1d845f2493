# nsn2n in a container; Docs/Container.md says how it is built and called.
FROM python:3.11-slim-bookworm

# Where pip looks for torch: empty takes PyPI's build, which uses an NVIDIA GPU where there is one; the address of
# PyTorch's CPU builds makes a much smaller image.
ARG TORCH_INDEX=""
# hadolint ignore=DL3013
RUN pip install --no-cache-dir ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "torch>=2.2,<3"

COPY pyproject.toml README.md LICENSE /src/
COPY NSN2NDenoise/NSN2NDenoiseLib /src/NSN2NDenoise/NSN2NDenoiseLib
# hadolint ignore=DL3013
RUN pip install --no-cache-dir "/src[batch]" \
    && rm -rf /src \
    && install --directory --mode=777 /cache

# Filters are compiled for the processor at their first run, and kept here.
ENV NUMBA_CACHE_DIR=/cache
USER 1000:1000
WORKDIR /data
ENTRYPOINT ["nsn2n"]
CMD ["--help"]
