"""Signing in and out."""

from __future__ import annotations

from django.urls import path

from insights.accounts.lms_views import begin, complete
from insights.accounts.views import PasswordView, SignInView, SignOutView

urlpatterns = [
    path("sign-in/", SignInView.as_view(), name="sign-in"),
    path("sign-in/lms/", begin, name="lms-sign-in"),
    # As upstream's: an LMS that knows Insights needs no change.
    path("complete/edx-oauth2/", complete, name="lms-complete"),
    path("sign-out/", SignOutView.as_view(), name="sign-out"),
    path("password/", PasswordView.as_view(), name="password"),
]
