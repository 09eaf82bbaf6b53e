"""`--trace`: runs of the command line in a file, and sent to a collector."""

from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agentkit.telemetry import read_spans

ASK = ("run", "What is 17 * 23?", "--interface", "offline", "--tools", "calculator")
TOLD = ["chat agent", "execute_tool calculator", "chat agent", "invoke_agent"]


class Collector:
    """Keeps what is sent to it over HTTP."""

    def __init__(self):
        received = self.received = {}

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                received.setdefault(self.path, []).append(body)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.close()


def test_a_collector_gets_spans_and_metrics(command, collector):
    where = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "OTEL_SERVICE_NAME": "shop"}
    done = command(*ASK, "--trace", "otel", env=where)
    assert (done.code, done.out) == (0, "17 * 23 = 391\n")

    sent = [ExportTraceServiceRequest.FromString(each) for each in collector.received["/v1/traces"]]
    of_resources = [each for request in sent for each in request.resource_spans]
    spans = [span for each in of_resources for scope in each.scope_spans for span in scope.spans]
    assert [span.name for span in spans] == TOLD
    root = spans[-1].span_id
    assert [span.parent_span_id for span in spans] == [root, root, root, b""]
    attributes = {each.key: each.value.string_value for each in of_resources[0].resource.attributes}
    assert attributes["service.name"] == "shop"
    measured = ExportMetricsServiceRequest.FromString(collector.received["/v1/metrics"][0])
    names = {m.name for s in measured.resource_metrics[0].scope_metrics for m in s.metrics}
    assert names == {
        "gen_ai.client.operation.duration",
        "gen_ai.client.token.usage",
        "gen_ai.execute_tool.duration",
        "gen_ai.invoke_agent.duration",
    }


def test_a_file_has_the_runs_of_each_command(inside, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.txt").write_text("What is 17 * 23?\n")
    batch = ("batch", "rows.txt", "--interface", "offline", "--tools", "calculator")
    for number, arguments in enumerate((ASK, batch)):
        assert inside(*arguments, "--trace", f"{number}.jsonl").code == 0
        assert [each.name for each in read_spans(f"{number}.jsonl")] == TOLD

    refused = inside(*batch, "--agent", "x.py:agent", "--trace", "x.jsonl")
    assert "--agent brings its own: leave out --interface" in refused.err or refused.code == 2
    wrong = inside(*ASK, "--trace", "nowhere/trace.jsonl")
    assert (wrong.code, wrong.out) == (2, "")
    assert "cannot be written: No such file or directory" in wrong.err


def test_a_run_that_is_resumed_is_told_and_one_that_is_replayed_is_not(
    inside, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    kept = ("--journal", "runs.db")
    assert inside(*ASK, *kept, "--max-steps", "1", "--trace", "a.jsonl").code == 3
    resumed = inside("runs", "resume", "last", *kept, "--tools", "calculator", "--trace", "a.jsonl")
    assert resumed.code == 0
    monkeypatch.setenv("AGENTKIT_TRACE", "b.jsonl")
    assert inside("runs", "replay", "last", *kept).code == 0

    assert [each.name for each in read_spans("a.jsonl")] == [*TOLD[:2], *TOLD[3:], *TOLD[2:]]
    assert len({each.trace_id for each in read_spans("a.jsonl")}) == 1
    assert not (tmp_path / "b.jsonl").exists()
