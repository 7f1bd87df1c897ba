"""Images pushed to a real registry, and pulled from it into a fresh checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

import registry_server
from registry_server import ACCOUNT, PASSWORD, USER, Registry, serving
from tasks.lib.engine import Engine
from tasks.lib.images import build_lock, registry, stamps
from tasks.lib.images.graph import image_keys, read_graph
from tasks.lib.images.registry import NotPushedError, RegistryError
from tasks.lib.images.staleness import plan
from tasks.lib.images.stamps import Stamp
from tasks.lib.lock import LockedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tasks.lib.images.graph import Graph, Image

pytestmark = [
    pytest.mark.usefixtures("engine_running"),
    pytest.mark.skipif(
        not registry_server.is_installed() and os.environ.get("CI") != "true",
        reason="needs docker-registry, Debian's package of this name",
    ),
]


@dataclass(frozen=True)
class Checkout:
    """A checkout of two images, the second one built from the first."""

    root: Path
    registry: str
    engine: Engine = field(default_factory=Engine.connect)

    @classmethod
    def make(cls, root: Path, host: str) -> Checkout:
        base, top = root / "services/toy/base", root / "services/toy/top"
        for folder in (base, top):
            folder.mkdir(parents=True)
            (folder / "data").write_text(f"{folder.name} of {host}\n")
        (base / "Dockerfile").write_text("FROM scratch\nCOPY data /base\n")
        (top / "Dockerfile").write_text(
            "ARG REGISTRY\nARG VERSION\nFROM ${REGISTRY}/toy/base:${VERSION}\nCOPY data /top\n"
        )
        return cls(root, f"{host}/test")

    @property
    def graph(self) -> Graph:
        return read_graph(self.root, self.registry, "1")

    @property
    def reasons(self) -> dict[str, str]:
        """Why images are out of date."""
        found = plan(self.graph, self.engine.images())
        return {key: str(reason) for key, reason in found.items() if reason}

    def build(self, *keys: str) -> Checkout:
        """Builds images as `inv build` does; all of them if none is named."""
        for image in self.graph:
            if not keys or image.key in keys:
                self._build(image)
        return self

    def _build(self, image: Image) -> None:
        arguments = [f"--build-arg={name}={value}" for name, value in image.arguments.items()]
        subprocess.run(
            ["docker", "build", "--quiet", *arguments, f"--tag={image.name}", str(image.folder)],
            check=True,
            capture_output=True,
        )
        stamps.create(image.folder)
        ids = self.engine.images()
        parents = {name: ids.get(name) for name in image.parents}
        stamps.write(
            image.folder,
            Stamp(ids[image.name], image.name, parents, image.arguments, time.time_ns()),
        )

    def fresh(self, root: Path) -> Checkout:
        """Another checkout, as git would make it, on a machine that has none of the images."""
        shutil.copytree(self.root, root, ignore=shutil.ignore_patterns(stamps.FILE))
        self.remove_images()
        return Checkout(root, self.registry)

    def remove_images(self) -> None:
        for name in self.engine.images():
            if name.startswith(f"{self.registry}/"):
                self.engine.remove_image(name)

    def push(self, stale_ok: bool = False) -> dict[str, str]:
        """Tag → digest."""
        return {
            pushed.name: pushed.digest
            for pushed in registry.push(self.engine, self.graph, stale_ok)
        }

    def pull(self, *keys: str) -> dict[str, str]:
        """Name → id; all images if none is named."""
        return {
            pulled.name: pulled.id
            for pulled in registry.pull(
                self.engine, self.root, self.graph, keys or image_keys(self.root)
            )
        }


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Registry]:
    (tmp_path / "registry").mkdir()
    with serving(tmp_path / "registry") as running:
        yield running


@pytest.fixture
def checkout(tmp_path: Path, server: Registry) -> Iterator[Checkout]:
    made = Checkout.make(tmp_path / "checkout", server.host)
    yield made
    made.remove_images()


class TestPush:
    def test_all_tags_of_all_images_with_their_digests(
        self, checkout: Checkout, server: Registry
    ) -> None:
        name = checkout.registry
        checkout.build()
        checkout.engine.tag(f"{name}/toy/top:1", f"{name}/toy/top:2026-11")

        pushed = checkout.push()

        assert list(pushed) == [
            f"{name}/toy/base:1",
            f"{name}/toy/top:1",
            f"{name}/toy/top:2026-11",
        ]
        assert server.tags("test/toy/base") == ["1"]
        assert server.tags("test/toy/top") == ["1", "2026-11"]
        for tag, digest in pushed.items():
            repository, _, version = tag.removeprefix(f"{server.host}/").rpartition(":")
            assert server.digest(repository, version) == digest
        (base,) = (
            image for image in checkout.engine.all_images() if f"{name}/toy/base:1" in image.tags
        )
        assert base.digests == (f"{name}/toy/base@{pushed[f'{name}/toy/base:1']}",)

    def test_tag_of_an_older_image_is_left_alone(
        self, checkout: Checkout, server: Registry
    ) -> None:
        checkout.build()
        top = checkout.root / "services/toy/top"
        checkout.engine.tag(f"{checkout.registry}/toy/top:1", f"{checkout.registry}/toy/top:0")
        (top / "data").write_text("newer\n")
        checkout.build("toy/top")

        checkout.push()

        assert server.tags("test/toy/top") == ["1"]

    def test_images_out_of_date_are_refused(self, checkout: Checkout, server: Registry) -> None:
        checkout.build()
        (checkout.root / "services/toy/base/data").write_text("newer\n")

        with pytest.raises(NotPushedError) as refused:
            checkout.push()

        assert str(refused.value) == (
            "out of date: toy/base (data is newer than the last build), toy/top (waits for"
            " toy/base): run `inv build` first, or push what there is with --stale-ok"
        )
        assert server.repositories() == []

    def test_what_there_is_of_images_out_of_date(
        self, checkout: Checkout, server: Registry, capsys: pytest.CaptureFixture[str]
    ) -> None:
        checkout.build("toy/base")
        (checkout.root / "services/toy/base/data").write_text("newer\n")

        checkout.push(stale_ok=True)

        assert server.repositories() == ["test/toy/base"]
        assert (
            f"{checkout.registry}/toy/top:1: not pushed, as it is not there"
            in capsys.readouterr().err
        )


class TestPull:
    def test_fresh_checkout_is_up_to_date(self, checkout: Checkout, tmp_path: Path) -> None:
        built = {image.name: stamps.read(image.folder) for image in checkout.build().graph}
        checkout.push()
        fresh = checkout.fresh(tmp_path / "fresh")
        assert set(fresh.reasons) == {"toy/base", "toy/top"}

        pulled = fresh.pull()

        assert fresh.reasons == {}
        assert pulled == {name: stamp and stamp.id for name, stamp in built.items()}
        top = stamps.read(fresh.root / "services/toy/top")
        base = f"{fresh.registry}/toy/base:1"
        assert top
        assert top.parents == {base: pulled[base]}
        assert top.arguments == {"REGISTRY": fresh.registry, "VERSION": "1"}

    def test_one_image(self, checkout: Checkout, tmp_path: Path) -> None:
        checkout.build().push()
        fresh = checkout.fresh(tmp_path / "fresh")

        assert list(fresh.pull("toy/top")) == [f"{fresh.registry}/toy/top:1"]

        assert set(fresh.reasons) == {"toy/base", "toy/top"}  # top waits for base alone
        assert fresh.reasons["toy/top"] == "waits for toy/base"

    def test_edit_during_the_pull_is_seen(self, checkout: Checkout, tmp_path: Path) -> None:
        checkout.build().push()
        fresh = checkout.fresh(tmp_path / "fresh")

        for _ in registry.pull(fresh.engine, fresh.root, fresh.graph, ["toy/base"]):
            (fresh.root / "services/toy/base/data").write_text("newer\n")

        assert fresh.reasons["toy/base"] == "data is newer than the last build"

    def test_image_that_the_registry_does_not_have(
        self, checkout: Checkout, server: Registry
    ) -> None:
        with pytest.raises(RegistryError) as refused:
            checkout.pull("toy/base")

        assert str(refused.value) == (
            f"{server.host} has no {checkout.registry}/toy/base:1: push it from where it was built,"
            " or build it here"
        )
        assert "never built" in checkout.reasons["toy/base"]

    def test_not_while_a_build_is_at_work(self, checkout: Checkout) -> None:
        with build_lock.hold(checkout.root, "inv build"), pytest.raises(LockedError):
            checkout.pull()

    def test_other_commit_is_told(
        self, checkout: Checkout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        label = "LABEL org.opencontainers.image.revision=0123456789abcdef\n"
        with (checkout.root / "services/toy/base/Dockerfile").open("a") as file:
            file.write(label)
        checkout.build().push()
        fresh = checkout.fresh(tmp_path / "fresh")
        commit = committed(fresh.root)

        fresh.pull("toy/base")

        said = capsys.readouterr().err
        assert "toy/base: note that it was built from 0123456789ab, and this checkout" in said
        assert f"has {commit[:12]}; " in said


class TestRefusals:
    def test_registry_that_does_not_answer(self, tmp_path: Path) -> None:
        checkout = Checkout.make(tmp_path / "checkout", "127.0.0.1:1").build()
        try:
            with pytest.raises(RegistryError) as refused:
                checkout.push()
        finally:
            checkout.remove_images()

        assert str(refused.value).startswith(
            "127.0.0.1:1/test/toy/base:1: 127.0.0.1:1 does not answer as a registry: check REGISTRY"
        )
        assert "\n" not in str(refused.value)

    def test_sign_in(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Credentials are those of `docker login`."""
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker-config"))
        (tmp_path / "registry").mkdir()
        with serving(tmp_path / "registry", ACCOUNT) as server:
            checkout = Checkout.make(tmp_path / "checkout", server.host).build()
            try:
                with pytest.raises(RegistryError) as refused:
                    checkout.push()
                sign_in(server.host)
                signed_in = Checkout(checkout.root, checkout.registry)
                pushed = signed_in.push()
                pulled = signed_in.fresh(tmp_path / "fresh").pull()
            finally:
                checkout.remove_images()

        assert str(refused.value).startswith(
            f"{server.host} refuses {checkout.registry}/toy/base:1: sign in with `docker login"
            f" {server.host}`"
        )
        assert pushed.keys() == pulled.keys()


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("sktpub.azurecr.io/analytics-micro/openedx/base:latest", "sktpub.azurecr.io"),
        ("localhost/openedx/base:latest", "localhost"),
        ("registry:5000/openedx/base:latest", "registry:5000"),
        ("someone/base:latest", "docker.io"),
        ("debian:bookworm-slim", "docker.io"),
    ],
)
def test_registry_of_a_name(name: str, host: str) -> None:
    assert registry.host(name) == host


def committed(root: Path) -> str:
    """Makes a git repository of a folder; returns the commit."""
    (root / ".gitignore").write_text(f"{stamps.FILE}\n")
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "all"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True)
    shown = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=root, check=True, capture_output=True, text=True
    )
    return shown.stdout.strip()


def sign_in(host: str) -> None:
    subprocess.run(
        ["docker", "login", f"--username={USER}", "--password-stdin", host],
        input=PASSWORD,
        text=True,
        check=True,
        capture_output=True,
    )
