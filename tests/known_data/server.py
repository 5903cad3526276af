"""A web server on this computer that sends files as good and as bad servers do."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answers:
    """What the server sends, and what it was asked.

    Attributes
    ----------
    files
        The content at each path, such as ``/a/x.gz``.
    ranges
        Whether it sends parts of files; else it ignores the wish and sends all.
    version
        The ETag of all files; "" for none.
    cut
        Bytes after which each of the next answers ends, the connection with it; one is taken from
        the front for each answer.
    status
        A status for each path that is refused.
    html
        Paths at which a web page comes instead of the file.
    pause
        Where set, an answer stops after half of the file until the event is set.
    asked
        Path and Range header of each request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    version: str = '"1"'
    cut: list[int] = field(default_factory=list)
    status: dict[str, int] = field(default_factory=dict)
    html: set[str] = field(default_factory=set)
    pause: threading.Event | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serve() -> Iterator[Answers]:
    """Run the server; `Answers.url` is its address."""
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            answers.asked.append((self.path, wanted))
            if self.path in answers.status:
                self._send(answers.status[self.path], b"no", {})
            elif self.path in answers.html:
                self._send(200, b"<html>Log in</html>", {"Content-Type": "text/html"})
            elif self.path in answers.files:
                self._send_file(answers.files[self.path], wanted)
            else:
                self._send(404, b"", {})

        def _send_file(self, content: bytes, wanted: str) -> None:
            headers = {"ETag": answers.version} if answers.version else {}
            first = re.fullmatch(r"bytes=(\d+)-", wanted)
            same = self.headers.get("If-Range", answers.version) == answers.version
            if first is None or not answers.ranges or not same:
                self._send(200, content, headers)
                return
            start = int(first[1])
            if start >= len(content):
                self._send(416, b"", headers)
                return
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self._send(206, content[start:], headers)

        def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            headers = {"Content-Type": "application/octet-stream", **headers}
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            if status in (200, 206) and answers.cut:
                self.wfile.write(content[: answers.cut.pop(0)])
                self.close_connection = True
                return
            if status in (200, 206) and answers.pause is not None:
                half = len(content) // 2
                self.wfile.write(content[:half])
                answers.pause.wait()
                content = content[half:]
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    answers.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield answers
    finally:
        if answers.pause is not None:
            answers.pause.set()
        server.shutdown()
        thread.join()
        server.server_close()
