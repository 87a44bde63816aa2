#!/bin/bash
# The process: a daemon that is killed, its supervisor, mounting again, signals, connections that end.
BOUND=${BOUND:-300}
. "$(dirname "$0")/lib.sh" || exit 1
. "$(dirname "$0")/background.bash"
rounds=${1:-10} # kills of a daemon

# What a caller hears; in the background: its pid is caller
caller() { # COMMAND…
	"$@" >"$work/heard" 2>&1 &
	caller=$!
	echo $caller >>"$work/pids"
}
hear() { # heard: of the last caller, when it is over
	wait "$caller"
	heard="$? $(errno_of <"$work/heard")"
}
errno_of() {
	local text errno
	text=$(cat)
	for errno in ECANCELED EINPROGRESS ETIMEDOUT EHOSTUNREACH EBUSY; do
		[[ $text == *"$(errno_words $errno)"* ]] && echo $errno && return
	done
	echo "${text:--}"
}

told() { # how it ended, for who comes later
	"$NEEVFS" status | sed -n "\\,^$point: ENDED,{n;s,^    its process ,,p}"
}

echo '# a daemon that is killed'
killed_gone() { # SIGNAL: until the mount point is free
	kill "-$1" "$pid"
	local until=$((SECONDS + 10))
	until unmounted "$point" || [ $SECONDS -gt $until ]; do :; done
	unmounted "$point"
}
: >took
for ((round = 0; round < rounds; round++)); do
	start -o "$options" "$point"
	is "round $round: it is up, and nothing is told of another" "$status $said $(answers && echo yes) $(told)" '0  yes '
	begin=$EPOCHREALTIME
	killed_gone KILL
	end=$EPOCHREALTIME
	echo $(((${end/./} - ${begin/./}) / 1000)) >>took
	wait_for ended
done
median=$(sort -n took | awk -v n="$rounds" 'NR >= n / 2 {print; exit}') worst=$(sort -n took | tail -n 1)
echo "# $rounds daemons killed: the mount point is free after $median ms (median), $worst ms (at most)"
is 'it is free within a second, mostly' "$([ "$median" -le 1000 ] && [ "$worst" -le 8000 ] && echo so)" so
is 'why is in the log' "$(grep -c "$point: the daemon was ended by SIGKILL; unmounted" "$dlog")" "$rounds"

for signal in KILL ABRT SEGV; do
	ASAN_OPTIONS=$ASAN_OPTIONS:handle_segv=0 start -o "$options" "$point"
	exec 7<"$point/README.txt"
	cat "$point/project/aimodels/chat-llama/status" >/dev/null
	faulted "SIG$signal of the daemon, a file open: mount point free" 0 8000 - killed_gone $signal
	exec 7<&-
	wait_for ended
	is "SIG$signal of the daemon: status tells it later" "$(told)" "was ended by SIG$signal"
done
start -o "$options" "$point"
reset
fault '{"operation":"listAIRuntimes","delay_ms":20000,"times":0}'
caller cat "$point/project/airuntimes/eval-01/status"
ok 'somebody waits' wait_for sent listAIRuntimes
(cd "$point/project" && exec sleep 60) &
sleeper=$!
echo $sleeper >>"$work/pids"
ok 'one is inside' wait_for eval '[ "$(cat "/proc/$sleeper/comm")" = sleep ]'
faulted 'SIGKILL of the daemon, a caller waits and one is inside' 0 8000 - killed_gone KILL
is 'the caller is gone too' "$(wait_for gone $caller && echo yes)" yes
{ kill $sleeper; wait $sleeper; } 2>/dev/null
faults_end

echo '# its supervisor'
exec 8<"$work/token" # what a shell may leave open
start -o "$options" "$point"
exec 8<&-
is 'it holds no file of ours' "$(readlink "/proc/$keeper/fd/"* "/proc/$pid/fd/"* 2>/dev/null | grep -c "$work/token")" 0
if [ "$(id -u)" = 0 ]; then
	is 'nor the connection to the kernel' "$(readlink "/proc/$keeper/fd/"* | grep -c fuse) $(readlink "/proc/$pid/fd/"* | grep -c fuse)" '0 1'
	is 'its working directory' "$(readlink "/proc/$keeper/cwd")" /
fi
echo "# its memory: $(sed -n 's/VmRSS:\s*//p' "/proc/$keeper/status"); the daemon's: $(sed -n 's/VmRSS:\s*//p' "/proc/$pid/status")"
kill -KILL "$keeper"
wait_for gone "$keeper"
ok 'it is killed: the mount answers' answers
ok 'and the daemon notices' wait_for grep -q 'the supervisor is gone' "$dlog"
kill -TERM "$pid"
ok 'SIGTERM still ends the daemon' wait_for gone "$pid"
is 'and the mount' "$(mounted "$point" && echo still)" ''
for at in keeper pid; do
	start -o "$options" "$point"
	kill -TERM "${!at}"
	ok "SIGTERM to the $at ends both" wait_for ended
	is "SIGTERM to the $at: the mount" "$(mounted "$point" && echo still)" ''
	is "SIGTERM to the $at: nothing is told later" "$(told)" ''
done
start -o "$options" "$point"
kill -STOP "$pid"
kill -TERM "$keeper"
ok 'a daemon that does not end is ended' wait_for ended
is 'and its mount' "$(mounted "$point" && echo still)" ''
has 'the log says so' "$(tail -n 1 "$dlog")" 'did not end by itself'
is 'its end was wanted: nothing is told later' "$(told)" ''
NEEV_API_TOKEN=$token start -o "$base" "$point"
environment=$(tr '\0' '\n' <"/proc/$keeper/environ" 2>/dev/null)
hasnt 'no token in its environment' "$environment" "$token"
stop
said=$(trap '' CHLD; "$NEEVFS" -o "$options" "$point" 2>&1)
processes "$point"
kill -KILL "$pid"
ok 'started by who ignores SIGCHLD: the mount point is free all the same' wait_for unmounted "$point"
wait_for ended

echo '# mounting again'
NEEV_API_TOKEN=$token start -o "$base,restart=3" "$point"
is 'with a token that nobody keeps: refused' "$status" 2
has 'with a token that nobody keeps: why' "$said" 'restart=3' token_file
: >"$dlog"
again() { # the daemon is another one, and answers
	local before=$pid
	kill -KILL "$pid"
	wait_for eval 'processes "$point"; [ -n "$pid" ] && [ "$pid" != '"$before"' ] && answers'
}
start -o "$options,restart=3" "$point"
mkdir "$point/project/airuntimes/late"
printf '%s' "$spec_runtime" >spec
reset
fault '{"operation":"createAIRuntime","delay_ms":60000}'
caller dd "if=$work/spec" "of=$point/project/airuntimes/late/spec.json" status=none conv=notrunc
ok 'a create is under way' wait_for sent createAIRuntime
faulted 'SIGKILL of the daemon, restart=3: it is there again' 0 10000 - again
processes "$point"
hear
is 'who waited is told' "${heard%% *}" 1
fails 'its create is known to the new one' EALREADY write "$spec_runtime" "$point/project/airuntimes/late/spec.json"
is 'and was sent once' "$(changes)" 'createAIRuntime=1'
faults_end
for what in 'a second time, after a pause' 'a third time'; do
	ok "$what" again
	processes "$point"
done
is 'until then there is nothing to tell' "$(told)" ''
kill -KILL "$pid"
ok 'the fourth within a minute is the end' wait_for ended
is 'which is told later' "$(told)" 'was ended by SIGKILL'
is 'of the mount too' "$(mounted "$point" && echo still)" ''
is 'the log has it' "$(grep -c 'mounting again' "$dlog") $(grep -c 'given up: restart=3' "$dlog")" '3 1'
has 'and counts' "$(cat "$dlog")" 'mounted again (restart 1)'
start --sandbox -o restart=1,speed=0 "$point"
own=$(sed -n 's/^api_base=//p' "$point/.neevfs/options")
ok '--sandbox: there again' again
processes "$point"
isnt '--sandbox: with a cloud of its own' "$(sed -n 's/^api_base=//p' "$point/.neevfs/options")" "$own"
ok '--sandbox: the cloud before is gone' wait_for eval '! curl -s -o /dev/null "$own/_sandbox/clock"'
stop
is 'no process is left' "$(ended && echo none)" none
mkdir bin short.$$
ln -s "$NEEVFS" bin/neevfs
given=$(PATH=$work/bin:$PATH && neevfs --sandbox -o restart=1 short.$$ 2>&1)
processes short.$$
is 'a command line that is shorter than the title: the title is whole' "$given $(tr '\0' '\n' <"/proc/$keeper/cmdline" | head -n 1)" " neevfs: watches $work/short.$$"
before=$pid environment=$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ")
kill -KILL "$pid"
ok 'there again' wait_for eval 'processes short.$$; [ -n "$pid" ] && [ "$pid" != "$before" ] && answers short.$$'
processes short.$$
is 'with the environment that it was given' "$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ")" "$environment"
"$NEEVFS" umount short.$$
wait_for ended
start -o "$options,restart=9" "$point"
mv token token.away
: >"$dlog"
kill -KILL "$pid"
ok 'one that cannot start is tried again' wait_for grep -q 'could not be started' "$dlog"
mv token.away token
ok 'and comes when it can' wait_for answers
processes "$point"
stop

echo '# SIGTERM'
unset NEEV_API_TOKEN
: >"$dlog"
callers() { # they wait for a listing, and for a scale and a create that were sent
	reset
	fault '{"operation":"listAIRuntimes","delay_ms":60000,"times":0}'
	fault "{\"operation\":\"scaleDeployedAIModel\",\"delay_ms\":$1,\"times\":0}"
	fault "{\"operation\":\"createOrgAIRuntimeTemplate\",\"delay_ms\":$1,\"times\":0}"
	local i
	waiting=()
	for i in 1 2 3; do
		cat "$point/project/airuntimes/eval-0$i/status" >"heard.$i" 2>&1 &
		waiting+=($!)
	done
	wait_for eval '[ "$(sed -n "s/^neevfs_fs_waiting_calls //p" "$point/.neevfs/stats")" = 3 ]' || return
	dd "of=$point/project/aimodels/chat-llama/replicas" conv=notrunc status=none <<<4 >heard.scale 2>&1 &
	waiting+=($!)
	mkdir "$point/orgs/org-demo/templates/$2"
	dd "of=$point/orgs/org-demo/templates/$2/spec.json" conv=notrunc status=none <"$work/template" >heard.create 2>&1 &
	waiting+=($!)
	printf '%s\n' "${waiting[@]}" >>pids
	wait_for sent scaleDeployedAIModel && wait_for sent createOrgAIRuntimeTemplate
}
tell() { # all are over: heard, by name
	local i
	wait "${waiting[@]}"
	heard=
	for i in 1 2 3 scale create; do
		heard+="$(grep -v ': closing output file .*: Transport endpoint' "heard.$i" | errno_of) " # the mount may be gone by then
	done
}
printf '%s' "$spec_template" >template
ends() { # SIGNAL…: the daemon ends, the mount point is free
	local until=$((SECONDS + 12))
	kill "-$1" "$pid"
	[ $# = 1 ] || { wait_for unmounted "$point" && kill "-$2" "$pid"; }
	until { unmounted "$point" && gone "$pid"; } || [ $SECONDS -gt $until ]; do :; done
	unmounted "$point" && gone "$pid"
}
front() { # in the foreground: its exit status can be seen
	faults_end
	"$NEEVFS" -f -o "$options" "$@" "$point" >front.log 2>&1 &
	pid=$!
	echo $pid >>pids
	wait_for answers
}
journal=$XDG_STATE_HOME/neevfs/journal
settle() { # all of the journal, by hand
	[ ! -e "$journal" ] || awk -F'\t' '$4 == "pending" {print "settled " $2}' "$journal" >"$work/settled"
	[ ! -e "$journal" ] || cat "$work/settled" >>"$journal"
}
open_creates() { awk -F'\t' '$4 == "pending" {open[$2]} $4 ~ /^(done|failed|absent)$/ {delete open[$2]} split($0, by, " ") == 2 && by[1] == "settled" {delete open[by[2]]} END {for (n in open) i++; print i + 0}' "$journal"; }

settle
front
exec 7<"$point/README.txt"
touch "$point"
callers 1500 quick
is 'callers wait, two changes are under way' $? 0
faulted 'SIGTERM, changes are answered after 1.5 s' 0 9000 - ends TERM
wait "$pid"
is 'its exit status' $? 0
tell
is 'who reads is told at once, who changed what is true' "$heard" 'EHOSTUNREACH EHOSTUNREACH EHOSTUNREACH - - '
is 'the changes were carried out, once' "$(changes)" 'createOrgAIRuntimeTemplate=1 scaleDeployedAIModel=1'
is 'the journal is settled' "$(open_creates)" 0
exec 7<&-
front
exec 7<"$point/README.txt"
touch "$point"
callers 60000 slow
is 'callers wait, two changes are under way for a minute' $? 0
faulted 'SIGTERM, a server that does not answer' 0 9000 - ends TERM
wait "$pid"
is 'a server that does not answer: its exit status' $? 0
tell
is 'who changed something is told that it is not known' "$heard" 'EHOSTUNREACH EHOSTUNREACH EHOSTUNREACH ETIMEDOUT EINPROGRESS '
is 'the journal keeps it open' "$(open_creates)" 1
is 'the log names both' "$(grep -c 'the mount ends before its outcome is known' "$dlog")" 2
exec 7<&-
front
touch "$point"
callers 60000 slower
is 'callers wait once more' $? 0
faulted 'SIGTERM twice' 0 9000 - ends TERM TERM
wait "$pid"
is 'SIGTERM twice: its exit status' $? 0
tell
is 'SIGTERM twice: who waited' "$heard" 'EHOSTUNREACH EHOSTUNREACH EHOSTUNREACH ECANCELED ECANCELED '
faults_end
ASAN_OPTIONS=detect_leaks=0 start -o "$options" "$point" # the search for leaks would be part of the time that its end takes
touch "$point"
callers 60000 slowest
is 'and in the background' $? 0
faulted 'SIGTERM to the supervisor, a server that does not answer' 0 9000 - eval 'swapped=$pid pid=$keeper; ends TERM; status=$?; pid=$swapped; [ $status = 0 ]'
ok 'both are gone' wait_for ended
tell
faults_end
settle

echo '# connections that end'
connection() { stat -c %d "$point"; }
aborted() {
	echo 1 >"/sys/fs/fuse/connections/$1/abort"
	local until=$((SECONDS + 10))
	until { unmounted "$point" && gone "$pid"; } || [ $SECONDS -gt $until ]; do :; done
	unmounted "$point" && gone "$pid"
}
[ -d /sys/fs/fuse/connections/0 ] || mountpoint -q /sys/fs/fuse/connections || mount -t fusectl none /sys/fs/fuse/connections 2>/dev/null
reset
if [ "$(id -u)" = 0 ] && mountpoint -q /sys/fs/fuse/connections; then
	front
	exec 7<"$point/README.txt"
	faulted 'the connection is aborted, a file open' 0 8000 - aborted "$(connection)"
	wait "$pid"
	is 'aborted: its exit status' $? 1
	has 'aborted: the log' "$(tail -n 1 "$dlog")" 'the connection to the kernel was aborted'
	exec 7<&-
	start -o "$options,restart=3" "$point"
	ok 'aborted in the background, restart=3: somebody wanted its end' aborted "$(connection)"
	ok 'both end' wait_for ended
	is 'which is told later' "$(told)" 'ended with an error, which the log has'
	front
	exec 7<"$point/README.txt"
	umount -f "$point" 2>/dev/null
	wait_for gone "$pid"
	ok 'umount -f with a file open: the daemon ends' gone "$pid"
	is 'umount -f: no dead mount' "$(mounted "$point" && echo still)" ''
	exec 7<&-
else
	skip 'aborted connections' 'not root, or no fusectl'
fi
for how in 'umount -l' 'fusermount3 -u -z --'; do
	[ "$(id -u)" = 0 ] || [ "$how" != 'umount -l' ] || continue
	front
	exec 7<"$point/project/aimodels/chat-llama/name"
	ok "$how with a file open" $how "$point"
	is "$how: the name is gone" "$(mounted "$point" && echo still)" ''
	is "$how: who is inside goes on" "$(cat <&7)" chat-llama
	exec 7<&-
	ok "$how: the daemon ends with the last" wait_for gone "$pid"
	wait "$pid"
	is "$how: its exit status" $? 0
done
front
exec 7<"$point/README.txt"
is 'fusermount3 -u with a file open is refused' "$(fusermount3 -u -- "$point" 2>&1 | grep -c busy)" 1
ok 'and nothing has happened' answers
exec 7<&-
front=$pid
mkdir -p above/inside
said=$("$NEEVFS" -o "$options" above/inside 2>&1)
processes above/inside
mv above elsewhere
ok 'the directory above is renamed: it answers' answers elsewhere/inside
kill -TERM "$(pgrep -f -x "$NEEVFS -o $options above/inside")"
ok 'and is unmounted where it is' wait_for unmounted "$work/elsewhere/inside"
pid=$front
ok 'the one in the foreground' ends TERM
if [ -c /dev/full ]; then
	start -o "$base,token_file=$work/token,log=/dev/full" "$point"
	is 'a log on a full disk' "$status $(answers && echo yes)" '0 yes'
	kill -KILL "$pid"
	ok 'a log on a full disk: the mount point is freed' wait_for unmounted "$point"
	wait_for ended
fi
(ulimit -f 1 && head -c 1000 /dev/zero >small && exec "$NEEVFS" -f -o "$base,token_file=$work/token,log=$work/small" "$point") >/dev/null 2>&1 &
pid=$!
echo $pid >>pids
wait_for answers
ok 'a log that may not grow: a change' write 3 "$point/project/aimodels/chat-llama/replicas"
kill -HUP "$pid"
ok 'a log that may not grow: it answers' answers
ok 'a log that may not grow: it ends' ends TERM
finish
