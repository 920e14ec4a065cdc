"""Numbers of things in plain English."""


def count(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 day`` or ``3 days``; ``many`` is given where it is not ``one`` with an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"
