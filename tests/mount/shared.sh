#!/bin/bash
# Many mounts that share what they read through contrib/nginx/neevfs-cache.conf, as it is but for addresses and paths: nginx of our own between twenty
# mounts and the simulated cloud, TLS on both sides of it.
BOUND=${BOUND:-240}
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin:$here/../../build/unpacked/usr/sbin # tests/run may have put nginx there
. "$here/lib.sh" || exit 1
needs nginx openssl python3 jq
many=20

# ---- nginx: the cache, and the API's TLS ----

cert=$work/cert
mkdir "$cert"
authority=(-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30)
certificate() { # NAME SUBJECT_ALT_NAME
	openssl req "${authority[@]}" -keyout "$cert/$1.key" -out "$cert/$1.pem" -subj "/CN=$1" -addext "subjectAltName=$2" 2>>"$work/openssl"
}
certificate front IP:127.0.0.1
certificate api DNS:api.ai.neevcloud.com
certificate other DNS:api.example.org
is 'certificates are made' "$(ls "$cert"/*.pem | wc -l)" 3

read -r front reads writes back <<<"$(free_ports 4)"
fit() { # CA_NAME: the example, fitted
	sed -e "s|listen 443 ssl http2;|listen 127.0.0.1:$front ssl http2;|; s|127.0.0.1:7681|127.0.0.1:$reads|; s|127.0.0.1:7682|127.0.0.1:$writes|" \
		-e "s|server api.ai.neevcloud.com:443;|server 127.0.0.1:$back;|; s|/run/neevfs-|$work/|; s|/var/log/nginx/neevfs-cache.log|$work/access|" \
		-e "s|/etc/ssl/neevfs-cache|$cert/front|; s|/etc/ssl/certs/ca-certificates.crt|$cert/$1.pem|" "$here/../../contrib/nginx/neevfs-cache.conf"
}
nginx_up() { # CA_NAME
	fit "$1" >"$work/cache.conf"
	cat >"$work/nginx.conf" <<END_CONF
daemon off;
pid $work/nginx.pid;
error_log $work/nginx.error;
worker_processes 2;
$([ "$(id -u)" != 0 ] || echo 'user root;')
events { worker_connections 512; }
http {
	client_body_temp_path $work/nginx.tmp; proxy_temp_path $work/nginx.tmp; fastcgi_temp_path $work/nginx.tmp;
	uwsgi_temp_path $work/nginx.tmp; scgi_temp_path $work/nginx.tmp;
	include $work/cache.conf;
	log_format wire '\$connection \$request_method \$uri \$http_authorization';
	server {
		listen 127.0.0.1:$back ssl;
		ssl_certificate $cert/api.pem;
		ssl_certificate_key $cert/api.key;
		access_log $work/wire wire;
		location / { proxy_pass $url; proxy_next_upstream off; proxy_read_timeout 100; }
	}
}
END_CONF
	nginx -e "$work/nginx.error" -p "$work" -c "$work/nginx.conf" >>"$work/nginx.out" 2>&1 &
	nginx=$!
	echo $nginx >>"$work/pids"
	wait_for eval ": <>/dev/tcp/127.0.0.1/$front" || failed 'nginx starts' "$(tail -n 3 "$work/nginx.error" "$work/nginx.out")"
}
nginx_down() {
	end_process "$nginx"
	wait "$nginx" 2>/dev/null
}

# ---- many mounts, as on many machines ----

up=0 first=1
crowd_up() { # OPTIONS; with many, token
	local i pids=()
	for ((i = 1; i <= many; i++)); do
		mkdir -p "$work/host$i/mnt"
		NEEV_API_TOKEN=$token XDG_STATE_HOME=$work/host$i/state XDG_CONFIG_HOME=$work/host$i/config "$NEEVFS" -f -o "$1,$scope" "$work/host$i/mnt" \
			>"$work/host$i/log" 2>&1 </dev/null &
		host[i]=$!
		echo $! >>"$work/pids"
	done
	for ((i = 1; i <= many; i++)); do
		wait_for mountpoint -q "$work/host$i/mnt" || failed "mount $i starts" "$(cat "$work/host$i/log")"
	done
	up=$many
}
crowd_down() {
	local i status=
	for ((i = 1; i <= up; i++)); do
		fusermount3 -u -- "$work/host$i/mnt" || status+=" $i is in use"
		wait "${host[i]}" || status+=" $i: $?"
	done
	is 'all mounts end' "$status" ''
	log_check <(sort -u "$work"/host*/log)
	rm -r "$work"/host*
	up=0
}
# crowd COMMAND…: run by all at the same time, each in its own project directory; it must say the same to all
crowd_looks() {
	local i pids=()
	for ((i = first; i <= up; i++)); do
		(cd "$work/host$i/mnt/project" && "$@") >"$work/host$i/said" 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}"
}
crowd() {
	crowd_looks "$@"
	local i said
	said=$(for ((i = first; i <= up; i++)); do md5sum <"$work/host$i/said"; done | sort | uniq -c | awk '{print $1}' | paste -sd ' ')
	[ "$said" = $((up - first + 1)) ] || failed "$*: all mounts see the same" "$said: $(head -c 300 "$work/host$first/said")"
}
# Waits until so many of the seconds that the cache takes for one time are left.
in_time() { # SECONDS LEFT
	while (($(date +%s) % $1 > $1 - $2)); do sleep 0.1; done
}

cloud_up --speed 0 --instances 250 --models 3
advance 1000

echo '# without the cache'
direct=api_base=$url through=api_base=https://127.0.0.1:$front,ca_file=$cert/front.pem
states() { cat airuntimes/*/status; }
many=1
crowd_up "$direct"
reset
crowd states
is 'one mount' "$(counted)" 'listAIRuntimes=3'
crowd_down
many=20
crowd_up "$direct"
reset
crowd states
is 'twenty mounts' "$(counted)" 'listAIRuntimes=60'
crowd_down

echo '# with the cache'
nginx_up api
crowd_up "$through"
reset
in_time 25 22
begun=$(now_ms)
crowd states
is 'twenty mounts are as one' "$(counted)" 'listAIRuntimes=3'
is 'they see what there is' "$(wc -l <"$work/host7/said")" 250
crowd cat airuntimes/eval-01/info.json
is 'a detail' "$(counted)" 'getAIRuntime=1 listAIRuntimes=3'
up=18 crowd ls ../../../../catalog ../../templates # two have yet to ask for them
is 'catalogs' "$(counted)" 'getAIRuntime=1 listAIRuntimes=3 listCatalog=1 listOrgAIRuntimeTemplates=1'
crowd cat aimodels/chat-llama/status
is 'deployments' "$(counted)" 'getAIRuntime=1 listAIRuntimes=3 listCatalog=1 listDeployedAIModels=1 listOrgAIRuntimeTemplates=1'
in_time 10 7
reset
crowd cat ../../../../inventory/in-west-1/nvidia-l40s-48gb/availability
is 'the inventory' "$(counted)" 'listInventory=1'
own() { env -C "$work/host$1/mnt/project" "${@:2}"; }
past() { # SECONDS FROM_MS: how many of the times that the cache takes for one were touched since then
	echo $(($(now_ms) / ($1 * 1000) - $2 / ($1 * 1000) + 1))
}

echo '# one of them changes something'
changed=$(now_ms)
ok 'scale' write 5 "$work/host1/mnt/project/aimodels/chat-llama/replicas"
is 'is seen there at once' "$(own 1 cat aimodels/chat-llama/status)" initializing
is 'it was sent once' "$(changes)" scaleDeployedAIModel=1
unseen=
everybody() { # STATUS: sees it, in a look that began at `looked`; meanwhile who made it must not see the time before
	looked=$(now_ms)
	for i in 1 2 3; do
		[ "$(own 1 cat aimodels/chat-llama/status)" = initializing ] || unseen+=x
	done
	crowd_looks cat aimodels/chat-llama/status
	[ "$(grep -lx "$1" "$work"/host*/said | wc -l)" = $many ]
}
unseen_ms=0
until everybody initializing; do
	unseen_ms=$((looked - changed))
	((unseen_ms <= 40000)) || break
	first=2 # who made it passes the cache by for 30 s
	crowd states
	first=1
done
is 'all see it within the TTL' "$((unseen_ms <= 32000 ? 1 : unseen_ms))" 1
is 'it was never unseen where it was made' "$unseen" ''
asked=$(requests listAIRuntimes) times=$(past 25 $begun) # where a time ends between two pages, some ask for all of them again: far from all of them
is 'and meanwhile know as one what stands still' "$((asked <= 3 * times + 30 ? times : asked))" "$times"
begun=$(now_ms)
reset
first=2
while (($(now_ms) - begun < 5000)); do crowd cat aimodels/chat-llama/status; done
asked=$(requests listDeployedAIModels) times=$(past 2 $begun)
is 'what moves is asked for at most once in 2 s' "$((asked >= 1 && asked <= times ? times : asked))" "$times"
first=1
advance 60
WAIT=30 becomes 'all see where it comes to' 1 eval 'everybody ready && echo 1'

echo '# creates'
in_time 25 20
own 2 touch ../../templates
own 2 ls ../../templates >/dev/null # from now on the cache has it
behind=$gpu_api/orgs/org-demo/airuntime-templates
api -f -o /dev/null -d "{\"name\":\"behind\",${spec_template#\{}" -H 'Content-Type: application/json' "$behind" || failed 'a create behind the cache' "$?"
is 'what was created behind the cache is not seen, also by who has yet to ask' \
	"$(own 1 ls ../../templates | grep -c behind) $(own 19 ls ../../templates | grep -c behind)" '0 0'
reset
mkdir "$work/host3/mnt/orgs/org-demo/templates/behind"
fails 'but its name is taken' EEXIST put "$spec_template" "$work/host3/mnt/orgs/org-demo/templates/behind/spec.json"
is 'by a fresh listing' "$(counted)" 'listOrgAIRuntimeTemplates=1'
reset
is 'which the others have from the cache' "$(own 20 ls ../../templates | grep -c behind) $(counted)" '1 none'
mkdir "$work/host4/mnt/orgs/org-demo/templates/shared-1"
reset
ok 'create' put "$spec_template" "$work/host4/mnt/orgs/org-demo/templates/shared-1/spec.json"
is 'is sent once' "$(changes)" createOrgAIRuntimeTemplate=1
is 'and seen at once' "$(own 4 ls ../../templates | grep -x shared-1)" shared-1
fault '{"operation":"createOrgAIRuntimeTemplate","drop":"after"}'
mkdir "$work/host5/mnt/orgs/org-demo/templates/shared-2"
reset_before=$(requests createOrgAIRuntimeTemplate)
ok 'a create whose answer is lost' put "$spec_template" "$work/host5/mnt/orgs/org-demo/templates/shared-2/spec.json"
is 'is sent once' "$(($(requests createOrgAIRuntimeTemplate) - reset_before))" 1
ok 'delete' rmdir "$work/host4/mnt/orgs/org-demo/templates/shared-1"
is 'is seen at once' "$(own 4 ls ../../templates | grep -cx shared-1)" 0
is 'each change came on a connection of its own' "$(awk '$2 != "GET" {print $1}' "$work/wire" | sort | uniq -d)" ''
is 'where no read came' "$(comm -12 <(awk '$2 == "GET" {print $1}' "$work/wire" | sort -u) <(awk '$2 != "GET" {print $1}' "$work/wire" | sort -u))" ''

echo '# faults are not kept'
own 6 touch ../..
fault '{"operation":"listAIRuntimes","status":400,"times":1}'
fails 'a refusal' EINVAL own 6 ls airuntimes
is 'is gone with its reason' "$(resources "$work/host6/mnt/project/airuntimes" | wc -w)" 250
crowd_down

echo '# another token'
many=1
control tokens -d '{"also":"pat-nc-of-somebody-else"}' -o /dev/null
token=pat-nc-of-somebody-else
in_time 25 15
crowd_up "$through"
reset
crowd states
is 'has answers of its own' "$(counted)" 'listAIRuntimes=3'
crowd_down
control tokens -d '{"also":""}' -o /dev/null
token=pat-nc-of-nobody-at-all
log_also='.*'
crowd_up "$through"
fails 'one that is not taken gets nothing of the others' EKEYEXPIRED own 1 ls airuntimes
crowd_down
token=pat-nc-sandbox

echo '# secrets'
is 'no token in a log' "$(grep -l pat-nc "$work/access" "$work/nginx.error" "$work/nginx.out")" ''
tokens_given() { awk '{print $NF}' "$work/wire" | sort -u | wc -l; }
becomes 'the API was given each' 3 tokens_given # nginx writes of a request after its answer
is 'what is kept is for nobody else' "$(stat -c %a "$work/still" "$work/moving" | paste -sd ' ') $(find "$work/still" "$work/moving" -type f -perm /077 | wc -l)" '700 700 0'
isnt 'there is something' "$(find "$work/still" -type f | wc -l)" 0
nginx_down

echo '# an API that is not trusted'
rm -r "$work/still" "$work/moving" # they would answer
nginx_up other
reset
crowd_up "$through"
fails 'reads fail' EREMOTEIO own 1 ls airuntimes
mkdir "$work/host1/mnt/orgs/org-demo/templates/x"
fails 'and creates' EREMOTEIO put "$spec_template" "$work/host1/mnt/orgs/org-demo/templates/x/spec.json"
is 'and nothing was sent' "$(counted)" none
crowd_down
nginx_down
finish
