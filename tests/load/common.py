"""What the load scripts share: a server, and a client that keeps its connection."""

import re
import signal
import socket
import subprocess

GENERATE = b"POST /api/captcha/generate/ HTTP/1.1\r\nHost: a\r\n\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
METRICS = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"

# How long a client waits for a response, in seconds.
PATIENCE = 30


def validate(captcha_id, text):
    body = b'{"id":"%s","text":"%s"}' % (captcha_id, text)
    head = b"POST /api/captcha/validate/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Server:
    """A server on a free port, or on a given one, whose captchas all have the text abc123."""

    def __init__(self, binary, *options, log="off", log_file=None, tool=(), port=0):
        listen = f"127.0.0.1:{port}"
        command = [*tool, binary, "--listen", listen, "--test-text", "abc123", "--log", log]
        self.process = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=log_file or subprocess.DEVNULL
        )
        self.port = int(self.process.stdout.readline().rsplit(b":", 1)[1])

    def connect(self, source=None):
        """A connection, from this address of the machine if one is given."""
        address = ("127.0.0.1", self.port)
        source_address = (source, 0) if source else None
        connection = socket.create_connection(address, PATIENCE, source_address=source_address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def resident_kb(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])

    def metrics(self):
        """Every sample by its name and labels, as they are written."""
        with self.connect() as connection:
            connection.sendall(METRICS)
            page = Answers(connection).next().body.decode()
        samples = (line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in samples}

    def stop(self, signals=1):
        """Sends SIGTERM so many times at once, and returns the server's exit status."""
        for _ in range(signals):
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


class Answer:
    def __init__(self, head, body):
        self.status = int(head[9:12])
        self.head = head
        self.body = body
        self.bytes = len(head) + len(body)

    def captcha_id(self):
        return re.search(rb"(?i)captcha-id: (\S+)", self.head)[1]

    def is_last(self):
        return b"\r\nConnection: close\r\n" in self.head


class Answers:
    """Reads the responses on a connection, one after the other."""

    def __init__(self, connection):
        self.connection = connection
        self.unread = b""

    def next(self):
        """The next response; none if the server has closed the connection before the first byte of it."""
        while b"\r\n\r\n" not in self.unread:
            if not self.more():
                return None
        head, _, self.unread = self.unread.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        while len(self.unread) < length:
            if not self.more():
                raise EOFError("an answer was cut off")
        body, self.unread = self.unread[:length], self.unread[length:]
        return Answer(head + b"\r\n\r\n", body)

    def more(self):
        piece = self.connection.recv(65536)
        if not piece and self.unread:
            raise EOFError("an answer was cut off")
        self.unread += piece
        return bool(piece)
