"""Texts that make a machine run the crawl: they work as printed, whatever the paths are called."""

from __future__ import annotations

import configparser
import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.timers import (
    INTERVALS,
    Every,
    Job,
    cron_text,
    default_seconds,
    github_text,
    systemd_text,
    systemd_units,
)
from crawler.timers.systemd import calendar, quote_word
from tests.crawling import sourcekeep

JOB = Job(
    program=("/opt/keep/bin/sourcekeep",),
    archive="/srv/news/archive.db",
    every="1h",
    max_seconds=2880,
    contact="you@example.org",
)
EVERY: list[Every] = list(INTERVALS)
ODD = '/srv/100% of "it\'s" $HOME \\n; rm/a b.db'
SYSTEMD = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(SYSTEMD is None, reason="systemd-analyze is not installed")
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" "),
                min_size=1, max_size=20)  # fmt: skip


def cron_line(job: Job) -> str:
    return cron_text(job).splitlines()[-1]


def as_cron_runs_it(line: str) -> list[str]:
    """The words of a command after cron and sh have read it (cron(5), sixth field)."""
    command = line.split(" ", 5)[5]
    assert not re.search(r"(?<!\\)%", command), "cron ends the command at a bare %"
    return shlex.split(command.replace("\\%", "%"))


# cron


def test_a_crontab_line_names_everything_by_its_absolute_path() -> None:
    assert cron_text(JOB).splitlines()[-2:] == [
        "MAILTO=you@example.org",
        f"{JOB.minute} * * * * /opt/keep/bin/sourcekeep crawl --quiet"
        " --archive /srv/news/archive.db --contact you@example.org --max-time 2880",
    ]


@given(WORDS, st.lists(WORDS, max_size=3))
def test_cron_and_the_shell_give_back_every_word(name: str, inputs: list[str]) -> None:
    job = replace(JOB, archive=f"/srv/{name}.db", inputs=tuple(inputs), log_file=f"/var/{name}")
    assert as_cron_runs_it(cron_line(job)) == list(job.words("--quiet"))


def test_a_real_shell_gives_back_an_odd_path() -> None:
    job = replace(JOB, program=("printf", "%s\\n"), archive=ODD)
    command = cron_line(job).split(" ", 5)[5].replace("\\%", "%")
    printed = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, check=True
    ).stdout
    assert ODD in printed.splitlines()


@pytest.mark.parametrize("every", EVERY)
def test_each_interval_is_five_fields_and_never_on_the_hour(every: Every) -> None:
    times = cron_line(replace(JOB, every=every)).split(" ")[:5]
    assert re.fullmatch(r"(?:[\d*/-]+ ){4}[\d*]", " ".join(times))
    assert times[0] != "0"
    assert runs_a_week(times) == 7 * 24 * 3600 // INTERVALS[every]


def runs_a_week(times: list[str]) -> int:
    """How often five fields elapse in a week."""
    minutes, hours, _, _, weekdays = times
    found = itertools.product(
        matching(minutes, range(60)), matching(hours, range(24)), matching(weekdays, range(7))
    )
    return len(list(found))


def matching(field: str, values: range) -> list[int]:
    span, _, step = field.partition("/")
    if span == "*":
        chosen = values
    else:
        first, _, last = span.partition("-")
        chosen = range(int(first), int(last or first) + 1)
    return [value for value in chosen if (value - chosen[0]) % int(step or 1) == 0]


@pytest.mark.parametrize(
    ("contact", "mailed"),
    [("you@example.org", "you@example.org"), ("mailto:you@example.org", "you@example.org"),
     ("https://example.org/you@home", None), ("https://example.org", None), (None, None)],
)  # fmt: skip
def test_cron_mails_to_a_contact_that_is_an_address(contact: str | None, mailed: str) -> None:
    text = cron_text(replace(JOB, contact=contact))
    assert re.findall(r"^MAILTO=(.*)$", text, re.MULTILINE) == ([mailed] if mailed else [])


def test_two_archives_are_not_visited_at_the_same_minute() -> None:
    minutes = {replace(JOB, archive=f"/srv/{n}.db").minute for n in range(200)}
    assert len(minutes) > 40 and minutes <= set(range(1, 59))


@pytest.mark.parametrize("every", EVERY)
def test_a_run_ends_before_the_next_begins(every: Every) -> None:
    assert 0 < default_seconds(every) <= 0.8 * INTERVALS[every]


def test_strict_runs_tell_what_needs_attention() -> None:
    strict = replace(JOB, strict=True)
    assert "--quiet --strict" in cron_line(strict)
    assert "SuccessExitStatus=3" in systemd_units(strict)["sourcekeep.service"]
    assert "SuccessExitStatus" not in systemd_units(JOB)["sourcekeep.service"]
    assert "--strict" in github_text(strict)


# systemd


def unit(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


def test_the_units_are_whole() -> None:
    units = systemd_units(replace(JOB, name="news"))
    assert list(units) == ["news.service", "news.timer"]
    service, timer = unit(units["news.service"]), unit(units["news.timer"])
    assert service["Service"]["Type"] == "oneshot"
    assert service["Service"]["ExecStart"].startswith("/opt/keep/bin/sourcekeep crawl --archive")
    assert timer["Install"]["WantedBy"] == "timers.target"


@pytest.mark.parametrize(
    ("word", "quoted"),
    [("plain/path-1.db", "plain/path-1.db"), ("a b", '"a b"'), ("100%", "100%%"),
     ("$HOME", "$$HOME"),
     ('say "so"', '"say \\"so\\""'), ("back\\slash", '"back\\\\slash"'), ("", '""'),
     (";", '";"'), ("it's", '"it\'s"')],
)  # fmt: skip
def test_words_are_quoted_as_systemd_reads_them(word: str, quoted: str) -> None:
    assert quote_word(word) == quoted


@needs_systemd
@pytest.mark.parametrize("every", EVERY)
def test_systemd_finds_nothing_wrong_with_the_units(every: Every, tmp_path: Path) -> None:
    folder = tmp_path / 'an odd "folder" of 100%'
    folder.mkdir()
    program = folder / "source keep"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    job = replace(JOB, program=(str(program),), archive=ODD, every=every, log_file="/var/log/k.log")
    for name, text in systemd_units(job).items():
        (tmp_path / name).write_text(text)
    done = systemd_analyze("verify", *(str(tmp_path / name) for name in systemd_units(job)))
    assert done.returncode == 0 and str(tmp_path) not in done.stderr, done.stderr


@needs_systemd
def test_systemd_would_find_what_is_wrong(tmp_path: Path) -> None:
    bad = systemd_units(JOB)["sourcekeep.service"].replace("Type=oneshot", "Type=onesot")
    (tmp_path / "bad.service").write_text(bad)
    assert "bad.service" in systemd_analyze("verify", str(tmp_path / "bad.service")).stderr


@needs_systemd
@pytest.mark.parametrize("every", EVERY)
def test_the_timer_elapses_as_often_as_was_asked(every: Every) -> None:
    asked = calendar(replace(JOB, every=every))
    done = systemd_analyze("calendar", "--iterations=20", asked)
    assert done.returncode == 0, done.stderr
    times = re.findall(r"(?:Next elapse|Iter\. #\d+): (.*) UTC", done.stdout)
    moments = [from_systemd(time) for time in times]
    gaps = {int(after - before) for before, after in itertools.pairwise(moments)}
    assert gaps == {INTERVALS[every]}


def from_systemd(text: str) -> float:
    from datetime import UTC, datetime

    return datetime.strptime(text, "%a %Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()


def systemd_analyze(*words: str) -> subprocess.CompletedProcess[str]:
    assert SYSTEMD is not None
    # The folder of the machine's own units is not looked into; runtime folders may be missing.
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    return subprocess.run(
        [SYSTEMD, *words], capture_output=True, text=True, check=False, env=environment
    )


def test_the_script_writes_both_units_and_starts_the_timer(tmp_path: Path) -> None:
    """In a home of its own, with stand-ins for the two programs that would touch this machine."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name in ("systemctl", "loginctl"):
        stand_in = bin_folder / name
        stand_in.write_text(f'#!/bin/sh\necho {name} "$@" >> "$HOME/calls"\n')
        stand_in.chmod(0o755)
    job = replace(JOB, archive=ODD, name="news")
    environment = {"HOME": str(tmp_path), "PATH": f"{bin_folder}:{os.defpath}"}
    subprocess.run(["/bin/sh"], input=systemd_text(job), text=True, check=True, env=environment)
    folder = tmp_path / ".config/systemd/user"
    assert {path.name: path.read_text() for path in folder.iterdir()} == systemd_units(job)
    calls = (tmp_path / "calls").read_text()
    assert "systemctl --user enable --now news.timer" in calls and "enable-linger" in calls


# GitHub


def test_githubs_own_schema_accepts_the_workflow(tmp_path: Path) -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema brings GitHub's schema")
    odd = replace(JOB, inputs=("news/", "it's \"odd\": # 100%", "https://h.example/a?b=%20&c"),
                  contact='"you": # é', max_fetches=10, max_per_host=5, delay_s=2.5,
                  every="3h")  # fmt: skip
    for number, job in enumerate((JOB, odd)):
        path = tmp_path / f"{number}.yml"
        path.write_text(github_text(job), encoding="utf-8")
        assert validate(path).returncode == 0, validate(path).stdout
    path.write_text(github_text(JOB).replace("runs-on", "runs_on"))
    assert validate(path).returncode == 1, "what is wrong is found"


def validate(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows",
         str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_workflow_runs_the_very_command(tmp_path: Path) -> None:
    yaml = pytest.importorskip("ruamel.yaml", reason="ruamel.yaml reads workflows")
    job = replace(JOB, inputs=('it\'s "odd": # $(rm) 100%',), max_fetches=10, every="3h")
    workflow = yaml.YAML(typ="safe").load(github_text(job))
    assert workflow["env"]["CONTACT"] == "you@example.org"
    assert workflow["concurrency"]["cancel-in-progress"] is False
    (step,) = (
        s for s in workflow["jobs"]["crawl"]["steps"] if s.get("name") == "Visit what is due"
    )
    words = shlex.split(step["run"])
    assert words == ["sourcekeep", "crawl", "--contact", "$CONTACT", "--max-time", "2880",
                     "--max-fetches", "10", "--", *job.inputs]  # fmt: skip


def test_the_workflow_keeps_the_archive_as_the_example_does() -> None:
    example = (Path(__file__).parents[1] / "examples/workflow.yml").read_text(encoding="utf-8")
    for begin, end in (("id: fetch", "- name: Visit"), ("- name: Keep", "- name: Say")):
        ours, theirs = (
            text[text.index(begin) : text.index(end)] for text in (github_text(JOB), example)
        )
        assert ours == theirs


def test_an_expression_of_githubs_is_refused() -> None:
    for bad in (replace(JOB, contact="${{ secrets.x }}"), replace(JOB, inputs=("${{x}}",))):
        with pytest.raises(ValueError, match="x"):
            github_text(bad)


def test_a_job_of_githubs_is_no_longer_than_github_allows() -> None:
    assert "timeout-minutes: 360" in github_text(replace(JOB, max_seconds=10**6))


# The command


def test_the_command_fills_in_what_was_asked_with_absolute_paths(tmp_path: Path) -> None:
    news = tmp_path / "news"
    news.mkdir()
    done = sourcekeep(
        "schedule", "cron", "news", "--archive", "my 100%.db", "--contact", "you@example.org",
        "--every", "3h", "--max-fetches", "50", "--log-file", "run.log", "--delay", "2.5",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    words = as_cron_runs_it(done.out.splitlines()[-1])
    begin = words.index("crawl")
    assert Path(words[0]).is_absolute() and Path(words[0]).exists()
    assert words[begin:] == [
        "crawl", "--quiet", "--archive", str(tmp_path / "my 100%.db"),
        "--contact", "you@example.org", "--max-time", "8640", "--max-fetches", "50",
        "--delay", "2.5", "-s", f"SOURCEKEEP_LOG_FILE={tmp_path / 'run.log'}", "--", str(news),
    ]  # fmt: skip
    assert not (tmp_path / "my 100%.db").exists(), "it only prints"


def test_what_is_printed_runs_as_printed(tmp_path: Path) -> None:
    listed = tmp_path / "none.txt"
    listed.write_text("# no URL yet\n")
    done = sourcekeep("schedule", "cron", listed, "--archive", "100% mine.db", cwd=tmp_path)
    command = done.out.splitlines()[-1].split(" ", 5)[5].replace("\\%", "%")
    ran = subprocess.run(
        ["/bin/sh", "-c", command], cwd="/", env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert (tmp_path / "100% mine.db").exists()


def test_json_gives_the_files_by_name(tmp_path: Path) -> None:
    done = sourcekeep("schedule", "systemd", "--name", "news", "--json", cwd=tmp_path)
    assert list(json.loads(done.out)["texts"]) == ["news.service", "news.timer"]
    done = sourcekeep("schedule", "github", "news/", "--json", cwd=tmp_path)
    text = json.loads(done.out)["texts"]["sourcekeep.yml"]
    assert "--max-time 1800 -- news" in text and str(tmp_path) not in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["cron", "no/such"], "no such file or folder"),
        (["cron", "--name", "../x"], "letters, digits"),
        (["cron", "--archive", "a\nb.db"], "line break"),
        (["github", "/etc"], "as it lies in the repository"),
        (["github", "../x"], "as it lies in the repository"),
        (["github", "--log-file", "x"], "--log-file"),
        (["github", "--contact", "${{ x }}"], "expression"),
        (["cron", "--every", "5min"], "invalid choice"),
        (["at"], "invalid choice"),
    ],
)
def test_what_cannot_be_printed_is_one_clear_sentence(words: list[str], says: str,
                                                      tmp_path: Path) -> None:  # fmt: skip
    done = sourcekeep("schedule", *words, cwd=tmp_path)
    assert done.code == 2 and says in done.err and done.out == "" and "Traceback" not in done.err
