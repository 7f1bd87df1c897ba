"""The addresses of all pages."""

from __future__ import annotations

from django.urls import include, path
from django.views.generic import RedirectView

from insights.health import health, status

handler400 = "insights.error_pages.bad_request"
handler403 = "insights.error_pages.permission_denied"
handler404 = "insights.error_pages.not_found"
handler500 = "insights.error_pages.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="courses"), name="home"),
    path("status/", status, name="status"),
    path("health/", health, name="health"),
    path("", include("insights.accounts.urls")),
    path("courses/", include("insights.courses.urls")),
    path("mail/", include("insights.mail.urls")),
]
