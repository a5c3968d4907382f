"""nginx, Caddy and HAProxy in front, with the files of docs/proxy as they stand there."""

import json
import os
import subprocess
import tempfile
import time

import pytest
import yaml

from conftest import DOCS, SITE, Process, ask, is_open, judge, wait_until

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


def test_compose_starts_caddy_with_a_service_that_it_reaches(service):
    """What can be seen of it without a Docker engine: its Caddy, started as it says."""
    services = yaml.safe_load((DOCS / "compose.yaml").read_text())["services"]
    proxy = services["proxy"]
    assert (DOCS / services["minicap"]["build"] / "Dockerfile").is_file()
    assert "./proxy/Caddyfile:/etc/caddy/Caddyfile:ro" in proxy["volumes"]
    assert set(services["minicap"]["networks"]) < set(proxy["networks"])
    environment = dict(proxy["environment"])
    assert environment["CAPTCHA_SITE"] == "${CAPTCHA_SITE:-http://localhost}"
    environment["CAPTCHA_SITE"] = "http://localhost"
    # Compose lets one container find another by its name; here a file does.
    with open("/mnt/hosts", "w") as hosts:
        hosts.write("127.0.0.1 localhost minicap\n")
    subprocess.run(["mount", "--bind", "/mnt/hosts", "/etc/hosts"], check=True)
    try:
        with tempfile.TemporaryDirectory() as scratch, caddy(scratch, **environment):
            wait_until(lambda: is_open(80), "port 80")
            status, fields, _ = ask("POST", GENERATE, host="localhost")
            assert status == 200
            assert judge(fields["Captcha-Id"], "aB3xY7") == 200
            assert ask("GET", "/metrics", host="localhost")[0] == 404
    finally:
        subprocess.run(["umount", "/etc/hosts"], check=True)
