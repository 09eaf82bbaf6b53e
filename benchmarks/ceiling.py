"""How many requests a second the server takes: the most that a client could be seen to do.

python benchmarks/ceiling.py server http://127.0.0.1:PORT [requests=50]
"""

from __future__ import annotations

import json
import socket
import sys
import time
from urllib.parse import urlsplit

_LINES = 4  # connections, each with a request on its way
_SIZES = {"small": 500, "large": 100_000}  # bytes of a body


def request(path: str, size: int) -> bytes:
    """A request with a body of so many bytes."""
    head = '{"model": "bench-model", "tools": [], "messages": [{"role": "user", "content": "'
    body = (head + "run-000000; ").ljust(size - 4, "x") + '"}]}'
    lines = f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-length: {len(body)}\r\n\r\n"
    return (lines + body).encode()


def rate(place: tuple[str, int], size: int, requests: int) -> float:
    """Requests a second, with one under way on each connection at any time."""
    lines = [socket.create_connection(place) for _ in range(_LINES)]
    sent = request(f"/steps/50/{size}/v1/chat/completions", size)
    begun = time.perf_counter()
    for each in lines:
        each.sendall(sent)
    for number in range(requests):
        line = lines[number % _LINES]
        if not line.recv(65536).startswith(b"HTTP/1.1 200"):
            raise SystemExit("the server gave no answer")
        line.sendall(sent)
    seconds = time.perf_counter() - begun
    for each in lines:
        each.close()
    return requests / seconds


def main(address: str, requests: int = 20_000) -> None:
    """Measure with small bodies, and with large ones."""
    parts = urlsplit(address)
    place = (str(parts.hostname), int(parts.port or 80))
    print(json.dumps({name: rate(place, size, requests) for name, size in _SIZES.items()}))


if __name__ == "__main__":
    main(sys.argv[2], *(int(each.partition("=")[2]) for each in sys.argv[3:]))
