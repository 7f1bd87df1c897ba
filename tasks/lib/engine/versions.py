"""The versions of engine, Compose and buildx that are installed, and those that are needed."""

from __future__ import annotations

import re

from tasks.lib.engine.errors import EngineError

# What Docker released together in January 2024. The stack's health checks need `start_interval`
# (engine 25, Compose 2.21), and this API is spoken by each engine since then and is the oldest that
# engine 29 still speaks: there is nothing to negotiate.
MINIMUM_ENGINE = "25.0"
MINIMUM_COMPOSE = "2.24"
MINIMUM_BUILDX = "0.12"
API = "1.44"


def compose_version() -> str:
    """The version of Docker Compose.

    Raises:
        EngineError: it is missing or too old.
    """
    printed = _docker("Compose", "docker-compose-plugin", "compose", "version", "--short")
    return _new_enough("Docker Compose", printed, MINIMUM_COMPOSE)


def buildx_version() -> str:
    """The version of Docker buildx.

    Raises:
        EngineError: it is missing or too old.
    """
    printed = _docker("buildx", "docker-buildx-plugin", "buildx", "version")
    return _new_enough("Docker buildx", printed.split()[1].removeprefix("v"), MINIMUM_BUILDX)


def _docker(part: str, package: str, *arguments: str) -> str:
    import subprocess

    try:
        ran = subprocess.run(
            ["docker", *arguments], capture_output=True, text=True, check=False, timeout=30
        )
    except FileNotFoundError:
        raise EngineError(
            "the docker command is not installed: install docker-ce-cli, or docker-cli on Debian"
        ) from None
    if ran.returncode:
        raise EngineError(
            f"Docker {part} is not installed: install {package}, or"
            f" {package.removesuffix('-plugin')} on Debian"
        )
    return ran.stdout.strip()


def _new_enough(part: str, version: str, minimum: str) -> str:
    if numbers(version) < numbers(minimum):
        raise EngineError(f"{part} is {version}, and {minimum} or newer is needed: upgrade it")
    return version


def numbers(version: str) -> tuple[int, ...]:
    """2.26.1-4 → (2, 26): what decides."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
