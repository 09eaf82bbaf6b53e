"""The manifests: their schemas, and what no schema knows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from deploy.parts import DEPLOY, MANIFESTS, containers, most_connections, objects, parsed, pods

from agentkit import Agent
from agentkit.durable import Engine
from agentkit.testing import ScriptedInterface

FOLDER = DEPLOY / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
STYLE = "{extends: default, rules: {line-length: {max: 110}, document-start: disable}}"


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_they_fit_the_schemas_of_kubernetes(version):
    done = subprocess.run(
        [sys.executable, "-m", "kubernetes_validate", "--strict", "-k", version, *MANIFESTS],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count(" passed ") == len(objects())


def test_yamllint_finds_nothing():
    done = subprocess.run(
        [sys.executable, "-m", "yamllint", "--strict", "-d", STYLE, DEPLOY],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


def test_all_manifests_are_applied_but_for_the_template_of_the_secret():
    named = set(KUSTOMIZATION["resources"])

    assert named == {path.name for path in MANIFESTS} - {"secret.example.yaml"}
    (namespace,) = objects("Namespace")
    for each in objects():
        if each["kind"] != "Namespace":
            assert each["metadata"]["namespace"] == namespace["metadata"]["name"]


def test_every_image_has_a_version():
    for _, each in containers():
        name, _, tag = each["image"].partition(":")
        assert name
        assert tag not in ("", "latest")
    (image,) = KUSTOMIZATION["images"]
    assert image["newTag"] in {each["image"].partition(":")[2] for _, each in containers()}


def test_no_secret_is_in_clear():
    (secret,) = objects("Secret")
    known = secret["stringData"]

    assert not any(known.values())
    assert "data" not in secret
    for _, each in containers():
        for variable in each.get("env", ()):
            if any(word in variable["name"] for word in ("PASS", "TOKEN", "KEY")):
                assert variable["valueFrom"]["secretKeyRef"]["name"] == secret["metadata"]["name"]
                assert variable["valueFrom"]["secretKeyRef"]["key"] in known
    for each in objects("ConfigMap"):
        assert not re.search(r"//[^/@]*:[^/@]*@", str(each["data"]))


@pytest.mark.parametrize("name", ["migrate", "worker-1"])
def test_commands_are_those_of_agentkit(name, monkeypatch):
    (config,) = objects("ConfigMap")
    for variable, value in config["data"].items():
        monkeypatch.setenv(variable, value)
    (container,) = pods()[name]["containers"]

    command, given = parsed(container["args"])

    assert command == {"migrate": "durable migrate", "worker-1": "worker"}[name]
    assert given["database"] == config["data"]["AGENTKIT_DATABASE"]
    assert container["envFrom"] == [{"configMapRef": {"name": config["metadata"]["name"]}}]


def test_a_worker_that_is_stopped_has_its_grace(monkeypatch):
    monkeypatch.setenv("AGENTKIT_DATABASE", "runs.db")
    pod = pods()["worker-1"]

    _, given = parsed(pod["containers"][0]["args"])

    assert pod["terminationGracePeriodSeconds"] >= given["grace"] + 15
    assert (DEPLOY / "app" / given["agents"]).is_file()
    (worker,) = [each for each in objects("Deployment") if each["metadata"]["name"] == "worker-1"]
    assert worker["spec"]["selector"]["matchLabels"]["agentkit/version"] == given["version"]


def test_workers_find_connections():
    made = {each["metadata"]["name"]: each["spec"] for each in objects("Deployment")}
    (server,) = objects("StatefulSet")
    args = server["spec"]["template"]["spec"]["containers"][0]["args"]
    settings = dict(each.split("=") for each in args if "=" in each)
    surge = made["worker-1"]["strategy"]["rollingUpdate"]["maxSurge"]
    workers = made["worker-1"]["replicas"] + surge

    # A service has one pool, which is half of what a worker has.
    most = (workers + made["service"]["replicas"] / 2) * most_connections() + 20
    assert most <= int(settings["max_connections"])


@pytest.mark.parametrize("name", pods())
def test_pods_are_as_restricted_as_their_namespace_wants(name):
    pod = pods()[name]

    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    assert pod["automountServiceAccountToken"] is False
    for each in pod["containers"]:
        assert each["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert each["resources"]["limits"]["memory"]
        assert each["resources"]["requests"].keys() == {"cpu", "memory"}


def labels():
    return [
        each["spec"]["template"]["metadata"]["labels"]
        for each in objects()
        if "template" in each.get("spec", {})
    ]


def selects(selector, label):
    return selector.items() <= label.items()


def test_every_selector_finds_somebody():
    for each in objects():
        spec = each.get("spec", {})
        selector = spec.get("selector") or spec.get("podSelector") or {}
        selector = selector.get("matchLabels", selector)
        assert any(selects(selector, label) for label in labels()), each["metadata"]


def test_the_network_lets_through_what_is_needed_and_nothing_else():
    policies = {each["metadata"]["name"]: each["spec"] for each in objects("NetworkPolicy")}
    (allowed,) = policies["database"]["ingress"]
    (who,) = allowed["from"]
    named = {
        label["app.kubernetes.io/name"]
        for label in labels()
        if selects(who["podSelector"]["matchLabels"], label)
    }

    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert named == {"migrate", "worker", "service"}
    assert allowed["ports"] == [{"port": 5432}]


def test_the_query_by_which_workers_are_scaled_counts_runs(database):
    text = (FOLDER / "worker.yaml").read_text(encoding="utf-8")
    comment = text[text.index("#   apiVersion: keda") :]
    (scaled,) = [yaml.safe_load(re.sub(r"^#  ", "", comment, flags=re.MULTILINE))]
    query = scaled["spec"]["triggers"][0]["metadata"]["query"]
    engine = Engine(database, [Agent((), ScriptedInterface(), name="support")])
    for queue in ("agentkit", "agentkit", "elsewhere"):
        engine.submit("support", "Go.", queue=queue)

    with engine.database.engine.connect() as connection:
        counted = connection.scalar(sa.text(query))
    engine.close()

    assert counted == 2
    assert scaled["spec"]["scaleTargetRef"]["name"] in {
        each["metadata"]["name"] for each in objects("Deployment")
    }


def test_the_readme_names_files_that_are_there():
    text = (DEPLOY / "README.md").read_text(encoding="utf-8")

    named = set(re.findall(r"\b(?:deploy/)?[\w./-]+\.(?:yaml|py|example)\b", text))

    for each in named - {"deploy/kubernetes/secret.yaml", "secret.yaml"}:
        assert any((Path(place) / each).exists() for place in (DEPLOY.parent, DEPLOY, FOLDER)), each
