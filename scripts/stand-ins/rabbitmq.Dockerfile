# For rabbitmq:…-management: Debian's, with the user, the paths and the entrypoint of the image that it stands for.
FROM debian:12.12-slim
RUN groupadd --system --gid=999 rabbitmq && useradd --system --gid=rabbitmq --uid=999 --home-dir=/var/lib/rabbitmq rabbitmq \
    && apt-get update && apt-get install --yes --no-install-recommends rabbitmq-server \
    && rm -rf /var/lib/apt/lists/* \
    && rm -rf /var/lib/rabbitmq/* /var/lib/rabbitmq/.erlang.cookie && mkdir -p /etc/rabbitmq/conf.d \
    && chown -R rabbitmq: /var/lib/rabbitmq /var/log/rabbitmq
ENV PATH=/usr/lib/rabbitmq/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/var/lib/rabbitmq RABBITMQ_LOGS=- LANG=C.UTF-8
COPY rabbitmq-entrypoint /usr/local/bin/docker-entrypoint.sh
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["rabbitmq-server"]
