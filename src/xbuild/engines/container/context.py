"""What an image is built from: the files of its build context, its build arguments, and the digest of what matters."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shlex
import tarfile
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xbuild.engines.container import settings
from xbuild.engines.container.self_wheel import installed_closure, self_wheel
from xbuild.errors import EngineError
from xbuild.provision.debian.sources import ArchiveSettings
from xbuild.resources import data_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xbuild.engines.container.contents import Provisioned
    from xbuild.engines.container.self_wheel import SelfWheel

CONTAINERFILE = "Containerfile"
_SETTINGS = "/tmp/settings"  # noqa: S108, a folder of the image's build
_KEYRINGS = "/opt/xbuild/keyrings"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageArchive:
    """The archive that an image is provisioned from.

    ``text`` is as in ``XBUILD_ARCHIVE``, with names of files in the image; empty for the base image's own sources.
    ``keyrings`` are the files it names, by their names in the context.
    """

    text: str = ""
    apt_source: str = ""
    keyrings: Mapping[str, bytes] = field(default_factory=dict)


def image_archive(option: str | None, environ: Mapping[str, str]) -> ImageArchive:
    """Return the archive that the option or ``XBUILD_ARCHIVE`` names, as a container can use it.

    Raises :class:`EngineError` for one that it cannot: on this machine's disk, or with a password that would stay in
    the image.
    """
    if not (option or environ.get("XBUILD_ARCHIVE")):
        return ImageArchive()
    chosen = ArchiveSettings.discover(option, environ)
    parts = urlsplit(chosen.url)
    if parts.scheme == "file":
        raise EngineError(
            f"a container cannot read the archive {chosen.url}: it is a folder of this machine",
            hint="serve it by HTTP, or leave --archive and XBUILD_ARCHIVE out: the image's own sources are used then",
        )
    if parts.password:
        raise EngineError(
            f"the address of the archive on {parts.hostname} holds a password, which would stay in the image",
            hint="use a mirror that asks for none inside containers",
        )
    keyrings = {}
    for number, path in enumerate(chosen.keyrings):
        try:
            keyrings[f"{number}{path.suffix}"] = path.read_bytes()
        except OSError as error:
            raise EngineError(f"{path}: {error.strerror}", hint=f"{chosen.origin} says signed-by={path}") from error
    options = [] if chosen.check_valid_until else ["check-valid-until=no"]
    if keyrings:
        options.append("signed-by=" + ",".join(f"{_KEYRINGS}/{name}" for name in keyrings))
    bracket = f"[{' '.join(options)}] " if options else ""
    return ImageArchive(
        text=f"{bracket}{chosen.url}", apt_source=f"deb {bracket}{chosen.url} SUITE main", keyrings=keyrings
    )


@dataclass(frozen=True, kw_only=True)
class Context:
    """The build context of an image with ``contents``."""

    archive: ImageArchive
    platform: str | None
    contents: Sequence[Provisioned]
    containerfile: bytes
    wheel: SelfWheel
    constraints: str

    @cached_property
    def content(self) -> str:
        """The digest of xbuild itself, what it requires, and the Containerfile."""
        return _digest(self.containerfile, self.wheel.content, self.constraints.encode())

    def inputs(self, base: str) -> str:
        """Return the digest of all that the image is made from but ``contents``; ``base`` is the base image's ID."""
        archive = [self.archive.text, *(content.hex() for content in self.archive.keyrings.values())]
        return _digest(json.dumps([self.content, archive, self.platform, base]).encode())

    def build_arguments(self, base: str) -> dict[str, str]:
        """Return the Containerfile's arguments."""
        return {
            "BASE": base,
            "ARCHIVE": self.archive.text,
            "APT_SOURCE": self.archive.apt_source,
            "EXTRAS": "[zig]" if any(each.toolchain == "zig" for each in self.contents) else "",
            "FETCH": ";".join(shlex.join(each.fetch_arguments()) for each in self.contents),
        }

    def tar(self, environ: Mapping[str, str], *, labels: Mapping[str, str]) -> bytes:
        """Return the context, with what ``environ`` says of networks, as a tar file. The same files, the same bytes.

        ``labels`` are the image's. Given to Podman beside the context they would be those of its stages, too.
        """
        variables = settings.pip_settings(environ)
        bundle = settings.certificates(environ)
        files = {
            CONTAINERFILE: self.containerfile + _label_instruction(labels).encode(),
            "constraints.txt": self.constraints.encode(),
            f"wheel/{self.wheel.name}": self.wheel.content,
            **{f"keyrings/{name}": content for name, content in self.archive.keyrings.items()},
        }
        if bundle is not None:
            files["settings/ca.pem"] = bundle
            variables |= settings.certificate_settings(f"{_SETTINGS}/ca.pem")
        exports = [f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items())]
        files["settings/environ"] = "".join(exports).encode()
        return _tar(files, folders=("keyrings", "settings", "wheel"))


def make_context(contents: Sequence[Provisioned], *, archive: ImageArchive, platform: str | None) -> Context:
    """Return the context of an image with ``contents``, made from the xbuild that runs."""
    wheel = self_wheel()
    return Context(
        archive=archive,
        platform=platform,
        contents=contents,
        containerfile=data_path("containers", CONTAINERFILE).read_bytes(),
        wheel=wheel,
        constraints="".join(f"{pin}\n" for pin in installed_closure(wheel.requirements, extras=("zig",))),
    )


def content_digest() -> str:
    """Return :attr:`Context.content` of every image that this xbuild makes."""
    return make_context((), archive=ImageArchive(), platform=None).content


def _label_instruction(labels: Mapping[str, str]) -> str:
    quoted = {name: re.sub(r'(["\\$])', r"\\\1", value) for name, value in labels.items()}
    return "LABEL " + " ".join(f'{name}="{value}"' for name, value in sorted(quoted.items())) + "\n"


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def _tar(files: Mapping[str, bytes], *, folders: Sequence[str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for folder in folders:
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(info)
        for name, content in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o644
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()
