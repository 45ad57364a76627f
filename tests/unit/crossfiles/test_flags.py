from __future__ import annotations

import pytest

from xbuild.crossfiles.flags import clean_flags


@pytest.mark.parametrize(
    ("flags", "kept"),
    [
        pytest.param("", "", id="none"),
        pytest.param(
            "-fno-strict-overflow -Wsign-compare -DNDEBUG -g -O2 -Wall",
            "-fno-strict-overflow -Wsign-compare -DNDEBUG -g -O2 -Wall",
            id="debian",
        ),
        pytest.param(
            "-g -O2 -ffile-prefix-map=/build/python3.14=. -fdebug-prefix-map=/a=/b -fmacro-prefix-map=/a=/b",
            "-g -O2",
            id="folders-of-the-build",
        ),
        pytest.param(
            "-I/opt/include -I /opt/more -L. -L/usr/lib -isystem /x -isystem/y --sysroot=/s --sysroot /t -B /u -lm",
            "-lm",
            id="folders-to-search",
        ),
        pytest.param(
            "-shared -Wl,-rpath,/opt/lib -Wl,-R/opt -Xlinker -export-dynamic -Wl,-z,relro -Wl,-O1 -Wl,--build-id",
            "-shared -Xlinker -export-dynamic -Wl,-z,relro -Wl,-O1 -Wl,--build-id",
            id="run-paths",
        ),
        pytest.param(
            "-m64 -march=x86-64-v2 -mtune=generic -mbranch-protection=none -fcf-protection -fcf-protection=full -O3",
            "-O3",
            id="machines",
        ),
        pytest.param(
            "-flto=auto -ffat-lto-objects -fno-lto -fuse-linker-plugin -fprofile-use=x -fno-profile-generate -fwrapv",
            "-fwrapv",
            id="lto-and-profiles",
        ),
        pytest.param(
            "-specs=/usr/lib/rpm/redhat/redhat-hardened-cc1 -fplugin=annobin -fuse-ld=lld --target=x86_64 -target x -s",
            "-s",
            id="compiler",
        ),
        pytest.param(
            "-fstack-protector-strong -D_FORTIFY_SOURCE=2 -fstack-clash-protection -Wformat -Werror=format-security",
            "-fstack-protector-strong -D_FORTIFY_SOURCE=2 -fstack-clash-protection -Wformat -Werror=format-security",
            id="hardening",
        ),
        pytest.param('-DMULTIARCH=\\"x\\"  -O2', '-DMULTIARCH=\\"x\\" -O2', id="quoted"),
        pytest.param("-O2 -I", "-O2", id="value-missing"),
    ],
)
def test_flags_of_another_machine_go(flags: str, kept: str) -> None:
    assert clean_flags(flags) == kept
