#!/bin/bash
# The command itself: starting, refusing to start, ending; the options; the network gone.
. "$(dirname "$0")/lib.sh" || exit 1

cloud_up --speed 0
advance 100
cd "$work" || exit 1
mkdir mnt other
point=$work/mnt

daemon_of() { # MOUNT POINT: the pid of the daemon that was started with it last on its command line
	local at words
	for at in /proc/[0-9]*; do
		mapfile -d '' -t words 2>/dev/null <"$at/cmdline" || continue
		[ ${#words[@]} -gt 1 ] && [[ ${words[0]} == *neevfs ]] && [ "${words[-1]}" = "$1" ] && echo "${at#/proc/}" && return
	done
	return 1
}
# Starts neevfs in the background as a user does: status, said, and pid of what stays.
start() { # ARGUMENT…
	said=$("$NEEVFS" "$@" 2>&1 </dev/null)
	status=$?
	pid=$(daemon_of "${*: -1}") && echo "$pid" >>"$work/pids"
}
stop() {
	"$NEEVFS" umount "$point" && wait_for gone "$pid"
	pid=
}
mounted() { awk -v at="$1" '$2 == at {found = 1} END {exit !found}' /proc/self/mounts; }
unmounted() { ! mounted "$1"; }
base=api_base=$url,org=org-demo,project=prj-demo

echo '# help and version'
is '-h' "$("$NEEVFS" -h | head -c 14) $?" 'usage: neevfs  0'
is '--help names all commands' "$("$NEEVFS" --help | grep -cE '^ +neevfs (--sandbox|umount|login|logout|status|doctor) ')" 6
is '--help fits a screen' "$("$NEEVFS" --help | awk 'length > 80 { wide++ } END { print NR < 24, wide + 0 }')" '1 0'
is '--help options has every option' "$("$NEEVFS" --help options | grep -cE '^  (api_base|token_file|token_command|org|project|ttl|ttl_list|deadline|parallel|allow|ca_file|proxy|log|log_level) ')" 14
is '-V' "$("$NEEVFS" -V | grep -cE '^neevfs [0-9]+\.[0-9]+')" 1
if [ -c /dev/full ]; then
	for command in --help --version status; do
		said=$("$NEEVFS" $command 2>&1 >/dev/full)
		is "$command to a full disk" "$? $said" '1 neevfs: standard output could not be written'
	done
fi
is '--version' "$("$NEEVFS" --version)" "$("$NEEVFS" -V)"

echo '# refusing to start'
refuses() { # NAME STATUS WORDS ARGUMENT…: in the environment of the moment
	local name=$1 expected=$2 words=$3
	shift 3
	start "$@"
	is "$name: status" "$status" "$expected"
	has "$name: why" "$said" "$words"
	hasnt "$name: no token is shown" "$said" secretsecret "$token"
	if mounted "$point"; then
		failed "$name" 'it is mounted all the same'
		stop
	fi
}
refuses 'no token' 1 'no token' -o "$base" "$point"
NEEV_API_KEY=sk-nc-secretsecret refuses 'only an inference key' 1 'inference key' -o "$base" "$point"
NEEV_API_TOKEN='pat-nc secretsecret' refuses 'a token with a blank' 1 'token' -o "$base" "$point"
export NEEV_API_TOKEN=$token
refuses 'no mount point' 2 'no mount point' -o "$base"
refuses 'too many' 2 'too many' -o "$base" a b "$point"
refuses 'unknown option' 2 'unknown option: tll' -o "$base,tll=3" "$point"
refuses 'unknown flag' 2 'unknown option' -q "$point"
refuses 'unknown long flag' 2 'unknown option' --quick "$point"
refuses 'an option without its value' 2 'needs a value' -o "$base,ttl" "$point"
refuses 'a token on the command line' 2 'not taken from the command line' -o "$base,token=pat-nc-secretsecret" "$point"
refuses 'a number that is none' 2 'ttl=soon' -o "$base,ttl=soon" "$point"
refuses 'a number out of range' 2 'deadline=0' -o "$base,deadline=0" "$point"
refuses 'a flag of several' 2 'unknown option: -x' -fxd -o "$base" "$point"
refuses 'a number of the simulated cloud' 2 'instances=2.5' --sandbox -o instances=2.5 "$point"
refuses 'a project of the simulated cloud without its organisation' 2 'needs org=' --sandbox -o project=prj-demo "$point"
refuses 'allow=' 2 'allow=destroy' -o "$base,allow=destroy" "$point"
refuses 'a project without its organisation' 2 'needs org=' -o "api_base=$url,project=prj-demo" "$point"
for bad in ftp://127.0.0.1 nonsense http:// "http://u:secretsecret@127.0.0.1" http://api.example.com http://10.0.0.1:8080 "https://h/?x=1"; do
	refuses "api_base=$bad" 2 'URL' -o "api_base=$bad" "$point"
done
refuses 'a mount point that is missing' 1 'no such directory' -o "$base" "$work/nowhere"
mkdir near
refuses 'a source that is nearly a command' 2 "no command 'unmount'; did you mean 'umount'? A source of that name: -o fsname=unmount" -o "$base" unmount near
refuses 'a mount point that is nearly a command' 1 'no such directory, and no such command; did you mean status?' -o "$base" statsu
refuses 'one that is near to none' 1 'no such directory; make it first' -o "$base" foo
refuses 'a file as mount point' 1 'not a directory' -o "$base" "$work/url"
echo '# in the background'
export NEEV_API_TOKEN=$token
begin=$(now_ms)
start -o "$base,log=$work/log" "$point"
is 'it returns 0 and says nothing' "$status $said" '0 '
is 'and the mount answers' "$(resources "$point/project/aimodels")" 'chat-llama code-qwen draft-mistral'
echo "# started and answering after $(($(now_ms) - begin)) ms"
is 'it leads its own session' "$(ps -o sid= -p "$pid" | tr -d ' ')" "$pid"
if [ "$(id -u)" = 0 ]; then
	is 'it holds none of our descriptors' "$(readlink "/proc/$pid/fd/0" "/proc/$pid/fd/1" "/proc/$pid/fd/2" | sort -u)" /dev/null
else
	skip 'it holds none of our descriptors' 'it lets nobody but root look'
fi
is 'its type and name' "$(awk -v at="$point" '$2 == at {print $3, $1}' /proc/self/mounts)" 'fuse.neevfs neevfs'
hasnt 'no token in options, command line, environment' "$(cat "$point/.neevfs/options"; tr '\0' '\n' <"/proc/$pid/cmdline"; tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ")" "$token"
refuses_second() {
	start -o "$base" "$point"
	is 'a second mount there' "$status" 1
	has 'a second mount there: why' "$said" 'mounted there already'
}
first=$pid
refuses_second
pid=$first
is 'the first one is unharmed' "$(cat "$point/project/airuntimes/eval-01/name")" eval-01
ok 'umount' "$NEEVFS" umount "$point"
is 'it is gone' "$(mounted "$point" && echo still)" ''
ok 'the daemon ends' wait_for gone "$pid"
log=$work/log mounted=1 log_check "$work/log"
said=$("$NEEVFS" umount "$point" 2>&1)
is 'umount of what is not mounted' $? 1
has 'umount of what is not mounted: why' "$said" 'no neevfs is mounted there'
start -o "$base" "$point"
ok 'touch as the first call' touch "$point" # the kernel has not asked yet whose the root is
(cd "$point/project" && exec sleep 60) &
sleeper=$!
echo $sleeper >>"$work/pids"
ok 'somebody is inside' wait_for eval '[ "$(cat "/proc/$sleeper/comm")" = sleep ]'
said=$("$NEEVFS" umount "$point" 2>&1)
is 'umount all the same' $? 0
is 'it tells who keeps it' "$said" "neevfs: $point: detached, but still in use by sleep ($sleeper); until they leave it its daemon stays, if it is alive"
is 'its name is gone' "$(mounted "$point" && echo still)" ''
{ kill $sleeper; wait $sleeper; } 2>/dev/null
ok 'and the daemon when they have left' wait_for gone "$pid"
start -o "$base" "$point"
followed=()
for i in 1 2 3 4; do
	tail -n 1 -f "$point/project/airuntimes/events" >"$work/followed" 2>&1 &
	followed+=($!)
	echo $! >>"$work/pids"
	ok "the events are followed: $i" wait_for eval 'readlink "/proc/${followed[-1]}/fd/"* | grep -q "^$point/"'
done
said=$("$NEEVFS" umount "$point" 2>&1)
is 'umount with files open' $? 0
has 'of many some are told' "$said" 'in use by tail (' ' and others;'
{ kill "${followed[@]}"; wait "${followed[@]}"; } 2>/dev/null
ok 'the daemon ends when they are closed' wait_for gone "$pid"
start -o "$base" "$point"
kill -TERM "$pid"
ok 'SIGTERM ends it' wait_for gone "$pid"
is 'and the mount' "$(mounted "$point" && echo still)" ''
for signal in TERM INT; do
	"$NEEVFS" -f -o "$base" "$point" >"$work/front.log" 2>&1 &
	pid=$!
	echo $pid >>"$work/pids"
	wait_for mounted "$point"
	exec 7<"$point/project/airuntimes" 8<"$point/project/airuntimes/eval-01/info.json" # the kernel does not give these back
	kill -$signal $pid
	wait $pid
	is "SIG$signal in the foreground" "$? $(mounted "$point" && echo still)" '0 '
	exec 7<&- 8<&-
	log_check "$work/front.log"
done
start -o "$base" "$point"
kill -KILL "$pid"
wait_for gone "$pid"
start -o "$base" "$point"
is 'a dead mount of ours is mended by the next' "$status $(resources "$point/project/aimodels" 2>/dev/null | wc -w)" '0 3'
stop
ok 'SOURCE MOUNTPOINT -o' "$NEEVFS" 'my cloud' "$point" -o "$base,ro,nosuid,nodev,noauto,_netdev,x-systemd.automount"
pid=$(daemon_of "$base,ro,nosuid,nodev,noauto,_netdev,x-systemd.automount") && echo "$pid" >>"$work/pids"
has 'SOURCE MOUNTPOINT -o: shown' "$(grep " $point " /proc/self/mounts)" 'my\040cloud' fuse.neevfs 'ro,' nosuid nodev
stop
start --sandbox -o instances=9,models=1,speed=0 "$point"
is '--sandbox' "$status $said $(resources "$point/project/airuntimes" | wc -w) $(resources "$point/project/aimodels" | wc -w)" '0  9 1'
own=$(sed -n 's/^api_base=//p' "$point/.neevfs/options")
stop
is 'its cloud ends with it' "$(wait_for eval '! curl -s -o /dev/null "$own/_sandbox/clock"' && echo gone)" gone
start -o "$base,fsname=a\\,allow_other\\\\,subtype=other" "$point"
is 'a comma in fsname' "$status $(awk -v at="$point" '$2 == at {print $3, $1, $4 ~ /allow_other/}' /proc/self/mounts)" '0 fuse.neevfs a,allow_other\134 0'
stop
mkdir 'with, blank'
start -o "$base" "$work/with, blank"
is 'a mount point with a blank and a comma' "$status $(resources "$work/with, blank/project/aimodels" | wc -w)" '0 3'
"$NEEVFS" umount "$work/with, blank"

echo '# tokens'
unset NEEV_API_TOKEN
refuses 'a token file that is missing' 1 "$work/token" -o "$base,token_file=$work/token" "$point"
printf 'pat-nc-sandbox\n' >token
chmod 644 token
refuses 'a token file that others can read' 1 "chmod 600 $work/token" -o "$base,token_file=$work/token" "$point"
printf 'sk-nc-secretsecret\n' >token.key
chmod 600 token.key
refuses 'a token file with an inference key' 1 'inference' -o "$base,token_file=$work/token.key" "$point"
chmod 600 token
start -o "$base,token_file=$work/token" "$point"
chmod 644 token
touch "$point"
fails 'opened to others while it is mounted' EKEYEXPIRED ls "$point/project/airuntimes"
has 'opened to others: what to do' "$(cat "$point/project/airuntimes/.error")" "chmod 600 $work/token"
chmod 600 token
touch "$point"
is 'the same file, mended' "$(cat "$point/project/airuntimes/eval-01/status")" Running
stop
NEEV_API_TOKEN=pat-nc-anotherone start -o "$base,token_file=$work/token" "$point"
is 'token_file on the command line over NEEV_API_TOKEN' "$(cat "$point/project/airuntimes/eval-01/status" 2>&1)" Running
stop
start -o "$base,token_file=$work/token" "$point"
is 'token_file' "$(cat "$point/project/airuntimes/eval-01/status")" Running
hasnt 'token_file: not shown' "$(cat "$point/.neevfs/options")" "$token"
printf 'pat-nc-anotherone\n' >token.new
chmod 600 token.new
mv token.new token
touch "$point"
fails 'another token in the file' EKEYEXPIRED ls "$point/project/airuntimes"
has 'another token: why' "$(cat "$point/.neevfs/errors")" EKEYEXPIRED 'HTTP 401'
hasnt 'another token: not shown' "$(cat "$point/.neevfs/errors")" anotherone
(umask 077 && printf 'pat-nc-sandbox\n' >token.new && mv token.new token)
WAIT=60 becomes 'and the right one again' Running cat "$point/project/airuntimes/eval-01/status"
stop
start -o "$base,token_command=echo pat-nc-sandbox; echo more" "$point"
is 'token_command' "$status $(cat "$point/project/airuntimes/eval-01/status")" '0 Running'
stop

echo '# where options come from'
export NEEV_API_TOKEN=$token
mkdir -p "$XDG_CONFIG_HOME/neevfs"
config=$XDG_CONFIG_HOME/neevfs/config
shown() { sed -n "s/^$1=//p" "$point/.neevfs/options" | paste -sd ' '; }
printf '%s\n' '# a comment' '' "  api_base = http://127.0.0.1:9  " "org=org-file" 'project = prj-file' 'ttl_list = 11' 'ttl_item=12' 'parallel =7' >"$config"
start "$point"
is 'the file' "$status $(shown api_base) $(shown org) $(shown project) $(shown ttl_list) $(shown parallel)" '0 http://127.0.0.1:9 org-file prj-file 11 7'
stop
NEEVFS_API_BASE=http://127.0.0.1:10 NEEV_ORG_ID=org-env NEEV_PROJECT_ID=prj-env start "$point"
is 'the environment over the file' "$status $(shown api_base) $(shown org) $(shown project) $(shown ttl_item)" '0 http://127.0.0.1:10 org-env prj-env 12'
stop
NEEVFS_API_BASE=http://127.0.0.1:10 NEEV_ORG_ID=org-env NEEV_PROJECT_ID=prj-env start -o "$base,ttl_list=13" "$point"
is 'the command line over both' "$status $(shown api_base) $(shown org) $(shown project) $(shown ttl_list) $(shown ttl_item)" "0 $url org-demo prj-demo 13 12"
is 'it works' "$(readlink "$point/project") $(resources "$point/project/aimodels" | wc -w)" 'orgs/org-demo/projects/prj-demo 3'
stop
start -o "$base,project=prj-empty,project=org-two/prj-two" "$point"
is 'lists add up' "$status $(resources "$point/orgs" "$point/orgs/org-demo/projects" "$point/orgs/org-two/projects")" \
	'0 org-demo org-two prj-demo prj-empty prj-two'
stop
for line in 'ttl = soon' 'unknown = 1' 'token = pat-nc-secretsecret'; do
	printf '%s\n' '# fine' "$line" >"$config"
	refuses "config line '$line'" 2 "$config, line 2: " -o "$base" "$point"
done
printf 'org = org-file\nproject = prj-file\nallow = none\n' >"$config"
start --sandbox "$point"
is 'the simulated cloud does not read the config file' "$(resources "$point/project/airuntimes" | wc -w) $(grep -c '^allow=create' "$point/.neevfs/options")" '6 1'
stop
rm "$config"

echo '# what is not granted'
start -o "$base,ro" "$point"
before=$(changes)
for command in 'mkdir "$point/project/airuntimes/new"' 'rmdir "$point/project/airuntimes/eval-01"' 'write 5 "$point/project/aimodels/chat-llama/replicas"' 'mv "$point/project/airuntimes/eval-01" "$point/project/airuntimes/x"'; do
	fails "ro: ${command%% *}" EROFS eval "$command"
done
is 'ro: reading' "$(cat "$point/project/aimodels/chat-llama/replicas")" 2
is 'ro: modes' "$(stat -c %a "$point/project/airuntimes/" "$point/project/aimodels/chat-llama/replicas" | paste -sd ' ')" '500 400'
stop
start -o "$base,allow=none" "$point"
fails 'allow=none: mkdir' EROFS mkdir "$point/project/airuntimes/new"
fails 'allow=none: rmdir' EROFS rmdir "$point/project/airuntimes/eval-01"
fails 'allow=none: scale' EROFS write 5 "$point/project/aimodels/chat-llama/replicas"
has 'allow=none: why' "$(cat "$point/.neevfs/errors")" EROFS 'allow='
is 'allow=none: modes' "$(stat -c %a "$point/project/aimodels/" "$point/project/aimodels/chat-llama/replicas" | paste -sd ' ')" '700 600'
rm -rf "$point/project/airuntimes/eval-01" 2>/dev/null
hasnt 'allow=none: rm -rf is not told of a rmdir' "$(cat "$point/.neevfs/errors")" deletes
fails 'allow=none: and a rmdir after it is not granted either' EROFS rmdir "$point/project/airuntimes/eval-01"
stop
start -o "$base,allow=scale" "$point"
fails 'allow=scale: mkdir' EROFS mkdir "$point/project/airuntimes/new"
fails 'allow=scale: rmdir' EROFS rmdir "$point/project/airuntimes/eval-01"
is 'nothing of that was sent' "$(changes)" "$before"
ok 'allow=scale: scale' write 3 "$point/project/aimodels/chat-llama/replicas"
stop
start -o "$base,allow=create:delete" "$point"
ok 'allow=create:delete: mkdir' mkdir "$point/project/airuntimes/new"
fails 'allow=create:delete: scale' EROFS write 4 "$point/project/aimodels/chat-llama/replicas"
stop

echo '# the network is gone'
start -o "api_base=http://127.0.0.1:9,org=org-demo,project=prj-demo" "$point"
is 'it starts' "$status $said" '0 '
begin=$(now_ms)
is 'the root' "$(ls "$point" | wc -l)" 6
ok 'df' df "$point"
has 'README' "$(cat "$point/README.txt")" neevfs
fails 'a read' EHOSTUNREACH cat "$point/project/airuntimes/eval-01/status"
fails 'a listing' EHOSTUNREACH ls "$point/project/airuntimes"
is 'all that at once' "$([ $(($(now_ms) - begin)) -lt 15000 ] && echo yes)" yes
has '.error' "$(cat "$point/project/airuntimes/.error")" EHOSTUNREACH airuntimes
has '.neevfs/errors' "$(cat "$point/.neevfs/errors")" EHOSTUNREACH
fails 'mkdir' EHOSTUNREACH mkdir "$point/project/airuntimes/new"
stop

echo '# waiting'
mount_up -o ttl=3000
cat "$runtimes/eval-01/status" >/dev/null
reset
fault '{"operation":"listDeployedAIModels","delay_ms":40000,"times":0}'
for signal in INT KILL; do
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp("cat", ["cat", sys.argv[1]])' "$models/chat-llama/status" 2>/dev/null &
	reader=$!
	echo $reader >>"$work/pids"
	becomes 'a reader waits' 1 sed -n 's/^neevfs_fs_waiting_calls //p' "$m/.neevfs/stats"
	becomes 'it was asked for' 1 requests listDeployedAIModels
	begin=$(now_ms)
	is 'a cached read meanwhile' "$(cat "$runtimes/eval-01/status") $(resources "$runtimes" | wc -w)" 'Running 6'
	is 'at once' "$([ $(($(now_ms) - begin)) -lt 9000 ] && echo yes)" yes
	begin=$(now_ms)
	{ kill -$signal $reader; wait $reader; } 2>/dev/null
	is "SIG$signal ends the reader at once" "$([ $(($(now_ms) - begin)) -lt 9000 ] && echo yes || echo "$(($(now_ms) - begin)) ms")" yes
done
is 'both shared one request' "$(counted)" 'listDeployedAIModels=1'
faults_end
begin=$(now_ms)
mount_down
is 'unmounting does not wait for it' "$([ $(($(now_ms) - begin)) -lt 9000 ] && echo yes)" yes

mount_up -o deadline=4
reset
fault '{"operation":"listAIRuntimes","delay_ms":30000,"times":0}'
begin=$(now_ms)
fails 'a read beyond its deadline' ETIMEDOUT cat "$runtimes/eval-01/status"
took=$(($(now_ms) - begin))
is 'a read beyond its deadline: after it' "$([ $took -ge 3900 ] && [ $took -lt 15000 ] && echo yes || echo "$took ms")" yes
has 'a read beyond its deadline: why' "$(cat "$m/.neevfs/errors")" ETIMEDOUT
faults_end
cat "$models/chat-llama/replicas" >/dev/null
fault '{"operation":"scaleDeployedAIModel","delay_ms":8000,"times":0}'
fails 'a change beyond its deadline' ETIMEDOUT write 6 "$models/chat-llama/replicas"
has 'a change beyond its deadline: why' "$(cat "$models/chat-llama/.error")" ETIMEDOUT 'Verdict: unknown'
mkdir "$runtimes/late"
fault '{"operation":"createAIRuntime","delay_ms":8000,"times":0}'
fails 'a create beyond its deadline' EINPROGRESS write "$spec_runtime" "$runtimes/late/spec.json"
has 'a create beyond its deadline: why' "$(cat "$runtimes/late/.error")" EINPROGRESS 'Verdict: unknown'
touched() { touch "$runtimes" && cat "$runtimes/late/status"; }
becomes 'it was carried out, and a listing shows it' Pending touched
is 'a PUT, perhaps repeated, and one POST' "$(changes | sed 's/=[123]$/=some/')" 'createAIRuntime=1 scaleDeployedAIModel=some'
finish
