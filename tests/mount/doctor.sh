#!/bin/bash
# neevfs doctor and neevfs status: what they say of a good set-up, and of each thing that can be wrong.
BOUND=${BOUND:-120}
here=$(cd "$(dirname "$0")" && pwd)
# What else is mounted on this machine would be seen, too: so in a mount namespace of its own, where that can be had.
if [ "$(id -u)" = 0 ] && [ -z "${ALONE-}" ] && unshare -m true 2>/dev/null; then
	export ALONE=1
	exec unshare -m --propagation private "$0" "$@"
fi
if [ -n "${ALONE-}" ]; then
	for at in $(awk '$3 == "fuse.neevfs" {print $2}' /proc/self/mounts); do
		fusermount3 -u -q -z -- "$at"
	done
fi
. "$here/lib.sh" || exit 1
needs python3 openssl jq
cd "$work" || exit 1
cloud_up --speed 0
umask 077
printf '%s\n' "$token" >token
umask 022

# doctor STATUS ARGUMENT…: said is what it said
doctor() {
	local expected=$1 status
	shift
	said=$("$NEEVFS" doctor "$@" 2>&1 </dev/null)
	status=$?
	is "doctor $*: status" "$status" "$expected"
	hasnt 'no token is shown' "$said" "$token" secretsecret
}
failing() { grep -c '^FAIL' <<<"$said"; }
warning() { grep -c '^warn' <<<"$said"; }
base=api_base=$url,token_file=$work/token,$scope
# Servers that answer oddly: a URL each.
oddly() { # AHEAD [CERTIFICATE KEY]
	: >oddly.url
	python3 "$here/oddly.py" "$@" >oddly.url 2>>oddly.err < <(exec sleep "$BOUND") &
	echo $! >>"$work/pids"
	wait_for grep -q . oddly.url
	odd=$(cat oddly.url)
}

echo '# nothing wrong'
nothing='no neevfs is mounted
    a simulated cloud, for a first look: mkdir cloud && neevfs --sandbox cloud
    your own: neevfs login, then mkdir neev && neevfs neev'
is 'status, nothing is mounted' "$("$NEEVFS" status) $?" "$nothing 0"
doctor 0 --sandbox
is 'the simulated cloud: nothing is amiss' "$(failing) $(warning)" '0 0'
mkdir point
reset
doctor 0 -o "$base" point
is 'all is well' "$(failing) $(warning)" '0 0'
has 'each is looked at' "$said" "ok    config file: none" "ok    proxy: none" "ok    token: from $work/token" "ok    tenant: $url/tenant answers 200" \
	"ok    gpu: " "ok    inventory: " "ok    aimodels: " "ok    clock: " "ok    /dev/fuse: " "ok    kernel: " "ok    state: $work/state/neevfs can be made" "ok    journal: none yet" \
	"ok    mounted: no neevfs" "ok    mount point: $work/point is an empty directory"
is 'one GET each' "$(counted)" 'listAIRuntimes=1 listDeployedAIModels=1 listInventory=1 listOrgs=1'
is 'nothing was made' "$(ls -A "$work/state" 2>/dev/null | wc -l)" 0

# One that never says a word has its time, and no more: it goes on beside all that follows.
oddly silent
silent_from=$(now_ms)
{ "$NEEVFS" doctor -o "$base,inventory_base=$odd" >silent.said 2>&1 </dev/null; echo $? >silent.status; echo $(($(now_ms) - silent_from)) >silent.ms; } &
silent=$!
ok 'it has read what will change' wait_for sent listAIRuntimes 2 # the first was of the one before

echo '# the token'
NEEV_API_TOKEN=pat-nc-secretsecret doctor 1 -o "api_base=$url,$scope"
has 'a wrong one' "$said" 'ok    token: from NEEV_API_TOKEN; it does not say' 'FAIL  gpu: ' ' 401' 'set another token in NEEV_API_TOKEN, and mount again'
is 'all four say so, no more' "$(failing) $(warning)" '3 1'
doctor 1 -o "api_base=http://127.0.0.1:9,$scope"
has 'nothing at all, as on the first day' "$said" 'FAIL  token: no token: run neevfs login' 'FAIL  services: none answers: ' 'is api_base= right?'
is 'nothing at all: each reason once' "$(failing) $(warning)" '2 0'
doctor 1 -o "api_base=$url,$scope"
has 'none' "$said" 'FAIL  token: no token: run neevfs login' "ok    gpu: $url/gpu answers 401, as no token was sent"
is 'none: the services are well' "$(failing)" 1
NEEV_API_KEY=sk-nc-secretsecret doctor 1 -o "api_base=$url,$scope"
has 'an inference key' "$said" 'FAIL  token: NEEV_API_KEY holds an inference key'
jwt() { # SECONDS from now
	python3 -ESc 'import base64, json, sys, time
print(".".join(base64.urlsafe_b64encode(x.encode()).decode().rstrip("=") for x in ("{}", json.dumps({"exp": int(time.time()) + int(sys.argv[1])}), "secretsecret")))' "$1"
}
export NEEV_API_TOKEN
NEEV_API_TOKEN=$(jwt -7205)
control tokens -d "{\"also\":\"$NEEV_API_TOKEN\"}" -o /dev/null
doctor 1 -o "api_base=$url,$scope"
has 'an expired one' "$said" 'FAIL  token: from NEEV_API_TOKEN; it expired 120 min ago' 'set another token in NEEV_API_TOKEN'
hasnt 'it is not shown' "$said" "$NEEV_API_TOKEN"
NEEV_API_TOKEN=$(jwt 650)
control tokens -d "{\"also\":\"$NEEV_API_TOKEN\"}" -o /dev/null
doctor 0 -o "api_base=$url,$scope"
has 'one that ends soon' "$said" 'warn  token: from NEEV_API_TOKEN; good for 10 min'
NEEV_API_TOKEN=$(jwt 864100)
control tokens -d "{\"also\":\"$NEEV_API_TOKEN\"}" -o /dev/null
doctor 0 -o "api_base=$url,$scope"
has 'one that lasts' "$said" 'ok    token: from NEEV_API_TOKEN; good for 10 days'
unset NEEV_API_TOKEN
chmod 644 token
doctor 1 -o "$base"
has 'a file that others can read' "$said" 'FAIL  token: ' "chmod 600 $work/token"
chmod 600 token
printf '%s\n' "$token" | "$NEEVFS" login --token-stdin -o "api_base=$url" >/dev/null
doctor 0 -o "api_base=$url,$scope"
has 'a login' "$said" "ok    token: from $work/state/neevfs/login" 'ok    gpu: '
chmod 755 state/neevfs
doctor 0 -o "api_base=$url,$scope"
has 'a login that others can get at' "$said" "warn  login: others can get at $work/state/neevfs" "chmod 700 $work/state/neevfs"
rm -r state

echo '# the configuration'
mkdir "$XDG_CONFIG_HOME/neevfs"
conf=$XDG_CONFIG_HOME/neevfs/config
printf 'parallel = 4\nparalel = 5\n' >"$conf"
doctor 1 -o "$base"
has 'a wrong line' "$said" "ok    config file: $conf (mode 0644)" "FAIL  options: $conf, line 2: unknown option: paralel"
doctor 2 -q
printf 'token_file = %s\norg = org-demo\nproject = prj-demo\napi_base = %s\n' "$work/token" "$url" >"$conf"
chmod 666 "$conf"
doctor 0
has 'one that others can write' "$said" "warn  config file: $conf: others can write it" "chmod go-w $conf"
rm "$conf"
https_proxy=http://user:secretsecret@127.0.0.1:9 doctor 0 -o "$base"
has 'a proxy of the environment' "$said" 'warn  proxy: none; https_proxy of the environment is not used' '-o proxy=URL'
doctor 0 -o "$base,proxy=http://user:secretsecret@127.0.0.1:9"
has 'a proxy' "$said" 'ok    proxy: 127.0.0.1:9, for https'

echo '# the services'
closed=$(free_ports 1)
doctor 1 -o "$base,gpu_base=http://127.0.0.1:$closed/gpu"
has 'nobody listens' "$said" "FAIL  gpu: http://127.0.0.1:$closed/gpu: cannot reach 127.0.0.1:$closed: connection refused" 'gpu_base='
is 'the others are well' "$(failing)" 1
doctor 0 -o "$base,tenant_base=http://127.0.0.1:$closed/tenant"
has 'tenant is not needed' "$said" 'warn  tenant: ' 'not needed'
doctor 1 -o "api_base=$url,token_file=$work/token,tenant_base=http://127.0.0.1:$closed/tenant"
has 'tenant is needed' "$said" 'FAIL  tenant: '
fault '{"operation":"listInventory","status":503,"times":1}'
fault '{"operation":"listAIRuntimes","status":403,"times":1}'
fault '{"operation":"listDeployedAIModels","status":200,"times":1,"body":"<html>log in</html>","headers":{"Content-Type":"text/html"}}'
doctor 1 -o "$base"
has 'each status has its words' "$said" 'FAIL  inventory: ' 'try again later' 'FAIL  gpu: ' 'lacks the right' 'FAIL  aimodels: ' 'this is not the API'
faults_end
doctor 1 -o "$base,gpu_base=$url/elsewhere"
has 'a wrong base' "$said" 'FAIL  gpu: ' 'check gpu_base='
oddly 4000
doctor 0 -o "$base,gpu_base=$odd"
has 'clocks that differ' "$said" 'warn  clock: ' 's behind the servers' 'timedatectl'
is 'about so much' "$(grep -cE 'clock: (399[0-9]|400[01]) s' <<<"$said")" 1
for days in 30 5; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $days.key -out $days.pem -days $days -subj /CN=127.0.0.1 \
		-addext subjectAltName=IP:127.0.0.1 2>>openssl.err
done
oddly 0 30.pem 30.key
doctor 1 -o "$base,gpu_base=$odd"
has 'a certificate of nobody known' "$said" 'FAIL  gpu: ' 'no trusted connection' 'ca_file=PEM'
doctor 0 -o "$base,gpu_base=$odd,ca_file=$work/30.pem"
has 'a trusted one' "$said" "ok    gpu: $odd answers 200" ', TLS '
is 'and for how long' "$(grep -cE 'ok    gpu: .*; certificate for (29|30) days$' <<<"$said")" 1
doctor 1 -o "$base,gpu_base=${odd/127.0.0.1/localhost},ca_file=$work/30.pem"
has 'one of another name' "$said" 'FAIL  gpu: ' 'no trusted connection to localhost'
oddly 0 5.pem 5.key
doctor 0 -o "$base,gpu_base=$odd,ca_file=$work/5.pem"
is 'one that ends soon' "$(grep -cE 'warn  gpu: .*; certificate for [45] days$|^      .* must renew' <<<"$said")" 2

echo '# what is kept'
(umask 077 && mkdir -p state/neevfs)
python3 -ESc 'import sys, zlib
line = "\t".join(["7", "2026-01-02T03:04:05Z", "pending", sys.argv[1], "/api/v1beta1/orgs/o/airuntime-templates", "lost-one"])
print("%08x\t%s" % (zlib.crc32(line.encode()), line))' "$url/gpu" >state/neevfs/journal
chmod 600 state/neevfs/journal
doctor 0 -o "$base"
has 'a create in doubt' "$said" 'warn  journal: open since 2026-01-02T03:04:05Z, under way or in doubt: lost-one in /api/v1beta1/orgs/o/airuntime-templates (number 7)'
echo 'nonsense' >>state/neevfs/journal
doctor 1 -o "$base"
has 'a damaged journal' "$said" 'FAIL  journal: line 2 of the journal' 'is damaged'
rm -r state

echo '# the machine'
if [ "$(id -u)" = 0 ] && command -v unshare >/dev/null && unshare -m true 2>/dev/null; then
	no_device() { unshare -m sh -c 'mount -t tmpfs tmpfs /dev && exec "$@"' sh "$NEEVFS" doctor -o "$base"; }
	said=$(no_device 2>&1)
	is 'without /dev/fuse: status' $? 1
	has 'without /dev/fuse' "$said" 'FAIL  /dev/fuse: it is not there' 'modprobe fuse'
else
	skip 'without /dev/fuse' 'not root, or no namespaces'
fi
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 711 "$work"
	mkdir -m 700 theirs home.plain
	cp token home.plain/token
	chown -R 65534:65534 theirs home.plain
	as() { HOME=$work/home.plain XDG_STATE_HOME=$work/home.plain/state XDG_CONFIG_HOME='' setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
	plain=api_base=$url,$scope,token_file=$work/home.plain/token
	said=$(as -- "$NEEVFS" doctor -o "$plain" theirs 2>&1)
	is 'a plain user: status' $? 0
	has 'a plain user' "$said" 'ok    fusermount3: ' "ok    mount point: $work/theirs"
	said=$(as --no-new-privs -- "$NEEVFS" doctor -o "$plain,allow_other" point 2>&1)
	is 'a confined one: status' $? 1
	has 'a confined one' "$said" 'FAIL  fusermount3: ' 'NoNewPrivs' "FAIL  mount point: $work/point: it is not yours"
	said=$(XDG_STATE_HOME=/root/nothing as -- env XDG_STATE_HOME=/root/nothing "$NEEVFS" doctor -o "$plain" 2>&1)
	has 'no place for the journal' "$said" 'FAIL  state: /root/nothing/neevfs cannot be made: /root: ' 'journal=PATH'
	said=$(setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin -- "$NEEVFS" doctor -o "$base" 2>&1)
	is 'a root that may not mount: status' $? 1
	has 'a root that may not mount' "$said" 'FAIL  mounting: ' 'CAP_SYS_ADMIN' '--cap-add SYS_ADMIN'
else
	skip 'other users' 'not root, or no setpriv'
fi
touch point/full
doctor 0 -o "$base" point
has 'a directory that is not empty' "$said" "warn  mount point: $work/point: what is in it will be hidden"
doctor 1 -o "$base" point/full
has 'a file' "$said" "FAIL  mount point: $work/point/full: not a directory"
doctor 1 -o "$base" nowhere
has 'nothing there' "$said" 'FAIL  mount point: ' "mkdir $work/nowhere"

echo '# mounts'
mount_up -o ro
one=$m one_pid=$pid
said=$("$NEEVFS" status)
is 'status of a live one' "$? $(head -n 1 <<<"$said")" "0 $one: alive; neevfs, of $(id -un), read-only"
"$NEEVFS" doctor -o "$base" "$one" >live.said
is 'doctor of a live one: status' $? 0
has 'doctor of a live one' "$(cat live.said)" "ok    mounted: $one: alive" "ok    mount point: $one: mounted, and alive"
mount_up
two=$m
kill -STOP "$one_pid"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
from=$(now_ms)
said=$("$NEEVFS" status 2>&1)
is 'status of one that hangs and one that is dead' $? 1
spent=$(($(now_ms) - from))
has 'it says which' "$said" "$one: DOES NOT ANSWER; neevfs, of $(id -un), read-only" "neevfs umount $one" "$two: DEAD; neevfs, of $(id -un)" "neevfs umount $two"
[ $spent -lt 8000 ] && passed 'and waits 2 s for it' || failed 'and waits 2 s for it' "$spent ms"
doctor 1 -o "$base" "$two"
has 'doctor of them' "$said" "FAIL  mounted: $one: it does not answer" "FAIL  mounted: $two: its process is gone" "neevfs umount $two" \
	"warn  mount point: $two: a dead neevfs is on it"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	said=$(as -- "$NEEVFS" status 2>&1)
	is 'status for another user' $? 0
	has 'it cannot be told' "$said" "$one: unknown; neevfs, of root, read-only" 'only its owner'
fi
kill -CONT "$one_pid"
ok 'what was advised mends it' "$NEEVFS" umount "$two"
said=$("$NEEVFS" status)
is 'the other one goes on' "$? $(head -n 1 <<<"$said")" "0 $one: alive; neevfs, of $(id -un), read-only"
m=$one pid=$one_pid log=$work/log1
mount_down

echo '# one that died, and whose mount point its supervisor freed'
died() { # ARGUMENT…: mounts at "a b" in the background, and kills its daemon
	"$NEEVFS" "$@" "$work/a b" >died.said 2>&1
	pkill -KILL -f -x "$NEEVFS $* $work/a b"
	wait_for eval '! mountpoint -q "$work/a b" && [ -s state/neevfs/ended ]'
}
mkdir 'a b'
ok 'it was there, and is not' died -o "$base"
said=$("$NEEVFS" status)
is 'status' "$? $(sed "s/ at 2[0-9TZ:-]*,/ at TIME,/" <<<"$said")" "1 $work/a b: ENDED at TIME, and is not mounted any more
    its process was ended by SIGKILL
    mount it again: neevfs -o $base '$work/a b'
    or forget it: neevfs umount '$work/a b'"
is 'its time' "$(date -ud "$(cut -f 1 state/neevfs/ended)" +%s | awk -v now="$(date +%s)" '{print (now - $1 < 100 && $1 <= now)}')" 1
is 'for nobody else' "$(stat -c %a state/neevfs/ended)" 600
doctor 0 -o "$base" 'a b'
has 'doctor' "$said" "warn  mounted: $work/a b: not since 2" ': its process was ended by SIGKILL' "mount it again: neevfs -o $base '$work/a b'" "neevfs umount '$work/a b'"
ok 'what is advised mounts it' eval "$(sed -n 's/^      mount it again: neevfs \(.*\); or .*/"$NEEVFS" \1/p' <<<"$said")"
said=$("$NEEVFS" status)
is 'then it is forgotten' "$? $(grep -c ENDED <<<"$said") $(ls state/neevfs)" '0 0 '
ok 'an unmount' "$NEEVFS" umount 'a b'
is 'leaves nothing to tell' "$("$NEEVFS" status | grep -c ENDED)" 0
ok 'another one dies' died -o "$base,token_command=echo $token; : secretsecret"
doctor 0 -o "$base"
has 'no secret is kept' "$said" "mount it again: neevfs -o ... '$work/a b'"
hasnt 'nor in the file' "$(cat state/neevfs/ended)" secretsecret "$token"
rmdir 'a b'
ok 'umount forgets it' "$NEEVFS" umount "$work/a b"
is 'which is well' "$("$NEEVFS" status >/dev/null; echo $?)" 0
mkdir 'a b'
: >state/neevfs.away # what is no directory keeps nothing, and hinders nothing
XDG_STATE_HOME=$work/state/neevfs.away ok 'without a place for a note' "$NEEVFS" -o "$base,log=$work/noted.log,journal=$work/journal" 'a b'
pkill -KILL -f -x "$NEEVFS -o $base,log=$work/noted.log,journal=$work/journal a b"
ok 'the mount point is freed all the same' wait_for eval '! mountpoint -q "a b"'
ok 'and the log says so' wait_for grep -q "$work/a b: neevfs status will not know of this: Not a directory" noted.log

wait $silent
is 'one that never says a word: status' "$(cat silent.status)" 1
has 'in words' "$(cat silent.said)" 'FAIL  inventory: ' 'within 10 s' 'ok    gpu: '
[ "$(cat silent.ms)" -lt 25000 ] && passed 'in its time' || failed 'in its time' "$(cat silent.ms) ms"
hasnt 'python had nothing to say' "$(cat oddly.err)" Traceback
finish
