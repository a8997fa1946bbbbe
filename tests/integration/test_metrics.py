"""The metrics: their form, what they count, and who may see them."""

import secrets
import shutil
import subprocess
import time

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from support.client import ok, problem, raw_exchange
from support.forms import contact
from support.metrics import Metrics, admin_url, scrape
from support.server import Townhall
from support.waiting import wait_until

TOKEN = "a-token-for-metrics-0123456789"


@pytest.fixture(scope="module")
def server(database):
    """A server with both ways to its metrics."""
    server = Townhall(database, {"ADMIN_LISTEN": "127.0.0.1:0", "METRICS_TOKEN": TOKEN, "DATABASE_POOL_SIZE": "4"})
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def metrics(server):
    """metrics() → what a scrape says now."""
    return lambda: scrape(admin_url(server) + "/metrics")


def test_the_form_is_valid(server, public, admin, metrics):
    """Our own strict reader, the Prometheus client's, and promtool where it is installed find nothing to complain of."""
    ok(public.post("/api/contact", contact()), 201)
    public.get("/nowhere")
    admin.get("/api/v1/campaigns")
    assert list(metrics().faults()) == []
    text = requests.get(admin_url(server) + "/metrics", timeout=10).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["townhall_http_requests"].type == "counter"
    assert len(families) >= 30
    promtool = shutil.which("promtool")
    if promtool:
        checked = subprocess.run(
            [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stderr


def test_the_strict_reader_is_strict():
    """What it must refuse or complain of, it does."""
    good = "# HELP a_total A.\n# TYPE a_total counter\n"
    for line in (
        "a_total{x=1} 2",
        'a_total{x="a"b"} 2',
        "b_total 1",
        "a_total  1",
        'a_total{x="1",x="2"} 1',
        "a_total 1\n\n",
    ):
        with pytest.raises((AssertionError, ValueError)):
            Metrics(good + line + "\n")
    with pytest.raises(AssertionError):
        Metrics(good + "a_total 1\na_total 2\n")
    assert list(Metrics("# HELP a A.\n# TYPE a counter\na 1\n").faults())
    bad = '# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 3\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 2\n'
    assert list(Metrics(bad).faults())


def test_requests_by_route_status_and_problem(public, admin, metrics):
    """Counted under the template, with the problem's code; their times in the histogram of the route."""
    before = metrics()
    for number in (101, 102, 103):
        told = problem(admin.get(f"/api/v1/voters/{number}?campaign_id=1"), 404)
    problem(public.post("/api/contact", {}), 422)
    problem(public.get("/no/such/path"), 404)
    after = metrics()

    def more(name, **labels):
        return after.value(name, **labels) - before.value(name, **labels)

    voter = {"route": "/api/v1/voters/{id}", "method": "GET"}
    assert more("townhall_http_requests_total", **voter, status="404", problem=told["type"].rsplit(":")[-1]) == 3
    assert more("townhall_http_request_seconds_count", **voter) == 3
    assert 0 < more("townhall_http_request_seconds_sum", **voter) < 3
    assert (
        more("townhall_http_requests_total", route="/api/contact", method="POST", status="422", problem="invalid") == 1
    )
    assert more("townhall_http_requests_total", route="-", status="404") == 1
    assert more("townhall_http_received_bytes_total") > 0 and more("townhall_http_sent_bytes_total") > 0


def test_clients_make_no_series(server, public, metrics):
    """Paths, methods, statuses and names of a client's own choosing are counted, but under no name of theirs."""
    problem(public.get("/warm"), 404)
    raw_exchange(server.port, b"QUERX / HTTP/1.1\r\nHost: a\r\n\r\n")
    raw_exchange(server.port, b"GARBAGE\r\n\r\n")
    before = metrics()
    for _ in range(100):
        public.get(f"/{secrets.token_hex(8)}?{secrets.token_hex(4)}={secrets.token_hex(4)}")
    for _ in range(10):
        method = secrets.token_hex(4).upper().replace("0", "X")
        raw_exchange(server.port, f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        raw_exchange(server.port, f"{secrets.token_hex(8)}\r\n\r\n".encode())
    after = metrics()
    new = {(name, pairs) for name, pairs in after.series() - before.series() if name.startswith("townhall_http")}
    assert not new, new
    assert (
        after.value("townhall_http_requests_total", route="-") - before.value("townhall_http_requests_total", route="-")
        >= 120
    )
    assert len(after.series()) < 10_000


def test_queries_by_name_and_class_of_failure(admin, metrics):
    """Each named query has its times; failures are told apart by SQLSTATE's class."""
    ok(admin.get("/api/v1/campaigns"))
    name = next(
        iter(
            sorted(
                query for query in metrics().labels("townhall_db_query_seconds_count", "query") if "campaign" in query
            )
        )
    )
    assert metrics().value("townhall_db_query_seconds_count", query=name) >= 1
    slug = f"twice-{secrets.token_hex(4)}"
    before = metrics()
    ok(admin.post("/api/v1/campaigns", {"name": "One", "slug": slug}), 201)
    problem(admin.post("/api/v1/campaigns", {"name": "Two", "slug": slug}), 409)
    after = metrics()
    failed = after.value("townhall_db_query_errors_total", sqlstate_class="23") - before.value(
        "townhall_db_query_errors_total", sqlstate_class="23"
    )
    refused = after.value("townhall_http_requests_total", status="409") - before.value(
        "townhall_http_requests_total", status="409"
    )
    assert refused == 1 and failed <= 1  # where the statement itself says so, nothing failed
    assert after.labels("townhall_db_query_errors_total", "sqlstate_class") <= {
        "none",
        "08",
        "22",
        "23",
        "25",
        "40",
        "53",
        "55",
        "57",
        "other",
    }


def test_a_failed_statement_is_counted_by_its_class(own_database):
    """A column goes missing: class 42 is told as `other`, under the name of the query."""
    server = Townhall(own_database, {"ADMIN_LISTEN": "127.0.0.1:0"})
    server.contract = False  # which knows of no 500
    try:
        server.start()
        admin = server.admin()
        own_database.sql("alter table campaign.campaigns rename column office to renamed_away")
        assert admin.get("/api/v1/campaigns").status_code == 500
        found = scrape(admin_url(server) + "/metrics")
        assert found.value("townhall_db_query_errors_total", sqlstate_class="other") >= 1
        assert (
            found.value("townhall_http_requests_total", route="/api/v1/campaigns", status="500", problem="internal")
            == 1
        )
    finally:
        server.close()


def test_lanes_pools_jobs_log_and_process(server, public, metrics):
    """Everything else that a chart or an alert needs is there, and says what is so."""
    for _ in range(20):
        ok(public.post("/api/contact", contact()), 201)
    wait_until(
        lambda: metrics().value("townhall_jobs_total", kind="submission.follow_up", outcome="succeeded") >= 20,
        30,
        "jobs",
    )
    found = metrics()
    assert found.value("townhall_db_batch_statements_count", users="requests") >= 20
    assert found.value("townhall_db_batch_statements_sum") >= found.value("townhall_db_batch_statements_count")
    assert found.value("townhall_db_lane_connected", users="requests") >= 1
    assert found.value("townhall_db_pool_limit", users="requests") == 4
    assert found.value("townhall_db_pool_in_use", users="requests") <= 4
    assert found.value("townhall_job_seconds_count", kind="submission.follow_up") >= 1  # of many at once
    for name in ("townhall_jobs_ready", "townhall_jobs_dead", "townhall_jobs_oldest_due_seconds", "townhall_db_lane_retries_total",
                 "townhall_db_pool_waiting", "townhall_db_pool_refused_total", "townhall_db_pool_wait_seconds_count",
                 "townhall_log_dropped_lines_total", "townhall_cpu_pool_waiting"):  # fmt: skip
        assert found.samples[name], name
    assert {"submission.follow_up", "voters.import"} <= found.labels("townhall_jobs_ready", "kind")
    assert found.value("townhall_http_connections") >= 1
    assert found.value("townhall_log_bytes_total") > 1000
    assert 1e6 < found.value("process_resident_memory_bytes") < 4e9
    assert 10 < found.value("process_open_fds") < found.value("process_max_fds")
    assert found.value("process_cpu_seconds_total") > 0
    assert abs(found.value("process_start_time_seconds") - time.time()) < 3600
    told = ok(public.get("/version"))
    assert found.value("townhall_build_info", version=told["version"], commit=told["commit"]) == 1


def test_only_the_token_opens_the_public_listener(public):
    """Without it, or with another, there are no metrics there."""
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": TOKEN},
        {"Authorization": f"Basic {TOKEN}"},
    ):
        problem(public.get("/metrics", headers=headers), 404)
    opened = public.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert opened.status_code == 200 and opened.headers["Cache-Control"] == "no-store"
    assert list(Metrics(opened.text).faults()) == []


def test_the_second_listener_serves_operators_only(server):
    """Health, readiness and metrics; nothing of the application, and no second listener unless asked for."""
    base = admin_url(server)
    assert requests.get(base + "/healthz", timeout=10).status_code == 200
    assert requests.get(base + "/readyz", timeout=10).status_code == 200
    for path in ("/api/v1/campaigns", "/api/contact", "/openapi.json", "/version", "/"):
        response = requests.get(base + path, timeout=10)
        assert response.status_code == 404, path
        assert response.headers["Content-Type"] == "application/problem+json"


def test_no_second_listener_unless_asked_for(own_server):
    """It is not there by default."""
    assert not [entry for entry in own_server.log_entries() if entry["message"] == "listening for operators"]
