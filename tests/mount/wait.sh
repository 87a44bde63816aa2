#!/bin/bash
# `wait` returns when a state is there; `events` tells what happens; nobody polls for nobody.
. "$(dirname "$0")/lib.sh" || exit 1

cloud_up --speed 0
advance 100
another_token
mount_up -o "token_file=$work/token"
cd "$work" || exit 1
became() { # FILE NAME: the last new state in events
	awk -F'\t' -v name="$1" '$2 == name { state = $4 } END { print state }' "$runtimes/events"
}
calls() { # COUNT: so many wait
	[ "$(sed -n 's/^neevfs_fs_waiting_calls //p' "$m/.neevfs/stats")" = "$1" ]
}
new() { mkdir "$runtimes/$1" && cp "$runtimes/eval-01/spec.json" "$runtimes/$1/"; }

echo '# waiting'
ok 'what is so already' write Running "$runtimes/eval-01/wait"
is 'reading it does not block' "$(cat "$runtimes/eval-01/wait")" ''
is 'its size is true' "$(stat -c '%a %s' "$runtimes/eval-01/wait")" '600 0'
fails 'a state that there is not' EINVAL write Runing "$runtimes/eval-01/wait"
has 'the reason' "$(cat "$runtimes/eval-01/.error")" 'its states are Pending, Running' gone
fails 'a time that is none' EINVAL write 'Running soon' "$runtimes/eval-01/wait"
fails 'more than a day' ERANGE write 'Running 86401' "$runtimes/eval-01/wait"
ok 'an instance' new fresh
is 'is pending' "$(cat "$runtimes/fresh/status")" Pending
fails 'time is up' ETIMEDOUT write 'Running 1' "$runtimes/fresh/wait"
has 'the reason' "$(cat "$runtimes/fresh/.error")" 'time is up, and it is not Running'
refresh
reset
(write 'Running 60' "$runtimes/fresh/wait" && cat "$runtimes/fresh/status" >after) &
first=$!
others=()
for i in 1 2 3 4 5 6 7 8 9; do
	(write 'running 60' "$runtimes/fresh/wait" && : >too) &
	others+=($!)
done
ok 'all wait' wait_for calls 10
ok 'they are asked for' wait_for sent listAIRuntimes 2
is 'nobody comes back' "$([ -e after ] || [ -e too ] || echo yes)" yes
advance 30
wait $first
is 'the first comes back' $? 0
for at in "${others[@]}"; do
	wait "$at" || failed 'the others too' "status $?"
done
is 'and what is read then is what it waited for' "$(cat after)" Running
asked=$(requests listAIRuntimes)
is 'one poll for all' "$([ "$asked" -lt 10 ] && echo yes || echo "$asked")" yes
is 'nothing else was asked' "$(counted)" "listAIRuntimes=$asked"

echo '# who waits holds nobody up who waits for the same'
ok 'an instance' new slow
refresh
reset
(exec bash -c 'echo "gone 300" >"$1"' _ "$runtimes/slow/wait" 2>/dev/null) &
long=$!
echo $long >>"$work/pids"
ok 'it is waited for' wait_for sent listAIRuntimes 1
ok 'what is so already' timeout 20 bash -c 'echo Pending >"$1"' _ "$runtimes/slow/wait"
fails 'another time' ETIMEDOUT timeout 20 bash -c 'echo "Running 1" >"$1"' _ "$runtimes/slow/wait"
(exec bash -c 'echo "Running 300" >"$1"' _ "$runtimes/slow/wait" 2>/dev/null) &
other=$!
ok 'touch(1)' timeout 20 touch "$runtimes/slow/wait"
is 'its attributes' "$(timeout 20 stat -c %s "$runtimes/slow/wait")" 0
{ kill -INT $other; kill -TERM $other; } 2>/dev/null
ok 'another is ended' wait_for gone $other
is 'the first waits' "$(gone $long || echo yes)" yes
{ kill -TERM $long; wait $long $other; } 2>/dev/null

echo '# what ends a wait'
ok 'another' new second
refresh
(exec tee "$runtimes/second/wait" >/dev/null 2>&1 <<<'Running 300') &
waiting=$!
reset
ok 'it is asked for' wait_for sent listAIRuntimes 1
begin=$(now_ms)
{ kill -INT $waiting; kill -TERM $waiting; wait $waiting; } 2>/dev/null
is 'a signal, at once' "$([ $(($(now_ms) - begin)) -lt 20000 ] && echo yes)" yes # of 300
(write 'gone 60' "$runtimes/second/wait"; echo $? >gone) &
gone=$!
(write 'Running 60' "$runtimes/second/wait" 2>err; echo $? >running) &
running=$!
ok 'both wait' wait_for calls 2
ok 'it is deleted' rmdir "$runtimes/second"
becomes 'it is on its way out' Terminating cat "$runtimes/second/status"
is 'which is not gone' "$([ -e gone ] || echo yes)" yes
advance 60
wait $gone $running
is 'gone is what was waited for' "$(cat gone)" 0
has 'and not Running' "$(cat running) $(cat err)" '1 ' 'No such file'

echo '# events begin when it is opened'
refresh
tail -f "$runtimes/events" >/dev/null 2>&1 &
tail=$!
disown $tail
echo $tail >>"$work/pids"
ok 'it is open' wait_for eval "ls -l /proc/$tail/fd | grep -q /events"
ok 'an instance, at once' new early
becomes 'it appears' Pending became early
kill $tail

echo '# events'
tail -n +1 -f "$runtimes/events" >tailed 2>&1 &
tail=$!
disown $tail
echo $tail >>"$work/pids"
ok 'it is open' wait_for eval "ls -l /proc/$tail/fd | grep -q /events"
is 'what is, is no event' "$(awk 'NF' "$runtimes/events" | grep -c eval-01)" 0
ok 'an instance' new third
becomes 'it appears' Pending became third
advance 30
becomes 'and runs' Running became third
ok 'it is deleted' rmdir "$runtimes/third"
becomes 'it leaves' Terminating became third
advance 60
becomes 'and is gone' gone became third
becomes 'tail -f has it all' '- Pending,Pending Running,Running Terminating,Terminating gone,' \
	eval "awk -F'\t' '\$2 == \"third\" { printf \"%s %s,\", \$3, \$4 }' tailed"
is 'each line has five fields and a time' \
	"$(awk -F'\t' 'NF != 5 || $1 !~ /^20[0-9-]*T[0-9:]*Z$/' "$runtimes/events")" ''
ok 'its size is true' size_true "$runtimes/events"
cat >polled.py <<'END'
import os, select, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
while os.read(fd, 65536):
    pass
poll = select.poll()
poll.register(fd, select.POLLIN)
print("quiet" if not poll.poll(300) else "ready", flush=True)
print("told" if poll.poll(60000) else "late", flush=True)
print(os.read(fd, 65536).decode().split("\t")[1:4])
END
(python3 polled.py "$runtimes/events" >polled) &
poller=$!
becomes 'poll(2) reports nothing while there is nothing' quiet cat polled
ok 'an instance' new fourth
wait $poller
is 'and what is new' "$(tr '\n' ' ' <polled)" "quiet told ['fourth', '-', 'Pending'] "

echo '# events when nothing is seen'
asking() { # the states that the tail has of it
	awk -F'\t' '$2 == "." { printf "%s %s,", $3, $4 }' tailed
}
reset
fault '{"operation":"listAIRuntimes","status":503,"times":1}'
WAIT=60 ok 'a poll is asked again' wait_for sent listAIRuntimes 3
is 'that is nothing' "$(asking)" ''
printf 'pat-nc-refused\n' >token.new
chmod 600 token.new
mv token.new token
WAIT=60 becomes 'the token is refused' 'up EKEYEXPIRED,' asking
another_token
WAIT=60 becomes 'there is another' 'up EKEYEXPIRED,EKEYEXPIRED up,' asking
is 'why' "$(awk -F'\t' '$2 == "." { printf "%s,", $5 }' tailed)" 'the API answered 401: the token is not valid,-,'
ok 'a change: the next polls come soon' rmdir "$runtimes/fourth"
becomes 'it leaves' Terminating became fourth
kill $tail
wait_for gone $tail
WAIT=6 becomes 'nobody follows: the API is left alone' none eval 'reset; sleep 5; counted' # a second time if one was on its way
polls() { awk -F'\t' '$11 == "poll" {print $9, $10, $12}' "$m/.neevfs/requests"; }
is 'the polls are nobody'"'"'s, and say so' "$(polls | sort -u)" '- - orgs/org-demo/projects/prj-demo/airuntimes'
is 'and counted' "$(sed -n 's/^neevfs_http_polls_total{service="gpu"} //p' "$m/.neevfs/stats")" "$(polls | wc -l)"

echo '# refresh'
advance 30 # nothing is in transition: what is listed is kept
refresh
cat "$runtimes/eval-01/status" "$models/chat-llama/status" >/dev/null
reset
ok 'a path' write project/airuntimes "$m/.neevfs/refresh"
cat "$runtimes/eval-01/status" "$models/chat-llama/status" >/dev/null
is 'is asked for anew, and nothing else' "$(counted)" listAIRuntimes=1
reset
ok 'a path as one sees it' write "$m/project/aimodels/chat-llama/status" "$m/.neevfs/refresh"
cat "$runtimes/eval-01/status" "$models/chat-llama/status" >/dev/null
is 'is asked for anew' "$(counted)" listDeployedAIModels=1
reset
ok 'all' write / "$m/.neevfs/refresh"
cat "$runtimes/eval-01/status" "$models/chat-llama/status" >/dev/null
is 'is asked for anew' "$(counted)" 'listAIRuntimes=1 listDeployedAIModels=1'
fails 'what is not there' ENOENT write project/nothing "$m/.neevfs/refresh"

echo '# events when the API is away'
tail -n +1 -f "$runtimes/events" >tailed 2>&1 &
tail=$!
disown $tail
echo $tail >>"$work/pids"
ok 'it is open' wait_for eval "ls -l /proc/$tail/fd | grep -q /events"
cloud_down
WAIT=60 becomes 'it cannot be reached' EHOSTUNREACH eval "asking | sed 's/.* //; s/,//'"
kill $tail
ok 'who follows ends' wait_for gone $tail
finish
