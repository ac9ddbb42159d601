# Untried: no container engine was at hand when this was written.
# It needs PORTAL_BASE_URL: the address people open.
FROM node:22-slim AS assets
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-fund --no-audit
COPY static static
RUN node static/build.mjs

FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /venv
COPY requirements.lock ./
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
COPY --from=assets /src/static/dist static/dist
RUN python -m pip install --no-cache-dir hatchling \
    && python -m hatchling build --target wheel \
    && /venv/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.13-slim
COPY --from=build /venv /venv
RUN useradd --uid 10001 --no-create-home plumbline && install -d -o plumbline /data
USER plumbline
ENV PATH=/venv/bin:$PATH PORTAL_DATA_DIR=/data PORTAL_BIND=0.0.0.0:8000 PORTAL_DEMO=0
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/-/live', timeout=2)"]
CMD ["portal", "serve"]
