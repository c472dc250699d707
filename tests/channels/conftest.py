"""`pytest tests/channels --hypothesis-profile=soak`: the property tests with many more cases (`make soak`)."""

from hypothesis import HealthCheck, settings

settings.register_profile("soak", max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
