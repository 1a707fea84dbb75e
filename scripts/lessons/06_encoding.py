"""Lesson 6, encoding: the wire carries bytes; which characters they are is an agreement, and sometimes a guess.

Run it: .venv/bin/python scripts/lessons/06_encoding.py
"""

from lab.wire.text import charset, decode, safe

for name in ("utf-8", "gbk", "gb18030", "utf-16-be"):
    print(f"你好 in {name:9} is {'你好'.encode(name).hex(' ')}")

# The rule the lab keeps: split packets as bytes first, then try strict UTF-8, then GB18030, then show escapes.
for raw in ("你好".encode(), "你好".encode("gbk"), b"\xff\xfe\x80"):
    print(f"{raw.hex(' '):18} reads as {safe(raw)} ({charset(raw) or 'no charset fits'})")

# The second byte of a GBK character can look like ASCII: splitting after a wrong decode would cut it in two.
raw = "珅".encode("gbk")
print(f"珅 in GBK is {raw.hex(' ')}; its second byte alone is {raw[1:]!r}")

# What comes from the wire is never printed as it is: this one would turn a terminal red.
print(safe(b"\x1b[31mred"), "|", decode(b"plain"))
