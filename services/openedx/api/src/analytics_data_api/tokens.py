"""The tokens with which clients identify themselves."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from rest_framework.authtoken.models import Token

INSIGHTS = "insights"
"""The user of Insights."""

_SHORTEST = 20  # characters; 80 bits in hexadecimal digits
_LONGEST = 40  # characters


class BadToken(ValueError):
    """A token that nobody should use; the message says why, in one line, without the token."""


def generate_token() -> str:
    """A new random token."""
    token: str = Token.generate_key()
    return token


def set_token(username: str, token: str) -> bool:
    """Let a user identify itself by `token` and by no other; the user is made if it is new.

    Returns whether anything changed.

    Raises:
        BadToken: it is too short or too long, or has characters that a header does not take, or
            is another user's.
    """
    if not _SHORTEST <= len(token) <= _LONGEST:
        raise BadToken(f"a token has {_SHORTEST} to {_LONGEST} characters, this one {len(token)}")
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise BadToken("a token consists of ASCII letters, digits and punctuation")
    with transaction.atomic():
        # Two at once take turns, where the database does not see to that by itself.
        user, is_new = User.objects.select_for_update().get_or_create(username=username)
        if is_new:
            user.set_unusable_password()
            user.save()
        if Token.objects.filter(user=user, key=token).exists():
            return False
        if Token.objects.filter(key=token).exists():
            raise BadToken("another user has this token")
        Token.objects.filter(user=user).delete()
        Token.objects.create(user=user, key=token)
    return True
