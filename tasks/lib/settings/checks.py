"""What would keep the stack from starting, or make it unsafe: each finding with what to do."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.lib import settings
from tasks.lib.errors import OperatorError
from tasks.lib.settings import SettingsError, Source, certificate, compose_env, tls
from tasks.lib.settings.certificate import CertificateError
from tasks.lib.settings.effective import PROJECT
from tasks.lib.settings.setting_types import size_in_bytes, weakness
from tasks.lib.settings.templates import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tasks.lib.engine import Container, Machine
    from tasks.lib.settings import FileProblem, Settings

RENEW_BEFORE = timedelta(days=21)

_PORTS = ("HTTPS_PORT", "HTTP_PORT")
_FILES = (
    *("BUILD_CA", "BUILD_PIP_CONF", "BUILD_APT_SOURCES", "BUILD_MAVEN_SETTINGS", "BUILD_NPM_CONF"),
    "GEOIP_DATABASE",
)
"""Settings that name a file of the site's, or are empty."""
_GIBIBYTE = 2**30
# Images, their build cache and databases of a small site; below the lower one a build fails.
_DISK_NEEDED = 3 * _GIBIBYTE
_DISK_ADVISED = 10 * _GIBIBYTE
# What is not started where the pipeline runs on DuckDB.
_MEMORY_OF_SPARK = {
    *("NAMENODE_MEMORY", "DATANODE_MEMORY", "HIVE_METASTORE_MEMORY", "HIVE_SERVER_MEMORY"),
    *("SPARK_MEMORY", "SPARK_WORKER_MEMORY"),
}
# What a setting's program takes inside a container, and at most which share of the other.
_SHARES = (
    ("ELASTICSEARCH_HEAP", "ELASTICSEARCH_MEMORY", 0.5),
    ("MYSQL_BUFFER_POOL", "MYSQL_MEMORY", 0.6),
)


class Severity(StrEnum):
    """Whether the stack can be started all the same."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """Something that is to be mended. Holds no secret."""

    severity: Severity
    message: str
    remedy: str = ""
    """Empty where the message says it."""
    setting: str | None = None
    file: Path | None = None
    """Relative to the checkout where it lies in it."""
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file or "")
        return ": ".join(filter(None, (self.severity, place, self.message, self.remedy)))


def check(root: Path) -> list[Finding]:
    """All findings about a checkout and this machine; errors first.

    Raises:
        TemplateError: a template is broken.
    """
    try:
        loaded = settings.read(root)
    except SettingsError as error:
        return [Finding(Severity.ERROR, str(error)), *_command_versions()]
    containers, machine, refusals = _ask_engine(loaded)
    findings = [
        *before_start(loaded, containers),
        *_modes(loaded),
        *_lines(loaded.without_effect, Severity.WARNING),
        *_files(loaded),
        *refusals,
        *_command_versions(),
        *(_memory(loaded, machine) if machine else ()),
        *(_disk(machine) if machine else ()),
    ]
    return sorted(findings, key=lambda finding: finding.severity)


def before_start(loaded: Settings, containers: Sequence[Container] = ()) -> list[Finding]:
    """The findings about settings, certificate and ports, in a fraction of a second.

    Args:
        loaded: settings as `load` or `read` give them.
        containers: those of this checkout's project; ports that they have are no finding.
    """
    return [
        *_lines(loaded.problems, Severity.ERROR),
        *_values(loaded),
        *_secrets(loaded),
        *_shares(loaded),
        *mail(loaded),
        *_certificate(loaded),
        *_other_checkout(loaded, containers),
        *_ports(loaded, containers),
    ]


def errors(findings: Sequence[Finding]) -> list[Finding]:
    """Those with which the stack is not to be started."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def refuse(findings: Sequence[Finding]) -> None:
    """Raise OperatorError with the first error, if there is one, and the number of the others."""
    found = errors(findings)
    if not found:
        return
    more = f" (and {len(found) - 1} more: `inv config.check`)" if found[1:] else ""
    raise OperatorError(str(found[0]).removeprefix(f"{Severity.ERROR}: ") + more)


def summary(findings: Sequence[Finding]) -> str:
    """How many there are, in one line."""
    wrong = len(errors(findings))
    warnings = len(findings) - wrong
    if not findings:
        return "all is well"
    return f"{_counted(wrong, 'error')}, {_counted(warnings, 'warning')}"


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}" + ("" if number == 1 else "s")


def _about(loaded: Settings, name: str, severity: Severity, message: str, remedy: str) -> Finding:
    """A finding about a setting, at the place that its value comes from."""
    if loaded.source(name) is Source.ENVIRONMENT:
        return Finding(severity, f"{name} {message}", f"{remedy} in the process environment", name)
    file = loaded.declarations[name].file.relative_to(loaded.root)
    return Finding(severity, f"{name} {message}", remedy, name, file, loaded.line(name))


# --- Settings ---


def _lines(problems: Iterable[FileProblem], severity: Severity) -> Iterator[Finding]:
    for each in problems:
        yield Finding(severity, each.message, each.remedy, each.setting, each.file, each.line)


def _values(loaded: Settings) -> Iterator[Finding]:
    if not loaded.files:
        yield Finding(
            Severity.ERROR, "there are no settings yet", "run `inv init`", file=Path(FOLDER)
        )
    unread = {problem.setting for problem in loaded.problems}
    for name, declaration in loaded.declarations.items():
        file = loaded.files.get(declaration.file)
        if name in unread or (file and not file.is_text):
            continue  # what is wrong is a finding of its own
        if loaded.source(name) is not Source.MISSING:
            if fault := loaded.fault(name):
                yield _about(loaded, name, Severity.ERROR, fault, "correct it")
        elif loaded.files:
            yield _about(loaded, name, Severity.ERROR, "is missing", "run `inv init`")
    https, http = (loaded.get(name) for name in _PORTS)
    if https == http:
        yield _about(loaded, "HTTP_PORT", Severity.ERROR, f"is {http}, as HTTPS_PORT", "change one")


def _secrets(loaded: Settings) -> Iterator[Finding]:
    values = {
        name: loaded[name]
        for name, declaration in loaded.declarations.items()
        # Not those that another program gave: they are as they are.
        if declaration.type.secret and declaration.type.make and loaded.get(name)
    }
    for name, value in values.items():
        if reason := weakness(value):
            remedy = "choose another, or remove the line and run `inv init`"
            yield _about(loaded, name, Severity.ERROR, reason, remedy)
    for one, other in combinations(values, 2):
        if values[one] == values[other]:
            message = f"is the same as {one}"
            yield _about(loaded, other, Severity.WARNING, message, "give each its own")


def _shares(loaded: Settings) -> Iterator[Finding]:
    for inner, outer, share in _SHARES:
        taken, given = (size_in_bytes(loaded.get(name, "")) for name in (inner, outer))
        if taken and given and taken > given * share:
            yield _about(
                loaded,
                inner,
                Severity.WARNING,
                f"is {loaded[inner]}, more than {share:.0%} of {outer} ({loaded[outer]})",
                "the container may run out of memory: lower the one or raise the other",
            )


def mail(loaded: Settings) -> Iterator[Finding]:
    """The findings about the mail server's settings."""
    if not loaded.get("SMTP_HOST"):
        return
    wanted = {"MAIL_FROM": "SMTP_HOST", "SMTP_PASSWORD": "SMTP_USER", "SMTP_USER": "SMTP_PASSWORD"}
    for name, other in wanted.items():
        if loaded.get(other) and not loaded.get(name):
            message = f"is empty, and {other} is not"
            yield _about(loaded, name, Severity.ERROR, message, f"set it, or leave {other} empty")
    security, port = loaded.get("SMTP_SECURITY"), loaded.get("SMTP_PORT")
    if security == "none" and loaded.get("SMTP_USER"):
        message = "is none, so that SMTP_PASSWORD is sent in clear"
        yield _about(loaded, "SMTP_SECURITY", Severity.WARNING, message, "choose starttls or tls")
    if (security, port) in (("starttls", "465"), ("tls", "587")):
        message = f"is {port}, where servers speak no {security} as a rule"
        yield _about(loaded, "SMTP_PORT", Severity.WARNING, message, "see `inv connect.check`")


def _modes(loaded: Settings) -> Iterator[Finding]:
    for file in (*loaded.files, loaded.root / compose_env.FILE):
        if file.exists() and (mode := file.stat().st_mode & 0o777) & 0o007:
            shown = file.relative_to(loaded.root)
            message = f"holds secrets and is open to every user of this machine (mode {mode:o})"
            yield Finding(Severity.ERROR, message, f"chmod 600 {shown}", file=shown)


def _files(loaded: Settings) -> Iterator[Finding]:
    for name in _FILES:
        if loaded.get(name) and not loaded.fault(name):
            path = loaded.path(name)
            if path and not (path.is_file() and os.access(path, os.R_OK)):
                message = f"is {path}, which is no readable file"
                yield _about(loaded, name, Severity.ERROR, message, "correct it, or leave it empty")


# --- Certificate ---


def _certificate(loaded: Settings) -> Iterator[Finding]:
    try:
        pair = tls.named(loaded, "TLS_CERTIFICATE"), tls.named(loaded, "TLS_KEY")
        read = certificate.load(*pair)
    except SettingsError:
        return  # what is wrong is a finding of its own
    except CertificateError as error:
        yield Finding(
            Severity.ERROR,
            str(error),
            "correct TLS_CERTIFICATE and TLS_KEY, or run `inv init` where the site has none",
            "TLS_CERTIFICATE",
        )
        return
    file, key = (_shown(loaded, path) for path in pair)
    now = datetime.now(UTC)
    renew = "bring another, then `inv tls.reload` (docs/certificates.md)"
    if read.self_signed:
        renew += f"; or remove {file} and run `inv init` for a new self-signed one"
    if fault := read.fault_at(now):
        yield Finding(Severity.ERROR, fault, renew, "TLS_CERTIFICATE", file)
    elif read.fault_at(now + RENEW_BEFORE):
        message = f"expires on {read.valid_until:%Y-%m-%d}"
        yield Finding(Severity.WARNING, message, renew, "TLS_CERTIFICATE", file)
    host = loaded.get("SITE_HOST", "")
    if not read.covers(host):
        yield Finding(
            Severity.WARNING,
            f"is for {', '.join(read.names) or 'no host'}, and SITE_HOST is {host}",
            f"browsers refuse it: correct SITE_HOST, or {renew}",
            "SITE_HOST",
            file,
        )
    if (mode := pair[1].stat().st_mode & 0o777) & 0o007:
        message = f"is open to every user of this machine (mode {mode:o})"
        yield Finding(Severity.WARNING, message, f"chmod 600 {key}", "TLS_KEY", key)


def _shown(loaded: Settings, path: Path) -> Path:
    """Relative to the checkout where it lies in it."""
    return path.relative_to(loaded.root) if path.is_relative_to(loaded.root) else path


# --- Ports and other checkouts ---


def _other_checkout(loaded: Settings, containers: Sequence[Container]) -> Iterator[Finding]:
    folders = {Path(container.working_dir) for container in containers if container.working_dir}
    for folder in folders:
        if folder.resolve() != loaded.root.resolve() and (folder / "docker-compose.yml").exists():
            message = f"is {loaded[PROJECT]}, as in {folder}, whose containers have that name"
            yield _about(loaded, PROJECT, Severity.ERROR, message, "change it in one of the two")
            return


def _ports(loaded: Settings, containers: Sequence[Container]) -> Iterator[Finding]:
    ours = {
        address.rpartition(":")[2]
        for container in containers
        for addresses in container.ports.values()
        for address in addresses
    }
    if loaded.problems or any(loaded.fault(name) for name in ("BIND_ADDRESS", *_PORTS)):
        return  # which ones are meant is not known yet
    for name in _PORTS:
        port = loaded[name]
        if port in ours:
            continue
        match _refusal(loaded["BIND_ADDRESS"], int(port)):
            case None:
                pass
            case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
                message = f"is {loaded['BIND_ADDRESS']}, which is no address of this machine"
                yield _about(loaded, "BIND_ADDRESS", Severity.ERROR, message, "correct it")
                return
            case _:
                yield _about(
                    loaded,
                    name,
                    Severity.ERROR,
                    f"is {port}, which another program of this machine uses",
                    f"end that (`sudo ss -ltnp 'sport = :{port}'` names it), or choose another",
                )


def _refusal(address: str, port: int) -> int | None:
    """The errno with which the system refuses to listen on a port; None: it does not."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
            listener.listen()
        except PermissionError:
            return _answers(family, address, port)
        except OSError as error:
            return error.errno
    return None


def _answers(family: socket.AddressFamily, address: str, port: int) -> int | None:
    """For a port that only root may listen on, as the engine is: whether somebody does."""
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    with socket.socket(family) as client:
        client.settimeout(0.05)
        return None if client.connect_ex((loopback, port)) else errno.EADDRINUSE


# --- Engine and machine ---


def _ask_engine(loaded: Settings) -> tuple[list[Container], Machine | None, list[Finding]]:
    """This checkout's containers and the engine's machine; or why it does not tell."""
    from tasks.lib.engine import Engine, EngineError

    try:
        engine = Engine.connect()
        containers = engine.containers(loaded[PROJECT]) if PROJECT in loaded else []
        return containers, engine.machine(), []
    except EngineError as error:
        return [], None, [Finding(Severity.ERROR, str(error))]


def _command_versions() -> Iterator[Finding]:
    from tasks.lib.engine import EngineError, buildx_version, compose_version

    for version in (compose_version, buildx_version):
        try:
            version()
        except EngineError as error:
            yield Finding(Severity.ERROR, str(error))


def _memory(loaded: Settings, machine: Machine) -> Iterator[Finding]:
    names = {name for name in loaded.declarations if name.endswith("_MEMORY")}
    if loaded.get("ENGINE") == "duckdb":
        names -= _MEMORY_OF_SPARK
    limits = [size_in_bytes(loaded[name]) or 0 for name in names]
    if sum(limits) > machine.memory:
        yield Finding(
            Severity.WARNING,
            f"the containers may take {_gibibytes(sum(limits))} together, and the machine has"
            f" {_gibibytes(machine.memory)}",
            "lower some …_MEMORY in conf/, or give it more",
        )


def _disk(machine: Machine) -> Iterator[Finding]:
    folder = Path(machine.data_folder)
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return  # not for us to see, or the engine is on another machine
    if free < _DISK_ADVISED:
        yield Finding(
            Severity.ERROR if free < _DISK_NEEDED else Severity.WARNING,
            f"{folder} has {_gibibytes(free)} free: images, builds and databases need"
            f" {_gibibytes(_DISK_NEEDED)} at least, and {_gibibytes(_DISK_ADVISED)} to live well",
            "make room; `inv prune` shows what old builds left",
        )


def _gibibytes(number: int) -> str:
    return f"{number / _GIBIBYTE:.1f} GiB"
