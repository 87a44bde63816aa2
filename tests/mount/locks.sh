#!/bin/bash
# Who waits for the cloud in a directory holds nobody else up there: neither the look-ups of others, nor the end of who is killed.
. "$(dirname "$0")/lib.sh" || exit 1

cloud_up
mount_up -o deadline=20
count=8
ls "$models" >/dev/null
reset
fault '{"operation":"listAIRuntimes","delay_ms":15000,"times":0}'

waiters=()
for ((i = 0; i < count; i++)); do # each asks for a name of its own, so that no two wait for one entry of the kernel's cache
	cat "$runtimes/name-$i/status" >/dev/null 2>&1 &
	waiters+=($!)
	echo $! >>"$work/pids"
done
disown "${waiters[@]}"
becomes 'they wait for one listing' 1 requests listAIRuntimes
# Only root may see where they wait; for others it shows by the kill alone.
behind() { # PATTERN: how many of them are in such a function of the kernel
	local at n=0
	for at in "${waiters[@]}"; do
		grep -qE "$1" "/proc/$at/stack" 2>/dev/null && n=$((n + 1))
	done
	echo $n
}
if [ "$(id -u)" = 0 ]; then
	becomes 'each for an answer to its own look-up' $count behind 'request_wait_answer|__fuse_simple_request|__fuse_request_send'
	is 'none for a lock' "$(behind 'fuse_lock_inode|rwsem_down|mutex_lock')" 0
fi
begin=$(now_ms)
kill -KILL "${waiters[@]}"
all_gone() {
	local at
	for at in "${waiters[@]}"; do
		kill -0 "$at" 2>/dev/null && return 1
	done
	return 0
}
ok 'all are gone' wait_for all_gone
took=$(($(now_ms) - begin))
is 'at once' "$([ $took -lt 10000 ] && echo yes || echo "$took ms")" yes
is 'a known name of another collection meanwhile' "$(cat "$models/chat-llama/replicas")" 2
is 'still one request' "$(counted)" listAIRuntimes=1
faults_end
finish
