#!/bin/bash
# Other users of this machine: what they see and can change with allow_other, and what of the daemon they can look into.
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ]; then
	echo "SKIP ${0##*/}: only root can become another user"
	exit 77
fi
chmod 755 "$work"
become=(setpriv --reuid 65534 --regid 65534 --clear-groups)
other() { "${become[@]}" "$@"; }
cloud_up

echo '# allow_other'
mount_up -o allow_other
reset
has 'permissions are the kernel'\''s to check' "$(grep " $m " /proc/self/mounts)" default_permissions allow_other
is 'they look around' "$(other cat "$runtimes/eval-01/status")" Running
for secret in airuntimes/eval-01/{info.json,spec.json,uiAccess/password,uiAccess/proxyUrl,uiAccess/directUrl,sshAccess/directCommand,sshAccess/proxyCommand} aimodels/chat-llama/{info.json,spec.json,endpoint_url} ssh_config; do
	fails "they do not read $secret" EACCES other cat "$p/$secret"
done
fails 'they do not scale' EACCES other bash -c 'echo 3 > "$1"' bash "$models/chat-llama/replicas"
fails 'they do not make drafts' EACCES other mkdir "$runtimes/theirs"
fails 'they do not delete' EACCES other rmdir "$runtimes/eval-01"
fails 'they do not put files beside' EACCES other touch "$runtimes/eval-01/theirs"
mkdir "$runtimes/mine"
write '{' "$runtimes/mine/notes"
fails 'they do not write to drafts' EACCES other bash -c 'echo "$2" > "$1"' bash "$runtimes/mine/spec.json" "$spec_runtime"
fails 'they do not change scratch files' EACCES other bash -c 'echo x >> "$1"' bash "$runtimes/mine/notes"
rm -r "$runtimes/mine"
is 'nothing was changed' "$(changes)" none
mount_down

echo '# of a user, the daemon'
mkdir "$work/point" "$work/state"
(umask 077 && echo "$token" >"$work/token")
chown 65534:65534 "$work/point" "$work/token" "$work/home" "$work/state"
NEEV_API_TOKEN=$token "${become[@]}" "$NEEVFS" -f -o "api_base=$url,$scope,journal=$work/state/journal" "$work/point" >"$work/log-user" 2>&1 </dev/null &
pid=$!
echo $pid >>"$work/pids"
wait_for other mountpoint -q "$work/point"
is 'it serves its user' "$(other cat "$work/point/project/airuntimes/eval-01/status")" Running
fails 'not even root enters' EACCES ls "$work/point"
is 'it leaves no core' "$(awk '/Max core file size/ {print $5, $6}' "/proc/$pid/limits")" '0 0'
for what in environ maps mem; do
	fails "another process of its user does not see its $what" EACCES other dd if="/proc/$pid/$what" of=/dev/null bs=1 count=1 status=none
done
fails 'nor its descriptors' EACCES other ls "/proc/$pid/fd"
line=$(tr '\0' ' ' <"/proc/$pid/cmdline") environment=$(tr '\0' ' ' <"/proc/$pid/environ")
has 'both can be read' "$line $environment" "$work/point" "HOME=$HOME"
hasnt 'its command line has no token' "$line" "$token"
hasnt 'nor has its environment' "$environment" "$token"
other fusermount3 -q -u "$work/point" || umount "$work/point" # where there is no /etc/mtab only root can
wait $pid
is 'it ends' $? 0
log_check "$work/log-user"
finish
