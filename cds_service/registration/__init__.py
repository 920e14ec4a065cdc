"""The sheets by which an EHR is set up for this service: ``/registration/generic``, ``epic`` and ``oracle``."""

from cds_service.registration.routes import blueprint

__all__ = ["blueprint"]
