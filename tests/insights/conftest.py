"""Insights in this process, asked as a browser would, with the Data API in front of real reports.

Its settings come from the environment, and Django takes them once in a process: here, before a test
imports anything of it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import django
import pytest

from managing import ENVIRONMENT

os.environ.update(ENVIRONMENT, DJANGO_SETTINGS_MODULE="insights.settings")
django.setup()
# Else processes that are started from this one would have these settings too: pytest-xdist's, and
# `inv`, which takes a site's settings from the environment first.
for _name in (*ENVIRONMENT, "DJANGO_SETTINGS_MODULE"):
    del os.environ[_name]

from django.core.cache import caches  # noqa: E402
from django.core.management import call_command  # noqa: E402

from insights.accounts.models import CourseAccess  # noqa: E402
from served import Served  # noqa: E402
from serving import data_api  # noqa: E402
from updating import SampleSite, run  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.contrib.auth.models import User
    from django.test import Client

PASSWORD = "kestrel-over-9"


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Each process has its database in memory, so that none needs a name of its own.

    pytest-django would give it one, a file's, since it knows only Django's own backend by name.
    """


@pytest.fixture(scope="session", autouse=True)
def _static_files() -> None:
    """The static files, as `prepare` collects them."""
    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture(autouse=True)
def _no_failed_sign_ins() -> None:
    caches["sign-in"].clear()


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """A good hash of a password takes a third of a second."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def sample_site(tmp_path_factory: pytest.TempPathFactory) -> SampleSite:
    """A sample site of two weeks."""
    return SampleSite.make(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def sample_served(
    sample_site: SampleSite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The reports of the sample site behind a Data API; not to be written to."""
    data = tmp_path_factory.mktemp("served") / "data"
    run(sample_site.update(data))
    with data_api(data) as api:
        yield Served(data, api)


@pytest.fixture(scope="module")
def module_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Reports without a row behind a Data API, for the rows of one module's tests."""
    data = tmp_path_factory.mktemp("empty")
    with data_api(data) as api:
        yield Served(data, api)


@pytest.fixture
def served(sample_served: Served, settings: Any) -> Served:
    """The sample site's reports, which Insights shows."""
    return shown_by_insights(sample_served, settings)


@pytest.fixture
def served_by_hand(module_served: Served, settings: Any) -> Served:
    """The module's own reports, which Insights shows."""
    return shown_by_insights(module_served, settings)


@pytest.fixture
def show(settings: Any) -> Callable[[Served], Served]:
    """Lets Insights show reports of a test's own."""
    return lambda served: shown_by_insights(served, settings)


def shown_by_insights(served: Served, settings: Any) -> Served:
    """Let Insights read from a Data API for the length of a test."""
    settings.DATA_API_URL = served.api.url
    settings.DATA_API_TOKEN = served.api.token
    return served


@pytest.fixture
def make_user(django_user_model: type[User], db: None) -> Callable[..., User]:  # noqa: ARG001
    """Makes a user who sees the given courses."""

    def make(name: str, *course_ids: str, superuser: bool = False) -> User:
        user = django_user_model.objects.create_user(name, password=PASSWORD)
        user.is_superuser = superuser
        user.save()
        for course_id in course_ids:
            CourseAccess.objects.create(user=user, course_id=course_id)
        return user

    return make


@pytest.fixture
def superuser(make_user: Callable[..., User]) -> User:
    """Somebody who sees all courses."""
    return make_user("ada", superuser=True)


@pytest.fixture
def browser(client: Client, superuser: User) -> Client:
    """A browser in which a superuser is signed in."""
    client.force_login(superuser)
    return client
