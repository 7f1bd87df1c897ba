"""The Spark engine: the same metrics and ledger on a cluster, its store and its metastore."""
