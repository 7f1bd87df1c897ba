"""gunicorn in a container of its own, behind nginx; the same for both applications."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from gunicorn.glogging import Logger

from openedx_base.logs import logging_for


class RequestLogger(Logger):  # type: ignore[misc]
    """Logs each request with its reader's address, but for health checks that went well."""

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:  # noqa: ARG002
        """Log one request; as JSON, its parts are members of their own."""
        status = int(str(resp.status).split()[0])
        agent = environ.get("HTTP_USER_AGENT", "-")
        if agent == "healthcheck" and status == 200:
            return
        request = {
            # Only nginx and Insights reach us, and nginx hands on no address that a reader made up.
            "address": environ.get("HTTP_X_FORWARDED_FOR") or environ.get("REMOTE_ADDR") or "-",
            "method": environ["REQUEST_METHOD"],
            "path": environ["RAW_URI"],
            "status": status,
            "bytes": getattr(resp, "sent", None) or 0,
            "seconds": round(request_time.total_seconds(), 3),
            "agent": agent,
        }
        line = '%(address)s "%(method)s %(path)s" %(status)s %(bytes)s %(seconds)ss "%(agent)s"'
        self.access_log.info(line, request, extra=request)


settings = yaml.safe_load(Path("/run/analytics/gunicorn.yml").read_text())

bind = "0.0.0.0:8000"
workers = settings["workers"]
threads = settings["threads"]  # so many requests a worker answers at once
worker_class = "gthread"
preload_app = True  # workers share its memory, and a defect ends the container at once
worker_tmp_dir = "/dev/shm"  # a heartbeat must not wait for a disk
control_socket_disable = True

timeout = 60
graceful_timeout = 30
keepalive = 5
max_requests = 5000  # what leaks cannot grow for ever
max_requests_jitter = 500
limit_request_line = 8190  # course lists in a query are long: gunicorn's own maximum

forwarded_allow_ips = "*"  # who else is in the network is ours
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}

accesslog = "-"
logger_class = RequestLogger
logconfig_dict = logging_for(
    settings["log_format"],
    {
        "gunicorn.access": {"handlers": ["stdout"], "propagate": False},
        "gunicorn.error": {"handlers": [], "propagate": True},
    },
)
logconfig_dict["handlers"]["stdout"] = {
    **logconfig_dict["handlers"]["stderr"],
    "stream": "ext://sys.stdout",
}
