"""The Data API: serves the tables of the ``reports`` database, whose schema it owns."""
