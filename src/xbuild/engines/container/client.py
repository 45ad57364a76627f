"""Finding and opening the container engine: Docker Engine, or Podman by its compatible socket."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from xbuild.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import docker

ANSWER_WITHIN = 5.0
"""Seconds an engine has to say its version: one that hangs must not hang xbuild."""

REQUEST_WITHIN = 120.0
"""Seconds for one request on an engine that answers: removing a large container on a busy disk takes long."""

_START = "start Docker ('sudo systemctl start docker') or Podman's service ('systemctl --user start podman.socket')"
_INSTALL = (
    "install Docker or Podman and start it ('sudo systemctl start docker', 'systemctl --user start podman.socket'), "
    "or name a running engine in DOCKER_HOST"
)

_Trouble = Literal["missing", "refused", "silent", "forbidden"]
_WORST_LAST: tuple[_Trouble, ...] = ("missing", "refused", "silent", "forbidden")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an engine may be: a URL as in ``DOCKER_HOST``, and who says so (None: it is one of the usual places)."""

    url: str
    origin: str | None = None

    @property
    def socket(self) -> Path | None:
        return Path(self.url.removeprefix("unix://")) if self.url.startswith("unix://") else None


def open_client(environ: Mapping[str, str]) -> docker.DockerClient:
    """Return a client of the engine that ``DOCKER_HOST``, a Docker context or one of the usual sockets leads to.

    Raises :class:`EngineError`, at once, if there is none that answers.
    """
    chosen = next(_chosen(environ), None)
    places = [chosen] if chosen else list(_usual(environ))
    troubles = []
    for place in places:
        trouble = _probe(place.socket) if place.socket is not None else None
        if trouble is None:
            return _connect(place, environ)
        troubles.append((trouble, place))
    trouble, place = max(troubles, key=lambda each: _WORST_LAST.index(each[0]))
    raise _error(trouble, place)


def is_podman(client: docker.DockerClient) -> bool:
    """Say whether the engine is Podman."""
    components = client.version().get("Components") or ()
    return any("podman" in component.get("Name", "").lower() for component in components)


def _chosen(environ: Mapping[str, str]) -> Iterator[_Place]:
    if host := environ.get("DOCKER_HOST"):
        yield _Place(host, "DOCKER_HOST")
        return
    config = Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME", "/"), ".docker"))
    name = environ.get("DOCKER_CONTEXT") or _read_json(config / "config.json").get("currentContext")
    if not isinstance(name, str) or name in ("", "default"):
        return
    meta = config / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
    host = _read_json(meta).get("Endpoints", {}).get("docker", {}).get("Host")
    if not host:
        raise EngineError(
            f"the Docker context {name!r} does not exist, or names no engine: {meta}",
            hint="'docker context ls' lists them; 'docker context use default' goes back to the usual engine",
        )
    yield _Place(host, f"the Docker context {name!r}")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _usual(environ: Mapping[str, str]) -> Iterator[_Place]:
    """The sockets of Docker, rootless Docker, Docker Desktop, rootless Podman and Podman."""
    runtime = Path(environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    home = Path(environ.get("HOME", "/"))
    yield _Place("unix:///var/run/docker.sock")
    yield _Place(f"unix://{runtime}/docker.sock")
    yield _Place(f"unix://{home}/.docker/run/docker.sock")
    yield _Place(f"unix://{runtime}/podman/podman.sock")
    yield _Place("unix:///run/podman/podman.sock")


def _probe(path: Path) -> _Trouble | None:
    """Try the socket, in a millisecond: the SDK would say less of why it fails."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(ANSWER_WITHIN)
        try:
            probe.connect(str(path))
        except PermissionError:
            return "forbidden"
        except TimeoutError:  # nobody takes connections from a full queue
            return "silent"
        except ConnectionError:
            return "refused"
        except OSError:
            return "missing"
    return None


def _connect(place: _Place, environ: Mapping[str, str]) -> docker.DockerClient:
    import docker
    import requests

    options = {"DOCKER_HOST": place.url}
    options |= {name: environ[name] for name in ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH") if name in environ}
    try:
        client = docker.from_env(
            version="auto",
            timeout=ANSWER_WITHIN,
            environment=options,
            use_ssh_client=place.url.startswith("ssh://"),
        )
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError, ValueError) as error:
        if "timed out" in str(error):
            raise _error("silent", place) from error
        where = f" ({place.origin})" if place.origin else ""
        raise EngineError(f"no container engine answers at {place.url}{where}: {error}", hint=_START) from error
    client.api.timeout = REQUEST_WITHIN
    return client


def _error(trouble: _Trouble, place: _Place) -> EngineError:
    where = place.url if place.origin is None else f"{place.url} ({place.origin})"
    match trouble:
        case "missing" if place.origin is None:
            return EngineError(
                "there is no container engine: neither Docker's nor Podman's socket exists", hint=_INSTALL
            )
        case "missing":
            return EngineError(f"there is no container engine at {where}: no such socket", hint=_START)
        case "refused":
            return EngineError(f"the container engine at {where} is not running", hint=_START)
        case "silent":
            return EngineError(
                f"the container engine at {where} did not answer within {ANSWER_WITHIN:g} s",
                hint="restart it, or name another one in DOCKER_HOST",
            )
        case "forbidden":
            group = _group_of(place.socket)
            return EngineError(
                f"no permission to use the container engine at {where}: its socket is for root and the group {group}",
                hint=f"join the group ('sudo usermod -aG {group} $USER', then log in again), "
                "or use rootless Podman ('systemctl --user start podman.socket')",
            )


def _group_of(path: Path | None) -> str:
    import grp

    try:
        number = path.stat().st_gid if path is not None else None
        return grp.getgrgid(number).gr_name if number is not None else "docker"
    except (OSError, KeyError):
        return "docker"
