"""Background tasks of the API: outbox, events, lost jobs, deletion and maintenance."""
