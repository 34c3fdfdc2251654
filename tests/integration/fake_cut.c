/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <sys/socket.h>

#include "fake_answer.h"

bool
fake_read(int fd, void *data, size_t len)
{
	uint8_t *at = data;
	ssize_t got;

	while (len > 0) {
		got = recv(fd, at, len, 0);
		if (got <= 0)
			return false;
		at += got;
		len -= (size_t)got;
	}
	return true;
}

bool
fake_write(int fd, const void *data, size_t len)
{
	const uint8_t *at = data;
	ssize_t put;

	while (len > 0) {
		put = send(fd, at, len, MSG_NOSIGNAL);
		if (put <= 0)
			return false;
		at += put;
		len -= (size_t)put;
	}
	return true;
}

/* The first request's answer, whose end does not come. */
static void
fake_cut_answer(int fd, enum fake_cut cut)
{
	uint8_t head[9] = {1, 0, 0, 0, 0, 0, 0, 0, 100};
	uint8_t request[9 + 4];
	uint8_t body[50] = {0};

	if (!fake_read(fd, request, sizeof(request)))
		return;
	for (size_t i = 0; i < 4; i++)
		body[i] = request[9 + i];
	if (cut == FAKE_CUT_IN_HEAD) {
		(void)fake_write(fd, head, 5);
	} else if (cut == FAKE_CUT_TOO_LONG) {
		head[5] = 2; /* 32 MiB */
		if (fake_write(fd, head, sizeof(head))) {
			while (fake_read(fd, body, 1))
				continue;
		}
	} else if (fake_write(fd, head, sizeof(head)) &&
		   cut == FAKE_CUT_IN_BODY) {
		(void)fake_write(fd, body, sizeof(body));
	}
}

void
fake_cut_off(int fd, enum fake_cut cut)
{
	static const uint8_t ours[] = {0, 'S', 'P', 0, 0, 0x31, 0, 0};
	static const uint8_t foreign[] = {0, 'S', 'P', 0, 0, 0x21, 0, 0};
	uint8_t theirs[sizeof(ours)];

	if (cut == FAKE_CUT_AT_ONCE)
		return;
	if (cut == FAKE_CUT_IN_GREETING) {
		(void)fake_write(fd, ours, sizeof(ours) / 2);
		return;
	}
	if (cut == FAKE_CUT_FOREIGN) {
		if (fake_write(fd, foreign, sizeof(foreign)))
			(void)fake_read(fd, theirs, sizeof(theirs));
		return;
	}
	if (fake_write(fd, ours, sizeof(ours)) &&
	    fake_read(fd, theirs, sizeof(theirs)))
		fake_cut_answer(fd, cut);
}
