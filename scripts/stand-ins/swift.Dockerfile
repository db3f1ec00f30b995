# For swift:…: what the toolchain needs; the toolchain itself is mounted.
FROM debian:12.12-slim
RUN apt-get update && apt-get install --yes --no-install-recommends \
      binutils ca-certificates g++ git libcurl4 libedit2 libncurses6 libpython3.11 libsqlite3-0 libxml2 libz3-4 tzdata zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
ARG TOOLCHAIN
ENV PATH=$TOOLCHAIN/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
