#!/usr/bin/env python3
"""What requests cost in instructions, compared with a picture: costs.py BINARY

Every kind of request is sent to two servers under valgrind's callgrind, a few times to one and many
times to the other. The difference, divided by the additional requests, is the cost of one: the whole
work of the server, from the read to the write. No kind may cost more than two pictures, and none that
counts as cheap more than a tenth of one.
"""

import argparse
import re
import subprocess
import sys
import tempfile

from common import GENERATE, Answers, Server, validate

FEW, MANY = 5, 45
PICTURES_MAX = 2.0
BODY_BYTES = 16 * 1024
HEAD_BYTES = 16 * 1024
# Longest body of a request that counts as cheap, and what such a request may cost, in pictures.
CHEAP_BYTES, CHEAP_MAX = 256, 0.1
# A number nearly halfway between two floats of 64 bits, so that its last digit decides between them.
HALFWAY = b"1.0000000000000001482e290"


# Options of the server that a kind of request needs: texts of sounds are digits.
OPTIONS = {"sound": ("--audio", "on", "--test-text", "314159")}


def post(path, body, fields=b"Content-Type: application/json\r\n"):
    head = b"POST %s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\n\r\n"
    return head % (path, fields, len(body)) + body


def judged(body):
    return post(b"/api/captcha/validate/", body[:BODY_BYTES])


def repeated(piece, around=(b"[", b"]"), count=BODY_BYTES):
    """A document with as many pieces as fit."""
    room = (BODY_BYTES if count is None else count) - len(around[0]) - len(around[1])
    pieces = room // (len(piece) + 1)
    return around[0] + b",".join([piece] * pieces) + around[1]


def numbered(form, count):
    """An object of many members with different names."""
    members = b",".join(form % number for number in range(count))
    return b"{" + members + b"}"


def with_fields(lines, request=b"POST /api/captcha/generate/ HTTP/1.1\r\nHost: a\r\n"):
    return request + lines + b"\r\n"


def kinds():
    object_around = (b'{"a":[', b"]}")
    yield "picture", GENERATE
    yield "picture as JSON", with_fields(b"Accept: application/json\r\n")
    yield "sound", with_fields(b"Accept: audio/wav\r\n")
    yield "right or wrong answer", validate(b"3f0c1d0e-6b0e-4f2b-9a53-0b6f6f2b7f10", b"aB3xY7")
    yield "health", b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    yield "metrics", b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
    yield "page", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    yield "no such path", b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
    yield "numbers halfway, not repeated", judged(repeated(HALFWAY))
    yield "numbers halfway, repeated", judged(repeated(HALFWAY, count=100))
    yield "numbers halfway, repeated twice", judged(repeated(HALFWAY, object_around, count=100))
    yield "numbers of 18 digits, repeated twice", judged(repeated(HALFWAY[:19], object_around, count=1000))
    yield "short numbers, repeated twice", judged(repeated(b"1e9", object_around, count=400))
    yield "cheap: short numbers", judged(repeated(b"1e9", object_around, count=CHEAP_BYTES))
    yield "cheap: numbers halfway", judged(repeated(HALFWAY, object_around, count=CHEAP_BYTES))
    yield "cheap: nested arrays", judged(b'{"a":' + b"[" * 60 + b"]" * 60 + b',"b":' + b"[" * 50 + b"]" * 50 + b"}")
    yield "cheap: escaped names", judged(numbered(b'"\\u0061%x":0', 18))
    yield "numbers of 300 digits", judged(repeated(b"1." + b"3" * 300, object_around))
    yield "short numbers", judged(repeated(b"1", object_around))
    yield "empty arrays", judged(repeated(b"[]", object_around))
    yield "empty strings", judged(repeated(b'""', object_around))
    yield "escapes", judged(b'{"a":"' + b"\\u00e9" * 2700 + b'"}')
    yield "short names", judged(numbered(b'"%x":0', 1600))
    yield "escaped names", judged(numbered(b'"\\u0061%x":0', 1000))
    yield "one name repeated", judged(repeated(b'"":0', (b"{", b"}")))
    yield "nested arrays", judged(repeated(b"[" * 62 + b"]" * 62))
    yield "an id of full length", judged(b'{"id":"' + b"a" * 16300 + b'","text":"a"}')
    yield "no JSON, controls", post(b"/api/captcha/validate/", b"\x01" * BODY_BYTES, b"")
    one_byte = b"1\r\na\r\n" * BODY_BYTES + b"0\r\n\r\n"
    chunked = b"POST /api/captcha/validate/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield "chunks of one byte", chunked + one_byte
    room = HEAD_BYTES - 200
    yield "long Accept", with_fields(b"Accept: " + (b"a/b;q=0.1," * (room // 10)) + b"*/*\r\n")
    yield "many fields", with_fields(b"".join(b"X-%02d: %s\r\n" % (n, b"y" * 140) for n in range(98)))
    origin = b"Origin: http://a\r\nAccess-Control-Request-Method: POST\r\n"
    asked = b"Access-Control-Request-Headers: " + b"accept," * ((room - 100) // 7) + b"accept\r\n"
    yield "long preflight", with_fields(origin + asked, b"OPTIONS / HTTP/1.1\r\nHost: a\r\n")
    query = b"&theme=%64ark" * 600
    yield "long query", b"POST /api/captcha/generate/?%s HTTP/1.1\r\nHost: a\r\n\r\n" % query
    yield "long path", b"POST /%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"%41" * 2700)


def instructions(binary, request, count, options):
    with tempfile.NamedTemporaryFile() as out:
        tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}"]
        server = Server(binary, "--workers", "1", "--capacity", "1000", *options, tool=tool)
        connection = server.connect()
        answers = Answers(connection)
        for _ in range(count):
            connection.sendall(request)
            status = answers.next().status
        connection.close()
        server.stop()
        totals = re.search(r"^(?:totals|summary): (\d+)", open(out.name).read(), re.M)
        return int(totals[1]), status


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    binary = parser.parse_args().binary
    picture = None
    failures = 0
    for name, request in kinds():
        options = OPTIONS.get(name, ())
        (few, _), (many, status) = (instructions(binary, request, count, options) for count in (FEW, MANY))
        cost = (many - few) / (MANY - FEW)
        picture = picture or cost
        is_cheap = name.startswith("cheap")
        failures += (CHEAP_MAX if is_cheap else PICTURES_MAX) < cost / picture
        print(f"{name:38} {len(request):6} bytes  {status}  {cost:10,.0f}  {cost / picture:6.3f}", flush=True)
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
