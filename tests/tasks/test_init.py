"""`inv init`: makes what lacks, keeps what is there, and can be killed at any moment."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from configured import ROOT, edit, inv, new_checkout
from issuing import issue
from tasks.lib import settings
from tasks.lib.images import stamps
from tasks.lib.settings import SettingsError, Source, certificate, compose_env, env_file
from tasks.lib.settings.certificate import CertificateError
from tasks.lib.settings.initialise import initialise

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh clone with two images."""
    root = new_checkout(tmp_path / "clone", monkeypatch)
    for image in ("openedx/base", "openedx/api"):
        (root / "services" / image).mkdir(parents=True)
        (root / "services" / image / "Dockerfile").write_text("FROM debian:bookworm-slim\n")
    return root


def init(root: Path) -> list[str]:
    """What one call says."""
    return [*initialise(root)]


def content(root: Path) -> dict[Path, bytes]:
    """All files of a checkout."""
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_fresh_clone(clone: Path) -> None:
    lines = init(clone)

    assert [line.partition(":")[0] for line in lines] == [
        "conf/analytics.env",
        "conf/mysql.env",
        "conf/pipeline.env",
        "data/tracking-logs",
        "data/lms",
        ".env",
        "services",
        "data/tls/certificate.pem",
        "data/tls/served",
    ]
    loaded = settings.load(clone)
    for name in loaded.declarations:
        loaded.require(name)
        assert loaded.source(name) is Source.FILE
    for file in (*clone.glob("conf/*.env"), clone / ".env", clone / "data/tls/key.pem"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for image in ("openedx/base", "openedx/api"):
        target = clone / "services" / image / ".target"
        assert target.stat().st_mtime == 0
        assert stamps.read(target.parent) is None
    assert certificate.load(clone / "data/tls/certificate.pem", clone / "data/tls/key.pem")


def test_two_clones_have_nothing_secret_in_common(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = new_checkout(tmp_path / "a" / "clone", monkeypatch)
    other = new_checkout(tmp_path / "b" / "clone", monkeypatch)
    init(one)
    init(other)

    loaded = settings.load(one), settings.load(other)
    made = [name for name, each in loaded[0].declarations.items() if each.type.make]
    assert {"COMPOSE_PROJECT_NAME", "API_TOKEN", "MYSQL_API_PASSWORD"} < {*made}
    assert not {loaded[0][name] for name in made} & {loaded[1][name] for name in made}


def test_a_second_call_changes_nothing(clone: Path) -> None:
    init(clone)
    before = content(clone)

    assert init(clone) == []
    assert content(clone) == before


def test_what_an_operator_typed_is_kept_byte_for_byte(clone: Path) -> None:
    init(clone)
    path = clone / "conf/pipeline.env"
    theirs = ("#", "INTERVAL=", "TRACKING_LOGS=")
    kept = [line for line in path.read_text().splitlines() if not line.startswith(theirs)]
    mine = """TRACKING_LOGS="/srv/it's here"   # rsync brings them"""
    typed = "\n".join(["#  my own notes, without order", *kept, mine])
    path.write_bytes(typed.encode())

    assert init(clone)[0] == "conf/pipeline.env: added INTERVAL"

    assert path.read_bytes().decode() == typed + (
        "\n\n# UTC dates to cover, as 2026-01-01:2026-07-01 (the second exclusive); empty: all"
        " whole days so far.\nINTERVAL=''\n"
    )
    assert settings.load(clone)["TRACKING_LOGS"] == "/srv/it's here"


def test_new_settings_come_with_the_comment_that_they_share(clone: Path) -> None:
    init(clone)
    template = clone / "conf/pipeline.env.template"
    template.write_text(
        template.read_text()
        + "\n# Two more,\n# of one kind.\nONE={{ port(1) }}\nTWO={{ secret() }}\n"
    )

    assert init(clone) == ["conf/pipeline.env: added ONE, TWO"]

    text = (clone / "conf/pipeline.env").read_text()
    assert re.search(r"\n\n# Two more,\n# of one kind\.\nONE='1'\nTWO='[0-9a-f]{40}'\n\Z", text)


def test_a_removed_secret_is_made_anew(clone: Path) -> None:
    init(clone)
    before = settings.load(clone)
    path = clone / "conf/mysql.env"
    path.write_text(re.sub("MYSQL_API_PASSWORD=.*\n", "", path.read_text()))

    assert init(clone) == [
        "conf/mysql.env: added MYSQL_API_PASSWORD",
        ".env: written, for plain `docker compose`",
    ]

    after = settings.load(clone)
    assert {name for name in after if after[name] != before[name]} == {"MYSQL_API_PASSWORD"}
    assert f"MYSQL_API_PASSWORD='{after['MYSQL_API_PASSWORD']}'\n" in (clone / ".env").read_text()


def test_names_that_no_template_knows_are_reported_and_kept(clone: Path) -> None:
    init(clone)
    path = clone / "conf/pipeline.env"
    made = path.read_bytes()
    typed = made + b"OLD_NAME='1'\nSITE_HOST='a.example.org'\n"
    path.write_bytes(typed)
    place, first = "conf/pipeline.env", made.count(b"\n") + 1

    assert init(clone) == [
        f"{place}:{first}: OLD_NAME is not known (any more) and has no effect: remove it",
        f"{place}:{first + 1}: SITE_HOST has no effect here: move it to conf/analytics.env",
    ]
    assert path.read_bytes() == typed


def test_a_broken_file_stops_it_before_anything_is_made(clone: Path) -> None:
    (clone / "conf/pipeline.env").write_bytes(b"INTERVAL='2026\n")
    before = content(clone)

    with pytest.raises(SettingsError, match=r"^conf/pipeline\.env:1: opens ' for INTERVAL"):
        init(clone)

    assert content(clone) == before


def test_a_sites_own_certificate_elsewhere_is_not_made(clone: Path, tmp_path: Path) -> None:
    init(clone)
    own = tmp_path / "letsencrypt"
    for folder in ("../letsencrypt", str(own)):
        edit(clone, TLS_CERTIFICATE=f"{folder}/certificate.pem", TLS_KEY=f"{folder}/key.pem")
        (said,) = [line for line in init(clone) if "not there yet" in line]
        assert said.endswith(
            "/certificate.pem: not there yet; nginx needs it (TLS_CERTIFICATE, TLS_KEY)"
        )
    assert not own.exists()

    issue(own, "localhost")
    assert init(clone) == ["data/tls/served: certificate and key brought up to date, for nginx"]


def test_a_pair_that_does_not_match_is_named_when_all_else_is_done(clone: Path) -> None:
    issue(clone / "data", "localhost")
    (clone / "data/tls").mkdir()
    (clone / "data/certificate.pem").rename(clone / "data/tls/certificate.pem")
    issue(clone / "data/tls/other", "localhost")
    (clone / "data/tls/other/key.pem").rename(clone / "data/tls/key.pem")

    with pytest.raises(CertificateError, match="is not the key of the first certificate"):
        init(clone)

    assert (clone / ".env").exists()
    assert (clone / "services/openedx/api/.target").exists()


# A child for each n-th moment at which files change: it kills itself right before that change.
KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from tasks.lib.settings.initialise import initialise
import cryptography.x509, jinja2, tasks.lib.settings.tls

CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.chmod", "os.utime", "os.truncate"}
fresh, folder = map(Path, sys.argv[1:3])
step = int(sys.argv[3])

def kill_at(moment, root):
    changes = 0
    def watch(event, arguments):
        nonlocal changes
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_ACCMODE
        if (writes or event in CHANGES) and str(root) in str(arguments[0]):
            changes += 1
            if changes == moment:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(watch)

moment = 1 - step
while True:
    moment += step
    root = folder / str(moment) / "clone"
    shutil.copytree(fresh, root)
    child = os.fork()
    if not child:
        kill_at(moment, root)
        for line in initialise(root):
            pass
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status == 0:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL, status
"""


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.full)])
def test_killed_at_any_moment(clone: Path, tmp_path: Path, step: int) -> None:
    (tmp_path / "killed").mkdir()
    subprocess.run(
        [sys.executable, "-c", KILLED, clone, tmp_path / "killed", str(step)],
        env={"PYTHONPATH": str(ROOT)},
        check=True,
    )
    killed = [*(tmp_path / "killed").glob("*/clone")]
    assert len(killed) > 30 / step

    for root in killed:
        left = {path.name: env_file.parse(path.read_bytes()) for path in root.glob("conf/*.env")}
        assert all(not file.problems for file in left.values())

        init(root)

        loaded = settings.load(root)
        for file in left.values():
            assert all(loaded[name] == value for name, value in file.values.items())
        assert (root / ".env").read_text() == compose_env.content(loaded, root)
        assert certificate.load(root / "data/tls/certificate.pem", root / "data/tls/key.pem")
        assert len([*root.glob("services/*/*/.target")]) == 2
        assert [*root.rglob("*.new")] == []
        assert init(root) == []


def test_two_at_once(clone: Path) -> None:
    code = "import sys; from pathlib import Path; "
    code += "from tasks.lib.settings.initialise import initialise;"
    code += "print(*initialise(Path(sys.argv[1])), sep='\\n')"
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, clone],
            env={"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    printed = [process.communicate(timeout=60)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0]
    made = [line for lines in printed for line in lines.splitlines() if "made" in line]
    assert len(made) == len({*made}) == 6, "each thing by one of them"
    assert init(clone) == []


# --- The commands ---


def test_inv_init_says_what_it_made(clone: Path) -> None:
    first = inv(clone, "init")
    second = inv(clone, "init")

    assert (first.returncode, first.stderr) == (0, "")
    assert "conf/mysql.env: made, with 6 settings\n" in first.stdout
    loaded = settings.load(clone)
    secrets = [name for name, each in loaded.declarations.items() if each.type.secret]
    assert not any(loaded[name] in first.stdout for name in secrets if loaded[name])
    assert second.stdout == "nothing to do: all is there\n"


def test_inv_init_names_a_broken_file_in_one_line(clone: Path) -> None:
    (clone / "conf/mysql.env").write_text("MYSQL_API_PASSWORD='hidden\n")
    ended = inv(clone, "init")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "inv: conf/mysql.env:1: opens ' for MYSQL_API_PASSWORD and does not close it: end the value"
        " with ' on the same line; `inv config.check` shows all that is to be done\n"
    )
