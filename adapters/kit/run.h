/* SPDX-License-Identifier: MIT */
#ifndef BATON_KIT_RUN_H
#define BATON_KIT_RUN_H

#include "adapters/kit/settings.h"

/**
 * Runs an adapter until SIGTERM or SIGINT: connection, inbox, outboxes and
 * the adapter's own sources. SIGHUP is ignored; a changed configuration takes
 * a restart. Main thread, before any other is started.
 *
 * settings: borrowed. Returns the exit code of kit_main(): 0, 3 or 4.
 */
int run_adapter(const struct kit_adapter *adapter,
		const struct settings *settings);

#endif /* BATON_KIT_RUN_H */
