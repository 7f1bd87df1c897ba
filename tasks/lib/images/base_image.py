"""The Debian base image, made from packages where it cannot be pulled.

What comes out follows the official `debian:bookworm-slim`: debootstrap's minbase, slimmed in the
same way, with Debian's default addresses inside, wherever the packages came from. The same packages
give the same image id, so that making it again when nothing is new rebuilds no image.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tarfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.lib import console
from tasks.lib.engine import EngineError
from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

    from tasks.lib.console import Progress
    from tasks.lib.engine import Engine

NAME = "debian:bookworm-slim"

_SUITE = "bookworm"
_SUITE_OF_MIRROR = re.compile(r"^'(https?://\S+?)/*/dists/(\S+)/InRelease'", re.MULTILINE)
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
# For root alone to write in, and not for what is small, such as a /tmp in memory.
_WORK = Path("/var/cache/analytics-micro-base-image")


# In this order; the first ones are how debootstrap's lines begin.
_STEPS = (
    "Retrieving",
    "Extracting",
    "Unpacking",
    "Configuring",
    "security updates",
    "packing",
    "loading into the engine",
)

# The engine's name of a machine, by Debian's; others are called alike by both.
_MACHINES = {"armhf": "arm", "i386": "386", "ppc64el": "ppc64le"}

_SLIM_EXCLUDES = ("doc", "info", "linda", "lintian/overrides", "locale", "man")
_APT_CLEAN = (
    '"rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb'
    ' /var/cache/apt/*.bin || true";'
)
# As in the official image, so that a Dockerfile finds the same apt in both.
_SETTINGS: Mapping[str, str] = {
    "etc/apt/apt.conf.d/docker-autoremove-suggests": (
        'Apt::AutoRemove::SuggestsImportant "false";\n'
    ),
    "etc/apt/apt.conf.d/docker-clean": (
        f"DPkg::Post-Invoke {{ {_APT_CLEAN} }};\n"
        f"APT::Update::Post-Invoke {{ {_APT_CLEAN} }};\n"
        'Dir::Cache::pkgcache "";\n'
        'Dir::Cache::srcpkgcache "";\n'
    ),
    "etc/apt/apt.conf.d/docker-gzip-indexes": 'Acquire::GzipIndexes "true";\n',
    "etc/apt/apt.conf.d/docker-no-languages": 'Acquire::Languages "none";\n',
    "etc/dpkg/dpkg.cfg.d/docker": (
        "".join(f"path-exclude /usr/share/{folder}/*\n" for folder in _SLIM_EXCLUDES)
        + "path-include /usr/share/doc/*/copyright\n"
        + "path-include /usr/share/locale/locale.alias\n"
    ),
    "etc/dpkg/dpkg.cfg.d/docker-apt-speedup": "force-unsafe-io\n",
}
# No service starts in a build.
_POLICY = "#!/bin/sh\nexit 101\n"

# What making it leaves behind, and what a container gets from its engine.
_LEFTOVERS = (
    "dev/*",
    "etc/*-",
    "etc/apt/sources.list",
    "etc/hostname",
    "etc/resolv.conf",
    "run/*",
    "tmp/*",
    "var/cache/apt/*",
    "var/cache/debconf/*-old",
    "var/cache/ldconfig/*",
    "var/lib/apt/lists/*",
    "var/lib/dpkg/*-old",
)


_DEFAULT_MIRROR = re.compile(r'^DEF_MIRROR="(?P<address>\S+)"', re.MULTILINE)
# Where root's programs are, also for those whose PATH lacks it.
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"


class BaseImageError(OperatorError):
    """The base image can be neither found, nor pulled, nor made."""


@dataclass(frozen=True)
class Mirrors:
    """Where packages come from, without a trailing slash."""

    debian: str
    security: str

    @classmethod
    def of_debian(cls) -> Mirrors:
        """Debian's own, as debootstrap knows them.

        Raises:
            BaseImageError: debootstrap is not there, or does not say.
        """
        script = shutil.which("debootstrap", path=_PATH)
        found = _DEFAULT_MIRROR.search(Path(script).read_text()) if script else None
        if found is None:
            raise BaseImageError("debootstrap is missing: apt install debootstrap")
        return cls(found["address"], f"{found['address']}-security")

    @classmethod
    def of_host(cls) -> Mirrors:
        """Those of this machine's own apt, where it is set up for bookworm; else Debian's."""
        offered: dict[str, list[str]] = {}
        for address, suite in _SUITE_OF_MIRROR.findall(
            _output("apt-get", "update", "--print-uris")
        ):
            offered.setdefault(suite, []).append(address)
        default = cls.of_debian()
        # Others than Debian have a suite of this name too, but no updates of it.
        updated = offered.get(f"{_SUITE}-updates", [])
        return cls(
            next((one for one in offered.get(_SUITE, []) if one in updated), default.debian),
            next(iter(offered.get(f"{_SUITE}-security", [])), default.security),
        )

    def sources(self) -> str:
        """An apt sources file for all of bookworm's suites."""
        return "\n".join(
            f"Types: deb\nURIs: {address}\nSuites: {suites}\nComponents: main\n"
            f"Signed-By: {_KEYRING}\n"
            for address, suites in (
                (self.debian, f"{_SUITE} {_SUITE}-updates"),
                (self.security, f"{_SUITE}-security"),
            )
        )


def ensure_base_image(engine: Engine) -> str:
    """The id of the base image: as it is there, else pulled, else made from packages.

    Raises:
        BaseImageError: it is not there and can be neither pulled nor made.
    """
    if found := engine.find(NAME):
        return found
    try:
        console.say(f"{NAME}: pulling it")
        *_, pulled = engine.pull(NAME)
        return str(pulled)
    except EngineError as not_pulled:
        console.say(f"{NAME}: cannot be pulled ({not_pulled}); making it from packages")
        try:
            return make_base_image(engine)
        except BaseImageError as not_made:
            raise BaseImageError(
                f"{NAME} can neither be pulled nor made here: {not_made}", not_made.exit_code
            ) from not_pulled


def make_base_image(engine: Engine) -> str:
    """Makes the base image from packages, security updates included, and returns its id.

    An older one of ours that it takes the name from is removed, unless a container uses it.

    Raises:
        BaseImageError: this is not root, a tool is missing, or a step failed. Nothing is left.
    """
    _check_possible()
    mirrors = Mirrors.of_host()
    before = engine.find(NAME)
    with _stoppable(), _work_folder() as work, console.progress("base image") as progress:
        root = work / "root"
        steps = _Steps(progress)
        began = datetime.now(UTC)
        _bootstrap(root, mirrors, steps)
        _configure(root)
        _upgrade(root, mirrors, steps)
        _slim(root)
        archive = _pack(root, began, steps)
        steps.show("loading into the engine")
        engine.load(archive)
    made = engine.find(NAME)
    assert made, f"{NAME} is there once it is loaded"
    if before and before != made:
        _remove_replaced(engine, before)
    return made


@dataclass
class _Steps:
    """Which step the work is at. Debootstrap unpacks and configures in turns; the bar stays."""

    progress: Progress
    done: int = 0

    def show(self, line: str) -> None:
        """Begins the step that the line begins with, if there is one, and shows the line."""
        for number, step in enumerate(_STEPS):
            if line.startswith(step):
                self.done = max(self.done, number)
        self.progress.update(self.done, len(_STEPS), line)


def _check_possible() -> None:
    if os.geteuid() != 0:
        raise BaseImageError(f"making {NAME} needs root: run `sudo ./inv base-image`")
    for program, package in (
        ("debootstrap", "debootstrap"),
        ("unshare", "util-linux"),
        ("setpriv", "util-linux"),
        ("tar", "tar"),
    ):
        if not shutil.which(program):
            raise BaseImageError(
                f"{program} is not installed: `sudo apt install {package}`, or your distribution's"
                f" package {package}"
            )
    if not _KEYRING.is_file():
        raise BaseImageError(
            f"no {_KEYRING} to check Debian's signatures with: `sudo apt install"
            " debian-archive-keyring`, or the package of this name of your distribution"
        )


def _bootstrap(root: Path, mirrors: Mirrors, steps: _Steps) -> None:
    _run(
        *("debootstrap", "--variant=minbase", "--force-check-gpg", f"--keyring={_KEYRING}"),
        *(_SUITE, str(root), mirrors.debian),
        steps=steps,
    )


def _configure(root: Path) -> None:
    for name, text in _SETTINGS.items():
        _write(root / name, text)
    _write(root / "etc/apt/sources.list.d/debian.sources", Mirrors.of_debian().sources())
    policy = root / "usr/sbin/policy-rc.d"
    _write(policy, _POLICY)
    policy.chmod(0o755)


def _upgrade(root: Path, mirrors: Mirrors, steps: _Steps) -> None:
    """Brings in what is newer in -updates and -security, from the mirrors."""
    steps.show("security updates")
    making = root / "making"
    making.mkdir()
    _write(making / "mirrors.sources", mirrors.sources())
    settings = [
        'Dir::Etc::SourceList "/making/mirrors.sources";',
        'Dir::Etc::SourceParts "-";',
        *_apt_proxies(),
    ]
    if _CA_BUNDLE.is_file():
        shutil.copyfile(_CA_BUNDLE, making / "ca.crt")
        settings.append('Acquire::https::CAInfo "/making/ca.crt";')
    _write(making / "apt.conf", "".join(f"{line}\n" for line in settings))
    for command in (["update"], ["dist-upgrade", "--yes", "--no-install-recommends"]):
        _run("apt-get", *command, root=root, steps=steps)
    shutil.rmtree(making)


def _apt_proxies() -> list[str]:
    dump = _output("apt-config", "dump", "--format", '%F "%v";%n', "--no-empty")
    prefixes = ("Acquire::http::Proxy", "Acquire::https::Proxy")
    return [line for line in dump.splitlines() if line.startswith(prefixes)]


def _slim(root: Path) -> None:
    for pattern in _LEFTOVERS:
        for path in root.glob(pattern):
            _remove(path)
    for log in (root / "var/log").rglob("*"):
        if log.is_file():
            os.truncate(log, 0)
    for excluded in _SLIM_EXCLUDES:
        _remove_but(root / "usr/share" / excluded, keep=("copyright", "locale.alias"))


def _remove_but(folder: Path, keep: Sequence[str]) -> None:
    for path, folders, files in os.walk(folder, topdown=False):
        for name in files:
            if name not in keep:
                Path(path, name).unlink()
        for name in folders:
            below = Path(path, name)
            if below.is_symlink():
                below.unlink()
            elif not any(below.iterdir()):
                below.rmdir()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _pack(root: Path, began: datetime, steps: _Steps) -> Path:
    """The image as `docker save` would write it, the same for the same packages.

    Packages' files have the dates that they were packed with; the newest of these stands for all
    that was written here, and for the image's own date.
    """
    steps.show("packing")
    machine = _output("chroot", str(root), "dpkg", "--print-architecture").strip()
    newest = _newest_before(root, began.timestamp())
    _date_accounts(root / "etc/shadow", newest)
    layer = root.with_name("layer.tar")
    _run(
        *("tar", "--create", f"--file={layer}", f"--directory={root}", "--format=gnu"),
        *("--sort=name", f"--mtime=@{newest}", "--clamp-mtime", "--numeric-owner", "."),
        steps=steps,
    )
    return _archive(layer, _MACHINES.get(machine, machine), datetime.fromtimestamp(newest, UTC))


def _newest_before(root: Path, began: float) -> int:
    times = (
        Path(path, name).lstat().st_mtime
        for path, folders, files in os.walk(root)
        for name in (*folders, *files)
    )
    return int(max(time for time in times if time < began))


def _date_accounts(shadow: Path, changed: int) -> None:
    """Sets the day on which the passwords, which nobody has, were changed last."""
    accounts = [line.split(":") for line in shadow.read_text().splitlines()]
    for account in accounts:
        account[2] = str(changed // 86_400)
    shadow.write_text("".join(":".join(account) + "\n" for account in accounts))


def _archive(layer: Path, machine: str, created: datetime) -> Path:
    with layer.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    date = f"{created:%Y-%m-%dT%H:%M:%SZ}"
    config = _json(
        {
            "architecture": machine,
            "config": {
                "Cmd": ["bash"],
                "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            },
            "created": date,
            "history": [{"created": date, "created_by": "inv base-image"}],
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    )
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [NAME], "Layers": [layer.name]}]
    archive = layer.with_name("image.tar")
    with tarfile.open(archive, "w") as tar:
        for name, content in ((config_name, config), ("manifest.json", _json(manifest))):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, BytesIO(content))
        tar.add(layer, layer.name)
    return archive


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _remove_replaced(engine: Engine, image_id: str) -> None:
    """Only if it was made here: what came from a registry carries a digest, and is the user's."""
    old = next((image for image in engine.all_images() if image.id == image_id), None)
    if old and not old.tags and not old.digests and old.id not in engine.images_in_use():
        engine.remove_image(old.id)


@contextmanager
def _work_folder() -> Iterator[Path]:
    """An empty folder of root's own; one that a power cut left is emptied first."""
    # A lock on the folder above needs no file of its own, which would stay.
    above = os.open(_WORK.parent, os.O_RDONLY)
    try:
        try:
            fcntl.flock(above, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BaseImageError(
                f"{NAME} is being made by another process: wait for it to end", 75
            ) from None
        if _WORK.exists():
            shutil.rmtree(_WORK)
        _WORK.mkdir(mode=0o700)
        with _removed_with_this_process(_WORK, above):
            yield _WORK
    finally:
        os.close(above)


@contextmanager
def _removed_with_this_process(folder: Path, lock: int) -> Iterator[None]:
    """Has a folder removed at the end of the context, or of this process if it is killed.

    The lock is held for as long as that takes.
    """
    remover = subprocess.Popen(
        # Its input ends with this process. What is being killed may still write.
        ["sh", "-c", 'read -r _; until rm -rf "$0"; do sleep 1; done', str(folder)],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=[lock],
    )
    try:
        yield
    finally:
        remover.communicate()


@contextmanager
def _stoppable() -> Iterator[None]:
    """Lets SIGTERM and SIGHUP end the work in order, as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's to handle
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise BaseImageError(f"ended by {signal.Signals(number).name}", 128 + number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(*command: str, steps: _Steps, root: Path | None = None) -> None:
    """Runs a command, below `root` if one is given, showing each line that it prints.

    Its mounts and processes are its own: they end with it, and it ends with this process, however
    that ends.
    """
    below = ("--root", str(root), "--mount-proc") if root else ()
    settings = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    if root:
        settings["APT_CONFIG"] = "/making/apt.conf"
    line = ""
    with subprocess.Popen(
        [
            *("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork"),
            *("--kill-child", *below, *command),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=os.environ | settings,
    ) as process:
        assert process.stdout
        try:
            for printed in process.stdout:
                if text := printed.strip():
                    line = text
                    steps.show(line.removeprefix("I: "))
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise BaseImageError(f"{command[0]} failed: {line or f'exit code {process.returncode}'}")


def _output(*command: str) -> str:
    """What a command prints; nothing where it is missing or fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ""


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
