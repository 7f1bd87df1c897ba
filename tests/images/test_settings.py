"""Settings of containers: what render-settings makes of the environment, and what it refuses."""

from __future__ import annotations

import importlib.util
import re
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest
import yaml
from python_on_whales import docker

from checkout import ROOT
from images.engine import SERVICES, Lab, inside, new_settings, wait_for

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from python_on_whales import Container


def load() -> ModuleType:
    path = ROOT / "services/common/tools/runtime/render_settings.py"
    spec = importlib.util.spec_from_file_location("render_settings", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


render_settings = load()


def findings(function: str, value: str, *arguments: object) -> list[str]:
    settings = render_settings.Settings({"NAME": value})
    getattr(settings, function)("NAME", *arguments)
    return list(settings.findings.values())


@pytest.mark.parametrize(
    ("function", "value", "arguments"),
    [
        ("secret", "!~'\"\\$`#%/?@:;", ()),
        ("password", "", ()),
        ("password", "pass wörd", ()),
        ("text", "", ()),
        ("text", "Insights <insights@example.org>", ()),
        ("host", "insights.example.org", ()),
        ("host", "localhost", ()),
        ("host", "192.0.2.1", ()),
        ("host", "[2001:db8::1]", ()),
        ("size", "256m", ()),
        ("size", "2G", ()),
        ("choice", "json", ("plain", "json")),
        ("choice", "", ("plain", "json")),
        ("port", "8443", (443,)),
        ("port", "", (443,)),
        ("number", "1", (2, 1, 64)),
        ("number", "64", (2, 1, 64)),
    ],
)
def test_a_value_of_its_type_is_taken(
    function: str, value: str, arguments: tuple[object, ...]
) -> None:
    assert findings(function, value, *arguments) == []


@pytest.mark.parametrize(
    ("function", "value", "arguments", "finding"),
    [
        ("secret", "", (), "NAME is not set"),
        ("host", "", (), "NAME is not set"),
        ("host", "a b", (), "NAME is 'a b': set it to a host name such as insights.example.org"),
        ("text", "two\nlines", (), "NAME is 'two\\nlines': set it to one line of text"),
        ("host", "a;b", (), "NAME is 'a;b': set it to a host name such as insights.example.org"),
        ("host", "a.test\n", (), "NAME is 'a.test\\n': set it to"),
        ("host", "https://a.test", (), "NAME is 'https://a.test': set it to"),
        ("size", "256", (), "NAME is '256': set it to a size such as 256m"),
        ("size", "0m", (), "NAME is '0m': set it to a size such as 256m"),
        ("size", "1m; x", (), "NAME is '1m; x': set it to a size such as 256m"),
        ("choice", "xml", ("plain", "json"), "NAME is 'xml': set it to plain or json"),
        ("port", "0", (443,), "NAME is '0': set it to a whole number from 1 to 65535"),
        ("port", "65536", (443,), "NAME is '65536': set it to a whole number from 1 to 65535"),
        ("number", "1.5", (2, 1, 64), "NAME is '1.5': set it to a whole number from 1 to 64"),
        ("number", "٣", (2, 1, 64), "NAME is '٣': set it to a whole number from 1 to 64"),
        ("number", "9" * 99, (2, 1, 64), f"NAME is '{'9' * 99}': set it to"),
    ],
)
def test_another_is_named(
    function: str, value: str, arguments: tuple[object, ...], finding: str
) -> None:
    [found] = findings(function, value, *arguments)
    assert found.startswith(finding)


@pytest.mark.parametrize("value", ["short", "with a space", "new\nline", "umläute!", "tab\there!"])
def test_a_malformed_secret_is_named_but_not_shown(value: str) -> None:
    [found] = findings("secret", value)
    assert found.startswith("NAME ")
    assert value not in found


def test_a_password_of_two_lines_is_named_but_not_shown() -> None:
    assert findings("password", "two\nlines") == [
        "NAME is not a password as it should be: one line of text"
    ]


def test_a_text_in_sql_or_a_url_is_that_text() -> None:
    assert render_settings.sql_literal("it's \\ --") == "'it''s \\ --'"
    assert render_settings.percent_encoded("a/b@c:d%") == "a%2Fb%40c%3Ad%25"


# In the containers --------------------------------------------------------------------------------
REQUIRED = [
    (service, name)
    for service, names in {
        "mysql": [name for name in new_settings() if name.endswith("_PASSWORD")],
        "api": ["API_SECRET_KEY", "API_TOKEN", "MYSQL_API_PASSWORD", "MYSQL_MIGRATIONS_PASSWORD"],
        "insights": ["INSIGHTS_SECRET_KEY", "API_TOKEN", "MYSQL_INSIGHTS_PASSWORD"],
    }.items()
    for name in names
]


@pytest.mark.parametrize(("service", "name"), REQUIRED)
def test_without_a_secret_a_container_ends_with_a_line_that_names_it(
    lab: Lab, service: str, name: str
) -> None:
    code, printed = lab.run(service, **{name: ""})
    assert (code, printed) == (1, f"render-settings: {name} is not set\n")


@pytest.mark.parametrize(
    ("service", "name", "value"),
    [
        ("mysql", "MYSQL_BUFFER_POOL", "much"),
        ("api", "SITE_HOST", "https://insights.test"),
        ("api", "LOG_FORMAT", "xml"),
        ("insights", "API_TIMEOUT", "soon"),
        ("nginx", "SITE_HOST", "insights.test; return 200"),
        ("nginx", "HTTPS_PORT", "https"),
        ("nginx", "LOG_FORMAT", "xml"),
        ("api", "GUNICORN_WORKERS", "0"),
        ("insights", "GUNICORN_THREADS", "many"),
    ],
)
def test_with_a_malformed_value_too(lab: Lab, service: str, name: str, value: str) -> None:
    code, printed = lab.run(service, **{name: value})
    assert code == 1
    assert printed.startswith(f"render-settings: {name} is {value!r}: set it to ")
    assert printed.count("\n") == 1


def test_all_that_is_wrong_is_told_at_once(lab: Lab) -> None:
    code, printed = lab.run("api", API_TOKEN="", SITE_HOST="no host", LOG_FORMAT="xml")
    assert code == 1
    assert [line.split()[1] for line in printed.splitlines()] == [
        "API_TOKEN",
        "SITE_HOST",
        "LOG_FORMAT",
    ]


def test_a_password_reaches_the_application_as_it_is(lab: Lab) -> None:
    lab.settings["MYSQL_API_PASSWORD"] = "it's:a/b@c?d#50%\\\"$x"
    container = lab.idle("api")
    rendered = yaml.safe_load(inside(container, "cat", "/run/analytics/analytics_api.yml"))
    assert rendered["ANALYTICS_DATA_API_DATABASE"] == (
        "mysql://api:it%27s%3Aa%2Fb%40c%3Fd%2350%25%5C%22%24x@mysql/api"
    )


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_rendered_is_for_the_container_alone(lab: Lab, service: str) -> None:
    container = lab.idle(service)
    modes = inside(container, "find", "/run/analytics", "-type", "f", "-printf", "%m %u\n")
    user = inside(container, "id", "-un").strip()
    assert set(modes.splitlines()) == {f"600 {user}"}


@pytest.mark.parametrize("service", ["api", "insights", "mysql"])
def test_no_process_in_a_container_has_secrets_in_its_environment(lab: Lab, service: str) -> None:
    container = lab.idle(service)
    environment = inside(container, "cat", "/proc/1/environ")
    assert "PATH=" in environment
    names = {name for _, name in REQUIRED}
    secrets = {lab.settings[name] for name in names}
    assert not [secret for secret in secrets if secret in environment]
    assert not [name for name in names if f"{name}=" in environment]


def test_a_container_that_still_renders_can_be_stopped(lab: Lab, tmp_path: Path) -> None:
    template = tmp_path / "endless"
    template.write_text("{% for number in range(10 ** 12) %}{% endfor %}")
    container = lab.start("api", volumes={template: "/etc/analytics/endless.j2"})
    wait_for(lambda: handles(container, signal.SIGTERM))

    began = time.monotonic()
    docker.stop(container, time=60)

    assert time.monotonic() - began < 30
    container.reload()
    assert container.state.exit_code == 128 + signal.SIGTERM


def handles(container: Container, number: int) -> bool:
    """Whether the first process of a container has a handler for a signal."""
    status = inside(container, "cat", "/proc/1/status")
    (caught,) = re.findall(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)
    return bool(int(caught, 16) >> (number - 1) & 1)
