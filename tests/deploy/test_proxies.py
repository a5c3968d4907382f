"""nginx, Caddy and HAProxy with the unchanged files of docs/proxy."""

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
    """Debian's nginx with the file in its conf.d, and without Debian's default site."""
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
    """A request as the widget sends it, from a page of another origin."""
    fields = {"Accept": "application/json", "Origin": "https://shop.example"}
    return ask("POST", GENERATE, b"", **fields, **options)


def test_a_captcha_is_shown_through_the_proxy_and_checked_beside_it(proxy):
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


def test_the_example_of_a_backend_accepts_the_right_answer(proxy, tmp_path):
    """The unchanged example of docs/integrate.md, with its default address."""
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
        # The service has no 404 for these paths, so a 404 comes from the proxy, and neither a verdict
        # nor a metric can be read.
        status, _, body = ask(method, path, b"{}" if method == "POST" else None)
        assert status in (400, 404), (status, body)
        assert b"minicap" not in body and b"detail" not in body


def test_each_client_has_a_limit_of_its_own(proxy):
    if proxy == "caddy":
        assert "Caddy has no limit" in (DOCS / "proxy/Caddyfile").read_text()
        return

    def statuses(source, count):
        return [generate(address=source, source=source)[0] for _ in range(count)]

    assert 429 in statuses("127.0.0.1", 40)
    assert 429 in statuses("2001:db8:0:1::1", 40)
    # Addresses of one network of 64 bits are one client; the next network is another client.
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
            time.sleep(1)  # ten checks; three that fail would remove the service
            assert generate()[0] == 200


@pytest.fixture
def hosts():
    """The names of the containers, which compose would resolve."""
    addresses = {
        "localhost": "127.0.0.1", "minicap-1": "127.0.0.2", "minicap-2": "127.0.0.3", "valkey": "127.0.0.4",
    }
    with open("/mnt/hosts", "w") as file:
        file.writelines(f"{address} {name}\n" for name, address in addresses.items())
    subprocess.run(["mount", "--bind", "/mnt/hosts", "/etc/hosts"], check=True)
    yield addresses
    subprocess.run(["umount", "/etc/hosts"], check=True)


def store_of(services, address):
    """The store, started with the command of compose; Redis if there is no Valkey."""
    program, *options = shlex.split(services["valkey"]["command"])
    program = shutil.which(program) or "redis-server"
    return Process(program, *options, "--bind", address, "--dir", "/mnt", stdout=subprocess.DEVNULL)


class Replica:
    """A service with the settings of compose, at the address of its name."""

    def __init__(self, name, services, address):
        self.environment = {**services[name]["environment"], "MINICAP_TEST_TEXT": TEXT}
        self.address = address
        self.start()

    def start(self):
        listen = f"{self.address}:8000"
        self.process = Process(PROGRAM, "--listen", listen, "--log", "off", env=self.environment)
        wait_until(self.is_healthy, f"the service at {self.address}")

    def is_healthy(self):
        return is_open(8000, self.address) and self.ask("GET", "/healthz")[0] == 200

    def ask(self, *request, **fields):
        return ask(*request, address=self.address, port=8000, **fields)

    def stop(self):
        self.process.__exit__()


def judge_at_either(replicas, captcha_id, text):
    """The status that a backend gets, which tries the next address of a name if the first refuses."""
    body = json.dumps({"id": captcha_id, "text": text})
    for replica in random.sample(replicas, len(replicas)):
        try:
            return replica.ask("POST", "/api/captcha/validate/", body, Content_Type="application/json")[0]
        except (ConnectionRefusedError, ConnectionResetError):
            # The system resets connections that a process had not accepted when it ended. All that it
            # accepted it has answered; a verdict that was lost nevertheless would show as a 404 here.
            continue
        except OSError as error:
            return repr(error)
    return "no service"


def test_compose_starts_two_services_that_are_upgraded_in_turn_and_no_request_fails(hosts):
    """Without Docker: the programs of the file, started with its commands and settings."""
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
