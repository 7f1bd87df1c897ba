"""CIS Docker Benchmark, section 5: how containers run, as the compose files say."""

from __future__ import annotations

from typing import Any

import pytest

from images.engine import HADOOP_SERVICES, compose

EXCEPTIONS = {
    ("elasticsearch", "5.12 read-only root"): "its start script writes a keystore beside settings",
    ("elasticsearch", "4.1 user"): "the official image's own, uid 1000",
    **{
        (name, "5.5 folders"): "the tracking logs lie where the site's setting says; read-only"
        for name in ("pipeline", "follow")
    },
    ("pipeline", "5.14 restart"): "it ends with its run",
}
"""What a service does not hold to, and why. None of our own images is among them."""

SERVICES = sorted(compose()["services"])


def holds(service: str, rule: str, condition: bool) -> None:
    """A rule holds, or is excepted; an exception that is not needed any more is an error too."""
    assert condition != ((service, rule) in EXCEPTIONS), f"{service}: {rule}"


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    name: str = request.param
    return name, compose()["services"][name]


def test_no_rights_beyond_those_of_its_user(service: tuple[str, dict[str, Any]]) -> None:
    name, declared = service
    holds(name, "5.3 capabilities", declared["cap_drop"] == ["ALL"])
    holds(name, "5.3 none added", "cap_add" not in declared)
    holds(name, "5.4 privileged", not declared.get("privileged"))
    holds(name, "5.25 new privileges", "no-new-privileges:true" in declared["security_opt"])
    unconfined = [option for option in declared["security_opt"] if "unconfined" in option]
    holds(name, "5.1 and 5.21 confinement", not unconfined)
    holds(name, "5.17 devices", "devices" not in declared)


def test_nothing_of_the_host_is_shared(service: tuple[str, dict[str, Any]]) -> None:
    name, declared = service
    for rule, key in {
        "5.9 network": "network_mode",
        "5.15 processes": "pid",
        "5.16 memory": "ipc",
        "5.20 name": "uts",
        "5.30 users": "userns_mode",
    }.items():
        holds(name, rule, key not in declared)
    for volume in declared.get("volumes", []):
        if isinstance(volume, dict):
            holds(name, "5.5 folders", volume["source"].startswith("./data/"))
            holds(name, "5.5 read-only", volume["read_only"])
        else:
            source = volume.partition(":")[0]
            holds(name, "5.5 and 5.31 folders, the engine's socket", source in compose()["volumes"])


def test_it_cannot_take_all_of_the_machine(service: tuple[str, dict[str, Any]]) -> None:
    name, declared = service
    holds(name, "5.10 memory", "mem_limit" in declared)
    holds(name, "5.28 processes", 0 < declared["pids_limit"] <= 1024)
    options = declared["logging"]["options"]
    holds(name, "2.12 log", {"max-size", "max-file"} <= options.keys())
    # What a run of the hadoop stack left behind must not come back without the run.
    policy = "on-failure" if name in HADOOP_SERVICES else "unless-stopped"
    holds(name, "5.14 restart", declared["restart"] == policy)


def test_its_files_are_read_only(service: tuple[str, dict[str, Any]]) -> None:
    name, declared = service
    holds(name, "5.12 read-only root", declared.get("read_only") is True)


def test_nginx_alone_is_published_at_ports_that_are_settings(
    service: tuple[str, dict[str, Any]],
) -> None:
    name, declared = service
    ports = declared.get("ports", [])
    holds(name, "5.8 published ports", bool(ports) == (name == "nginx"))
    for port in ports:
        holds(name, "5.7 privileged ports", port["target"] > 1024)
        holds(name, "5.13 address", port["host_ip"] == "${BIND_ADDRESS}")


def test_networks_of_data_lead_nowhere_else() -> None:
    networks = compose()["networks"]
    internal = {name for name, network in networks.items() if network == {"internal": True}}
    assert internal == {"database", "search", "hadoop"}
    assert networks.keys() - internal == {"front", "hadoop-ui", "outside"}
    assert compose()["services"]["mysql"]["networks"] == ["database"]
    # For a cluster that a site has elsewhere; nothing but the pipeline reaches so far.
    outside = [
        name for name, each in compose()["services"].items() if "outside" in each["networks"]
    ]
    assert outside == ["pipeline", "follow"]
