"""A workflow of GitHub Actions that keeps the archive as a file of a release."""

from __future__ import annotations

import json
import shlex
from pathlib import PurePosixPath

from crawler.timers.cron import cron_times
from crawler.timers.job import Job

_SETTLING_MINUTES = 30  # installing, fetching the archive, keeping it again
_JOB_MINUTES_MAX = 360  # GitHub ends a job then

_TEXT = """\
# Runs of Sourcekeep by GitHub Actions. Put this file into .github/workflows/ of the repository that
# holds your entries. The archive lies in a release of that repository, so make the repository
# private: an archive holds copies of other people's pages.
#
# Once, by hand:  gh release create archive --notes "The archive of our sources"

name: {title}

on:
  schedule:
    - cron: {cron}
  workflow_dispatch:

permissions:
  contents: write # to add the archive to its release

concurrency: # two runs at once would both go on from the same archive
  group: {group}
  cancel-in-progress: false

defaults:
  run:
    shell: bash # with pipefail

env:
  GH_TOKEN: ${{{{ github.token }}}}
  CONTACT: {contact}
  INSTALL: sourcekeep # what pip installs; or git+https://... of a copy of it

jobs:
  crawl:
    runs-on: ubuntu-latest
    timeout-minutes: {timeout}
    steps:
      - uses: actions/checkout@v4

      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"

      - run: python -m pip install "$INSTALL"

      # When the release cannot be asked, the job ends here, and nothing is written. When it is
      # empty, a new archive begins.
      - name: Fetch the archive of the last run
        id: fetch
        run: |
          newest=$(gh release view archive --json assets --jq '[.assets[].name | select(test("^archive-.*[.]db$"))] | max // ""')
          if [ -n "$newest" ]; then
            gh release download archive --pattern "$newest" --output archive.db
            gh release download archive --pattern "$newest-manifests.jsonl" --output archive.db-manifests.jsonl ||
              echo "no manifests lie beside $newest: they begin anew"
          fi

      - name: Visit what is due
        run: {crawl}

      # Also after a run that broke: what it had committed is whole. A copy that does not verify is not
      # made. Never by overwriting (`gh release upload --clobber` deletes first): three archives stay.
      - name: Keep the archive
        if: ${{{{ !cancelled() && steps.fetch.outcome == 'success' && hashFiles('archive.db') != '' }}}}
        run: |
          name="archive-$(date -u +%Y%m%dT%H%M%SZ).db"
          sourcekeep backup "$name"
          if [ -e "$name-manifests.jsonl" ]; then # as soon as anything is sealed
            gh release upload archive "$name-manifests.jsonl"
          fi
          gh release upload archive "$name"
          gh release view archive --json assets --jq '[.assets[].name | select(test("^archive-.*[.]db$"))] | sort | .[:-3][]' |
            while read -r old; do
              gh release delete-asset archive "$old" --yes
              gh release delete-asset archive "$old-manifests.jsonl" --yes || echo "$old had no manifests"
            done

      - name: Say what is held
        run: sourcekeep status
"""  # noqa: E501 - lines of a shell


def github_text(job: Job) -> str:
    """Return a workflow file. Its archive lies in the workspace, whatever ``job.archive`` says.

    Inputs are URLs or paths within the repository. A word with ``${{`` would be an expression of
    GitHub's and not what it says: ValueError.
    """
    for word in (job.contact or "", job.name, *job.inputs):
        if "${{" in word:
            raise ValueError(word)
    contact = job.contact or "${{ github.server_url }}/${{ github.repository }}"
    return _TEXT.format(
        title=json.dumps(f"Keep the sources ({job.name})"),
        cron=json.dumps(cron_times(job)),
        group=json.dumps(job.name),
        contact=json.dumps(contact, ensure_ascii=False),
        timeout=min(job.max_seconds // 60 + _SETTLING_MINUTES, _JOB_MINUTES_MAX),
        crawl=json.dumps(_command(job), ensure_ascii=False),
    )


def _command(job: Job) -> str:
    options = ["--max-time", str(job.max_seconds)]
    if job.max_fetches is not None:
        options += ["--max-fetches", str(job.max_fetches)]
    if job.max_per_host is not None:
        options += ["--max-per-host", str(job.max_per_host)]
    if job.delay_s is not None:
        options += ["--delay", f"{job.delay_s:g}"]
    if job.strict:
        options.append("--strict")
    inputs = ["--", *map(_in_repository, job.inputs)] if job.inputs else []
    words = shlex.join([*options, *inputs])
    return f'sourcekeep crawl --contact "$CONTACT" {words}'


def _in_repository(text: str) -> str:
    """A path as it is told from the root of the repository; a URL as it is."""
    return text if "://" in text else str(PurePosixPath(text))
