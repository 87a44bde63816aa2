#!/bin/bash
# What each tool's change does: to `replicas` of a deployment and to the spec.json of a draft; when the API agrees, when it refuses (400, or REFUSED=), and
# with text that is wrong here already. tools.table has what is expected, and man/neevfs.5 shows it.
#
#   MATRIX=FILE tests/mount/tools.sh     keeps the table as it came out
#   tests/mount/tools.sh ROW…            tries these rows only
#
# A cell: the number of changes that the API saw, and how the tool ended: `err`: with a status other than 0; `says`: with 0, but not without
# words; `ok`: with 0 and silent. `text`: what spec.json holds after the API's refusal: the new text, the old one, or none, as
# before; `temp`: none, but the tool's temporary file beside it holds the new one.
# `intact`: success reads back as it was meant, a failure left what was there, the source is as it was, and nothing lies around.
# A line with # says what does not hold.
. "$(dirname "$0")/lib.sh" || exit 1
expected=$(realpath "$(dirname "$0")")/tools.table

only=("$@")
cloud_up --speed 0
advance 100
mount_up -o ttl=3000
cd "$work" || exit 1
mkdir tree
model=$models/chat-llama replicas=$model/replicas
python=$(python3 -c 'import sys; print(sys.executable)') # not a wrapper

# ---- the tools: at, the file; dir, its directory; from, a file with the text; text; or old and new, what to replace in it ----

in_shell() { # SCRIPT SHELL…
	local script=$1
	shift
	"$@" -c "$script" sh "$at" "$text"
}
do_echo() { in_shell 'echo "$2" >"$1"' "$@"; }
do_printf() { in_shell 'printf "%s\n" "$2" >"$1"' "$@"; }
do_here() {
	in_shell 'cat >"$1" <<END
$2
END' "$@"
}
do_cat() { cat "$from" >"$at"; }
do_tee() { tee "$at" <"$from" >/dev/null; }
do_cp() { cp "$from" "$at"; }
do_mv() { mv "$from" "$at"; }
do_mv_within() { cp "$from" "$dir/made.tmp" && mv "$dir/made.tmp" "$at"; }
do_install() { install "$@" "$from" "$at"; }
do_dd() { dd if="$from" of="$at" status=none "$@"; }
do_sed() { sed -i "s/$old/$new/" "$at"; }
do_jq() { jq -Rr . "$from" >"$at"; }
do_awk() { awk '{ print }' "$from" >"$at"; }
do_awk_print() { awk -v at="$at" '{ print >at }' "$from"; }
do_awk_pieces() { awk -v at="$at" '{ for (i = 1; i <= length($0); i++) { printf "%s", substr($0, i, 1) >at; fflush(at) } print "" >at }' "$from"; }
do_perl_print() { perl -e 'open my $to, ">", $ARGV[0] or die $!; print $to "$ARGV[1]\n" or die $!; close $to or die $!' "$at" "$text"; }
do_perl_unchecked() { perl -e 'open my $to, ">", $ARGV[0]; print $to "$ARGV[1]\n"; close $to' "$at" "$text"; }
do_perl_edit() { perl -i -pe "s/$old/$new/" "$at"; }
do_python() { "$python" tools.py "$1" "$at" "$text"; }
do_node() { node tools.js "$1" "$at" "$text"; }
do_vim() { vim -es "$@" -c "%s/$old/$new/" -c wq "$at"; }
do_nano() { "$python" nano.py "$at" "$old" "$new"; }
do_ed() { printf '%s\n' ",s/$old/$new/" w q | ed -s "$at" >/dev/null; }
do_emacs() {
	# A batch emacs tells on stderr what it does; what it says of a failure comes with its status.
	emacs -Q --batch --eval "(progn (find-file \"$at\") (while (search-forward \"$old\" nil t) (replace-match \"${new//\"/\\\"}\" t t)) (save-buffer))" \
		2>emacs.said || { cat emacs.said >&2; return 1; }
}
do_rsync() { rsync "$@" "$from" "$at"; }
do_truncate() { truncate -s 0 "$at" && echo "$text" >"$at"; }
do_append() { : >"$at" && echo "$text" >>"$at"; }
do_sponge() { sponge "$at" <"$from"; }
# Of these the source is a folder, tree/$name, and the tool makes the draft.
do_cp_folder() { cp -r "tree/$name" "$templates/"; }
do_tar() { tar -cf - -C tree "$name" | tar -xf - -C "$templates"; }
do_rsync_folders() { rsync -r tree/ "$templates/"; }

cat >tools.py <<'END'
import os, pathlib, sys, tempfile
way, at, text = sys.argv[1], sys.argv[2], sys.argv[3] + "\n"
if way == "write_text":
    pathlib.Path(at).write_text(text)
elif way == "with":
    with open(at, "w") as file:
        file.write(text)
elif way == "unclosed":
    file = open(at, "w")
    file.write(text)
elif way == "dup":
    fd = os.open(at, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    other = os.dup(fd)
    os.write(fd, text.encode())
    os.close(fd)
    os.close(other)
elif way == "replace":
    with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(at), delete=False) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.replace(file.name, at)
    except OSError:
        os.unlink(file.name)
        raise
else:
    sys.exit("no such way: " + way)
END
cat >tools.js <<'END'
const fs = require("fs");
const [way, at, text] = [process.argv[2], process.argv[3], process.argv[4] + "\n"];
({
	sync: () => fs.writeFileSync(at, text),
	promises: () => fs.promises.writeFile(at, text),
	rename: () => {
		fs.writeFileSync(at + ".tmp", text);
		fs.renameSync(at + ".tmp", at);
	},
})[way]();
END
# nano wants a terminal. The keys are typed ahead; then only the question after a failed save is waited for, and told on stderr.
cat >nano.py <<'END'
import os, pty, re, select, sys, time
at, old, new = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.environ["TERM"] = "vt100"
    os.execvp("nano", ["nano", "--ignorercfiles", at])
shown, end = "", time.monotonic() + 30
def until(wanted):
    """Whether this was shown before nano ended."""
    global shown
    while wanted not in re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>78])", "", shown):
        if not select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
            os.kill(pid, 9)
            sys.exit("nano does not show %s, but %r" % (wanted, shown))
        try:
            shown += os.read(terminal, 65536).decode("latin-1")
        except OSError:
            return False
    return True
until("Read ")
# A key that comes while nano still prepares its terminal may be lost. One that draws all again is harmless, and shows when nano listens.
shown, cleared = "", "\x1b[H\x1b[J"
while cleared not in shown and time.monotonic() < end:
    os.write(terminal, b"\x0c")
    while select.select([terminal], [], [], 0.2)[0] and cleared not in shown:
        shown += os.read(terminal, 65536).decode("latin-1")
replace, write, leave = "\x1c", "\x0f", "\x18"
os.write(terminal, (replace + old + "\r" + new + "\ra" + write + "\r" + leave).encode())
if until("modified buffer"):
    sys.stderr.write("nano asks what to do with a buffer that is not saved\n")
    os.write(terminal, b"n")
    until("\0")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END

# ---- one situation ----

# The number of changes, all of one operation; else what they were.
seen() { # OPERATION
	control requests | jq -r --arg operation "$1" '[.operations | to_entries[] | select(.value > 0 and (.key | test("^(list|get)") | not))]
		| if all(.key == $operation) then map(.value) | add // 0 else map("\(.key)=\(.value)") | join(",") end'
}

# A text's new form, in `text` and in the file `from`.
text_make() { # OLD TEXT
	text=${1//$old/$new}
	from=$work/source
	printf '%s\n' "$text" >"$from"
}

# Runs the row's tool; what it did in `cell`.
tool_run() { # OPERATION
	local status
	reset
	if [ "$situation" = refused ]; then
		fault "{\"operation\":\"$1\",\"status\":${REFUSED:-400},\"times\":0}"
	fi
	"${tool[@]}" >/dev/null 2>"$work/said" </dev/null
	status=$?
	cell=$(seen "$1")
	if [ $status != 0 ]; then
		cell+=' err'
	elif [ -s "$work/said" ]; then
		cell+=' says'
	else
		cell+=' ok'
	fi
	faults_end
	echo "# $title, ${at##*/}, $situation: $cell (status $status) $(tr -c '[:print:]' ' ' <"$work/said" | cut -c -300)"
	# Only mv takes its source away, and only if it says that all went well.
	if [ "${tool[0]}" = do_mv ] && [ $status = 0 ]; then
		[ ! -e "$from" ] || wrong+=("$situation: source")
	elif [ "$(cat "$from")" != "$text" ]; then
		wrong+=("$situation: source")
	fi
}

# What lies beside the names that a directory has by itself is removed, and told; but after a failure a temporary file may have the text: then
# `now` says so.
leftovers() { # ITS OWN NAMES, in a file
	local left
	while IFS= read -r left; do
		if [ "$situation" != good ] && [ "$(cat "$dir/$left")" = "$text" ]; then
			now=${now:-temp}
		else
			wrong+=("$situation: leaves $left")
		fi
		rm -f "$dir/$left"
	done < <(ls -A "$dir" | sort | comm -13 "$1" -)
}

scale() {
	local now other=12
	at=$replicas dir=$model
	old=$(cat "$at")
	if [[ $old != 1[23] ]]; then # it was left at another number
		old=12
		put $old "$at"
		advance 15
		refresh
	fi
	[ "$old" != 12 ] || other=13
	new=$other
	[ "$situation" != bad ] || new=${other}x
	text_make "$old"
	tool_run scaleDeployedAIModel
	now=$(cat "$at")
	case $situation,$cell,$now in
	good,*,"$new" | good,*err,"$old" | refused,*,"$old" | bad,*,"$old") ;;
	*) wrong+=("$situation: scaled to $now") ;;
	esac
	if [ "${cell%% *}" != 0 ]; then
		[ -z "$(cat "$model/.error")" ] && [ "$situation" != good ] && wrong+=("$situation: no .error")
		advance 15
		refresh
		[ "$(cat "$at")" = "$now" ] || wrong+=("$situation: $now was not true")
	fi
	leftovers model.names
}

# The draft becomes what is meant, or keeps what it had.
create() {
	local spec id before=
	name="tool-$((++drafts))" dir=$templates/$name
	at=$dir/spec.json
	old=WAS new=category
	[ "$situation" != bad ] || new='category"'
	spec=$(printf '{\n  "description": "Made by %s",\n  "image": "ghcr.io/demo-labs/ours:v1",\n  "%s": "LLM"\n}' "$title" "$old")
	text_make "$spec"
	case $mode in
	folder)
		rm -rf tree
		mkdir -p "tree/$name"
		cp "$from" "tree/$name/spec.json"
		;;
	edit) # a text that was refused before is there
		mkdir "$dir"
		printf '%s\n' "$spec" | dd of="$at" bs=4096 status=none 2>/dev/null
		before=$spec
		;;
	new)
		mkdir "$dir"
		;;
	esac
	tool_run createOrgAIRuntimeTemplate
	if [ "$situation" = good ]; then
		id=$(cat "$dir/id" 2>/dev/null)
		[ -n "$id" ] || [[ $cell = '0 err' ]] || wrong+=('good: not created')
		[ -z "$id" ] || jq -en --argjson wanted "$text" --slurpfile is "$at" '$wanted | to_entries | all(.value == $is[0][.key])' >/dev/null 2>&1 ||
			wrong+=('good: not as written')
		leftovers "$([ -n "$id" ] && echo template.names || echo draft.names)"
		[ -z "$id" ] || api "$templates_api/$id" -X DELETE -o /dev/null
		return
	fi
	# A text that is wrong may have been refused before its end.
	now=$(cat "$at" 2>/dev/null)
	case $now in
	"$text") now=new ;;
	"$before") now=${before:+old} ;;
	?*) if [ "$situation" = bad ] && [[ $text == "$now"* ]]; then now=part; fi ;;
	esac
	leftovers draft.names
	[ "$situation" != refused ] || kept=${now:-none}
	case $now in
	new | old | part | temp | '') ;;
	*) wrong+=("$situation: the text is $now") ;;
	esac
	[ -n "$(cat "$dir/.error")" ] || wrong+=("$situation: no .error")
	rmdir "$dir"
}

# ---- a row: NAME, the command it needs, new (makes its file) or edit (needs it to be there) or folder, the function with its arguments ----

declare -A row_of
row() {
	local title=$1 needs=$2 mode=$3 tool=("${@:4}") kept=- cell line wrong=() cells=()
	local situation at dir from text old new name now
	row_of[$title]=1
	[ ${#only[@]} = 0 ] || [[ " ${only[*]/%/,} " == *" $title, "* ]] || return
	if ! command -v "$needs" >/dev/null; then
		skip "$title" "no $needs"
		return
	fi
	for situation in good refused bad; do
		cell=-
		[ "$mode" = folder ] || scale
		cells+=("$cell")
	done
	for situation in good refused bad; do
		create
		cells+=("$cell")
	done
	[ ${#wrong[@]} = 0 ] || echo "# $title, not intact: $(IFS=,; echo "${wrong[*]}")"
	line=$(printf "$form" "$title" "${cells[@]}" "$kept" "$([ ${#wrong[@]} = 0 ] && echo yes || echo no)")
	printf '%s\n' "$line" >>table
	is "$title" "$line" "$(grep -F -- "$(printf '%-22s ' "$title")" "$expected")"
}
form='%-22s %-6s %-7s %-6s %-6s %-7s %-6s %-4s %s\n'
{
	printf "$form" '' replicas '' '' spec.json '' '' '' ''
	printf "$form" tool good refused bad good refused bad text intact
} | sed 's/ *$//' >table
heads=$(cat table)
drafts=0
ls -A "$model" | sort >model.names
ls -A "$templates/team-vllm" | sort >template.names
printf '%s\n' .error spec.json >draft.names

for shell in bash dash 'busybox sh'; do
	# shellcheck disable=SC2086
	row "echo, $shell" "${shell%% *}" new do_echo $shell
	row "printf, $shell" "${shell%% *}" new do_printf $shell
	row "here-doc, $shell" "${shell%% *}" new do_here $shell
done
row 'cat >' cat new do_cat
row tee tee new do_tee
row cp cp new do_cp
row 'mv from outside' mv new do_mv
row 'mv within the mount' mv new do_mv_within
row install install new do_install
row 'install -m 600' install new do_install -m 600
row dd dd new do_dd
row 'dd conv=notrunc' dd new do_dd conv=notrunc
row 'dd conv=fsync' dd new do_dd conv=fsync
row 'dd bs=1' dd new do_dd bs=1
row 'sed -i' sed edit do_sed
row 'jq >' jq new do_jq
row 'awk >' awk new do_awk
row 'awk, print >' awk new do_awk_print
row 'awk, fflush each byte' awk new do_awk_pieces
row 'perl, or die' perl new do_perl_print
row 'perl, unchecked' perl new do_perl_unchecked
row 'perl -i' perl edit do_perl_edit
row 'python3, write_text' python3 new do_python write_text
row 'python3, with open' python3 new do_python with
row 'python3, never closed' python3 new do_python unclosed
row 'python3, os.dup' python3 new do_python dup
row 'python3, os.replace' python3 new do_python replace
row 'node, writeFileSync' node new do_node sync
row 'node, fs.promises' node new do_node promises
row 'node, renameSync' node new do_node rename
row vim vim edit do_vim
row 'vim, backupcopy=yes' vim edit do_vim --cmd 'set backupcopy=yes'
row nano nano edit do_nano
row ed ed edit do_ed
row emacs emacs edit do_emacs
row rsync rsync new do_rsync
row 'rsync --inplace' rsync new do_rsync --inplace
row 'truncate, then echo' truncate new do_truncate
row ':>, then echo >>' bash new do_append
row sponge sponge new do_sponge
row 'cp -r of a folder' cp folder do_cp_folder
row 'tar x of a folder' tar folder do_tar
row 'rsync -r of a folder' rsync folder do_rsync_folders

echo
cat table
echo
[ -z "${MATRIX-}" ] || (cd "$OLDPWD" && cp "$work/table" "$MATRIX")
is 'the head of tools.table' "$(head -n 2 "$expected")" "$heads"
tail -n +3 "$expected" | while IFS= read -r line; do
	title=$(cut -c -22 <<<"$line" | sed 's/ *$//')
	[ -n "${row_of[$title]-}" ] || echo "$title"
done >unknown
is 'every row of tools.table is tried' "$(cat unknown)" ''
finish
