# The dashboard and the command line in one image. `docker build --build-arg PIP_EXTRA_INDEX_URL=CPU_INDEX -t asd-dashboard .`:
# CPU_INDEX is the one that PyTorch's "Get started" page names; of a version in both, pip takes the CPU build.
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
ARG PIP_EXTRA_INDEX_URL=""
# Optional parts, as pyproject.toml names them, separated by commas: pretrained
ARG EXTRAS=""
# cpu, or any: whatever build of torch the index has
ARG TORCH=cpu
WORKDIR /build
COPY requirements.txt pyproject.toml ./
COPY deploy/extras.py deploy/check_torch.py deploy/
ENV PATH=/opt/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
# torch alone first: where it is a build of several GB, that is said before anything else is installed.
RUN grep "^torch==" requirements.txt > torch.txt && pip install --no-deps -r torch.txt && python deploy/check_torch.py "$TORCH"
RUN python deploy/extras.py "$EXTRAS" > extras.txt && pip install -r requirements.txt -r extras.txt

FROM python:${PYTHON}-slim
# Without a home: whatever a library stores goes below /data.
RUN useradd --system --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin asd \
    && install -d -o asd -g asd /data
COPY --from=build /opt/venv /opt/venv
COPY . /app
WORKDIR /app
RUN python -m compileall -q asd_core pages app.py
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    STREAMLIT_BROWSER_SERVER_ADDRESS=localhost \
    ASD_DATA_DIR=/data \
    ASD_DATA_ROOTS='["/recordings"]' \
    ASD_MODELS_DIR=/data/models \
    ASD_PRETRAINED_DIR=/data/pretrained \
    ASD_CACHE_DIR=/data/cache \
    NUMBA_CACHE_DIR=/data/cache/numba \
    TMPDIR=/data/tmp
# By number: Kubernetes' runAsNonRoot knows no names.
USER 10001
# Data and trained detectors; a folder of recordings is mounted at /recordings, best read-only.
VOLUME ["/data"]
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["python", "deploy/health.py"]
ENTRYPOINT ["sh", "deploy/start.sh"]
CMD ["python", "-m", "streamlit", "run", "app.py"]
