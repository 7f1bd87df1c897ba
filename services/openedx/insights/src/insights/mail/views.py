"""The link at the end of each mail, by which it is the last one (RFC 8058)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from insights.mail import subscriptions

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


# Mail programs send the POST themselves, without a cookie: the token alone says that they may.
@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether to stop, as what follows links changes nothing; or, by a POST, stop."""
    if request.method == "POST":
        subscriptions.stop_by_token(token)
    found = subscriptions.of_token(token)
    status = HTTPStatus.OK if found else HTTPStatus.NOT_FOUND
    return render(request, "mail/stop.html", {"subscription": found}, status=status)
