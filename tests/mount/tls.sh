#!/bin/bash
# TLS, HTTP/2 and proxies: nginx with TLS and HTTP/2 in front of the simulated cloud, certificates of our own, a proxy that writes down what it hears.
# nginx is one of ours: its own configuration, directory and port, ended by its own id.
BOUND=${BOUND:-170}
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin:$here/../../build/unpacked/usr/sbin # tests/run may have put nginx there
. "$here/lib.sh" || exit 1
needs nginx openssl python3 jq
deadline=20
limit_ms=9000 # what is refused does not wait for the deadline; what waits for it has one of 3 s

# ---- certificates ----

cert=$work/cert
mkdir "$cert"
authority() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$cert/$1.key" -out "$cert/$1.pem" -days 30 \
		-subj "/CN=neevfs test authority $1" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>>"$work/openssl"
}
# A certificate by the authority `own`.
certificate() { # NAME SUBJECT_ALT_NAME NOT_BEFORE NOT_AFTER [KEY_KIND]
	local kind=(-newkey ec -pkeyopt ec_paramgen_curve:P-256)
	[ -z "${5-}" ] || kind=(-newkey "$5")
	openssl req "${kind[@]}" -nodes -keyout "$cert/$1.key" -out "$cert/$1.csr" -subj "/CN=$1" 2>>"$work/openssl"
	printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$2" >"$cert/$1.ext"
	: >"$cert/index"
	openssl ca -batch -config "$cert/ca.conf" -in "$cert/$1.csr" -out "$cert/$1.pem" -notext -startdate "$3" -enddate "$4" -extfile "$cert/$1.ext" \
		-rand_serial 2>>"$work/openssl"
}
cat >"$cert/ca.conf" <<END_CONF
[ca]
default_ca = own
[own]
database = $cert/index
new_certs_dir = $cert
serial = $cert/serial
copy_extensions = none
certificate = $cert/own.pem
private_key = $cert/own.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
END_CONF
day() { # DAYS from today
	date -u -d "$1 days" +%Y%m%d%H%M%SZ
}
here_names=DNS:localhost,IP:127.0.0.1
authority own
authority other
certificate good $here_names "$(day -1)" "$(day 30)"
certificate expired $here_names "$(day -30)" "$(day -1)"
certificate early $here_names "$(day 2)" "$(day 30)"
certificate elsewhere DNS:api.example.org "$(day -1)" "$(day 30)"
certificate weak $here_names "$(day -1)" "$(day 30)" rsa:1024
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$cert/self.key" -out "$cert/self.pem" -days 30 -subj /CN=localhost \
	-addext subjectAltName=$here_names 2>>"$work/openssl"
is 'all certificates are made' "$(cd "$cert" && ls {own,other,good,expired,early,elsewhere,weak,self}.pem 2>/dev/null | wc -l)" 8
[ $failures = 0 ] || {
	cat "$work/openssl"
	finish
}

# ---- nginx ----

tls_versions='TLSv1.2 TLSv1.3'
http2=http2
# nginx in front of the cloud with some certificate; what else stands in the server.
nginx_conf() { # CERTIFICATE [LINES]
	cat >"$work/nginx.conf" <<END_CONF
daemon off;
pid $work/nginx.pid;
error_log $work/nginx.error notice;
worker_processes 1;
$([ "$(id -u)" != 0 ] || echo 'user root;')
events { worker_connections 512; }
http {
	log_format wire '\$connection \$server_protocol \$request_method \$status \$uri';
	access_log $work/access wire;
	client_body_temp_path $work/nginx.tmp; proxy_temp_path $work/nginx.tmp; fastcgi_temp_path $work/nginx.tmp;
	uwsgi_temp_path $work/nginx.tmp; scgi_temp_path $work/nginx.tmp;
	upstream cloud { server ${url#http://}; keepalive 32; }
	server {
		listen 127.0.0.1:$front ssl $http2;
		ssl_certificate $cert/$1.pem;
		ssl_certificate_key $cert/$1.key;
		ssl_protocols $tls_versions;
		ssl_ciphers DEFAULT:@SECLEVEL=0;
		${2-}
		location / {
			proxy_pass http://cloud;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_next_upstream off;
			proxy_read_timeout 100;
		}
	}
}
END_CONF
}
nginx_answers() {
	: <>"/dev/tcp/127.0.0.1/$front"
}
nginx_up() { # CERTIFICATE [LINES]
	nginx_conf "$@"
	nginx -e "$work/nginx.error" -p "$work" -c "$work/nginx.conf" >>"$work/nginx.out" 2>&1 &
	nginx=$!
	echo $nginx >>"$work/pids"
	wait_for nginx_answers || failed 'nginx starts' "$(tail -n 3 "$work/nginx.error" "$work/nginx.out")"
	access_reset
}
nginx_down() {
	end_process "$nginx"
	wait "$nginx" 2>/dev/null
}
access_reset() {
	: >"$work/access"
}
access() { # AWK_CONDITION: lines, without the ones of the test itself
	awk "\$5 !~ /_sandbox/ && ($1)" "$work/access"
}

cloud_up --speed 0 --instances 12 --models 3
advance 100
front=$(free_ports 1)
secure=https://127.0.0.1:$front
trusted="api_base=$secure,ca_file=$cert/own.pem,deadline=$deadline"

# ---- the main job, through TLS and HTTP/2 ----

nginx_up good
mount_up -o "$trusted"
reset
is 'ls' "$(resources "$runtimes" | cut -d ' ' -f -3)" 'ci-gpu distill-qwen embed-corpus'
reads=()
for name in $(resources "$runtimes"); do
	jq -r .name "$runtimes/$name/info.json" >>"$work/read" 2>&1 &
	reads+=($!)
done
wait "${reads[@]}"
is 'twelve details at the same time' "$(sort "$work/read" | paste -sd ' ')" "$(resources "$runtimes")"
logged() { [ "$(access '$3 == "GET"' | wc -l)" -ge "$1" ]; } # nginx writes of a request after its answer
ok 'they and their list are in the log' wait_for logged 13
is 'all reads came over HTTP/2' "$(access '$3 == "GET" && $2 != "HTTP/2.0"')" ''
is 'on one connection' "$(access '$3 == "GET"' | cut -d' ' -f1 | sort -u | wc -l)" 1
mkdir "$templates/tls-1"
ok 'create' put "$spec_template" "$templates/tls-1/spec.json"
ok 'scale' write 5 "$models/chat-llama/replicas"
ok 'delete' rmdir "$templates/tls-1"
is 'the changes' "$(changes)" 'createOrgAIRuntimeTemplate=1 deleteOrgAIRuntimeTemplate=1 scaleDeployedAIModel=1'
on_each_connection() { # requests that are no reads; nginx writes of one when it is over
	access '$3 != "GET"' | cut -d' ' -f1 | sort | uniq -c | awk '{print $1}' | paste -sd ' '
}
becomes 'each on a connection of its own' '1 1 1' on_each_connection
is 'changes came over HTTP/1.1' "$(access '$3 != "GET" && $2 != "HTTP/1.1"')" ''
is 'where no read came' "$(comm -12 <(access '$3 == "GET"' | cut -d' ' -f1 | sort -u) <(access '$3 != "GET"' | cut -d' ' -f1 | sort -u))" ''

# ---- a server that closes, restarts, is gone for a moment ----

# Reads until told to stop: everything anew each time. What failed is in lost.
load() {
	local i name
	for ((i = 0; i < 400; i++)); do
		[ -e "$work/stop" ] && break
		name=$(resources "$runtimes" | cut -d ' ' -f $((i % 12 + 1)))
		cat "$runtimes/$name/info.json" >/dev/null 2>>"$work/lost" || echo "reader $1, turn $i" >>"$work/lost"
		echo x >>"$work/turns"
		[ "$1" != 1 ] || refresh
	done
}
load_up() {
	rm -f "$work/stop" "$work/lost" "$work/turns"
	: >"$work/lost"
	: >"$work/turns"
	loads=()
	for i in 1 2 3 4; do
		load $i &
		loads+=($!)
	done
	wait_for turns_are 8
}
turns_are() {
	[ "$(wc -l <"$work/turns")" -ge "$1" ]
}
load_down() { # NAME
	: >"$work/stop"
	wait "${loads[@]}"
	is "$1: no read failed" "$(sort "$work/lost" | uniq -c | head -n 5)" ''
	echo "# $1: $(wc -l <"$work/turns") reads"
}
reloads() {
	for i in 1 2 3 4; do
		kill -HUP $nginx # as nginx -s reload does
		turns=$(wc -l <"$work/turns")
		wait_for turns_are $((turns + 8))
	done
}
load_up
faulted 'the server is reloaded under load' 0 40000 - reloads
load_down 'the server is reloaded under load'
mount_down
nginx_down

nginx_up good 'keepalive_requests 3;'
mount_up -o "$trusted"
reset
load_up
closings() {
	local i
	for i in 1 2 3 4 5 6; do
		mkdir "$templates/close-$i"
		put "$spec_template" "$templates/close-$i/spec.json"
	done
	turns=$(wc -l <"$work/turns")
	wait_for turns_are $((turns + 40))
}
faulted 'each connection ends after three requests' 0 40000 - closings
load_down 'each connection ends after three requests'
is 'creates were sent once each' "$(requests createOrgAIRuntimeTemplate)" 6

# Gone, and back.
ls "$runtimes" >/dev/null
nginx_down
refresh
faulted 'the server is gone' EHOSTUNREACH $limit_ms - ls "$runtimes"
nginx_up good
WAIT=20 becomes 'it is back' 12 bash -c "ls -d '$runtimes'/*/ | wc -l"
mount_down
nginx_down

# ---- several connections to one server, of which some speak HTTP/1.1: whose answer is it? ----

nginx_up good 'keepalive_requests 3;'
mount_up -o "$trusted"
reset
names=$(resources "$runtimes")
details() { # NAME…: what is read there, each by itself and anew
	local name
	for name; do
		refresh
		jq -r .name "$runtimes/$name/info.json"
	done
}
fault '{"operation":"createOrgAIRuntimeTemplate","delay_ms":2000}'
mkdir "$templates/slow"
ok 'a change whose answer takes its time' put "$spec_template" "$templates/slow/spec.json" &
slow=$!
wait_for sent createOrgAIRuntimeTemplate
access_reset
# shellcheck disable=SC2086
is 'reads meanwhile, whose connections end: each has its own answer' "$(details $names 2>&1 | paste -sd ' ')" "$names"
ok 'they are in the log' wait_for logged 24
isnt 'connections ended' "$(access '$3 == "GET"' | cut -d' ' -f1 | sort -u | wc -l)" 1
is 'no read came upon the connection of the change' "$(access '$3 == "GET" && $2 != "HTTP/2.0"')" ''
wait "$slow"
mount_down
nginx_down

speaks() { # VERSION: that is what nginx does from now on
	[ "$(curl -s -o "$work/ignored" --cacert "$cert/own.pem" -w '%{http_version}' "$secure/_sandbox/clock")" = "$1" ]
}
told_to_go() { # how many workers know of it: until then they take new connections, in the protocol of before
	grep -c 'gracefully shutting down' "$work/nginx.error"
}
more_told_to_go() { # THAN
	[ "$(told_to_go)" -gt "$1" ]
}
by_turns() { # HTTP2 VERSION
	local before
	before=$(told_to_go)
	http2=$1
	nginx_conf good
	kill -HUP $nginx
	wait_for more_told_to_go "$before" && wait_for speaks "$2" || failed "the server speaks HTTP/$2" 'it does not'
}
nginx_up good
mount_up -o "$trusted"
resources "$runtimes" >"$work/ignored"
begin() { # NAME
	jq -r .name "$runtimes/$1/info.json" >>"$work/slow" 2>&1 &
	slow+=($!)
	wait_for sent getAIRuntime ${#slow[@]}
}
changing() { # FOUR NAMES
	reset
	fault '{"operation":"getAIRuntime","delay_ms":2000,"times":4}'
	: >"$work/slow"
	slow=()
	begin "$1" # on a connection that ends with its answer
	by_turns '' 1.1
	begin "$2"
	by_turns http2 2
	begin "$3"
	begin "$4" # comes upon the one of the second, if it can
	wait "${slow[@]}"
	is 'a server that changes its protocol under way: each read has its own answer' "$(sort "$work/slow" | paste -sd ' ')" "$*"
}
# shellcheck disable=SC2086
changing $(cut -d ' ' -f 1-4 <<<"$names")
plainly() {
	refresh
	head -c 1 "$runtimes/ci-gpu/info.json" >/dev/null && [ "$(access '$2 == "HTTP/1.1"')" ]
}
by_turns '' 1.1
access_reset
wait_for plainly || failed 'a read comes over HTTP/1.1' 'none does'
by_turns http2 2
# shellcheck disable=SC2086
changing $(cut -d ' ' -f 5-8 <<<"$names")
is 'once it has spoken HTTP/1.1, no two share a connection: none is asked for twice' "$(requests getAIRuntime)" 4
mount_down
nginx_down

# ---- certificates that do not do ----

# Nothing of HTTP may have come, and the reason must be told.
untrusted() { # NAME CERTIFICATE WORDS [OPTIONS]
	nginx_up "$2"
	mount_up -o "${4:-$trusted}"
	mkdir "$templates/new" 2>/dev/null
	faulted "$1" EPROTO $limit_ms 0 ls "$runtimes"
	has "$1, in words" "$(cat "$runtimes/.error")" 'no trusted connection to 127.0.0.1' "$3"
	is "$1: nothing was said" "$(access 1)" ''
	mount_down
	nginx_down
}
untrusted 'an expired certificate' expired 'certificate has expired'
untrusted 'a certificate of the future' early 'certificate is not yet valid'
untrusted 'a certificate for another host' elsewhere "no alternative certificate subject name matches target host name '127.0.0.1'"
untrusted 'a self-signed certificate' self 'self-signed certificate'
untrusted 'a certificate with a weak key' weak 'too weak'
untrusted 'an authority that is not ours' good 'unable to get local issuer certificate' "api_base=$secure,ca_file=$cert/other.pem,deadline=$deadline"
export SSL_CERT_FILE=$cert/own.pem
untrusted 'an authority of the environment' good 'unable to get local issuer certificate' "api_base=$secure,deadline=$deadline"
unset SSL_CERT_FILE
untrusted 'an authority file that is not there' good 'error setting certificate file' "api_base=$secure,ca_file=$work/none.pem,deadline=$deadline"

tls_versions='TLSv1 TLSv1.1'
untrusted 'a server of TLS 1.0 and 1.1 only' good 'protocol version'
tls_versions='TLSv1.2 TLSv1.3'

# One that asks for a certificate of ours, which there is not: it may do without.
nginx_up good "ssl_verify_client optional; ssl_client_certificate $cert/own.pem;"
mount_up -o "$trusted"
ok 'a server that asks for a certificate' ls "$runtimes"
mount_down
nginx_down

# ---- a server that is not nginx ----

wire_up() { # VERB STATE [ARGUMENT…]
	local verb=$1
	state=$work/$2
	shift 2
	mkdir -p "$state"
	rm -f "$state"/*
	python3 -ES "$here/wire.py" "$verb" "$state" "$@" 2>"$state/log" &
	wire=$!
	echo $wire >>"$work/pids"
	wait_for test -s "$state/port" || failed 'the wire' "$(cat "$state/log")"
	port=$(cat "$state/port")
}
mode() {
	echo "$*" >"$state/mode.new"
	mv "$state/mode.new" "$state/mode"
}
lines() { # FILE
	cat "$1" 2>/dev/null | wc -l
}

# ---- HTTP/2 by the frame ----

wire_up h2 h2 "$cert/good.pem" "$cert/good.key"
printf '{"data":[],"pagination":{"total":0,"page":1,"limit":100,"total_pages":0}}' >"$state/body"
h2="api_base=https://127.0.0.1:$port,ca_file=$cert/own.pem,deadline=$deadline,ttl=0"
asked() {
	lines "$state/requests"
}
frames() { # MODE NAME ERRNO REQUESTS [WORDS…]
	mode "$1"
	mount_up -o "$h2"
	faulted "$2" "$3" $limit_ms "$4" ls "$templates"
	[ -z "${5-}" ] || has "$2, in words" "$(cat "$templates/.error")" "${@:5}"
	mount_down
}
frames pass 'HTTP/2 of our own' 0 1
frames shutinhello 'a connection that ends in the handshake' EHOSTUNREACH 0 'the connection broke in the TLS handshake'
frames resetinhello 'a connection that is reset in the handshake' EHOSTUNREACH 0 'the connection broke in the TLS handshake'
frames wants 'a server that insists on a certificate of ours' EPROTO 0 'no trusted connection' 'certificate required'
frames refuse2 'a stream that is refused twice' 0 1-3
frames refuse99 'a stream that is refused again and again' EREMOTEIO 1-6 # curl by itself would repeat it five times, at each of our three attempts
end_process $wire
wire_up h2 h2 "$cert/good.pem" "$cert/good.key"
printf '{"data":[],"pagination":{"total":0,"page":1,"limit":100,"total_pages":0}}' >"$state/body"
h2="api_base=https://127.0.0.1:$port,ca_file=$cert/own.pem,deadline=$deadline,ttl=0"
frames goaway1 'GOAWAY before the answer' 0 1-4
frames broken 'a stream that is reset' EREMOTEIO 1-9 'answer'
frames brokenbody 'a stream that is reset in its body' EREMOTEIO 1-9 'unusable answer'
frames garbage 'bytes that are no frames' EREMOTEIO 1-9
h2+=,deadline=3 # what follows waits for it
frames silent 'a stream without an answer' ETIMEDOUT 1-3 'within'
mode deaf
mount_up -o "$h2,deadline=9"
before=$(asked)
came() {
	[ "$(asked)" -gt "$before" ]
}
faulted 'a connection that answers nobody any more' ETIMEDOUT 15000 - ls "$templates" >"$work/first" 2>&1 &
first=$!
wait_for came
mode pass
sleep 4 # so much more time has the next one
faulted 'who comes there later is answered on another one' 0 15000 1 ls "$models"
wait $first
cat "$work/first"
grep -q '^FAIL' "$work/first" && failed 'the first one' 'see above'
faulted 'and so is the next one' 0 $limit_ms 1 ls "$templates"
mount_down
end_process $wire
asked() {
	control requests | jq .total
}

# ---- proxies ----

nginx_up good
wire_up proxy proxy
proxy=http://127.0.0.1:$port
proxied="$trusted,proxy=$proxy"

# Those of the environment: never.
export http_proxy=$proxy https_proxy=$proxy HTTPS_PROXY=$proxy ALL_PROXY=$proxy all_proxy=$proxy
mount_up -o "$trusted"
ok 'the environment names a proxy' ls "$runtimes"
is 'it is not used' "$(lines "$state/connections")" 0
mount_down
unset http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy

export no_proxy='*' NO_PROXY='*'
mount_up -o "$proxied"
unset no_proxy NO_PROXY
reset
ok 'a proxy that is configured' ls "$runtimes"
mkdir "$templates/proxied"
ok 'a create through it' put "$spec_template" "$templates/proxied/spec.json"
ok 'a delete through it' rmdir "$templates/proxied"
is 'it is used for all' "$(lines "$state/requests")" "$(lines "$state/connections")"
is 'by CONNECT' "$(grep -vc '^CONNECT 127.0.0.1' "$state/requests")" 0
[ "$(lines "$state/requests")" -ge 3 ] && passed 'several times' || failed 'several times' "$(cat "$state/requests")"
is 'it never hears the token' "$(grep -aic "$token\|authorization" "$state/heard")" 0
is 'nor what is asked for' "$(grep -ac 'airuntimes' "$state/heard")" 0
for code in 403 407 502; do
	mode $code
	mount_down
	mount_up -o "$proxied"
	faulted "a proxy that answers $code" EHOSTUNREACH $limit_ms 0 ls "$runtimes"
	has "a proxy that answers $code, in words" "$(cat "$runtimes/.error")" "the proxy answered $code"
done
mount_down
mode silent
mount_up -o "$proxied,deadline=3"
faulted 'a proxy that never answers' ETIMEDOUT $limit_ms 0 ls "$runtimes"
has 'a proxy that never answers, in words' "$(cat "$runtimes/.error")" 'within'
mount_down
end_process $wire
mount_up -o "$proxied"
faulted 'a proxy that is gone' EHOSTUNREACH $limit_ms 0 ls "$runtimes"
mount_down
# Unencrypted goes to the loopback only, and to no proxy.
wire_up proxy proxy
mount_up -o "proxy=http://127.0.0.1:$port"
ok 'http to the loopback' ls "$runtimes"
is 'no proxy hears of it' "$(lines "$state/connections")" 0
mount_down
end_process $wire

wire_up proxy proxy "$cert/good.pem" "$cert/good.key"
mount_up -o "$trusted,proxy=https://127.0.0.1:$port"
ok 'a proxy over TLS' ls "$runtimes"
[ "$(lines "$state/requests")" -ge 1 ] && passed 'it is used' || failed 'it is used' "$(cat "$state/log")"
mount_down
end_process $wire
wire_up proxy proxy "$cert/expired.pem" "$cert/expired.key"
mount_up -o "$trusted,proxy=https://127.0.0.1:$port"
faulted 'a proxy with an expired certificate' EPROTO $limit_ms 0 ls "$runtimes"
is 'it hears nothing' "$(lines "$state/requests")" 0
mount_down
end_process $wire

# ---- a redirect to another host: nothing goes there ----

wire_up proxy elsewhere
elsewhere=$port
mount_up -o "$trusted"
for code in 301 302 303 307 308; do
	fault "{\"operation\":\"listAIRuntimes\",\"status\":$code,\"times\":1,\"headers\":{\"Location\":\"http://localhost:$elsewhere/x\"},\"body\":\"\"}"
	refresh
	faulted "a redirect, $code" EREMOTEIO $limit_ms 1-3 ls "$runtimes"
done
is 'nobody went there' "$(lines "$state/connections")" 0
mount_down
nginx_down
finish
