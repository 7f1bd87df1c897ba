"""The embedded engine on your own logs: no Docker, no Java."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.lib.errors import OperatorError
from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


_INPUTS = {
    "lms": "folder of LMS tables as CSV, auth_userprofile.csv and others; default, as for all"
    " that follow: what conf/pipeline.env says",
    "geo": "countries of addresses, in MaxMind's format",
    "catalog": "course runs of the discovery service, one JSON object a line",
    "programs": "its programs, likewise",
    "course-list": "courses as the LMS's course list gives them, likewise",
    "course-blocks": "blocks as the LMS answers, one JSON object a line a course",
}
_LOGS = (
    "folder of tracking logs, of any depth and any names, plain or gzip; default: TRACKING_LOGS in"
    " conf/pipeline.env"
)
_DATA = "folder for warehouse and reports; made where it is not there"
_MEMORY = "limit for the whole run, such as 2GB; default: half of the machine's"
_PUBLISH = "where to: data, the folder; stack, the database of the running stack"


@task(
    help={
        "data": _DATA,
        "logs": _LOGS,
        "interval": "A:B, UTC dates, B exclusive; default: INTERVAL in conf/pipeline.env, or first"
        " event to the last whole day",
        **_INPUTS,
        "engine": "duckdb; or spark, on this machine's processors, which needs Java 17",
        "publish": _PUBLISH,
        "memory": _MEMORY,
    }
)
def update(
    context: Context,
    data: str,
    logs: str = "",
    interval: str = "",
    lms: str = "",
    geo: str = "",
    catalog: str = "",
    programs: str = "",
    course_list: str = "",
    course_blocks: str = "",
    engine: str = "duckdb",
    memory: str = "",
    publish: str = "data",
) -> None:
    """Read what is new in the logs and bring the reports up to date."""
    from tasks.lib.environment import ROOT, ensure

    if engine not in ("duckdb", "spark"):
        raise OperatorError(f"--engine {engine} is not known: give duckdb or spark", 2)
    ensure("spark" if engine == "spark" else "local")
    from tasks.lib import console
    from tasks.lib.local import pipeline

    update = pipeline.update_of(
        ROOT,
        data,
        logs=logs,
        interval=interval,
        memory=memory,
        lms=lms,
        geo=geo,
        catalog=catalog,
        programs=programs,
        course_list=course_list,
        course_blocks=course_blocks,
    )
    reports = pipeline.reports(publish, update.data, ROOT)
    record = pipeline.run(pipeline.on(engine, update), reports)
    for line in pipeline.describe(record, update.data, reports.place):
        console.say(line)


@task(
    help={
        "data": _DATA,
        "logs": _LOGS,
        "every": "seconds from the start of an update to the start of the next",
        "interval": "A:B, UTC dates, B exclusive; default: INTERVAL in conf/pipeline.env, or first"
        " event to now",
        **_INPUTS,
        "publish": _PUBLISH,
        "memory": _MEMORY,
    }
)
def follow(
    context: Context,
    data: str,
    logs: str = "",
    every: float = 60.0,
    interval: str = "",
    lms: str = "",
    geo: str = "",
    catalog: str = "",
    programs: str = "",
    course_list: str = "",
    course_blocks: str = "",
    memory: str = "",
    publish: str = "data",
) -> None:
    """Follow logs that grow: numbers a minute old, today's so far, until Ctrl-C."""
    from tasks.lib.environment import ROOT, ensure

    ensure("local")
    from tasks.lib.local import pipeline
    from tasks.lib.local.follow import follow

    update = pipeline.update_of(
        ROOT,
        data,
        logs=logs,
        interval=interval,
        memory=memory,
        lms=lms,
        geo=geo,
        catalog=catalog,
        programs=programs,
        course_list=course_list,
        course_blocks=course_blocks,
    )
    reports = pipeline.reports(publish, update.data, ROOT)
    follow(update, reports, every)


@task(
    help={
        "data": "folder that was given to local.update",
        "port": "where Insights listens on 127.0.0.1; the Data API takes the port after it",
    }
)
def serve(context: Context, data: str, port: int = 8110) -> None:
    """Serve the reports of a data folder: Data API and Insights, until Ctrl-C."""
    from tasks.lib.environment import ROOT, ensure

    ensure("local")
    from tasks.lib import console, settings
    from tasks.lib.local import mail, serve

    post = mail.environment(settings.load(ROOT), f"http://{serve.HOST}:{port}")
    with serve.site(Path(data).absolute(), port, post) as served:
        console.say(serve.describe(served))
        serve.keep(served)
    console.say("stopped")


@task(
    positional=["statement"],
    help={
        "statement": "SQL; left out: a prompt, or what is piped in",
        "data": "folder that was given to local.update",
        "format": "table, csv or tsv; default: a table on a terminal, CSV elsewhere",
    },
)
def sql(context: Context, statement: str, data: str = "", format: str = "") -> None:
    """Ask the tables of a data folder and its events, which stay as they are (docs/tables.md)."""
    from tasks.lib.environment import ensure

    if not data:
        raise OperatorError("--data is missing: name the folder that was given to local.update", 2)
    ensure("local")
    from tasks.lib.local import sql

    sql.answer(Path(data), statement, format)
