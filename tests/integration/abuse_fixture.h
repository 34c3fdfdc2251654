/* SPDX-License-Identifier: MIT */
#ifndef BATON_ABUSE_FIXTURE_H
#define BATON_ABUSE_FIXTURE_H

#include "harness.h"
#include "wire_client.h"

/** A broker with small limits, one client that misbehaves, one that must not
 *  notice. */
struct abuse_fixture {
	struct harness *harness;
	struct wire_client *abuser;
	struct wire_client *other;
};

/** cmocka's set-up and teardown; the state is a struct abuse_fixture. */
int abuse_setup(void **state);
int abuse_teardown(void **state);

/** Says hello; the answer is the caller's to free. */
Baton__V1__Response *abuse_hello(struct wire_client *client);

/** Asserts that the other client is answered. */
void abuse_assert_others_are_served(struct abuse_fixture *fixture);

#endif /* BATON_ABUSE_FIXTURE_H */
