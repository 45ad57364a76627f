"""``python -m hello_c``: compare what the compiler was told with what the interpreter runs on."""

import platform
import struct
import sys

from hello_c import describe

machine, pointer_bits, byte_order = describe()
print(f"hello from {machine}, {pointer_bits} bits, {byte_order}-endian")
assert byte_order == sys.byteorder, sys.byteorder
assert pointer_bits == 8 * struct.calcsize("P")
assert machine in {platform.machine(), "unknown"}, platform.machine()
