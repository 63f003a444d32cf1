"""Errors that a user is meant to read: one sentence that names the thing, what is wrong and what to do."""


class AsdError(Exception):
    """Base of every error whose text can be shown as it is."""


class SettingError(AsdError):
    """A setting, ``ASD_…`` in the environment, that cannot be used."""


class RoleError(AsdError):
    """An act that a person's role does not allow."""


class ClipError(AsdError):
    """A recording whose score would mean nothing."""


class DatasetError(AsdError):
    """A folder or catalogue that cannot be used."""


class AddressError(DatasetError):
    """A place such as ``s3://bucket/fans`` that cannot be reached, read or written."""


class ArtifactError(AsdError):
    """A trained detector on disk that is missing, damaged or of another version."""


class PretrainedError(AsdError):
    """A pretrained model that is missing, is not the registered file, or cannot be run here."""


class UnknownMachineError(AsdError):
    """A machine id that a detector was not trained on."""


class TrainingError(AsdError):
    """Training data that a detector cannot learn from."""


class JobError(AsdError):
    """Long work that cannot be started."""


class WorkerError(AsdError):
    """A process that does a part of the work and is lost again and again."""


class LabelError(AsdError):
    """A label that cannot be stored, or a database of labels and acts that cannot be opened, read or written."""


class BackupError(AsdError):
    """A file that is no whole backup, or one that would take the place of what is there."""


WAS_STOPPED = "Stopped; what was finished is stored."


class Cancelled(AsdError):
    """The user stopped a long task; what was finished before is stored."""


def reason_of(error: Exception) -> str:
    """Why something failed, to stand in a sentence that names the file: the text of an ``OSError`` would name it once more. One
    that the system did not raise has its text alone."""
    return (isinstance(error, OSError) and error.strerror) or str(error)
