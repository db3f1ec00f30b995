"""What a manifest says about a pod, whatever it is written in."""

from dataclasses import dataclass, field


class ManifestError(Exception):
    """The manifests are wrong, or what they describe does not work."""


@dataclass
class Probe:
    """A GET, a TCP connection, or a command inside."""

    path: str | None = None
    port: int | None = None
    command: list[str] | None = None


@dataclass
class Container:
    name: str
    image: str
    command: list[str]
    environment: dict[str, str]
    #: Path → content, of Secrets and ConfigMaps: (bytes, mode).
    files: dict[str, tuple[bytes, int]]
    #: Paths that may be written to.
    writable: dict[str, str]
    user: int
    probes: dict[str, Probe] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        return self.image.split(":")[0] == "trunkline"


@dataclass
class Pod:
    name: str
    #: Names that lead to it.
    hosts: list[str]
    init: list[Container]
    main: Container
    #: False for a job, which ends.
    lasting: bool = True
    #: Names of pods that must be ready, or have ended well, before.
    after: list[str] = field(default_factory=list)

    @property
    def is_ours(self) -> bool:
        return self.main.is_ours
