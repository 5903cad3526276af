#!/bin/sh
# Trains the run lenet5 first on me@example.org, and brings its folder back.
# Start it again to continue. It needs ssh and rsync here and there, and Python there.
# Ctrl+C stops the work with a checkpoint; the folder is brought back then, too.
set -eu
ssh me@example.org mkdir -p netdesigner-jobs/lenet5-first-a0d50e6f
# Files that are newer there are left: an earlier start went on there and broke off.
rsync -au '/home/me/runs/lenet5 first/' me@example.org:netdesigner-jobs/lenet5-first-a0d50e6f/
trap : INT
status=0
ssh -t me@example.org 'exec sh -c '"'"'set -eu
trap : INT
python="$HOME/netdesigner-jobs/venv/bin/python"
if ! "$python" -c '"'"'"'"'"'"'"'"'import designer'"'"'"'"'"'"'"'"' 2> /dev/null; then
    python3 -m venv "$HOME/netdesigner-jobs/venv"
    "$python" -m pip install netdesigner==0.1.0
fi
"$python" -P -m designer data mnist --download
status=0
timeout --foreground --signal=INT 43261 "$python" -P -m designer resume "$HOME/netdesigner-jobs/lenet5-first-a0d50e6f" --data '"'"'"'"'"'"'"'"'/data/my pictures'"'"'"'"'"'"'"'"' --processes 2 || status=$?
[ "$status" -eq 124 ] || exit "$status"'"'"'' || status=$?
rsync -a me@example.org:netdesigner-jobs/lenet5-first-a0d50e6f/ '/home/me/runs/lenet5 first/'
exit "$status"
