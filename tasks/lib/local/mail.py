"""Weekly reports by mail: from a running stack, or from a data folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.lib.errors import OperatorError
from tasks.lib.local import applications
from tasks.lib.local.runs import REPORTS_FILE
from tasks.lib.local.secrets import Secrets
from tasks.lib.settings import SettingsError, checks, setting_types

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tasks.lib.settings import Settings

_COMMAND = "send_reports"
_SETTINGS = ("SMTP_HOST", "SMTP_PORT", "SMTP_SECURITY", "SMTP_USER", "SMTP_PASSWORD", "MAIL_FROM")


def environment(loaded: Settings, url: str) -> dict[str, str]:
    """The mail server that conf/ names, as Insights of a data folder knows it.

    Args:
        loaded: the settings.
        url: where readers find Insights.

    Raises:
        SettingsError: one of them is not what it should be.
        OperatorError: `url` is none.
    """
    if not (url and setting_types.url().is_valid(url)):
        raise OperatorError(
            f"--url {url} is no URL: give one such as https://insights.example.org", 2
        )
    for finding in checks.mail(loaded):
        if finding.severity is checks.Severity.ERROR:
            raise SettingsError(str(finding).removeprefix(f"{finding.severity}: "))
    names = {f"INSIGHTS_{name}": loaded.require(name) for name in _SETTINGS}
    return {**names, "INSIGHTS_SITE_URL": url.rstrip("/")}


def send_from_stack(root: Path) -> None:
    """Have the running Insights of a checkout send what is due; what it says is seen.

    Raises:
        OperatorError: Insights is not running there, or something is left for the next run.
    """
    from tasks.lib.containers.stack import Stack

    container = Stack.of(root).running("insights")
    applications.follow(["docker", "exec", container.id, "python", "-m", "insights", _COMMAND])


def send_from(data: Path, mail: Mapping[str, str]) -> None:
    """The same from a data folder, for whose numbers a Data API runs meanwhile.

    Args:
        data: the folder.
        mail: as `environment` gives it.

    Raises:
        OperatorError: there are no reports, a server does not start, or something is left.
    """
    from tasks.lib.local import serve

    if not (data / REPORTS_FILE).is_file():
        raise OperatorError(
            f"no {REPORTS_FILE} in {data}: run `inv local.update`, or name another with --data"
        )
    secrets = Secrets.of(data)
    data_api = applications.data_api(data, secrets)
    with serve.listen(0) as address:
        insights = applications.insights(data, secrets, f"{address.url}/api/v0", mail)
        serve.prepare(data_api, insights)
        with serve.serving(data_api, address) as server:
            serve.wait_for(server)
            applications.follow(insights.command(_COMMAND), insights.process_environment)
