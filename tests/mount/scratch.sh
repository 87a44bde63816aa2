#!/bin/bash
# Editors on a mount: their files stay in memory beside spec.json and replicas, and what they save is written once.
. "$(dirname "$0")/lib.sh" || exit 1

cloud_up --speed 0
advance 100
mount_up
cd "$work" || exit 1
good=$spec_runtime
bad=${good/\"gpuCount\":1/\"gpuCount\":0}
printf '%s\n' "$good" >good.json
export EDITOR= VISUAL= TERM=xterm
unset VIMINIT EXINIT

ls -A "$runtimes/eval-01" >rows
ls -A "$models/chat-llama" >>rows
sort -u -o rows rows
left() { # DIRECTORY: what is in it beside the fixed names
	{ ls -A "$1" 2>&1 || echo "(ls: status $?)"; } | sort | comm -23 - rows | paste -sd ' '
}
draft() { # NAME [TEXT]: a draft: d, and its f
	d=$runtimes/$1 f=$runtimes/$1/spec.json
	mkdir "$d" || failed "mkdir $1" "status $?; its status is '$(cat "$d/status")', the API was asked for $(counted)"
	[ -z "${2-}" ] || put "$2"$'\n' "$f" 2>/dev/null
}
drop() { # past the mount, at once
	local id
	id=$(cat "$d/id" 2>/dev/null)
	[ -z "$id" ] || api "$runtimes_api/$id" -X DELETE -o /dev/null
	advance 10
	refresh
}

# ---- the editors: edit_X FILE OLD NEW; 0: it says that it was saved ----

vim_() { # FILE COMMAND…
	local file=$1 commands=()
	shift
	for command; do
		commands+=(-c "$command")
	done
	# Below /tmp vim makes no backup by default.
	vim -N -u NONE -i NONE --cmd 'set backupskip= swapfile' -es "${commands[@]}" "$file" </dev/null
}
edit_vim() { vim_ "$1" "%s/$2/$3/" wq; }
edit_vim_backup() { vim_ "$1" 'set backup' "%s/$2/$3/" wq; }
edit_vim_copy() { vim_ "$1" 'set backupcopy=yes' "%s/$2/$3/" wq; }
edit_vim_none() { vim_ "$1" 'set nowritebackup noswapfile' "%s/$2/$3/" wq; }
emacs_() { # FILE EXPRESSION: a lock of emacs and its backup are made below /tmp too
	emacs -Q --batch --eval '(setq backup-enable-predicate (lambda (_) t) create-lockfiles t)' "$1" \
		--eval "(condition-case problem (progn $2 (set-buffer-modified-p t) (save-buffer)) (error (message \"%s\" problem) (kill-emacs 1)))"
}
edit_emacs() {
	local old=${2//\"/\\\"} new=${3//\"/\\\"}
	emacs_ "$1" "(goto-char (point-min)) (while (search-forward \"$old\" nil t) (replace-match \"$new\" t t))"
}
edit_emacs_precious() {
	local old=${2//\"/\\\"} new=${3//\"/\\\"}
	emacs_ "$1" "(setq file-precious-flag t) (goto-char (point-min)) (while (search-forward \"$old\" nil t) (replace-match \"$new\" t t))"
}
edit_ed() {
	printf '%s\n' "s/$2/$3/" w | ed -s "$1"
}
edit_sed() { sed -i "s/$2/$3/" "$1"; }
edit_sed_backup() { sed -i.old "s/$2/$3/" "$1"; }
edit_perl() { perl -i -pe "s/\\Q$2\\E/$3/" "$1"; }
edit_perl_backup() { perl -i.old -pe "s/\\Q$2\\E/$3/" "$1"; }
cat >replace.py <<'END'
import os, sys, tempfile
path, old, new = sys.argv[1:4]
text = open(path).read().replace(old, new)
with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(path), delete=False) as out:
    out.write(text)
    out.flush()
    os.fsync(out.fileno())
    os.fchmod(out.fileno(), 0o640)
try:
    os.replace(out.name, path)
except OSError:
    os.unlink(out.name)
    raise
END
edit_python() { python3 replace.py "$@"; }
edit_install() { sed "s/$2/$3/" "$1" >"$work/new" && install -m 600 "$work/new" "$1"; }
edit_cp() { sed "s/$2/$3/" "$1" >"$work/new" && cp --remove-destination "$work/new" "$1"; }
edit_mv() { sed "s/$2/$3/" "$1" >"$1.new" && mv -f "$1.new" "$1"; }
# A person at a terminal: waits for what the screen says before the next key.
cat >nano.py <<'END'
import fcntl, os, pty, select, struct, sys, termios, time
path, old, new = sys.argv[1:4]
pid, tty = pty.fork()
if not pid:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 400, 0, 0))
    os.environ["TERM"] = "xterm"
    os.execvp("nano", ["nano", "-I", *sys.argv[4:], path])
seen = b""
end = time.monotonic() + 100
def until(*wanted):
    global seen
    while not any(x in seen for x in wanted):
        ready = select.select([tty], [], [], max(0, end - time.monotonic()))[0]
        if not ready:
            sys.exit("nano does not say %r but %r" % (wanted, seen))
        try:
            seen += os.read(tty, 65536)
        except OSError:
            break
    found = [x for x in wanted if x in seen]
    seen = b""
    return found[0] if found else b""
def key(text):
    os.write(tty, text)
until(b"Exit")
if old:
    key(b"\x1c")  # replace
    until(b"Search (to replace)")
    key(old.encode() + b"\r")
    until(b"Replace with")
    key(new.encode() + b"\r")
    until(b"instance?")
    key(b"a")
    until(b"occurrence")
else:
    key(new.encode() + b"\r")
    until(b"}")
key(b"\x0f")  # write
until(b"File Name to Write")
key(b"\r")
saved = until(b"Wrote", b"Error writing")
key(b"\x18")
if saved != b"Wrote":
    until(b"Save modified buffer")
    key(b"n")
while True:
    try:
        if not os.read(tty, 65536):
            break
    except OSError:
        break
os.waitpid(pid, 0)
sys.exit(saved != b"Wrote")
END
edit_nano() { python3 nano.py "$1" "$2" "$3"; }
edit_nano_backup() { python3 nano.py "$1" "$2" "$3" --backup --locking; }

new_vim() { vim_ "$1" 'call setline(1, readfile("good.json"))' wq; }
new_emacs() { emacs_ "$1" "(insert-file-contents \"$work/good.json\")"; }
new_ed() { printf '%s\n' a "$good" . w | ed -s "$1"; }
new_nano() { python3 nano.py "$1" '' "$good"; }

editors='vim vim_backup vim_copy vim_none nano nano_backup emacs emacs_precious ed sed sed_backup perl perl_backup python install cp mv'
# What each leaves because it was asked to.
kept() { # EDITOR FILE
	case $1 in
	vim_backup | emacs* | nano_backup) echo "$2~" ;;
	sed_backup | perl_backup) echo "$2.old" ;;
	esac
}
has_editor() {
	command -v "${1%%_*}" >/dev/null || [ "$1" = python ]
}

tidy() { # what editors keep, as they do anywhere
	rm -f "$f"[~.]* "$d"/tmp*
}

# try EDITOR FILE OLD NEW: its status, quiet
try() {
	local editor=$1
	shift
	"edit_$editor" "$@" >"$work/said" 2>&1
}

echo '# a new spec'
for editor in vim nano emacs ed; do
	has_editor $editor || { skip "$editor" 'it is not installed'; continue; }
	draft "new-$editor"
	reset
	ok "$editor: a new spec" eval "new_$editor \$f >said 2>&1 || { cat said >&2; false; }"
	is "$editor: one POST" "$(changes)" createAIRuntime=1
	is "$editor: it is what was written" "$(jq -cS '{region,templateID,gpuConfigID,gpuCount,planId}' "$f")" "$(jq -cS . good.json)"
	is "$editor: nothing is left" "$(left "$d")" ''
	drop
done

echo '# a change'
for editor in $editors; do
	has_editor "$editor" || { skip "$editor" 'it is not installed'; continue; }
	draft "fix-${editor//_/-}" "$bad"
	reset
	try "$editor" "$f" '"gpuCount":0' '"gpuCount":1'
	is "$editor: saved" $? 0
	is "$editor: one POST" "$(changes)" createAIRuntime=1
	is "$editor: it is what was written" "$(jq -cS '{region,templateID,gpuConfigID,gpuCount,planId}' "$f")" "$(jq -cS . good.json)"
	is "$editor: what it leaves" "$(left "$d")" "$(kept "$editor" spec.json)"
	drop
	fails "$editor: its files went with the resource" ENOENT ls "$d/spec.json~"
done

echo '# a text that is refused'
for editor in $editors; do
	has_editor "$editor" || { skip "$editor" 'it is not installed'; continue; }
	draft "bad-${editor//_/-}" "$bad"
	reset
	try "$editor" "$f" '"gpuCount":0' '"gpuCount":"x"'
	isnt "$editor: not saved" $? 0
	is "$editor: no request" "$(changes)" none
	texts=$(cat "$f" "$f~" "$f.old" "$f.new" 2>/dev/null)
	case $editor in
	vim_copy) has "$editor: it writes its copy, and that is refused" "$(cat "$d/.error")" 'spec.json: EINVAL' 'not 0' ;;
	*) has "$editor: why" "$(cat "$d/.error")" 'spec.json: EINVAL' 'not "x"' 'Verdict: nothing was changed.' ;;
	esac
	case $editor in
	install | cp | ed | nano | vim_none) ;; # they empty or remove the old text themselves
	*) has "$editor: the old text is there" "$texts" '"gpuCount":0' ;;
	esac
	case $editor in
	vim_backup | vim | emacs) is "$editor: it put the old text back" "$(cat "$f")" "$bad" ;;
	esac
	case $editor in
	*_backup | vim_copy | emacs_precious) ;; # they keep a copy, as anywhere
	mv) is "$editor: it leaves its new file" "$(left "$d")" spec.json.new ;;
	*) is "$editor: nothing is left" "$(left "$d")" '' ;;
	esac
	ok "$editor: rm -rf of the draft" rm -rf "$d"
	is "$editor: still no request" "$(changes)" none
done
draft asked "$bad"
for editor in vim sed perl python; do
	reset
	fault '{"operation":"createAIRuntime","status":402}'
	try $editor "$f" '"gpuCount":0' '"gpuCount":1'
	isnt "$editor, refused by the API" $? 0
	is "$editor: one POST" "$(changes)" createAIRuntime=1
	is "$editor: the old text is there" "$(cat "$f")" "$bad"
	has "$editor: why" "$(cat "$d/.error")" 'spec.json: EDQUOT' 'HTTP 402'
	is "$editor: nothing is left" "$(left "$d")" ''
done
rmdir "$d"

echo '# replicas'
d=$models/chat-llama f=$d/replicas
for editor in $editors; do
	has_editor "$editor" || { skip "$editor" 'it is not installed'; continue; }
	[ "$editor" != install ] && [ "$editor" != cp ] || continue # they unlink first
	old=$(cat "$f") new=$(($(cat "$f") % 8 + 1))
	reset
	try "$editor" "$f" "$old" $new
	is "$editor: scaled" $? 0
	is "$editor: one PUT" "$(changes) $(cat "$f")" "scaleDeployedAIModel=1 $new"
	is "$editor: what it leaves" "$(left "$d")" "$(kept "$editor" replicas)"
	advance 20
	refresh
	tidy
	reset
	try "$editor" "$f" $new 0
	isnt "$editor: zero is refused" $? 0
	is "$editor: sends nothing" "$(changes) $(cat "$f")" "none $new"
	has "$editor: why" "$(cat "$d/.error")" 'replicas: ERANGE' rmdir
	tidy
done
reset
fails 'install unlinks first' EPERM edit_install "$f" "$new" 3
fails 'cp --remove-destination too' EPERM edit_cp "$f" "$new" 3
ok 'the same number' edit_sed "$f" "$new" "$new"
is 'sends nothing' "$(changes)" none
reset
fault '{"operation":"scaleDeployedAIModel","status":402,"times":0}'
for editor in vim emacs sed perl; do
	has_editor "$editor" || continue
	try "$editor" "$f" "$new" 77
	isnt "$editor, refused by the API" $? 0
	is "$editor: the number stays" "$(cat "$f")" "$new"
done
is 'one PUT each' "$(changes)" "scaleDeployedAIModel=$(command -v emacs >/dev/null && echo 4 || echo 3)"
tidy
faults_end

echo '# the spec of what exists'
d=$runtimes/eval-01 f=$d/spec.json
cp "$f" is.json
for editor in vim nano emacs ed sed perl python mv; do
	has_editor "$editor" || { skip "$editor" 'it is not installed'; continue; }
	reset
	if [ $editor = ed ]; then # by line
		printf '%s\n' ',s/"gpuCount": 1/"gpuCount": 2/' w | ed -s "$f" >said 2>&1
	else
		try "$editor" "$f" '"gpuCount": 1' '"gpuCount": 2'
	fi
	isnt "$editor: it cannot be changed" $? 0
	has "$editor: why" "$(cat "$d/.error")" 'spec.json: EPERM' 'differs in: gpuCount'
	is "$editor: it is as it was" "$(cat "$f")" "$(<is.json)"
	tidy
	is "$editor: nothing is left" "$(left "$d")" ''
	if [ $editor = ed ]; then
		printf '%s\n' ',s/"gpuCount": 1/"gpuCount":  1/' w | ed -s "$f" >said 2>&1
	else
		try "$editor" "$f" '"gpuCount": 1' '"gpuCount":  1'
	fi
	is "$editor: the same, spelt otherwise" $? 0
	is "$editor: it is as it was" "$(cat "$f")" "$(<is.json)"
	tidy
	is "$editor: nothing was sent" "$(changes)" none
done

echo '# what a plan says is not planned'
reset
draft planned
plan=$d/spec.json.plan
put '{"gpuCuont": 1}' "$plan"
says=$(cat "$plan")
# install and cp unlink the file first.
for editor in vim vim_backup vim_copy vim_none nano nano_backup emacs emacs_precious ed sed perl python mv; do
	has_editor "$editor" || { skip "$editor" 'it is not installed'; continue; }
	try "$editor" "$plan" gpuCuont gpuCount
	isnt "$editor: it is refused" $? 0
	has "$editor: why" "$(cat "$d/.error")" 'EINVAL' 'this is what the plan says, not a spec; what was planned is unchanged'
	is "$editor: what was planned is there" "$(cat "$plan")" "$says"
	rm -f "$d"/.[!e]* "$d"/*~ "$d"/tmp* "$d"/*.new "$d"/sed* "$d"/*.old
	is "$editor: nothing else is" "$(ls "$d")" spec.json.plan
done
for editor in sed_backup perl_backup; do # they leave what they have moved away
	try "$editor" "$plan" gpuCuont gpuCount
	is "$editor: what was planned is what it has left" "$(cat "$plan.old")" '{"gpuCuont": 1}'
	mv "$plan.old" "$plan"
	is "$editor: and can be put back" "$(cat "$plan")" "$says"
	rm -f "$d"/sed*
done
cat >emptied.py <<'END'
import os, sys
path = sys.argv[1]
says = open(path, "rb").read()
def refused(function, *args):
    try:
        function(*args)
    except OSError as error:
        if os.strerror(error.errno) == "Invalid argument":
            return
        raise
    print("not refused:", function.__name__, args[1:])
def same(what):
    if open(path, "rb").read() != says:
        print("another text after", what)
fd = os.open(path, os.O_WRONLY | os.O_TRUNC)
refused(os.write, fd, says)
same("a write")
refused(os.write, fd, b"Sends:    POST")
refused(os.fsync, fd)
refused(os.close, fd)
same("close")
os.truncate(path, 0)
for at in range(len("Verdict:") - 1):
    with open(path, "r+b", 0) as file:
        file.seek(at)
        file.write(says[at:at + 1])
with open(path, "r+b", 0) as file:
    fd = os.dup(file.fileno())
    refused(os.pwrite, fd, says[7:], 7)
    refused(os.close, fd)
    same("writes in pieces")
    os.ftruncate(file.fileno(), 0)
    refused(os.write, file.fileno(), says)
    same("ftruncate")
    os.ftruncate(file.fileno(), 0)
    os.write(file.fileno(), b"{}")
if b"region is required" not in open(path, "rb").read():
    print("a new text is not taken")
END
put '{"gpuCuont": 1}' "$plan"
is 'however it is emptied and written' "$(python3 emptied.py "$plan" 2>&1)" ''
put '{"gpuCuont": 1}' "$plan"
ok 'under another name it is as it was written' mv "$plan" "$d/x"
is 'and can be edited' "$(sed -i s/gpuCuont/gpuCount/ "$d/x" && cat "$d/x")" '{"gpuCount": 1}'
ok 'and renamed back' mv "$d/x" "$plan"
has 'then it is planned' "$(cat "$plan")" 'region is required'
: >"$plan"
has 'emptied it is empty' "$(cat "$plan")" 'not complete'
is 'nothing was sent' "$(changes)" none
rm -r "$d"

echo '# files as anywhere'
cat >files.py <<'END'
import ctypes, errno, os, stat, sys
os.chdir(sys.argv[1])
def err(function, *args):
    try:
        function(*args)
        return "ok"
    except OSError as error:
        return errno.errorcode[error.errno]
def check(name, got, wanted):
    if got != wanted:
        print("%s: %r, not %r" % (name, got, wanted))
def rename2(old, new, flags):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(-100, old.encode(), -100, new.encode(), flags):
        raise OSError(ctypes.get_errno(), "renameat2")
excl = os.O_RDWR | os.O_CREAT | os.O_EXCL
os.umask(0o027)
fd = os.open("a", excl, 0o666)
check("mode", stat.S_IMODE(os.stat("a").st_mode), 0o640)
check("again", err(os.open, "a", excl), "EEXIST")
check("owner", (os.stat("a").st_uid, os.stat("a").st_gid), (os.getuid(), os.getgid()))
os.pwrite(fd, b"there", 5)
os.pwrite(fd, b"hello", 0)
check("read", os.pread(fd, 100, 0), b"hellothere")
os.pwrite(fd, b"!", 5000)
check("hole", os.pread(fd, 10000, 10), b"\0" * 4990 + b"!")
os.ftruncate(fd, 3)
check("ftruncate", open("a").read(), "hel")
os.truncate("a", 5)
check("truncate", open("a", "rb").read(), b"hel\0\0")
with open("a", "w") as out:
    out.write("x" * 10000)
with open("a", "a") as out:
    out.write("tail")
one, two = os.open("a", os.O_WRONLY | os.O_APPEND), os.open("a", os.O_WRONLY | os.O_APPEND)
for i in range(5):
    os.write(one, b"1")
    os.write(two, b"2")
check("append", open("a").read()[9998:], "xxtail1212121212")
check("size", (os.stat("a").st_size, os.fstat(fd).st_size), (10014, 10014))
os.close(one), os.close(two)
os.chmod("a", 0o400)
os.utime("a", ns=(1000000001, 2000000002))
st = os.stat("a")
check("chmod, utime", (stat.S_IMODE(st.st_mode), st.st_atime_ns, st.st_mtime_ns), (0o400, 1000000001, 2000000002))
os.fchmod(fd, 0o600)
check("chown to others", err(os.chown, "a", os.getuid() + 1, -1), "EPERM")
check("chown to us", err(os.chown, "a", os.getuid(), os.getgid()), "ok")
check("link", err(os.link, "a", "b"), "EPERM")
check("mkdir", err(os.mkdir, "b"), "EPERM")
check("mkfifo", err(os.mkfifo, "b"), "EPERM")
check("xattr", err(os.setxattr, "a", "user.x", b"1"), "ENOTSUP")
os.symlink("user@host.1:2", ".#a")
check("readlink", (os.readlink(".#a"), os.lstat(".#a").st_size, stat.S_ISLNK(os.lstat(".#a").st_mode)), ("user@host.1:2", 13, True))
check("symlink again", err(os.symlink, "x", ".#a"), "EEXIST")
check("listed", [(e.name, e.is_symlink(), e.inode()) for e in sorted(os.scandir("."), key=lambda e: e.name) if e.name in (".#a", "a")],
      [(".#a", True, os.lstat(".#a").st_ino), ("a", False, os.stat("a").st_ino)])
# A file that is unlinked or replaced stays with who has it open.
other = os.open("b", excl, 0o600)
os.write(other, b"of b")
os.rename("a", "b")
check("replaced", (os.path.exists("a"), os.stat("b").st_size, os.fstat(fd).st_ino == os.stat("b").st_ino), (False, 10014, True))
check("who had b", (os.pread(other, 100, 0), os.fstat(other).st_nlink, os.fstat(other).st_size), (b"of b", 0, 4))
os.pwrite(other, b"on", 4)
os.ftruncate(other, 5)
check("goes on", os.pread(other, 100, 0), b"of bo")
os.unlink("b")
check("unlinked", (os.pread(fd, 3, 0), os.fstat(fd).st_nlink, os.fstat(fd).st_size), (b"xxx", 0, 10014))
again = os.open("b", excl, 0o600)
check("a new one of the name", (os.fstat(again).st_size, os.fstat(fd).st_size), (0, 10014))
check("noreplace", err(rename2, ".#a", "b", 1), "EEXIST")
check("noreplace, free", err(rename2, "b", "c", 1), "ok")
check("exchange", err(rename2, "c", ".#a", 2), "EINVAL")
os.rename("c", "../" + sys.argv[2] + "/moved")
check("moved to another directory", (os.path.exists("c"), os.path.exists("../" + sys.argv[2] + "/moved")), (False, True))
os.write(again, b"still this")
check("by its new name", open("../" + sys.argv[2] + "/moved").read(), "still this")
check("elsewhere", err(os.rename, ".#a", "../x"), "EPERM")
check("onto what the API says", err(os.rename, ".#a", "status"), "EPERM")
check("what the API says", err(os.rename, "spec.json", "status"), "EPERM" if os.path.exists("spec.json") else "ENOENT")
check("a link onto spec.json", err(os.rename, ".#a", "spec.json"), "EINVAL")
check("unchanged", os.readlink(".#a"), "user@host.1:2")
os.unlink(".#a")
os.unlink("../" + sys.argv[2] + "/moved")
for at in (fd, other, again):
    os.close(at)
big = os.open("big", excl, 0o600)
check("a MiB", os.write(big, b"b" * (1 << 20)), 1 << 20)
check("and a byte", err(os.pwrite, big, b"b", 1 << 20), "EFBIG")
check("truncated to more", err(os.ftruncate, big, (1 << 20) + 1), "EFBIG")
names = []
while len(names) < 64:
    at = os.open("big%d" % len(names), excl, 0o600)
    names.append("big%d" % len(names))
    full = err(os.ftruncate, at, 1 << 20)
    os.close(at)
    if full != "ok":
        break
check("16 MiB", (full, len(names)), ("ENOSPC", 16)) # the last one is empty
for name in ["big"] + names:
    os.unlink(name)
os.close(big)
names = []
while len(names) < 2000:
    try:
        os.close(os.open("n%d" % len(names), excl, 0o600))
    except OSError as error:
        check("how many", errno.errorcode[error.errno], "ENOSPC")
        break
    names.append("n%d" % len(names))
check("how many", len(names), 1024)
for name in names:
    os.unlink(name)
END
draft files
mkdir "$runtimes/files2"
reset
is 'in a draft' "$(python3 files.py "$d" files2 2>&1)" ''
is 'the files are gone' "$(left "$d")$(left "$runtimes/files2")" ''
is 'in a resource' "$(python3 files.py "$runtimes/eval-01" files2 2>&1)" ''
is 'the files are gone' "$(left "$runtimes/eval-01")" ''
[ "$(id -u)" = 0 ] && perm=EPERM || perm=EACCES # an ordinary user hears it from the kernel
fails 'not in other directories' $perm dd if=/dev/null of="$m/orgs/notes" status=none
fails 'nor in a collection' EPERM dd if=/dev/null of="$runtimes/notes" status=none
fails 'nor a link in it' EPERM ln -s x "$runtimes/notes"
fails 'a name of the API in a draft' EPERM dd if=/dev/null of="$d/status" status=none
is 'nothing was sent' "$(changes)" none
rmdir "$d" "$runtimes/files2"

echo '# with their directory'
draft moving
echo note >"$d/note"
ok 'a draft is renamed' mv "$d" "$runtimes/moved"
d=$runtimes/moved
is 'its files go along' "$(cat "$d/note") $(left "$d")" 'note note'
ok 'it becomes a resource' cp good.json "$d/spec.json"
is 'they stay' "$(cat "$d/note" "$d/status")" $'note\nPending'
ok 'and can be changed' eval 'echo more >>"$d/note"'
is 'a backup that has a use' "$(sed -i.old s/1/1/ "$d/spec.json" && left "$d")" 'note spec.json.old'
reset
fails 'rm -rf of a resource' EPERM rm -rf "$d"
is 'deletes nothing' "$(changes) $(cat "$d/status")" 'none Pending'
is 'but what was ours' "$(left "$d")" ''
echo note >"$d/note"
ok 'rmdir deletes it all the same' setsid -w rmdir "$d"
is 'one DELETE' "$(changes)" deleteAIRuntime=1
is 'its files are gone' "$(left "$d")" ''
advance 10
refresh
draft moved
is 'a draft of that name is empty' "$(ls -A "$d")" .error
echo note >"$d/note"
ok 'rmdir of a draft with files' rmdir "$d"
draft moved
is 'the next is empty again' "$(ls -A "$d")" .error

echo '# who has spec.json open'
cat >open.py <<'END'
import errno, os, sys
path, text = sys.argv[1] + "/spec.json", sys.argv[2].encode()
def err(function, *args):
    try:
        function(*args)
        return "ok"
    except OSError as error:
        return errno.errorcode[error.errno]
said = []
fd = os.open(path, os.O_WRONLY | os.O_CREAT)
os.write(fd, text[:20])
os.unlink(path)
said += [err(os.write, fd, text[20:]), err(os.pwrite, fd, text, 0), err(os.ftruncate, fd, 0), err(os.fsync, fd), str(os.path.exists(path))]
fd = os.open(path, os.O_WRONLY | os.O_CREAT)
os.write(fd, text[:20])
os.rename(path, path + "~")
said += [err(os.write, fd, text[20:]), err(os.pwrite, fd, text, 0), str(os.path.exists(path)), str(os.stat(path + "~").st_size)]
os.rename(path + "~", path)
said.append(open(path).read())
print(*said)
END
reset
is 'its text is not resurrected' "$(python3 open.py "$d" "$good")" "ENOENT ENOENT ENOENT ENOENT False ENOENT ENOENT False 20 ${good:0:20}"
is 'nothing was sent' "$(changes)" none
cat >swap.py <<'END'
import os, sys
path, text = sys.argv[1] + "/spec.json", sys.argv[2].encode()
fd = os.open(path + ".new", os.O_RDWR | os.O_CREAT)
os.write(fd, text)
os.rename(path + ".new", path)
os.pwrite(fd, text.replace(b'"gpuCount":1', b'"gpuCount":2'), 0)
os.fsync(fd)
print(os.fstat(fd).st_nlink, len(os.listdir(sys.argv[1])) > 5)
os.close(fd)
END
is 'what was renamed onto it commits nothing more' "$(python3 swap.py "$d" "$good")" '0 True'
is 'one POST' "$(changes) $(jq .gpuCount "$d/spec.json")" 'createAIRuntime=1 1'

echo '# a backup is never sent'
d=$models/chat-llama f=$d/replicas
number=$(cat "$f")
reset
ok 'a backup' mv "$f" "$f~"
is 'the number is still there' "$(cat "$f") $(cat "$f~")" "$number $number"
ok 'and back' mv "$f~" "$f"
is 'nothing was sent' "$(changes) $(left "$d")" 'none '
mv "$f" "$f~"
write $((number + 1)) "$f"
advance 20
refresh
fails 'back, when it was scaled since' EPERM mv -f "$f~" "$f"
is 'one PUT' "$(changes) $(cat "$f")" "scaleDeployedAIModel=1 $((number + 1))"
has 'the reason' "$(cat "$d/.error")" 'a backup is not sent'
reset
ok 'once it was written it is a file like any' eval 'cat "$f~" >copy && cat copy >"$f~" && mv -f "$f~" "$f"'
is 'and is sent' "$(changes) $(cat "$f") $(left "$d")" "scaleDeployedAIModel=1 $number "

echo '# cp -r of a resource'
reset
cp -r "$runtimes/eval-01" "$runtimes/copied" 2>said
is 'creates one' "$(changes) $(cat "$runtimes/copied/status")" 'createAIRuntime=1 Pending'
has 'and says what it cannot write' "$(<said)" "info.json': Operation not permitted"
is 'nothing else is left' "$(left "$runtimes/copied")" ''
mount_down
mount_up -o ro
fails 'on a read-only mount' EROFS dd if=/dev/null of="$runtimes/eval-01/note" status=none
finish
