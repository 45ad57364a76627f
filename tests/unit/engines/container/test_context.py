from __future__ import annotations

import io
import re
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from xbuild.engines.container.contents import Provisioned
from xbuild.engines.container.context import Context, ImageArchive, content_digest, image_archive, make_context
from xbuild.engines.container.self_wheel import SelfWheel
from xbuild.errors import EngineError
from xbuild.resources import data_path

if TYPE_CHECKING:
    from pathlib import Path

RISCV = Provisioned(target="riscv64", python="3.13")
CONTEXT = Context(
    archive=ImageArchive(),
    platform=None,
    contents=(RISCV,),
    containerfile=b"FROM x\n",
    wheel=SelfWheel(name="xbuild_wheels-1-py3-none-any.whl", content=b"wheel", requirements=()),
    constraints="click==8\n",
)


def read(tar: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return {member.name: file.read() for member in archive if (file := archive.extractfile(member)) is not None}


class TestArchive:
    def test_without_a_choice_the_base_images_own_sources_are_used(self) -> None:
        assert image_archive(None, {}) == ImageArchive()

    def test_an_address_is_for_apt_and_for_xbuild(self) -> None:
        found = image_archive(None, {"XBUILD_ARCHIVE": "[check-valid-until=no] http://mirror.example/debian/"})
        assert found.text == "[check-valid-until=no] http://mirror.example/debian"
        assert found.apt_source == "deb [check-valid-until=no] http://mirror.example/debian SUITE main"

    def test_the_option_wins_and_a_moment_of_the_past_is_not_expected_to_be_valid(self) -> None:
        found = image_archive(
            "https://s.example/debian/20260101T000000Z", {"XBUILD_ARCHIVE": "http://no.example/debian"}
        )
        assert found.text == "[check-valid-until=no] https://s.example/debian/20260101T000000Z"

    def test_keyrings_come_along(self, tmp_path: Path) -> None:
        (tmp_path / "key.asc").write_bytes(b"key")
        found = image_archive(f"[signed-by={tmp_path}/key.asc] http://mirror.example/debian", {})
        assert found.text == "[signed-by=/opt/xbuild/keyrings/0.asc] http://mirror.example/debian"
        assert found.keyrings == {"0.asc": b"key"}

    def test_a_keyring_that_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(EngineError) as caught:
            image_archive(f"[signed-by={tmp_path}/key.asc] http://mirror.example/debian", {})
        assert caught.value.message == f"{tmp_path}/key.asc: No such file or directory"
        assert caught.value.hint == f"the archive option says signed-by={tmp_path}/key.asc"

    def test_a_folder_of_this_machine_is_out_of_a_containers_reach(self, tmp_path: Path) -> None:
        with pytest.raises(EngineError) as caught:
            image_archive(str(tmp_path), {})
        assert caught.value.message == (
            f"a container cannot read the archive file://{tmp_path}: it is a folder of this machine"
        )

    def test_a_password_does_not_get_into_an_image(self) -> None:
        with pytest.raises(EngineError) as caught:
            image_archive("https://me:secret@mirror.example/debian", {})
        assert caught.value.message == (
            "the address of the archive on mirror.example holds a password, which would stay in the image"
        )


class TestDigests:
    def test_content_is_xbuild_its_requirements_and_the_containerfile(self) -> None:
        wheel = replace(CONTEXT.wheel, content=b"other")
        changed = [
            replace(CONTEXT, containerfile=b"FROM y\n"),
            replace(CONTEXT, wheel=wheel),
            replace(CONTEXT, constraints=""),
        ]
        assert len({context.content for context in (CONTEXT, *changed)}) == 4

    def test_inputs_are_also_the_archive_the_platform_and_the_base(self) -> None:
        changed = [
            replace(CONTEXT, archive=ImageArchive(text="http://mirror.example/debian")),
            replace(CONTEXT, platform="linux/arm64"),
        ]
        assert {context.content for context in changed} == {CONTEXT.content}
        digests = {context.inputs("sha256:1") for context in (CONTEXT, *changed)} | {CONTEXT.inputs("sha256:2")}
        assert len(digests) == 4

    def test_what_is_provisioned_is_not_among_them(self) -> None:
        assert replace(CONTEXT, contents=()).inputs("sha256:1") == CONTEXT.inputs("sha256:1")

    def test_every_image_of_this_xbuild_has_the_same_content(self) -> None:
        zig = Provisioned(target="aarch64", python="3.14", toolchain="zig")
        assert make_context((zig,), archive=ImageArchive(), platform=None).content == content_digest()


class TestTar:
    def test_the_same_files_give_the_same_bytes(self) -> None:
        assert CONTEXT.tar({}, labels={"a": "1"}) == CONTEXT.tar({}, labels={"a": "1"})

    def test_it_has_what_the_containerfile_copies(self) -> None:
        members = read(CONTEXT.tar({}, labels={}))
        assert members["wheel/xbuild_wheels-1-py3-none-any.whl"] == b"wheel"
        assert members["constraints.txt"] == b"click==8\n"
        assert members["settings/environ"] == b""
        sources = re.findall(
            r"^COPY (?!--from)(\S+)", data_path("containers", "Containerfile").read_text(), re.MULTILINE
        )
        tops = {name.partition("/")[0] for name in members} | {"keyrings"}
        assert set(sources) <= tops

    def test_labels_are_quoted_for_the_containerfile(self) -> None:
        members = read(CONTEXT.tar({}, labels={"b": 'say "$HOME" \\', "a": "1"}))
        assert members["Containerfile"] == b'FROM x\nLABEL a="1" b="say \\"\\$HOME\\" \\\\"\n'

    def test_settings_are_shell(self, tmp_path: Path) -> None:
        (tmp_path / "ca.pem").write_bytes(b"certificates")
        environ = {"PIP_INDEX_URL": "https://x.example/it's", "SSL_CERT_FILE": str(tmp_path / "ca.pem")}
        members = read(CONTEXT.tar(environ, labels={}))
        assert members["settings/ca.pem"] == b"certificates"
        assert members["settings/environ"].decode().splitlines() == [
            "export CURL_CA_BUNDLE=/tmp/settings/ca.pem",
            "export PIP_CERT=/tmp/settings/ca.pem",
            """export PIP_INDEX_URL='https://x.example/it'"'"'s'""",
            "export REQUESTS_CA_BUNDLE=/tmp/settings/ca.pem",
            "export SSL_CERT_FILE=/tmp/settings/ca.pem",
        ]


def test_build_arguments_are_those_of_the_containerfile() -> None:
    zig = Provisioned(target="aarch64", python="3.14", toolchain="zig")
    archive = ImageArchive(text="http://m.example/debian", apt_source="deb http://m.example/debian SUITE main")
    context = replace(CONTEXT, archive=archive, contents=(RISCV, zig))
    arguments = context.build_arguments("sha256:1")
    assert arguments == {
        "BASE": "sha256:1",
        "ARCHIVE": "http://m.example/debian",
        "APT_SOURCE": "deb http://m.example/debian SUITE main",
        "EXTRAS": "[zig]",
        "FETCH": "riscv64 --python 3.13 --toolchain gcc;aarch64 --python 3.14 --toolchain zig",
    }
    declared = re.findall(r"^ARG (\w+)", data_path("containers", "Containerfile").read_text(), re.MULTILINE)
    assert {*arguments, "STAGE"} == set(declared)
