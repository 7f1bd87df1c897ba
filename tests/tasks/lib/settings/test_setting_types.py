"""The types of settings: what each takes, and what it makes."""

from __future__ import annotations

from email.utils import parseaddr

import pytest
from django.core.validators import validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.lib.settings import setting_types
from tasks.lib.settings.setting_types import TYPES, size_in_bytes, weakness

TAKEN = {
    "text()": ["anything at all", "é"],
    "host()": ["localhost", "a", "analytics.example.org", "xn--caf-dma.example", "127.0.0.1"],
    "address()": ["0.0.0.0", "127.0.0.1", "::", "fe80::1"],
    "port(443)": ["1", "443", "65535"],
    "number(2, least=1, most=64)": ["1", "64"],
    "size('512m', least='1m')": ["1m", "1024k", "2G"],
    "path()": ["data/tls/key.pem", "/etc/ssl/key.pem", "../a folder/x"],
    "url()": ["https://lms.example.org", "http://localhost:8000/path?query=1"],
    "mailbox()": ["insights@example.org", "Insights <insights@example.org>", "a+b@localhost"],
    "location('s3a://a')": ["hdfs://namenode:8020/warehouse", "s3a://a-bucket/b", "file:///data"],
    "location('s3a://a', or_none=True)": ["thrift://hive-metastore:9083", "none"],
    "switch('on')": ["on", "off"],
    "choice('plain', among=['plain', 'json'])": ["plain", "json"],
    "interval()": ["2026-01-01:2026-07-01"],
    "image_name('a')": ["registry.example.org/a/b", "localhost:5000/a", "a-b__c.d/e"],
    "image_tag('latest')": ["latest", "1.2.3-rc.1_x", "_"],
    "project_name('Folder')": ["a", "analytics-micro_2"],
    "secret()": ["x" * 200, "a'b\\"],
    "token()": ["x" * 40, "a/b+c=!"],
}
REFUSED = {
    "text()": ["line\nbreak"],
    "host()": ["a b", "-a.org", "a-.org", "a..org", "a_b.org", "https://a.org", "a.org:443", "1.2"],
    "address()": ["localhost", "1.2.3", "256.0.0.1", "fe80::1%eth0", "127.0.0.1/8"],
    "port(443)": ["0", "65536", "-1", "0443", "４４３", "443.0", "443/tcp", "99999999999999"],
    "number(2, least=1, most=64)": ["0", "65", "two", "1.5", " 1", "1e1"],
    "size('512m', least='1m')": ["1", "512", "1023k", "1.5g", "512mb", "0m", "-1m", "1t"],
    "path()": ["~/key.pem", "~"],
    "url()": ["lms.example.org", "ftp://a.org", "https://", "https://a b.org", "http://a:99999"],
    "mailbox()": [
        "Insights",
        "a@",
        "@b.org",
        "a b@c.org",
        "a@b.org\nBcc: c@d.org",
        "a@b_c.org",
        "a@mail",
        "a..b@c.org",
    ],
    "location('s3a://a')": ["none", "/warehouse", "namenode:8020", "hdfs://", "hdfs://a folder"],
    "switch('on')": ["yes", "true", "On"],
    "choice('plain', among=['plain', 'json'])": ["xml", "JSON"],
    "interval()": [
        "2026-01-01",
        "2026-07-01:2026-01-01",
        "2026-01-01:2026-01-01",
        "x:y",
        "20260101:20260701",
    ],
    "image_name('a')": ["https://registry.example.org/a", "a/b:latest", "a/B", "a/", "a//b", "a b"],
    "image_tag('latest')": ["", "-a", "a/b", "a" * 129],
    "project_name('Folder')": ["Upper", "-a", "a b", "a.b"],
    "secret()": ["x" * 201, "é" * 20, "with a space", "tab\t"],
    "token()": ["x" * 41, "with a space"],
}


def declared(expression: str) -> setting_types.Type:
    """The type that a template writes so."""
    found = eval(expression, dict(TYPES))
    assert isinstance(found, setting_types.Type)
    return found


def test_every_type_is_tried() -> None:
    tried = {expression.partition("(")[0] for expression in TAKEN}

    assert tried == set(TYPES) == {expression.partition("(")[0] for expression in REFUSED}


@pytest.mark.parametrize(("expression", "values"), TAKEN.items())
def test_taken(expression: str, values: list[str]) -> None:
    assert [value for value in values if not declared(expression).is_valid(value)] == []


@pytest.mark.parametrize(("expression", "values"), REFUSED.items())
def test_refused(expression: str, values: list[str]) -> None:
    assert [value for value in values if declared(expression).is_valid(value)] == []


@pytest.mark.parametrize(
    ("expression", "is_optional"),
    [
        ("path()", True),
        ("path('data')", False),
        ("path('data', required=False)", True),
        ("path(required=True)", False),
        ("secret()", False),
    ],
)
def test_what_may_be_empty(expression: str, is_optional: bool) -> None:
    assert declared(expression).is_optional is is_optional


def test_secrets_are_random_valid_and_strong() -> None:
    declaration = setting_types.secret(length=64)
    assert declaration.make

    made = {declaration.make() for _ in range(100)}

    assert len(made) == 100
    assert {len(secret) for secret in made} == {64}
    assert all(declaration.is_valid(secret) and weakness(secret) is None for secret in made)


@pytest.mark.parametrize("folder", ["analytics-micro", "Ünïcode Ordner", "..", "x" * 300])
def test_project_names_tell_the_folder_and_never_collide(folder: str) -> None:
    declaration = setting_types.project_name(folder)
    assert declaration.make

    one, other = declaration.make(), declaration.make()

    assert one != other
    assert declaration.is_valid(one)
    if folder == "analytics-micro":
        assert one.startswith("analytics-micro-")


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("abc123", "has fewer than 20 characters"),
        ("", "has fewer than 20 characters"),
        ("changeme", "looks like a placeholder"),
        ("CHANGE-ME-BEFORE-USE", "looks like a placeholder"),
        ("<your secret goes here>", "looks like a placeholder"),
        ("password12345678901234", "looks like a placeholder"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", "repeats itself"),
        ("abcdefgh" * 4, "repeats itself"),
        ("12121212131313131212", "repeats itself"),
    ],
)
def test_weak_secrets(secret: str, reason: str) -> None:
    assert weakness(secret) == reason


def test_a_sentence_of_ones_own_is_no_weak_secret() -> None:
    assert weakness("the cat's password is 9 lives") is None


def test_amounts_of_memory() -> None:
    assert [size_in_bytes(text) for text in ("1k", "512m", "2G", "512", "")] == [
        *(1024, 512 * 1024**2, 2 * 1024**3),
        *(None, None),
    ]


@settings(max_examples=300)
@given(
    st.builds(
        "{}@{}".format,
        st.text('ab.!#_-+"()<> @é', max_size=6),
        st.lists(st.text("ab1-", min_size=1, max_size=3), min_size=1, max_size=4).map(".".join),
    )
    | st.emails()
)
def test_a_mailbox_is_one_for_insights_too(value: str) -> None:
    """Which would not start with what it refuses."""
    if declared("mailbox()").is_valid(value):
        validate_email(parseaddr(value)[1])
