# Image with the command: docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/work" lesson-nudge train --config my.yaml
FROM python:3.12.11-slim-bookworm

# first and by itself, so that a change of the code does not install it anew;
# PIP_EXTRA_INDEX_URL: the index of PyTorch's CPU wheels, without which x86 gets the much larger CUDA build
ARG TORCH_VERSION="2.13.0"
ARG PIP_EXTRA_INDEX_URL=""
RUN pip install --no-cache-dir "torch==$TORCH_VERSION"

WORKDIR /opt/lesson-nudge
COPY pyproject.toml README.md LICENSE LICENSE-TEMPLATES ./
COPY mtl_core ./mtl_core
COPY retrieval ./retrieval
COPY chatbot ./chatbot
COPY demo ./demo
RUN pip install --no-cache-dir "lesson-nudge[serve,mcp,files,postgres,train,export] @ file:///opt/lesson-nudge"

RUN useradd --create-home --uid 10001 nudge && mkdir /work && chown nudge /work
USER 10001
WORKDIR /work
ENV HF_HUB_OFFLINE=1 PYTHONUNBUFFERED=1 MPLCONFIGDIR=/tmp/matplotlib
ENTRYPOINT ["lesson-nudge"]
CMD ["--help"]
