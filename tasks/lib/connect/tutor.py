"""What a Tutor site's own configuration tells: `config.yml`, and `env/` that Tutor renders from it.

Read is what Tutor rendered, as the LMS reads it too: Tutor's own rules for what is not set (its
defaults, its plugins' filters) are then applied already. Releases 14 to 22 were looked at; older
ones wrote the LMS's settings as JSON, which is YAML too.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

from tasks.lib.connect.site import Commands, Database, LmsSite
from tasks.lib.errors import OperatorError
from tasks.lib.settings.setting_types import is_host

if TYPE_CHECKING:
    from collections.abc import Mapping

KNOWN = range(12, 23)
"""Major versions of Tutor whose rendered configuration is known."""

GATEWAY = "172.17.0.1"
"""The host's own address in Docker's default network, at which containers of other networks, and
the host, find a port that is published there."""

_CONFIG = "config.yml"
_RENDERED = tuple(Path("env/apps/openedx/config", name) for name in ("lms.env.yml", "lms.env.json"))
_VERSION = Path("env/version")
_LOGS = Path("data/lms/logs")
_OVERRIDE = Path("env/local/docker-compose.override.yml")
_COMMANDS = Commands(
    shell="tutor local exec -T lms sh",
    mysql="tutor local exec -T mysql sh -c 'mysql -u root -p\"$MYSQL_ROOT_PASSWORD\" --force'",
)


def root_folder(given: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The root of a Tutor site: the one that is named, or that Tutor itself would take."""
    if given or (given := environment.get("TUTOR_ROOT", "")):
        return Path(given).expanduser().absolute()
    data = environment.get("XDG_DATA_HOME") or Path("~/.local/share").expanduser()
    return Path(data, "tutor")


def read(root: Path) -> LmsSite:
    """Read a Tutor site's configuration.

    Raises:
        OperatorError: the folder is no root of Tutor, or not one that can be read or understood.
    """
    config = _config(root)
    path, lms = _rendered(root)
    url = lms.get("LMS_ROOT_URL")
    if not isinstance(url, str) or not is_host(urlsplit(url).hostname or ""):
        raise OperatorError(
            f"{path}: LMS_ROOT_URL is {url!r}, no address: this is no configuration of Tutor's that"
            f" is known ({_version(root) or 'no version'}); use `inv connect.lms URL`"
        )
    host = config.get("LMS_HOST")
    if isinstance(host, str) and host != urlsplit(url).hostname and "{" not in host:
        raise OperatorError(
            f"{path} is of {urlsplit(url).hostname}, and {root / _CONFIG} of {host}: run"
            " `tutor config save`, which renders it anew"
        )
    database, notes = _database(root, config, lms, path)
    logs = root / _LOGS
    return LmsSite(
        url.rstrip("/"),
        _COMMANDS,
        database,
        _discovery(config, url),
        logs if logs.is_dir() else None,
        (*_about_version(root), *notes, *_about_logs(logs)),
    )


def _config(root: Path) -> Mapping[str, Any]:
    if not root.is_dir():
        raise OperatorError(
            f"{root} is no folder: name the root of the Tutor site with --root"
            " (`tutor config printroot` tells it)"
        )
    path = root / _CONFIG
    if not path.exists():
        raise OperatorError(
            f"{root} has no {_CONFIG}, and so is no root of Tutor: name the root with --root"
            " (`tutor config printroot` tells it)"
        )
    return _mapping(path)


def _rendered(root: Path) -> tuple[Path, Mapping[str, Any]]:
    for name in _RENDERED:
        if (root / name).exists():
            return root / name, _mapping(root / name)
    raise OperatorError(
        f"{root / _RENDERED[0]} is not there: run `tutor config save`, which renders it"
    )


def _mapping(path: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise OperatorError(
            f"{path} cannot be read ({error.strerror}): run this as a user who may read Tutor's"
            " configuration"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else f"{path}"
        raise OperatorError(f"{place} is no YAML: mend it, then `tutor config save`") from error
    if not isinstance(found, dict):
        raise OperatorError(f"{path} holds no settings: mend it, then `tutor config save`")
    return found


def _database(
    root: Path, config: Mapping[str, Any], lms: Mapping[str, Any], path: Path
) -> tuple[Database, list[str]]:
    try:
        found = lms["DATABASES"]["default"]
        host, port, name = str(found["HOST"]), int(found["PORT"]), str(found["NAME"])
    except (KeyError, TypeError, ValueError):
        raise OperatorError(
            f"{path}: DATABASES does not say where the LMS's database is: this is no configuration"
            " of Tutor's that is known; use `inv connect.lms URL`"
        ) from None
    if config.get("RUN_MYSQL", True) is False:
        return Database(host, port, name), []
    ports = f'services: {{mysql: {{ports: ["{GATEWAY}:{port}:{port}"]}}}}'
    note = (
        "Tutor's MySQL can be reached within Tutor's own network alone. Publish it to this machine,"
        f" where nobody else reaches it: put into {root / _OVERRIDE}\n  {ports}\n"
        "then\n  tutor local start -d mysql"
    )
    return Database(GATEWAY, port, name), [note]


def _discovery(config: Mapping[str, Any], url: str) -> str:
    plugins = config.get("PLUGINS")
    if not isinstance(plugins, list) or "discovery" not in plugins:
        return ""
    parts = urlsplit(url)
    host = config.get("DISCOVERY_HOST")
    if not isinstance(host, str) or not is_host(host):
        host = f"discovery.{parts.hostname}"
    return f"{parts.scheme}://{host}"


def _version(root: Path) -> str:
    try:
        return (root / _VERSION).read_text(errors="replace").strip()
    except OSError:
        return ""


def _about_version(root: Path) -> list[str]:
    version = _version(root)
    major = re.match(r"v?(\d+)\.", version)
    if major and int(major[1]) in KNOWN:
        return []
    return [
        f"This is Tutor {version or 'of an unknown version'}; known are {KNOWN[0]} to {KNOWN[-1]}:"
        " look at the values with care, and let `inv connect.check` try them."
    ]


def _about_logs(logs: Path) -> list[str]:
    if logs.is_dir():
        return []
    return [
        f"{logs} is not there: the LMS has not run yet, or runs elsewhere (Kubernetes). Bring its"
        " tracking.log to TRACKING_LOGS from where it is."
    ]
