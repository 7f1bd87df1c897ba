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
        ("INSIGHTS_SMTP_PORT", "smtp", "is 'smtp': set it to a number from 1 to 65535"),
        ("INSIGHTS_SMTP_SECURITY", "ssl", "is 'ssl': set it to starttls or tls or none"),
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


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"INSIGHTS_MAIL_FROM": ""}, "INSIGHTS_MAIL_FROM is not set"),
        (
            {"INSIGHTS_MAIL_FROM": "Insights"},
            "'Insights': set it to an address such as",
        ),
        ({"INSIGHTS_MAIL_FROM": "a@b.org\nBcc: c@d.org"}, "set it to an address such as Insights"),
        ({"INSIGHTS_SITE_URL": ""}, "INSIGHTS_SITE_URL is not set"),
        ({"INSIGHTS_SMTP_USER": "insights"}, "INSIGHTS_SMTP_PASSWORD is not set"),
    ],
    ids=str,
)
def test_mail_needs_a_sender_and_an_address_of_the_site(
    environment: dict[str, str], complaint: str
) -> None:
    whole = {
        "INSIGHTS_SMTP_HOST": "mail.example.org",
        "INSIGHTS_MAIL_FROM": "Insights <insights@example.org>",
        "INSIGHTS_SITE_URL": "https://analytics.example.org",
    }
    assert manage("check", **whole).returncode == 0

    assert complaint in failure(manage("check", **{**whole, **environment}))


def test_without_a_mail_server_nothing_else_of_it_is_needed() -> None:
    assert manage("check", INSIGHTS_SMTP_USER="insights").returncode == 0


def test_no_secret_is_in_a_complaint() -> None:
    result = manage("check", INSIGHTS_DATA_API_TOKEN="kept private")

    assert "kept" not in result.stderr


def test_every_page_asks_for_a_sign_in() -> None:
    assert "insights.accounts.middleware.SignInMiddleware" in MIDDLEWARE
