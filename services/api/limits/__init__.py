"""Limits on rates, uploads in progress, pending images, capacity, and how slow a client may be.

A new limit is a module here, its check in `admission`, through which every upload and retry goes, its setting in
`services.api.client_limit_settings`, and its row in `services.api.http.problem_codes`.
"""
