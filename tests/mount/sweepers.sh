#!/bin/bash
# What removes or moves whole trees deletes no resource, and what reads whole trees changes nothing. A plain rmdir deletes, once.
#
# Every sweeper runs in a session of its own: what an earlier one was refused does not protect from the next.
. "$(dirname "$0")/lib.sh" || exit 1

cloud_up --speed 0
advance 100
mount_up -o ttl=3000
cd "$work" || exit 1
mkdir empty elsewhere
git init -q --bare clean.git
form='%-32s %-10s %-4s %-7s %s\n'
# shellcheck disable=SC2059
printf "$form" sweeper of ends changes status >table

# Which resource of a kind is swept.
place() { # KIND
	case $1 in
	airuntimes) collection=$runtimes name=eval-01 deletion=deleteAIRuntime ;;
	aimodels) collection=$models name=chat-llama deletion=deleteDeployedAIModel ;;
	templates) collection=$templates name=team-vllm deletion=deleteOrgAIRuntimeTemplate ;;
	esac
}

# sweep NAME NEEDS ENDS SCRIPT [KIND…]: the script gets a resource's path, its collection and its name; it stands in the collection.
# ENDS: `ok` if the tool says nothing by its status, else `err`; then it was refused, and did not fail by itself before it came to that.
sweep() {
	local title=$1 needs=$2 ends=$3 script=$4 kind before did line
	shift 4
	[ $# -gt 0 ] || set -- airuntimes aimodels templates
	if ! command -v "$needs" >/dev/null; then
		skip "$title" "no $needs"
		return
	fi
	for kind; do
		place "$kind"
		before=$(cat "$collection/$name/status")
		reset
		did=ok
		(cd "$collection" && work=$work m=$m exec setsid -w bash -c "$script" sh "$collection/$name" "$collection" "$name") \
			>/dev/null 2>"$work/said" </dev/null || did=err
		line="$did $(changes) $(cat "$collection/$name/status" 2>/dev/null || echo gone)"
		# shellcheck disable=SC2059,SC2086
		printf "$form" "$title" "$kind" $line >>table
		is "$title, $kind" "$line" "$ends none $before"
		if [ "$did" = err ] && ! grep -Eq "$refused" "$work/said"; then
			failed "$title, $kind" "it was not refused, but said '$(head -c 1000 "$work/said")'"
		fi
		[ "$(changes)" = none ] || again
		chmod -R u+w elsewhere
		rm -rf elsewhere/*
	done
}

refused='Operation not permitted|Permission denied|Directory not empty|EPERM|EACCES|ENOTEMPTY|create trash directory'

# What a sweeper did delete is made again, for the next one.
again() {
	advance 10
	refresh
	mkdir "$collection/$name"
	write "$(cat "$kind.json")" "$collection/$name/spec.json"
	advance 40
	refresh
}
cat "$runtimes/eval-01/spec.json" >airuntimes.json
cat "$models/chat-llama/spec.json" >aimodels.json
cat "$templates/team-vllm/spec.json" >templates.json

# ---- of one resource ----

sweep 'rm -rf NAME' rm err 'rm -rf "$1"'
sweep 'rm -r NAME' rm err 'rm -r "$1"'
sweep 'rm -d NAME' rm err 'rm -d "$1"'
sweep 'rm -rf NAME/' rm err 'rm -rf "$3/"'
sweep 'rm -rf NAME, three times' rm err 'rm -rf "$1"; rm -rf "$1"; rm -rf "$1"'
sweep 'busybox rm -rf NAME' busybox err 'busybox rm -rf "$1"'
sweep 'find NAME -delete' find err 'find "$1" -delete'
sweep 'find -name NAME -delete' find err 'find "$2" -name "${1##*/}" -delete'
sweep 'rm or rmdir of each' busybox err 'busybox find "$1" -depth | while IFS= read -r each; do busybox rm -f "$each" || busybox rmdir "$each"; done'
sweep 'find NAME -exec rm -fd' find err 'find "$1" -depth -exec rm -fd {} +'
sweep 'shutil.rmtree' python3 err 'python3 -c "import shutil, sys; shutil.rmtree(sys.argv[1])" "$1"'
sweep 'shutil.rmtree, ignore_errors' python3 ok 'python3 -c "import shutil, sys; shutil.rmtree(sys.argv[1], ignore_errors=True)" "$1"'
sweep 'shutil.rmtree, onerror goes on' python3 ok 'python3 -c "import shutil, sys; shutil.rmtree(sys.argv[1], onerror=lambda *what: None)" "$1"'
sweep 'shutil.rmtree, onerror chmod' python3 err 'python3 -c "
import os, shutil, sys
def again(function, path, what):
    os.chmod(path, 0o700)
    function(path)
shutil.rmtree(sys.argv[1], onerror=again)" "$1"'
sweep 'perl rmtree' perl ok 'perl -MFile::Path=rmtree -e "rmtree(shift)" "$1"'
sweep 'perl remove_tree' perl ok 'perl -MFile::Path=remove_tree -e "remove_tree(shift)" "$1"'
sweep 'perl remove_tree, safe' perl ok 'perl -MFile::Path=remove_tree -e "remove_tree(shift, {safe => 1})" "$1"'
sweep 'gio trash' gio err 'gio trash "$1"'
sweep 'emacs delete-directory' emacs err 'emacs -Q --batch --eval "(delete-directory \"$1\" t)"'
sweep 'tar c --remove-files' tar err 'tar -cf "$work/elsewhere/a.tar" --remove-files "$3"'
sweep 'rsync --remove-source-files' rsync err 'rsync -a --remove-source-files "$1" "$work/elsewhere/"'
sweep 'mv to another filesystem' mv err 'mv "$1" "$work/elsewhere/"'
sweep 'busybox mv to another filesystem' busybox err 'busybox mv "$1" "$work/elsewhere/"'
sweep 'shutil.move elsewhere' python3 err 'python3 -c "import shutil, sys; shutil.move(sys.argv[1], sys.argv[2])" "$1" "$work/elsewhere/"'
sweep 'mv to another name' mv err 'mv "$1" "$2/other"'
sweep 'mv -f onto a draft' mv err 'mkdir other; mv -fT "$1" "$2/other"; did=$?; rmdir other; exit $did'

# ---- of a collection ----

sweep 'rm -rf COLLECTION' rm err 'rm -rf "$2"'
sweep 'rm -rf *' rm err 'rm -rf *'
sweep 'busybox rm -rf COLLECTION' busybox err 'busybox rm -rf "$2"'
sweep 'find . -delete' find err 'find . -delete'
sweep 'find . -type d -delete' find err 'find . -mindepth 1 -type d -delete'
sweep 'find . -type f -delete, -type d' find err 'find . -type f -delete; find . -mindepth 1 -type d -delete'
sweep 'shutil.rmtree of all' python3 ok 'python3 -c "import shutil, sys; shutil.rmtree(sys.argv[1], ignore_errors=True)" "$2"'
sweep 'perl remove_tree, keep_root' perl ok 'cd / && perl -MFile::Path=remove_tree -e "remove_tree(shift, {keep_root => 1})" "$2"'
sweep 'node fs.rmSync of all' node err 'node -e "fs.rmSync(process.argv[1], {recursive: true, force: true})" "$2"'
sweep 'git clean -fdx inside' git err 'git --git-dir="$work/clean.git" --work-tree="$2" clean -fdxq'
sweep 'git clean -ffdx around the mount' git err 'cd "$work" && git --git-dir="$work/clean.git" --work-tree="$work" clean -ffdxq -- "${m##*/}"'
sweep 'rsync -a --delete' rsync err 'rsync -a --delete "$work/empty/" "$2/"'
sweep 'rsync -r --delete --force' rsync err 'rsync -r --delete --force "$work/empty/" "$2/"'
sweep 'mv COLLECTION' mv err 'mv "$2" "$2-old"'
sweep 'mv COLLECTION elsewhere' mv err 'mv "$2" "$work/elsewhere/"'
sweep 'mv * elsewhere' mv err 'mv * "$work/elsewhere/"'
sweep 'rm -rf of the mount' rm err 'rm -rf "$m"/*' airuntimes

# ---- crawlers ----

echo '# crawlers'
crawl() { # NAME NEEDS SCRIPT: with the mount and a directory elsewhere
	if ! command -v "$2" >/dev/null; then
		skip "$1" "no $2"
		return
	fi
	refresh
	reset
	setsid -w bash -c "$3" sh "$p" "$work/elsewhere" >/dev/null 2>"$work/said" </dev/null
	is "$1" "$? $(changes) $(head -n 1 "$work/said")" '0 none '
	ok "$1: it did look" sent listAIRuntimes # once, or again for `events`, which wants a listing of the last 2 s
	chmod -R u+w elsewhere
	rm -rf elsewhere/*
}
crawl find find 'find "$1" -ls'
crawl 'ls -lR' ls 'ls -lR "$1"'
crawl 'grep -r' grep 'grep -r in-west-1 "$1"'
crawl du du 'du -a "$1"'
crawl 'tar c' tar 'tar -cf "$2/a.tar" -C "$1" .'
crawl 'rsync -a from it' rsync 'rsync -a "$1/" "$2/"'
crawl 'rsync -ac from it, again' rsync 'rsync -a "$1/" "$2/" && rsync -ac "$1/" "$2/"'
crawl 'cp -r to elsewhere' cp 'cp -r "$1" "$2/"'
crawl 'cp -a to elsewhere' cp 'cp -a "$1" "$2/"'
crawl 'git add of it' git 'git init -q "$2/tree" && cp -r "$1" "$2/tree/" && git -C "$2/tree" add .'

# ---- what is none ----

echo '# what deletes, or creates'
deletes() { # NAME COMMAND…: of a resource of each kind, and right after somebody else's sweep
	local title=$1 kind at
	shift
	if ! command -v "$1" >/dev/null; then
		skip "$title" "no $1"
		return
	fi
	for kind in airuntimes aimodels templates; do
		place "$kind"
		at=$collection/$name
		setsid -w find "$at" -delete 2>/dev/null
		reset
		ok "$title, $kind" setsid -w "$@" "$at"
		is "$title, $kind: one DELETE, no other change" "$(changes)" "$deletion=1"
		again
	done
}
deletes rmdir rmdir
deletes os.rmdir python3 -c 'import os, sys; os.rmdir(sys.argv[1])'
deletes 'gio remove' gio remove
deletes 'node fs.rmSync' node -e 'fs.rmSync(process.argv[1], {recursive: true})' # asks for the directory before it looks inside

echo '# in a pid namespace that was entered'
# The session's leader is outside of it: getsid(2) is 0 there, and a session that was begun inside is another all the same.
cat >entered.sh <<'END'
python3 -c 'import os; print(os.getsid(0))'
"$NEEVFS" -f -o "$1" "$2" >"$2.log" 2>&1 </dev/null &
until mountpoint -q "$2"; do
	kill -0 $! || exit
	sleep 0.02
done
at=$2/project/airuntimes/eval-01
rm -rf "$at" 2>/dev/null
rmdir "$at" 2>/dev/null
echo $?
setsid -w rmdir "$at"
echo $?
fusermount3 -u -- "$2"
wait
END
if [ "$(id -u)" = 0 ] && unshare --pid --fork true 2>/dev/null; then
	mkdir entered # in our mount namespace: another would keep what else is mounted here. So /proc has other pids, which leak checks cannot bear.
	reset
	is 'rmdir after rm -rf, and that of another session' \
		"$(NEEV_API_TOKEN=$token ASAN_OPTIONS=detect_leaks=0 timeout 60 unshare --pid --fork --kill-child bash entered.sh "api_base=$url,$scope" "$work/entered" 2>&1 | paste -sd ' ')" '0 1 0'
	is 'one DELETE' "$(changes)" deleteAIRuntime=1
	log_check entered.log
	advance 10
	refresh
else
	skip 'in a pid namespace that was entered' 'it takes root to make one'
fi

# A sweep that goes on after the mount it began on has ended: what it was refused there nobody knows any more.
cat >older.py <<'END'
import errno, os, sys
print("up", flush=True)
sys.stdin.readline()
try:
    os.rmdir(sys.argv[1])
    print("deleted")
except OSError as error:
    print(errno.errorcode[error.errno])
END
point=$work/m$((mounted + 1)) # of the next mount
coproc older { exec setsid -w python3 older.py "$point/orgs/org-demo/templates/team-vllm"; }
echo "$older_PID" >>"$work/pids"
exec {from}<&"${older[0]}" {to}>&"${older[1]}" # bash forgets its own when the process has ended
read -r _ <&"$from"
reset
mount_down
mount_up
echo go >&"$to" # soon: a mount remembers for 5 s that it is younger
read -r said <&"$from"
is 'who is older than the mount does not delete' "$said $(changes)" 'ENOTEMPTY none'
ok 'who is younger does' setsid -w rmdir "$templates/team-vllm"
is 'one DELETE, of that' "$(changes)" deleteOrgAIRuntimeTemplate=1
write "$(cat templates.json)" "$(mkdir "$templates/team-vllm" && echo "$templates/team-vllm")/spec.json"
advance 40
refresh

# What moves by copying creates, like cp -r, and does not delete.
reset
setsid -w python3 -c 'import shutil, sys; shutil.move(*sys.argv[1:])' "$templates/team-vllm" "$templates/moved" 2>/dev/null
is 'shutil.move to another name copies' "$? $(changes) $(cat "$templates/team-vllm/status")" '1 createOrgAIRuntimeTemplate=1 Active'
echo
cat table
echo
finish
