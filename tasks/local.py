"""The embedded engine on your own logs: no Docker, no Java."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.lib.errors import OperatorError
from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


@task(
    help={
        "data": "folder for warehouse and reports; made where it is not there",
        "logs": "folder of tracking logs, of any depth and any names, plain or gzip; default:"
        " TRACKING_LOGS in conf/pipeline.env",
        "interval": "A:B, UTC dates, B exclusive; default: INTERVAL in conf/pipeline.env, or first"
        " event to the last whole day",
        "lms": "folder of LMS tables as CSV, auth_userprofile.csv and others; default, as for all"
        " that follow: what conf/pipeline.env says",
        "geo": "countries of addresses, in MaxMind's format",
        "catalog": "course runs of the discovery service, one JSON object a line",
        "programs": "its programs, likewise",
        "course-list": "courses as the LMS's course list gives them, likewise",
        "course-blocks": "blocks as the LMS answers, one JSON object a line a course",
        "engine": "duckdb; or spark, on this machine's processors, which needs Java 17",
        "publish": "where to: data, the folder; stack, the database of the running stack",
        "memory": "limit for the whole run, such as 2GB; default: half of the machine's",
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
    from insights_pipeline.interval import Interval
    from insights_pipeline.resources import Resources
    from insights_pipeline.update import Update
    from tasks.lib import console, settings
    from tasks.lib.local import pipeline

    site = settings.load(ROOT)
    interval = interval or site["INTERVAL"]
    update = Update(
        logs=Path(logs) if logs else ROOT / site.require("TRACKING_LOGS"),
        data=Path(data),
        interval=Interval.parse(interval) if interval else None,
        inputs=pipeline.inputs(
            site,
            lms=lms,
            geo=geo,
            catalog=catalog,
            programs=programs,
            course_list=course_list,
            course_blocks=course_blocks,
        ),
        resources=Resources.with_memory(memory) if memory else Resources.default(),
    )
    reports = pipeline.reports(publish, update.data, ROOT)
    record = pipeline.run(pipeline.on(engine, update), reports)
    for line in pipeline.describe(record, update.data, reports.place):
        console.say(line)


@task(
    help={
        "data": "folder that was given to local.update",
        "port": "where Insights listens on 127.0.0.1; the Data API takes the port after it",
    }
)
def serve(context: Context, data: str, port: int = 8110) -> None:
    """Serve the reports of a data folder: Data API and Insights, until Ctrl-C."""
    from tasks.lib.environment import ensure

    ensure("local")
    from tasks.lib import console
    from tasks.lib.local import serve

    with serve.site(Path(data).absolute(), port) as served:
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
