"""nginx, Caddy and HAProxy in front, with the files of docs/proxy as they stand there."""

import json
import os
import random
import re
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
from urllib.parse import urlencode

import pytest
import yaml

from conftest import DOCS, PROGRAM, SITE, TEXT, Process, ask, is_open, judge, wait_until

GENERATE = "/api/captcha/generate/"


def nginx(scratch):
    """Debian's nginx, with the file in its conf.d, and without the page that Debian shows."""
    for folder in ("conf.d", "sites-enabled"):
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", f"/etc/nginx/{folder}"], check=True)
    os.symlink(DOCS / "proxy/nginx.conf", "/etc/nginx/conf.d/minicap.conf")
    return Process("nginx", "-g", "daemon off; error_log stderr;")


def caddy(scratch, **environment):
    os.chmod(scratch, 0o777)
    settings = {"CAPTCHA_SITE": f"http://{SITE}", "XDG_DATA_HOME": scratch, "XDG_CONFIG_HOME": scratch}
    file = DOCS / "proxy/Caddyfile"
    copy = os.path.join(scratch, "Caddyfile")  # where its user may read it
    with open(copy, "w") as out:
        out.write(file.read_text())
    return Process(
        "caddy", "run", "--config", copy, "--adapter", "caddyfile",
        user="caddy", groups=["www-data"], capabilities=["net_bind_service"],
        env={**os.environ, "HOME": scratch, **settings, **environment},
    )


def haproxy(scratch, file=DOCS / "proxy/haproxy.cfg"):
    return Process("haproxy", "-db", "-f", str(file))


PROXIES = {"nginx": nginx, "caddy": caddy, "haproxy": haproxy}


@pytest.fixture(params=PROXIES)
def proxy(request, service):
    with tempfile.TemporaryDirectory() as scratch, PROXIES[request.param](scratch):
        wait_until(lambda: is_open(80), "port 80")
        wait_until(lambda: ask("GET", "/widget.js")[0] == 200, "the proxy to find the service")
        yield request.param
    if request.param == "nginx":
        for folder in ("conf.d", "sites-enabled"):
            subprocess.run(["umount", f"/etc/nginx/{folder}"], check=True)


def generate(**options):
    """Asks as the widget does, from a page of another origin."""
    fields = {"Accept": "application/json", "Origin": "https://shop.example"}
    return ask("POST", GENERATE, b"", **fields, **options)


def test_a_captcha_is_shown_through_the_proxy_and_judged_beside_it(proxy):
    status, fields, script = ask("GET", "/widget.js")
    assert (status, b"mini-captcha" in script) == (200, True)
    status, fields, body = generate()
    assert (status, fields["Access-Control-Allow-Origin"]) == (200, "*")
    captcha = json.loads(body)
    assert captcha["image"].startswith("data:image/png;base64,")
    assert judge(captcha["id"], "wrong!") == 400
    assert judge(captcha["id"], "aB3xY7") == 200
    assert judge(captcha["id"], "aB3xY7") == 404
    status, fields, picture = ask("POST", GENERATE.rstrip("/"))
    assert (status, picture[:4]) == (200, b"\x89PNG")
    assert judge(fields["Captcha-Id"], "AB3XY7") == 200


def test_the_example_of_a_backend_lets_in_who_has_read_the_picture(proxy, tmp_path):
    """As it stands in docs/integrate.md, with the address that it has there."""
    document = (DOCS / "integrate.md").read_text()
    example = tmp_path / "signup.py"
    example.write_text(re.search(r"^```python signup\.py\n(.*?)^```$", document, re.M | re.S)[1])
    environment = {name: value for name, value in os.environ.items() if name != "CAPTCHA_URL"}
    with Process("python3", str(example), env={**environment, "PORT": "8080"}, stderr=subprocess.DEVNULL):
        wait_until(lambda: is_open(8080), "the example")
        for text, status, said in (("wrong!", 422, "That was not"), (TEXT, 200, "Welcome, Ada!")):
            captcha = json.loads(generate()[2])
            form = urlencode({"name": "Ada", "captcha-id": captcha["id"], "captcha-text": text})
            fields = {"Content_Type": "application/x-www-form-urlencoded"}
            answer = ask("POST", "/", form, port=8080, host="shop.example", **fields)
            assert (answer[0], said in answer[2].decode()) == (status, True)


def test_a_preflight_passes(proxy):
    fields = {"Origin": "https://shop.example", "Access_Control_Request_Method": "POST"}
    status, fields, _ = ask("OPTIONS", GENERATE, **fields)
    assert (status, fields["Access-Control-Allow-Origin"]) == (200, "*")


@pytest.mark.parametrize("path", [
    "/metrics", "/metrics/", "//metrics", "/%6detrics", "/api/captcha/validate/",
    "/api/captcha/validate", "/api/captcha/generate/../validate/", "/widget.js/../metrics",
    "/api/captcha/generate/%2e%2e/validate/", "/api/captcha//validate/", "/healthz", "/", "/docs",
])
def test_nothing_else_is_reachable_through_the_proxy(proxy, path):
    for method in ("GET", "POST"):
        # 404 is the proxy's or the service's; the service has no answer of that status to the
        # paths that are tried, so no verdict and no figure comes through.
        status, _, body = ask(method, path, b"{}" if method == "POST" else None)
        assert status in (400, 404), (status, body)
        assert b"minicap" not in body and b"detail" not in body


def test_a_client_has_a_limit_and_its_neighbours_have_their_own(proxy):
    if proxy == "caddy":
        assert "Caddy has no limit" in (DOCS / "proxy/Caddyfile").read_text()
        return

    def statuses(source, count):
        return [generate(address=source, source=source)[0] for _ in range(count)]

    assert 429 in statuses("127.0.0.1", 40)
    assert 429 in statuses("2001:db8:0:1::1", 40)
    # The same network of 64 bits is the same client; the next network is another one.
    assert 429 in statuses("2001:db8:0:1:ffff::2", 1)
    assert statuses("2001:db8:0:2::1", 5) == [200] * 5
    assert statuses("127.0.0.2", 5) == [200] * 5


def test_the_plain_check_of_haproxy_finds_the_service_up(service):
    """`option httpchk` without a path asks `OPTIONS /` in HTTP/1.0."""
    text = (DOCS / "proxy/haproxy.cfg").read_text()
    assert "option httpchk GET /healthz" in text
    with tempfile.TemporaryDirectory() as scratch:
        file = os.path.join(scratch, "haproxy.cfg")
        with open(file, "w") as out:
            out.write(text.replace("httpchk GET /healthz", "httpchk").replace("inter 2s", "inter 100ms"))
        with haproxy(scratch, file):
            wait_until(lambda: is_open(80), "port 80")
            time.sleep(1)  # ten checks, of which three bad ones would take the service out
            assert generate()[0] == 200


@pytest.fixture
def hosts():
    """Compose lets one container find another by its name; here a file does."""
    addresses = {
        "localhost": "127.0.0.1", "minicap-1": "127.0.0.2", "minicap-2": "127.0.0.3", "valkey": "127.0.0.4",
    }
    with open("/mnt/hosts", "w") as file:
        file.writelines(f"{address} {name}\n" for name, address in addresses.items())
    subprocess.run(["mount", "--bind", "/mnt/hosts", "/etc/hosts"], check=True)
    yield addresses
    subprocess.run(["umount", "/etc/hosts"], check=True)


def store_of(services, address):
    """The server for the store, started as compose says; another one that speaks so where there is no Valkey."""
    program, *options = shlex.split(services["valkey"]["command"])
    program = shutil.which(program) or "redis-server"
    return Process(program, *options, "--bind", address, "--dir", "/mnt", stdout=subprocess.DEVNULL)


class Replica:
    """A service, started as compose says, at the address of its name."""

    def __init__(self, name, services, address):
        self.environment = {**services[name]["environment"], "MINICAP_TEST_TEXT": TEXT}
        self.address = address
        self.start()

    def start(self):
        listen = f"{self.address}:8000"
        self.process = Process(PROGRAM, "--listen", listen, "--log", "off", env=self.environment)
        wait_until(self.is_well, f"the service at {self.address}")

    def is_well(self):
        return is_open(8000, self.address) and self.ask("GET", "/healthz")[0] == 200

    def ask(self, *request, **fields):
        return ask(*request, address=self.address, port=8000, **fields)

    def stop(self):
        self.process.__exit__()


def judge_at_either(replicas, captcha_id, text):
    """What a backend is told, which takes the next address of a name if nobody is at the first."""
    body = json.dumps({"id": captcha_id, "text": text})
    for replica in random.sample(replicas, len(replicas)):
        try:
            return replica.ask("POST", "/api/captcha/validate/", body, Content_Type="application/json")[0]
        except (ConnectionRefusedError, ConnectionResetError):
            # The system resets connections that a process had not yet taken when it ended. What it
            # took it has answered: a verdict that was lost all the same would show as a 404 here.
            continue
        except OSError as error:
            return repr(error)
    return "nobody is there"


def test_compose_starts_two_services_that_are_upgraded_in_turn_and_nobody_notices(hosts):
    """What can be seen of it without a Docker engine: its programs, started as it says."""
    services = yaml.safe_load((DOCS / "compose.yaml").read_text())["services"]
    names = ["minicap-1", "minicap-2"]
    proxy = services["proxy"]
    assert "./proxy/Caddyfile:/etc/caddy/Caddyfile:ro" in proxy["volumes"]
    for name in names:
        assert (DOCS / services[name]["build"] / "Dockerfile").is_file()
        assert "captcha" in proxy["networks"] and set(services[name]["networks"]) == {"captcha", "store"}
        assert services[name]["networks"]["captcha"]["aliases"] == ["minicap"]
    assert services["valkey"]["networks"] == ["store"]
    environment = dict(proxy["environment"])
    assert environment["CAPTCHA_SITE"] == "${CAPTCHA_SITE:-http://localhost}"
    environment["CAPTCHA_SITE"] = "http://localhost"
    answers = {"generate": set(), "judge": set(), "again": set()}
    over = threading.Event()

    def visit(replicas):
        while not over.is_set():
            try:
                status, fields, _ = ask("POST", GENERATE, host="localhost")
            except OSError as error:
                status = repr(error)
            answers["generate"].add(status)
            if status == 200:
                for times in ("judge", "again"):
                    answers[times].add(judge_at_either(replicas, fields["Captcha-Id"], TEXT))

    with tempfile.TemporaryDirectory() as scratch, store_of(services, hosts["valkey"]), \
            caddy(scratch, **environment):
        replicas = [Replica(name, services, hosts[name]) for name in names]
        wait_until(lambda: is_open(80), "port 80")
        assert ask("GET", "/metrics", host="localhost")[0] == 404
        visitors = [threading.Thread(target=visit, args=[replicas]) for _ in range(4)]
        try:
            for visitor in visitors:
                visitor.start()
            for number in range(10):
                time.sleep(0.5)
                replicas[number % 2].stop()
                replicas[number % 2].start()
        finally:
            over.set()
            for visitor in visitors:
                visitor.join()
            for replica in replicas:
                replica.stop()
    assert answers == {"generate": {200}, "judge": {200}, "again": {404}}
