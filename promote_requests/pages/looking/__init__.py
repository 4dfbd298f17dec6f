"""Which facts a request's page shows: those observed last, or MLflow's."""
