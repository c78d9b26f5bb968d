#!/usr/bin/env bash
# An empty folder becomes a checkout of REF; only what git has arrives, and only as many commits as were asked for.
set -euo pipefail
git init --quiet .
git remote add origin "file://$ORIGIN"
if [ "$DEPTH" = 0 ]; then git fetch --quiet origin "+refs/heads/*:refs/remotes/origin/*" "$REF"; fi
git fetch --quiet $([ "$DEPTH" = 0 ] || echo "--depth=$DEPTH") origin "$REF"
git checkout --quiet --detach FETCH_HEAD
