"""Pods as local processes: each with a network namespace, a read-only root and a user of its own.

To be run as root in a mount, network and process namespace of its own, with which all of it goes.
"""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import time

from model import ManifestError

NETWORK = "10.77"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SERVICES = (
    "branch-ack-listener", "branch-acker", "branch-ingestor", "branch-publisher",
    "head-ack-listener", "head-acker", "head-ingestor", "head-publisher", "stale-reaper",
)


def sh(*arguments):
    subprocess.run(arguments, check=True)


class Host:
    """The machine that the pods share: a bridge, and the image `trunkline` as a layer."""

    def __init__(self, work, binaries):
        self.work = work
        self.count = 1
        self.names = {}
        sh("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", work)
        sh("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
        os.makedirs("/run/netns")
        sh("ip", "link", "set", "lo", "up")
        sh("ip", "link", "add", "pods", "type", "bridge")
        sh("ip", "address", "add", f"{NETWORK}.0.1/16", "dev", "pods")
        sh("ip", "link", "set", "pods", "up")
        self.image = os.path.join(work, "image")
        local = os.path.join(self.image, "usr/local/bin")
        os.makedirs(local)
        # As the image has it: one executable, and links with the names of the services.
        shutil.copy(os.path.join(binaries, "trunkline"), local)
        for service in SERVICES:
            os.symlink("trunkline", os.path.join(local, service))
        self.hosts_file = os.path.join(work, "hosts")
        self.write_hosts()
        sh("mount", "--bind", self.hosts_file, "/etc/hosts")

    def address(self):
        self.count += 1
        return f"{NETWORK}.{self.count // 200}.{self.count % 200 + 10}"

    def register(self, names, address):
        for name in names:
            self.names.setdefault(name, address)
        self.write_hosts()

    def write_hosts(self):
        lines = ["127.0.0.1 localhost"] + [f"{a} {n}" for n, a in self.names.items()]
        # In place: it is mounted in the pods.
        with open(self.hosts_file, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")


class Cell:
    """A pod on the host."""

    def __init__(self, host, pod):
        self.host = host
        self.pod = pod
        self.name = pod.name
        self.directory = os.path.join(host.work, "pods", pod.name)
        os.makedirs(os.path.join(self.directory, "data"))
        self.log_path = os.path.join(self.directory, "log")
        self.address = host.address()
        self.process = None
        self.attempts = 0
        self.not_before = 0
        self.stage = 0
        self.ended = False
        self.ready = False
        sh("ip", "netns", "add", self.name)
        link = f"v{host.count}"
        sh("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        sh("ip", "link", "set", link, "master", "pods", "up")
        self.net("ip", "link", "set", "lo", "up")
        self.net("ip", "address", "add", f"{self.address}/16", "dev", "eth0")
        self.net("ip", "link", "set", "eth0", "up")
        host.register([pod.name, *pod.hosts], self.address)

    def net(self, *command):
        sh("nsenter", f"--net=/run/netns/{self.name}", *command)

    # ---- Files

    def root(self, container):
        """Where the container's root is mounted: the image, this machine below it, its files above."""
        base = os.path.join(self.directory, container.name)
        root, layer = os.path.join(base, "root"), os.path.join(base, "layer")
        if os.path.ismount(root):
            return root
        os.makedirs(root)
        os.makedirs(layer)
        for path, (content, mode) in container.files.items():
            # What is mounted hides what was there.
            self.put(layer, path, content, mode, container.user, opaque=True)
        with open("/etc/passwd", "rb") as file:
            users = file.read()
        self.put(layer, "/etc/passwd", users + b"c%d:x:%d:%d::/:/bin/sh\n" % ((container.user,) * 3), 0o644, 0)
        self.put(layer, "/etc/hosts", b"", 0o644, 0)
        for path in ("/proc", "/dev", "/sys", *container.writable):
            os.makedirs(layer + path, exist_ok=True)
        sh("mount", "-t", "overlay", "-o", f"lowerdir={layer}:{self.host.image}:/", "root", root)
        for path in ("/proc", "/dev"):
            sh("mount", "--rbind", path, root + path)
        sh("mount", "--bind", self.host.hosts_file, root + "/etc/hosts")
        for path, kind in container.writable.items():
            if kind == "data":
                data = os.path.join(self.directory, "data")
                os.chown(data, container.user, container.user)
                sh("mount", "--bind", data, root + path)
            else:
                sh("mount", "-t", "tmpfs", "-o", f"mode=2770,uid=0,gid={container.user}", "tmpfs", root + path)
        return root

    @staticmethod
    def put(layer, path, content, mode, group, opaque=False):
        target = layer + path
        directory = os.path.dirname(target)
        os.makedirs(directory, exist_ok=True)
        if opaque:
            os.setxattr(directory, "trusted.overlay.opaque", b"y")
        with open(target, "wb") as file:
            file.write(content)
        os.chmod(target, mode)
        os.chown(target, 0, group)

    # ---- Processes

    def command(self, container, command, as_root=False):
        enter = ["/usr/bin/nsenter", f"--net=/run/netns/{self.name}", "/usr/sbin/chroot", self.root(container)]
        user = container.user
        lock = [
            "/usr/bin/setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs",
            "--bounding-set=-all", "--",
        ]
        return enter + ([] if as_root else lock) + command

    def environment(self, container):
        return {"PATH": PATH, "HOME": "/", "HOSTNAME": self.name, **container.environment}

    def start(self, container, command=None, environment=None):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(container, command or container.command),
                env=self.environment(container) | (environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run(self, container, command, environment=None, timeout=60, as_root=False):
        """A command inside, as `kubectl exec` would: its exit code and output."""
        done = subprocess.run(
            self.command(container, command, as_root),
            env=self.environment(container) | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        )
        return done.returncode, done.stdout.decode(errors="replace")

    def log(self, lines=8):
        """The last lines; from a crash on, all of them."""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            text = file.readlines()
        crash = next((i for i, line in enumerate(text) if "Program crashed" in line), len(text))
        return "".join(text[max(crash - lines, 0):])

    def terminate(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def wait_for_end(self, seconds=40):
        if self.process is None:
            return None
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "no end"

    # ---- What the kubelet does

    def advance(self, may_start):
        """One look: starts what is to be started next; True when the pod is ready, or a job has ended well."""
        if self.ended:
            return True
        stages = [*self.pod.init, self.pod.main]
        if self.process is None:
            if time.monotonic() >= self.not_before and may_start(self.pod):
                self.start(stages[self.stage])
            return False
        code = self.process.poll()
        last = self.stage == len(stages) - 1
        if code is None:
            return last and self.pod.lasting and self.answers()
        if code == 0 and not (last and self.pod.lasting):
            if last:
                self.ended = True
                return True
            self.stage += 1
            self.process = None
            return False
        self.attempts += 1
        if self.attempts > 40:
            raise ManifestError(f"{self.name}: {stages[self.stage].name} ended {self.attempts} times, with {code}")
        # A second, as CrashLoopBackOff would be at its start.
        self.process = None
        self.not_before = time.monotonic() + 1
        return False

    def answers(self):
        return all(self.probe(p) for p in self.pod.main.probes.values())

    def probe(self, probe):
        if probe.command:
            command = probe.command
            if command[0] == "CMD-SHELL":
                command = ["/bin/sh", "-c", command[1]]
            elif command[0] == "CMD":
                command = command[1:]
            return self.run(self.pod.main, command)[0] == 0
        try:
            if probe.path is None:
                socket.create_connection((self.address, probe.port), 2).close()
                return True
            return 200 <= self.get(probe.path, probe.port)[0] < 400
        except OSError:
            return False

    def get(self, path, port):
        connection = http.client.HTTPConnection(self.address, port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
