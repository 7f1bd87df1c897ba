"""Ending mails."""

from __future__ import annotations

from django.urls import path

from insights.mail.views import stop

urlpatterns = [
    path("stop/<slug:token>/", stop, name="mail-stop"),
]
