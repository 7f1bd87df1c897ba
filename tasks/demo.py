"""A look at everything, on sample logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


@task(
    help={
        "no-serve": "end after the summary, without serving pages",
        "port": "where Insights listens on 127.0.0.1; the Data API takes the port after it",
    }
)
def demo(context: Context, no_serve: bool = False, port: int = 8110) -> None:
    """Make sample logs, run the pipeline on them and serve the numbers on localhost."""
    from tasks.lib.environment import ROOT, ensure

    ensure("local")
    from tasks.lib import console
    from tasks.lib.local import serve
    from tasks.lib.local.demo import login, prepare, show

    data = ROOT / "data" / "demo"
    if no_serve:
        show(prepare(data))
        return
    # A port that is taken shows now, not after the work.
    with serve.listen(port), serve.listen(port and port + 1):
        prepare(data)
    with serve.site(data, port) as served:
        user = login(served)
        print(
            f"Insights: {served.insights.address.url}/   sign in as {user.name}"
            f" with password {user.password}",
            flush=True,
        )
        console.say("Ctrl-C stops it; the next start makes a new password")
        serve.keep(served)
    console.say("stopped")
