# What the tests of a mount in the background share: sourced after lib.sh. A cloud is up, and nothing is mounted yet.
#
# start ARGUMENT…   status, said, and the two processes: pid, keeper      stop      ended
# mounted PATH      unmounted PATH      stacked PATH      answers [MOUNT POINT]
# shellcheck shell=bash disable=SC2034
cloud_up --speed 0
advance 100
cd "$work" || exit 1
mkdir mnt
point=$work/mnt
dlog=$work/daemon.log
umask 077
printf '%s\n' "$token" >token
umask 022
base=api_base=$url,org=org-demo,project=prj-demo
options=$base,token_file=$work/token,log=$dlog

mounted() { # PATH, as the kernel has it; starts no process, as times are taken by it
	local mounts
	mapfile -t mounts </proc/self/mounts
	[[ ${mounts[*]} == *" $1 fuse.neevfs "* ]]
}
unmounted() { ! mounted "$1"; }
stacked() { awk -v at="$1" '$2 == at' /proc/self/mounts | wc -l; }
answers() { [ "$(cat "${1:-$point}/project/airuntimes/eval-01/name")" = eval-01 ]; }
same() { [ "$1" = "$2" ]; }

# The two processes of a mount in the background: pid, the daemon; keeper, its supervisor.
processes() { # MOUNT POINT
	local at words
	pid= keeper=
	for at in /proc/[0-9]*; do
		mapfile -d '' -t words 2>/dev/null <"$at/cmdline" || continue
		if [ ${#words[@]} -gt 1 ] && [[ ${words[0]} == *neevfs && ${words[-1]} == "$1" ]]; then
			pid=${at#/proc/}
		elif [ "${words[0]-}" = "neevfs: watches $(realpath -m "$1")" ]; then
			keeper=${at#/proc/}
		fi
	done
	[ -n "$pid" ] && [ -n "$keeper" ] && echo "$pid $keeper" >>"$work/pids"
}
start() { # ARGUMENT…: status, said, pid, keeper
	said=$("$NEEVFS" "$@" 2>&1 </dev/null)
	status=$?
	processes "${*: -1}"
}
ended() { gone "$pid" && gone "$keeper"; }
stop() {
	"$NEEVFS" umount "$point"
	wait_for ended
}
