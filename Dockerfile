# hdrpipe and its workflow; docs/start.md says how the image is built and used.
FROM python:3.11-slim
WORKDIR /opt/hdrpipe

# Everything but torch, with hashes (docs/decisions/0015-locks-without-torch.md).
COPY locks/run.txt locks/
RUN pip install --no-cache-dir --no-deps --require-hashes --requirement locks/run.txt

# The index that has the wanted build of torch, for CPUs or another CUDA; empty: the default build, with CUDA.
ARG TORCH_INDEX=""
RUN PIP_INDEX_URL="$TORCH_INDEX" pip install --no-cache-dir torch==2.13.0

COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation . && pip check

# Results, the cache and whatever libraries keep in the home folder stay in /work, which is to be mounted.
RUN install --directory --owner 1000 /work
ENV HOME=/work
WORKDIR /work
USER 1000
ENTRYPOINT ["hdrpipe"]
CMD ["--help"]
