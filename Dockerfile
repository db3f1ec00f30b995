# One image with all executables; the command says which: trunkline, head-ingestor, branch-publisher, …
#
#   docker build --tag trunkline:0.1.0 --build-arg REVISION="$(git rev-parse HEAD)" .

FROM swift:6.3.1-bookworm AS build
# The versions are those of the Debian release that the base image's tag names.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends \
      libcurl4-openssl-dev libpq-dev librabbitmq-dev libsqlite3-dev libzstd-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
# The cache survives a change of the sources. A layer would not do: it keeps times of files in whole seconds, and the
# compiler then takes every file for a changed one.
RUN --mount=type=cache,target=/build/.build \
    swift build --configuration release --static-swift-stdlib --product trunkline \
    && install -D .build/release/trunkline /image/trunkline \
    && strip /image/trunkline

FROM debian:12.12-slim
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends \
      ca-certificates libcurl4 libpq5 librabbitmq4 libsqlite3-0 libzstd1 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/debconf /var/log/*
COPY --from=build /image/trunkline /usr/local/bin/trunkline
# Under the name of a service it is that service.
RUN for name in branch-ack-listener branch-acker branch-ingestor branch-publisher \
      head-ack-listener head-acker head-ingestor head-publisher stale-reaper; do \
      ln -s trunkline "/usr/local/bin/$name"; \
    done

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Trunkline" \
      org.opencontainers.image.description="Keeps a head office's database in step with its branches', over RabbitMQ" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"

# A number, so that Kubernetes can see that it is not root. Nothing is written but to the databases and the broker.
USER 10001:10001
STOPSIGNAL SIGTERM
# Whether rows arrive: the services answer for that, once TRUNKLINE_MONITORING_ADDRESS is set.
# In a shell, since podman splits the other form at spaces.
# hadolint ignore=DL3025
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD trunkline health
CMD ["trunkline", "run"]
