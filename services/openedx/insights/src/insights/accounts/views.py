"""Signing in with an account of Insights, signing out, and changing one's password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import Http404
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _

from insights.accounts import lms
from insights.accounts.middleware import ENDED
from insights.accounts.throttle import SignInThrottle

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpRequest, HttpResponse, HttpResponseBase


class SignInView(LoginView):
    """The sign-in page; leads back to where the reader came from, within this site."""

    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Sign in, unless there were too many failures of this name from this address."""
        self.throttle = SignInThrottle(request, request.POST.get("username", ""))
        if self.throttle.is_closed():
            return self.render_to_response({"too_many": True}, status=429)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: Form) -> HttpResponse:
        """Begin a session."""
        self.throttle.forget()
        return super().form_valid(form)

    def form_invalid(self, form: Form) -> HttpResponse:
        """Say that name or password is wrong, and not which."""
        self.throttle.note_failure()
        return super().form_invalid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whether a session ended, and which LMS there is, beside the form."""
        return super().get_context_data(
            ended=ENDED in self.request.GET, lms=settings.LMS_HOST, **kwargs
        )


class SignOutView(LogoutView):
    """Ends the session; who came through the LMS is signed out there too."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Sign out, and lead to where one signs in."""
        self.of_lms = request.user.is_authenticated and lms.forget_tokens(request.user)
        return super().post(request, *args, **kwargs)

    def get_success_url(self) -> str:
        """The LMS's sign-out, or our own sign-in."""
        if self.of_lms and settings.LMS_URL:
            return lms.sign_out_url(self.request.build_absolute_uri(reverse("sign-in")))
        return super().get_success_url()


class PasswordView(PasswordChangeView):
    """Changes the reader's password."""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("courses")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page, for those who have a password here.

        Raises Http404 for others.
        """
        if not request.user.has_usable_password():
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: Form) -> HttpResponse:
        """Save it; other sessions of the user end."""
        messages.success(self.request, _("Your password has been changed."))
        return super().form_valid(form)
