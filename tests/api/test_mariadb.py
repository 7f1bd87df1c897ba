"""The Data API on a MariaDB, from its first start on."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from analyticsclient.client import Client

import analytics_data_api
from analytics_data_api.database import known_migrations
from insights_pipeline.publish.mariadb import Account, MariaDBReports
from insights_pipeline.update import run_update
from mariadb_server import PASSWORDS, manage, python_path
from published import ANSWERS, CS, ENGAGEMENT, LEARNERS, run
from served import Served
from serving import DataApi
from tasks.lib.local import serve
from tasks.lib.local.applications import Application

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from mariadb_server import Databases, Server
    from updating import SampleSite

SOURCE = Path(analytics_data_api.__file__).parents[1]
TOKEN = "0123456789abcdef0123456789abcdef01234567"
_random = random.Random(6)


@pytest.fixture
def databases(mariadb: Server) -> Databases:
    """A site's databases, still empty."""
    return mariadb.make_databases()


@pytest.fixture(scope="module")
def prepared(mariadb: Server) -> Databases:
    """A site's databases as the first start makes them; not to be written to."""
    made = mariadb.make_databases()
    made.prepare()
    return made


def prepare(databases: Databases, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**databases.data_api, "ANALYTICS_DATA_API_TOKEN": TOKEN, **settings}
    return manage("analytics_data_api", "prepare", **environment)


def prepares(databases: Databases, **settings: str) -> None:
    """Prepare the databases, which succeeds without a word."""
    done = prepare(databases, **settings)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def failure(done: subprocess.CompletedProcess[str]) -> str:
    """The one line with which a command failed."""
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    for password in PASSWORDS.values():
        assert password not in line
    return line.removeprefix("CommandError: ")


def schema_of(databases: Databases) -> dict[str, str]:
    """The statement for each table of both databases, without the counters of its ids."""
    return {
        table: re.sub(
            r" AUTO_INCREMENT=\d+",
            "",
            databases.select(database, f"SHOW CREATE TABLE {table}")[0][1],
        )
        for database in (databases.reports, databases.api)
        for table in databases.tables(database)
    }


def tokens(databases: Databases) -> list[tuple[Any, ...]]:
    query = "SELECT username, `key` FROM authtoken_token JOIN auth_user u ON u.id = user_id"
    return databases.select(databases.api, query)


# What a start prepares.


def test_first_start(databases: Databases) -> None:
    prepares(databases)

    assert {"video", "pipeline_run", "django_migrations"} < databases.tables(databases.reports)
    assert {"auth_user", "authtoken_token"} < databases.tables(databases.api)
    assert tokens(databases) == [("insights", TOKEN)]


def test_every_start_after_it_changes_nothing(databases: Databases) -> None:
    prepares(databases)
    before = schema_of(databases), tokens(databases)

    prepares(databases)

    assert (schema_of(databases), tokens(databases)) == before


def test_texts_are_compared_as_they_stand(prepared: Databases) -> None:
    for statement in schema_of(prepared).values():
        assert "DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin" in statement


def test_columns_say_what_they_hold(prepared: Databases) -> None:
    assert "COMMENT 'course key, in either form'" in schema_of(prepared)["video"]


def test_django_finds_nothing_to_complain_of(prepared: Databases) -> None:
    for arguments in (
        ["check", "--fail-level=WARNING", "--database=default", "--database=reports"],
        ["migrate", "--check"],
        ["migrate", "--check", "--database=reports", "reports"],
    ):
        done = manage("analytics_data_api", *arguments, **prepared.data_api)
        assert done.returncode == 0, done.stdout + done.stderr


def test_token_that_changed_is_replaced(databases: Databases) -> None:
    prepares(databases)

    prepares(databases, ANALYTICS_DATA_API_TOKEN=TOKEN[::-1])

    assert tokens(databases) == [("insights", TOKEN[::-1])]


def test_several_starts_at_once(databases: Databases, prepared: Databases) -> None:
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda _: prepare(databases), range(3)))

    assert [(each.returncode, each.stderr) for each in done] == [(0, "")] * 3
    assert schema_of(databases) == schema_of(prepared)
    assert tokens(databases) == [("insights", TOKEN)]


# A start that is cut short.


@pytest.mark.parametrize("share", [_random.random() for _ in range(4)])
def test_first_start_that_was_killed_heals(
    share: float, databases: Databases, prepared: Databases
) -> None:
    """At some time between its first table and its last."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "analytics_data_api", "prepare"],
        env={**os.environ, **databases.data_api, "PYTHONPATH": python_path()},
        stderr=subprocess.DEVNULL,
    )
    wanted = 1 + share * 18  # of twenty tables
    while process.poll() is None and tables_in(databases) < wanted:
        pass
    process.kill()
    process.wait()
    assert tables_in(databases) > 0

    prepares(databases)

    assert schema_of(databases) == schema_of(prepared)


def tables_in(databases: Databases) -> int:
    return len(databases.tables(databases.reports)) + len(databases.tables(databases.api))


def test_what_a_first_start_left_is_dropped(databases: Databases, prepared: Databases) -> None:
    databases.server.do("CREATE TABLE first_preparation (nothing INT)", database=databases.api)
    databases.server.do("CREATE TABLE auth_group (id INT PRIMARY KEY)", database=databases.api)
    databases.server.do(
        "CREATE TABLE auth_permission (id INT, FOREIGN KEY (id) REFERENCES auth_group (id))",
        database=databases.api,
    )

    prepares(databases)

    assert schema_of(databases) == schema_of(prepared)


def test_first_start_that_only_lacked_its_end_keeps_all(databases: Databases) -> None:
    prepares(databases)
    databases.server.do("CREATE TABLE first_preparation (nothing INT)", database=databases.reports)
    databases.server.do(
        "INSERT INTO video_timeline VALUES (1, NOW(), 'v', 0, 1, 1)", database=databases.reports
    )

    prepares(databases)

    assert "first_preparation" not in databases.tables(databases.reports)
    assert databases.select(databases.reports, "SELECT count(*) FROM video_timeline") == [(1,)]


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """Source of a later version, with a migration that fails after its first change."""
    source = tmp_path / "next"
    shutil.copytree(SOURCE, source)
    (source / "analytics_data_api/reports/migrations/0099_next.py").write_text(
        "from django.db import migrations, models\n"
        "class Migration(migrations.Migration):\n"
        f"    dependencies = [('reports', '{max(known_migrations())}')]\n"
        "    operations = [\n"
        "        migrations.AddField('video', 'title', models.TextField(null=True)),\n"
        "        migrations.RunSQL('SELECT oops'),\n"
        "    ]\n"
    )
    return source


def test_upgrade_that_was_cut_short_keeps_what_is_there(
    databases: Databases, next_release: Path
) -> None:
    prepares(databases)
    databases.server.do(
        "INSERT INTO video_timeline VALUES (1, NOW(), 'v', 0, 1, 1)", database=databases.reports
    )
    later = {"PYTHONPATH": os.pathsep.join([str(next_release), python_path()])}
    advice = "if an upgrade was cut short before, restore the database's last backup"

    first, again = (failure(prepare(databases, **later)) for _ in range(2))

    assert "cannot be brought up to date: Unknown column 'oops'" in first
    assert "cannot be brought up to date: Duplicate column name 'title'" in again
    assert advice in first
    assert advice in again
    assert databases.select(databases.reports, "SELECT count(*) FROM video_timeline") == [(1,)]


def test_database_of_a_newer_version_is_refused(databases: Databases) -> None:
    prepares(databases)
    databases.server.do(
        "INSERT INTO django_migrations (app, name, applied) VALUES ('reports', '0099_x', NOW())",
        database=databases.reports,
    )

    line = failure(prepare(databases))

    assert "was made by a newer version (migration 0099_x)" in line


# A server that is not as it should be.


def test_start_waits_for_a_server_that_is_starting(mortal: Server) -> None:
    databases = mortal.make_databases()
    mortal.end()
    starting = threading.Timer(2, mortal.start)
    starting.start()

    prepares(databases)

    starting.join()


@pytest.fixture
def mortal(mariadb: Server) -> Iterator[Server]:
    """A server that may be ended; it runs again afterwards."""
    yield mariadb
    mariadb.end(signal.SIGKILL)
    mariadb.start()


def test_start_gives_up_after_a_while(databases: Databases) -> None:
    elsewhere = databases.data_api["ANALYTICS_DATA_API_DATABASE"].replace(
        f":{databases.server.port}/", ":9/"
    )
    program = "from openedx_base import mariadb; mariadb._START_SECONDS = 0.1; "
    program += "from analytics_data_api.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "prepare"],
        env={
            **os.environ,
            **databases.data_api,
            "ANALYTICS_DATA_API_DATABASE": elsewhere,
            "PYTHONPATH": python_path(),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert "MariaDB at 127.0.0.1:9 does not answer after 0 s" in failure(done)


@pytest.mark.parametrize("wrong", ["password", "database"])
def test_setting_that_the_server_refuses_is_named(wrong: str, databases: Databases) -> None:
    right = databases.data_api["ANALYTICS_DATA_API_DATABASE"]
    user, _, rest = right.partition(":")[2].rpartition("@")
    settings = {
        "password": f"mysql://api:wr0ng@{rest}",
        "database": f"{right}_of_nobody",
    }
    del user

    line = failure(prepare(databases, ANALYTICS_DATA_API_DATABASE=settings[wrong]))

    assert line.startswith("ANALYTICS_DATA_API_DATABASE: MariaDB at 127.0.0.1:")
    assert "wr0ng" not in line


def test_rights_to_read_are_not_enough_to_migrate(databases: Databases) -> None:
    line = failure(prepare(databases, ANALYTICS_DATA_API_REPORTS_MIGRATIONS=""))

    assert line.startswith("ANALYTICS_DATA_API_REPORTS_MIGRATIONS: MariaDB at 127.0.0.1:")
    assert "CREATE command denied to user 'api'" in line


def test_password_that_changed(mariadb: Server, databases: Databases) -> None:
    prepares(databases)
    mariadb.do("SET PASSWORD FOR api = PASSWORD('another one')")
    try:
        old = failure(prepare(databases))
        new = {
            name: value.replace(f"mysql://api:{quoted('api')}@", "mysql://api:another%20one@")
            for name, value in databases.data_api.items()
        }
        prepares(databases, **new)
    finally:
        mariadb.do("ALTER USER api IDENTIFIED BY %s", PASSWORDS["api"])
    assert "Access denied for user 'api'" in old


def quoted(user: str) -> str:
    from urllib.parse import quote

    return quote(PASSWORDS[user], safe="")


# What it serves.


@contextmanager
def serving(databases: Databases, **settings: str) -> Generator[Served]:
    """The Data API as its container runs it, but for TLS in front of it."""
    application = Application(
        "Data API",
        "analytics_data_api",
        {
            **databases.data_api,
            "ANALYTICS_DATA_API_SECRET_KEY": "a key for tests alone",
            "ANALYTICS_DATA_API_TOKEN": TOKEN,
            "ANALYTICS_DATA_API_HTTPS": "off",
            "PYTHONPATH": python_path(),
            **settings,
        },
    )
    serve.prepare(application)
    with serve.listen(0) as address, serve.serving(application, address) as server:
        serve.wait_for(server)
        yield Served(Path(), DataApi(address.url, TOKEN))


def reports_in(databases: Databases) -> MariaDBReports:
    account = Account(
        "127.0.0.1", "pipeline", PASSWORDS["pipeline"], databases.reports, databases.server.port
    )
    return MariaDBReports(account, known_migrations())


@pytest.fixture(scope="module")
def on_mariadb(
    mariadb: Server, sample_site: SampleSite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The reports of the sample site, as `served` has them in SQLite; not to be written to."""
    databases = mariadb.make_databases()
    with serving(databases) as api:
        data, reports = tmp_path_factory.mktemp("mariadb"), reports_in(databases)
        run_update(sample_site.earlier_update(data), reports)
        run_update(sample_site.update(data), reports)
        yield api


def comparable(answer: Any) -> Any:
    """An answer without what differs from run to run and from server to server."""
    match answer:
        case str():
            return re.sub(r"^http://127.0.0.1:\d+", "", answer)
        case dict():
            names = ("created", "run_id", "started", "ended", "seconds_by_step", "warehouse_id")
            return {name: comparable(value) for name, value in answer.items() if name not in names}
        case list():
            return [comparable(item) for item in answer]
    return answer


def paths_of(served: Served) -> list[str]:
    """Everything that there is to ask, of every course and video."""
    dates = "start_date=2000-01-01&end_date=2100-01-01"
    paths = ["runs/", "course_totals/", "course_summaries/?recent_date=2026-01-10"]
    paths += ["course_summaries/?availability=current&sort_order=desc&page=1&page_size=2"]
    for summary in served.get("/api/v0/course_summaries/").json():
        course = f"courses/{summary['course_id']}"
        of_course = ("activity", "recent_activity", "videos", "structure")
        paths += [f"{course}/{name}/" for name in of_course]
        paths += [f"{course}/activity/?{dates}", f"{course}/enrollment/"]
        paths += [
            f"{course}/enrollment/{name}?{dates}"
            for name in ("", "mode/", "gender/", "education/", "birth_year/")
        ]
        videos = served.get(f"/api/v0/{course}/videos/")
        for video in videos.json() if videos.status_code == 200 else []:
            paths.append(f"videos/{video['pipeline_video_id']}/timeline/")
    return paths


def test_every_answer_is_the_one_that_sqlite_gives(served: Served, on_mariadb: Served) -> None:
    paths = paths_of(served)
    assert len(paths) > 30
    for path in paths:
        ours, theirs = on_mariadb.get(f"/api/v0/{path}"), served.get(f"/api/v0/{path}")
        assert ours.status_code == theirs.status_code, path
        assert comparable(ours.json()) == comparable(theirs.json()), path


def test_every_csv_is_the_one_that_sqlite_gives(served: Served, on_mariadb: Served) -> None:
    for path in ("course_totals/", "course_summaries/?fields=course_id,count,start_date"):
        assert on_mariadb.csv(f"/api/v0/{path}") == served.csv(f"/api/v0/{path}")


def test_published_client(served: Served, on_mariadb: Served) -> None:
    def answers(api: Served) -> list[Any]:
        client = Client(api.api.url, auth_token=api.api.token)
        course_id = client.course_summaries().course_summaries()[0]["course_id"]
        course = client.courses(course_id)
        return [
            course.enrollment("gender", start_date="2026-01-05"),
            course.enrollment("mode"),
            course.activity(start_date="2026-01-05"),
            course.videos(),
            client.course_totals().course_totals(course_ids=[course_id]),
        ]

    assert comparable(answers(on_mariadb)) == comparable(answers(served))


CUSTOMER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
BY_HAND = {
    "learner_roster": LEARNERS,
    "module_engagement": ENGAGEMENT,
    "enterprise_learner": [{"enterprise_customer_id": CUSTOMER, "username": "ann"}],
    "answer_distribution": ANSWERS,
    "pipeline_run": [run(1, "succeeded", interval_end="2026-01-25")],
}
LISTS_OF_LEARNERS = (
    "",
    "order_by=username&sort_order=desc",
    "order_by=problem_attempts_per_completed",
    "order_by=problem_attempts_per_completed&sort_order=desc",
    "order_by=enrollment_date&page_size=3",
    "text_search=ÅNG",
    "text_search=BOB@y%20100%25_\\*",
    "segments=struggling,inactive&ignore_segments=inactive",
    "ignore_segments=highly_engaged&cohort=Blue",
)


def test_learners_and_problems(empty: Served, mariadb: Server) -> None:
    paths = [
        *(f"courses/{CS}/learners/?{question}" for question in LISTS_OF_LEARNERS),
        *(f"courses/{CS}/{name}/" for name in ("problems", "user_engagement")),
        f"course_learner_metadata/{CS}/",
        f"engagement_timelines/ann/?course_id={quote(CS)}",
        f"learners/Bob/?course_id={quote(CS)}",
        f"enterprise/{CUSTOMER}/engagements/?page_size=2",
        "problems/sums/answer_distribution/",
    ]
    databases = mariadb.make_databases()
    with serving(databases) as api:
        for table, rows in BY_HAND.items():
            empty.insert(table, *rows)
            for row in rows:
                named = {"created": "2026-02-01 03:00:00", **row}
                mariadb.do(
                    f"INSERT INTO {table} ({', '.join(f'`{name}`' for name in named)})"
                    f" VALUES ({', '.join(['%s'] * len(named))})",
                    *named.values(),
                    database=databases.reports,
                )
        for path in paths:
            ours, theirs = api.get(f"/api/v0/{path}"), empty.get(f"/api/v0/{path}")
            assert (ours.status_code, theirs.status_code) == (200, 200), path
            assert comparable(ours.json()) == comparable(theirs.json()), path


def test_ids_that_differ_in_case_or_at_their_end_are_others(on_mariadb: Served) -> None:
    for summary in on_mariadb.get("/api/v0/course_summaries/?fields=course_id").json():
        course_id = summary["course_id"]
        assert on_mariadb.get(f"/api/v0/courses/{course_id}/enrollment/").status_code == 200
        for other in (course_id.upper(), course_id + "%20"):
            found = on_mariadb.get(f"/api/v0/courses/{other}/enrollment/")
            assert found.status_code in (400, 404)


def test_server_that_was_away_is_found_again(mortal: Server) -> None:
    databases = mortal.make_databases()
    with serving(databases) as api:
        assert api.get("/health/").status_code == 200
        mortal.end(signal.SIGKILL)
        gone, health = api.get("/api/v0/runs/"), api.get("/health/")
        mortal.start()
        back = api.get("/api/v0/runs/"), api.get("/health/")

    assert gone.status_code == 503
    assert "just starting: try again in a minute" in gone.json()["developer_message"]
    assert health.status_code == 503
    assert [answer.status_code for answer in back] == [200, 200]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("REVOKE SELECT ON {reports}.* FROM api", "refuses the Data API: check user and password"),
        ("DROP TABLE {reports}.django_migrations", "is missing or empty: run `python -m"),
        ("DELETE FROM {reports}.django_migrations", "was made by an older version"),
    ],
)
def test_reports_that_cannot_be_read(statement: str, message: str, databases: Databases) -> None:
    with serving(databases) as api:
        databases.server.do(statement.format(reports=databases.reports))
        answer = api.get("/api/v0/runs/")

    assert answer.status_code == 503
    assert answer.json()["error_code"] == "reports_database_unavailable"
    assert message in answer.json()["developer_message"]


def test_no_answer_mixes_two_runs(
    databases: Databases, sample_site: SampleSite, tmp_path: Path
) -> None:
    """Each answer's header says of which run it is, and so does its content."""
    path = "/api/v0/course_summaries/?fields=course_id,count,cumulative_count,created"
    seen: list[tuple[str, str]] = []

    def read_on(api: Served, published: threading.Event) -> None:
        while not published.is_set():
            answer = api.get(path)
            assert answer.status_code == 200, answer.text
            seen.append((answer.headers["X-Pipeline-Run"], answer.text))

    with serving(databases) as api, ThreadPoolExecutor(4) as pool:
        published, expected = threading.Event(), {}
        reports, data = reports_in(databases), tmp_path / "data"
        record = run_update(sample_site.earlier_update(data), reports)
        expected[record.run_id] = api.get(path).text
        readers = [pool.submit(read_on, api, published) for _ in range(4)]
        try:
            for update in (sample_site.update(data), sample_site.earlier_update(data)):
                record = run_update(update, reports)
                expected[record.run_id] = api.get(path).text
                time.sleep(0.2)
        finally:
            published.set()
        for reader in readers:
            reader.result()

    assert {run_id for run_id, _ in seen} == expected.keys()
    for run_id, text in seen:
        assert text == expected[run_id]


def test_serving_behind_tls(prepared: Databases) -> None:
    """The watchers' paths answer by plain http; all else wants to be asked over TLS."""
    over_tls = {"X-Forwarded-Proto": "https"}
    with serving(prepared, ANALYTICS_DATA_API_HTTPS="on") as api:
        assert api.get("/health/", allow_redirects=False).status_code == 200
        assert api.get("/status", allow_redirects=False).status_code == 200
        assert api.get("/api/v0/runs/", allow_redirects=False).status_code == 301
        assert api.get("/api/v0/runs/", headers=over_tls).status_code == 200
