"""The settings of a run in its container: environment variables, and files for passwords.

ENGINE, SPARK_MASTER, WAREHOUSE, METASTORE, DRIVER_HOST, INTERVAL, PIPELINE_MEMORY, LMS_*,
DISCOVERY_ROOT_URL and STORE_ANONYMOUS_USERNAME mean what conf/pipeline.env.template says;
ELASTICSEARCH_HOSTS are the URLs of the learner search's servers, comma-separated. A site that runs
the package elsewhere may also set MYSQL_HOST, and
the places of what the container has at fixed ones: TRACKING_LOGS, LMS_FILES, GEOIP_DATABASE,
LMS_DB_CA, DATA, MYSQL_PASSWORD_FILE, LMS_DB_PASSWORD_FILE, LMS_OAUTH2_CLIENT_SECRET_FILE and
REPORTS_MIGRATIONS.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from insights_pipeline import following, forgetting
from insights_pipeline import update as embedded
from insights_pipeline.errors import BadOption
from insights_pipeline.inputs.configured import configured
from insights_pipeline.publish.mariadb import Account, MariaDBReports
from insights_pipeline.report_files import FOLDER
from insights_pipeline.resources import LEAST, Resources

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from insights_pipeline.forgotten import Learner
    from insights_pipeline.inputs import Inputs
    from insights_pipeline.interval import Interval
    from insights_pipeline.progress import Progress
    from insights_pipeline.runs import RunRecord
    from insights_pipeline.spark.update import Cluster

_UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}
_DRIVER_PORTS = ("7078", "7079")
_PLACES = {
    "LMS_FILES": "/lms",
    "GEOIP_DATABASE": "/geoip.mmdb",
    "LMS_DB_CA": "/lms-db-ca.pem",
}
"""Where the container has the site's own files; one that the site has not is a device."""
_SECRETS = {
    "LMS_DB_PASSWORD": "/run/analytics/lms-db-password",
    "LMS_OAUTH2_CLIENT_SECRET": "/run/analytics/lms-oauth2-client-secret",
}
"""Files that hold them; there is none for one that is not used."""


@dataclass(frozen=True)
class Settings:
    """What to run on.

    Attributes:
        engine: duckdb or spark.
        interval: dates as `A:B`, or empty.
        memory: bytes that the run may take, all its processes together.
        logs: folder of tracking logs.
        inputs: what comes in beside the logs.
        data: folder of what runs keep; each engine has one of its own below it.
        files: folder of the reports that are files; both engines write them there.
        reports: the database to publish to.
        master, warehouse, metastore: of the cluster; the metastore may be `none`.
        driver_host: the address at which executors outside this machine reach it; or empty.
        elasticsearch: URLs of the learner search's servers, comma-separated; or empty.
        visitors: the name under which visitors' engagement counts; or empty.
    """

    engine: str
    interval: str
    memory: int
    logs: Path
    inputs: Inputs
    data: Path
    files: Path
    reports: MariaDBReports
    master: str
    warehouse: str
    metastore: str
    driver_host: str
    elasticsearch: str
    visitors: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """Read them.

        Raises:
            BadOption: one is missing or malformed.
        """

        def value(name: str, default: str | None = None) -> str:
            if found := environment.get(name, default):
                return found
            if default is None:
                raise BadOption(f"{name} is not set")
            return default

        engine = value("ENGINE", "duckdb")
        if engine not in ("duckdb", "spark"):
            raise BadOption(f"ENGINE is {engine!r}: set it to duckdb or spark")
        migrations = Path(value("REPORTS_MIGRATIONS", "/etc/analytics/reports-migrations"))
        password = Path(value("MYSQL_PASSWORD_FILE", "/run/analytics/mysql-password"))
        try:
            account = Account(
                value("MYSQL_HOST", "mysql"), "pipeline", password.read_text().rstrip("\n")
            )
        except OSError as error:
            raise BadOption(f"MYSQL_PASSWORD_FILE {password}: {error.strerror}") from error
        return cls(
            engine=engine,
            interval=value("INTERVAL", ""),
            memory=_bytes(value("PIPELINE_MEMORY", "1024m")),
            logs=Path(value("TRACKING_LOGS", "/tracking-logs")),
            inputs=_inputs(environment),
            data=Path(value("DATA", "/data")) / engine,
            files=Path(value("DATA", "/data")) / FOLDER,
            reports=MariaDBReports(account, {file.stem for file in migrations.glob("[0-9]*.py")}),
            master=value("SPARK_MASTER", "") if engine == "duckdb" else value("SPARK_MASTER"),
            warehouse=value("WAREHOUSE", "") if engine == "duckdb" else value("WAREHOUSE"),
            metastore=value("METASTORE", "none"),
            driver_host=value("DRIVER_HOST", ""),
            elasticsearch=value("ELASTICSEARCH_HOSTS", ""),
            visitors=value("STORE_ANONYMOUS_USERNAME", ""),
        )

    def run(
        self,
        interval: Interval | None,
        until: date | None,
        so_far: bool,
        full: bool,
        progress: Progress,
    ) -> RunRecord:
        """Bring tables and reports up to date with the logs.

        Args:
            interval: UTC dates to cover; by default from the first event to the last whole day.
            until: the date, exclusive, up to which days are whole; by default today.
            so_far: whether to cover that date too, as far as it has come.
            full: whether to read all logs anew.
            progress: told what is being done.

        Raises:
            PipelineError: the run could not be done; what was published before still stands.
        """
        what = replace(self._update(interval), until=until, so_far=so_far, full=full)
        cluster = self._cluster()
        if not cluster:
            return embedded.run_update(what, self.reports, progress)
        from insights_pipeline.spark.update import SparkUpdate, run_update

        return run_update(SparkUpdate(**vars(what), cluster=cluster), self.reports, progress)

    def follow(self, interval: Interval | None, every: float, tell: Callable[[str], None]) -> None:
        """Bring them up to date with logs that grow, until KeyboardInterrupt.

        Args:
            interval: UTC dates to cover; by default from the first event to now.
            every: seconds from the start of an update to the start of the next.
            tell: given a line on each update, and on what keeps one from being done.

        Raises:
            PipelineError: it cannot be begun.
        """
        if self.engine != "duckdb":
            raise BadOption(f"ENGINE is {self.engine}: only duckdb follows logs")
        following.follow(self._update(interval), self.reports, every, tell)

    def _update(self, interval: Interval | None) -> embedded.Update:
        return embedded.Update(
            logs=self.logs,
            data=self.data,
            files=self.files,
            interval=interval,
            inputs=self.inputs,
            elasticsearch=self.elasticsearch,
            visitors=self.visitors,
            resources=self._resources,
        )

    def forget(self, learner: Learner, dry_run: bool) -> list[str]:
        """Forget a learner wherever runs keep or publish something; returns a line for each place.

        Args:
            dry_run: whether to leave everything as it is.

        Raises:
            PipelineError: it cannot be done, or not to the end: do it again.
        """
        return forgetting.forget(
            *(self.data, learner, [self.reports], self._resources, dry_run),
            files=self.files,
            elasticsearch=self.elasticsearch,
            cluster=self._cluster(),
        )

    @property
    def _resources(self) -> Resources:
        return Resources(max(self.memory, LEAST), len(os.sched_getaffinity(0)))

    def _cluster(self) -> Cluster | None:
        """The cluster of the Spark engine."""
        if self.engine == "duckdb":
            return None
        from insights_pipeline.spark.update import Cluster

        metastore = None if self.metastore == "none" else self.metastore
        return Cluster(self.master, self.warehouse, metastore, settings=self._driver())

    def _driver(self) -> dict[str, str]:
        """Spark's settings for a driver that executors reach by ports of this machine."""
        if not self.driver_host:
            return {}
        messages, data = _DRIVER_PORTS
        return {
            "spark.driver.host": self.driver_host,
            "spark.driver.bindAddress": "0.0.0.0",
            "spark.driver.port": messages,
            "spark.driver.blockManager.port": data,
        }


def _inputs(environment: Mapping[str, str]) -> Inputs:
    files = {name: Path(environment.get(name) or place) for name, place in _PLACES.items()}
    secrets = {
        name: file.read_text(encoding="utf-8").rstrip("\n")
        for name, place in _SECRETS.items()
        if (file := Path(environment.get(f"{name}_FILE") or place)).is_file()
    }
    return configured(
        lambda name: secrets.get(name) or environment.get(name, ""),
        lambda name: path if (path := files[name]).is_dir() or path.is_file() else None,
    )


def _bytes(size: str) -> int:
    try:
        return int(size[:-1]) * _UNITS[size[-1].lower()]
    except (ValueError, KeyError):
        raise BadOption(f"PIPELINE_MEMORY is {size!r}: set it to a size such as 1024m") from None
