FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /app
COPY requirements.txt ./
RUN pip install --require-hashes -r requirements.txt

# By reference, as in the Makefile: the pages, the SQL and the migrations are read from the checkout.
COPY pyproject.toml README.md LICENSE ./
COPY service ./service
COPY schemas ./schemas
COPY migrations ./migrations
COPY web ./web
RUN pip install --no-deps --no-build-isolation -e . \
    && useradd --system --uid 10001 --no-create-home discuss

USER 10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/livez', timeout=2)"]
CMD ["discuss", "serve", "--workers", "2", "--host", "0.0.0.0"]
