"""A fuzzer of reading and checking build-details files: mutated bytes, guided by which findings they provoke.

    python -m tests.support.fuzz_details SECONDS [SEED]

An input that leads to a new set of codes joins the corpus. Ends with status 1, and the input in a file, at the first
one that raises anything but the documented error, or takes longer than a second of CPU.
"""

from __future__ import annotations

import hashlib
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.details_cases import FILES, TREES

from xbuild.details import InvalidDetailsError, check_text, dumps, load, loads
from xbuild.details.evidence import gather

if TYPE_CHECKING:
    from types import FrameType

LONGEST = 1.0
TOKENS = [
    *(
        b'"',
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\\",
        b"\\u0000",
        b"\\ud800",
        b"null",
        b"true",
        b"1e999",
        b"-0",
        b"NaN",
    ),
    *(
        b'"schema_version": "1.1"',
        b'"platform": ""',
        b'"flags": ["t"]',
        b'"include": "x"',
        b'"abi": {}',
        b"../..",
        b"/",
    ),
    *(b'".cpython-314t-riscv64-linux-gnu.so"', b'".abi3.so"', b"[" * 70, b"9" * 5000, b"\xff", b"\xef\xbb\xbf", b"\0"),
]


def mutate(data: bytes, corpus: list[bytes], chance: random.Random) -> bytes:
    """Change ``data`` in one to six places."""
    for _ in range(chance.randint(1, 6)):
        start, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        match chance.randrange(7):
            case 0:
                data = data[:start] + bytes([chance.randrange(256)]) + data[start + 1 :]
            case 1:
                data = data[:start] + chance.choice(TOKENS) + data[start:]
            case 2:
                data = data[:start] + data[min(end, start + 40) :]
            case 3:
                data = data[:start] + data[start : start + 60] * chance.randint(2, 5) + data[start + 60 :]
            case 4:
                other = chance.choice(corpus)
                data = data[:start] + other[chance.randint(0, len(other)) :]
            case 5:
                data = data.replace(chance.choice(TOKENS), chance.choice(TOKENS))
            case _:
                data = data[:start] + chance.choice(TOKENS) + data[end:]
    return data[: 64 * 1024]


def main(seconds: float, seed: int) -> int:
    """Fuzz for ``seconds`` and return the exit status."""
    chance = random.Random(seed)  # noqa: S311, not for secrets
    corpus = [file.read_bytes() for file in (*FILES.glob("*.json"), *TREES.rglob("build-details*.json"))]
    evidence = gather(TREES / "debian-3.14-riscv64/usr/lib/python3.14")
    seen: set[frozenset[str]] = set()
    signal.signal(signal.SIGVTALRM, _too_long)
    count, end = 0, time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "build-details.json")
        while time.monotonic() < end:
            data = mutate(chance.choice(corpus), corpus, chance)
            file.write_bytes(data)
            signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST)
            try:
                try:
                    details = load(file)
                    assert loads(dumps(details)) == details
                except InvalidDetailsError:
                    pass
                findings = check_text(data.decode("utf-8", "replace"), file=file, evidence=evidence)
            except BaseException:
                kept = Path(f"crash-{hashlib.sha256(data).hexdigest()[:12]}.json")
                kept.write_bytes(data)
                sys.stderr.write(f"after {count} inputs, with seed {seed}: {kept}\n")
                raise
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            count += 1
            codes = frozenset(f"{finding.code} {finding.pointer.count('/')}" for finding in findings)
            if codes not in seen:
                seen.add(codes)
                corpus.append(data)
    sys.stdout.write(f"{count} inputs, {len(seen)} different outcomes, nothing undocumented\n")
    return 0


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"longer than {LONGEST} s of CPU")


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
