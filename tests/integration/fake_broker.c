/* SPDX-License-Identifier: MIT */
#include "fake_broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "fake_answer.h"

#define FAKE_WAIT_MS 10000
#define FAKE_ID_BYTES 4
#define FAKE_FRAME_MAX ((size_t)16 * 1024 * 1024)

static struct fake_step
fake_next_step(struct fake_broker *broker, int op)
{
	struct fake_step step = {.what = FAKE_ANSWER};

	if (broker->steps_count[op] > 0) {
		step = broker->steps[op][0];
		broker->steps_count[op]--;
		memmove(broker->steps[op], broker->steps[op] + 1,
			broker->steps_count[op] * sizeof(step));
	}
	return step;
}

static void
fake_note_publish(struct fake_broker *broker, struct baton_span bytes)
{
	if (bytes.len > broker->largest_publish_bytes)
		broker->largest_publish_bytes = bytes.len;
	if (broker->first_publish.data == NULL) {
		broker->first_publish = fake_copy(bytes.data, bytes.len);
	} else if (!fake_same(broker->first_publish, bytes)) {
		broker->publishes_differ = true;
	}
}

/* With the lock held. The answer's data is NULL when there is none. */
static struct baton_span
fake_handle(struct fake_broker *broker, struct baton_span bytes, bool *hang_up)
{
	struct baton_span answer = {NULL, 0};
	Baton__V1__Request *request =
		baton__v1__request__unpack(NULL, bytes.len, bytes.data);
	struct fake_step step;
	int op;

	*hang_up = false;
	if (request == NULL)
		return fake_refuse(BATON_MALFORMED, 0);
	op = (int)request->op_case;
	if (op == BATON__V1__REQUEST__OP_PUBLISH)
		fake_note_publish(broker, bytes);
	step = fake_next_step(broker, op);
	broker->counts[op]++;
	(void)pthread_cond_broadcast(&broker->changed);
	if (step.what == FAKE_REFUSE) {
		answer = fake_refuse(step.code, step.retry_after_ms);
	} else if (step.what == FAKE_RAW) {
		answer = fake_copy(step.raw, step.raw_len);
	} else {
		answer = fake_carry_out(broker, request);
	}
	if (step.what == FAKE_LOSE_ANSWER || step.what == FAKE_HANG_UP) {
		fake_discard(answer);
		answer.data = NULL;
	}
	*hang_up = step.what == FAKE_HANG_UP;
	baton__v1__request__free_unpacked(request, NULL);
	return answer;
}

/* SP's handshake: we are a REP (0x31), the peer must be a REQ (0x30). */
static bool
fake_greet(int fd)
{
	static const uint8_t ours[] = {0, 'S', 'P', 0, 0, 0x31, 0, 0};
	static const uint8_t wanted[] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
	uint8_t theirs[sizeof(wanted)];

	return fake_write(fd, ours, sizeof(ours)) &&
	       fake_read(fd, theirs, sizeof(theirs)) &&
	       memcmp(theirs, wanted, sizeof(wanted)) == 0;
}

/* A frame of SP over ipc: 1, the length as 8 bytes big-endian, the body. Of a
 * request's body the first 4 bytes name it; the answer begins with them. */
static bool
fake_read_frame(int fd, struct baton_span *frame)
{
	uint8_t header[9];
	uint8_t *body;
	size_t len = 0;

	if (!fake_read(fd, header, sizeof(header)) || header[0] != 1)
		return false;
	for (size_t i = 1; i < sizeof(header); i++)
		len = len << 8 | header[i];
	if (len < FAKE_ID_BYTES || len > FAKE_FRAME_MAX)
		return false;
	body = fake_allocate(len, 1);
	*frame = (struct baton_span){body, len};
	return fake_read(fd, body, len);
}

static bool
fake_write_frame(int fd, const uint8_t id[FAKE_ID_BYTES],
		 struct baton_span answer)
{
	uint64_t len = answer.len + FAKE_ID_BYTES;
	uint8_t header[9] = {1};

	for (size_t i = 1; i < sizeof(header); i++)
		header[i] = (uint8_t)(len >> (8 * (8 - i)));
	return fake_write(fd, header, sizeof(header)) &&
	       fake_write(fd, id, FAKE_ID_BYTES) &&
	       fake_write(fd, answer.data, answer.len);
}

/* One request and its answer; false when the connection is over. */
static bool
fake_serve_one(struct fake_broker *broker, int fd)
{
	struct baton_span frame = {NULL, 0};
	struct baton_span answer;
	bool hang_up = true;

	if (fake_read_frame(fd, &frame)) {
		(void)pthread_mutex_lock(&broker->lock);
		answer = fake_handle(
			broker,
			(struct baton_span){frame.data + FAKE_ID_BYTES,
					    frame.len - FAKE_ID_BYTES},
			&hang_up);
		(void)pthread_mutex_unlock(&broker->lock);
		if (answer.data != NULL)
			hang_up = !fake_write_frame(fd, frame.data, answer);
		fake_discard(answer);
	}
	fake_discard(frame);
	return !hang_up;
}

static void *
fake_serve(void *context)
{
	struct fake_connection *connection = context;
	struct fake_broker *broker = connection->broker;
	enum fake_cut cut = FAKE_CUT_NOWHERE;
	bool turn_away;

	(void)pthread_mutex_lock(&broker->lock);
	turn_away = broker->turn_away;
	if (broker->cuts > 0) {
		broker->cuts--;
		cut = broker->cut;
	}
	(void)pthread_mutex_unlock(&broker->lock);
	if (cut != FAKE_CUT_NOWHERE) {
		fake_cut_off(connection->fd, cut);
	} else if (fake_greet(connection->fd) && !turn_away) {
		while (fake_serve_one(broker, connection->fd))
			continue;
	}
	(void)shutdown(connection->fd, SHUT_RDWR);
	return NULL;
}

static void *
fake_accept(void *context)
{
	struct fake_broker *broker = context;
	struct fake_connection *connection;
	int fd;

	for (;;) {
		fd = accept(broker->listener, NULL, NULL);
		if (fd < 0)
			return NULL;
		(void)pthread_mutex_lock(&broker->lock);
		if (broker->connections_count == FAKE_CONNECTIONS)
			abort();
		connection = &broker->connections[broker->connections_count++];
		connection->broker = broker;
		connection->fd = fd;
		if (pthread_create(&connection->thread, NULL, fake_serve,
				   connection) != 0)
			abort();
		(void)pthread_mutex_unlock(&broker->lock);
	}
}

bool
fake_broker_resume(struct fake_broker *broker)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", broker->path);
	(void)unlink(un.sun_path);
	broker->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (broker->listener < 0)
		return false;
	if (bind(broker->listener, (const struct sockaddr *)&un, sizeof(un)) !=
		    0 ||
	    listen(broker->listener, 16) != 0) {
		(void)close(broker->listener);
		return false;
	}
	broker->serving = true;
	if (pthread_create(&broker->acceptor, NULL, fake_accept, broker) != 0)
		abort();
	return true;
}

void
fake_broker_pause(struct fake_broker *broker)
{
	struct fake_connection *connection;

	(void)shutdown(broker->listener, SHUT_RDWR);
	(void)pthread_join(broker->acceptor, NULL);
	(void)close(broker->listener);
	(void)pthread_mutex_lock(&broker->lock);
	broker->serving = false;
	(void)pthread_cond_broadcast(&broker->changed);
	(void)pthread_mutex_unlock(&broker->lock);
	for (size_t i = 0; i < broker->connections_count; i++) {
		connection = &broker->connections[i];
		(void)shutdown(connection->fd, SHUT_RDWR);
		(void)pthread_join(connection->thread, NULL);
		(void)close(connection->fd);
	}
	broker->connections_count = 0;
}

struct fake_broker *
fake_broker_start(const char *path)
{
	struct fake_broker *broker = fake_allocate(1, sizeof(*broker));

	broker->path = strdup(path);
	if (broker->path == NULL)
		abort();
	(void)pthread_mutex_init(&broker->lock, NULL);
	(void)pthread_cond_init(&broker->changed, NULL);
	broker->limits = (struct fake_limits){
		.protocol_min = 1,
		.protocol_max = 1,
		.max_message_bytes = 1024 * 1024,
		.max_event_bytes = 65536,
		.max_batch_events = 1000,
		.max_fetch_events = FAKE_OFFERS,
		.max_wait_ms = 30000,
	};
	if (fake_broker_resume(broker))
		return broker;
	free(broker->path);
	free(broker);
	return NULL;
}

void
fake_broker_stop(struct fake_broker *broker)
{
	if (broker == NULL)
		return;
	if (broker->serving)
		fake_broker_pause(broker);
	for (size_t i = 0; i < broker->events_count; i++)
		fake_discard(broker->events[i]);
	fake_discard(broker->first_publish);
	(void)pthread_cond_destroy(&broker->changed);
	(void)pthread_mutex_destroy(&broker->lock);
	free(broker->path);
	free(broker);
}

void
fake_broker_set_limits(struct fake_broker *broker,
		       const struct fake_limits *limits)
{
	(void)pthread_mutex_lock(&broker->lock);
	broker->limits = *limits;
	(void)pthread_mutex_unlock(&broker->lock);
}

struct fake_limits
fake_broker_limits(struct fake_broker *broker)
{
	struct fake_limits limits;

	(void)pthread_mutex_lock(&broker->lock);
	limits = broker->limits;
	(void)pthread_mutex_unlock(&broker->lock);
	return limits;
}

void
fake_broker_script(struct fake_broker *broker, int op,
		   const struct fake_step *step)
{
	(void)pthread_mutex_lock(&broker->lock);
	if (broker->steps_count[op] == FAKE_STEPS)
		abort();
	broker->steps[op][broker->steps_count[op]++] = *step;
	(void)pthread_mutex_unlock(&broker->lock);
}

void
fake_broker_turn_away(struct fake_broker *broker)
{
	(void)pthread_mutex_lock(&broker->lock);
	broker->turn_away = true;
	(void)pthread_mutex_unlock(&broker->lock);
}

void
fake_broker_cut(struct fake_broker *broker, enum fake_cut cut, size_t count)
{
	(void)pthread_mutex_lock(&broker->lock);
	broker->cut = cut;
	broker->cuts = count;
	(void)pthread_mutex_unlock(&broker->lock);
}

size_t
fake_broker_cuts(struct fake_broker *broker)
{
	size_t cuts;

	(void)pthread_mutex_lock(&broker->lock);
	cuts = broker->cuts;
	(void)pthread_mutex_unlock(&broker->lock);
	return cuts;
}

size_t
fake_broker_count(struct fake_broker *broker, int op)
{
	size_t count;

	(void)pthread_mutex_lock(&broker->lock);
	count = broker->counts[op];
	(void)pthread_mutex_unlock(&broker->lock);
	return count;
}

bool
fake_broker_wait(struct fake_broker *broker, int op, size_t count)
{
	struct timespec until = fake_after_ms(FAKE_WAIT_MS);
	bool reached;

	(void)pthread_mutex_lock(&broker->lock);
	while (broker->counts[op] < count && fake_wait(broker, &until))
		continue;
	reached = broker->counts[op] >= count;
	(void)pthread_mutex_unlock(&broker->lock);
	return reached;
}

struct fake_totals
fake_broker_totals(struct fake_broker *broker)
{
	struct fake_totals totals;

	(void)pthread_mutex_lock(&broker->lock);
	totals = (struct fake_totals){
		.stored = broker->events_count,
		.largest_batch = broker->largest_batch,
		.largest_publish_bytes = broker->largest_publish_bytes,
		.publishes_same = !broker->publishes_differ,
	};
	(void)pthread_mutex_unlock(&broker->lock);
	return totals;
}

struct baton_span
fake_broker_event(struct fake_broker *broker, size_t index)
{
	struct baton_span event;

	(void)pthread_mutex_lock(&broker->lock);
	event = broker->events[index];
	(void)pthread_mutex_unlock(&broker->lock);
	return event;
}

void
fake_broker_offer(struct fake_broker *broker, uint64_t sequence, uint64_t lane,
		  const char *text)
{
	struct fake_offer *offer;

	(void)pthread_mutex_lock(&broker->lock);
	if (broker->offers_count == FAKE_OFFERS)
		abort();
	offer = &broker->offers[broker->offers_count++];
	offer->sequence = sequence;
	offer->lane = lane;
	(void)snprintf(offer->text, sizeof(offer->text), "%s", text);
	(void)pthread_cond_broadcast(&broker->changed);
	(void)pthread_mutex_unlock(&broker->lock);
}

static bool
fake_is_settled(const struct fake_broker *broker, uint64_t sequence)
{
	for (size_t i = 0; i < broker->settlements_count; i++) {
		if (broker->settlements[i].sequence == sequence)
			return true;
	}
	return false;
}

bool
fake_broker_wait_settled(struct fake_broker *broker, uint64_t sequence)
{
	struct timespec until = fake_after_ms(FAKE_WAIT_MS);
	bool settled;

	(void)pthread_mutex_lock(&broker->lock);
	while (!fake_is_settled(broker, sequence) && fake_wait(broker, &until))
		continue;
	settled = fake_is_settled(broker, sequence);
	(void)pthread_mutex_unlock(&broker->lock);
	return settled;
}

size_t
fake_broker_settled(struct fake_broker *broker,
		    struct fake_settlement *settlements, size_t size)
{
	size_t count;

	(void)pthread_mutex_lock(&broker->lock);
	count = broker->settlements_count;
	memcpy(settlements, broker->settlements,
	       (count < size ? count : size) * sizeof(*settlements));
	(void)pthread_mutex_unlock(&broker->lock);
	return count;
}
