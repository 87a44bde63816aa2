#!/bin/bash
# Tokens: where they come from, what becomes of one that is refused, logging in, and that none is ever seen.
. "$(dirname "$0")/lib.sh" || exit 1
here=$(cd "$(dirname "$0")" && pwd)

cloud_up --speed 1
cd "$work" || exit 1
given() { # JSON: what the cloud accepts from now on
	control tokens -d "$1" -o /dev/null
}
secret() { # TEXT FILE: by another file, as it should be done
	(umask 077 && printf '%s\n' "$1" >"$2.new" && mv "$2.new" "$2")
}
status_of() { cat "$runtimes/eval-01/status"; }
state=$work/state/neevfs

echo '# a token file that is replaced under load'
cat >load.py <<'END'
import json, os, sys, threading, time, urllib.request
url, file, paths, good, bad, over = sys.argv[1], sys.argv[2], sys.argv[3:], [], [], []
def read(path):
    while not over:
        try:
            with open(path) as value:
                good.append(value.read())
        except OSError as error:
            bad.append(str(error))
def given(**accepted):
    urllib.request.urlopen(url + "/_sandbox/tokens", json.dumps(accepted).encode()).read()
def go_on(count): # so many reads more, or too long
    wanted, end = len(good) + count, time.monotonic() + 5
    while len(good) < wanted and time.monotonic() < end:
        time.sleep(0.001)
threads = [threading.Thread(target=read, args=(path,)) for path in paths]
for thread in threads:
    thread.start()
go_on(8)
for i in range(1, 51):
    given(token="pat-nc-number-%d" % i, also="pat-nc-number-%d" % (i - 1))
    with open(os.open(file + ".new", os.O_WRONLY | os.O_CREAT, 0o600), "w") as new:
        new.write("pat-nc-number-%d\n" % i)
    os.rename(file + ".new", file)
    given(also="")  # the old one ends while requests with it are on their way
    go_on(8)
over.append(True)
for thread in threads:
    thread.join()
print(len(bad), *bad[:1])
print(len(good))
END
secret pat-nc-number-0 tok
given '{"token":"pat-nc-number-0"}'
mount_up -o "ttl=0,token_file=$work/tok"
python3 load.py "$url" "$work/tok" "$runtimes"/{eval-01,train-llama}/{status,info.json} "$models/chat-llama/replicas" "$m/catalog/BAAI-bge-m3/name" >load.out 2>&1
is 'replaced 50 times under a reading load: failed calls' "$(head -n 1 load.out)" 0
is 'and there was a load' "$([ "$(tail -n 1 load.out)" -ge 400 ] && echo yes || cat load.out)" yes
is 'the last one is used' "$(cat tok)" pat-nc-number-50
echo "# $(tail -n 1 load.out) reads, $(asked) requests"

echo '# a token that is refused'
reset
given '{"token":"pat-nc-other"}'
faulted 'a token that is refused' EKEYEXPIRED 5000 1 status_of
faulted 'a token that is refused, again' EKEYEXPIRED 5000 0 status_of
for ((i = 0; i < 60; i++)); do
	cat "$runtimes/eval-01/status" "$runtimes/train-llama/info.json"
	mkdir "$runtimes/job-$i"
done 2>/dev/null
is 'a token that is refused: requests for 180 calls more' "$(asked)" 1
has 'and why' "$(tail -n 4 "$m/.neevfs/errors")" EKEYEXPIRED 'the API answered 401: the token is not valid (not asked again for 30 s' "Next: put another token into $PWD/tok; neevfs doctor looks at it."
ok 'what is local answers' ls "$m" "$m/.neevfs"
secret pat-nc-other tok
faulted 'a token file with the right one' 0 8000 1-9 status_of
chmod 644 tok
fails 'a token file that others can read' EKEYEXPIRED status_of
chmod 600 tok
ok 'put right' status_of
: >tok # as who writes into it in place
printf 'pat-nc-other\n' >tok
ok 'written in place' status_of
mount_down

echo '# a command'
cat >command <<'END'
#!/bin/sh
echo run >>runs
cat tok
END
chmod +x command
mount_up -o "ttl=0,token_command=./command"
ok 'a token of a command' status_of
is 'it was run once' "$(wc -l <runs)" 1
given '{"token":"pat-nc-third"}'
secret pat-nc-third tok
reset
faulted 'a command again after a 401' 0 8000 2-20 cat "$runtimes"/{eval-01,train-llama}/status
is 'it was run again, once' "$(wc -l <runs)" 2
cat >command <<'END'
#!/bin/sh
echo run >>runs
while [ ! -e go ]; do sleep 0.05; done
cat tok
END
given '{"token":"pat-nc-fourth"}'
secret pat-nc-fourth tok
for ((i = 0; i < 20; i++)); do
	cat "$runtimes/eval-01/status" >>seen 2>&1 &
	readers[i]=$!
done
wait_for eval '[ "$(wc -l <runs)" = 3 ]'
begin=$(now_ms)
ls "$m" "$m/.neevfs" >/dev/null && cat "$m/README.txt" >/dev/null
took=$(($(now_ms) - begin))
is 'the mount answers meanwhile' "$([ $took -lt 10000 ] && echo yes || echo "$took ms")" yes
: >go
wait "${readers[@]}"
is 'and those who waited have their answer' "$(sort seen | uniq -c | awk '{print $1, $2}')" '20 Running'
is '20 refused together: one run' "$(wc -l <runs)" 3
printf '#!/bin/sh\necho run >>runs\nexit 7\n' >command
given '{"token":"pat-nc-fifth"}'
faulted 'a command that fails after a 401' EKEYEXPIRED 8000 1 status_of
for ((i = 0; i < 50; i++)); do cat "$runtimes/eval-01/status" 2>/dev/null; done
is 'it is not run again and again' "$(wc -l <runs)" 4
mkdir "$runtimes/job" 2>/dev/null
has 'its reason is told' "$(tail -n 4 "$m/.neevfs/errors")" 'the token command failed with status 7'
mount_down
given '{"token":"pat-nc-sandbox"}'

echo '# login'
printf 'demo@example.com' >email
printf 'demo' >password
printf 'not-the-password' >wrong
printf 'who@example.com' >nobody
login() { # EMAIL-FILE PASSWORD-FILE OPTION…: status, and what the terminal showed: said
	local email=$1 password=$2
	shift 2
	python3 "$here/terminal.py" "$work/shown" wait=E-mail: echo=on "type=$email" wait=Password: echo=off "type=$password" -- \
		"$NEEVFS" login -o "api_base=$url" "$@"
	status=$?
	said=$(tr -d '\r' <"$work/shown")
}
login email wrong
is 'login: wrong password' "$status" 1
has 'login: wrong password: words' "$said" 'wrong password for demo@example.com'
login nobody password
has 'login: unknown user' "$said" 'there is no user who@example.com'
login email password -o api_base=http://127.0.0.1:1
has 'login: no network' "$said" 'cannot reach 127.0.0.1:1'
is 'nothing is stored' "$(ls -A "$state" 2>/dev/null | grep -v -e journal -e lock)" ''
reset
login email password
is 'login' "$status $(counted)" '0 login=1'
hasnt 'the password is not shown' "${said/demo@example.com/}" demo
is 'modes' "$(stat -c '%a %U' "$state" "$state/login" | sort -u | paste -sd ' ')" "600 $(id -un) 700 $(id -un)"
python3 "$here/terminal.py" "$work/shown" wait=E-mail: type=email wait=Password: echo=off send=03 echo=on -- "$NEEVFS" login -o "api_base=$url"
is 'Ctrl-C ends it, and the terminal shows again what is typed' $? 130
is 'without a terminal' "$(setsid -w "$NEEVFS" login -o "api_base=$url" 2>&1 </dev/null)" \
	'neevfs: there is no terminal to ask on; neevfs login --token-stdin takes a personal access token'
token= # from here on mounts have none of their own
mount_up -o ttl=0
reset
ok 'a mount uses it' status_of
is 'without renewing it' "$(requests refresh)" 0
given '{"revoke_access":true}'
faulted 'an access token that was taken back' 0 8000 3-9 status_of
is 'it was renewed' "$(requests refresh)" 1
first=$m first_pid=$pid first_log=$log
mount_up -o ttl=0
reset
given '{"revoke_access":true}'
for ((i = 0; i < 10; i++)); do
	cat "$first/project/airuntimes/eval-01/status" "$runtimes/train-llama/status" 2>&1 &
	readers[i]=$!
done >both
wait "${readers[@]:0:10}"
is 'two mounts, one login: all are answered' "$(sort both | uniq -c | awk '{print $1, $2}')" '20 Running'
is 'and it was renewed once' "$(requests refresh)" 1
mount_down
m=$first pid=$first_pid log=$first_log runtimes=$first/project/airuntimes models=$first/project/aimodels
given '{"expires_in":5}'
login email password
reset
ok 'another log-in is taken up' status_of
ok 'it is renewed before its end' wait_for eval 'cat "$runtimes/eval-01/status" >>many 2>&1 && sent refresh'
ok 'the new one serves' status_of
is 'and nobody noticed' "$(sort -u many)" Running
given '{"expires_in":3600,"revoke_access":true,"revoke_refresh":true}'
reset
faulted 'a login that is over' EKEYEXPIRED 8000 1-3 status_of # no listing where the access is over too
mkdir "$runtimes/job" 2>/dev/null
has 'what to do' "$(tail -n 4 "$m/.neevfs/errors")" 'run `neevfs login` again'
for ((i = 0; i < 50; i++)); do cat "$runtimes/eval-01/status" 2>/dev/null; done
is 'it is not tried again and again' "$([ "$(asked)" -le 3 ] && echo yes || counted)" yes
login email password
ok 'after another log-in' status_of
ok 'logout' "$NEEVFS" logout
is 'nothing is left' "$(ls -A "$state" | grep -v -e '^journal' -e lock; wc -c <"$state/login.lock")" 0
sleep_until_out() { ! cat "$runtimes/eval-01/status" 2>/dev/null; }
ok 'the mount has none then' wait_for sleep_until_out
fails 'logged out' EKEYEXPIRED status_of
fails_out=$("$NEEVFS" logout 2>&1)
is 'logout without a login' "$? $fails_out" '1 neevfs: nobody is logged in'
XDG_STATE_HOME=$work/none "$NEEVFS" logout 2>/dev/null
ok 'it makes no files' [ ! -e "$work/none" ]
echo pat-nc-sandbox | "$NEEVFS" login --token-stdin -o "api_base=$url" >said 2>&1
is '--token-stdin' "$? $(cat said)" "0 The token for $url/tenant is stored in $state/login"
ok 'a mount uses it' status_of
said=$(echo sk-nc-0123456789 | "$NEEVFS" login --token-stdin -o "api_base=$url" 2>&1)
has '--token-stdin: an inference key' "$said" 'inference only'
mount_down
"$NEEVFS" login extra >said 2>&1
is 'login: usage' $? 2
"$NEEVFS" --token-stdin "$work" >said 2>&1
is '--token-stdin without login' $? 2

echo '# what is stored is looked at before it is used'
mkdir point
start_refused() { # NAME WORDS [OPTION]
	local said
	said=$("$NEEVFS" -o "api_base=$url${3-}" "$work/point" 2>&1 </dev/null)
	is "$1: refused" $? 1
	has "$1: why" "$said" "$2"
}
chmod 640 "$state/login"
start_refused 'others can read it' "chmod 600 $state/login"
chmod 600 "$state/login"
if [ "$(id -u)" = 0 ]; then
	chown 12345 "$state/login"
	start_refused 'of another user' 'belongs to another user'
	chown 0 "$state/login"
else
	skip 'of another user' 'only root can give a file away'
fi
start_refused 'for another service' "is for $url/tenant" ",tenant_base=http://127.0.0.1:1"
mv "$state/login" "$state/moved"
ln -s moved "$state/login"
start_refused 'a symbolic link' 'symbolic link'
said=$(echo pat-nc-sandbox | "$NEEVFS" login --token-stdin -o "api_base=$url" 2>&1)
has 'login: a symbolic link' "$said" 'symbolic link'
rm "$state/login"
chmod 755 "$state"
said=$(echo pat-nc-sandbox | "$NEEVFS" login --token-stdin -o "api_base=$url" 2>&1)
has 'login: the directory' "$said" "chmod 700 $state"
chmod 700 "$state"
rm "$state/moved"

echo '# no secret is ever seen'
# Every secret has it in it; whatever is searched is searched with a file that holds it, so that no command line does.
canary=canary$RANDOM$$
printf '%s\n' "$canary" >needle
printf '%s-password' "$canary" >password
: >hits
given "{\"token\":\"pat-nc-$canary\",\"prefix\":\"eyJ$canary\",\"password\":\"$canary-password\",\"echo\":true}"
ours() { # the pids of all our processes
	local at
	for at in /proc/[0-9]*; do
		[ "$(readlink "$at/exe")" = "$NEEVFS" ] && echo "${at#/proc/}"
	done 2>/dev/null
}
hunt() { # WHAT FILE…
	local what=$1
	shift
	grep -aF -s -r -D skip -f needle -- "$@" | head -n 3 | sed "s/^/$what: /" >>hits
}
searched=0
look() { # everything that the mount and its processes show
	local at
	hunt "$1: the mount" "$m"
	find "$m" -printf '%p %l\n' 2>/dev/null >listed
	hunt "$1: names" listed
	hunt "$1: log" "$work/canary.log" "$log"
	hunt "$1: state" $(find "$state" -type f ! -name login)
	for at in $(ours); do
		hunt "$1: command line" "/proc/$at/cmdline"
		hunt "$1: environment" "/proc/$at/environ"
		grep -q 'core file size *0 *0 ' "/proc/$at/limits" || echo "$1: core file of $at" >>hits
		[ "$(stat -c %u "/proc/$at/environ")" = 0 ] || echo "$1: $at can be read by its user" >>hits
		searched=$((searched + 1))
	done
	ps axeww >listed
	hunt "$1: ps" listed
}
session() { # NAME OPTION…: a mount with everything that can go wrong
	local name=$1
	shift
	mount_up -o "log=$work/canary.log,log_level=debug" "$@"
	status_of >/dev/null || echo "$name: no session" >>hits
	look "$name"
	put 3 "$models/chat-llama/replicas"
	mkdir "$runtimes/job-$name" && put '{"region":' "$runtimes/job-$name/spec.json"
	put '{"region":1}' "$runtimes/job-$name/spec.json"
	fault "{\"operation\":\"createAIRuntime\",\"times\":2,\"status\":401,\"body\":{\"message\":\"pat-nc-$canary and $(sed -n 's/^access //p' "$state/login") are bad\"}}"
	fault "{\"operation\":\"listDeployedAIModels\",\"times\":2,\"status\":500,\"headers\":{\"x-request-id\":\"pat-nc-$canary\"},\"body\":{\"code\":\"pat-nc-$canary\",\"message\":\"pat-nc-$canary\"}}"
	put "$spec_runtime" "$runtimes/job-$name/spec.json"
	refresh
	ls "$models"
	faults_end
	given '{"token":"something-else","also":"","revoke_access":true,"revoke_refresh":true}'
	refresh
	mkdir "$runtimes/held-$name"
	put 4 "$models/chat-llama/replicas"
	status_of
	look "$name, refused"
	isnt "canary: $name: it was refused" "$(cat "$m/.neevfs/errors" | grep -c EKEYEXPIRED)" 0
	given "{\"token\":\"pat-nc-$canary\"}"
	mount_down
} 2>/dev/null
secret "pat-nc-$canary" tok
printf '#!/bin/sh\ncat %s/tok\n' "$work" >command
token=pat-nc-$canary
session environment
token=
session file -o "token_file=$work/tok"
session command -o "token_command=$work/command"
: >looked
python3 "$here/terminal.py" "$work/shown" wait=E-mail: type=email wait=Password: look=looked type=password -- "$NEEVFS" login -o "api_base=$url"
is 'canary: login' $? 0
hunt 'login: terminal' shown
hunt 'login: process' looked
is 'canary: it looked at the login' "$(tr '\0' ' ' <looked | grep -c 'neevfs login')" 1
login email wrong
hunt 'login: wrong' shown
printf '%s-wrong' "$canary" >wrong
login email wrong # the cloud repeats the password in its refusal
hunt 'login: wrong, repeated' shown
session login
is 'a secret was seen' "$(cat hits)" ''
# Without PR_SET_DUMPABLE 0 a process's memory belongs to its user. Root would not see that.
if [ "$(id -u)" = 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$NEEVFS" -a -r "$NEEVFS"; then
	mkfifo pipe
	HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent XDG_STATE_HOME=/nonexistent setpriv --reuid 65534 --regid 65534 --clear-groups "$NEEVFS" login --token-stdin -o "api_base=$url" <pipe >/dev/null 2>&1 &
	at=$!
	echo $at >>"$work/pids"
	exec 9>pipe
	becomes 'nobody may look into it' 'neevfs 0' eval 'echo "$(cat /proc/$at/comm) $(stat -c %u /proc/$at/environ)"'
	exec 9>&-
	wait $at
else
	skip 'nobody may look into it' 'only root can become another user, and that one cannot run it'
fi
is 'canary: processes searched' "$([ $searched -ge 8 ] && echo yes || echo $searched)" yes
is 'canary: the search finds what there is' "$(hits=0; : >hits; hunt x tok; wc -l <hits)" 1
finish
