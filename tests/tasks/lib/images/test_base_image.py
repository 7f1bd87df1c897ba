"""The Debian base image made from packages, as on a machine that cannot pull it."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checkout import ROOT
from tasks.lib.engine import Engine, EngineError
from tasks.lib.images import base_image
from tasks.lib.images.base_image import BaseImageError, Mirrors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "analytics-micro.test/base-image:made"
KILLED = "analytics-micro.test/base-image:killed"

needs_root = pytest.mark.skipif(
    (os.geteuid() != 0 or not shutil.which("debootstrap")) and os.environ.get("CI") != "true",
    reason="needs root and debootstrap",
)


@pytest.fixture
def engine(engine_running: None) -> Engine:  # noqa: ARG001
    return Engine.connect()


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of its own, so that the machine's base image stays."""
    monkeypatch.setattr(base_image, "NAME", NAME)


@pytest.fixture(scope="module")
def made(engine_running: None) -> Iterator[str]:  # noqa: ARG001
    """The id of an image that was made here."""
    engine = Engine.connect()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base_image, "NAME", NAME)
        yield base_image.make_base_image(engine)
    engine.remove_image(NAME)


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def in_container(script: str) -> str:
    return run("docker", "run", "--rm", "--network=none", NAME, "bash", "-c", script)


@needs_root
@pytest.mark.full  # to make it takes a minute
@pytest.mark.usefixtures("made")
class TestImage:
    def test_debian_bookworm(self) -> None:
        assert in_container(". /etc/os-release; echo $VERSION_CODENAME") == "bookworm\n"

    def test_sources_are_debians_wherever_the_packages_came_from(self) -> None:
        assert in_container("cat /etc/apt/sources.list.d/*") == Mirrors.of_debian().sources()
        assert in_container("ls /etc/apt | grep -c ^sources.list$ || true") == "0\n"

    def test_holds_all_updates(self) -> None:
        upgrade = "apt-get update -qq && apt-get upgrade --simulate -qq"
        assert run("docker", "run", "--rm", NAME, "bash", "-c", upgrade) == ""

    def test_slim(self, made: str) -> None:
        (image,) = (one for one in Engine.connect().all_images() if one.id == made)
        assert image.size < 90e6
        assert (
            in_container(
                "ls /usr/share/man /var/cache/apt /var/lib/apt/lists | grep -v -e : -e '^$' || true"
            )
            == ""
        )
        assert in_container("cat /var/log/*.log /etc/apt/apt.conf.d/docker-no-languages") == (
            'Acquire::Languages "none";\n'
        )
        assert in_container("ls /usr/share/doc/bash") == "copyright\n"

    def test_nothing_of_its_making(self) -> None:
        """Neither files nor dates: the same packages give the same image."""
        today = f"{time.time() // 86_400:.0f}"
        assert today not in in_container("cut -d: -f3 /etc/shadow")
        assert in_container("ls /making /debootstrap 2>/dev/null || true") == ""
        newest = in_container("find / -xdev -type f -printf '%TY-%Tm-%Td %p\\n' | sort | tail -1")
        assert newest  # the engine's own files of a container are the newest
        made_at = run("docker", "image", "inspect", "--format={{.Created}}", NAME)
        history = run("docker", "history", "--no-trunc", "--format={{.CreatedBy}}", NAME)
        assert made_at < f"{time.strftime('%Y-%m-%dT%H', time.gmtime())}"
        assert history == "inv base-image\n"

    def test_settings_of_the_official_image(self) -> None:
        asked = ("docker", "image", "inspect", "--format={{json .Config.Cmd}} {{.Config.User}}")
        assert run(*asked, NAME) == '["bash"] \n'

    def test_same_packages_give_the_same_image(self, made: str, engine: Engine) -> None:
        assert base_image.make_base_image(engine) == made


@needs_root
@pytest.mark.usefixtures("named")
class TestRefusals:
    def test_not_root(self, engine: Engine) -> None:
        with as_nobody(), pytest.raises(BaseImageError, match=r"needs root: run `sudo ./inv base-"):
            base_image.make_base_image(engine)

    def test_no_debootstrap(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(
            BaseImageError, match=r"^debootstrap is not installed: `sudo apt install"
        ):
            base_image.make_base_image(engine)

    def test_mirror_that_does_not_answer(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Mirrors, "of_host", lambda: Mirrors(*["http://127.0.0.1:1/debian"] * 2))
        with pytest.raises(BaseImageError) as failed:
            base_image.make_base_image(engine)

        assert str(failed.value).startswith("debootstrap failed: E: ")
        assert "http://127.0.0.1:1/debian" in str(failed.value)
        assert nothing_is_left()

    def test_another_one_is_at_work(self, engine: Engine) -> None:
        folder = os.open(base_image._WORK.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            with pytest.raises(BaseImageError, match="is being made by another process") as refused:
                base_image.make_base_image(engine)
        finally:
            os.close(folder)
        assert refused.value.exit_code == 75

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
    def test_killed_half_way(self, number: signal.Signals, engine: Engine) -> None:
        with making() as process:
            wait_for(lambda: any(base_image._WORK.glob("root/debootstrap/*")))
            process.send_signal(number)
            process.wait(30)

        wait_for(nothing_is_left)
        assert engine.find(KILLED) is None
        assert process.returncode not in (0, None)


@pytest.mark.usefixtures("named")
class TestEnsure:
    def test_image_that_is_there(self, engine: Engine, tmp_path: Path) -> None:
        (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
        image_id = run("docker", "build", "--quiet", "--tag", NAME, str(tmp_path)).strip()
        try:
            assert base_image.ensure_base_image(engine) == image_id
        finally:
            engine.remove_image(NAME)

    @needs_root
    def test_neither_to_be_pulled_nor_to_be_made(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(base_image, "NAME", "127.0.0.1:1/debian:none")
        monkeypatch.setenv("PATH", str(tmp_path))

        with pytest.raises(BaseImageError) as refused:
            base_image.ensure_base_image(engine)

        assert str(refused.value).startswith(
            "127.0.0.1:1/debian:none can neither be pulled nor made here: debootstrap is not"
        )
        assert isinstance(refused.value.__cause__, EngineError)


class TestMirrors:
    """Taken from this machine's apt, where it is set up for the same release."""

    @pytest.fixture(autouse=True)
    def apt(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A sources.list that apt takes for the machine's only one."""
        if not shutil.which("apt-get"):
            pytest.skip("needs apt")
        sources = tmp_path / "sources.list"
        (tmp_path / "apt.conf").write_text(
            f'Dir::Etc::SourceList "{sources}";\nDir::Etc::SourceParts "-";\n'
        )
        monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
        return sources

    def test_of_a_machine_with_the_same_release(self, apt: Path) -> None:
        apt.write_text(
            "deb http://other.example/linux/debian bookworm stable\n"
            "deb http://mirror.example/debian/ bookworm main\n"
            "deb http://mirror.example/debian bookworm-updates main\n"
            "deb http://mirror.example/security bookworm-security main\n"
        )

        assert Mirrors.of_host() == Mirrors(
            "http://mirror.example/debian", "http://mirror.example/security"
        )

    def test_of_another_release(self, apt: Path) -> None:
        apt.write_text("deb http://mirror.example/ubuntu noble main\n")

        assert Mirrors.of_host() == Mirrors.of_debian()

    def test_machine_without_apt(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))

        assert Mirrors.of_host() == Mirrors.of_debian()


@contextmanager
def making() -> Iterator[subprocess.Popen[bytes]]:
    """A process that makes an image."""
    code = (
        "from tasks.lib.images import base_image; from tasks.lib.engine import Engine;"
        f"base_image.NAME = {KILLED!r}; base_image.make_base_image(Engine.connect())"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def nothing_is_left() -> bool:
    """No folder, no mount and no process."""
    processes = run("ps", "-e", "-o", "args")
    return (
        not base_image._WORK.exists()
        and str(base_image._WORK) not in Path("/proc/self/mounts").read_text()
        and f"{base_image._WORK}/root" not in processes
    )


@contextmanager
def as_nobody() -> Iterator[None]:
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
