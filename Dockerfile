# A server for exported runs: no torch, no compiler, nothing that is not needed to answer. See docs/guides/deploy.md.
#
#   docker build --tag afina .
#
# For a build that is the same next year, name the base by its digest:
#   docker build --build-arg PYTHON=python:3.11.14-slim-bookworm@sha256:... --tag afina .
# For a database other than SQLite, with its driver:
#   docker build --build-arg DRIVER='psycopg[binary]' --tag afina .
ARG PYTHON=python:3.11.14-slim-bookworm

FROM ${PYTHON} AS build
ARG DRIVER
WORKDIR /build
# Without a pip of its own, since nothing is ever installed into it again.
RUN python -m venv --without-pip /opt/afina
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src ./src
RUN pip --python /opt/afina/bin/python install --no-cache-dir --constraint constraints.txt ".[serve]" ${DRIVER:+"$DRIVER"}

FROM ${PYTHON}
# The base image holds no compiled modules, and who serves may not write any: each process would take half a second more.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin afina \
    && install --directory --owner afina --group afina --mode 0700 /state \
    && python -m compileall -q -x 'lib2to3|site-packages' /usr/local/lib/python3.*
COPY --from=build /opt/afina /opt/afina
# ONNX Runtime tells its maker what it runs, unless it is told not to.
ENV PATH=/opt/afina/bin:$PATH \
    AFINA_STATE=/state \
    ORT_DISABLE_TELEMETRY=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001
VOLUME /state
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --start-interval=1s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
ENTRYPOINT ["afina", "serve", "--host", "0.0.0.0", "--port", "8000"]
# Where a run is mounted; its name is that of the model.
CMD ["/runs/model"]
