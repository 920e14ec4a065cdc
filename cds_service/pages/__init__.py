"""Pages for people: what the service is, and how it reads the study's protocol."""

from cds_service.pages.routes import blueprint

__all__ = ["blueprint"]
