import pytest

from agentkit.catalog import page
from agentkit.errors import ConfigError
from agentkit.settings import Settings, aliases_for, read_settings

GROQ = page("groq").aliases


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return path.parent


def test_without_files_there_are_no_settings(tmp_path):
    assert read_settings(tmp_path) == Settings()


def test_a_table_of_pyproject_sets_interface_and_aliases(tmp_path):
    place = written(
        tmp_path / "pyproject.toml",
        '[tool.agentkit]\ninterface = "offline"\n[tool.agentkit.interfaces.groq.aliases]\nagent = "a"\n',
    )

    settings = read_settings(place)

    assert settings.interface == "offline"
    assert aliases_for("groq", GROQ, settings) == {**GROQ, "agent": "a"}


def test_agentkit_toml_comes_before_pyproject_of_the_same_directory(tmp_path):
    written(tmp_path / "pyproject.toml", '[tool.agentkit]\ninterface = "groq"\n')
    written(tmp_path / "agentkit.toml", 'interface = "offline"\n')

    assert read_settings(tmp_path).interface == "offline"


def test_the_nearest_directory_upwards_counts(tmp_path):
    written(tmp_path / "agentkit.toml", 'interface = "offline"\n')
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    written(inner.parent / "pyproject.toml", '[project]\nname = "no table of ours"\n')

    assert read_settings(inner).interface == "offline"


def test_the_environment_comes_before_the_files(tmp_path, monkeypatch):
    place = written(
        tmp_path / "agentkit.toml", '[interfaces.groq.aliases]\nagent = "a"\nown = "b"\n'
    )
    monkeypatch.setenv("AGENTKIT_GROQ_AGENT", "from/environment")

    merged = aliases_for("groq", GROQ, read_settings(place))

    assert (merged["agent"], merged["own"]) == ("from/environment", "b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("interface = ", "cannot be read"),
        ('interfce = "groq"', "'interfce'"),
        ("interface = 1", "'interface"),
        ('[interfaces.groq]\nbase_url = "http://evil"', "'interfaces.groq.base_url'"),
        ("[interfaces.groq.aliases]\nagent = 1", "'interfaces.groq.aliases.agent'"),
    ],
)
def test_a_file_that_does_not_fit_is_named_with_what_is_wrong(tmp_path, text, words):
    place = written(tmp_path / "agentkit.toml", text)

    with pytest.raises(ConfigError) as refused:
        read_settings(place)

    assert words in str(refused.value)
    assert str(place / "agentkit.toml") in str(refused.value)
