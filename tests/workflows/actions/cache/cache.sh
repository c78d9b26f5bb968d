#!/usr/bin/env bash
# A ready .venv made of links: .ci/run tests the installation, and this machine's .venv must not change.
set -euo pipefail
[[ $KEPT == .venv && $KEY =~ ^venv-.*-[0-9a-f]{16}$ ]] || { echo "nothing is kept of '$KEPT' under '$KEY'" >&2; exit 1; }
mkdir -p .venv/bin
ln -s "$VENV/lib" "$VENV/pyvenv.cfg" .venv/
ln -s "$VENV"/bin/* .venv/bin/
ln -sf "$PRELOADED/dbt" .venv/bin/dbt
# The same program, by a python that runs it, and dbt, preloaded.
rm .venv/bin/sluice
sed "1s|^#!.*python.*|#!$PRELOADED/python|" "$VENV/bin/sluice" > .venv/bin/sluice
chmod +x .venv/bin/sluice
# make lint has just checked the same files. ruff, yamllint, the schemas and dbt's parser run here too.
for slow in mypy dbt-bouncer; do ln -sf "$(type -P true)" ".venv/bin/$slow"; done
# Newer than the lock, so that make has nothing to do.
touch --date="1 day ago" requirements/dev.txt pyproject.toml
touch .venv/.ready
