"""What Tutor itself renders, and what is none of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from tasks.lib.connect import tutor
from tasks.lib.connect.site import Database
from tasks.lib.errors import OperatorError
from tutor_site import render

LMS = Path("env/apps/openedx/config/lms.env.yml")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(tmp_path_factory.mktemp("tutor") / "root", "ENABLE_HTTPS=true")


@pytest.fixture
def root(rendered: Path, tmp_path: Path) -> Path:
    """A copy, to change."""
    return Path(shutil.copytree(rendered, tmp_path / "root"))


def test_site_on_one_machine(root: Path) -> None:
    (root / "data/lms/logs").mkdir(parents=True)
    site = tutor.read(root)

    assert site.url == "https://learn.example.org"
    assert site.database == Database(tutor.GATEWAY, 3306, "openedx")
    assert (site.discovery, site.logs) == ("", root / "data/lms/logs")
    [note] = site.notes
    assert 'services: {mysql: {ports: ["172.17.0.1:3306:3306"]}}' in note
    snippet = note.partition("services:")[2].partition("\n")[0]
    assert yaml.safe_load(f"services:{snippet}")["services"]["mysql"]


def test_site_with_a_database_elsewhere(tmp_path: Path) -> None:
    where = ("RUN_MYSQL=false", "MYSQL_HOST=db.example.org", "MYSQL_PORT=3307")
    site = tutor.read(render(tmp_path / "root", *where, "OPENEDX_MYSQL_DATABASE=lms"))

    assert site.url == "http://learn.example.org"
    assert site.database == Database("db.example.org", 3307, "lms")
    [note] = site.notes
    assert "data/lms/logs is not there" in note


@pytest.mark.parametrize(
    ("host", "url"),
    [
        (None, "https://discovery.learn.example.org"),
        ("{{ OTHER }}", "https://discovery.learn.example.org"),
        ("catalog.example.org", "https://catalog.example.org"),
    ],
)
def test_site_with_course_discovery(root: Path, host: str | None, url: str) -> None:
    with (root / "config.yml").open("a") as config:
        config.write("PLUGINS: [mfe, discovery]\n")
        config.write(f"DISCOVERY_HOST: {json.dumps(host)}\n" if host else "")

    assert tutor.read(root).discovery == url


def test_older_release_wrote_json(root: Path) -> None:
    settings = yaml.safe_load((root / LMS).read_text())
    (root / LMS).with_suffix(".json").write_text(json.dumps(settings, indent=2))
    before = tutor.read(root)
    (root / LMS).unlink()
    (root / "env/version").write_text("12.2.0")

    assert tutor.read(root) == before


@pytest.mark.parametrize("version", ["99.0.1", "v3", "", None])
def test_release_that_is_not_known_is_read_with_a_warning(root: Path, version: str | None) -> None:
    (root / "env/version").unlink()
    if version is not None:
        (root / "env/version").write_text(version)

    assert (
        f"This is Tutor {version or 'of an unknown version'}; known are"
        in tutor.read(root).notes[0]
    )


def broken(path: Path, content: str | None) -> None:
    """A file with other content; None: it cannot be read."""
    path.unlink()
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("config.yml", None, "config.yml cannot be read (Is a directory)"),
        ("config.yml", "A: [", "config.yml:1 is no YAML"),
        ("config.yml", "- A\n", "config.yml holds no settings"),
        ("config.yml", "", "config.yml holds no settings"),
        ("config.yml", "LMS_HOST: moved.example.org\n", "run `tutor config save`"),
        (str(LMS), None, "lms.env.yml cannot be read"),
        (str(LMS), "A: \x00", "lms.env.yml is no YAML"),
        (str(LMS), "SITE_NAME: x\n", "LMS_ROOT_URL is None, no address"),
        (str(LMS), "LMS_ROOT_URL: [1]\n", "LMS_ROOT_URL is [1], no address"),
        (str(LMS), "LMS_ROOT_URL: https://learn.example.org\n", "DATABASES does not say"),
        (
            str(LMS),
            "LMS_ROOT_URL: https://learn.example.org\nDATABASES: {default: {HOST: a, PORT: b}}\n",
            "DATABASES does not say",
        ),
    ],
)
def test_what_cannot_be_understood(root: Path, file: str, content: str | None, told: str) -> None:
    broken(root / file, content)

    with pytest.raises(OperatorError) as caught:
        tutor.read(root)
    assert told in str(caught.value)


def test_what_is_no_root(root: Path, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"is no folder: name the root"):
        tutor.read(tmp_path / "nowhere")
    with pytest.raises(OperatorError, match=r"has no config.yml, and so is no root of Tutor"):
        tutor.read(tmp_path)
    shutil.rmtree(root / "env")
    with pytest.raises(OperatorError, match=r"lms.env.yml is not there: run `tutor config save`"):
        tutor.read(root)


@pytest.mark.parametrize(
    ("given", "environment", "found"),
    [
        ("/srv/tutor", {"TUTOR_ROOT": "/other"}, "/srv/tutor"),
        ("", {"TUTOR_ROOT": "/other"}, "/other"),
        ("", {"XDG_DATA_HOME": "/data"}, "/data/tutor"),
        ("", {}, "~/.local/share/tutor"),
    ],
)
def test_root_is_found_as_tutor_finds_it(
    given: str, environment: dict[str, str], found: str
) -> None:
    assert tutor.root_folder(given, environment) == Path(found).expanduser()
