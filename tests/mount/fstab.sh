#!/bin/bash
# mount(8), umount(8) and fstab(5), as root and as a user. In a mount namespace of its own, whose /etc/fstab and /usr/local/bin are ours.
if [ "${1-}" != inside ]; then
	. "$(dirname "$0")/lib.sh" || exit 1
	as_root() {
		if [ "$(id -u)" = 0 ]; then
			"$@"
		else
			sudo -n "$@"
		fi
	}
	if ! as_root unshare --mount true 2>/dev/null || [ ! -e /etc/fstab ] || [ ! -x /sbin/mount.fuse3 ]; then
		echo "SKIP ${0##*/}: it needs root, a mount namespace, /etc/fstab and mount.fuse3"
		exit 77
	fi
	cloud_up --speed 0
	chmod 755 "$work" # others pass
	mkdir "$work/bin" "$work/inside"
	ln -s "$NEEVFS" "$work/bin/neevfs"
	user=$(id -u)
	[ "$user" != 0 ] || user=65534
	as_root env NEEVFS="$NEEVFS" SANDBOX="$SANDBOX" ASAN_OPTIONS="$ASAN_OPTIONS" TMPDIR="$work/inside" URL="$url" OUTSIDE="$work" OTHER="$user" \
		unshare --mount --propagation private bash "$(realpath "$0")" inside
	status=$?
	is 'all of that' $status 0
	finish
fi

. "$(dirname "$0")/lib.sh"
cloud_at "$URL"
chmod 755 "$work"
cd "$work" || exit 1
mount --bind "$OUTSIDE/bin" /usr/local/bin && : >"$work/fstab" && mount --bind "$work/fstab" /etc/fstab || exit 1
other() { setpriv --reuid "$OTHER" --regid "$OTHER" --clear-groups env HOME="$work/theirs" XDG_STATE_HOME= XDG_CONFIG_HOME= XDG_RUNTIME_DIR= "$@"; }

daemons() { # those of this namespace
	local at here
	here=$(readlink /proc/self/ns/mnt)
	for at in /proc/[0-9]*; do
		[ "$(readlink "$at/ns/mnt")" = "$here" ] && [ "$(readlink "$at/exe")" = "$NEEVFS" ] && echo "${at#/proc/}"
	done 2>/dev/null
}
# Remembers what is to be ended, and says what is mounted.
mounted() { # POINT
	daemons >>"$work/pids"
	awk -v at="$work/$1" '$2 == at {print $3, $1}' /proc/self/mounts
}
ended() { [ -z "$(daemons)" ]; }
mkdir one auto theirs theirs/point
(umask 077 && echo "$token" >token && cp token theirs/token)
chown -R "$OTHER" theirs
base=api_base=$url,$scope

echo '# mount -t fuse.neevfs'
ok 'mount -t fuse.neevfs' mount -t fuse.neevfs 'my cloud' "$work/one" -o "$base,token_file=$work/token"
is 'its type and label' "$(mounted one)" 'fuse.neevfs my\040cloud'
is 'it answers' "$(cat one/project/airuntimes/eval-01/status)" Running
said=$(mount -t fuse.neevfs 'my cloud' "$work/one" -o "$base,token_file=$work/token" 2>&1)
is 'mount once more: status' $? 1
has 'mount once more: why' "$said" 'mounted there already'
ok 'umount' umount "$work/one"
ok 'umount: the daemon ends' wait_for ended
said=$(mount -t fuse.neevfs neev "$work/one" -o "$base,tll=3" 2>&1)
is 'a wrong option: status' $? 2
has 'a wrong option: why' "$said" 'unknown option: tll'

echo '# a line of fstab'
cat >fstab <<END
neev $work/one fuse.neevfs noauto,_netdev,nofail,user,x-systemd.automount,comment=ours,$base,token_command=echo\040$token 0 0
my\040cloud $work/auto fuse.neevfs ro,_netdev,nofail,$base,token_file=$work/token 0 0
label $work/theirs/point fuse.neevfs noauto,user,_netdev,$base,token_file=$work/theirs/token 0 0
END
ok 'mount MOUNTPOINT' mount "$work/one"
is 'mount MOUNTPOINT: its type and label' "$(mounted one)" 'fuse.neevfs neev'
is 'mount MOUNTPOINT: it answers' "$(cat one/project/airuntimes/eval-01/status)" Running
is 'mount MOUNTPOINT: /run/mount has no token' "$(grep -c "$token" /run/mount/utab 2>/dev/null || true)" 0
ok 'umount MOUNTPOINT' umount "$work/one"
ok 'umount MOUNTPOINT: the daemon ends' wait_for ended
ok 'mount -a' mount -a -t fuse.neevfs
is 'mount -a: not noauto' "$(mounted one)" ''
is 'mount -a: the others' "$(mounted auto)" 'fuse.neevfs my\040cloud'
fails 'mount -a: ro' EROFS mkdir auto/project/airuntimes/new
ok 'umount -a' umount -a -t fuse.neevfs
ok 'umount -a: the daemon ends' wait_for ended

# Who has x-systemd.automount: systemd waits at the mount point, and lets pass only what it has started itself to mount there.
echo '# under an automount'
cat >automount.py <<'END'
import ctypes, os, subprocess, sys

point, libc, MNT_DETACH = sys.argv[1], ctypes.CDLL(None), 2
os.setpgid(0, 0)
asked, ask = os.pipe()
options = "fd=%d,pgrp=%d,minproto=5,maxproto=5,direct" % (ask, os.getpid())
if libc.mount(b"automount", point.encode(), b"autofs", 0, options.encode()):
    sys.exit(77)
os.set_blocking(asked, False)
status = -1
try:
    status = subprocess.run(["mount", point], timeout=15).returncode
    print("status %d" % status)
    if os.read(asked, 1000):
        print("and the automount was asked for it")
except BlockingIOError:
    pass
finally:
    if status:  # nobody would answer to whoever comes by
        libc.umount2(point.encode(), MNT_DETACH)
END
said=$(python3 automount.py "$work/one" 2>&1)
if [ $? = 77 ]; then
	skip 'mount MOUNTPOINT' 'there is no autofs'
else
	is 'mount MOUNTPOINT' "$said" 'status 0'
	is 'it is mounted over it' "$(mounted one | paste -sd ' ')" 'autofs automount fuse.neevfs neev'
	is 'it answers' "$(cat one/project/airuntimes/eval-01/status)" Running
	is 'its processes have left that process group' "$(daemons | xargs ps -o pid=,sid= -p | awk '$1 != $2')" ''
	ok 'umount MOUNTPOINT' umount "$work/one"
	ok 'umount MOUNTPOINT: the daemon ends' wait_for ended
	umount "$work/one"
fi

echo '# as a user'
ok 'mount MOUNTPOINT' other mount "$work/theirs/point"
is 'its type and label' "$(mounted theirs/point)" 'fuse.neevfs label'
has 'it is of that user, and noexec, nosuid, nodev' "$(grep " $work/theirs/point " /proc/self/mounts)" "user_id=$OTHER" noexec nosuid nodev
is 'it answers' "$(other cat theirs/point/project/airuntimes/eval-01/status)" Running
ok 'umount MOUNTPOINT' other umount "$work/theirs/point"
ok 'the daemon ends' wait_for ended

echo '# what fusermount3 is given'
printf '#!/bin/sh\nenv >%s/theirs/given\nexec %s/real "$@"\n' "$work" "$work" >helper
cp -p /usr/bin/fusermount3 real && chmod 755 helper && mount --bind helper /usr/bin/fusermount3
NEEV_API_TOKEN=pat-nc-unneeded ok 'mounted' other "$NEEVFS" -o "$base" theirs/point
NEEV_API_TOKEN=pat-nc-unneeded ok 'unmounted' other "$NEEVFS" umount theirs/point
ok 'the daemon ends' wait_for ended
has 'an environment' "$(cat theirs/given)" "HOME=$work/theirs"
hasnt 'without a token' "$(cat theirs/given)" unneeded
umount /usr/bin/fusermount3
finish
