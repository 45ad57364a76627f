"""``xbuild details``: results on standard output, words on standard error, statuses a package's test can use."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import jsonschema
import pytest
from tests.support.details_cases import FILES, TREES

from xbuild.cli import main
from xbuild.details import CODES, load, schema

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]
ARM = TREES / "debian-3.14-armv7l"
RISCV = TREES / "debian-3.14-riscv64"
GOOD = TREES / "good-3.14-riscv64"


def copy(tree: Path, tmp_path: Path) -> Path:
    shutil.copytree(tree, tmp_path / "tree")
    [file] = (tmp_path / "tree").rglob("build-details*.json")
    return file


def test_check_a_good_file(capsys: Captured) -> None:
    assert main(["details", "check", str(GOOD)]) == 0
    assert capsys.readouterr() == ("", "1 file checked: nothing found\n")


def test_check_a_directory(capsys: Captured) -> None:
    assert main(["details", "check", str(ARM), str(RISCV)]) == 10
    out, err = capsys.readouterr()
    assert err == "2 files checked: 9 errors, 2 warnings, 2 notes\n"
    file = ARM / "usr/lib/python3.14/build-details..arm-linux-gnueabihf.json"
    assert out.splitlines()[1:3] == [
        f'{file}:5:3: error XBD139: /platform: "linux-armv8l" is "linux-armv7l" in wheel tags',
        '    repair writes "linux-armv7l", from _sysconfig_vars__linux_arm-linux-gnueabihf.json: MULTIARCH',
    ]


def test_warnings_fail_only_if_strict(tmp_path: Path, capsys: Captured) -> None:
    file = copy(GOOD, tmp_path)
    file = file.rename(file.with_name("build-details..riscv64-linux-gnu.json"))
    assert main(["details", "check", str(file)]) == 0
    assert capsys.readouterr().err == "1 file checked: 1 warning\n"
    assert main(["details", "check", "--strict", str(file)]) == 10


def test_check_as_json(capsys: Captured) -> None:
    assert main(["details", "check", "--json", str(RISCV)]) == 10
    found = json.loads(capsys.readouterr().out)
    assert [each["code"] for each in found] == ["XBD106", "XBD121", "XBD122", "XBD124", "XBD127", "XBD163"]
    assert found[1]["fix"]["value"] == ".cpython-314-riscv64-linux-gnu.so"


def test_check_for_github(capsys: Captured) -> None:
    assert main(["details", "check", "--format", "github", str(RISCV)]) == 10
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" ", 1)[0] for line in lines] == ["::warning", *["::error"] * 4, "::notice"]


def test_check_as_sarif(capsys: Captured) -> None:
    assert main(["details", "check", "--format", "sarif", str(RISCV)]) == 10
    [run] = json.loads(capsys.readouterr().out)["runs"]
    assert len(run["results"]) == 6


def test_a_directory_without_files(tmp_path: Path, capsys: Captured) -> None:
    assert main(["details", "check", str(tmp_path)]) == 10
    assert capsys.readouterr().err == (
        f"error: {tmp_path}: no build-details file in or under it\nhint: 'xbuild details synthesise' makes one\n"
    )


def test_explain(capsys: Captured) -> None:
    assert main(["details", "explain", "xbd130"]) == 0
    assert capsys.readouterr().out == (
        "XBD130 (error): platform is empty\n\n"
        "Builds cross-compiled without `_PYTHON_HOST_PLATFORM` write an empty string.\n\n"
        "PEP 739, platform; cpython#140266: https://github.com/python/cpython/issues/140266\n"
    )
    assert main(["details", "explain", "--json", "XBD130"]) == 0
    code = CODES["XBD130"]
    assert json.loads(capsys.readouterr().out) == {
        "code": "XBD130",
        "severity": "error",
        "title": code.title,
        "explanation": code.explanation,
        "reference": code.reference,
        "url": code.url,
    }
    assert main(["details", "explain", "XBD999"]) == 2
    assert capsys.readouterr().err.startswith("error: unknown code 'XBD999'\nhint: the codes are XBD101, ")


def test_show(capsys: Captured) -> None:
    assert main(["details", "show", str(GOOD)]) == 0
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert rows["file"] == str(GOOD / "lib/python3.14/build-details.json")
    assert rows["base_prefix"] == str(GOOD)
    assert rows["abi.extension_suffix"] == ".cpython-314-riscv64-linux-gnu.so"
    assert rows["abi.flags"] == "-"


def test_show_as_json(capsys: Captured) -> None:
    assert main(["details", "show", "--json", str(GOOD)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == json.loads((GOOD / "lib/python3.14/build-details.json").read_bytes())


def test_show_what_is_not_there(tmp_path: Path, capsys: Captured) -> None:
    assert main(["details", "show", str(tmp_path)]) == 10
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}: no build-details file\n")


def test_show_what_is_broken(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "build-details.json"
    file.write_text("{}")
    assert main(["details", "show", "--json", str(file)]) == 10
    assert json.loads(capsys.readouterr().out)["error"]["exit_status"] == 10


def test_repair_prints_a_diff_and_changes_nothing(tmp_path: Path, capsys: Captured) -> None:
    file = copy(ARM, tmp_path)
    before = file.read_bytes()
    for options in ([], ["--diff"]):
        assert main(["details", "repair", *options, str(file)]) == 0
        out, err = capsys.readouterr()
        assert out.startswith(f"--- {file}\n+++ {file} (repaired)\n")
        assert '-  "platform": "linux-armv8l",\n+  "platform": "linux-armv7l",\n' in out
        assert err.startswith("/platform: from _sysconfig_vars__linux_arm-linux-gnueabihf.json: MULTIARCH\n")
        assert file.read_bytes() == before


def test_repair_in_place(tmp_path: Path, capsys: Captured) -> None:
    file = copy(ARM, tmp_path)
    assert main(["details", "repair", "--in-place", "--relocatable", str(file)]) == 0
    assert load(file).base_prefix == "../.."
    assert "/base_prefix: from the same path, relative\n" in capsys.readouterr().err
    stamp = file.stat().st_mtime_ns
    assert main(["details", "repair", "--in-place", str(file)]) == 0
    assert capsys.readouterr() == ("", f"{file}: nothing to repair\n")
    assert file.stat().st_mtime_ns == stamp


def test_repair_to_another_file(tmp_path: Path, capsys: Captured) -> None:
    file, output = copy(RISCV, tmp_path), tmp_path / "new" / "build-details.json"
    assert main(["details", "repair", "-o", str(output), str(file)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["details", "repair", "-o", "-", str(file)]) == 0
    assert capsys.readouterr().out == output.read_text("utf-8")


def test_repair_keeps_permissions_and_links(tmp_path: Path) -> None:
    file = copy(RISCV, tmp_path)
    file.chmod(0o640)
    link = tmp_path / "link.json"
    link.symlink_to(file)
    assert main(["details", "repair", "-o", str(link), str(file)]) == 0
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert main(["details", "check", str(file)]) == 0


@pytest.mark.parametrize("output", ["file/new.json", "/proc/none/new.json", "link/new.json"])
def test_a_place_that_cannot_be_written(tmp_path: Path, output: str, capsys: Captured) -> None:
    file = copy(RISCV, tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    assert main(["details", "repair", "-o", str(tmp_path / output), str(file)]) == 2
    err = capsys.readouterr().err
    assert f"error: {tmp_path / output} cannot be written: " in err
    assert err.endswith("hint: name another file\n")


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert main(["details", "repair", "-o", str(pipe), str(copy(RISCV, tmp_path))]) == 0
    assert json.loads(os.read(reader, 65536))["abi"]["stable_abi_suffix"] == ".abi3.so"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_pipe_is_read(capsys: Captured) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"[]")
    os.close(writer)
    assert main(["details", "check", f"/dev/fd/{reader}"]) == 10
    os.close(reader)
    assert capsys.readouterr().err == "1 file checked: 1 error\n"


def test_repair_says_what_is_left(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "build-details.json"
    shutil.copyfile(FILES / "relocatable-armv7-x86-suffix.json", file)
    assert main(["details", "repair", str(file)]) == 0
    assert f'left: {file}:5:3: error XBD139: /platform: "linux-arm" is "linux-armv7l" in wheel tags\n' in (
        capsys.readouterr().err
    )


def test_repair_one_way_only(capsys: Captured) -> None:
    file = FILES / "empty-platform.json"
    assert main(["details", "repair", "--diff", "-i", str(file)]) == 2
    assert capsys.readouterr().err == (
        "error: --diff, --in-place and --output exclude each other\nhint: give one of them\n"
    )


def test_synthesise(tmp_path: Path, capsys: Captured) -> None:
    stdlib = TREES / "debian-3.13-riscv64/usr/lib/python3.13"
    output = tmp_path / "build-details.json"
    assert main(["details", "synthesise", str(stdlib)]) == 0
    out, err = capsys.readouterr()
    assert "/abi/extension_suffix: from _sysconfigdata__linux_riscv64-linux-gnu.py: EXT_SUFFIX\n" in err
    assert main(["details", "synthesise", "--relocatable", "-o", str(output), str(stdlib)]) == 0
    assert load(output).base_prefix == "../.."
    assert json.loads(out)["base_prefix"] == "/usr"


def test_diff(tmp_path: Path, capsys: Captured) -> None:
    good = GOOD / "lib/python3.14/build-details.json"
    assert main(["details", "diff", str(good), str(GOOD)]) == 0
    assert capsys.readouterr().out == ""
    other = tmp_path / "build-details.json"
    other.write_text(
        good.read_text("utf-8").replace("linux-riscv64", "linux-s390x").replace('"flags": [],', '"flags": [],')
    )
    document = json.loads(other.read_bytes())
    del document["base_interpreter"]
    other.write_text(json.dumps(document))
    assert main(["details", "diff", str(good), str(other)]) == 10
    assert capsys.readouterr().out == (
        '- /base_interpreter: "bin/python3.14"\n- /platform: "linux-riscv64"\n+ /platform: "linux-s390x"\n'
    )
    assert main(["details", "diff", "--json", str(good), str(other)]) == 10
    assert json.loads(capsys.readouterr().out) == [
        {"pointer": "/base_interpreter", "a": "bin/python3.14"},
        {"pointer": "/platform", "a": "linux-riscv64", "b": "linux-s390x"},
    ]


def test_no_command_prints_a_hostile_text_as_it_is(tmp_path: Path, capsys: Captured) -> None:
    file, tree = tmp_path / "build-details.json", shutil.copytree(GOOD, tmp_path / "tree")
    forged = "a\nb:1:1: error XBD999: \x1b[31m\x9b31m"
    good = json.loads((GOOD / "lib/python3.14/build-details.json").read_bytes())
    [variables] = tree.rglob("_sysconfig_vars*")
    table = json.loads(variables.read_bytes()) | {"EXT_SUFFIX": forged, "MULTIARCH": forged}
    variables.write_text(json.dumps(table))
    file.write_text(json.dumps(good | {forged: 1}))
    other = tmp_path / "other.json"
    other.write_text(json.dumps(good | {"arbitrary_data": {forged: forged}, "platform": forged}))
    for words in (
        ["check", str(file)],
        ["check", "--format", "github", str(file)],
        ["check", str(tree)],
        ["repair", "-o", str(tmp_path / "new.json"), str(tree / "lib/python3.14/build-details.json")],
        ["repair", "--target", "riscv64", str(tree / "lib/python3.14/build-details.json")],
        ["show", str(file)],
        ["show", str(other)],
        ["diff", str(other), str(GOOD)],
        ["diff", str(GOOD), str(file)],
    ):
        main(["details", *words])
        out, err = capsys.readouterr()
        assert len(out + err) > 20
        assert all(line.isprintable() and not line.startswith("b:1:1:") for line in (out + err).split("\n")), words


def test_schema(capsys: Captured) -> None:
    assert main(["details", "schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == schema()
    jsonschema.Draft202012Validator.check_schema(printed)
