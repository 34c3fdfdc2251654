/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/entry.h"

struct check {
	enum baton_fill_id fill_id;
	enum baton_nhs_number_policy policy;
	uint64_t valid;
	uint64_t invalid;
};

static baton_err
check_item(const struct cli *cli, struct check *check,
	   const struct input_item *item)
{
	struct entry entry;
	baton_err err;
	bool valid;

	entry_init(&entry, item, check->fill_id);
	if (entry.bytes != NULL) {
		struct baton_span span = {entry.bytes, entry.len};

		entry.problem.code =
			baton_event_check(span, check->policy, &entry.problem);
	}
	valid = entry.problem.code == BATON_OK;
	if (valid) {
		check->valid++;
	} else {
		check->invalid++;
	}
	err = entry_print(cli, &entry, valid ? "valid" : "invalid",
			  valid ? CLI_GOOD : CLI_BAD, 0);
	entry_fini(&entry);
	return err;
}

static enum cli_exit
check_input(struct cli *cli, struct input *input)
{
	struct check check = {
		.fill_id = cli_value(cli, OPTION_FILL_ID) != NULL
				   ? BATON_ID_FILL
				   : BATON_ID_REQUIRED,
		.policy = cli_value(cli, OPTION_ACCEPT_FLAGGED) != NULL
				  ? BATON_NHS_NUMBER_ACCEPT_FLAGGED
				  : BATON_NHS_NUMBER_REJECT,
	};
	struct input_item item;
	uint64_t all;

	entry_print_heading(cli);
	for (;;) {
		input_next(input, INPUT_MAY_WAIT, &item);
		if (item.kind == INPUT_END)
			break;
		if (item.kind == INPUT_FAILED) {
			cli_note(cli, "the input cannot be read: %s",
				 item.problem);
			return CLI_EXIT_INPUT;
		}
		if (check_item(cli, &check, &item) != BATON_OK)
			return cli_no_memory(cli);
	}
	all = check.valid + check.invalid;
	if (all == 0) {
		cli_note(cli, "the input holds no event");
	} else if (check.invalid > 0) {
		cli_note(cli, "%llu of %llu events would be refused",
			 (unsigned long long)check.invalid,
			 (unsigned long long)all);
	}
	return check.invalid == 0 ? CLI_EXIT_OK : CLI_EXIT_PARTLY;
}

enum cli_exit
check_run(struct cli *cli)
{
	struct baton_error error = {BATON_OK, ""};
	struct input *input;
	enum cli_exit code;

	if (input_open(cli_operand(cli, 0), &input, &error) != BATON_OK) {
		cli_note(cli, "%s; check its name and your permission",
			 error.text);
		return error.code == BATON_IO ? CLI_EXIT_INPUT
					      : CLI_EXIT_INTERNAL;
	}
	code = check_input(cli, input);
	input_free(input);
	return code;
}
