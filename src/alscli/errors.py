"""What stops the program: a line that says what is wrong, a line that says what to do, an exit status."""


class AlscliError(Exception):
    """An error that a person can act on.

    `message` says what is wrong and where, `hint` what to do about it; `exit_status` is what the
    process returns when nothing catches it.
    """

    exit_status = 3

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AlscliError):
    """The command line asks for something that does not exist or does not fit: exit status 2."""

    exit_status = 2


class CollectionError(AlscliError):
    """The collection, or a file in it, cannot be read or written: exit status 3."""


class RefusedError(AlscliError):
    """The input was understood and is not accepted (invalid record, duplicate id): exit status 1."""

    exit_status = 1
