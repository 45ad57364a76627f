"""A small, real, signed Debian archive on disk, made without any Debian tool.

    archive = MiniArchive(tmp_path / "mirror")
    archive.add("trixie", MiniDeb(name="hello", architecture="riscv64", files={"usr/bin/hello": b"..."}))
    archive.publish()
    settings = ArchiveSettings(url=archive.url, keyrings=(archive.keyring,))
    environ = {"XBUILD_ARCHIVE": archive.setting(server.url)}   # for the command line

``publish`` may be called again after more was added. What it wrote can be tampered with afterwards: ``release_path``,
``packages_path`` and ``deb_path`` say where things are.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import shutil
import tarfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pysequoia

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, kw_only=True)
class MiniDeb:
    """One package. ``files`` maps a path (no leading slash) to content; ``links`` to what a symbolic link names.

    ``members`` are raw entries for the data archive, for what no honest package has (``../``, absolute paths, devices).
    ``fields`` are further control fields: ``{"Depends": "libc6"}``.
    """

    name: str
    version: str = "1.0-1"
    architecture: str = "all"
    files: Mapping[str, bytes] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    executables: Sequence[str] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    members: Sequence[tuple[tarfile.TarInfo, bytes]] = ()
    compression: str = "xz"

    @property
    def filename(self) -> str:
        """Where in the mirror it is."""
        version = self.version.partition(":")[2] or self.version
        return f"pool/main/{self.name[0]}/{self.name}/{self.name}_{version}_{self.architecture}.deb"

    def control(self) -> str:
        """Its control stanza."""
        fixed = {"Package": self.name, "Version": self.version, "Architecture": self.architecture}
        fixed |= {"Maintainer": "Nobody <nobody@example.org>", "Description": "a package for tests\n with more text"}
        return "".join(f"{key}: {value}\n" for key, value in (fixed | dict(self.fields)).items())

    def to_bytes(self) -> bytes:
        """The ``.deb`` file: an ar archive of a version, control.tar and data.tar."""
        control = _tar([_file("./control", self.control().encode())], "xz")
        suffix = f".{self.compression}" if self.compression else ""
        data = _tar([*self._data_members(), *self.members], self.compression)
        members = {"debian-binary": b"2.0\n", "control.tar.xz": control, f"data.tar{suffix}": data}
        return b"!<arch>\n" + b"".join(_ar_member(name, content) for name, content in members.items())

    def _data_members(self) -> Iterable[tuple[tarfile.TarInfo, bytes]]:
        paths = (*self.files, *self.links)
        folders = {str(parent) for path in paths for parent in Path(path).parents} - {"."}
        for folder in [".", *sorted(f"./{folder}" for folder in folders)]:
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            yield info, b""
        for path, content in self.files.items():
            yield _file(f"./{path}", content, mode=0o755 if path in self.executables else 0o644)
        for path, target in self.links.items():
            info = tarfile.TarInfo(f"./{path}")
            info.type, info.linkname = tarfile.SYMTYPE, target
            yield info, b""


@dataclass(frozen=True, kw_only=True)
class MiniSuite:
    """What a Release file says besides its indexes."""

    suite: str
    date: datetime = datetime(2026, 10, 1, 12, tzinfo=UTC)
    valid_until: datetime | None = None
    architectures: tuple[str, ...] = ("amd64", "arm64", "riscv64", "ppc64el")
    by_hash: bool = True


DEFAULT_SUITES = {
    "bookworm": MiniSuite(suite="oldstable", architectures=("amd64", "arm64", "ppc64el")),
    "trixie": MiniSuite(suite="stable"),
    "forky": MiniSuite(suite="testing"),
    "sid": MiniSuite(suite="unstable"),
}


class MiniArchive:
    """A mirror in ``root``, signed by a key of its own."""

    def __init__(self, root: Path, *, suites: Mapping[str, MiniSuite] | None = None) -> None:
        self.root = root
        self.suites = dict(DEFAULT_SUITES if suites is None else suites)
        self.key = pysequoia.Tsk.generate(user_id="Mini archive <archive@example.org>")
        self.packages: dict[str, list[MiniDeb]] = {name: [] for name in self.suites}
        self.keyring = root.parent / f"{root.name}-keyring.asc"
        root.mkdir(parents=True, exist_ok=True)
        self.keyring.write_text(str(self.key.extract_certificate()), "utf-8")

    @property
    def url(self) -> str:
        """Its address without a server."""
        return self.root.as_uri()

    def setting(self, url: str | None = None, *options: str) -> str:
        """The value of XBUILD_ARCHIVE that makes xbuild use it and trust its key."""
        return f"[{' '.join([f'signed-by={self.keyring}', *options])}] {url or self.url}"

    def add(self, suite: str, *debs: MiniDeb) -> None:
        """Put packages into a suite; those of architecture ``all`` are in each of its indexes."""
        self.packages[suite] += debs

    def publish(self) -> None:
        """Write the pool, the indexes and the signed Release files."""
        for name in self.suites:
            self.publish_suite(name)

    def publish_suite(self, name: str) -> None:
        """Write what belongs to one suite."""
        folder = self.root / "dists" / name
        shutil.rmtree(folder, ignore_errors=True)
        entries = []
        for architecture in self.suites[name].architectures:
            text = "\n".join(
                self._stanza(deb) for deb in self.packages[name] if deb.architecture in ("all", architecture)
            )
            for suffix, content in ((".xz", lzma.compress(text.encode(), preset=0)), ("", text.encode())):
                path = f"main/binary-{architecture}/Packages{suffix}"
                entries.append((_sha256(content), len(content), path))
                if suffix:
                    self._write_index(folder / path, content, by_hash=self.suites[name].by_hash)
        self.sign(name, self._release(name, entries))

    def sign(self, name: str, release: str) -> None:
        """Write a suite's InRelease file."""
        signed = pysequoia.sign(self.key.signer(), release.encode(), mode=pysequoia.SignatureMode.CLEAR)
        self.release_path(name).write_bytes(signed)

    def release_path(self, suite: str) -> Path:
        """The suite's InRelease file."""
        return self.root / "dists" / suite / "InRelease"

    def packages_paths(self, suite: str, architecture: str) -> tuple[Path, ...]:
        """The suite's index, under each name it has."""
        folder = self.root / "dists" / suite / "main" / f"binary-{architecture}"
        return (folder / "Packages.xz", *(folder / "by-hash" / "SHA256").glob("*"))

    def deb_path(self, deb: MiniDeb) -> Path:
        """The package in the pool."""
        return self.root / deb.filename

    def _stanza(self, deb: MiniDeb) -> str:
        content = deb.to_bytes()
        path = self.deb_path(deb)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return f"{deb.control()}Filename: {deb.filename}\nSize: {len(content)}\nSHA256: {_sha256(content)}\n"

    def _release(self, name: str, entries: Iterable[tuple[str, int, str]]) -> str:
        facts = self.suites[name]
        fields = {
            "Origin": "Debian",
            "Suite": facts.suite,
            "Codename": name,
            "Date": format_datetime(facts.date).replace("+0000", "UTC"),
            "Valid-Until": format_datetime(facts.valid_until).replace("+0000", "UTC") if facts.valid_until else "",
            "Acquire-By-Hash": "yes" if facts.by_hash else "",
            "Architectures": " ".join(("all", *facts.architectures)),
            "Components": "main",
            "SHA256": "".join(f"\n {sha256} {size} {path}" for sha256, size, path in entries),
        }
        return "".join(f"{key}: {value}\n" for key, value in fields.items() if value)

    @staticmethod
    def _write_index(path: Path, content: bytes, *, by_hash: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if by_hash:
            other = path.parent / "by-hash" / "SHA256" / _sha256(content)
            other.parent.mkdir(parents=True, exist_ok=True)
            other.write_bytes(content)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _file(name: str, content: bytes, *, mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    return info, content


def _tar(members: Iterable[tuple[tarfile.TarInfo, bytes]], compression: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    match compression:
        case "xz":
            return lzma.compress(buffer.getvalue(), preset=0)
        case "gz":
            import gzip

            return gzip.compress(buffer.getvalue(), mtime=0)
        case "":
            return buffer.getvalue()
        case _:
            raise ValueError(compression)


def _ar_member(name: str, content: bytes) -> bytes:
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
    return header + content + b"\n" * (len(content) % 2)
