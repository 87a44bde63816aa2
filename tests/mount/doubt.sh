#!/bin/bash
# A create whose answer is lost: the write tells the truth if a listing can, nothing is sent twice, and the next mount knows.
. "$(dirname "$0")/lib.sh" || exit 1

journal=$XDG_STATE_HOME/neevfs/journal
cloud_up --speed 0 --instances 0
advance 100
mount_up -o deadline=20 # the look that tells comes after 1 to 2 s
cd "$work" || exit 1
printf '%s\n' "$spec_runtime" >spec.json
n=0
there() { # NAME: how many of that name the cloud has
	api "$runtimes_api?limit=100" | jq --arg name "$1" '[.data[] | select(.name == $name)] | length'
}
mount_kill() { # as a crash would end it
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	fusermount3 -u -z -- "$m"
}
records() { # STATE: how many
	awk -F'\t' -v state="$1" '$4 == state {n++} END {print n + 0}' "$journal"
}

echo '# carried out, and the answer lost: the truth is looked up'
for case in '"status":504,"commit":true' '"drop":"after"' '"cut":20' '"status":200,"body":"what?","commit":true' '"status":201,"body":{"id":"x","name":"y"},"commit":true'; do
	name=lost-$((++n))
	mkdir "$runtimes/$name"
	reset
	fault "{\"operation\":\"createAIRuntime\",$case,\"times\":0}"
	ok "POST with $case" write "$spec_runtime" "$runtimes/$name/spec.json"
	is "$case: it is there" "$(cat "$runtimes/$name/status")" Pending
	is "$case: one POST, one instance" "$(requests createAIRuntime) $(there $name)" '1 1'
	is "$case: .error" "$(cat "$runtimes/$name/.error")" ''
	ok "$case: applied again" write "$spec_runtime" "$runtimes/$name/spec.json"
	is "$case: still one POST" "$(requests createAIRuntime)" 1
	rmdir "$runtimes/$name"
	advance 10
	refresh
done
is 'the journal: mode' "$(stat -c %a "$journal")" 600
is 'the journal: each was begun' "$(records pending)" 5
is 'the journal: each was settled' "$(records done)" 5

echo '# not carried out, and nobody can say so yet'
mount_down
mount_up -o deadline=5 # each waits for it
declare -A cases=([doubt-a]='"status":500' [doubt-b]='"status":503' [doubt-c]='"drop":"before"')
for name in doubt-a doubt-b doubt-c; do
	reset
	mkdir "$runtimes/$name"
	fault "{\"operation\":\"createAIRuntime\",${cases[$name]},\"times\":0}"
	fails "POST with ${cases[$name]}" EINPROGRESS write "$spec_runtime" "$runtimes/$name/spec.json"
	fails "$name: again" EALREADY write "$spec_runtime" "$runtimes/$name/spec.json"
	has "$name: the reason" "$(cat "$m/.neevfs/errors")" "$name/spec.json: EINPROGRESS" 'not sent again' 'Verdict: unknown whether'
	fails "$name: rmdir" EBUSY rmdir "$runtimes/$name"
	fails "$name: rename" EBUSY mv "$runtimes/$name" "$runtimes/$name-else"
	is "$name: its text stays" "$(cat "$runtimes/$name/spec.json")" "$spec_runtime"
	is "$name: one POST" "$(requests createAIRuntime)" 1
	faults_end
done

echo '# it turns up late'
jq '{name: "doubt-a"} + .' spec.json | api "$runtimes_api" -d @- -o /dev/null
refresh
is 'a listing shows it' "$(cat "$runtimes/doubt-a/status")" Pending
WAIT=60 becomes 'and settles it' 6 records done

echo '# the next mount knows'
for how in TERM KILL; do
	if [ $how = TERM ]; then
		mount_down
	else
		mount_kill
	fi
	mount_up -o deadline=30
	reset
	is "SIG$how: the drafts in doubt are back" "$(ls "$runtimes" | grep -c '^doubt-[bc]$')" 2
	has "SIG$how: the reason" "$(cat "$runtimes/doubt-b/.error")" 'doubt-b/spec.json: EINPROGRESS' 'not sent again' 'Verdict: unknown whether'
	fails "SIG$how: a create under it" EALREADY write "$spec_runtime" "$runtimes/doubt-b/spec.json"
	fails "SIG$how: mkdir" EEXIST mkdir "$runtimes/doubt-b"
	is "SIG$how: nothing was sent" "$(changes)" none
done

echo '# another mount of the same user knows too'
first_m=$m
second=$work/second
mkdir "$second"
NEEV_API_TOKEN=$token "$NEEVFS" -o "api_base=$url,$scope" "$second"
fails 'a create under it' EALREADY write "$spec_runtime" "$second${runtimes#"$first_m"}/doubt-b/spec.json"
mkdir "$second${runtimes#"$first_m"}/fresh" "$runtimes/fresh"
fault '{"operation":"createAIRuntime","delay_ms":9000}'
write "$spec_runtime" "$runtimes/fresh/spec.json" &
writer=$!
becomes 'the POST is under way' 1 requests createAIRuntime
fails 'the same create by the other mount' EALREADY write "$spec_runtime" "$second${runtimes#"$first_m"}/fresh/spec.json"
wait $writer
is 'the create' $? 0
is 'one POST' "$(requests createAIRuntime)" 1
"$NEEVFS" umount "$second"

echo '# settled by hand'
number=$(awk -F'\t' '$4 == "pending" && $NF == "doubt-b" {print $2}' "$journal" | sort -n | tail -1)
ok 'its record has a number' test -n "$number"
echo "settled $number" >>"$journal"
listed_doubts() {
	ls "$runtimes" | grep -c '^doubt-b$' || :
}
WAIT=60 becomes 'the name is free' 0 listed_doubts
mkdir "$runtimes/doubt-b"
ok 'and can be used' write "$spec_runtime" "$runtimes/doubt-b/spec.json"
is 'its status' "$(cat "$runtimes/doubt-b/status")" Pending
is 'one instance' "$(there doubt-b)" 1

echo '# without a journal nothing is sent'
mount_down
mount_up -o journal=/dev/null/journal
reset
mkdir "$runtimes/unwritten"
fails 'a journal that cannot be made' EACCES write "$spec_runtime" "$runtimes/unwritten/spec.json"
has 'the reason' "$(cat "$runtimes/unwritten/.error")" /dev/null/journal 'Verdict: nothing was changed'
is 'no POST' "$(changes)" none
has 'the log says it at the start' "$(cat "$log")" /dev/null/journal
log=/dev/null
mount_down
sed -i '3s/.$/X/' "$journal"
mount_up
mkdir "$runtimes/unwritten"
fails 'a journal that is damaged' EBUSY write "$spec_runtime" "$runtimes/unwritten/spec.json"
has 'the reason' "$(cat "$runtimes/unwritten/.error")" "$journal" damaged 'Verdict: nothing was changed'
is 'no POST' "$(changes)" none
has 'the log says it at the start' "$(cat "$log")" damaged
log=/dev/null
finish
