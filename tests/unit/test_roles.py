"""Who may do what, by address and settings."""

import pytest

from asd_core.errors import SettingError
from asd_core.roles import Role, refusal, role_of
from asd_core.settings import Settings, get_settings

ROLES = {
    "administer": ["Boss@Example.org"],
    "train": ["@ml.example.org", "ada@example.org"],
    "label": ["*"],
    "listen": ["@example.org"],
}


@pytest.mark.parametrize(
    ("address", "role"),
    [
        ("boss@example.org", Role.ADMINISTER),
        ("BOSS@EXAMPLE.ORG", Role.ADMINISTER),
        ("eve@ml.example.org", Role.TRAIN),
        ("eve@not-ml.example.org", Role.LABEL),
        ("eve@ml.example.org.evil.net", Role.LABEL),
        ("ada@example.org@elsewhere.net", Role.LABEL),
        ("ada@example.org", Role.TRAIN),  # the highest of three that name her
        ("somebody", Role.LABEL),
        ("", Role.LISTEN),  # * is any login, and nobody has logged in
    ],
)
def test_the_highest_role_that_names_an_address_counts(address: str, role: Role) -> None:
    assert role_of(address, Settings(roles=ROLES)) == role


@pytest.mark.parametrize(
    ("settings", "role"),
    [
        ({}, Role.ADMINISTER),
        ({"default_role": "label"}, Role.LABEL),
        ({"roles": {"train": ["@x.org"]}}, Role.LISTEN),
        ({"roles": {"train": ["@x.org"]}, "default_role": "label"}, Role.LABEL),
        ({"read_only": True}, Role.LISTEN),
    ],
)
def test_the_default_role(settings: dict[str, object], role: Role) -> None:
    assert role_of("ada@example.org", Settings(**settings)) == role_of("", Settings(**settings)) == role


def test_read_only_goes_before_every_role() -> None:
    assert role_of("boss@example.org", Settings(roles=ROLES, read_only=True)) == Role.LISTEN


def test_a_refusal_says_what_is_lacking_and_whom_to_ask() -> None:
    settings = Settings(roles=ROLES)
    for role in Role:
        for has in Role:
            assert bool(refusal(role, has, settings)) == (role > has)
    assert refusal(Role.TRAIN, Role.LABEL, settings).endswith(
        "needs the role train: ask an administrator, who sets ASD_ROLES."
    )
    assert "train: log in, or ask an" in refusal(Role.TRAIN, Role.LISTEN, settings, can_log_in=True)
    assert "read-only (ASD_READ_ONLY)" in refusal(Role.LABEL, Role.LISTEN, Settings(read_only=True))


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("ASD_ROLES", '{"trian": ["ada@x.org"]}', "ASD_ROLES, trian: .*'train' or 'administer'"),
        ("ASD_ROLES", '{"train": ["ada"]}', "ASD_ROLES, train, 0: 'ada' is no address"),
        ("ASD_ROLES", '{"train": "ada@x.org"}', "ASD_ROLES, train: input should be a valid tuple"),
        ("ASD_ROLES", "train: ada", "ASD_ROLES is not valid JSON"),
        ("ASD_DEFAULT_ROLE", "boss", "ASD_DEFAULT_ROLE: "),
        ("ASD_READ_ONLY", "perhaps", "ASD_READ_ONLY: "),
        ("ASD_WORKERS", "0", "ASD_WORKERS: input should be greater than or equal to 1"),
    ],
)
def test_a_bad_setting_gets_a_sentence_that_names_it(
    name: str, value: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    with pytest.raises(SettingError, match=why) as caught:
        get_settings()
    assert len(str(caught.value).splitlines()) == 1
