"""Debian's archive: verified Release files, indexes and packages, through the cache."""

from __future__ import annotations

import hashlib
import lzma
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from xbuild.errors import ProvisionError
from xbuild.files import atomic_write
from xbuild.progress import Progress, SilentProgress
from xbuild.provision.cache import digest_error, digest_file
from xbuild.provision.debian.catalog import Catalog, debian_catalog
from xbuild.provision.debian.index import PackageIndex, dump_index, load_index, parse_index
from xbuild.provision.debian.release import IndexFile, Release, load_certificates, parse_release, verify_release
from xbuild.provision.download import Download, Downloader, FileMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from xbuild.provision.cache import Cache
    from xbuild.provision.debian.index import Package
    from xbuild.provision.debian.sources import ArchiveSettings

_LARGEST_RELEASE = 8 << 20
_OFFLINE_HINT = "run `xbuild target fetch TARGET`, or the same command without --offline, once with a network"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Archive:
    """The archive that ``settings`` name. Nothing it returns is unverified; ``offline`` it uses the cache alone."""

    settings: ArchiveSettings
    cache: Cache
    progress: Progress = field(default_factory=SilentProgress)
    offline: bool = False
    clock: Callable[[], datetime] = _now
    catalog: Catalog = field(default_factory=debian_catalog)
    downloader: Downloader = field(default_factory=Downloader)
    _suites: dict[str, Suite] = field(default_factory=dict, init=False, repr=False, compare=False)
    _certificates: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)

    def suite(self, name: str) -> Suite:
        """Return the suite called ``name`` (a codename) with its verified Release file, fetched once per archive.

        Raises :class:`ProvisionError` if it cannot be had, is not signed by Debian, is not of that suite, or is out of
        date; :class:`FileMissingError` if the mirror does not have the suite.
        """
        if name not in self._suites:
            kept = self._kept_release(name)
            if self.offline:
                if kept is None:
                    raise ProvisionError(
                        f"offline: the Release file of {name} from {self.settings.url} is not in the cache",
                        hint=_OFFLINE_HINT,
                    )
                release = kept
            else:
                release = self._fetch_release(name, kept)
            self._suites[name] = Suite(archive=self, name=name, release=release)
        return self._suites[name]

    def fetch(self, packages: Iterable[Package]) -> Mapping[Package, Path]:
        """Return the verified ``.deb`` of each package, downloading in parallel what the cache does not have.

        Raises :class:`ProvisionError` for a file that is not what the index says (it does not enter the cache), that
        cannot be had, or that does not fit on the disk.
        """
        found = {package: self.cache.find_blob(package.sha256, package.size) for package in packages}
        missing = [package for package, path in found.items() if path is None]
        if missing:
            names = ", ".join(f"{package.name} {package.version}" for package in missing)
            if self.offline:
                raise ProvisionError(f"offline: not in the cache: {names}", hint=_OFFLINE_HINT)
            wanted = {package.sha256: (package.filename, package.size) for package in missing}
            self._transfer(wanted, title="Downloading packages", accept=self._keep)
        return {package: path or self.cache.blob_path(package.sha256) for package, path in found.items()}

    def _keep(self, download: Download) -> None:
        self.cache.insert_blob(download.path, download.path.name, origin=download.url)

    def url_of(self, path: str) -> str:
        """Return the address of a file of the mirror."""
        return f"{self.settings.url}/{quote(path, safe='/+~:')}"

    # Release files

    def _release_url(self, name: str) -> str:
        return self.url_of(f"dists/{name}/InRelease")

    def _release_place(self, name: str) -> tuple[str, ...]:
        mirror = hashlib.sha256(self.settings.url.encode()).hexdigest()[:16]
        return "releases", mirror, name

    def _trusted(self) -> list[Any]:
        if not self._certificates:
            for path in self.settings.keyrings:
                if not path.is_file():
                    raise ProvisionError(f"{path}: no such file", hint=f"{self.settings.origin} says signed-by={path}")
            keyrings = (self.catalog.keyring, *self.catalog.machine_keyrings, *self.settings.keyrings)
            self._certificates.extend(load_certificates(keyrings))
        return self._certificates

    def _read_release(self, name: str, content: bytes) -> Release:
        url = self._release_url(name)
        signed = verify_release(content, certificates=self._trusted(), url=url)
        release = parse_release(signed, url=url)
        if name not in (release.codename, release.suite):
            raise ProvisionError(
                f"{url} is signed, but for another suite: expected {name}, found {release.codename}",
                hint="the mirror is set up wrongly or was tampered with; use another one (XBUILD_ARCHIVE)",
            )
        return release

    def _kept_release(self, name: str) -> Release | None:
        """Return the Release file that was last fetched; verified again, because a cache is only a directory."""
        try:
            return self._read_release(name, self.cache.find(*self._release_place(name)).read_bytes())
        except (OSError, ProvisionError):
            return None

    def _fetch_release(self, name: str, kept: Release | None) -> Release:
        content = self._fetch_bytes(self._release_url(name), limit=_LARGEST_RELEASE)
        release = self._read_release(name, content)
        self._check_age(name, release)
        if kept is not None and release.date < kept.date:
            self.progress.note(
                f"{self._release_url(name)} is of {release.date:%Y-%m-%d %H:%M}, older than the one seen before"
                f" ({kept.date:%Y-%m-%d %H:%M}): the older one is not used"
            )
            return kept
        with self.cache.disk_errors():
            atomic_write(self.cache.root.joinpath(*self._release_place(name)), content)
        return release

    def _check_age(self, name: str, release: Release) -> None:
        if not self.settings.check_valid_until or release.valid_until is None:
            return
        now = self.clock()
        if now > release.valid_until:
            raise ProvisionError(
                f"{self._release_url(name)} expired on {release.valid_until:%Y-%m-%d %H:%M} UTC,"
                f" and it is {now:%Y-%m-%d %H:%M} UTC: the mirror no longer follows Debian, or the clock is wrong",
                hint="use another mirror (XBUILD_ARCHIVE), or accept what this one has:"
                f" XBUILD_ARCHIVE='[check-valid-until=no] {self.settings.url}'",
            )

    # Downloads

    def read_verified(self, paths: Sequence[str], *, entry: IndexFile, title: str) -> bytes:
        """Return the content of the first of ``paths`` that the mirror has, which must be what ``entry`` says."""
        for path in paths[:-1]:
            try:
                return self._read_verified(path, entry=entry, title=title)
            except FileMissingError:
                continue
        return self._read_verified(paths[-1], entry=entry, title=title)

    def _read_verified(self, path: str, *, entry: IndexFile, title: str) -> bytes:
        content: list[bytes] = []

        def accept(download: Download) -> None:
            if (found := digest_file(download.path)) != entry.sha256:
                raise digest_error(download.url, expected=entry.sha256, found=found)
            content.append(download.path.read_bytes())

        self._transfer({entry.sha256: (path, entry.size)}, title=title, accept=accept)
        return content[0]

    def _fetch_bytes(self, url: str, *, limit: int) -> bytes:
        with self.cache.workspace() as work, self.cache.disk_errors():
            download = Download(url=url, path=work / "file", size=limit, exact=False)
            self.downloader.fetch([download], accept=lambda _download: None)
            return download.path.read_bytes()

    def _transfer(
        self, wanted: Mapping[str, tuple[str, int]], *, title: str, accept: Callable[[Download], None]
    ) -> None:
        """Fetch files, each under its SHA-256 as name, for ``accept`` to verify: ``wanted`` has path and size."""
        total = sum(size for _, size in wanted.values())
        self.cache.require_space(total, purpose=title)
        with (
            self.cache.workspace() as work,
            self.cache.disk_errors(),
            self.progress.transfer(title, total=total) as advance,
        ):
            downloads = [
                Download(url=self.url_of(path), path=work / sha256, size=size)
                for sha256, (path, size) in wanted.items()
            ]
            self.downloader.fetch(downloads, accept=accept, advance=advance)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """One suite of the archive, as its verified Release file describes it."""

    archive: Archive
    name: str
    release: Release
    _indexes: dict[str, PackageIndex] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def architectures(self) -> frozenset[str]:
        """What the suite has packages for (``all`` is not among them: those are in every index)."""
        return self.release.architectures

    @property
    def date(self) -> datetime:
        """When the suite was last published, in UTC."""
        return self.release.date

    def index(self, architecture: str) -> PackageIndex:
        """Return the packages for ``architecture``, those of architecture ``all`` among them; read once per suite.

        Raises :class:`ProvisionError` if the suite does not have the architecture or its index cannot be had.
        """
        if architecture not in self._indexes:
            self._indexes[architecture] = self._load(architecture)
        return self._indexes[architecture]

    def _load(self, architecture: str) -> PackageIndex:
        path = f"{self.archive.catalog.component}/binary-{architecture}/Packages.xz"
        entry = self.release.files.get(path)
        if architecture not in self.architectures or entry is None:
            raise ProvisionError(
                f"{self.name} has no packages for {architecture}",
                hint=f"it has: {', '.join(sorted(self.architectures))}",
            )
        origin = f"{self.name} ({architecture})"
        cache = self.archive.cache
        kept = cache.find("indexes", f"{entry.sha256}.json.gz")
        if kept.is_file():
            index = load_index(kept.read_bytes(), architecture=architecture, origin=origin)
            if index is not None:
                return index
        if self.archive.offline:
            raise ProvisionError(f"offline: the index of {origin} is not in the cache", hint=_OFFLINE_HINT)
        index = parse_index(self._fetch(path, entry), architecture=architecture, origin=origin)
        with cache.disk_errors():
            atomic_write(cache.root / "indexes" / f"{entry.sha256}.json.gz", dump_index(index))
        return index

    def _fetch(self, path: str, entry: IndexFile) -> str:
        plain = f"dists/{self.name}/{path}"
        by_hash = f"{plain.rpartition('/')[0]}/by-hash/SHA256/{entry.sha256}"
        # A mirror in the middle of an update still has the index of this Release file under its hash.
        paths = (by_hash, plain) if self.release.by_hash else (plain,)
        content = self.archive.read_verified(paths, entry=entry, title=f"Downloading the index of {self.name}")
        return lzma.decompress(content).decode("utf-8")
