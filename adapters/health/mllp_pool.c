/* SPDX-License-Identifier: MIT */
#include "adapters/health/mllp_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>

/* First in, first out. */
struct mllp_queue {
	struct mllp_job *first;
	struct mllp_job **last;
};

struct mllp_pool {
	mllp_handle_fn handle;
	void *context;
	int done_fd;
	pthread_mutex_t lock;
	pthread_cond_t waiting;
	struct mllp_queue queue;
	struct mllp_queue done;
	bool ending;
	size_t threads_count;
	pthread_t *threads;
};

static void
mllp_queue_init(struct mllp_queue *queue)
{
	queue->first = NULL;
	queue->last = &queue->first;
}

static void
mllp_queue_push(struct mllp_queue *queue, struct mllp_job *job)
{
	job->next = NULL;
	*queue->last = job;
	queue->last = &job->next;
}

static struct mllp_job *
mllp_queue_pop(struct mllp_queue *queue)
{
	struct mllp_job *job = queue->first;

	queue->first = job->next;
	if (queue->first == NULL)
		queue->last = &queue->first;
	return job;
}

static void
mllp_job_run(struct mllp_pool *pool, struct mllp_job *job)
{
	const struct baton_span message = {job->message, job->message_len};
	FILE *answers = open_memstream(&job->answer, &job->answer_len);
	bool failed;

	if (answers == NULL) {
		job->answer = NULL;
	} else {
		pool->handle(pool->context, message, job->cut, answers);
		failed = ferror(answers) != 0;
		if (fclose(answers) != 0 || failed) {
			free(job->answer);
			job->answer = NULL;
		}
	}
	free(job->message);
	job->message = NULL;
}

static void *
mllp_pool_work(void *argument)
{
	struct mllp_pool *pool = argument;
	struct mllp_job *job;

	(void)pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (pool->queue.first == NULL && !pool->ending)
			(void)pthread_cond_wait(&pool->waiting, &pool->lock);
		if (pool->queue.first == NULL)
			break;
		job = mllp_queue_pop(&pool->queue);
		(void)pthread_mutex_unlock(&pool->lock);
		mllp_job_run(pool, job);
		(void)pthread_mutex_lock(&pool->lock);
		mllp_queue_push(&pool->done, job);
		(void)eventfd_write(pool->done_fd, 1);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return NULL;
}

baton_err
mllp_pool_new(size_t workers, mllp_handle_fn handle, void *context, int done_fd,
	      struct mllp_pool **pool)
{
	struct mllp_pool *made = calloc(1, sizeof(*made));

	*pool = NULL;
	if (made == NULL)
		return BATON_NO_MEMORY;
	made->handle = handle;
	made->context = context;
	made->done_fd = done_fd;
	mllp_queue_init(&made->queue);
	mllp_queue_init(&made->done);
	(void)pthread_mutex_init(&made->lock, NULL);
	(void)pthread_cond_init(&made->waiting, NULL);
	made->threads = calloc(workers, sizeof(*made->threads));
	if (made->threads == NULL) {
		mllp_pool_free(made);
		return BATON_NO_MEMORY;
	}
	while (made->threads_count < workers) {
		if (pthread_create(&made->threads[made->threads_count], NULL,
				   mllp_pool_work, made) != 0) {
			mllp_pool_free(made);
			return BATON_INTERNAL;
		}
		made->threads_count++;
	}
	*pool = made;
	return BATON_OK;
}

void
mllp_pool_submit(struct mllp_pool *pool, struct mllp_job *job)
{
	(void)pthread_mutex_lock(&pool->lock);
	mllp_queue_push(&pool->queue, job);
	(void)pthread_cond_signal(&pool->waiting);
	(void)pthread_mutex_unlock(&pool->lock);
}

struct mllp_job *
mllp_pool_done(struct mllp_pool *pool)
{
	struct mllp_job *jobs;

	(void)pthread_mutex_lock(&pool->lock);
	jobs = pool->done.first;
	mllp_queue_init(&pool->done);
	(void)pthread_mutex_unlock(&pool->lock);
	return jobs;
}

void
mllp_pool_free(struct mllp_pool *pool)
{
	if (pool == NULL)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	(void)pthread_cond_broadcast(&pool->waiting);
	(void)pthread_mutex_unlock(&pool->lock);
	for (size_t i = 0; i < pool->threads_count; i++)
		(void)pthread_join(pool->threads[i], NULL);
	free(pool->threads);
	(void)pthread_cond_destroy(&pool->waiting);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}
