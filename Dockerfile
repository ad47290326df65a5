# The service on a slim Debian: no compiler, no package manager's leavings, not root, and nothing to write to but a volume.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/todo
WORKDIR /src
COPY requirements-run.lock .
RUN /opt/todo/bin/pip install --require-hashes --no-deps -r requirements-run.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/todo/bin/pip install --no-deps . \
    && /opt/todo/bin/pip uninstall --yes pip

FROM python:3.13-slim
RUN groupadd --gid 10001 todo \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/todo --shell /usr/sbin/nologin todo \
    && install -d -o todo -g todo -m 0700 /var/lib/todo
COPY --from=build /opt/todo /opt/todo
ENV PATH=/opt/todo/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    TODO_HOST=0.0.0.0 TODO_PORT=8000 TODO_DATA_DIR=/var/lib/todo
USER 10001:10001
WORKDIR /var/lib/todo
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["todo", "healthcheck"]
ENTRYPOINT ["todo"]
CMD ["serve"]
