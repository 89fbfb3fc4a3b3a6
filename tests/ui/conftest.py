"""What every test here has. In a module of its own, since mypy takes one module of a name and tests/ has a conftest."""

from patient_pilot import lasting_notifications, patient_pilot

__all__ = ["lasting_notifications", "patient_pilot"]
