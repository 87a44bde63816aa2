#!/bin/bash
# A create whose connection is cut, after each byte of the request and after each of the answer: it is never sent twice, and what the write
# says is so.
#
#   tests/mount/cut.sh [STEP]      every STEP-th byte; 1: every byte
step=${1:-1}
BOUND=${BOUND:-400}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh" || exit 1

cloud_up --speed 0 --instances 0 --models 0
truth=$templates_api
true_url=$url

mkfifo "$work/until"
python3 "$here/cutter.py" "${url##*:}" "$work/posts" <"$work/until" >"$work/proxy" 2>"$work/proxy.log" &
proxy=$!
echo $proxy >>"$work/pids"
exec 9>"$work/until"
wait_for grep -q . "$work/proxy" || {
	echo "FAIL cut.sh: the proxy does not start: $(cat "$work/proxy.log")"
	exit 1
}
url=$(head -n 1 "$work/proxy")
mount_up -o deadline=5
url=$true_url # what is asked from here on is asked past the proxy
: >>"$work/posts"

begin=$SECONDS
python3 "$here/cut.py" "$templates" "$truth" "$work/posts" "$step" >"$work/said" 2>&1
status=$?
grep -v '^wrong:' "$work/said"
is 'every cut: one POST at most, and what the write said is so' "$status$(grep '^wrong:' "$work/said")" 0
asked=$(awk '/creates, / {print $1 + 1}' "$work/said") # and the one that was measured
is 'the cloud saw no more creates than were asked for' "$([ "$(requests createOrgAIRuntimeTemplate)" -le "${asked:-0}" ] && echo so)" so
is 'the proxy has nothing to say' "$(cat "$work/proxy.log")" ''
echo "# step $step: $((SECONDS - begin)) s"
mount_down
exec 9>&-
wait_for gone $proxy
finish
