#!/bin/bash
# ssh_config of a project: a real ssh reads it through the mount and logs in at a real sshd; what is hostile does nothing.
# The sshd is one of ours: on a port of the loopback, with keys of its own, ended by its own id.
BOUND=${BOUND:-170}
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin:$here/../../build/unpacked/usr/sbin # tests/run may have put sshd there
. "$here/lib.sh" || exit 1
needs ssh ssh-keygen sshd python3 jq

# ---- the server ----

port=$(free_ports 1)
ssh-keygen -q -t ed25519 -N '' -f "$work/host_key"
ssh-keygen -q -t ed25519 -N '' -f "$work/user_key"
cp "$work/user_key.pub" "$work/authorized"
cat >"$work/sshd_config" <<END
ListenAddress 127.0.0.1
Port $port
HostKey $work/host_key
PidFile none
AuthorizedKeysFile $work/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
END
# As root it wants an own user and /run/sshd: it gets them for itself alone. As anybody else it wants neither.
if [ "$(id -u)" = 0 ]; then
	cat >"$work/sshd" <<'END'
work=$1
shift
{ grep -v ^sshd: /etc/passwd; echo 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin'; } >"$work/passwd"
mount --bind "$work/passwd" /etc/passwd && mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/sshd && exec "$@"
END
	unshare -m bash "$work/sshd" "$work" "$(command -v sshd)" -D -e -f "$work/sshd_config" 2>"$work/sshd.log" </dev/null &
else
	"$(command -v sshd)" -D -e -f "$work/sshd_config" 2>"$work/sshd.log" </dev/null &
fi
sshd=$!
echo $sshd >>"$work/pids"
wait_for grep -q 'Server listening' "$work/sshd.log" || {
	echo "FAIL ssh.sh: sshd does not start: $(tail -n 3 "$work/sshd.log")"
	exit 1
}

# As a script would call it. What the user keeps about hosts is the test's; the home directory is not taken from HOME.
trust=accept-new
into() { # NAME COMMAND…
	# What is left out is looked for by name: not for long.
	RES_OPTIONS='attempts:1 timeout:1' ssh -F "$p/ssh_config" -o BatchMode=yes -o UserKnownHostsFile="$work/known" -o GlobalKnownHostsFile=/dev/null -o IdentityFile="$work/user_key" \
		-o IdentitiesOnly=yes -o StrictHostKeyChecking=$trust "$@" </dev/null
}

cloud_up --instances 6 --speed 0 --ssh "ssh -p $port $(id -un)@127.0.0.1"
advance 100 # none is in transition: what is kept is kept for 30 s
mount_up

echo '# ssh -F'
reset
is 'it logs in' "$(into eval-01 'echo "here as $(id -un)"' 2>"$work/said")" "here as $(id -un)"
is 'it says no more than that it learnt a key' "$(grep -v 'Permanently added' "$work/said")" ''
is 'what it costs: the listing, and a detail of each that runs' "$(counted)" 'getAIRuntime=5 listAIRuntimes=1'
is 'the host key is known by the instance, not by the address' "$(cut -d ' ' -f 1 "$work/known")" "neevcloud-$(cat "$runtimes/eval-01/id")"
is 'another one is another host' "$(into train-llama echo here 2>/dev/null; wc -l <"$work/known")" $'here\n2'
is 'a second time nothing is asked for' "$(into eval-01 echo again; counted)" $'again\ngetAIRuntime=5 listAIRuntimes=1'
is 'without a decision about the key it is not trusted' "$(trust=ask into notebook-asha true 2>&1 | tr -d '\r')" 'Host key verification failed.'
is 'one that does not run is unknown' "$(into finetune-mistral true 2>&1 | grep -c 'Could not resolve hostname')" 1
is 'a block for each that runs' "$(grep -c '^Host ' "$p/ssh_config")" 5
is 'whose, for whom' "$(stat -c '%a %u %F' "$p/ssh_config")" "400 $(id -u) regular file"
ok 'its size is true' size_true "$p/ssh_config"

echo '# not listed'
refresh
reset
is 'it is not in the directory' "$(ls -lA "$p" | grep -c ssh_config)" 0
is 'find does not meet it' "$(find "$p" -maxdepth 1 -name 'ssh*')" ''
is 'a look at the project costs nothing' "$(counted)" none

echo '# those that fail leave the others'
refresh
fault "{\"operation\":\"getAIRuntime\",\"nth\":2,\"times\":0,\"status\":403}"
is 'their places are taken by the reason' "$(grep -c '^Host ' "$p/ssh_config"; grep -cE '^# [a-z0-9-]+ is left out: ' "$p/ssh_config")" $'1\n4'
faults_end
is 'and they are there when they are well again' "$(grep -c '^Host ' "$p/ssh_config")" 5

echo '# hostile answers'
# ssh would start what stands in a ProxyCommand, a LocalCommand or a Match exec: each leaves a mark here.
id=$(cat "$runtimes/eval-01/id")
mark=$work/mark
for command in "ssh root@h; touch $mark" "ssh root@\$(touch $mark)" "ssh -oProxyCommand='touch $mark' root@h" "ssh -o ProxyCommand=x root@h" \
	"ssh root@h"$'\n'"ProxyCommand touch $mark" "ssh root@h"$'\n'"Match exec \"touch $mark\"" "ssh -oPermitLocalCommand=yes -oLocalCommand='touch $mark' u@h" \
	"ssh root@h"$'\r\n'"Host *" "ssh -J x@y root@h" "ssh -F $mark root@h" "ssh root@-oProxyCommand=x" "ssh 'root@h'" "ssh röt@h" "ssh root@h"$'\u2028'"Host *" \
	"ssh root@$(printf %10000s | tr ' ' h)"; do
	touch "$runtimes/eval-01"
	fault "$(jq -nc --arg command "$command" --arg id "$id" '{operation:"getAIRuntime",times:0,body:{id:$id,sshAccess:{directCommand:$command,proxyCommand:$command}}}')"
	shown=$(cat "$runtimes/eval-01/info.json" && cat "$p/ssh_config")
	faults_end
	name=$(printf %.60q "$command")
	is "$name: it is left out" "$(grep -c '^Host eval-01$' <<<"${shown#*# The GPU}")$(grep -c '^# eval-01 is left out: ' <<<"$shown")" 01
	is "$name: no other line is made" "$(sed '1,/^# Whether/d' <<<"$shown" |
		grep -vE '^(|# .* is left out: .*|Host [a-z0-9-]+|	(HostName 127\.0\.0\.1|Port [0-9]+|User [a-z0-9_-]+|HostKeyAlias neevcloud-[0-9a-f-]+))$')" ''
	into eval-01 true >/dev/null 2>&1 && failed "$name" 'ssh came in'
	[ ! -e "$mark" ] || failed "$name" 'it was run'
done
is 'the others are there' "$(into train-llama echo here)" here
mount_down
cloud_down

echo '# how long twenty take'
cloud_up --instances 22 --latency 1000 --speed 0
advance 100
mount_up
running=$(grep -lx Running "$runtimes"/*/status | wc -l)
from=$(now_ms)
blocks=$(grep -c '^Host ' "$p/ssh_config")
spent=$(($(now_ms) - from))
is "$running, with 1000 ms a request: $spent ms" "$blocks" "$running"
if [ $spent -lt $((running * 1000 / 2)) ]; then
	passed 'they are not asked for one after the other'
else
	failed 'they are not asked for one after the other' "$spent ms"
fi
mount_down
cloud_down
end_process $sshd
finish
