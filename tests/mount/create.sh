#!/bin/bash
# mkdir makes a draft, a complete spec.json in it creates: once, and with the API's answer as the write's.
. "$(dirname "$0")/lib.sh" || exit 1

cloud_up --speed 0
advance 100
another_token
mount_up -o "token_file=$work/token"
cd "$work" || exit 1
printf '%s\n' "$spec_runtime" >spec.json
jq . spec.json >pretty.json

listed() { # API OF COLLECTION, NAME: its row
	api "$1?limit=100" | jq -c --arg name "$2" '(.data // .items)[] | select(.name == $name)'
}
drop() { # API OF COLLECTION, NAME: deletes past the mount, at once
	local id
	refresh
	ls -d "$runtimes/$2" "$models/$2" "$templates/$2" >/dev/null 2>&1 # the mount has seen it
	id=$(listed "$1" "$2" | jq -r .id)
	[ -z "$id" ] || api "$1/$id" -X DELETE -o /dev/null
	advance 10
	refresh
}

echo '# a draft'
reset
mkdir "$runtimes/new"
is 'mkdir sends no more than the listing' "$(counted)" 'listAIRuntimes=1'
is 'what is in a draft' "$(ls -A "$runtimes/new")" .error
is 'mode and links of a draft' "$(stat -c '%a %F' "$runtimes/new")" '700 directory'
is 'a draft is listed' "$(ls "$runtimes" | grep -c '^new$')" 1
fails 'a draft has no status' ENOENT cat "$runtimes/new/status"
fails 'nor a spec before it is written' ENOENT cat "$runtimes/new/spec.json"
fails 'mkdir of a draft' EEXIST mkdir "$runtimes/new"
fails 'mkdir of an instance' EEXIST mkdir "$runtimes/eval-01"
: >"$runtimes/new/spec.json"
is 'an empty spec.json' "$(stat -c '%a %s' "$runtimes/new/spec.json")" '600 0'
ok 'rename of a draft' mv "$runtimes/new" "$runtimes/newer"
is 'it went along' "$(ls -A "$runtimes/newer" | paste -sd ' '; ls "$runtimes" | grep -c '^new$')" $'.error spec.json\n0'
mkdir "$runtimes/third"
fails 'onto another draft' EEXIST python3 -c 'import os, sys; os.rename(*sys.argv[1:])' "$runtimes/newer" "$runtimes/third"
fails 'onto an instance' EEXIST python3 -c 'import os, sys; os.rename(*sys.argv[1:])' "$runtimes/newer" "$runtimes/eval-01"
# mv(1) takes that EINVAL for a move into itself.
fails 'to a bad name' EINVAL python3 -c 'import os, sys; os.rename(*sys.argv[1:])' "$runtimes/newer" "$runtimes/New_er"
fails 'to another collection' EPERM mv "$runtimes/newer" "$models/newer"
fails 'a name of the API in a draft' EPERM dd if=/dev/null of="$runtimes/newer/status" status=none
ok 'rm of its spec.json' rm "$runtimes/newer/spec.json"
is 'the spec is gone' "$(ls -A "$runtimes/newer")" .error
: >"$runtimes/newer/spec.json"
ok 'rmdir of a draft, also with text' rmdir "$runtimes/newer"
mkdir "$runtimes/newer"
is 'a draft of the same name is a new one' "$(ls -A "$runtimes/newer")" .error
ok 'rmdir of drafts' rmdir "$runtimes/newer" "$runtimes/third"
fails 'and it is gone' ENOENT stat "$runtimes/newer"
is 'all of it sent no change' "$(changes)" none

echo '# names'
reset
long=$(printf %64s | tr ' ' n)
for name in Upper under_score -first last- 'two words' dot.ted "$long" 'ü' a~b %41; do
	fails "mkdir '$name'" EINVAL mkdir "$runtimes/$name"
done
has 'the reason' "$(cat "$runtimes/.error")" 'mkdir orgs/org-demo/projects/prj-demo/airuntimes/%41: EINVAL' 'name must be lower-case letters' 'Verdict: nothing was changed.'
fails 'mkdir of a hidden name' EINVAL mkdir "$runtimes/.hidden"
for name in ab "${long:0:31}" Chat; do
	fails "mkdir of a deployment '$name'" EINVAL mkdir "$models/$name"
done
for name in ab a/b a.b; do
	[ "$name" = a/b ] || fails "mkdir of a template '$name'" EINVAL mkdir "$templates/$name"
done
ok 'the longest names' mkdir "$runtimes/${long:0:63}" "$models/${long:0:30}" "$templates/Name of an Image_1"
ok 'and away' rmdir "$runtimes/${long:0:63}" "$models/${long:0:30}" "$templates/Name of an Image_1"
for at in "$m" "$m/orgs" "$m/orgs/org-demo/projects" "$m/templates" "$m/inventory" "$m/inventory/in-west-1" "$m/catalog" "$m/.neevfs" "$p" "$runtimes/eval-01" "$runtimes/.by-id"; do
	if [ "$(id -u)" = 0 ] || [ -w "$at" ]; then
		fails "mkdir in ${at#"$m"}/" EPERM mkdir "$at/new"
	else # the kernel says it already
		fails "mkdir in ${at#"$m"}/" EACCES mkdir "$at/new"
	fi
done
is 'nothing was sent' "$(changes)" none

echo '# ways to write'
way_echo() { echo "$(<spec.json)" >"$1"; }
way_here() {
	cat >"$1" <<-END
		{
			"region": "in-west-1", "templateID": "tpl-ubuntu", "gpuConfigID": "nvidia-l40s-48gb",
			"gpuCount": 1,
			"planId": "gpu-l40s-on-demand-1h"
		}
	END
}
way_cp() { cp pretty.json "$1"; }
way_tee() { tee "$1" <pretty.json >/dev/null; }
way_jq() { jq '.gpuCount = 1' spec.json >"$1"; }
way_lines() { printf '%s\n' "$(<pretty.json)" >"$1"; } # bash writes line by line
way_halves() { { printf %s "$(head -c 40 spec.json)"; tail -c +41 spec.json; } >"$1"; }
way_dd() { dd if=pretty.json of="$1" bs=7 status=none; }
way_python() { python3 -c 'import sys, shutil; shutil.copyfile("pretty.json", sys.argv[1])' "$1"; }
way_install() { cat pretty.json - </dev/null >"$1"; }
way_blank() { printf '\n\n  %s\n\n\n' "$(<spec.json)" >"$1"; }
way_named() { jq --arg name "$(basename "$(dirname "$1")")" '{name: $name} + .' spec.json >"$1"; }
for way in echo here cp tee jq lines halves dd python install blank named; do
	reset
	mkdir "$runtimes/by-$way"
	ok "$way" "way_$way" "$runtimes/by-$way/spec.json"
	is "$way: one POST" "$(requests createAIRuntime)" 1
	is "$way: the directory is the instance" "$(cat "$runtimes/by-$way"/{status,name,gpuConfigID})" "$(printf '%s\n' Pending "by-$way" nvidia-l40s-48gb)"
	is "$way: and it is what the cloud has" "$(cat "$runtimes/by-$way/id")" "$(listed "$runtimes_api" "by-$way" | jq -r .id)"
	drop "$runtimes_api" "by-$way"
done
mkdir -p tree/by-tree tree/by-tar
cp spec.json tree/by-tree
cp spec.json tree/by-tar
ok 'cp -r of a directory' cp -r tree/by-tree "$runtimes/"
ok 'tar x of a directory' eval 'tar -c -C tree by-tar | tar -x -C "$runtimes"'
is 'both are there' "$(cat "$runtimes"/by-{tree,tar}/status | paste -sd ' ')" 'Pending Pending'
drop "$runtimes_api" by-tree
drop "$runtimes_api" by-tar
reset
mkdir "$models/new-model" "$templates/New image"
ok 'a deployment' write "$spec_model" "$models/new-model/spec.json"
ok 'a template' write "$spec_template" "$templates/New image/spec.json"
is 'one POST each' "$(requests deployAIModel) $(requests createOrgAIRuntimeTemplate)" '1 1'
is 'they are there' "$(cat "$models/new-model/status" "$templates/New image/status")" $'initializing\nInactive'
is 'ls -l of what was just created' "$(ls -l "$models/new-model" | grep -c replicas)" 1
advance 40
refresh
is 'they come to life' "$(cat "$models/new-model/status" "$templates/New image/status")" $'ready\nActive'
drop "$models_api" new-model
drop "$templates_api" 'New image'

echo '# one handle, one POST'
cat >handle.py <<'END'
import errno, os, sys
path, text = sys.argv[1], sys.argv[2].encode()
fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
said = []
def call(function, *args):
    try:
        function(*args)
        said.append("ok")
    except OSError as error:
        said.append(errno.errorcode[error.errno])
for _ in range(3):
    call(os.write, fd, text)
call(os.fsync, fd)
call(os.close, os.dup(fd))
call(os.close, fd)
print(*said)
END
reset
mkdir "$runtimes/latched"
is 'writes after a create change nothing' "$(python3 handle.py "$runtimes/latched/spec.json" "$spec_runtime")" 'ok ok ok ok ok ok'
is 'one POST' "$(requests createAIRuntime)" 1
drop "$runtimes_api" latched
reset
mkdir "$runtimes/latched"
fault '{"operation":"createAIRuntime","status":402}'
is 'a refusal is remembered' "$(python3 handle.py "$runtimes/latched/spec.json" "$spec_runtime")" 'EDQUOT EDQUOT EDQUOT EDQUOT EDQUOT EDQUOT'
is 'one POST, refused' "$(requests createAIRuntime)" 1
is 'a text that is refused' "$(python3 handle.py "$runtimes/latched/spec.json" '{"region":1}')" 'EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL'
is 'no POST' "$(requests createAIRuntime)" 1
fault '{"operation":"createAIRuntime","delay_ms":6000}'
write "$spec_runtime" "$runtimes/latched/spec.json" &
writer=$!
becomes 'the POST is under way' 2 requests createAIRuntime
fails 'a second writer meanwhile' EALREADY write "$spec_runtime" "$runtimes/latched/spec.json"
fails 'rmdir meanwhile' EBUSY rmdir "$runtimes/latched"
wait $writer
is 'the first writer' $? 0
is 'two writers, one POST' "$(requests createAIRuntime)" 2
drop "$runtimes_api" latched
reset
mkdir "$runtimes/killed"
fault '{"operation":"createAIRuntime","delay_ms":6000}'
(exec cp pretty.json "$runtimes/killed/spec.json") 2>/dev/null &
writer=$!
becomes 'its POST is under way' 1 requests createAIRuntime
begin=$(now_ms)
{ kill -KILL $writer; wait $writer; } 2>/dev/null
is 'a writer can be killed' "$([ $(($(now_ms) - begin)) -lt 5000 ] && echo soon)" soon
becomes 'its create goes on' Pending cat "$runtimes/killed/status"
is 'one POST all the same' "$(requests createAIRuntime)" 1
drop "$runtimes_api" killed

echo '# text that is no spec'
reset
mkdir "$runtimes/bad"
refused() { # NAME TEXT WHAT .error SAYS FIRST, BEHIND ITS FIRST LINE
	fails "$1" EINVAL put "$2" "$runtimes/bad/spec.json"
	is "$1: the reason" "$(sed -n "2,$(($(wc -l <<<"$3") + 1))p" "$runtimes/bad/.error")" "$3"
	is "$1: the verdict, once" "$(grep -c ^Verdict: "$runtimes/bad/.error") $(tail -n 1 "$runtimes/bad/.error")" '1 Verdict: nothing was changed.'
	is "$1: the text stays" "$(cat "$runtimes/bad/spec.json")" "$2"
	rm "$runtimes/bad/spec.json"
}

refused 'members are missing' '{"region": "in-west-1"}' 'templateID is required
gpuConfigID is required
gpuCount is required
planId is required
line 1, column 23
{"region": "in-west-1"}
                      ^'
refused 'no value' '{"region": }' 'not valid JSON: no value begins like this
line 1, column 12
{"region": }
           ^'
refused 'an array' '[1]' 'a spec is a JSON object and begins with {
line 1, column 1
[1]
^'
refused 'more behind it' '{"region":"a"} x' 'not valid JSON: more text behind the value
line 1, column 16
{"region":"a"} x
               ^'
refused 'an unknown member' $'{\n\t"regin": "x"\n}' $'unknown member "regin"; did you mean "region"?
line 2, column 2
\t"regin": "x"
\t^'
refused 'a wrongly-cased member' $'{\n "Region": "x"\n}' 'unknown member "Region"; did you mean "region"?
line 2, column 2
 "Region": "x"
 ^'
refused 'a member twice' '{"region":"a","region":"b"}' 'not valid JSON: a key that stands twice in one object
line 1, column 15
{"region":"a","region":"b"}
              ^'
refused 'another name' '{"name":"other","region":"a"}' 'name must be left out or be "bad", as the directory is called, not "other"
line 1, column 9
{"name":"other","region":"a"}
        ^'
refused 'a wrong type' $'{\n  "region": "in-west-1",\n  "gpuCount": "1"\n}' 'gpuCount must be a whole number from 1 to 2147483647, not "1"
line 3, column 15
  "gpuCount": "1"
              ^'
refused 'a broken number' '{"region":"in-west-1","gpuCount":1.5}' 'gpuCount must be a whole number from 1 to 2147483647, not 1.5
line 1, column 34
{"region":"in-west-1","gpuCount":1.5}
                                 ^'
refused 'out of range' '{"region":"in-west-1","gpuCount":0}' 'gpuCount must be a whole number from 1 to 2147483647, not 0
line 1, column 34
{"region":"in-west-1","gpuCount":0}
                                 ^'
refused 'a pattern' '{"templateID":"ubuntu"}' "templateID must be a template's id: tpl-..., not \"ubuntu\"
line 1, column 15
{\"templateID\":\"ubuntu\"}
              ^"
refused 'one of several' '{"storage":{"type":"persistent","mode":"lokal"}}' 'storage.mode must be "local" or "network", not "lokal"
line 1, column 40
{"storage":{"type":"persistent","mode":"lokal"}}
                                       ^'
refused 'a range inside' '{"storage":{"type":"ephemeral","sizeGb":21}}' 'storage.sizeGb must be a whole number from 1 to 20, not 21
line 1, column 41
{"storage":{"type":"ephemeral","sizeGb":21}}
                                        ^'
refused 'names twice' '{"customPorts":[{"name":"a","containerPort":80},{"name":"a","containerPort":81}]}' 'customPorts: elements 0 and 1 have the same name
line 1, column 57
{"customPorts":[{"name":"a","containerPort":80},{"name":"a","containerPort":81}]}
                                                        ^'
refused 'no JSON' hello 'a spec is a JSON object and begins with {
line 1, column 1
hello
^'
refused 'a zero in front' '{"region":01}' 'not valid JSON: a number that begins with 0
line 1, column 11
{"region":01}
          ^'
refused 'a NUL as text' '{"region":"a\u0000b"}' 'not valid JSON: \u0000, which no text here can hold
line 1, column 13
{"region":"a\u0000b"}
            ^'
wrong='{
  "region": "in-west-1",
  "templateID": "ubuntu",
  "gpuConfigID": "nvidia-l40s-48gb",
  "gpucount": 1,
  "planId": "gpu-l40s-on-demand-1h",
  "storage": {"type": "ephemeral", "sizeGb": 21}
}'
all_wrong='templateID must be a template'"'"'s id: tpl-..., not "ubuntu"
line 3, column 17
  "templateID": "ubuntu",
                ^
unknown member "gpucount"; did you mean "gpuCount"?
line 5, column 3
  "gpucount": 1,
  ^
storage.sizeGb must be a whole number from 1 to 20, not 21
line 7, column 46
  "storage": {"type": "ephemeral", "sizeGb": 21}
                                             ^'
refused 'three mistakes' "$wrong" "$all_wrong
Verdict: nothing was changed."
is 'the collection has all three' "$(cat "$runtimes/.error")" "$(cat "$runtimes/bad/.error")"
put "$wrong" "$runtimes/bad/spec.json.plan"
is 'and so has a plan' "$(cat "$runtimes/bad/spec.json.plan")" "Verdict:  it would be refused: EINVAL: $all_wrong
Nothing would be sent."
rm "$runtimes/bad/spec.json.plan"
fails 'a dozen mistakes' EINVAL put "{$(printf '"x%s":1,' {1..8})\"region\":\"a\"}" "$runtimes/bad/spec.json"
is 'ten are told, and that there are more' "$(grep -c -e '^unknown member "x' -e ' is required$' "$runtimes/bad/.error") $(tail -n 2 "$runtimes/bad/.error" | head -n 1)" '10 and 2 more'
rm "$runtimes/bad/spec.json"
fails 'bytes that are no UTF-8' EINVAL put $'{"region":"\xff"}' "$runtimes/bad/spec.json"
rm "$runtimes/bad/spec.json"
fails 'a byte too many' EINVAL put "$spec_runtime$spec_runtime" "$runtimes/bad/spec.json"
has 'the first line of .error' "$(head -n 1 "$runtimes/bad/.error")" 'Z write orgs/org-demo/projects/prj-demo/airuntimes/bad/spec.json: EINVAL'
is 'the collection has it too' "$(cat "$runtimes/.error")" "$(cat "$runtimes/bad/.error")"
is '.neevfs/errors ends with it' "$(tail -n "$(wc -l <"$runtimes/bad/.error")" "$m/.neevfs/errors")" "$(cat "$runtimes/bad/.error")"
rm "$runtimes/bad/spec.json"
printf '{"region":' >part
fails 'half a text, at close' EINVAL cp part "$runtimes/bad/spec.json"
is 'half a text: the reason' "$(sed -n 2,5p "$runtimes/bad/.error")" 'not complete: the text ends before a value
line 1, column 11
{"region":
          ^'
is 'half a text stays' "$(cat "$runtimes/bad/spec.json")" "$(cat part)"
ok 'an empty text is no error by itself' eval ': >"$runtimes/bad/spec.json"'
ok 'truncated to NULs' truncate -s 100 "$runtimes/bad/spec.json"
head -c 1200000 /dev/zero | tr '\0' ' ' >big
fails 'more than 1 MiB' EFBIG cp big "$runtimes/bad/spec.json"
has 'more than 1 MiB: the reason' "$(cat "$runtimes/bad/.error")" EFBIG '1 MiB'
mkdir "$templates/secretive"
fails 'a secret in a bad spec' EINVAL put '{"description":"x","image":"ghcr.io/a/b:v1","oci_registry_token":["hunter2hunter2"],"category":"LLM"}' "$templates/secretive/spec.json"
hasnt 'is not shown' "$(cat "$templates/secretive/.error" "$m/.neevfs/errors" "$log")" hunter2
has 'but its place is' "$(cat "$templates/secretive/.error")" 'oci_registry_token must be a string' 'line 1, column 66'
fails 'a secret among several mistakes' EINVAL put '{"Image":"hunter2","description":7,"oci_registry_tokn":["hunter2"],"category":"hunter2","category_":"hunter2"}' "$templates/secretive/spec.json"
hasnt 'is not shown either' "$(cat "$templates/secretive/.error" "$m/.neevfs/errors" "$log")" hunter2
has 'but the mistakes are' "$(cat "$templates/secretive/.error")" '"Image"; did you mean "image"?' 'image must be an image' 'description must be a string' '"oci_registry_tokn"; did you' \
	'oci_registry_token must be a string' '"category_"; did you'
put '{"Image":"hunter2","oci_registry_tokn":["hunter2"]}' "$templates/secretive/spec.json.plan"
hasnt 'nor in a plan' "$(cat "$templates/secretive/spec.json.plan")" hunter2
rm "$templates/secretive/spec.json.plan"
rmdir "$templates/secretive"
is 'nothing of all that was sent' "$(changes)" none
put "$wrong" "$runtimes/bad/spec.json" 2>/dev/null
ok 'and then all mended' eval 'sed "s/ubuntu/tpl-ubuntu/; s/gpucount/gpuCount/; s/21/20/" <<<"$wrong" >"$runtimes/bad/spec.json"'
is 'is created' "$(requests createAIRuntime) $(cat "$runtimes/bad/status")" '1 Pending'
drop "$runtimes_api" bad

echo '# refusals of the API'
mkdir "$runtimes/asked" "$models/asked" "$templates/asked"
for case in 400=EINVAL 401=EKEYEXPIRED 402=EDQUOT 403=EACCES 404=ENOENT 409=EEXIST 422=EINVAL 429=EBUSY; do
	reset
	fault "{\"operation\":\"createAIRuntime\",\"status\":${case%=*},\"times\":0}"
	fails "POST answered ${case%=*}" "${case#*=}" write "$spec_runtime" "$runtimes/asked/spec.json"
	[ "${case%=*}" != 401 ] || another_token
	is "${case%=*}: one POST" "$(requests createAIRuntime)" 1
	has "${case%=*}: the reason" "$(cat "$runtimes/asked/.error")" "asked/spec.json: ${case#*=}" "HTTP ${case%=*} " 'x-request-id req-' 'Verdict: nothing was changed.'
	is "${case%=*}: the draft stays" "$(cat "$runtimes/asked/spec.json")" "$spec_runtime"
done
reset
fault '{"operation":"deployAIModel","status":402}'
fault '{"operation":"createOrgAIRuntimeTemplate","status":403}'
fails 'a deployment' EDQUOT write "$spec_model" "$models/asked/spec.json"
fails 'a template' EACCES write "$spec_template" "$templates/asked/spec.json"
is 'one POST each' "$(requests deployAIModel) $(requests createOrgAIRuntimeTemplate)" '1 1'
fails "the cloud's own refusal" EINVAL write "${spec_runtime/in-west-1/in-nowhere-1}" "$runtimes/asked/spec.json"
has "the cloud's own words" "$(cat "$runtimes/asked/.error")" 'in-nowhere-1' 'HTTP 400'
fails 'no such template' ENOENT write "${spec_runtime/tpl-ubuntu/tpl-nothing}" "$runtimes/asked/spec.json"
reset
fault '{"operation":"listAIRuntimes","status":503,"times":0}'
fails 'no listing, no POST' EREMOTEIO write "$spec_runtime" "$runtimes/asked/spec.json"
is 'no POST' "$(requests createAIRuntime)" 0
faults_end
refresh
wait_for ls "$runtimes" # what has just failed is not asked again at once
jq '{name: "asked"} + .' spec.json | api "$runtimes_api" -d @- -o /dev/null # behind the mount's back, whose listing is fresh
fails 'the name was taken meanwhile' EEXIST write "$spec_runtime" "$runtimes/asked/spec.json"
is 'no POST for a name that is taken' "$(requests createAIRuntime)" 1
is 'the directory is the one that exists' "$(cat "$runtimes/asked/id")" "$(listed "$runtimes_api" asked | jq -r .id)"
drop "$runtimes_api" asked
ok 'the refused ones, now' eval 'write "$spec_model" "$models/asked/spec.json" && write "$spec_template" "$templates/asked/spec.json"'
drop "$models_api" asked
drop "$templates_api" asked

echo '# a refusal of a rename is not asked for again'
# mv(1) renames with RENAME_NOREPLACE, and once more without where that fails with EINVAL, ENOSYS, ENOTSUP or EEXIST.
for case in '400 EINVAL' '422 EINVAL' '409 EEXIST' '402 EDQUOT' '403 EACCES' '404 ENOENT'; do
	read -r status errno <<<"$case"
	mkdir "$runtimes/moved-$status"
	put "$spec_runtime" "$runtimes/moved-$status/spec.json.new"
	reset
	fault "{\"operation\":\"createAIRuntime\",\"status\":$status,\"times\":1}"
	mv "$runtimes/moved-$status/spec.json.new" "$runtimes/moved-$status/spec.json" 2>/dev/null
	is "mv, when the API says $status" "$? $(changes) $(ls "$runtimes/moved-$status")" "1 createAIRuntime=1 spec.json.new"
	has 'with its errno' "$(cat "$runtimes/moved-$status/.error")" "$errno" "$status"
	faults_end
done
mv -n "$runtimes/moved-400/spec.json.new" "$runtimes/moved-400/spec.json"
is 'mv -n sends nothing' "$(changes) $(ls "$runtimes/moved-400")" 'createAIRuntime=1 spec.json.new'
ok 'mv again is a create again' mv "$runtimes/moved-400/spec.json.new" "$runtimes/moved-400/spec.json"
is 'one' "$(changes) $(cat "$runtimes/moved-400/name")" 'createAIRuntime=2 moved-400'

echo '# clones'
for name in train-llama eval-01 notebook-asha finetune-mistral whisper-batch render-comfy; do
	mkdir "$runtimes/clone"
	reset
	ok "clone of $name" cp "$runtimes/$name/spec.json" "$runtimes/clone/"
	is "clone of $name: one POST" "$(requests createAIRuntime)" 1
	is "clone of $name: the same spec" "$(cat "$runtimes/clone/spec.json")" "$(cat "$runtimes/$name/spec.json")"
	drop "$runtimes_api" clone
done
for name in chat-llama code-qwen draft-mistral; do
	mkdir "$models/clone"
	ok "clone of $name" cp "$models/$name/spec.json" "$models/clone/"
	is "clone of $name: the same spec" "$(cat "$models/clone/spec.json")" "$(cat "$models/$name/spec.json")"
	is "clone of $name: the same model" "$(cat "$models/clone/model_id")" "$(cat "$models/$name/model_id")"
	drop "$models_api" clone
done
for name in team-vllm lab-sdxl; do
	mkdir "$templates/clone"
	ok "clone of $name" cp "$templates/$name/spec.json" "$templates/clone/"
	is "clone of $name: the same spec" "$(cat "$templates/clone/spec.json")" "$(cat "$templates/$name/spec.json")"
	drop "$templates_api" clone
done
hasnt 'a spec has no name' "$(cat "$runtimes"/*/spec.json | jq -r 'keys[]')" name

echo '# what exists cannot be changed'
reset
cat "$runtimes/eval-01/spec.json" >same.json
jq '.gpuCount += 1' same.json >other.json
fails 'another spec' EPERM cp other.json "$runtimes/eval-01/spec.json"
has 'the reason' "$(cat "$runtimes/eval-01/.error")" 'cannot change' gpuCount
ok 'the same spec' cp same.json "$runtimes/eval-01/spec.json"
ok 'the same spec, spelt otherwise' eval 'jq -cS . same.json >"$runtimes/eval-01/spec.json"'
cp same.json other.json && printf '{"region": 7}' >"$runtimes/eval-01/spec.json" 2>/dev/null
has 'a refusal is told' "$(cat "$runtimes/eval-01/.error")" EINVAL 'region must be a string, not 7' 'templateID is required'
is 'it is as it was' "$(cat "$runtimes/eval-01/spec.json")" "$(cat same.json)"
is 'nothing was sent' "$(changes)" none

echo '# what the API does not tell'
mkdir "$models/untold"
cp "$models/spec.example.json" example.json
cp example.json "$models/untold/spec.json"
reset
ok 'what this mount sent is the same' cp example.json "$models/untold/spec.json"
refresh
ok 'also by a listing' cp example.json "$models/untold/spec.json"
jq '.config.max_num_seqs = 1' example.json >other.json
fails 'another configuration' EPERM cp other.json "$models/untold/spec.json"
has 'the reason' "$(cat "$models/untold/.error")" 'it differs in: config'
jq '.plan_id = "gpu-l40s-reserved-1y"' example.json >other.json
fails 'another plan' EPERM cp other.json "$models/untold/spec.json"
has 'the reason' "$(cat "$models/untold/.error")" 'it differs in: plan_id'
is 'it stands in spec.json, which can be written back' "$(jq -cS . "$models/untold/spec.json")" "$(jq -cS 'del(."$schema", ."$comment")' example.json)"
ok 'so' eval 'cat "$models/untold/spec.json" >back.json && cp back.json "$models/untold/spec.json"'
mount_down
mount_up
is 'another mount does not show it' "$(jq .config "$models/untold/spec.json")" null
fails 'nor know' EPERM cp example.json "$models/untold/spec.json"
has 'and says so' "$(cat "$models/untold/.error")" 'does not tell config: whether that is the same cannot be known; all else is'
hasnt 'what is not known does not differ' "$(cat "$models/untold/.error")" differs
ok 'all else can be compared' eval 'jq "del(.config)" example.json >"$models/untold/spec.json"'
is 'nothing was sent' "$(changes)" none
drop "$models_api" untold

echo '# what was refused before a success is history'
mkdir "$runtimes/mended"
put '{}' "$runtimes/mended/spec.json" 2>/dev/null
has 'the refusal' "$(cat "$runtimes/mended/.error")" 'region is required' 'planId is required'
ok 'the next try' cp same.json "$runtimes/mended/spec.json"
is '.error after it' "$(cat "$runtimes/mended/.error")" ''
has '.neevfs/errors keeps it' "$(cat "$m/.neevfs/errors")" 'airuntimes/mended/spec.json: EINVAL'

echo '# drafts end with the mount'
mkdir "$runtimes/left"
put '{"region":' "$runtimes/left/spec.json" 2>/dev/null
mount_down
mount_up
fails 'a draft' ENOENT stat "$runtimes/left"
finish
