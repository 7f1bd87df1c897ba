"""Who asks."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import connection
from rest_framework import authentication
from rest_framework.authtoken.models import Token

# Written once: to have Django write it for each request takes ten times as long as to ask it.
_COLUMNS = ("id", "username", "is_active")
_users, _tokens = User._meta.db_table, Token._meta.db_table
_BY_TOKEN = (
    f"SELECT {', '.join(f'{_users}.{column}' for column in _COLUMNS)} FROM {_tokens}"
    f" JOIN {_users} ON {_users}.id = {_tokens}.user_id WHERE {_tokens}.key = %s"
)


class TokenAuthentication(authentication.TokenAuthentication):
    """DRF's own. A token is looked up for each request: a revoked one is of no use at once."""

    def authenticate_credentials(self, key: str) -> tuple[User, object]:
        """The user whom a token stands for, with its name alone, and the token.

        Raises AuthenticationFailed if it is not valid.
        """
        with connection.cursor() as cursor:
            cursor.execute(_BY_TOKEN, [key])
            row = cursor.fetchone()
        user = row and User.from_db(connection.alias, _COLUMNS, row)
        if user and user.is_active:
            return user, key
        found: tuple[User, object] = super().authenticate_credentials(key)  # which says why not
        return found
