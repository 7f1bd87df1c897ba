"""A clone's images to a registry and back, and what else docs/images.md does with them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import guide
import registry_server
from fresh_clone import FreshClone
from registry_server import Registry, serving
from tasks.lib.engine import Engine
from tasks.lib.images.graph import image_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    not registry_server.is_installed() and os.environ.get("CI") != "true",
    reason="needs docker-registry, Debian's package of this name",
)

VERSION = "pushed"


@dataclass(frozen=True)
class Publisher:
    """A clone with images that are named after a registry of this machine."""

    clone: FreshClone
    registry: Registry

    @property
    def prefix(self) -> str:
        """What the names of its images begin with."""
        return f"{self.registry.host}/analytics-micro"

    @property
    def names(self) -> list[str]:
        """The names of its images."""
        return [f"{self.prefix}/{key}:{VERSION}" for key in image_keys(self.clone.root)]

    def images(self) -> dict[str, str]:
        """Its images on the engine, under all of their names, with their ids."""
        found = Engine.connect().images()
        return {name: one for name, one in found.items() if name.startswith(f"{self.prefix}/")}

    def remove_images(self) -> None:
        """As on a machine that has never had them."""
        engine = Engine.connect()
        for name in self.images():
            engine.remove_image(name)

    def out_of_date(self) -> dict[str, str]:
        """Why each image is to be built, if it is."""
        lines = self.clone.inv("build", "--dry-run").splitlines()
        reasons = dict(line.split(maxsplit=1) for line in lines)
        return {key: reason for key, reason in reasons.items() if reason != "up to date"}


@pytest.fixture(scope="module")
def publisher(
    built_clone: FreshClone,  # noqa: ARG001
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Publisher]:
    """Its builds are quick, as BuildKit has kept the steps of the other clone's."""
    folder = tmp_path_factory.mktemp("publisher")
    with serving(folder) as registry:
        publisher = Publisher(FreshClone.make(folder / "clone"), registry)
        publisher.clone.leave_out_hadoop()
        publisher.clone.inv("init")
        publisher.clone.set(REGISTRY=publisher.prefix, VERSION=VERSION)
        publisher.clone.inv("build")
        try:
            yield publisher
        finally:
            publisher.remove_images()


def test_one_image_is_brought_up_to_date_by_its_task_or_its_path(publisher: Publisher) -> None:
    before = publisher.images()
    for script in ("openedx/insights/start-insights", "web/nginx/reload-certificate"):
        with (publisher.clone.root / "services" / script).open("a") as file:
            file.write("# changed\n")

    printed = guide.run("docs/images.md", "What is out of date", publisher.clone.do)

    for key, script in (
        ("openedx/insights", "start-insights"),
        ("web/nginx", "reload-certificate"),
    ):
        assert re.search(rf"{key}.*: {script} is newer than the last build\n", printed)
    assert publisher.out_of_date() == {}
    changed = {name for name, one in publisher.images().items() if one != before[name]}
    assert changed == {
        f"{publisher.prefix}/openedx/insights:{VERSION}",
        f"{publisher.prefix}/web/nginx:{VERSION}",
    }


def test_every_tag_of_every_image_is_pushed(publisher: Publisher) -> None:
    also = f"{publisher.prefix}/web/nginx:2026-11"
    publisher.clone.do(f"docker tag {publisher.prefix}/web/nginx:{VERSION} {also}")

    printed = guide.run("docs/registry.md", "Push", publisher.clone.do)

    digests = dict(line.split() for line in printed.splitlines())
    assert sorted(digests) == sorted([*publisher.names, also])
    assert digests == {name: digest_in(publisher.registry, name) for name in digests}
    assert publisher.registry.repositories() == sorted(
        f"analytics-micro/{key}" for key in image_keys(publisher.clone.root)
    )


def digest_in(registry: Registry, name: str) -> str:
    """What the registry itself says that a name stands for."""
    repository, _, tag = name.removeprefix(f"{registry.host}/").rpartition(":")
    return registry.digest(repository, tag)


def test_pulled_images_are_the_pushed_ones_and_count_as_built(publisher: Publisher) -> None:
    before = {name: one for name, one in publisher.images().items() if name in publisher.names}
    publisher.remove_images()
    assert publisher.out_of_date().keys() == set(image_keys(publisher.clone.root))

    printed = guide.run("docs/registry.md", "Pull", publisher.clone.do)

    assert dict(line.split() for line in printed.splitlines()) == before
    assert publisher.images() == before
    assert publisher.out_of_date() == {}
