"""What is in the images, and what must not be: secrets, root, tools, ways to become another."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from base64 import b64decode
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from python_on_whales import docker

from checkout import ROOT
from images.engine import IMAGES, TOOLS, image
from tasks.lib.images.base_image import Mirrors
from tasks.lib.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from fresh_clone import FreshClone

USERS = {
    TOOLS: "65534:65534",
    "hadoop": "10004:10004",
    "openedx": "10001:10001",
    "web/mysql": "10002:10002",
    "web/nginx": "10003:10003",
}

# Files of packages that have authorities of their makers' choice, which may be this machine's too.
TRUSTED_BY_MAKERS = ("/pip/_vendor/certifi/cacert.pem", "/libnssckbi.so")


# Layers -------------------------------------------------------------------------------------------
@contextmanager
def saved(*names: str) -> Iterator[IO[bytes]]:
    with subprocess.Popen(["docker", "save", *names], stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield process.stdout
    assert process.returncode == 0


def contents(*names: str) -> Iterator[tuple[str, bytes]]:
    """Each file of each layer, also those that a later layer hides, and the images' own records."""
    with saved(*names) as stream, tarfile.open(fileobj=stream, mode="r|") as whole:
        for member in whole:
            blob = whole.extractfile(member)
            if blob is None:
                continue
            start = blob.read(1)
            if start in b"{[":
                yield member.name, start + blob.read()
            elif start:
                yield from layer(member.name, blob, start)


def layer(name: str, blob: IO[bytes], start: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=Prefixed(start, blob), mode="r|") as files:  # type: ignore[call-overload]
        for member in files:
            if member.isreg() and (file := files.extractfile(member)):
                yield f"{name}: {member.name}", file.read()


class Prefixed:
    """A stream whose first byte was read already."""

    def __init__(self, start: bytes, rest: IO[bytes]) -> None:
        self._start = start
        self._rest = rest

    def read(self, size: int) -> bytes:
        start, self._start = self._start, b""
        return start + self._rest.read(size - len(start))


def places(needles: Iterable[bytes], *names: str) -> list[str]:
    """Where one of the needles is."""
    return [
        place for place, content in contents(*names) if any(needle in content for needle in needles)
    ]


def secrets_of(clone: FreshClone) -> set[bytes]:
    settings = load(clone.root)
    secret = ("_PASSWORD", "_KEY", "_TOKEN", "_SECRET")
    names = [name for name in settings if name.endswith(secret) and name != "TLS_KEY"]
    values = {settings[name].encode() for name in names if settings[name]}
    assert len(values) >= 8
    return values


def mirrors() -> set[bytes]:
    """The hosts from which this machine gets packages, but for those that everybody has."""
    commands = ([sys.executable, "-m", "pip", "config", "list"], ["apt-get", "indextargets"])
    printed = "".join(
        subprocess.run(command, capture_output=True, text=True, check=False).stdout
        for command in commands
    )
    hosts = {urlsplit(url).hostname or "" for url in re.findall(r"https?://[^\s'\"]+", printed)}
    everybodys = urlsplit(Mirrors.of_debian().debian).hostname
    return {host.encode() for host in hosts if host != everybodys}


def authorities(bundle: str) -> set[bytes]:
    """Of each certificate, a line in which there is nothing but its signature.

    A line is 48 bytes, so that it is also a part of the certificate as Java keeps it.
    """
    form = "-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----"
    found = re.findall(form, bundle, re.DOTALL)
    return {one.split()[-2].encode() for one in found}


def own_authorities(clone: FreshClone) -> set[bytes]:
    """Those that builds trusted and Debian's own package does not have, as text and as Java's."""
    bundle = load(clone.root).build_secrets.get("ca")
    if bundle is None:
        return set()
    public = docker.run(
        image("hadoop/base"),
        ["-c", "cat /usr/share/ca-certificates/mozilla/*"],
        entrypoint="sh",
        remove=True,
        networks=["none"],
    )
    assert isinstance(public, str)
    own = authorities(bundle.read_text()) - authorities(public)
    return own | {b64decode(each) for each in own}


def test_no_image_holds_a_secret_a_mirror_or_an_authority_of_this_machine(
    built_clone: FreshClone,
) -> None:
    own = secrets_of(built_clone) | mirrors() | own_authorities(built_clone)
    found = places(own, *map(image, (TOOLS, *IMAGES)))
    assert [place for place in found if not place.endswith(TRUSTED_BY_MAKERS)] == []


def test_the_search_finds_what_is_there() -> None:
    [place] = places([b'worker_tmp_dir = "/dev/shm"'], image("openedx/api"))
    assert place.endswith(": etc/analytics/gunicorn.conf.py")
    assert places([b"DJANGO_SETTINGS_MODULE=insights.settings"], image("openedx/insights"))


@pytest.mark.parametrize(
    "key", ["openedx/api", "web/nginx", pytest.param("hadoop/hdfs", marks=pytest.mark.full)]
)
def test_a_build_keeps_nothing_of_its_secrets(
    built_clone: FreshClone, tmp_path: Path, key: str
) -> None:
    settings = load(built_clone.root)
    given = {
        "ca": "",
        "pip": "[global]\n",
        "apt": f"deb {Mirrors.of_debian().debian} bookworm main\n",
        "maven": "<settings/>\n",
    }
    given |= {name: path.read_text() for name, path in settings.build_secrets.items()}
    for name, text in given.items():
        mark = f"a-secret-of-{name}"
        mark = f"<!-- {mark} -->" if name == "maven" else f"# {mark}"
        (tmp_path / name).write_text(f"{text}\n{mark}\n")
    registry, _, _ = image("").partition("/:")
    tag = f"{registry}/{key}:secrets"
    subprocess.run(
        [
            *("docker", "buildx", "build", "--load", "--no-cache", "--quiet", "--tag", tag),
            *(f"--build-arg=REGISTRY={registry}", f"--build-arg=VERSION={image('').split(':')[1]}"),
            *(f"--secret=id={name},src={tmp_path / name}" for name in given),
            str(ROOT / "services" / key),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    try:
        assert places([b"a-secret-of-"], tag) == []
    finally:
        docker.image.remove(tag)


# CIS Docker Benchmark, section 4: images ----------------------------------------------------------
def configuration(key: str) -> dict[str, Any]:
    printed = subprocess.run(
        ["docker", "inspect", "--type=image", "--format={{json .Config}}", image(key)],
        capture_output=True,
        check=True,
    ).stdout
    found: dict[str, Any] = json.loads(printed)
    return found


@dataclass(frozen=True)
class Entry:
    """Of an image's own file system.

    Attributes:
        kind: `f` for a file, `l` for a link, `c` for a device, as `find` says it.
        mode: permissions and the bits before them.
        user: the owner's number.
    """

    path: str
    kind: str
    mode: int
    user: str


@cache
def entries(name: str) -> list[Entry]:
    """All of an image, as root sees it."""
    output = docker.run(
        name,
        ["/", "-xdev", "-printf", r"%y %m %U %p\n"],
        entrypoint="find",
        user="0",
        remove=True,
        networks=["none"],
    )
    assert isinstance(output, str)
    found = (line.split(" ", 3) for line in output.splitlines())
    return [Entry(path, kind, int(mode, 8), user) for kind, mode, user, path in found]


def archives(name: str) -> set[str]:
    """Lists and archives of Debian's packages."""
    return {
        entry.path
        for entry in entries(name)
        if entry.kind == "f"
        and (entry.path.startswith("/var/lib/apt/lists/") or entry.path.endswith(".deb"))
    }


each_image = pytest.mark.parametrize("key", [TOOLS, *IMAGES])
each_that_runs = pytest.mark.parametrize("key", IMAGES)


@each_image
def test_4_1_its_user_is_not_root(key: str) -> None:
    user = configuration(key)["User"]
    assert user == USERS[key if key in USERS else key.partition("/")[0]]


@each_image
def test_4_2_it_is_made_of_debian_and_our_own_images(key: str) -> None:
    text = (ROOT / "services" / key / "Dockerfile").read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", text, re.M))
    froms = set(re.findall(r"^FROM (\S+)", text, re.M)) - stages
    bases = (TOOLS, "openedx/base", "openedx/api", "hadoop/base", "hadoop/spark")
    ours = {f"${{REGISTRY}}/{name}:${{VERSION}}" for name in bases}
    assert froms
    assert froms <= ({"scratch"} if key == TOOLS else {"debian:bookworm-slim"} | ours)


@each_that_runs
def test_4_3_it_has_no_compiler_and_no_lists_or_archives_of_packages(key: str) -> None:
    paths = [entry.path for entry in entries(image(key))]
    assert "/usr/bin/env" in paths
    tools = "gcc|cc|make|curl|wget|nc|sudo"
    assert [path for path in paths if re.search(f"/bin/(.*/)?({tools})$", path)] == []
    # Where scripts of ours are while it is built.
    assert [path for path in paths if path.startswith("/tools")] == []
    assert archives(image(key)) <= archives("debian:bookworm-slim")


@each_that_runs
def test_4_6_it_can_tell_its_health(key: str) -> None:
    if key == "hadoop/base":  # runs nothing itself
        assert "Healthcheck" not in configuration(key)
    else:
        # The pipeline is no service: its end says how it went.
        expected = "NONE" if key == "hadoop/pipeline" else "CMD"
        assert configuration(key)["Healthcheck"]["Test"][0] == expected


def test_the_image_of_scripts_needs_no_health_as_it_holds_nothing_else() -> None:
    assert "Healthcheck" not in configuration(TOOLS)
    files = {place: content for place, content in contents(image(TOOLS)) if ": " in place}
    names = {place.partition(": ")[2] for place in files}
    assert {"build/install-packages", "runtime/render-settings"} <= names
    assert {name.partition("/")[0] for name in names} == {"build", "runtime"}
    assert all(content.startswith(b"#!") for content in files.values())


@each_that_runs
def test_4_8_no_file_makes_somebody_another_user(key: str) -> None:
    files = [entry for entry in entries(image(key)) if entry.kind == "f"]
    assert [file.path for file in files if file.mode & 0o6000] == []


@each_that_runs
def test_and_nobody_may_write_where_programs_and_settings_are(key: str) -> None:
    found = entries(image(key))
    open_to_all = (entry for entry in found if entry.mode & 0o1002 == 0o0002)
    assert [entry.path for entry in open_to_all if entry.kind not in "lc"] == []
    user = USERS[key if key in USERS else key.partition("/")[0]].partition(":")[0]
    own = {"/run/analytics", "/var/lib/mysql", "/var/cache/insights"}
    own |= {"/var/lib/hdfs", "/var/lib/spark", "/data"}
    owned = {entry.path for entry in found if entry.user == user}
    assert {path for path in owned if not path.startswith("/proc/")} <= own


@each_image
def test_4_9_and_4_10_its_dockerfile_adds_nothing_and_knows_no_secret(key: str) -> None:
    text = (ROOT / "services" / key / "Dockerfile").read_text()
    assert not re.search(r"^\s*(ADD|# syntax=)", text, re.MULTILINE)
    ours = {"http://127.0.0.1:8000", "http://127.0.0.1:8081", "http://none"}
    assert set(re.findall(r"https?://[^/\s]+", text)) <= ours
    names = {line.partition("=")[0] for line in configuration(key)["Env"]}
    assert not [name for name in names if re.search("PASSWORD|SECRET|TOKEN|KEY", name)]


@each_image
def test_it_says_what_it_is(key: str) -> None:
    prefix = "org.opencontainers.image."
    labels = configuration(key)["Labels"]
    assert labels[f"{prefix}licenses"] == "AGPL-3.0-or-later"
    assert labels[f"{prefix}description"]


@each_image
def test_its_context_is_what_the_dockerfile_copies(key: str) -> None:
    """A note beside it must not make the image stale."""
    lines = (ROOT / "services" / key / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    text = (ROOT / "services" / key / "Dockerfile").read_text()
    for line in lines:
        if line.startswith("!"):
            assert line[1:] in text
