"""SDKs as Yocto and Buildroot lay them out and describe them, around compilers and a sysroot that are elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.target_trees import write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

YOCTO = """\
# Refuse a library path of the user's.
if [ ! -z "${LD_LIBRARY_PATH:-}" ]; then
    echo "unset LD_LIBRARY_PATH first"
    return 1
fi

export SDKTARGETSYSROOT=@SDK@/sysroots/@ARCH@-poky-linux
export PATH=@NATIVE@/usr/bin:@NATIVE@/usr/sbin:@NATIVE@/bin:@NATIVE@/usr/bin/@ARCH@-poky-linux:"$PATH"
export PKG_CONFIG_SYSROOT_DIR=$SDKTARGETSYSROOT
export PKG_CONFIG_PATH=$SDKTARGETSYSROOT/usr/lib/pkgconfig:$SDKTARGETSYSROOT/usr/share/pkgconfig
export CONFIG_SITE=@SDK@/site-config-@ARCH@-poky-linux
export OECORE_NATIVE_SYSROOT="@NATIVE@"
export OECORE_TARGET_SYSROOT="$SDKTARGETSYSROOT"
export OECORE_ACLOCAL_OPTS="-I @NATIVE@/usr/share/aclocal"
export OECORE_BASELIB="lib"
export OECORE_TARGET_ARCH="@ARCH@"
export OECORE_TARGET_OS="linux"
export OECORE_TARGET_BITS="64"
export OECORE_TARGET_ENDIAN="little"
unset command_not_found_handle
export CC="@ARCH@-poky-linux-gcc @TUNE@ -fstack-protector-strong -O2 --sysroot=$SDKTARGETSYSROOT"
export CXX="@ARCH@-poky-linux-g++ @TUNE@ -fstack-protector-strong -O2 --sysroot=$SDKTARGETSYSROOT"
export CPP="@ARCH@-poky-linux-gcc -E @TUNE@ --sysroot=$SDKTARGETSYSROOT"
export AS="@ARCH@-poky-linux-as "
export LD="@ARCH@-poky-linux-ld  --sysroot=$SDKTARGETSYSROOT"
export GDB=@ARCH@-poky-linux-gdb
export STRIP=@ARCH@-poky-linux-strip
export RANLIB=@ARCH@-poky-linux-ranlib
export OBJCOPY=@ARCH@-poky-linux-objcopy
export OBJDUMP=@ARCH@-poky-linux-objdump
export READELF=@ARCH@-poky-linux-readelf
export AR=@ARCH@-poky-linux-ar
export NM=@ARCH@-poky-linux-nm
export M4=m4
export TARGET_PREFIX=@ARCH@-poky-linux-
export CONFIGURE_FLAGS="--target=@ARCH@-poky-linux --host=@ARCH@-poky-linux --build=x86_64-linux"
export CFLAGS=" -O2 -pipe -g -feliminate-unused-debug-types "
export CXXFLAGS=" -O2 -pipe -g -feliminate-unused-debug-types "
export LDFLAGS="-Wl,-O1 -Wl,--hash-style=gnu -Wl,--as-needed -Wl,-z,relro,-z,now"
export CPPFLAGS=""
export KCFLAGS="--sysroot=$SDKTARGETSYSROOT"
export OECORE_DISTRO_VERSION="5.0"
export OECORE_SDK_VERSION="5.0"
export ARCH=@KERNEL@
export CROSS_COMPILE=@ARCH@-poky-linux-
export OECORE_TUNE_CCARGS=" @TUNE@"

# Pieces that packages bring.
if [ -d "$OECORE_TARGET_SYSROOT/environment-setup.d" ]; then
    for envfile in $OECORE_TARGET_SYSROOT/environment-setup.d/*.sh; do
        . $envfile
    done
fi
if [ -d "$OECORE_NATIVE_SYSROOT/environment-setup.d" ]; then
    for envfile in $OECORE_NATIVE_SYSROOT/environment-setup.d/*.sh; do
        . $envfile
    done
fi
"""

YOCTO_CMAKE = """\
export CMAKE_TOOLCHAIN_FILE="$OECORE_NATIVE_SYSROOT/usr/share/cmake/OEToolchainConfig.cmake"
"""
YOCTO_CMAKE_FILE = """\
set( CMAKE_SYSTEM_NAME Linux )
set( CMAKE_C_FLAGS $ENV{CFLAGS} CACHE STRING "" FORCE )
set( CMAKE_SYSROOT $ENV{OECORE_TARGET_SYSROOT} )
set( CMAKE_FIND_ROOT_PATH $ENV{OECORE_TARGET_SYSROOT} )
set( CMAKE_SYSTEM_PROCESSOR $ENV{OECORE_TARGET_ARCH} )
file( GLOB toolchain_config_files "${CMAKE_CURRENT_LIST_FILE}.d/*.cmake" )
foreach(config ${toolchain_config_files})
    include(${config})
endforeach()
"""

BUILDROOT = """\
# The folder of the SDK follows from where this file is.
string(REPLACE "/share/buildroot" "" RELOCATED_HOST_DIR ${CMAKE_CURRENT_LIST_DIR})

list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})

if(NOT DEFINED CMAKE_SYSTEM_NAME)
  set(CMAKE_SYSTEM_NAME Buildroot)
endif()
if(NOT DEFINED CMAKE_SYSTEM_VERSION)
  set(CMAKE_SYSTEM_VERSION 1)
endif()
if(NOT DEFINED CMAKE_SYSTEM_PROCESSOR)
  set(CMAKE_SYSTEM_PROCESSOR @ARCH@)
endif()
if(NOT DEFINED CMAKE_C_FLAGS_DEBUG)
  set(CMAKE_C_FLAGS_DEBUG "" CACHE STRING "Debug CFLAGS")
endif()
if(NOT DEFINED CMAKE_C_FLAGS_RELEASE)
  set(CMAKE_C_FLAGS_RELEASE " -DNDEBUG" CACHE STRING "Release CFLAGS")
endif()
if(NOT DEFINED CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Buildroot build configuration")
endif()
if(NOT DEFINED CMAKE_C_FLAGS)
  set(CMAKE_C_FLAGS "-D_LARGEFILE_SOURCE -D_FILE_OFFSET_BITS=64 -O2 -g0" CACHE STRING "Buildroot CFLAGS")
endif()
if(NOT DEFINED CMAKE_EXE_LINKER_FLAGS)
  set(CMAKE_EXE_LINKER_FLAGS "-Wl,-z,relro" CACHE STRING "Buildroot LDFLAGS for executables")
endif()
if(NOT DEFINED CMAKE_SHARED_LINKER_FLAGS)
  set(CMAKE_SHARED_LINKER_FLAGS "-Wl,-z,relro" CACHE STRING "Buildroot LDFLAGS for shared libraries")
endif()
if(NOT DEFINED CMAKE_MODULE_LINKER_FLAGS)
  set(CMAKE_MODULE_LINKER_FLAGS "-Wl,-z,relro" CACHE STRING "Buildroot LDFLAGS for module libraries")
endif()
if(NOT DEFINED CMAKE_PROGRAM_PATH)
  set(CMAKE_PROGRAM_PATH "${RELOCATED_HOST_DIR}/bin")
endif()
if(NOT DEFINED CMAKE_SYSROOT)
  set(CMAKE_SYSROOT "${RELOCATED_HOST_DIR}/@ARCH@-buildroot-linux-gnu/sysroot")
endif()
if(NOT DEFINED CMAKE_FIND_ROOT_PATH)
  set(CMAKE_FIND_ROOT_PATH "${RELOCATED_HOST_DIR}/@ARCH@-buildroot-linux-gnu/sysroot")
endif()
if(NOT DEFINED CMAKE_FIND_ROOT_PATH_MODE_PROGRAM)
  set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
endif()
if(NOT DEFINED CMAKE_FIND_ROOT_PATH_MODE_PACKAGE)
  set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
endif()
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${RELOCATED_HOST_DIR}/@ARCH@-buildroot-linux-gnu/sysroot")

if(NOT DEFINED CMAKE_C_COMPILER)
  set(CMAKE_C_COMPILER "${RELOCATED_HOST_DIR}/bin/@ARCH@-buildroot-linux-gnu-gcc")
endif()
if(1)
  if(NOT DEFINED CMAKE_CXX_FLAGS)
    set(CMAKE_CXX_FLAGS "-D_LARGEFILE_SOURCE -D_FILE_OFFSET_BITS=64 -O2 -g0" CACHE STRING "Buildroot CXXFLAGS")
  endif()
  if(NOT DEFINED CMAKE_CXX_COMPILER)
    set(CMAKE_CXX_COMPILER "${RELOCATED_HOST_DIR}/bin/@ARCH@-buildroot-linux-gnu-g++")
  endif()
endif()
if(0)
  if(NOT DEFINED CMAKE_Fortran_COMPILER)
    set(CMAKE_Fortran_COMPILER "${RELOCATED_HOST_DIR}/bin/none")
  endif()
endif()
if(NOT DEFINED QT_HOST_PATH)
  set(QT_HOST_PATH "${RELOCATED_HOST_DIR}")
endif()
"""

BUILDROOT_ENVIRONMENT = """\
cat <<'EOF'
 A picture, with ' and " and ` in it
* PATH now contains the SDK utilities
EOF
SDK_PATH=$(dirname $(realpath "${BASH_SOURCE[0]}"))
export "AR=@ARCH@-buildroot-linux-gnu-gcc-ar"
export "AS=@ARCH@-buildroot-linux-gnu-as"
export "LD=@ARCH@-buildroot-linux-gnu-ld"
export "NM=@ARCH@-buildroot-linux-gnu-gcc-nm"
export "CC=@ARCH@-buildroot-linux-gnu-gcc"
export "GCC=@ARCH@-buildroot-linux-gnu-gcc"
export "CPP=@ARCH@-buildroot-linux-gnu-cpp"
export "CXX=@ARCH@-buildroot-linux-gnu-g++"
export "RANLIB=@ARCH@-buildroot-linux-gnu-gcc-ranlib"
export "READELF=@ARCH@-buildroot-linux-gnu-readelf"
export "STRIP=@ARCH@-buildroot-linux-gnu-strip"
export "OBJCOPY=@ARCH@-buildroot-linux-gnu-objcopy"
export "CPPFLAGS=-D_LARGEFILE_SOURCE -D_FILE_OFFSET_BITS=64"
export "CFLAGS=-D_LARGEFILE_SOURCE -D_FILE_OFFSET_BITS=64 -O2 -g0"
export "CXXFLAGS=-D_LARGEFILE_SOURCE -D_FILE_OFFSET_BITS=64 -O2 -g0"
export "LDFLAGS="
export "PKG_CONFIG=pkg-config"
export "STAGING_DIR=$SDK_PATH/@ARCH@-buildroot-linux-gnu/sysroot"
export "ARCH=@KERNEL@"
export "CROSS_COMPILE=@ARCH@-buildroot-linux-gnu-"
export "CONFIGURE_FLAGS=--target=@ARCH@-buildroot-linux-gnu --host=@ARCH@-buildroot-linux-gnu --prefix=/usr"
alias configure="./configure ${CONFIGURE_FLAGS}"
alias cmake="cmake -DCMAKE_TOOLCHAIN_FILE=$SDK_PATH/share/buildroot/toolchainfile.cmake"
export "PATH=$SDK_PATH/bin:$SDK_PATH/sbin:$PATH"
"""


def yocto_sdk(sdk: Path, *, arch: str, kernel: str, tune: str, tools: Mapping[str, str], sysroot: Path) -> Path:
    """Make an SDK whose programs run ``tools`` (``gcc`` and so on: shell commands); return its environment-setup."""
    native = sdk / "sysroots" / "x86_64-pokysdk-linux"
    programs(native / "usr/bin" / f"{arch}-poky-linux", f"{arch}-poky-linux-", tools)
    (sdk / "sysroots" / f"{arch}-poky-linux").symlink_to(sysroot)
    write(native / "environment-setup.d/cmake.sh", YOCTO_CMAKE)
    write(native / "usr/share/cmake/OEToolchainConfig.cmake", YOCTO_CMAKE_FILE)
    text = YOCTO.replace("@NATIVE@", str(native)).replace("@SDK@", str(sdk)).replace("@ARCH@", arch)
    text = text.replace("@KERNEL@", kernel).replace("@TUNE@", tune)
    return write(sdk / f"environment-setup-{arch}-poky-linux", text)


def buildroot_sdk(host: Path, *, arch: str, kernel: str, tools: Mapping[str, str], sysroot: Path) -> tuple[Path, Path]:
    """Make a Buildroot host folder; return its toolchainfile.cmake and its environment-setup."""
    binutils = {f"gcc-{name}": tools[name] for name in ("ar", "nm", "ranlib")}
    programs(host / "bin", f"{arch}-buildroot-linux-gnu-", {**tools, **binutils})
    (host / f"{arch}-buildroot-linux-gnu").mkdir()
    (host / f"{arch}-buildroot-linux-gnu/sysroot").symlink_to(sysroot)
    cmake = write(host / "share/buildroot/toolchainfile.cmake", BUILDROOT.replace("@ARCH@", arch))
    environment = BUILDROOT_ENVIRONMENT.replace("@ARCH@", arch).replace("@KERNEL@", kernel)
    return cmake, write(host / "environment-setup", environment)


def programs(folder: Path, prefix: str, tools: Mapping[str, str]) -> None:
    """Write scripts that run ``tools`` with the caller's arguments."""
    for name, command in tools.items():
        write(folder / f"{prefix}{name}", f'#!/bin/sh\nexec {command} "$@"\n', executable=True)
