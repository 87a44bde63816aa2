#!/bin/bash
# Syslog: what a logger hears, and one that does not read. In a mount namespace of its own, whose /dev has a log of ours.
if [ "${1-}" != inside ]; then
	. "$(dirname "$0")/lib.sh" || exit 1
	if [ "$(id -u)" != 0 ] || ! unshare --mount true 2>/dev/null; then
		echo "SKIP ${0##*/}: it needs root and a mount namespace"
		exit 77
	fi
	cloud_up --speed 0
	URL=$url TMPDIR=$work unshare --mount --propagation private bash "$(realpath "$0")" inside
	is 'all of that' $? 0
	finish
fi

. "$(dirname "$0")/lib.sh"
cloud_at "$URL"
cd "$work" || exit 1
mkdir dev mnt
mount -t tmpfs none dev || exit 1
for device in fuse null zero full random urandom tty; do
	: >dev/$device && mount --bind /dev/$device dev/$device || exit 1
done
mount --rbind dev /dev && umount --recursive dev || exit 1
export NEEV_API_TOKEN=$token
options=api_base=$url,$scope,ttl=0,log_level=debug

cat >logger.py <<'END'
import os, socket, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
if sys.argv[1] == "reads":
    while True:
        os.write(1, log.recv(65536) + b"\n")
sys.stdin.read()
END
logger() { # reads | sleeps
	rm -f /dev/log
	python3 logger.py "$1" <&8 >>heard &
	logger=$!
	echo $logger >>"$work/pids"
	wait_for [ -S /dev/log ]
}
mkfifo held && exec 8<>held

echo '# a logger that reads'
logger reads
ok 'it starts' "$NEEVFS" -o "$options" mnt
is 'it answers' "$(cat mnt/project/airuntimes/eval-01/status)" Running
becomes 'the mount, as daemon.notice, with a time, a name and a pid' 1 grep -cE '^<29>[A-Z][a-z]{2} [ 0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9] neevfs\[[0-9]+\]: mounted at '"$work/mnt " heard
ok 'and requests, as daemon.debug' wait_for grep '^<31>.* GET ' heard
ok 'umount' "$NEEVFS" umount mnt
becomes 'the end' 1 grep -c "mnt: unmounted$" heard

echo '# a logger that does not'
logger sleeps
ok 'it starts' timeout 20 "$NEEVFS" -o "$options" mnt
for ((i = 0; i < 40; i++)); do # more than the kernel keeps for it (net.unix.max_dgram_qlen)
	cat mnt/project/airuntimes/eval-01/status
done >answers &
reader=$!
ok 'it answers all the same' wait_for gone $reader
kill $logger
wait $reader
is 'and rightly' "$(sort answers | uniq -c | awk '{print $1, $2}')" '40 Running'
ok 'umount' "$NEEVFS" umount mnt

echo '# none'
rm -f /dev/log
ok 'it starts' "$NEEVFS" -o "$options" mnt
logger reads
is 'it answers' "$(cat mnt/project/airuntimes/eval-01/status)" Running
becomes 'one that comes later hears how much it missed' 1 grep -cE 'lines before this that could not be written: [1-9]' heard
ok 'umount' "$NEEVFS" umount mnt
finish
