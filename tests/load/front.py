"""nginx before the cloud, as a provider has it: TLS, HTTP/2, connections that end after some requests, and reloads under load."""
import os
import shutil
import signal
import socket
import subprocess

from daemon import wait_for

CONF = """daemon off;
pid {work}/nginx.pid;
error_log {work}/nginx.error;
worker_processes 1;
{user}
events {{ worker_connections 2048; }}
http {{
	access_log off;
	client_body_temp_path {work}/nginx.tmp; proxy_temp_path {work}/nginx.tmp; fastcgi_temp_path {work}/nginx.tmp;
	uwsgi_temp_path {work}/nginx.tmp; scgi_temp_path {work}/nginx.tmp;
	upstream cloud {{ server 127.0.0.1:{cloud}; keepalive 64; }}
	server {{
		listen 127.0.0.1:{port} ssl {http2};
		ssl_certificate {work}/front.pem;
		ssl_certificate_key {work}/front.key;
		keepalive_requests 50;
		location / {{
			proxy_pass http://cloud;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_next_upstream off;
			proxy_read_timeout 100;
		}}
	}}
}}
"""


def program(top):
    """Of the system, or as tests/run unpacks it. None: there is none."""
    return shutil.which('nginx', path=':'.join([os.environ.get('PATH', ''), '/usr/sbin', top + '/build/unpacked/usr/sbin']))


class Front:
    def __init__(self, nginx, work, cloud):
        self.work = work
        self.cloud = cloud
        self.http2 = True
        self.ca_file = work + '/front.pem'
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            self.port = free.getsockname()[1]
        with open(work + '/front.log', 'wb') as log:
            subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-keyout',
                            work + '/front.key', '-out', self.ca_file, '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
                           stdout=log, stderr=log, check=True)
            self.configure()
            self.process = subprocess.Popen([nginx, '-e', work + '/nginx.error', '-p', work, '-c', work + '/nginx.conf'], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        if not wait_for(self.answers):
            raise RuntimeError('nginx does not start: ' + open(work + '/nginx.error', encoding='utf-8').read())

    def configure(self):
        with open(self.work + '/nginx.conf', 'w', encoding='ascii') as file:
            file.write(CONF.format(work=self.work, cloud=self.cloud, port=self.port, http2='http2' if self.http2 else '',
                                   user='user root;' if os.geteuid() == 0 else ''))

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(('127.0.0.1', self.port)) == 0

    def turn(self):
        """From HTTP/2 to HTTP/1.1 or back, as nginx -s reload does it: what is under way is answered by those that go."""
        self.http2 = not self.http2
        self.configure()
        self.process.send_signal(signal.SIGHUP)

    def close(self):
        self.process.terminate()
        self.process.wait(10)
