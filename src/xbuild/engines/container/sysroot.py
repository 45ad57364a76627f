"""A sysroot and a target Python out of an image of the target's architecture, which is never run.

A container is created from the image, its files are copied out, and it is removed again.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import posixpath
import tarfile
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

import docker

from xbuild.engines.container import labels
from xbuild.engines.container.building import engine_errors
from xbuild.engines.container.client import open_client
from xbuild.engines.container.copying import Chunks, Copy, is_library, is_of_python, is_of_sysroot
from xbuild.engines.container.removal import remove_run
from xbuild.errors import EngineError
from xbuild.provision.cache import Cache
from xbuild.provision.image import LIBRARIES, PYTHONS, python_tag, write_record
from xbuild.provision.python import DETAILS_FILE, write_details, write_variables
from xbuild.provision.rooted import RootedTree
from xbuild.selection import DEFAULT_PYTHON
from xbuild.wheels.elf import ElfError, read_elf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from xbuild.progress import Progress
    from xbuild.selection import Selection
    from xbuild.targets import Target

    Connect = Callable[[Mapping[str, str]], docker.DockerClient]

_REVISION = 1
"""Raise it when the same image gives another tree."""

_PLACES = (
    # Links or not, by distribution; where they are links they must be there before what is under usr.
    "lib",
    "lib64",
    "usr/include",
    "usr/lib",
    "usr/lib64",
    "usr/local/include",
    "usr/local/lib",
    "usr/local/lib64",
    "usr/share/pkgconfig",
    "etc/os-release",
    "etc/ld.so.conf",
    "etc/ld.so.conf.d",
)
_MOST_LINKS = 8
_MOST_LISTED = 100_000
_GO_SYMLINK = 1 << 27  # os.ModeSymlink of Go, which the engine says modes in

# Where Debian's name of an architecture is not the one in images.
_ARCHITECTURES = {"ppc64el": "ppc64le", "armhf": "arm", "i386": "386"}


def take_image(
    selection: Selection, *, progress: Progress, environ: Mapping[str, str], connect: Connect = open_client
) -> Selection:
    """Return ``selection`` with the sysroot and the target Python that its ``sysroot_image`` has, copied to the cache.

    The Python is left to the archive if the image has none at all. The image is pulled if the engine does not have it
    for the target. Raises :class:`EngineError` if there is no engine, no such image, or not enough in it;
    :class:`DetailsError` if its Python cannot be used.
    """
    if selection.sysroot_image is None or selection.sysroot is not None:
        return selection
    with closing(connect(environ)) as client:
        image = _find(client, selection, progress)
        source = _Source(
            client=client,
            reference=selection.sysroot_image,
            image=image,
            target=selection.target,
            progress=progress,
            cache=Cache.default(environ, progress=progress),
        )
        sysroot = source.sysroot()
        version = selection.python or DEFAULT_PYTHON
        details = source.python(version)
    return replace(selection, python=version, sysroot=sysroot, build_details=details)


def image_architecture(target: Target) -> str:
    """Return what images call the target's architecture: ``"arm64"``."""
    return _ARCHITECTURES.get(target.debian_arch, target.debian_arch)


def _find(client: docker.DockerClient, selection: Selection, progress: Progress) -> Mapping[str, Any]:
    """Return the image as the engine describes it: for the target's architecture, pulled if need be."""
    reference, target = str(selection.sysroot_image), selection.target
    architecture = image_architecture(target)
    local = _inspect(client, reference)
    if local is not None and local.get("Architecture") == architecture:
        return local
    there = f"is for {local.get('Architecture')}" if local is not None else "is not there"
    hint = f"name an image for {architecture}, such as quay.io/pypa/manylinux_2_28_{target.wheel_machine}"
    if selection.offline:
        raise EngineError(f"the image {reference} {there}, and --offline forbids to pull it", hint=hint)
    with progress.step(f"Pulling {reference}"):
        problem = _pull(client, reference, platform=f"linux/{architecture}")
    pulled = _inspect(client, reference)
    if problem is None and pulled is not None and pulled.get("Architecture") == architecture:
        return pulled
    if local is not None:
        raise EngineError(
            f"the image {reference} is for {local.get('Architecture')}, and {target.name} needs one for {architecture}",
            hint=hint,
            details=problem,
        )
    raise EngineError(f"there is no image {reference} for {architecture}: {problem or 'wrong platform'}", hint=hint)


def _inspect(client: docker.DockerClient, reference: str) -> Mapping[str, Any] | None:
    with engine_errors(f"looking for the image {reference}"):
        try:
            found: Mapping[str, Any] = client.api.inspect_image(reference)
        except docker.errors.ImageNotFound:
            return None
    return found


def _pull(client: docker.DockerClient, reference: str, *, platform: str) -> str | None:
    """Pull the image; return why that failed, if it did."""
    with engine_errors(f"pulling the image {reference}"):
        try:
            for event in client.api.pull(reference, platform=platform, stream=True, decode=True):
                if "error" in event:
                    return str(event["error"])
        except docker.errors.APIError as error:
            return str(error.explanation or error)
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Source:
    """One image to copy from."""

    client: docker.DockerClient
    reference: str
    image: Mapping[str, Any]
    target: Target
    progress: Progress
    cache: Cache

    def sysroot(self) -> Path:
        """Return the tree of what a sysroot needs."""
        return self.cache.tree(self._key("sysroot"), lambda new, _final: self._copy_sysroot(new))

    def python(self, version: str) -> Path | None:
        """Return the ``build-details.json`` of the image's CPython ``version``, None if the image has no CPython."""
        if self.cache.record(self._no_python_key) is not None:
            self._note_no_python()
            return None
        key = self._key(f"python{version}")
        try:
            tree = self.cache.tree(key, partial(self._copy_python, version))
        except _NoPythonError:
            self.cache.write_record(self._no_python_key, {})
            self._note_no_python()
            return None
        return _stdlib(tree, version) / DETAILS_FILE

    @property
    def _no_python_key(self) -> str:
        return f"image without Python {self.image['Id']}"

    def _note_no_python(self) -> None:
        self.progress.note(f"the image {self.reference} has no /{PYTHONS}: the target's Python comes from the archive")

    def _key(self, part: str) -> str:
        content = json.dumps([_REVISION, self.image["Id"], part])
        return f"image-{part}-{self.target.name}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"

    def _copy_sysroot(self, new: Path) -> None:
        copy = Copy(tree=RootedTree(new), source=self.reference)
        with self.progress.step(f"Copying the sysroot from {self.reference}"), self._container() as container:
            for place in _PLACES:
                container.copy(place, copy, to=place, wanted=partial(_is_of_sysroot, place))
        copy.check()
        write_record(new, image_id=self.image["Id"], digests=self.image.get("RepoDigests") or ())

    def _copy_python(self, version: str, new: Path, _final: Path) -> None:
        tag = python_tag(version)
        copy = Copy(tree=RootedTree(new), source=self.reference)
        with self.progress.step(f"Copying CPython {version} from {self.reference}"), self._container() as container:
            place = container.follow(f"{PYTHONS}/{tag}")
            if place is None:
                raise self._no_such_python(container, version)
            container.copy(place, copy, to=f"{PYTHONS}/{tag}", wanted=is_of_python)
            copy.check()
            # Libraries that only this Python has, such as manylinux's /opt/_internal/sqlite3/lib.
            for folder in library_folders(new / PYTHONS / tag, prefix=f"/{place}"):
                container.copy(folder, copy, to=LIBRARIES, wanted=is_library)
        copy.check()
        stdlib = _stdlib(new, version)
        if not (stdlib / "os.py").is_file():
            raise EngineError(
                f"the image {self.reference} has no standard library in /{PYTHONS}/{tag}/lib/python{version}",
                hint="use an image whose /opt/python is laid out as manylinux's",
            )
        write_details(stdlib, prefix=new / PYTHONS / tag, target=self.target)
        write_variables(stdlib, target=self.target)

    def _no_such_python(self, container: _Container, version: str) -> Exception:
        there = container.names(PYTHONS)
        if there is None:
            return _NoPythonError()
        listed = ", ".join(sorted(there)) or "nothing"
        return EngineError(
            f"the image {self.reference} has no CPython {version}: there is no /{PYTHONS}/{python_tag(version)}, "
            f"but {listed}",
            hint="choose one of these with --python (cp314-cp314t is 3.14t)",
        )

    @contextmanager
    def _container(self) -> Iterator[_Container]:
        """Create a container of the image, which is not started, and remove it at the end."""
        name = labels.run_name()
        try:
            with engine_errors(f"creating a container of {self.reference}"):
                self.client.api.create_container(
                    self.image["Id"],
                    name=name,
                    command=["none"],  # an image need not have one, and it is never started
                    labels=labels.run_marks(),
                    platform=f"linux/{image_architecture(self.target)}",
                    network_disabled=True,
                )
            with engine_errors(f"copying from the image {self.reference}"):
                yield _Container(client=self.client, name=name)
        finally:
            remove_run(self.client, name)


class _NoPythonError(Exception):
    """The image has no folder of Pythons."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Container:
    """A container that is never started. Places in it are relative to its root."""

    client: docker.DockerClient
    name: str

    def copy(self, place: str, copy: Copy, *, to: str, wanted: Callable[[str], bool]) -> None:
        """Copy what is ``wanted`` of ``place``, if that is there; a link is copied as a link."""
        opened = self._open(place)
        if opened is None:
            return
        for inside in filter(None, copy.add(opened[0], to=to, wanted=wanted)):
            self.copy(f"{place}/{inside}", copy, to=f"{to}/{inside}", wanted=wanted)

    def follow(self, place: str) -> str | None:
        """Return where ``place`` really is, if it is a link; None if nothing is there."""
        for _ in range(_MOST_LINKS):
            opened = self._open(place)
            if opened is None:
                return None
            chunks, stat = opened
            if not stat["mode"] & _GO_SYMLINK:
                return place
            with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
                link = archive.getmembers()[0].linkname
            place = posixpath.normpath(f"/{posixpath.dirname(place)}/{link}" if link[:1] != "/" else link).lstrip("/")
        return None

    def names(self, place: str) -> frozenset[str] | None:
        """Return the names in the folder ``place``; None if it is not there."""
        opened = self._open(place)
        if opened is None:
            return None
        stream = cast("IO[bytes]", Chunks(opened[0]))
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            parts = (member.name.strip("/").split("/") for member in itertools.islice(archive, _MOST_LISTED))
            return frozenset(each[1] for each in parts if len(each) > 1)

    def _open(self, place: str) -> tuple[Iterator[bytes], Mapping[str, Any]] | None:
        try:
            chunks, stat = self.client.api.get_archive(self.name, f"/{place}")
        except docker.errors.NotFound as error:
            if "no such container" not in str(error).lower():
                return None
            raise EngineError(
                "somebody else removed the container that files are copied from", hint="run the same command again"
            ) from error
        return iter(chunks), stat


def _is_of_sysroot(place: str, inside: str) -> bool:
    return is_of_sysroot(f"{place}/{inside}")


def _stdlib(tree: Path, version: str) -> Path:
    return tree / PYTHONS / python_tag(version) / "lib" / f"python{version}"


def library_folders(python: Path, *, prefix: str) -> tuple[str, ...]:
    """Return the folders, relative to the image's root, in which the ELF files of ``python`` look for libraries.

    ``prefix`` is where the files in ``python`` are in the image.
    """
    found: dict[str, None] = {}
    for file in (*sorted(python.glob("bin/*")), *sorted(python.glob("lib/python3*/lib-dynload/*.so"))):
        origin = posixpath.dirname(f"{prefix}/{file.relative_to(python)}")
        for folder in _search_path(file):
            expanded = folder.replace("${ORIGIN}", origin).replace("$ORIGIN", origin)
            found[posixpath.normpath(expanded).lstrip("/")] = None
    # Those of the system are in the sysroot.
    return tuple(folder for folder in found if folder.startswith("opt/"))


def _search_path(file: Path) -> tuple[str, ...]:
    try:
        with file.open("rb") as stream:
            elf = read_elf(stream)
    except (OSError, ElfError):
        return ()
    return elf.runpath or elf.rpath
