"""What state a checkout is in: its images, the containers of its stack, the last pipeline run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tasks.lib.containers.compose import ComposeError, one_shots
from tasks.lib.containers.stack import Stack, main_services
from tasks.lib.images import staleness
from tasks.lib.images.graph import read_graph
from tasks.lib.local import runs
from tasks.lib.local.runs import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rich.table import Table

    from tasks.lib.containers.compose import Compose, Service
    from tasks.lib.engine import Container

MYSQL = "mysql"

# Of one collation by order: the columns are of two, which MariaDB does not mix by itself.
_COLUMNS = ", ".join(
    f"_utf8mb4'{field.name}' COLLATE utf8mb4_bin, `{field.name}`" for field in fields(Run)
)
LAST_RUN = (
    *("--batch", "--raw", "--skip-column-names", "--default-character-set=utf8mb4", "--execute"),
    f"SELECT JSON_OBJECT({_COLUMNS}) FROM pipeline_run ORDER BY id DESC LIMIT 1",
)
"""What MariaDB's client is to be asked for the last run; answers with one line, or none."""


@dataclass(frozen=True)
class ImageStatus:
    """An image, and why it is out of date; None where it is not."""

    name: str
    out_of_date: str | None


@dataclass(frozen=True)
class ServiceStatus:
    """A service's container; `state` is missing where it has none but should."""

    name: str
    state: str
    health: str | None
    since: datetime | None
    restarts: int
    image: str
    """current, or older: not the one that the image's name stands for now."""
    well: bool


@dataclass(frozen=True)
class Status:
    """The state of a checkout on its engine."""

    project: str
    images: tuple[ImageStatus, ...]
    services: tuple[ServiceStatus, ...]
    """Empty where the stack is down."""
    last_run: Run | None
    note: str
    """Why there is no last run."""

    @property
    def well(self) -> bool:
        """No service is unhealthy or missing, and the last run did not fail."""
        return all(each.well for each in self.services) and not failed(self.last_run)


def failed(run: Run | None) -> bool:
    """Whether it is known to have failed."""
    return run is not None and run.status == "failed"


def read(root: Path) -> Status:
    """The state of a checkout now.

    Raises:
        SettingsError: a setting is missing or malformed.
        EngineError: no engine answers.
        OperatorError: the images cannot be told from their Dockerfiles.
    """
    stack = Stack.of(root)
    ids = stack.engine.images()
    containers = {each.service: each for each in stack.containers}
    last_run, note = _last_run(stack.compose, containers)
    return Status(
        stack.compose.project,
        tuple(_images(stack.compose, ids)),
        tuple(_services(stack.compose, containers, ids)) if containers else (),
        last_run,
        note,
    )


def _images(compose: Compose, ids: Mapping[str, str]) -> Iterator[ImageStatus]:
    settings = compose.settings
    images = read_graph(compose.root, settings.registry, settings.version)
    for key, reason in staleness.plan(images, ids).items():
        yield ImageStatus(key, str(reason) if reason else None)
    ours = {image.name for image in images}
    for name in sorted({service.image for service in compose.services.values()} - ours):
        yield ImageStatus(name, None if name in ids else "not in the engine: `inv up` pulls it")


def _services(
    compose: Compose, containers: Mapping[str, Container], ids: Mapping[str, str]
) -> Iterator[ServiceStatus]:
    expected = main_services(compose)
    ending = one_shots(compose.services)
    for name in [*expected, *sorted(containers.keys() - set(expected))]:
        container = containers.get(name)
        if container is None:
            yield ServiceStatus(name, "missing", None, None, 0, "", well=False)
            continue
        service: Service | None = compose.services.get(name)
        is_current = service is not None and container.image_id == ids.get(service.image)
        yield ServiceStatus(
            name,
            container.state,
            container.health,
            container.started,
            container.restarts,
            "current" if is_current else "older",
            well=_is_well(container, name in ending),
        )


def _is_well(container: Container, is_one_shot: bool) -> bool:
    """A container that is still starting is well; one that ended is if that is what it is for."""
    if container.state == "running":
        return container.health != "unhealthy"
    return is_one_shot and container.state == "exited" and container.exit_code == 0


def _last_run(compose: Compose, containers: Mapping[str, Container]) -> tuple[Run | None, str]:
    """The newest run record in the stack's database, or why there is none."""
    database = containers.get(MYSQL)
    if database is None or not database.healthy:
        return None, f"not known: {MYSQL} is not running"
    try:
        answer = compose.ask(MYSQL, "mariadb", *LAST_RUN, "reports")
    except ComposeError as error:
        return None, f"not known: {error}"
    return (runs.from_json(answer), "") if answer.strip() else (None, "no run yet")


def as_json(status: Status) -> str:
    """The status for monitoring; `well` is false whenever the exit code is not 0."""
    return json.dumps({"well": status.well, **asdict(status)}, indent=2, default=_text)


def _text(value: Any) -> str:
    assert isinstance(value, datetime)
    return value.astimezone(UTC).isoformat(timespec="seconds")


def show(status: Status) -> None:
    """Print the status as tables, then the last run in a few lines."""
    from rich.console import Console

    screen = Console(highlight=False)
    screen.print(_image_table(status))
    screen.print()
    if status.services:
        screen.print(_service_table(status))
    else:
        screen.print(f"The stack is down: no containers of {status.project}.")
    screen.print()
    if status.last_run is None:
        screen.print(f"Last run: {status.note}", markup=False, soft_wrap=True)
    else:
        runs.show([status.last_run])


def _image_table(status: Status) -> Table:
    table = _table("image", "")
    for image in status.images:
        table.add_row(
            _cell(image.name),
            _cell(image.out_of_date, "yellow")
            if image.out_of_date
            else _cell("up to date", "green"),
        )
    return table


def _service_table(status: Status) -> Table:
    table = _table("service", "state", "since (UTC)", "restarts", "image")
    for service in status.services:
        table.add_row(
            _cell(service.name),
            _cell(
                " ".join(filter(None, (service.state, service.health and f"({service.health})"))),
                "" if service.well else "red",
            ),
            _cell(f"{service.since:%Y-%m-%d %H:%M}" if service.since else ""),
            _cell(str(service.restarts)),
            _cell(service.image, "yellow" if service.image == "older" else ""),
        )
    return table


def _table(*headings: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading)
    return table


def _cell(text: str, style: str = "") -> Any:
    from rich.text import Text

    return Text(text, style)
