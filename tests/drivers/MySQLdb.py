"""MySQLdb, played by PyMySQL, which needs no compiler: see tests/mariadb_server.py."""

import pymysql

pymysql.install_as_MySQLdb()
