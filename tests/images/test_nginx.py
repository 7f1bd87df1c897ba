"""nginx in its container: TLS, headers, limits, streams, and applications that come and go."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from python_on_whales import DockerException, docker

from images import echo
from images.engine import SITE, Lab, inside, logs, remove, wait_for, wait_until_healthy
from tasks.lib.settings import certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from python_on_whales import Container

TLS = "/etc/analytics/tls"
ECHO = ["python", "-c", Path(echo.__file__).read_text()]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The header's value; there must not be two of them."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2, f"{name}: {values}"
        return values[0] if values else None

    @property
    def seen(self) -> dict[str, Any]:
        """What the echo saw."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    def seen_header(self, name: str) -> list[str]:
        return [value for key, value in self.seen["headers"] if key == name]


@dataclass(frozen=True)
class Site:
    lab: Lab
    nginx: Container
    tls: Path

    def connect(
        self, *, name: str = SITE, context: ssl.SSLContext | None = None
    ) -> http.client.HTTPConnection:
        """A connection with TLS, on which nothing was asked yet."""
        plain = socket.create_connection((self.lab.address(self.nginx), 8443), timeout=20)
        connection = http.client.HTTPConnection(name)
        connection.sock = (context or trusting()).wrap_socket(plain, server_hostname=name)
        return connection

    def ask(
        self,
        path: str,
        method: str = "GET",
        *,
        name: str = SITE,
        body: bytes | None = None,
        **headers: str,
    ) -> Answer:
        connection = self.connect(name=name)
        try:
            named = {key.replace("_", "-"): value for key, value in headers.items()}
            connection.request(method, path, body, named)
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def ask_plain(self, path: str, name: str = SITE) -> Answer:
        """Ask over http."""
        connection = http.client.HTTPConnection(self.lab.address(self.nginx), 8080, timeout=20)
        connection.request("GET", path, headers={"Host": name})
        response = connection.getresponse()
        answer = Answer(response.status, response.getheaders(), response.read())
        connection.close()
        return answer


def trusting() -> ssl.SSLContext:
    """Accepts any certificate, as the ones here are self-signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def only(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = trusting()
    context.set_ciphers("ALL:@SECLEVEL=0")  # else Python itself refuses the old versions
    context.minimum_version = context.maximum_version = version
    return context


def make_certificate(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    certificate.ensure(folder / "certificate.pem", folder / "key.pem", SITE)
    (folder / "key.pem").chmod(0o644)


def start_site(lab: Lab, tls: Path, **settings: str) -> Site:
    tls.mkdir()
    make_certificate(tls)
    for application in ("api", "insights"):
        lab.start(application, command=ECHO)
    nginx = lab.start("nginx", volumes={tls: f"{TLS}:ro"}, **settings)
    wait_until_healthy(nginx)
    site = Site(lab, nginx, tls)
    wait_for(lambda: {site.ask("/").status, site.ask("/api/v0/").status} == {200})
    return site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Lab() as lab:
        yield start_site(lab, tmp_path_factory.mktemp("site") / "tls")


@pytest.fixture
def own_site(lab: Lab, tmp_path: Path) -> Site:
    """A site whose parts the test may stop."""
    return start_site(lab, tmp_path / "tls")


# TLS ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_current_tls_is_spoken(site: Site, version: ssl.TLSVersion) -> None:
    connection = site.connect(context=only(version))
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_old_tls_is_not(site: Site, version: str) -> None:
    with pytest.raises(ssl.SSLError, match=r"PROTOCOL_VERSION|protocol version"):
        site.connect(context=only(ssl.TLSVersion[version]))


@pytest.mark.parametrize("ciphers", ["AES128-SHA", "ECDHE-RSA-AES128-SHA", "AES128-GCM-SHA256"])
def test_ciphers_without_forward_secrecy_or_authentication_are_refused(
    site: Site, ciphers: str
) -> None:
    context = only(ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match=r"HANDSHAKE_FAILURE|handshake failure"):
        site.connect(context=context)


def test_http_2_is_offered(site: Site) -> None:
    context = trusting()
    context.set_alpn_protocols(["h2", "http/1.1"])
    connection = site.connect(context=context)
    assert isinstance(connection.sock, ssl.SSLSocket)
    assert connection.sock.selected_alpn_protocol() == "h2"
    connection.close()


# Names --------------------------------------------------------------------------------------------
def test_http_leads_to_https_at_the_published_port(site: Site) -> None:
    answer = site.ask_plain("/courses/?q=a%2Bb")
    assert answer.status == 301
    assert answer.header("Location") == f"https://{SITE}:8443/courses/?q=a%2Bb"


@pytest.mark.parametrize("name", ["other.test", "insights.test.other.test", "10.0.0.1"])
def test_another_name_is_not_served(site: Site, name: str) -> None:
    for answer in (site.ask("/", name=name), site.ask_plain("/", name=name)):
        assert answer.status == 421
        assert answer.header("Location") is None


# What the applications see, and what readers get --------------------------------------------------
def test_applications_learn_who_asks_and_how_from_nginx_alone(site: Site) -> None:
    answer = site.ask(
        "/courses/course-v1:X%2BY+Z%2F%2F/?q=%2B",
        X_Forwarded_For="203.0.113.9",
        X_Forwarded_Proto="http",
        X_Forwarded_Host="evil.test",
        X_Forwarded_Ssl="off",
        X_Forwarded_Protocol="http",
        X_Real_IP="203.0.113.9",
        Forwarded="for=203.0.113.9",
    )
    gateway = site.lab.address(site.nginx).rsplit(".", 1)[0] + ".1"
    assert answer.seen["path"] == "/courses/course-v1:X%2BY+Z%2F%2F/?q=%2B"
    assert answer.seen_header("host") == [SITE]
    assert answer.seen_header("x-forwarded-for") == [gateway]
    assert answer.seen_header("x-forwarded-proto") == ["https"]
    made_up = {"x-forwarded-host", "x-forwarded-ssl", "x-forwarded-protocol", "x-real-ip"}
    assert not (made_up | {"forwarded"}) & {name for name, _ in answer.seen["headers"]}


def test_the_data_api_has_its_paths_and_insights_the_rest(site: Site) -> None:
    hosts = {
        path: site.ask(path).seen["host"]
        for path in ("/", "/api/v0/x", "/api/v1/x", "/apis/", "/static/api/x.js", "/health/")
    }
    assert hosts["/api/v0/x"] == hosts["/api/v1/x"] != hosts["/"]
    assert len({host for path, host in hosts.items() if not path.startswith("/api/")}) == 1


SECURITY = {
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Referrer-Policy",
    "Content-Security-Policy",
}


@pytest.mark.parametrize("path", ["/", "/static/x.js", "/x.csv", "/api/v0/x", "/%zz", "/sign-in/"])
def test_every_answer_has_security_headers_once(site: Site, path: str) -> None:
    answer = site.ask(path)
    assert {name for name in SECURITY if answer.header(name)} == SECURITY
    assert answer.header("Server") == "nginx"


def test_headers_of_an_application_stand(site: Site) -> None:
    answer = site.ask("/?own-headers=1")
    assert answer.header("Content-Security-Policy") == "default-src 'self'"
    assert answer.header("X-Frame-Options") == "SAMEORIGIN"
    assert answer.header("X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize("path", ["/api/v0/x", "/x.csv?thousands=1"])
def test_texts_are_compressed_for_those_who_can_read_that(site: Site, path: str) -> None:
    packed = site.ask(path, Accept_Encoding="gzip")
    plain = site.ask(path)
    assert (packed.header("Content-Encoding"), plain.header("Content-Encoding")) == ("gzip", None)
    assert packed.header("Vary") == "Accept-Encoding"
    assert len(packed.body) < len(plain.body) / 2
    assert len(gzip.decompress(packed.body)) == pytest.approx(len(plain.body), abs=20)


def test_what_an_application_compressed_is_left_as_it_is(site: Site) -> None:
    answer = site.ask("/?gzip=1", Accept_Encoding="gzip")
    assert json.loads(gzip.decompress(answer.body))["path"] == "/?gzip=1"


def test_static_files_are_kept_here_and_by_browsers(site: Site) -> None:
    first, second = site.ask("/static/x.0123abcd.js"), site.ask("/static/x.0123abcd.js")
    assert second.seen["requests"] == first.seen["requests"]
    assert second.header("Cache-Control") == "max-age=315360000, public, immutable"


def test_lines_of_a_download_come_as_they_are_made(site: Site) -> None:
    connection = site.connect()
    began = time.monotonic()
    connection.request("GET", "/x.csv?sleep=3&thousands=1")
    response = connection.getresponse()
    assert response.readline() == echo.LINE
    assert time.monotonic() - began < 2
    assert len(response.read()) == 1000 * len(echo.LINE)
    connection.close()


@pytest.mark.parametrize("path", ["/x.csv", "/api/v0/x.csv"])
def test_a_long_answer_to_a_slow_reader_never_goes_to_disk(site: Site, path: str) -> None:
    connection = site.connect()
    connection.request("GET", f"{path}?thousands=2000")  # 80 MB
    response = connection.getresponse()
    response.read(1000)
    time.sleep(1)
    assert inside(site.nginx, "find", "/tmp", "-type", "f", "-size", "+1M") == ""
    with pytest.raises(DockerException):
        inside(site.nginx, "sh", "-c", "echo > /file")
    assert len(response.read()) == 2_000_001 * len(echo.LINE) - 1000
    connection.close()


# Limits -------------------------------------------------------------------------------------------
def test_bodies_have_a_limit(site: Site) -> None:
    assert site.ask("/api/v0/x", "POST", body=b"x" * 3_000_000).status == 200
    assert site.ask("/api/v0/x", "POST", body=b"x" * 5_000_000).status == 413


def test_so_do_requests(own_site: Site) -> None:
    """Sign-ins a low one; the others one that no reader comes near to."""
    signing_in = Counter(own_site.ask("/sign-in/", "POST").status for _ in range(40))
    assert 20 <= signing_in[200] <= 25
    assert signing_in[429] == 40 - signing_in[200]
    refused = own_site.ask("/sign-in/", "POST")
    assert refused.header("Retry-After") == "2"
    assert refused.header("Strict-Transport-Security")
    assert own_site.ask("/sign-in/").status == 200
    assert {own_site.ask("/courses/").status for _ in range(60)} == {200}


# Applications that come and go --------------------------------------------------------------------
def test_an_application_is_found_at_its_new_address(lab: Lab, own_site: Site) -> None:
    [old] = docker.ps(filters=[("name", f"{lab.name}-insights")])
    before = own_site.lab.address(old)
    remove(old)
    stranger = lab.start("api", alias="stranger", command=ECHO)
    assert lab.address(stranger) == before  # so that the old address is taken
    lab.start("insights", command=ECHO)
    known = {own_site.ask("/api/").seen["host"], inside(stranger, "hostname").strip()}

    def answers() -> bool:
        answer = own_site.ask("/")
        return answer.status == 200 and answer.seen["host"] not in known

    wait_for(answers)


def test_while_one_is_away_readers_are_told_so(lab: Lab, own_site: Site) -> None:
    for service in ("insights", "api"):
        # Asked of by name, since other tests' containers may go while they are looked at.
        docker.stop(docker.ps(filters=[("name", f"{lab.name}-{service}")]), time=0)
    page, numbers = own_site.ask("/courses/"), own_site.ask("/api/v0/x")
    assert (page.status, numbers.status) == (503, 503)
    assert b"Back in a moment" in page.body
    assert page.header("Content-Type") == "text/html"
    assert json.loads(numbers.body)["error_code"] == "unavailable"
    for answer in (page, numbers):
        assert answer.header("Retry-After") == "10"
        assert {name for name in SECURITY if answer.header(name)} == SECURITY
    wait_until_healthy(own_site.nginx)


# Certificates -------------------------------------------------------------------------------------
def served_certificate(site: Site) -> bytes:
    connection = site.connect()
    assert isinstance(connection.sock, ssl.SSLSocket)
    found = connection.sock.getpeercert(binary_form=True)
    connection.close()
    assert found
    return found


def test_a_new_certificate_is_taken_without_a_request_lost(own_site: Site) -> None:
    before = served_certificate(own_site)
    problems: list[str] = []
    asked = Counter[str]()
    done = threading.Event()

    def load() -> None:
        while not done.is_set():
            try:
                status = own_site.ask("/").status
            except (OSError, http.client.HTTPException) as error:
                problems.append(repr(error))
            else:
                asked["requests"] += 1
                if status not in (200, 429):
                    problems.append(str(status))

    def ask_slowly() -> None:
        answer = own_site.ask("/x.csv?sleep=3&thousands=1")
        if len(answer.body) != 1001 * len(echo.LINE):
            problems.append("a download was cut off")

    threads = [threading.Thread(target=target) for target in (load, load, ask_slowly)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    make_certificate(own_site.tls)
    inside(own_site.nginx, "reload-certificate")
    wait_for(lambda: served_certificate(own_site) != before)
    time.sleep(0.5)
    done.set()
    for thread in threads:
        thread.join()
    assert problems == []
    assert asked["requests"] > 20


def test_a_certificate_that_cannot_be_used_is_refused_and_the_old_one_stays(own_site: Site) -> None:
    before = served_certificate(own_site)
    key = own_site.tls / "key.pem"
    key.write_text("no key")
    with pytest.raises(DockerException, match=r"stays in use: .*key\.pem"):
        inside(own_site.nginx, "reload-certificate")
    assert served_certificate(own_site) == before


# Log and end --------------------------------------------------------------------------------------
def test_the_log_can_be_json(lab: Lab, tmp_path: Path) -> None:
    site = start_site(lab, tmp_path / "tls", LOG_FORMAT="json")
    site.ask('/courses/?q="', User_Agent='a "quoted" \\ agent')
    wait_for(lambda: "quoted" in logs(site.nginx))
    [line] = [line for line in logs(site.nginx).splitlines() if "quoted" in line]
    request = json.loads(line)
    assert request["path"] == '/courses/?q="'
    assert request["agent"] == 'a "quoted" \\ agent'
    assert request["status"] == 200
    assert request["seconds"] >= 0


def test_it_finishes_what_is_under_way_before_it_stops(own_site: Site) -> None:
    answers: list[Answer] = []
    slow = threading.Thread(target=lambda: answers.append(own_site.ask("/?sleep=3")))
    slow.start()
    time.sleep(1)
    docker.stop(own_site.nginx, time=20)
    slow.join()
    assert [answer.status for answer in answers] == [200]
    own_site.nginx.reload()
    assert own_site.nginx.state.exit_code == 0
