"""What a build in a container may use."""

from __future__ import annotations

import pytest

from xbuild.engines.container.limits import Limits, format_memory, parse_limits
from xbuild.errors import UsageError


def test_the_limits_of_a_build_that_asks_for_nothing() -> None:
    assert parse_limits(()) == Limits(network=None, memory=None, cpus=None, pids=4096, timeout=21600)


def test_every_limit() -> None:
    found = parse_limits(("network=true", "memory=4g", "cpus=0.5", "pids=100", "timeout=90m"))

    assert found == Limits(network="bridge", memory=4 << 30, cpus=0.5, pids=100, timeout=5400)


@pytest.mark.parametrize(
    ("text", "network"),
    [("True", "bridge"), ("true", "bridge"), ("False", None), ("none", None), ("host", "host"), ("my-net", "my-net")],
)
def test_networks(text: str, network: str | None) -> None:
    assert parse_limits([f"network={text}"]).network == network


@pytest.mark.parametrize(
    ("text", "size"), [("512m", 512 << 20), ("1.5G", 3 << 29), ("2GiB", 2 << 30), ("1000000", 1000000), ("1kb", 1024)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_limits([f"memory={text}"]).memory == size


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("memory", "--container memory: expected KEY=VALUE with a key of network, memory, cpus, pids, timeout"),
        ("disk=4g", "--container disk=4g: expected KEY=VALUE with a key of network, memory, cpus, pids, timeout"),
        ("memory=lots", "--container memory=lots: expected a size, such as 4g or 800m"),
        ("memory=0", "--container memory=0: expected a size, such as 4g or 800m"),
        ("memory=-1", "--container memory=-1: expected a size, such as 4g or 800m"),
        ("timeout=2d", "--container timeout=2d: expected a time, such as 90m, 6h or 30s"),
        ("cpus=zero", "--container cpus=zero: expected a number of cores, such as 2 or 0.5"),
        ("cpus=nan", "--container cpus=nan: expected a number of cores, such as 2 or 0.5"),
        ("pids=1.5", "--container pids=1.5: expected a number of processes, such as 4096"),
        ("network=", "--container network=: expected true, false, or the name of one of the engine's networks"),
    ],
)
def test_what_is_no_limit(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_limits([text])

    assert caught.value.message == message


def test_memory_as_a_person_reads_it() -> None:
    assert (format_memory(2 << 30), format_memory(300 << 20)) == ("2 GiB", "300 MiB")
