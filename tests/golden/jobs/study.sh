#!/bin/sh
# Runs the study batch on cluster, and brings its folder back.
# Start it again to continue. It needs ssh and rsync here and there, and Python there.
# Ctrl+C stops the work with a checkpoint; the folder is brought back then, too.
set -eu
ssh cluster mkdir -p netdesigner-jobs/batch-adeffaf8
# Files that are newer there are left: an earlier start went on there and broke off.
rsync -au /home/me/studies/batch/ cluster:netdesigner-jobs/batch-adeffaf8/
trap : INT
status=0
ssh -t cluster 'exec sh -c '"'"'set -eu
trap : INT
python=/opt/python
"$python" -P -m designer study run "$HOME/netdesigner-jobs/batch-adeffaf8"'"'"'' || status=$?
rsync -a cluster:netdesigner-jobs/batch-adeffaf8/ /home/me/studies/batch/
exit "$status"
