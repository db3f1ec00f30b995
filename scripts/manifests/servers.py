"""RabbitMQ and PostgreSQL of this machine in the place of their images, with the manifests' files and arguments."""

from model import ManifestError


def start_server(cell):
    image = cell.pod.main.image.split(":")[0]
    if image == "postgres":
        PostgreSQL(cell).start()
    elif image == "rabbitmq":
        RabbitMQ(cell).start()
    else:
        raise ManifestError(f"{cell.name}: nothing stands here for the image {image}")


class PostgreSQL:
    """What the image's entrypoint does: initdb, the scripts of /docker-entrypoint-initdb.d, then the arguments."""

    def __init__(self, cell):
        self.cell = cell
        self.container = cell.pod.main
        self.data = self.container.environment.get("PGDATA", "/var/lib/postgresql/data")
        for path in ("/var/run/postgresql", "/tmp"):
            self.container.writable.setdefault(path, "tmpfs")

    def start(self):
        environment = self.container.environment
        for option in ("LANG", "LC_ALL"):
            environment.setdefault(option, "C.UTF-8")
        password = environment["POSTGRES_PASSWORD_FILE"]
        self.run(
            "initdb", "-D", self.data, "--username=postgres", f"--pwfile={password}", "--auth-host=scram-sha-256",
            "--auth-local=trust", "--no-sync",
        )
        socket = "-c listen_addresses= -c unix_socket_directories=/tmp -c fsync=off"
        self.run("pg_ctl", "-D", self.data, "-o", socket, "-w", "-l", "/tmp/init.log", "start")
        database = environment["POSTGRES_DB"]
        psql = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--host=/tmp", "--username=postgres"]
        self.run(*psql, "--dbname=postgres", f"--command=CREATE DATABASE {database}")
        for path in sorted(p for p in self.container.files if p.startswith("/docker-entrypoint-initdb.d/")):
            self.run(*psql, f"--dbname={database}", f"--file={path}")
        self.run("pg_ctl", "-D", self.data, "-w", "stop")
        command = self.container.command
        if command[:2] == ["bash", "-c"]:
            # docker-compose.yml does something first, as root.
            self.run("bash", "-c", command[2].split(" && exec ")[0], as_root=True)
        arguments = command[command.index("postgres") + 1 :]
        # The image listens everywhere.
        self.cell.start(
            self.container,
            ["postgres", "-D", self.data, "--listen_addresses=*", "--unix_socket_directories=/tmp", "--fsync=off"]
            + arguments,
        )

    def run(self, *command, as_root=False):
        code, output = self.cell.run(self.container, list(command), as_root=as_root)
        if code:
            raise ManifestError(f"{self.cell.name}: {command[0]} failed: {output}")


class RabbitMQ:
    """One node: of the configuration all but what a cluster needs."""

    def __init__(self, cell):
        self.cell = cell
        self.container = cell.pod.main

    def start(self):
        files = self.container.files
        for path in [p for p in files if p.endswith("-cluster.conf")]:
            del files[path]
        environment = {
            "HOME": "/var/lib/rabbitmq",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_NODENAME": "rabbit@localhost",
            "RABBITMQ_USE_LONGNAME": "false",
            "RABBITMQ_PID_FILE": "/tmp/pid",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2",
            "RABBITMQ_LOGS": "-",
            "LANG": "C.UTF-8",
        }
        for path in files:
            if path.endswith("/enabled_plugins"):
                environment.setdefault("RABBITMQ_ENABLED_PLUGINS_FILE", path)
        for path in ("/var/lib/rabbitmq", "/tmp", "/var/log/rabbitmq"):
            self.container.writable.setdefault(path, "data" if path.endswith("lib/rabbitmq") else "tmpfs")
        self.cell.start(self.container, ["/usr/lib/rabbitmq/bin/rabbitmq-server"], environment)
