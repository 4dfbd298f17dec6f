# Checkpoint in front of the MLflow server at CHECKPOINT_REGISTRY_URL. Its state is in /tmp: mount a folder there.
#   docker build -t checkpoint .
#   docker run -it -p 5000:5000 -v "$PWD":/tmp -e CHECKPOINT_REGISTRY_URL=<host> checkpoint

FROM python:3.11-slim-bookworm AS build

WORKDIR /app
COPY requirements.txt ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --requirement requirements.txt

COPY manage.py ./
COPY foundation foundation
COPY registry registry
COPY audit audit
COPY accounts accounts
COPY evidence evidence
COPY protection protection
COPY notifications notifications
COPY promote_requests promote_requests
COPY proxy proxy
COPY checkpoint_project checkpoint_project
COPY static static
COPY templates templates
# The static files are fingerprinted and compressed here. The secret key that this needs is deleted with its folder.
RUN CHECKPOINT_STATE_DIR=/build-state /venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && /venv/bin/python -m compileall -q .


FROM python:3.11-slim-bookworm

RUN useradd --uid 1000 --no-create-home --home-dir /tmp checkpoint
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CHECKPOINT_STATE_DIR=/tmp
USER 1000
EXPOSE 5000
# The start may wait a minute for the database.
HEALTHCHECK --interval=10s --timeout=5s --start-period=75s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:5000/checkpoint/healthz', timeout=4)"]
CMD ["python", "manage.py", "serve"]
