"""Pods from docker-compose.yml, as `docker compose config` resolves it."""

import os

from model import Container, ManifestError, Pod, Probe


class Composition:
    def __init__(self, config):
        self.services = config["services"]
        self.secrets = config.get("secrets", {})
        self.configs = config.get("configs", {})

    def pods(self):
        return [self.pod(name, service) for name, service in self.services.items()]

    def pod(self, name, service):
        lasting = service.get("restart", "no") in ("always", "unless-stopped")
        return Pod(
            name=name,
            hosts=[name],
            init=[],
            main=self.container(name, service),
            lasting=lasting,
            after=list(service.get("depends_on", {})),
        )

    def container(self, name, service):
        files, writable = {}, {}
        for kind, known in (("secrets", self.secrets), ("configs", self.configs)):
            for use in service.get(kind, []):
                target = use.get("target") or use["source"]
                if not target.startswith("/"):
                    target = ("/run/secrets/" if kind == "secrets" else "/") + target
                files[target] = self.read(known[use["source"]]["file"], name)
        for volume in service.get("volumes", []):
            target = volume["target"]
            if volume["type"] == "volume":
                writable[target] = "data"
            elif os.path.isdir(volume["source"]):
                for entry in os.listdir(volume["source"]):
                    files[os.path.join(target, entry)] = self.read(os.path.join(volume["source"], entry), name)
            else:
                files[target] = self.read(volume["source"], name)
        for path in service.get("tmpfs", []):
            writable[path.split(":")[0]] = "tmpfs"
        ours = service["image"].split(":")[0] == "trunkline"
        if ours and not (service.get("read_only") and service.get("cap_drop") == ["ALL"]):
            raise ManifestError(f"{name}: is not locked up")
        environment = {k: "" if v is None else str(v) for k, v in (service.get("environment") or {}).items()}
        test = service.get("healthcheck", {}).get("test")
        if ours and not test and service.get("restart") == "unless-stopped":
            # The image's own.
            test = ["CMD-SHELL", "trunkline health"]
        user = str(service.get("user", "")).split(":")[0]
        return Container(
            name=name,
            image=service["image"],
            command=(service.get("entrypoint") or []) + (service.get("command") or []),
            environment=environment,
            files=files,
            writable=writable,
            # The images' own users.
            user=int(user) if user else (10001 if ours else 999),
            probes={"health": Probe(command=test)} if test else {},
        )

    @staticmethod
    def read(path, name):
        if not os.path.exists(path):
            raise ManifestError(f"{name}: there is no file {path}; run scripts/generate-secrets")
        with open(path, "rb") as file:
            return file.read(), os.stat(path).st_mode & 0o777
