"""Machines talk here: vendors' webhooks, the JSON API, health and metrics."""
