"""Settings come from the environment, and what is wrong with them is said in one line."""

from __future__ import annotations

import pytest

from insights.settings import MIDDLEWARE
from managing import failure, manage


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "--fail-level=WARNING"],
        ["check", "--deploy", "--fail-level=WARNING"],
        ["makemigrations", "--check", "--dry-run"],
    ],
    ids=" ".join,
)
def test_management_command_is_content(arguments: list[str]) -> None:
    result = manage(*arguments, INSIGHTS_HTTPS="on")

    assert result.returncode == 0, result.stdout + result.stderr


def test_without_https_deployment_lacks_exactly_what_https_gives() -> None:
    result = manage("check", "--deploy", INSIGHTS_HTTPS="off")

    codes = {f"W{part[:3]}" for part in result.stderr.split("security.W")[1:]}
    assert codes == {"W004", "W008", "W012", "W016"}  # HSTS, redirect, both cookies


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("INSIGHTS_SECRET_KEY", "", "is not set"),
        ("INSIGHTS_DATA_API_TOKEN", " ", "is not set"),
        ("INSIGHTS_DATA_API_TOKEN", "two words", "a character that no token has"),
        ("INSIGHTS_DATA_API_URL", "", "is not set"),
        ("INSIGHTS_DATA_API_URL", "127.0.0.1:8111", "is '127.0.0.1:8111': set it to a URL"),
        ("INSIGHTS_DATA_API_URL", "ftp://api/api/v0", "set it to a URL"),
        ("INSIGHTS_DATA_API_URL", "http://api:port/", "set it to a URL"),
        ("INSIGHTS_DATA_API_URL", "http://api/?v=0", "set it to a URL"),
        ("INSIGHTS_DATA_API_TIMEOUT", "soon", "is 'soon': set it to seconds"),
        ("INSIGHTS_DATA_API_TIMEOUT", "nan", "set it to seconds"),
        ("INSIGHTS_DATA_API_TIMEOUT", "0", "set it to seconds"),
        ("INSIGHTS_AUDIT_DAYS", "0", "is '0': set it to a number from 1 to 3650"),
        ("INSIGHTS_SESSION_HOURS", "day", "is 'day': set it to a number from 1 to 720"),
        ("INSIGHTS_LMS_URL", "lms.example.org", "set it to a URL"),
        (
            "INSIGHTS_LMS_URL",
            "https://lms.example.org/login",
            "set it to a URL such as https://lms",
        ),
        ("INSIGHTS_HTTPS", "yes", "is 'yes': set it to on or off"),
    ],
)
def test_a_malformed_setting_ends_the_start_in_one_line(
    name: str, value: str, complaint: str
) -> None:
    line = failure(manage("check", **{name: value}))

    assert line.startswith(name)
    assert complaint in line


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({}, "INSIGHTS_LMS_CLIENT_ID is not set"),
        ({"INSIGHTS_LMS_CLIENT_ID": "insights"}, "INSIGHTS_LMS_CLIENT_SECRET is not set"),
        (
            {"INSIGHTS_LMS_URL": "http://lms.example.org", "INSIGHTS_HTTPS": "on"},
            "INSIGHTS_LMS_URL is 'http://lms.example.org': set it to a URL such as https://lms",
        ),
    ],
)
def test_an_lms_to_sign_in_through_needs_a_client_and_tls(
    environment: dict[str, str], complaint: str
) -> None:
    settings = {"INSIGHTS_LMS_URL": "https://lms.example.org", **environment}

    assert complaint in failure(manage("check", **settings))


def test_no_secret_is_in_a_complaint() -> None:
    result = manage("check", INSIGHTS_DATA_API_TOKEN="kept private")

    assert "kept" not in result.stderr


def test_every_page_asks_for_a_sign_in() -> None:
    assert "insights.accounts.middleware.SignInMiddleware" in MIDDLEWARE
