"""The hadoop stack: the nightly run, and what an operator asks of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke import Collection

from tasks.lib.environment import ROOT
from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


@task(
    name="hadoop-tasks",
    help={
        "date": "run as on this UTC date: cover all days before it; default: today",
        "interval": "A:B, UTC dates to cover, B exclusive; default: INTERVAL in conf/pipeline.env",
        "full": "forget what earlier runs read, and read all logs anew",
        "keep": "leave the hadoop stack up, with hive-server for `inv hadoop.sql`",
    },
)
def nightly(
    context: Context, date: str = "", interval: str = "", full: bool = False, keep: bool = False
) -> None:
    """Hadoop stack up, pipeline run, hadoop stack down; made for cron (see docs/nightly.md)."""
    from tasks.lib.hadoop import nightly
    from tasks.lib.hadoop.driver import Options

    nightly.run(ROOT, Options(interval, date, full), keep)


@task(help={"yes": "do not ask"})
def format_namenode(context: Context, yes: bool = False) -> None:
    """Empty HDFS, namenode and datanode, after a typed confirmation; the reports stay."""
    from tasks.lib.hadoop import formatting

    formatting.format_namenode(ROOT, yes)


@task(positional=["statement"], help={"statement": "one statement of SQL"})
def sql(context: Context, statement: str) -> None:
    """Ask hive-server; it is up after `inv hadoop-tasks --keep`. CSV where there is no terminal."""
    from tasks.lib.hadoop import sql

    sql.ask(ROOT, statement)


namespace = Collection("hadoop", sql)
namespace.__doc__ = "Hive tables of the hadoop stack."
