from __future__ import annotations

import pytest

from xbuild.errors import UsageError
from xbuild.targets import get_target
from xbuild.testing.names import python_for


@pytest.mark.parametrize(
    ("tags", "python"),
    [
        ("cp313-cp313-linux_riscv64", "3.13"),
        ("cp314-cp314t-manylinux_2_39_riscv64", "3.14t"),
        ("cp313-cp313-manylinux_2_31_riscv64.manylinux_2_35_riscv64", "3.13"),
        ("cp39-abi3-linux_riscv64", None),
        ("cp315-abi3.abi3t-linux_riscv64", None),
        ("cp312.cp313-none-linux_riscv64", None),
        ("cp313-none-any", None),
        ("py3-none-linux_riscv64", None),
        ("py2.py3-none-any", None),
    ],
)
def test_the_python_of_a_wheel(tags: str, python: str | None) -> None:
    assert python_for(f"some_name-1.0-{tags}.whl", target=get_target("riscv64")) == python


def test_a_wheel_for_another_machine() -> None:
    with pytest.raises(UsageError) as caught:
        python_for("x-1.0-cp313-cp313-manylinux_2_17_x86_64.linux_x86_64.whl", target=get_target("riscv64"))
    assert caught.value.message == (
        "x-1.0-cp313-cp313-manylinux_2_17_x86_64.linux_x86_64.whl is for linux_x86_64, manylinux_2_17_x86_64, and the "
        "target is riscv64"
    )


def test_not_the_name_of_a_wheel() -> None:
    with pytest.raises(UsageError, match=r"^x\.whl is not the name of a wheel: "):
        python_for("x.whl", target=get_target("riscv64"))
