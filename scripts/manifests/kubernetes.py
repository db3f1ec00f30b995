"""Pods from rendered Kubernetes manifests, with what the API server and the kubelet would add."""

import base64
import os
import re

from model import Container, ManifestError, Pod, Probe


class Cluster:
    def __init__(self, documents):
        self.objects = {(d["kind"], d["metadata"]["name"]): d for d in documents if d}

    def pods(self):
        """One for each replica."""
        pods = []
        for (kind, name), item in self.objects.items():
            if kind not in ("Deployment", "StatefulSet", "Job"):
                continue
            template = item["spec"]["template"]
            count = 1 if kind in ("Job", "StatefulSet") else item["spec"].get("replicas", 1)
            for index in range(count):
                pods.append(self.pod(f"{name}-{index}", template, item, lasting=kind != "Job"))
        return pods

    def pod(self, name, template, owner, lasting=True):
        spec = template["spec"]
        if spec.get("enableServiceLinks") is not False:
            raise ManifestError(f"{name}: enableServiceLinks is not false, so TRUNKLINE_… variables may appear")
        volumes = {v["name"]: v for v in spec.get("volumes", [])}
        claims = [c["metadata"]["name"] for c in owner["spec"].get("volumeClaimTemplates", [])]
        labels = template["metadata"]["labels"]

        def container(c):
            return self.container(c, spec, volumes, claims, name, owner)

        containers = spec["containers"]
        if len(containers) != 1:
            raise ManifestError(f"{name}: has {len(containers)} containers")
        return Pod(
            name=name,
            hosts=[
                s["metadata"]["name"]
                for (kind, _), s in self.objects.items()
                if kind == "Service" and s["spec"]["selector"].items() <= labels.items()
            ],
            init=[container(c) for c in spec.get("initContainers", [])],
            main=container(containers[0]),
            lasting=lasting,
        )

    def container(self, c, spec, volumes, claims, pod, owner):
        where = f"{pod}/{c['name']}"
        environment = {}
        for source in c.get("envFrom", []):
            environment |= self.data("ConfigMap", source["configMapRef"]["name"], where)
        for variable in c.get("env", []):
            environment[variable["name"]] = self.value(variable, environment, pod, owner, where)
        files, writable = {}, {}
        for mount in c.get("volumeMounts", []):
            path = mount["mountPath"]
            if mount["name"] in claims:
                writable[path] = "data"
                continue
            if mount["name"] not in volumes:
                raise ManifestError(f"{where}: no volume {mount['name']}")
            volume = volumes[mount["name"]]
            if "emptyDir" in volume:
                writable[path] = "tmpfs"
                continue
            for name, content, mode in self.volume(volume, where):
                if "subPath" in mount:
                    if name == mount["subPath"]:
                        files[path] = (content, mode)
                else:
                    files[os.path.join(path, name)] = (content, mode)
        security = spec["securityContext"] | c["securityContext"]
        if not security.get("readOnlyRootFilesystem") or security["capabilities"]["drop"] != ["ALL"]:
            raise ManifestError(f"{where}: is not locked up")
        arguments = c.get("command", []) + c.get("args", [])
        return Container(
            name=c["name"],
            image=c["image"],
            command=[self.expand(a, environment, where) for a in arguments],
            environment=environment,
            files=files,
            writable=writable,
            user=security["runAsUser"],
            probes={k: self.probe(c[k], c, where) for k in c if k.endswith("Probe")},
        )

    @staticmethod
    def expand(text, environment, where):
        def value(match):
            if match[1] not in environment:
                raise ManifestError(f"{where}: $({match[1]}) is no variable of it")
            return environment[match[1]]

        return re.sub(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)", value, text)

    def value(self, variable, environment, pod, owner, where):
        if "value" in variable:
            return self.expand(variable["value"], environment, where)
        source = variable["valueFrom"]
        if "fieldRef" in source:
            return {"metadata.name": pod, "metadata.namespace": owner["metadata"]["namespace"]}[
                source["fieldRef"]["fieldPath"]
            ]
        for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if key in source:
                data = self.data(kind, source[key]["name"], where)
                if source[key]["key"] not in data:
                    raise ManifestError(f"{where}: {kind} {source[key]['name']} has no {source[key]['key']}")
                return data[source[key]["key"]]
        raise ManifestError(f"{where}: {variable['name']} comes from nowhere known")

    def data(self, kind, name, where):
        if (kind, name) not in self.objects:
            raise ManifestError(f"{where}: there is no {kind} {name}")
        data = self.objects[kind, name].get("data", {})
        if kind == "Secret":
            return {k: base64.b64decode(v) for k, v in data.items()}
        return data

    def volume(self, volume, where):
        """Its files: name, content, mode."""
        if "projected" in volume:
            sources = volume["projected"]["sources"]
            default = volume["projected"].get("defaultMode", 0o644)
        else:
            sources, default = [volume], 0o644
        for source in sources:
            for key, kind in (("secret", "Secret"), ("configMap", "ConfigMap")):
                if key not in source:
                    continue
                reference = source[key]
                name = reference.get("secretName") or reference["name"]
                data = self.data(kind, name, where)
                items = reference.get("items") or [{"key": k, "path": k} for k in data]
                for item in items:
                    if item["key"] not in data:
                        raise ManifestError(f"{where}: {kind} {name} has no {item['key']}")
                    content = data[item["key"]]
                    content = content if isinstance(content, bytes) else content.encode()
                    yield item["path"], content, reference.get("defaultMode", default)

    @staticmethod
    def probe(probe, container, where):
        ports = {p["name"]: p["containerPort"] for p in container.get("ports", [])}
        if "exec" in probe:
            return Probe(command=probe["exec"]["command"])
        action = probe.get("httpGet") or probe["tcpSocket"]
        port = action["port"]
        if isinstance(port, str):
            if port not in ports:
                raise ManifestError(f"{where}: has no port {port}")
            port = ports[port]
        return Probe(path=action.get("path"), port=port)
