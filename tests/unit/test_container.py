"""What can be held of the container image without building one: its recipe, and that of the services around it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from asd_core.settings import Settings
from tests.conftest import ROOT

yaml = pytest.importorskip("yaml")

DEPLOY = ROOT / "deploy"
Instructions = list[tuple[str, str]]


def stages() -> list[Instructions]:
    """The Dockerfile's stages, as instructions and their arguments."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.M).replace("\\\n", " ")
    result: list[Instructions] = [[]]
    for line in filter(str.strip, text.splitlines()):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            result.append([])
        result[-1].append((word, rest.strip()))
    return result


def arguments(stage: Instructions, word: str) -> list[str]:
    return [rest for one, rest in stage if one == word]


def environment(stage: Instructions) -> dict[str, str]:
    return dict(re.findall(r"(\w+)=('[^']*'|\S+)", " ".join(arguments(stage, "ENV"))))


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))


def test_the_image_runs_as_nobody_and_holds_no_builder() -> None:
    *_, build, final = stages()
    assert arguments(final, "USER") == ["10001"]
    assert final.index(("USER", "10001")) > max(n for n, (word, _) in enumerate(final) if word in ("COPY", "RUN"))
    assert all("-slim" in rest for stage in (build, final) for rest in arguments(stage, "FROM"))
    for word in ("apt", "gcc", "build-essential", "pip install"):
        assert word not in " ".join(arguments(final, "RUN")), word
    assert arguments(final, "VOLUME") == ['["/data"]']


def test_the_image_says_whether_it_is_well() -> None:
    *_, final = stages()
    (check,) = arguments(final, "HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    assert (ROOT / command[-1]).is_file()
    assert "/_stcore/health" in (ROOT / command[-1]).read_text()
    for word in ("ENTRYPOINT", "CMD"):
        (command,) = map(json.loads, arguments(final, word))
        assert (ROOT / command[-1]).is_file()


def test_settings_of_the_image_are_settings_and_lead_into_the_volume() -> None:
    named = environment(stages()[-1])
    own = {name for name in named if name.startswith("ASD_")}
    assert {name.removeprefix("ASD_").lower() for name in own} <= set(Settings.model_fields)
    folders = {name for name, field in Settings.model_fields.items() if field.annotation is Path}
    assert {f"ASD_{name.upper()}" for name in folders} <= own
    for name in ("TMPDIR", "NUMBA_CACHE_DIR", *(f"ASD_{folder.upper()}" for folder in folders)):
        assert (named[name] + "/").startswith("/data/"), name
    assert named["STREAMLIT_SERVER_ADDRESS"] == "0.0.0.0"
    assert 'address = "127.0.0.1"' in (ROOT / ".streamlit" / "config.toml").read_text()  # outside of it


def test_what_is_copied_is_there_and_nothing_else_is_sent() -> None:
    wanted = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert wanted[0] == "*"
    taken = [line.removeprefix("!") for line in wanted if line.startswith("!")]
    assert all((ROOT / name).exists() for name in taken)
    assert {"app.py", "asd_core", "pages", "deploy", "requirements.txt"} <= set(taken)
    assert not {"tests", "data", ".streamlit", ".git", ".env"} & set(taken)
    for stage in stages():
        for copied in arguments(stage, "COPY"):
            for name in copied.split()[:-1] if not copied.startswith("--from") else ():
                assert (ROOT / name).exists()
                assert name == "." or any(name == one or name.startswith(f"{one}/") for one in taken), name


def test_no_secret_and_no_host_is_written_down(compose: Any) -> None:
    for path in (ROOT / "Dockerfile", ROOT / "compose.yaml", *DEPLOY.iterdir()):
        text = path.read_text("utf-8")
        assert not re.search(r"https?://(?!127\.0\.0\.1|\$host|\{)[a-z]", text.replace("http://localhost", "")), path
        assert not re.search(r"(?i)(password|secret|token)\s*[=:]\s*[\"']?[A-Za-z0-9]{6,}(?<!PASSWORD)", text), path
    for name, service in compose["services"].items():
        for key, value in service.get("environment", {}).items():
            if "PASS" in key:
                assert value.startswith("${POSTGRES_PASSWORD:?"), f"{name} would start without one"
    ignored = (ROOT / ".gitignore").read_text().split()
    assert ".env" in ignored
    assert ".streamlit/secrets.toml" in ignored
    (index,) = (rest for rest in arguments(stages()[1], "ARG") if "INDEX" in rest)
    assert index == 'PIP_EXTRA_INDEX_URL=""'


def test_services_reach_the_outside_on_this_computer_alone(compose: Any) -> None:
    services = compose["services"]
    assert services["dashboard"]["ports"] == ["127.0.0.1:${PORT:-8501}:8501"]
    assert [name for name, service in services.items() if service.get("ports")] == ["dashboard"]
    assert "network_mode" not in str(services)
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("privileged"), name
        if service["image"] == "asd-dashboard":
            assert service["read_only"], name
            assert service["environment"]["ASD_DATABASE_URL"].startswith("postgresql://"), name


def test_data_outlives_the_services(compose: Any) -> None:
    services, volumes = compose["services"], compose["volumes"]
    assert "data:/data" in services["dashboard"]["volumes"]
    assert "database:/var/lib/postgresql/data" in services["database"]["volumes"]
    for service in services.values():
        for volume in service["volumes"]:
            source, place, *mode = re.sub(r"\$\{.*?\}", "./folder", volume).split(":")
            assert source in volumes or mode == ["ro"], "nobody writes into a folder of the host"
            assert place.startswith("/")


def test_order_and_profiles(compose: Any) -> None:
    services = compose["services"]
    assert services["dashboard"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert services["database"]["healthcheck"]
    assert {name for name, service in services.items() if "profiles" not in service} == {"dashboard", "database"}
    for name in ("ray-head", "ray-worker"):
        assert services[name]["profiles"] == ["cluster"]
        assert services[name]["command"][:2] == ["ray", "start"]


def test_kubernetes_asks_for_the_same() -> None:
    claim, deployment, service = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8"))
    pod = deployment["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert str(pod["securityContext"]["runAsUser"]) == arguments(stages()[-1], "USER")[0]
    (container,) = pod["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["path"] == "/_stcore/health"
    assert {"name": "data", "mountPath": "/data"} in container["volumeMounts"]
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]
    assert container["env"][0]["valueFrom"]["secretKeyRef"]
    ray = yaml.safe_load((DEPLOY / "kuberay.yaml").read_text("utf-8"))
    assert ray["kind"] == "RayCluster"


def run(name: str, *given: str, folder: Path = ROOT, **more: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, DEPLOY / name] if name.endswith(".py") else ["sh", DEPLOY / name]
    return subprocess.run([*command, *given], cwd=folder, env=more, capture_output=True, text=True)


def test_steps_of_the_build_say_what_is_wrong(tmp_path: Path) -> None:
    done = run("extras.py", "pretrained")
    assert (done.returncode, done.stdout.partition("==")[0]) == (0, "onnxruntime")
    assert run("extras.py", "").stdout == ""
    done = run("extras.py", "nonsense")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no optional part nonsense: EXTRAS may name pretrained" in done.stderr
    package = tmp_path / "torch-2.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.0\n")
    (tmp_path / "torch").mkdir()
    version = tmp_path / "torch" / "version.py"
    version.write_text("cuda = None\nhip = None\n")
    assert run("check_torch.py", "cpu", PYTHONPATH=str(tmp_path)).returncode == 0
    version.write_text("cuda = '13.0'\nhip = None\n")
    done = run("check_torch.py", "cpu", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "is a CUDA build" in done.stderr
    assert run("check_torch.py", "any", PYTHONPATH=str(tmp_path)).returncode == 0


def test_a_new_volume_gets_the_demo_and_a_persons_folder_stays(tmp_path: Path) -> None:
    folders = {
        "ASD_DATA_DIR": "data",
        "ASD_MODELS_DIR": "data/models",
        "ASD_CACHE_DIR": "data/cache",
        "TMPDIR": "data/tmp",
    }
    folders = {name: str(tmp_path / place) for name, place in folders.items()}
    for _ in range(2):  # a restart finds its own links
        done = run("start.sh", "echo", "a b", "c", folder=tmp_path, PATH="/usr/bin:/bin", **folders)
        assert (done.returncode, done.stdout, done.stderr) == (0, "a b c\n", "")
    assert (tmp_path / "data" / "models" / "demo").samefile(ROOT / "trained_models" / "demo")
    assert (tmp_path / "data" / "demo" / "catalogue.csv").is_file()
    (tmp_path / "data" / "models" / "demo").unlink()
    (tmp_path / "data" / "models" / "demo" / "mine").mkdir(parents=True)
    assert run("start.sh", "true", folder=tmp_path, PATH="/usr/bin:/bin", **folders).returncode == 0
    assert [path.name for path in (tmp_path / "data" / "models" / "demo").iterdir()] == ["mine"]
    done = run("start.sh", "sh", "-c", "exit 7", folder=tmp_path, PATH="/usr/bin:/bin", **folders)
    assert done.returncode == 7


def test_health_of_nobody() -> None:
    done = run("health.py", STREAMLIT_SERVER_PORT="1", STREAMLIT_SERVER_BASE_URL_PATH="/sound/")
    assert done.returncode == 1
    assert done.stderr.startswith("http://127.0.0.1:1/sound/_stcore/health does not answer")
