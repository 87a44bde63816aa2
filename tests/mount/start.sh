#!/bin/bash
# Starting: several at once, odd environments and mount points, other users.
BOUND=${BOUND:-300}
. "$(dirname "$0")/lib.sh" || exit 1
. "$(dirname "$0")/background.bash"

echo '# starts that collide'
for ((round = 0; round < 3; round++)); do
	contenders=()
	for i in 1 2 3 4; do
		"$NEEVFS" -o "$options" "$point" >"start.$i" 2>&1 &
		contenders+=($!)
	done
	won=0
	for at in "${contenders[@]}"; do
		wait "$at" && won=$((won + 1))
	done
	processes "$point"
	is "round $round: of four one is mounted" "$won $(stacked "$point") $(answers && echo yes)" '1 1 yes'
	is "round $round: the others say so" "$(cat start.? | grep -c 'mounted there already')" 3
	if [ $round = 1 ]; then # the next find a dead one
		kill -KILL "$keeper"
		wait_for gone "$keeper"
		kill -KILL "$pid"
		wait_for gone "$pid"
	else
		stop
	fi
done
start -o "$options" "$point"
kill -STOP "$pid"
"$NEEVFS" -o "$options" "$point" >start.1 2>&1 &
refused=$!
ok 'a second start while the first does not answer is refused' wait_for gone $refused
has 'and says so' "$(cat start.1)" 'does not answer'
kill -CONT "$pid"
ok 'the first goes on' answers
stop

echo '# who waits for it is ended'
for signal in INT TERM HUP; do
	rm -f asked go
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$NEEVFS" -o "$base,token_command=echo \$\$ >asked; until [ -e go ]; do sleep 0.05; done; cat token" "$point" >start.1 2>&1 &
	waiting=$!
	echo $waiting >>"$work/pids"
	wait_for [ -s asked ]
	processes "$point"
	isnt "SIG$signal: it has begun a supervisor" "$keeper" ''
	kill -$signal $waiting
	wait $waiting 2>/dev/null
	is "SIG$signal ends it" $? $((128 + $(kill -l $signal)))
	ok "SIG$signal: and the token command that it waited for" wait_for gone "$(cat asked)"
	: >go
	processes "$point"
	is "SIG$signal: and all that it started" "$pid$keeper" ''
	is "SIG$signal: nothing is mounted later" "$(mounted "$point" && echo mounted)" ''
done

echo '# where it is started from'
"$NEEVFS" -o "$options" "$point" <&- >&- 2>&-
is 'with all streams closed' "$? $(answers && echo yes)" '0 yes'
processes "$point"
stop
mkdir fake
printf '#!/bin/sh\ntouch "%s/fooled"\nexit 0\n' "$work" >fake/fusermount3
chmod +x fake/fusermount3
cp fake/fusermount3 fake/umount
(export PATH=$work/fake SSLKEYLOGFILE=$work/keys http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 ALL_PROXY=http://127.0.0.1:9 all_proxy=http://127.0.0.1:9 TZ=:/nowhere LC_ALL=xx_YY XDG_CONFIG_HOME=relative XDG_STATE_HOME=relative XDG_RUNTIME_DIR=/nowhere TMPDIR=/nowhere
	unset HOME
	exec "$NEEVFS" -o "$options" "$point") >start.1 2>&1
is 'a hostile environment' "$? $(answers && echo yes)" '0 yes'
processes "$point"
PATH=$work/fake "$NEEVFS" umount "$point"
ok 'unmounted' wait_for ended
is 'no fake was run, no keys written' "$(ls -d fooled keys relative 2>&1 | grep -vc 'No such file')" 0
XDG_STATE_HOME=/proc/none start -o "$options" "$point"
is 'a state directory that cannot be: it starts' "$status $(answers && echo yes)" '0 yes'
stop
for files in 8 16 32; do
	(ulimit -n $files && exec "$NEEVFS" -o "$options" "$point") >start.1 2>&1 </dev/null
	status=$?
	processes "$point"
	if [ $status = 0 ]; then
		ok "with $files descriptors it is mounted: the root answers" test -f "$point/README.txt"
		stop
	else
		isnt "with $files descriptors it says why" "$(cat start.1)" ''
		is "with $files descriptors nothing is left" "$(mounted "$point" && echo mounted)" ''
	fi
done

echo '# mount points'
ln -s mnt link
ln -s "$work/link" link2
start -o "$options" link2
is 'a link to a link' "$status $(answers && echo yes)" '0 yes'
said=$("$NEEVFS" -o "$options" "$point" 2>&1)
has 'it is known by its real name' "$said" 'mounted there already'
ok 'and unmounted by the link' "$NEEVFS" umount link
ok 'it is gone' wait_for unmounted "$point"
mkdir 'a b' $'new\nline' 'comma,backslash\' -- -dash
for at in 'a b' $'new\nline' 'comma,backslash\' ./-dash mnt/; do
	before=$(our_mounts | wc -l)
	ok "'${at//$'\n'/?}'" "$NEEVFS" -o "$options" "$at"
	is "'${at//$'\n'/?}' answers" "$(answers "$at" && echo yes)" yes
	ok "'${at//$'\n'/?}' is unmounted" "$NEEVFS" umount "$at"
	is "'${at//$'\n'/?}': nothing is left" "$(our_mounts | wc -l)" "$before"
done
long=$work
for ((i = 0; i < 40 && ${#long} < 3800; i++)); do
	long+=/$(printf 'd%.0s' {1..250})
done
while [ ${#long} -lt 4090 ]; do
	long+=/$(printf '%.*s' $((4094 - ${#long} > 200 ? 200 : 4094 - ${#long})) "$(printf 'e%.0s' {1..200})")
done
mkdir -p "${long%/*}"
said=$("$NEEVFS" -o "$options" "$long" 2>&1)
has 'where a long path leads to nothing: why' "$said" ': no such directory'
mkdir "$long"
ok "a path of ${#long} bytes" "$NEEVFS" -o "$options" "$long"
is 'it answers' "$(cd "$long" && cat README.txt | grep -c . | sed 's/.*[1-9].*/yes/')" yes
ok 'it is unmounted' "$NEEVFS" umount "$long"
last_word() { tail -n 1 "$dlog" | grep -o ': unmounted$'; }
becomes 'and the log says so' ': unmounted' last_word # the daemon ends after it is unmounted
for hidden in token_file ca_file journal; do
	cp token mnt/inside
	said=$("$NEEVFS" -o "$options,$hidden=mnt/inside" "$point" 2>&1)
	is "a $hidden that the mount would hide: refused" "$? $said" "1 neevfs: $point: the mount would hide $point/inside; keep that elsewhere, or mount elsewhere"
	rm mnt/inside
done
ln -s mnt within
said=$(XDG_STATE_HOME=$work/within/no/such "$NEEVFS" -o "$options" "$point" 2>&1)
has 'a journal that is yet to be made, behind a link' "$said" "the mount would hide $work/within/no/such/neevfs/journal"
start -o "$options,journal=$work/mnt.journal" "$point"
is 'one beside it is not hidden' "$status $(answers && echo yes)" '0 yes'
stop
touch mnt/occupied
start -o "$options" "$point"
is 'a directory that is not empty: mounted over' "$status $(answers && echo yes)" '0 yes'
stop
is 'and there again afterwards' "$(ls mnt)" occupied
rm mnt/occupied

echo '# without the table of mounts'
if [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null; then
	start -o "$options" "$point"
	blind() { unshare --mount sh -c 'mount -t tmpfs none /proc && ASAN_OPTIONS=detect_leaks=0 exec "$@" 2>&1' sh "$NEEVFS" "$@"; }
	has 'umount' "$(blind umount "$point")" 'what is mounted cannot be told: is /proc mounted?'
	has 'status' "$(blind status)" 'what is mounted cannot be told: is /proc mounted?'
	ok 'the mount goes on' answers
	stop
else
	skip 'without the table of mounts' 'it needs root and a mount namespace'
fi

echo '# other users'
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 711 "$work"
	as() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }
	start -o "$options" "$point"
	fails 'another user cannot enter' EACCES as ls "$point"
	is 'its root is closed' "$(stat -c %a "$point")" 500
	stop
	start -o "$options,allow_other" "$point"
	is 'allow_other: may read' "$(as cat "$point/project/airuntimes/eval-01/status")" Running
	secret=$(find "$point/project/airuntimes/eval-01/" -type f -perm 0400 2>/dev/null | head -n 1)
	isnt 'there are credentials' "$secret" ''
	fails 'allow_other: not the credentials' EACCES as cat "$secret"
	fails 'allow_other: not the options, which have commands' EACCES as cat "$point/.neevfs/options"
	fails 'allow_other: may not scale' EACCES as sh -c 'echo 5 >"$1"' sh "$point/project/aimodels/chat-llama/replicas"
	fails 'allow_other: may not create' EACCES as mkdir "$point/project/airuntimes/theirs"
	stop
	mkdir plain home.plain
	chown 65534:65534 plain home.plain
	cp token home.plain/token
	chown 65534 home.plain/token
	plain() { HOME=$work/home.plain XDG_STATE_HOME=$work/home.plain/state XDG_CONFIG_HOME= as "$NEEVFS" "$@"; }
	if plain_said=$(plain -o "$base,token_file=$work/home.plain/token,log=$work/home.plain/log" "$work/plain" 2>&1); then
		processes "$work/plain"
		is 'a plain user mounts' "$(as cat "$work/plain/project/airuntimes/eval-01/status")" Running
		said=$("$NEEVFS" -o "$options" "$work/plain" 2>&1)
		has 'root does not mount over it' "$said" 'of the user 65534'
		kill -KILL "$pid"
		ok 'a plain user: SIGKILL of the daemon frees the mount point' wait_for unmounted "$work/plain"
		wait_for ended
		plain -o "$base,token_file=$work/home.plain/token,log=$work/home.plain/log" "$work/plain"
		processes "$work/plain"
		kill -KILL "$keeper"
		wait_for gone "$keeper"
		kill -KILL "$pid"
		wait_for gone "$pid"
		said=$("$NEEVFS" -o "$options" "$work/plain" 2>&1)
		has 'a dead one of another user is not ours' "$said" 'of the user 65534'
		plain -o "$base,token_file=$work/home.plain/token,log=$work/home.plain/log" "$work/plain"
		processes "$work/plain"
		is 'its own user mends it' "$(as cat "$work/plain/project/airuntimes/eval-01/status")" Running
		kill -TERM "$keeper"
		ok 'SIGTERM to the supervisor of a plain user' wait_for ended
		is 'nothing is left' "$(mounted "$work/plain" && echo mounted)" ''
	else
		failed 'a plain user mounts' "$plain_said"
	fi
else
	skip 'other users' 'not root, or no setpriv'
fi
finish
