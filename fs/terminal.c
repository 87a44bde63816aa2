#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* The last of each that came: a handler can do no more than note it. */
static volatile sig_atomic_t signal_came;

static void on_signal(int number) {
	signal_came = number;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGALRM};
enum { SIGNALS = sizeof signals / sizeof *signals };

/* What is to be put back. */
struct terminal {
	int fd;
	bool hidden;
	struct termios before;
	struct sigaction actions[SIGNALS];
	sigset_t mask; /* that was in force before */
};

static void terminal_tell(const struct terminal *terminal, const char *text) {
	ssize_t told = write(terminal->fd, text, strlen(text));
	(void)told; /* a terminal that is gone is found out by reading */
}

/* Signals are held back but while we wait, so that none comes between looking and waiting. */
static void terminal_enter(struct terminal *terminal) {
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t held;
	sigemptyset(&held);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&held, signals[i]);
	sigprocmask(SIG_BLOCK, &held, &terminal->mask);
	signal_came = 0;
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &action, &terminal->actions[i]);
	if (terminal->hidden && !tcgetattr(terminal->fd, &terminal->before)) {
		struct termios silent = terminal->before;
		silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
		tcsetattr(terminal->fd, TCSAFLUSH, &silent); /* what was typed before it was asked for is no answer */
	} else {
		terminal->hidden = false;
	}
}

static void terminal_leave(struct terminal *terminal) {
	if (terminal->hidden)
		tcsetattr(terminal->fd, TCSAFLUSH, &terminal->before);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &terminal->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &terminal->mask, NULL);
}

/* Waits for input or a signal: 0, or the signal. */
static int terminal_wait(const struct terminal *terminal) {
	struct pollfd wait = {.fd = terminal->fd, .events = POLLIN};
	while (!signal_came && ppoll(&wait, 1, NULL, &terminal->mask) < 0 && errno == EINTR) {
	}
	return signal_came;
}

/* The line's length; -1: its end never came; -2: it does not fit; -3: a signal came, which *ret_signal is. */
static int line_read(const struct terminal *terminal, char *ret, size_t size, int *ret_signal) {
	size_t len = 0;
	for (;;) {
		char c = 0;
		*ret_signal = terminal_wait(terminal);
		if (*ret_signal)
			return -3;
		ssize_t got = read(terminal->fd, &c, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		if (c == '\n' || c == '\r')
			break;
		if (len < size)
			ret[len] = c;
		len++;
		explicit_bzero(&c, 1);
	}
	if (len >= size)
		return -2;
	ret[len] = 0;
	return (int)len;
}

int terminal_ask(const char *question, bool hidden, char *ret, size_t size, struct error *err) {
	struct terminal terminal = {.fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)};
	int number = 0, len;
	if (terminal.fd < 0)
		return error_set(err, EINVAL,
			"there is no terminal to ask on; neevfs login --token-stdin takes a personal access token");
	do {
		terminal.hidden = hidden;
		terminal_enter(&terminal);
		terminal_tell(&terminal, question);
		len = line_read(&terminal, ret, size, &number);
		if (terminal.hidden)
			terminal_tell(&terminal, "\n");
		terminal_leave(&terminal);
		if (number)
			raise(number); /* when it goes on after having been stopped it is asked again */
	} while (len == -3);
	close(terminal.fd);
	if (len < 0)
		explicit_bzero(ret, size);
	return len == -2   ? error_set(err, EINVAL, "what was typed is too long")
	       : len == -1 ? error_set(err, EINVAL, "nothing was typed")
			   : 0;
}
