# What the mount tests share. Sourced by each script; the script ends with `finish`.
#
#   NEEVFS=path/to/neevfs SANDBOX=path/to/neevfs-sandbox tests/mount/browse.sh
#
# cloud_up OPTION…    starts a simulated cloud: url           cloud_down
# mount_up OPTION…    mounts it in the foreground: m, pid     mount_down    (checks how it ended and what it said)
# is ok fails …       checks                                  wait_for      until a condition holds, bounded
# requests counted changes sent    what the cloud was asked           fault         what it shall do wrong
# needs TOOL…         or the script is skipped                free_ports    that nobody listens on
#
# Whatever a script starts it ends, also when it fails; nothing else is touched. A watchdog bounds the whole script.
# shellcheck shell=bash disable=SC2034
set -u
export LC_ALL=C TZ=UTC

: "${NEEVFS:?the path of neevfs}" "${SANDBOX:?the path of neevfs-sandbox}"
NEEVFS=$(realpath "$NEEVFS") SANDBOX=$(realpath "$SANDBOX")
if [ ! -c /dev/fuse ] || ! command -v fusermount3 >/dev/null; then
	echo "SKIP ${0##*/}: no /dev/fuse or no fusermount3"
	exit 77
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/neevfs-mount.XXXXXX")
mkdir "$work/home" "$work/config"
export HOME=$work/home XDG_CONFIG_HOME=$work/config XDG_STATE_HOME=$work/state XDG_RUNTIME_DIR=$work
unset NEEV_API_TOKEN NEEV_API_KEY NEEV_ORG_ID NEEV_PROJECT_ID NEEVFS_API_BASE
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
# A leak at the end is a finding too: what is left is freed in an orderly end.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

token=pat-nc-sandbox
scope=org=org-demo,project=prj-demo # of the mounts that follow; may be empty
checks=0 failures=0
url= cloud= m= pid= mounted=0 api_pages=

# ---- ending ----

# Ends one process of ours, by force if it does not go.
end_process() {
	local i
	kill "$1" 2>/dev/null || return 0
	for ((i = 0; i < 250; i++)); do
		! gone "$1" || return 0
		sleep 0.02
	done
	kill -KILL "$1" 2>/dev/null
}

# The mounts below $work, the innermost first: from the kernel's table, as they may be dead.
our_mounts() {
	awk -v below="$work/" 'index($2, below) == 1 {print $2}' /proc/self/mounts | sort -r
}

cleanup() {
	trap - EXIT HUP INT TERM
	local at
	{ # two messages about ended jobs are of no use here
		end_process "$watchdog"
		for at in $(cat "$work/pids" 2>/dev/null); do
			end_process "$at"
		done
		for at in $(our_mounts); do
			fusermount3 -u -q -z -- "$at"
		done
		wait
	} 2>/dev/null
	[ -z "$(our_mounts)" ] && rm -rf --one-file-system -- "$work" # never through a mount
}
trap cleanup EXIT
trap 'exit 130' HUP INT TERM

# If a call hangs, its mount is ended: the call then fails, and the script goes on to say so.
watch() {
	trap 'kill %1 2>/dev/null; exit' TERM
	sleep "${BOUND:-600}" &
	wait
	echo "FAIL ${0##*/}: not over after ${BOUND:-600} s" >&3
	local at
	for at in $(cat "$work/pids" 2>/dev/null); do
		kill -KILL "$at" 2>/dev/null
	done
	for at in $(our_mounts); do
		fusermount3 -u -q -z -- "$at"
	done
	kill -TERM "$1"
}
watch $$ 3>&1 >/dev/null 2>&1 </dev/null &
watchdog=$!

finish() {
	[ -z "$m" ] || mount_down
	[ -z "$url" ] || cloud_down
	echo "# ${0##*/}: $checks checks, $failures failures"
	[ "$failures" = 0 ] && [ ! -e "$work/failed" ]
	exit
}

# What the script cannot do without.
needs() { # TOOL…
	local tool
	for tool; do
		command -v "$tool" >/dev/null || {
			echo "SKIP ${0##*/}: no $tool"
			exit 77
		}
	done
}

# ---- checks ----

passed() {
	checks=$((checks + 1))
	echo "ok $checks $1"
}

failed() {
	checks=$((checks + 1)) failures=$((failures + 1))
	echo "FAIL $checks $1: $2"
	: >"$work/failed" # a subshell's count is lost
}

# A check that cannot be made here, with its reason.
skip() {
	echo "skip $1: $2"
}

# is NAME ACTUAL EXPECTED
is() {
	if [ "$2" = "$3" ]; then
		passed "$1"
	else
		failed "$1" "got '$2', expected '$3'"
	fi
}

# isnt NAME ACTUAL UNEXPECTED
isnt() {
	if [ "$2" != "$3" ]; then
		passed "$1"
	else
		failed "$1" "got '$2'"
	fi
}

# has NAME TEXT PART…: every part is in the text
has() {
	local name=$1 text=$2 part
	shift 2
	for part; do
		if [[ $text != *"$part"* ]]; then
			failed "$name" "'$part' is not in '$text'"
			return
		fi
	done
	passed "$name"
}

# hasnt NAME TEXT PART…
hasnt() {
	local name=$1 text=$2 part
	shift 2
	for part; do
		if [[ $text == *"$part"* ]]; then
			failed "$name" "'$part' is in '$text'"
			return
		fi
	done
	passed "$name"
}

# ok NAME COMMAND…: it succeeds and is silent on stderr
ok() {
	local name=$1 said status
	shift
	said=$("$@" 2>&1 >/dev/null)
	status=$?
	if [ $status = 0 ] && [ -z "$said" ]; then
		passed "$name"
	else
		failed "$name" "status $status, it said '$said'"
	fi
}

errno_words() {
	case $1 in
	EACCES) echo 'Permission denied' ;;
	EALREADY) echo 'Operation already in progress' ;;
	EBUSY) echo 'Device or resource busy' ;;
	ECANCELED) echo 'Operation canceled' ;;
	EDQUOT) echo 'Disk quota exceeded' ;;
	EEXIST) echo 'File exists' ;;
	EFBIG) echo 'File too large' ;;
	EHOSTUNREACH) echo 'No route to host' ;;
	EINPROGRESS) echo 'Operation now in progress' ;;
	EINVAL) echo 'Invalid argument' ;;
	EISDIR) echo 'Is a directory' ;;
	EKEYEXPIRED) echo 'Key has expired' ;;
	ENAMETOOLONG) echo 'File name too long' ;;
	ENOENT) echo 'No such file or directory' ;;
	ENOSPC) echo 'No space left on device' ;;
	ENOTDIR) echo 'Not a directory' ;;
	ENOTEMPTY) echo 'Directory not empty' ;;
	EPERM) echo 'Operation not permitted' ;;
	EPROTO) echo 'Protocol error' ;;
	ERANGE) echo 'Numerical result out of range' ;;
	EREMOTEIO) echo 'Remote I/O error' ;;
	EROFS) echo 'Read-only file system' ;;
	ETIMEDOUT) echo 'Connection timed out' ;;
	*) echo "($1 is missing in errno_words)" ;;
	esac
}

# fails NAME ERRNO COMMAND…: it fails, and its stderr has the errno's words; said is what it said
fails() {
	local name=$1 errno=$2 status words
	shift 2
	said=$("$@" 2>&1 >/dev/null)
	status=$?
	words=$(errno_words "$errno")
	if [ $status != 0 ] && [[ $said == *"$words"* ]]; then
		passed "$name: $errno"
	else
		failed "$name" "status $status, it said '$said', expected $errno"
	fi
}

# wait_for COMMAND…: polls until it succeeds; fails after WAIT seconds (30). No check by itself.
wait_for() {
	local end=$((SECONDS + ${WAIT:-30}))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}

# becomes NAME EXPECTED COMMAND…: its output becomes that, within WAIT seconds
becomes() {
	local name=$1 expected=$2 got end=$((SECONDS + ${WAIT:-30}))
	shift 2
	until got=$("$@" 2>/dev/null) && [ "$got" = "$expected" ]; do
		if [ $SECONDS -ge $end ]; then
			failed "$name" "got '$got', expected '$expected' within ${WAIT:-30} s"
			return
		fi
		sleep 0.02
	done
	passed "$name"
}

now_ms() {
	local now=$EPOCHREALTIME
	echo $((${now/./} / 1000))
}

# One write(2) of exactly this text. bash's own printf would write at each line feed.
put() {
	printf %s "$1" | dd bs=2M iflag=fullblock conv=notrunc of="$2" status=none
}

# What a shell does: open with O_TRUNC, write, close.
write() {
	printf '%s\n' "$1" >"$2"
}

# faulted NAME ERRNO LIMIT_MS REQUESTS COMMAND…: with that fault the command ends so, within that time, and the server
# was asked so often. ERRNO 0: it succeeds; REQUESTS is a number, LOW-HIGH, or "-" where nobody counts. Each is a row of
# the fault table, which tests/run prints: FAULT_TABLE is its file.
faulted() {
	local name=$1 errno=$2 limit_ms=$3 wanted=$4 before=0 from status words spent asked
	shift 4
	[ "$wanted" = - ] || before=$(asked)
	from=$(now_ms)
	said=$("$@" 2>&1 >/dev/null)
	status=$?
	spent=$(($(now_ms) - from))
	words=$(errno_words "$errno")
	if [ "$errno" = 0 ] && { [ $status != 0 ] || [ -n "$said" ]; }; then
		failed "$name" "status $status, it said '$said', expected success"
	elif [ "$errno" != 0 ] && { [ $status = 0 ] || [[ $said != *"$words"* ]]; }; then
		failed "$name" "status $status, it said '$said', expected $errno"
	else
		passed "$name: $errno"
	fi
	if [ $spent -le "$limit_ms" ]; then
		passed "$name: in time"
	else
		failed "$name: in time" "$spent ms, at most $limit_ms were allowed"
	fi
	asked=-
	if [ "$wanted" != - ]; then
		asked=$(($(asked) - before))
		if [ $asked -ge "${wanted%-*}" ] && [ $asked -le "${wanted#*-}" ]; then
			passed "$name: requests"
		else
			failed "$name: requests" "got $asked, expected $wanted"
		fi
	fi
	[ -z "${FAULT_TABLE-}" ] || printf '%s\t%s\t%s\t%s\n' "$name" "$errno" $spent "$asked" >>"$FAULT_TABLE"
}

# How many requests the server has counted: of the simulated cloud; a script with another server has its own.
asked() {
	control requests | jq .total
}

# ---- the simulated cloud ----

cloud_up() { # OPTION…
	: >"$work/url"
	"$SANDBOX" "$@" >"$work/url" 2>"$work/cloud.log" &
	cloud=$!
	echo $cloud >>"$work/pids"
	wait_for grep -q . "$work/url" || {
		echo "FAIL ${0##*/}: the simulated cloud does not start: $(cat "$work/cloud.log")"
		exit 1
	}
	cloud_at "$(head -n 1 "$work/url")"
}

cloud_at() { # URL
	url=$1
	gpu_api=$url/gpu/api/v1beta1
	runtimes_api=$gpu_api/orgs/org-demo/projects/prj-demo/airuntimes
	templates_api=$gpu_api/orgs/org-demo/airuntime-templates
	models_api=$url/aimodels/api/v1beta1/orgs/org-demo/projects/prj-demo/aimodels
}

cloud_down() {
	end_process "$cloud"
	wait "$cloud" 2>/dev/null
	url= cloud=
}

# What the API itself answers, past the mount. Counted by the cloud: reset or count before.
api() { # URL [curl's options]
	curl -sS --max-time 20 -H "Authorization: Bearer $token" "$@"
}

control() { # NAME [curl's options]
	local name=$1
	shift
	curl -sS --max-time 20 "$url/_sandbox/$name" "$@"
}

# requests OPERATION: how often it was called
requests() {
	control requests | jq -r --arg operation "$1" '.operations[$operation] // 0'
}

# Whether it was called so often.
sent() { # OPERATION [COUNT]
	[ "$(requests "$1")" -ge "${2:-1}" ]
}

# All that was called: "listAIRuntimes=3 getAIRuntime=1", by name; "none"
counted() {
	control requests | jq -r '[.operations | to_entries[] | select(.value > 0) | "\(.key)=\(.value)"] | sort | join(" ") | if . == "" then "none" else . end'
}

# The same of all that is no GET: what could cost money.
changes() {
	control requests | jq -r '[.operations | to_entries[] | select(.value > 0 and (.key | test("^(list|get)") | not)) | "\(.key)=\(.value)"] | sort | join(" ") | if . == "" then "none" else . end'
}

# What changes the cloud's ways says so itself if it fails: what it was meant for would fail elsewhere, or not at all.
cloud_tell() { # NAME [curl's options]
	control "$@" -f -o /dev/null || failed "$*" "curl's status is $?"
}

# Counts to zero; faults end too.
reset() {
	cloud_tell reset -X POST
}

fault() { # JSON: for the next requests that match
	cloud_tell faults -d "$1"
}

faults_end() {
	cloud_tell faults -X DELETE
}

advance() { # SECONDS of the simulated clock
	cloud_tell advance -d "{\"seconds\":$1}"
}

# Ports of the loopback that nobody has just now.
free_ports() { # NUMBER
	python3 -ESc 'import socket, sys
all = [socket.socket() for i in range(int(sys.argv[1]))]
for s in all: s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in all])' "$1"
}

# ---- the mount ----

mount_up() { # OPTION…
	local source="api_base=$url${scope:+,$scope}"
	mounted=$((mounted + 1))
	m=$work/m$mounted log=$work/log$mounted
	mkdir "$m"
	NEEV_API_TOKEN=$token "$NEEVFS" -f -o "$source" "$@" "$m" >"$log" 2>&1 </dev/null &
	pid=$!
	echo $pid >>"$work/pids"
	p=$m/orgs/org-demo/projects/prj-demo
	runtimes=$p/airuntimes models=$p/aimodels templates=$m/orgs/org-demo/templates
	wait_for mountpoint -q "$m" || {
		echo "FAIL ${0##*/}: the mount does not start: $(cat "$log")"
		exit 1
	}
}

# Unmounts. The daemon must end by itself, with 0, and must have said nothing but its notices.
mount_down() {
	local status kept=
	fusermount3 -u -- "$m" 2>"$work/umount" || {
		failed 'umount' "$(cat "$work/umount")"
		fusermount3 -u -q -z -- "$m"
	}
	wait_for gone "$pid" || kept=$(kill -KILL "$pid"; keeper)
	wait "$pid"
	status=$?$kept
	is "the daemon of mount $mounted ends" "$status" 0
	log_check "$log"
	rmdir "$m"
	m= pid=
}

# Whose mount namespace still has the mount: made by somebody while it was there, and its daemon cannot end before that does.
keeper() {
	grep -Fls " $m " /proc/[0-9]*/mounts | sed 's,.*,: it is still mounted by \0,' | head -n 1
}

gone() { # PID; one that nobody has waited for yet is gone too: whose child a background process becomes may take its time
	local stat
	! read -r stat 2>/dev/null <"/proc/$1/stat" || [[ ${stat##*) } = Z* ]]
}

# Every line of a log is one of the notices, or about a service that is down; a sanitizer's report is none.
log_check() { # LOG; log_also: what it may have said besides
	local odd
	odd=$(grep -Ev "^[0-9-]{10}T[0-9:]{8}Z (mounted at |(create|scale|delete|notify) .*: |service [a-z]+ is (down: .*|back)$|[^ ]+: unmounted\$${log_also:+|$log_also})" "$1")
	is "mount $mounted says nothing unasked" "${odd:0:3000}" ''
}

# Gives a mount with -o token_file=$work/token another token, which the cloud takes: after a 401 it asks no more with the one before.
tokens=0
another_token() {
	tokens=$((tokens + 1))
	control tokens -d "{\"also\":\"pat-nc-another-$tokens\"}" -o /dev/null
	(umask 077 && printf 'pat-nc-another-%s\n' $tokens >"$work/token.new" && mv "$work/token.new" "$work/token")
}

# Forgets all that the mount has cached, and returns when that is so.
refresh() {
	touch "$m" || failed 'refresh' "status $?"
}

# ---- files ----

# The resources, or groups of them, in collections: the directories.
resources() { # DIRECTORY…
	find "$@" -mindepth 1 -maxdepth 1 -type d ! -name '.*' -printf '%f\n' | sort | paste -sd ' '
	return "${PIPESTATUS[0]}"
}

size_true() { # FILE: its size is what is read of it
	[ "$(stat -c %s "$1")" = "$(wc -c <"$1")" ]
}

# The specs that the simulated cloud accepts.
spec_runtime='{"region":"in-west-1","templateID":"tpl-ubuntu","gpuConfigID":"nvidia-l40s-48gb","gpuCount":1,"planId":"gpu-l40s-on-demand-1h"}'
spec_model='{"catalog_id":"meta-llama-Llama-3.1-8B-Instruct","region":"in-west-1","gpu_config_id":"nvidia-l40s-48gb","gpu_count":1,"plan_id":"gpu-l40s-on-demand-1h"}'
spec_template='{"description":"An image of ours","image":"ghcr.io/demo-labs/ours:v1","category":"LLM"}'
