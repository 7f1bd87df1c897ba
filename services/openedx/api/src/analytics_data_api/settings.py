"""Settings of the Data API; the environment overrides what a site may want to change.

ANALYTICS_DATA_API_REPORTS     SQLite file of the ``reports`` database
ANALYTICS_DATA_API_SECRET_KEY  Django's secret key; without it each process makes its own
"""

from __future__ import annotations

import os
import secrets

DEBUG = False
SECRET_KEY = os.environ.get("ANALYTICS_DATA_API_SECRET_KEY") or secrets.token_urlsafe(50)

INSTALLED_APPS = ["analytics_data_api.reports"]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("ANALYTICS_DATA_API_REPORTS", "reports.sqlite3"),
        "OPTIONS": {
            # Seconds to wait for another writer.
            "timeout": 10,
            # Wait when a transaction begins: a reader that turns writer later cannot wait.
            "transaction_mode": "IMMEDIATE",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The pipeline writes the tables without Django, and writes every time in UTC without an offset
# (`YYYY-MM-DD HH:MM:SS` in SQLite, DATETIME in MySQL). Naive datetimes pass through Django as
# they stand, so that what is stored, queried and served is one and the same.
USE_TZ = False
TIME_ZONE = "UTC"
USE_I18N = False

# SQLite keeps no column comments; they are for those who read the tables in MySQL.
SILENCED_SYSTEM_CHECKS = ["fields.W163"]
