"""Brings a reports database, SQLite or MariaDB, to the warehouse's state in one transaction."""
