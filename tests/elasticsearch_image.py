"""The Elasticsearch image of docker-compose.yml, for machines that cannot pull it.

Elastic publishes the same version to Maven Central, for integration tests: the server, but without
most of its modules. It is put where the official image has it, and started in the same way, so that
the stack's settings, volumes and health check are tested as they are.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from tasks.lib.engine import Engine, EngineError
from tasks.lib.environment import ROOT
from tasks.lib.images.base_image import ensure_base_image

_ARTIFACT = "org.elasticsearch.distribution.integ-test-zip:elasticsearch:{version}:zip"

_DOCKERFILE = """\
FROM debian:bookworm-slim AS unpacked
RUN apt-get update && apt-get install --yes --no-install-recommends unzip
RUN --mount=type=bind,source=elasticsearch.zip,target=/tmp/elasticsearch.zip \\
    unzip -q /tmp/elasticsearch.zip -d /tmp && mv /tmp/elasticsearch-* /usr/share/elasticsearch

FROM debian:bookworm-slim
# Java's package puts links to manual pages into a folder that the base has not.
RUN mkdir --parents /usr/share/man/man1 \\
    && apt-get update \\
    && apt-get install --yes --no-install-recommends curl openjdk-17-jre-headless \\
    && rm --recursive --force /var/lib/apt/lists/*
RUN useradd --uid 1000 --gid 0 --no-create-home --home-dir /usr/share/elasticsearch elasticsearch
COPY --from=unpacked /usr/share/elasticsearch /usr/share/elasticsearch
COPY elasticsearch.yml /usr/share/elasticsearch/config/
COPY --chmod=755 docker-entrypoint.sh /usr/local/bin/
WORKDIR /usr/share/elasticsearch
RUN mkdir data && chown 1000 config data logs && chmod 775 config data logs
USER 1000:0
EXPOSE 9200 9300
ENTRYPOINT ["/usr/local/bin/docker-entrypoint.sh"]
CMD ["eswrapper"]
"""

_SETTINGS = """\
cluster.name: docker-cluster
network.host: 0.0.0.0
"""

# The official image's, too, takes each variable with a name like a setting's as that setting.
_ENTRYPOINT = """\
#!/bin/bash
set -euo pipefail
java=$(readlink --canonicalize /usr/bin/java)
export ES_JAVA_HOME=${java%/bin/java}
settings=()
while IFS='=' read -r -d '' name value; do
    [[ $name =~ ^[a-z0-9_]+\\.[a-z0-9_.]+$ ]] || continue
    case $name in
        # Of modules that are not here: unknown settings would keep it from starting.
        ingest.*) echo "no module for $name here: left out" >&2 ;;
        xpack.security.*) settings+=("-E$name=$value") ;;
        xpack.*) echo "no module for $name here: left out" >&2 ;;
        *) settings+=("-E$name=$value") ;;
    esac
done < <(env --null)
[[ $1 == eswrapper ]] || exec "$@"
exec bin/elasticsearch "${settings[@]}"
"""


def ensure_elasticsearch_image() -> str:
    """The name of the image, which is there afterwards: as it was, else pulled, else put together.

    Raises:
        EngineError, BaseImageError: no engine, or no base image.
        subprocess.CalledProcessError: Maven or the build failed.
    """
    engine = Engine.connect()
    name = image_name()
    if engine.find(name):
        return name
    try:
        for _ in engine.pull(name):
            pass
    except EngineError:
        ensure_base_image(engine)
        build(name)
    return name


def image_name() -> str:
    """As docker-compose.yml gives it."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return str(compose["services"]["elasticsearch"]["image"])


def build(name: str) -> None:
    """Put the image together from packages; its tag is Elasticsearch's version."""
    with TemporaryDirectory() as folder:
        context = Path(folder)
        fetch_server(context, name).rename(context / "elasticsearch.zip")
        (context / "Dockerfile").write_text(_DOCKERFILE)
        (context / "elasticsearch.yml").write_text(_SETTINGS)
        (context / "docker-entrypoint.sh").write_text(_ENTRYPOINT)
        _run("docker", "build", "--quiet", "--tag", name, folder)


def fetch_server(folder: Path, name: str | None = None) -> Path:
    """Fetch the server that belongs to an image, by default the stack's; returns the archive."""
    _, _, version = (name or image_name()).rpartition(":")
    _fetch(_ARTIFACT.format(version=version), folder)
    return folder / f"elasticsearch-{version}.zip"


def _fetch(artifact: str, folder: Path) -> None:
    if not shutil.which("mvn"):
        if os.environ.get("CI") != "true":
            raise RuntimeError(f"install Maven to put {artifact} into an image, or pull the image")
        _run("apt-get", "install", "-qq", "--yes", "--no-install-recommends", "maven")
    _run(
        *("mvn", "--quiet", "--batch-mode", "dependency:copy"),
        *(f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"),
    )


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
