#!/bin/bash
# kill -9 of the daemon at each system call between the user's call and its answer, of a create, a scale and a delete; and a journal that the
# disk does not take. The next mount knows what is true, and what a script then repeats is never carried out twice.
#
#   tests/mount/kill.sh [STEP]     every STEP-th system call of a create, each fourth of these of a scale and a delete; 1: every one
#
# Each kill has a cloud and a state directory of its own, so that the requests counted are its own.
step=${1:-1}
BOUND=${BOUND:-1200}
. "$(dirname "$0")/lib.sh" || exit 1
AT_ONCE=4

# A tracer is a test's only way to stop a process at a certain call.
cannot() {
	if [ -n "${CI-}" ]; then
		echo "FAIL kill.sh: $1, and CI expects it"
		exit 1
	fi
	echo "SKIP kill.sh: $1"
	exit 77
}
command -v strace >/dev/null || cannot 'there is no strace'
command -v jq >/dev/null || cannot 'there is no jq'

# ---- one kill: all below runs in a subshell, in a directory of its own ----

# What it starts is known to the script's own end too.
trap 'cat "$work"/at-*/pids >>"$work/pids" 2>/dev/null; cleanup' EXIT

apart() { # NAME
	work=$work/at-$1
	mkdir "$work"
	export XDG_STATE_HOME=$work/state
	journal=$XDG_STATE_HOME/neevfs/journal
	echo "$BASHPID" >"$work/pids"
	cloud_up --speed 0 --instances 3 --models 3
	advance 100
	mount_up -o deadline=8
}

apart_end() {
	mount_down
	cloud_down
	rm -f "$work/pids" # these numbers may soon be others'
}

waits() { # in its system call, seen by strace
	[ -s "$work/trace" ] && [ -n "$(tail -c 1 "$work/trace")" ]
}

# Returns when strace has the daemon, idle. It must not hold a file of the mount: its own end would wait for the daemon, which it holds.
attach() { # OPTION…
	strace -f -o "$work/trace" "$@" -p "$pid" 2>"$work/tracer" 8>&- &
	tracer=$!
	echo $tracer >>"$work/pids"
	wait_for waits
}

detach() {
	kill "$tracer" 2>/dev/null
	wait "$tracer" 2>/dev/null
}

# What a verb needs before it is called, and the call. What was opened before is not part of what is traced.
job=job-1 # not `name`, which the checks of lib.sh have for themselves
declare -A operation=([create]=createOrgAIRuntimeTemplate [scale]=scaleDeployedAIModel [delete]=deleteAIRuntime)
declare -A method=([create]=POST [scale]=PUT [delete]=DELETE)
prepare() { # VERB
	case $1 in
	create)
		mkdir "$templates/$job"
		exec 8>"$templates/$job/spec.json"
		;;
	scale) exec 8>"$models/chat-llama/replicas" ;;
	delete) ls "$runtimes/eval-01" >/dev/null ;;
	esac
}
call() { # VERB
	case $1 in
	create) printf '%s\n' "$spec_template" >&8 ;;
	scale) echo 3 >&8 ;;
	delete) rmdir "$runtimes/eval-01" ;;
	esac
}

# What the cloud has.
truth() { # VERB
	case $1 in
	create) api "$templates_api" | jq --arg name "$job" '[.data[] | select(.name == $name)] | length' ;;
	scale) api "$models_api?limit=100" | jq -r '.items[] | select(.name == "chat-llama") | "\(.status) \(.replicas)"' ;;
	delete) api "$runtimes_api?limit=100" | jq -r '.data[] | select(.name == "eval-01").status' ;;
	esac
}
is_truth() { # VERB VALUE
	[ "$(truth "$1")" = "$2" ]
}
declare -A carried_out=([create]=1 [scale]='initializing 2' [delete]=Terminating)

open_records() {
	[ ! -e "$journal" ] || awk -F'\t' '$4 == "pending" {open[$2]} $4 ~ /^(done|failed|absent)$/ {delete open[$2]} split($0, by, " ") == 2 && by[1] == "settled" {delete open[by[2]]} END {for (n in open) print n}' "$journal"
}

# Of which name and occurrence each system call is, from the one that takes the request to the one that answers it.
points() {
	awk '
		{ name = $2; sub(/\(.*/, "", name) }
		name ~ /^[a-z_0-9]+$/ { at[++n] = name " " ++seen[name] }
		name == "read" && !fuse { fuse = $2 }
		!first && $2 == fuse && /= [1-9][0-9]*$/ { first = n }
		name == "writev" { last = n }
		END { for (i = first; first && i <= last; i++) print at[i] }' "$work/trace"
}

# The daemon is gone, and nobody unmounts. What stands in $work/err is what the caller heard.
mourn() {
	exec 8>&- 2>/dev/null
	kill -KILL "$pid" 2>/dev/null # it lives if it answered before it came to that system call
	wait_for gone "$pid"
	wait "$tracer" 2>/dev/null
	fusermount3 -u -q -z -- "$m"
}

script_repeats() { # as one that was told "already" would: until it is settled
	local end=$((SECONDS + 20))
	while mkdir -p "$templates/$job" && ! write "$spec_template" "$templates/$job/spec.json"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done 2>"$work/repeat"
}

is_free() {
	! ls "$templates" | grep -qx "$job"
}

after_create() {
	local record
	record=$(open_records)
	if [ $sent = 1 ]; then
		ok 'it was written down before it was sent' grep -q "pending.*$job" "$journal"
	fi
	mount_up -o deadline=8
	ls "$templates" >"$work/listed"
	if [ $there = 1 ]; then
		becomes 'the next mount shows it' Inactive cat "$templates/$job/status"
	elif [ -n "$record" ]; then
		is 'a draft in doubt stands for it' "$(grep -cx "$job" "$work/listed")" 1
		has 'it says why' "$(cat "$templates/$job/.error")" 'not sent again' 'Verdict: unknown'
		fails 'a create under it' EALREADY write "$spec_template" "$templates/$job/spec.json"
		echo "settled $record" >>"$journal"
		ok 'settled by hand, the name is free' wait_for is_free
	else
		is 'nothing stands for it' "$(grep -cx "$job" "$work/listed")" 0
	fi
	is 'the next mount sends nothing' "$(requests createOrgAIRuntimeTemplate)" $sent
	ok 'a script repeats it' script_repeats
	is 'in the end: one POST, one template' "$(requests createOrgAIRuntimeTemplate) $(truth create)" '1 1'
	is 'and nothing is open' "$(open_records)" ''
}

after_scale() {
	mount_up -o deadline=8
	is 'the next mount shows what is true' "$(cat "$models/chat-llama/status" "$models/chat-llama/replicas" | paste -sd ' ')" "$(truth scale)"
	is 'and sends nothing' "$(requests scaleDeployedAIModel)" $sent
	ok 'a script repeats it' write 3 "$models/chat-llama/replicas"
	is 'at most one PUT for each' "$([ "$(requests scaleDeployedAIModel)" -le 2 ] && echo so)" so
	advance 15
	refresh
	is 'in the end' "$(cat "$models/chat-llama/status" "$models/chat-llama/replicas" | paste -sd ' ') $(truth scale)" 'ready 3 ready 3'
}

after_delete() {
	mount_up -o deadline=8
	is 'the next mount shows what is true' "$(cat "$runtimes/eval-01/status")" "$(truth delete)"
	is 'and sends nothing' "$(requests deleteAIRuntime)" $sent
	if [ $there = Terminating ]; then
		fails 'a script repeats it' EALREADY rmdir "$runtimes/eval-01"
	else
		ok 'a script repeats it' rmdir "$runtimes/eval-01"
	fi
	is 'in the end: one DELETE' "$(requests deleteAIRuntime) $(truth delete) $(cat "$runtimes/eval-01/status")" '1 Terminating Terminating'
}

point() { # VERB SYSCALL OCCURRENCE
	local verb=$1 heard status there sent
	apart "$1-$2-$3"
	prepare "$verb"
	disown "$pid" # its end is no news
	attach -e "inject=$2:signal=KILL:when=$3"
	call "$verb" 2>"$work/err"
	status=$?
	heard=$(sed 's/.*: //' "$work/err")
	if [ $status = 0 ]; then
		heard=answered
	else
		is 'the caller hears of it' "$(grep -cE 'Transport endpoint is not connected|Software caused connection abort|No such device' "$work/err")" 1
	fi
	mourn
	sent=$(grep -cE "sendto\([0-9]+, \"${method[$verb]} .*= [1-9]" "$work/trace")
	[ "$sent" = 0 ] || wait_for is_truth "$verb" "${carried_out[$verb]}"
	there=$(truth "$verb")
	is "the cloud saw what was sent" "$(requests "${operation[$verb]}")" "$sent"
	if [ $status = 0 ]; then
		is 'what was answered is so' "$sent $there" "1 ${carried_out[$verb]}"
	fi
	echo "row $verb $sent $(requests "${operation[$verb]}") ${there// /,} $heard"
	after_"$verb"
	echo "end $verb $(requests "${operation[$verb]}") $(truth "$verb")"
	apart_end
}

# ---- a journal that is not on the disk ----

unkept() { # INJECTION ERRNO
	local log_also="lines before this that could not be written: [0-9]+\$" # the one about the failure
	apart "unkept-${1//[!A-Za-z]/-}"
	mkdir "$templates/$job"
	attach -e "inject=$1"
	fails "$1" "$2" write "$spec_template" "$templates/$job/spec.json"
	detach
	has "$1: why" "$(cat "$templates/$job/.error")" "$journal" 'Verdict: nothing was changed.'
	is "$1: nothing was sent" "$(changes)" none
	is "$1: nothing is open" "$(open_records)" ''
	ok "$1: and then it works" write "$spec_template" "$templates/$job/spec.json"
	is "$1: one POST" "$(changes) $(truth create)" 'createOrgAIRuntimeTemplate=1 1'
	apart_end
}

# ---- all of them ----

# How the calls go if nobody kills.
(
	apart traced-create
	attach
	detach
	apart_end
) >"$work/first" 2>&1
[ -s "$work/at-traced-create/trace" ] || cannot "strace may not attach: $(tail -n 1 "$work/at-traced-create/tracer")"
for verb in create scale delete; do
	(
		rm -rf "$work/at-traced-$verb"
		apart "traced-$verb"
		prepare "$verb"
		attach
		call "$verb" || echo "FAIL $verb: it cannot be traced"
		detach
		exec 8>&-
		points >"$work/points"
		apart_end
	) >"$work/traced" 2>&1
	cp "$work/at-traced-$verb/points" "$work/points-$verb"
	is "$verb: it can be traced" "$(grep '^FAIL' "$work/traced")$([ "$(wc -l <"$work/points-$verb")" -gt 20 ] && echo so)" so
done

planned=()
begin=$SECONDS
for verb in create scale delete; do
	each=$step
	[ $verb = create ] || [ "$step" = 1 ] || each=$((step * 4))
	i=0
	while read -r syscall occurrence; do
		[ $((i++ % each)) = 0 ] && planned+=("point $verb $syscall $occurrence")
	done <"$work/points-$verb"
done
for injection in fdatasync:error=EIO/EACCES fdatasync:error=ENOSPC/ENOSPC fsync:error=EIO/EACCES write:error=ENOSPC/ENOSPC flock:error=ENOLCK/EACCES; do
	planned+=("unkept ${injection/\// }")
done
lanes=()
for ((lane = 0; lane < AT_ONCE; lane++)); do
	(
		for ((i = lane; i < ${#planned[@]}; i += AT_ONCE)); do
			(${planned[i]}) >"$work/said-$i" 2>&1
		done
	) </dev/null &
	lanes+=($!)
done
wait "${lanes[@]}"

for i in "${!planned[@]}"; do
	wrong=$(grep -vE '^(ok|row|end) ' "$work/said-$i")
	if [ "$(tail -n 1 "$work/said-$i" | cut -c 1-3)" = 'ok ' ]; then
		is "${planned[i]}" "$wrong" ''
	else
		failed "${planned[i]}" "it did not come to its end: $wrong"
	fi
done
printf '%-8s %6s %6s %9s %10s %10s  %s\n' verb kills asked requests 'at kill' 'in the end' 'what the caller heard'
for verb in create scale delete; do
	cat "$work"/said-* | awk -v verb=$verb '
		$2 != verb { next }
		$1 == "row" { kills++; kill_requests += $4; $1 = $2 = $3 = $4 = $5 = ""; gsub(/^ +/, ""); heard[$0]++ }
		$1 == "end" { requests += $3; if (verb == "create") { things += $4; twice += $4 > 1 || $3 > 1 } }
		END {
			for (words in heard) said = said (said ? ", " : "") words " " heard[words]
			printf "%-8s %6d %6d %9d %10d %10s  %s\n", verb, kills, 2 * kills, requests, kill_requests, verb == "create" ? things : "-", said
			if (verb == "create") printf "%d creates, %d created twice\n", kills, twice
		}'
done
echo "# step $step: $((SECONDS - begin)) s"
finish
