"""Runs what the manifests describe, as local processes, and sells through it. Started by scripts/check-manifests.

Every workload of ours runs with the command, arguments, environment, files, user and probes of its manifest. RabbitMQ
and PostgreSQL of this machine run where the manifests' servers are, under their names, with the manifests' files.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time

import yaml

from compose import Composition
from host import Cell, Host
from kubernetes import Cluster
from model import ManifestError
from servers import start_server

MONITORING_PORT = 9464
DEADLINE = 180


class Run:
    def __init__(self, options):
        self.options = options
        self.work = options.work
        self.host = Host(os.path.join(self.work, "host"), options.binaries)
        self.cells = {}
        self.sold = {}
        #: Of each product that the head has a price for.
        self.prices = {}
        self.problems = []

    # ---- Starting

    def add(self, pods):
        """Pods that are not there yet. Servers come first, since here they need what the kubelet would retry for."""
        new = [p for p in pods if p.name not in self.cells]
        for pod in sorted(new, key=lambda p: p.is_ours):
            for container in [*pod.init, pod.main]:
                self.misname(container)
            cell = self.cells[pod.name] = Cell(self.host, pod)
            if not pod.is_ours:
                start_server(cell)
        return [self.cells[p.name] for p in new]

    def misname(self, container):
        """What the test itself is tested with: one variable under a wrong name."""
        name = self.options.misname
        if name and name in container.environment:
            container.environment[name + "X"] = container.environment.pop(name)

    def wait_until_ready(self, cells):
        waiting = list(cells)

        def may_start(pod):
            return all(self.cells[n].ready for n in pod.after if n in self.cells)

        end = time.monotonic() + DEADLINE
        while waiting:
            for cell in list(waiting):
                if self.is_ready(cell, may_start):
                    cell.ready = True
                    waiting.remove(cell)
            if waiting and time.monotonic() > end:
                words = "\n".join(f"--- {c.name}\n{c.log()}" for c in waiting)
                raise ManifestError(f"not ready after {DEADLINE} s: {', '.join(c.name for c in waiting)}\n{words}")
            time.sleep(0.2)

    @staticmethod
    def is_ready(cell, may_start):
        if cell.pod.is_ours:
            return cell.advance(may_start)
        if cell.process.poll() is not None:
            raise ManifestError(f"{cell.name} ended\n{cell.log(20)}")
        # The servers' own probes by port; a command of the image may not exist here.
        probes = [p for p in cell.pod.main.probes.values() if p.port]
        return all(cell.probe(p) for p in probes)

    # ---- Selling

    def sql(self, office, user, statement):
        password = self.password(office, user)
        done = subprocess.run(
            [
                "psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1",
                f"host={office}-database dbname={'headoffice' if office == 'head' else 'shop'} "
                f"user={user} sslmode=verify-full sslrootcert={self.authority()}",
                f"--command={statement}",
            ],
            env=os.environ | {"PGPASSWORD": password},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode:
            raise ManifestError(f"{office}: {done.stderr.decode().strip()}")
        return done.stdout.decode().strip()

    def sell(self, branch, count):
        """As the branch's application does, with its rights."""
        self.sql(
            branch,
            "till",
            "INSERT INTO product_sales (date, region, product, qty, cost, tax) "
            f"SELECT '2026-11-21', '{branch}', 'Pens', n, 2.19, 0.15 FROM generate_series(1, {count}) n",
        )
        self.sold[branch] = self.sold.get(branch, 0) + count

    def price(self, product, price):
        """As somebody at the head does: for every till."""
        self.sql(
            "head",
            "postgres",
            f"INSERT INTO price VALUES ('{product}', {price}) ON CONFLICT (product) DO UPDATE SET price = excluded.price",
        )
        self.prices[product] = f"{price:.2f}"

    def send_note(self, branch):
        """A note of the head for one branch."""
        self.sql("head", "postgres", f"INSERT INTO transfer_note (branch_id, product, qty) VALUES ('{branch}', 'Pens', 5)")

    def wait_for_the_heads_rows(self, branches):
        """Every branch has all prices, and the notes that are its own."""

        def arrived():
            for branch in branches:
                prices = self.sql(branch, "till", "SELECT product, price FROM price").splitlines()
                if dict(line.split("|") for line in prices) != self.prices:
                    return False
                own = self.sql("head", "postgres", f"SELECT count(*) FROM transfer_note WHERE branch_id = '{branch}'")
                if self.sql(branch, "till", "SELECT count(*), count(DISTINCT branch_id) FROM transfer_note") != f"{own}|1":
                    return False
            return True

        def acked():
            states = self.sql(
                "head", "postgres",
                "SELECT count(*) FROM trunkline.load UNION ALL SELECT count(*) FROM trunkline.batch WHERE state <> 'acked'",
            )
            return set(states.split()) == {"0"}

        self.wait_for((("the head's rows are at the branches", arrived), ("they are acked", acked)))

    def check_that_a_branch_writes_no_price(self, branch):
        """The database refuses it, also to whoever may write everything."""
        try:
            self.sql(branch, "postgres", "UPDATE price SET price = 0")
        except ManifestError as error:
            if "written by the head" in str(error):
                return
            raise
        raise ManifestError(f"{branch} could change a price")

    def wait_for_arrival(self):
        def arrived():
            # The table is made by the roles' example; it is there from the start.
            rows = self.sql("head", "postgres", "SELECT branch_id, count(*) FROM product_sales GROUP BY 1")
            return dict(line.split("|") for line in rows.splitlines()) == {b: str(n) for b, n in self.sold.items()}

        def acked():
            for branch in self.sold:
                states = self.sql(
                    branch, "postgres", "SELECT count(*) FROM trunkline.change UNION ALL "
                    "SELECT count(*) FROM trunkline.batch WHERE state <> 'acked'"
                )
                if set(states.split()) != {"0"}:
                    return False
            return True

        self.wait_for((("all rows are at the head", arrived), ("all is acked", acked)))

    def wait_for(self, conditions):
        for what, condition in conditions:
            end = time.monotonic() + DEADLINE
            while not condition():
                if time.monotonic() > end:
                    logs = "\n".join(f"--- {c.name}\n{c.log(3)}" for c in self.ours())
                    raise ManifestError(f"not within {DEADLINE} s: {what}; sold {self.sold}\n{logs}")
                time.sleep(0.3)

    def ours(self):
        return [c for c in self.cells.values() if c.pod.is_ours and c.pod.lasting]

    # ---- Looking

    def check_probes(self):
        count = 0
        for cell in self.ours():
            if not cell.pod.main.probes:
                raise ManifestError(f"{cell.name} has no probe")
            for name, probe in cell.pod.main.probes.items():
                if not cell.probe(probe):
                    raise ManifestError(f"{cell.name}: {name} fails\n{cell.log()}")
                count += 1
        return count

    def check_metrics(self):
        """By promtool each, and all together with the alerts and the dashboard that read them.

        The gauges of a stream follow its database by some seconds, and by minutes where that is slow to answer.
        """
        end = time.monotonic() + DEADLINE
        while True:
            files = self.scrape()
            checked = subprocess.run(
                ["scripts/check-metrics", *files], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
            )
            if not checked.returncode:
                return len(files)
            if time.monotonic() > end:
                raise ManifestError(f"scripts/check-metrics: {checked.stdout.decode()}")
            time.sleep(2)

    def scrape(self):
        """What each service answers at /metrics, in a file each."""
        directory = os.path.join(self.host.work, "metrics")
        os.makedirs(directory, exist_ok=True)
        files = []
        for cell in self.ours():
            try:
                status, text = cell.get("/metrics", MONITORING_PORT)
            except OSError as error:
                raise ManifestError(f"{cell.name}: no metrics: {error}") from error
            if status != 200 or not text:
                raise ManifestError(f"{cell.name}: /metrics answers {status}")
            files.append(os.path.join(directory, cell.name))
            with open(files[-1], "wb") as file:
                file.write(text)
        return files

    def check_that_a_wrong_name_is_refused(self):
        """A variable of the ConfigMap, misspelt: the service must not start."""
        cell = next(c for c in self.ours() if "TRUNKLINE_OFFICE_ID" in c.pod.main.environment)
        container = cell.pod.main
        kept = dict(container.environment)
        container.environment["TRUNKLINE_OFFICE_IDX"] = container.environment.pop("TRUNKLINE_OFFICE_ID")
        try:
            code, output = cell.run(container, container.command)
        finally:
            container.environment = kept
        if code != 78 or "TRUNKLINE_OFFICE_IDX" not in output:
            raise ManifestError(f"{cell.name} took a wrong variable: {code} {output}")

    def verify(self, cell):
        code, output = cell.run(cell.pod.main, ["trunkline", "verify", "--timeout", "60s"], timeout=90)
        if code:
            raise ManifestError(f"trunkline verify: {code}\n{output}")

    def stop(self):
        cells = self.ours()
        for cell in cells:
            cell.terminate()
        for cell in cells:
            code = cell.wait_for_end()
            if code != 0:
                raise ManifestError(f"{cell.name} ended with {code} on SIGTERM\n{cell.log()}")


class KubernetesRun(Run):
    """The overlay testbed, in a copy, to which a branch is added."""

    def __init__(self, options):
        super().__init__(options)
        copy = os.path.join(self.host.work, "project")
        for part in ("k8s", "examples", "scripts"):
            shutil.copytree(part, os.path.join(copy, part), ignore=shutil.ignore_patterns("secrets"))
        self.project = copy
        self.overlay = os.path.join(copy, "k8s/overlays/testbed")
        self.secrets = []
        self.render()

    def render(self):
        made = subprocess.run(
            [os.path.join(self.project, "scripts/generate-secrets"), "--cluster", self.overlay],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True,
        )
        rendered = subprocess.run(
            [self.options.kubectl, "kustomize", self.overlay], stdout=subprocess.PIPE, check=True
        )
        self.cluster = Cluster(
            [*yaml.safe_load_all(made.stdout), *yaml.safe_load_all(rendered.stdout)]
        )

    def password(self, office, user):
        role = {"postgres": "superuser", "trunkline_service": "service"}.get(user, user)
        return self.cluster.data("Secret", f"{office}-database", "test")[f"{role}-password"].decode().strip()

    def authority(self):
        return os.path.join(self.overlay, "secrets/ca.pem")

    def run(self):
        pods = self.cluster.pods()
        self.step(f"starting {len(pods)} pods of k8s/overlays/testbed")
        self.wait_until_ready(self.add(pods))
        for branch, count in (("east", 30), ("north", 20), ("west", 10)):
            self.sell(branch, count)
        self.wait_for_arrival()
        self.step(f"three branches sold {sum(self.sold.values())} rows; all arrived and are acked")
        for product, price in (("Pens", 2.19), ("Paper", 12.95), ("Pens", 2.29)):
            self.price(product, price)
        for branch in list(self.sold):
            self.send_note(branch)
        self.wait_for_the_heads_rows(list(self.sold))
        self.check_that_a_branch_writes_no_price("east")
        self.step("each has the head's prices and its own note, and may not change a price")
        self.step(f"{self.check_probes()} probes answer, {self.check_metrics()} services have metrics")

        trunkline = os.path.join(self.host.image, "usr/local/bin/trunkline")
        subprocess.run([trunkline, "branch", "add", "south", "--kustomize", self.overlay], check=True)
        self.render()
        self.wait_until_ready(self.add(self.cluster.pods()))
        self.sell("south", 15)
        self.wait_for_arrival()
        self.send_note("south")
        self.wait_for_the_heads_rows(list(self.sold))
        self.step("a fourth branch, south, was added; its rows arrived, and it has the prices")

        path = os.path.join(self.overlay, "kustomization.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        scaled = re.sub(r"(- name: head-ingestor\n    count:) \d+", r"\1 3", text)
        if scaled == text:
            raise ManifestError(f"{path} does not say how many head-ingestor there are")
        with open(path, "w", encoding="utf-8") as file:
            file.write(scaled)
        self.render()
        self.wait_until_ready(self.add(self.cluster.pods()))
        ingestors = [c for c in self.ours() if c.name.startswith("head-ingestor-")]
        if len(ingestors) != 3:
            raise ManifestError(f"there are {len(ingestors)} head-ingestor in place of 3")
        for branch in list(self.sold):
            for _ in range(5):
                self.sell(branch, 7)
        self.wait_for_arrival()
        self.step("head-ingestor in three copies: all arrived")
        self.step(f"{self.check_probes()} probes answer, {self.check_metrics()} services have metrics")
        self.verify(ingestors[0])
        self.check_that_a_wrong_name_is_refused()
        self.stop()
        self.step("head and branches agree; a wrong variable is refused; all ended at SIGTERM")

    def step(self, text):
        print(f"kubernetes: {text} ({time.monotonic() - START:.0f} s)", flush=True)


class ComposeRun(Run):
    """docker-compose.yml with its profile `branches`, in a copy."""

    def __init__(self, options):
        super().__init__(options)
        self.project = os.path.join(self.host.work, "project")
        for part in ("k8s", "examples", "scripts"):
            shutil.copytree(part, os.path.join(self.project, part))
        shutil.copy("docker-compose.yml", self.project)
        subprocess.run(
            [os.path.join(self.project, "scripts/generate-secrets")], stdout=subprocess.DEVNULL, check=True
        )

    def config(self, *arguments):
        done = subprocess.run(
            [self.options.compose, *arguments, "config", "--format", "json"],
            cwd=self.project, stdout=subprocess.PIPE, check=True,
        )
        return Composition(json.loads(done.stdout))

    def password(self, office, user):
        role = {"postgres": "superuser"}.get(user, user)
        with open(os.path.join(self.project, f"secrets/{office}-database-{role}-password"), encoding="utf-8") as file:
            return file.read().strip()

    def authority(self):
        return os.path.join(self.project, "secrets/ca.pem")

    def run(self):
        pods = self.config().pods()
        self.step(f"starting {len(pods)} services of docker-compose.yml")
        self.wait_until_ready(self.add(pods))
        self.sell("east", 25)
        self.wait_for_arrival()
        self.price("Pens", 2.19)
        self.send_note("east")
        self.wait_for_the_heads_rows(["east"])
        self.step("east sold 25 rows and got a price; all arrived and are acked")
        self.wait_until_ready(self.add(self.config("--profile", "branches").pods()))
        self.sell("west", 15)
        self.wait_for_arrival()
        self.price("Pens", 2.29)
        self.send_note("west")
        self.wait_for_the_heads_rows(["east", "west"])
        self.check_that_a_branch_writes_no_price("west")
        self.step("with the profile branches west sells too, and both have the new price")
        self.step(f"{self.check_probes()} health checks pass, {self.check_metrics()} services have metrics")
        self.check_that_a_wrong_name_is_refused()
        self.stop()
        self.step("a wrong variable is refused; all ended at SIGTERM")

    def step(self, text):
        print(f"compose: {text} ({time.monotonic() - START:.0f} s)", flush=True)


START = time.monotonic()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("kubernetes", "compose"))
    for name in ("work", "binaries", "kubectl", "compose"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--misname")
    options = parser.parse_args()
    os.umask(0o022)
    run = (KubernetesRun if options.kind == "kubernetes" else ComposeRun)(options)
    try:
        run.run()
    except ManifestError as error:
        print(f"{options.kind}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
