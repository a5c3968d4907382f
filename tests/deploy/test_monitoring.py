"""Alert rules and dashboard, checked with Prometheus' own tool and against the service's metrics."""

import json
import re
import subprocess

import yaml

from conftest import DOCS, PROGRAM, ROOT, Process, ask, is_open, wait_until

NAME = re.compile(r"\b(?:minicap|process)_[a-z_]+")


def queries():
    """Every query of the dashboard."""
    dashboard = json.loads((DOCS / "monitoring/dashboard.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_the_rules():
    run("promtool", "check", "rules", "--lint-fatal", str(DOCS / "monitoring/alerts.yml"))


def test_each_alert_fires_when_it_should_and_none_on_a_quiet_service():
    run("promtool", "test", "rules", str(ROOT / "tests/deploy/alerts.test.yml"))


def test_prometheus_accepts_every_query_of_the_dashboard(tmp_path):
    rules = [
        {"record": f"query:{place}", "expr": query.replace("$__rate_interval", "5m")}
        for place, query in enumerate(queries())
    ]
    assert rules
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    run("promtool", "check", "rules", str(file))


def metrics_with_a_store():
    """The metrics of a service with a store, which need not be available."""
    options = ["--listen", "127.0.0.1:8001", "--log", "off", "--store", "valkey://127.0.0.1:6379"]
    with Process(PROGRAM, *options, stdout=subprocess.DEVNULL):
        wait_until(lambda: is_open(8001), "port 8001")
        return ask("GET", "/metrics", port=8001)[2].decode()


def test_every_name_in_rules_and_dashboard_is_a_metric_of_the_service(service):
    page = ask("GET", "/metrics", port=8000)[2].decode() + metrics_with_a_store()
    known = {re.match(r"[a-z_]+", line)[0] for line in page.splitlines() if not line.startswith("#")}
    alerts = yaml.safe_load((DOCS / "monitoring/alerts.yml").read_text())["groups"][0]["rules"]
    dashboard = (DOCS / "monitoring/dashboard.json").read_text()
    texts = queries() + [dashboard] + [rule["expr"] for rule in alerts]
    for text in texts:
        for name in NAME.findall(text):
            assert name in known, text
    for text in queries():
        assert NAME.search(text), text
    # Every value of a label that is matched exists.
    for text in texts:
        for label, values in re.findall(r'\b(route|status|reason|verdict|outcome)!?=~?\\?"([^"\\$]+)', text):
            for value in values.split("|"):
                assert f'{label}="{value}"' in page, text
