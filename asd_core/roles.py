"""Who may do what. Pure: an address and the settings in, a role out."""

from enum import IntEnum

from asd_core.settings import Settings


class Role(IntEnum):
    """What a person may do; each role includes those before it."""

    LISTEN = 0  # see, hear, score uploads, export
    LABEL = 1  # give and import labels, adjudicate
    TRAIN = 2  # add and name datasets, train, experiment, choose what is in use
    ADMINISTER = 3  # delete datasets, read the audit log

    @property
    def word(self) -> str:
        """As people and settings write it."""
        return self.name.lower()


def role_of(address: str, settings: Settings) -> Role:
    """The role of a person.

    Args:
        address: e-mail address that the person has proved by a login; empty for anybody else.
        settings: of several roles that name the person, the highest counts. Where none does, it is the default role: the one
            that is set, or listen where roles are set, or else administer, as on one's own computer.
    """
    if settings.read_only:
        return Role.LISTEN
    given = [Role[name.upper()] for name, people in settings.roles.items() if _names(people, address.lower())]
    default = settings.default_role or ("listen" if settings.roles else "administer")
    return max(given, default=Role[default.upper()])


def _names(people: tuple[str, ...], address: str) -> bool:
    domain = "@" + address.rpartition("@")[2]
    return bool(address) and any(pattern in ("*", address, domain) for pattern in people)


def refusal(role: Role, has: Role, settings: Settings, *, can_log_in: bool = False) -> str:
    """Why somebody may not do what a role may, and whom to ask; empty where they may."""
    if has >= role:
        return ""
    if settings.read_only:
        return "This dashboard is read-only (ASD_READ_ONLY): nothing is stored or trained here."
    ask = "log in, or ask" if can_log_in else "ask"
    what = "Labelling" if role == Role.LABEL else "This"
    return f"{what} needs the role {role.word}: {ask} an administrator, who sets ASD_ROLES."
