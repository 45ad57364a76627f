"""The container of a build, with an engine that does as the test says."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

from xbuild.engines.container.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_put_into_it_never_lies_in_memory_as_a_whole(tmp_path: Path) -> None:
    wheel = tmp_path / "demo.whl"
    wheel.write_bytes(b"a wheel")
    arrived: dict[str, bytes | None] = {}

    def put_archive(name: str, folder: str, archive: Any) -> None:
        assert (name, folder) == ("it", "/xbuild/run")
        with tarfile.open(fileobj=archive, mode="r:") as tar:
            for member in tar:
                content = tar.extractfile(member)
                arrived[member.name] = content.read() if content else None

    client = Mock()
    client.api.put_archive = put_archive
    Sandbox(client, "it", scratch=tmp_path).put({"wheelhouse/demo.whl": wheel, "request.json": b"{}"})

    assert arrived == {"wheelhouse": None, "wheelhouse/demo.whl": b"a wheel", "request.json": b"{}"}
    assert list(tmp_path.iterdir()) == [wheel]
