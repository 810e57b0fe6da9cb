# Labelled photos to a SavedModel, on CPUs (LOCK=train) or on GPUs (LOCK=train-gpu). Pins: docker/README.md.
ARG BASE_IMAGE=python:3.11-slim-bookworm@sha256:b18992999dbe963a45a8a4da40ac2b1975be1a776d939d098c647482bcad5cba
# Another image instead of that stage: one that was published, see infra/execution/published.py.
ARG RUNTIME=runtime

FROM ${BASE_IMAGE} AS tools
ARG PACKAGE_MIRROR=
COPY docker/fetching requirements/image.txt /build/
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=certificate_authority \
    python3 -m venv /tools && \
    /build/fetching /tools/bin/pip install --disable-pip-version-check --only-binary :all: --require-hashes --no-deps \
      -r /build/image.txt

FROM tools AS environment
ARG LOCK=train
ARG PACKAGE_MIRROR=
COPY requirements/${LOCK}.txt /build/lock.txt
# Unchecked hashes instead of times in compiled files: two builds are equal, and starting compares nothing.
ENV UV_LINK_MODE=copy PYTHONHASHSEED=0 PYC_INVALIDATION_MODE=UNCHECKED_HASH
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=certificate_authority \
    /tools/bin/uv venv --quiet --python python3 /opt/digitlens && \
    /build/fetching /tools/bin/uv pip install --quiet --python /opt/digitlens/bin/python --only-binary :all: \
      --require-hashes --no-deps --compile-bytecode -r /build/lock.txt
# What nothing here runs: headers, the C++ parser that TensorFlow lists and doesn't import, packages' own tests.
WORKDIR /opt/digitlens/lib/python3.11/site-packages
RUN rm -rf tensorflow/include clang && \
    find . -type d -name tests -prune -exec rm -rf {} +

FROM ${BASE_IMAGE} AS runtime
COPY --from=tools /tools/bin/dumb-init /usr/local/bin/dumb-init
COPY --from=environment /opt/digitlens /opt/digitlens
# An unknown user has no home: whatever libraries want to keep goes into /tmp, the only place that can be written.
ENV PATH=/opt/digitlens/bin:$PATH \
    HOME=/tmp \
    USER=digitlens \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TF_CPP_MIN_LOG_LEVEL=3

FROM ${RUNTIME}
WORKDIR /app
COPY schemas schemas
COPY training training
USER 10001:10001
ENTRYPOINT ["dumb-init", "--", "python"]
CMD ["-m", "training.loop.train", "--help"]
