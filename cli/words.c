/* SPDX-License-Identifier: MIT */
#include "cli/words.h"

#include <stdarg.h>
#include <stdio.h>

#include "client/contract.h"

/* A value of an enum in words; a list of them ends with text NULL. */
struct words_entry {
	int value;
	const char *text;
};

/* The words of a value; those of a newer contract have none here. */
static const char *
words_find(const struct words_entry *list, int value)
{
	while (list->text != NULL && list->value != value)
		list++;
	return list->text != NULL ? list->text : "(not known here)";
}

static const struct words_entry words_treatment_functions[] = {
	{254, "Paediatric audio-vestibular medicine"},
	{290, "Community paediatrics"},
	{291, "Paediatric neurodisability"},
	{420, "Paediatrics"},
	{650, "Physiotherapy"},
	{651, "Occupational therapy"},
	{652, "Speech and language therapy"},
	{654, "Dietetics"},
	{655, "Orthoptics"},
	{656, "Clinical psychology"},
	{700, "Learning disability"},
	{711, "Child and adolescent psychiatry"},
	{0, NULL},
};

/* What happened to a referral to a service. */
static const struct words_entry words_service_statuses[] = {
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REQUESTED,
	 "Referral requested"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_ACCEPTED,
	 "Referral accepted"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REJECTED,
	 "Referral rejected"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_WAITING,
	 "On the waiting list"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_BOOKED,
	 "Appointment booked"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_SEEN, "Child seen"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_DISCHARGED, "Discharged"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_CANCELLED,
	 "Referral cancelled"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_ENTERED_IN_ERROR,
	 "Referral entered in error"},
	{0, NULL},
};

/* What happened to a request for an assessment. */
static const struct words_entry words_request_statuses[] = {
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REQUESTED, "requested"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_ACCEPTED,
	 "request accepted"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REJECTED,
	 "request rejected"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_WAITING, "request waiting"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_BOOKED, "booked"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_SEEN, "under way"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_DISCHARGED, "ended"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_CANCELLED,
	 "request cancelled"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_ENTERED_IN_ERROR,
	 "request entered in error"},
	{0, NULL},
};

/* What happened to a notice under section 23. */
static const struct words_entry words_notice_statuses[] = {
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REQUESTED, "given"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_ACCEPTED, "accepted"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REJECTED, "rejected"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_WAITING, "waiting"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_BOOKED,
	 "followed by an appointment"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_SEEN, "followed up"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_DISCHARGED, "closed"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_CANCELLED, "withdrawn"},
	{SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_ENTERED_IN_ERROR,
	 "entered in error"},
	{0, NULL},
};

static const struct words_entry words_panels[] = {
	{SEND__V1__PANEL__PANEL_STAGE_1, "Panel stage 1"},
	{SEND__V1__PANEL__PANEL_STAGE_2, "Panel stage 2"},
	{SEND__V1__PANEL__PANEL_COMPLEX_CASE, "Complex case panel"},
	{SEND__V1__PANEL__PANEL_REQUESTS, "Requests panel"},
	{0, NULL},
};

static const struct words_entry words_decisions[] = {
	{SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_ASSESS,
	 "assess"},
	{SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_NOT_ASSESS,
	 "do not assess"},
	{SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_ISSUE,
	 "issue a plan"},
	{SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_NOT_ISSUE,
	 "do not issue a plan"},
	{SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_DEFER,
	 "defer"},
	{SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_AMEND,
	 "amend the plan"},
	{SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_MAINTAIN,
	 "maintain the plan"},
	{SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_CEASE,
	 "cease the plan"},
	{0, NULL},
};

static const struct words_entry words_plans[] = {
	{SEND__V1__PLAN_TYPE__PLAN_TYPE_EHCP, "EHC plan"},
	{SEND__V1__PLAN_TYPE__PLAN_TYPE_ISP, "Individual Support Plan"},
	{0, NULL},
};

static const struct words_entry words_review_stages[] = {
	{SEND__V1__REVIEW_STAGE__REVIEW_STAGE_12_WEEKS_AHEAD,
	 "due in 12 weeks"},
	{SEND__V1__REVIEW_STAGE__REVIEW_STAGE_8_WEEKS_AHEAD, "due in 8 weeks"},
	{SEND__V1__REVIEW_STAGE__REVIEW_STAGE_4_WEEKS_AHEAD, "due in 4 weeks"},
	{SEND__V1__REVIEW_STAGE__REVIEW_STAGE_2_WEEKS_AHEAD, "due in 2 weeks"},
	{SEND__V1__REVIEW_STAGE__REVIEW_STAGE_DUE, "due now"},
	{SEND__V1__REVIEW_STAGE__REVIEW_STAGE_OVERDUE, "overdue"},
	{0, NULL},
};

static const struct words_entry words_ages[] = {
	{SEND__V1__AGE_POINT__AGE_POINT_14, "14"},
	{SEND__V1__AGE_POINT__AGE_POINT_16, "16"},
	{SEND__V1__AGE_POINT__AGE_POINT_17_AND_A_HALF, "17½"},
	{SEND__V1__AGE_POINT__AGE_POINT_18, "18"},
	{SEND__V1__AGE_POINT__AGE_POINT_19, "19"},
	{SEND__V1__AGE_POINT__AGE_POINT_25, "25"},
	{0, NULL},
};

static const struct words_entry words_changes[] = {
	{SEND__V1__TRANSITION_CHANGE__TRANSITION_CHANGE_PREPARING_FOR_ADULTHOOD_STARTS,
	 "preparing for adulthood starts"},
	{SEND__V1__TRANSITION_CHANGE__TRANSITION_CHANGE_RIGHTS_PASS_TO_YOUNG_PERSON,
	 "rights pass to the young person"},
	{SEND__V1__TRANSITION_CHANGE__TRANSITION_CHANGE_SOCIAL_CARE_TO_ADULTS,
	 "social care moves to Adults"},
	{SEND__V1__TRANSITION_CHANGE__TRANSITION_CHANGE_HEALTH_TO_ADULT_SERVICES,
	 "health moves to adult services"},
	{SEND__V1__TRANSITION_CHANGE__TRANSITION_CHANGE_EDUCATION_PHASE,
	 "education phase changes"},
	{SEND__V1__TRANSITION_CHANGE__TRANSITION_CHANGE_PLAN_ENDS,
	 "the plan ends"},
	{0, NULL},
};

/* Text under construction; what does not fit is cut. */
struct words {
	char *text;
	size_t len;
};

static void words_add(struct words *words, const char *format, ...)
	BATON_PRINTF(2, 3);

static void
words_add(struct words *words, const char *format, ...)
{
	size_t room = WORDS_BYTES - words->len;
	va_list args;
	int wrote;

	va_start(args, format);
	wrote = vsnprintf(words->text + words->len, room, format, args);
	va_end(args);
	if (wrote > 0)
		words->len += (size_t)wrote < room ? (size_t)wrote : room - 1;
}

static void
words_add_service(struct words *words, const Send__V1__Service *service)
{
	if (service == NULL)
		return;
	if (service->name[0] != '\0') {
		words_add(words, ": %s", service->name);
	} else if (service->code_case ==
		   SEND__V1__SERVICE__CODE_TREATMENT_FUNCTION) {
		words_add(words, ": %s",
			  words_find(words_treatment_functions,
				     (int)service->treatment_function));
	} else if (service->code_case ==
		   SEND__V1__SERVICE__CODE_SNOMED_CARE_SETTING) {
		words_add(words, ": care setting %s",
			  service->snomed_care_setting);
	}
}

static void
words_add_referral(struct words *words, const Send__V1__Referral *referral)
{
	int status = (int)referral->status;

	if (referral->kind ==
	    SEND__V1__REFERRAL_KIND__REFERRAL_KIND_EHC_NEEDS_ASSESSMENT_REQUEST) {
		words_add(words, "EHC needs assessment %s",
			  words_find(words_request_statuses, status));
	} else if (referral->kind ==
		   SEND__V1__REFERRAL_KIND__REFERRAL_KIND_SECTION_23_NOTICE) {
		words_add(words, "Section 23 notice %s",
			  words_find(words_notice_statuses, status));
	} else {
		words_add(words, "%s",
			  words_find(words_service_statuses, status));
	}
	if (referral->to != NULL)
		words_add_service(words, referral->to->service);
	if (referral->waiting != NULL &&
	    referral->waiting->breach_date[0] != '\0') {
		words_add(words, ", to be seen by %s",
			  referral->waiting->breach_date);
	}
}

static void
words_add_panel_decision(struct words *words,
			 const Send__V1__PanelDecision *decision)
{
	words_add(words, "%s decided: %s",
		  words_find(words_panels, (int)decision->panel),
		  words_find(words_decisions, (int)decision->decision));
	if (decision->next_step != NULL) {
		words_add(words, "; next: %s by %s",
			  decision->next_step->description,
			  decision->next_step->due_on);
	}
}

static void
words_add_annual_review(struct words *words,
			const Send__V1__AnnualReviewDue *review)
{
	words_add(words, "Annual review of the %s %s, to be complete by %s",
		  words_find(words_plans, (int)review->plan_type),
		  words_find(words_review_stages, (int)review->stage),
		  review->due_by);
}

static void
words_add_transition(struct words *words,
		     const Send__V1__Transition *transition)
{
	const char *age = words_find(words_ages, (int)transition->age_point);
	const Send__V1__Acknowledgement *acknowledged =
		transition->acknowledged;

	if (acknowledged != NULL) {
		words_add(words, "Transition at %s acknowledged on %s", age,
			  acknowledged->acknowledged_on);
		if (acknowledged->team != NULL)
			words_add(words, " by %s", acknowledged->team->name);
		return;
	}
	words_add(words, "Transition at %s on %s", age, transition->reached_on);
	for (size_t i = 0; i < transition->n_changes; i++) {
		words_add(
			words, "%s%s", i == 0 ? ": " : ", ",
			words_find(words_changes, (int)transition->changes[i]));
	}
}

void
words_event(const Send__V1__Event *event, char text[WORDS_BYTES])
{
	struct words words = {text, 0};

	text[0] = '\0';
	if (event->action == SEND__V1__ACTION__ACTION_DELETE)
		words_add(&words, "Withdrawn: ");
	switch ((int)event->data_case) {
	case SEND__V1__EVENT__DATA_REFERRAL:
		words_add_referral(&words, event->referral);
		break;
	case SEND__V1__EVENT__DATA_PANEL_DECISION:
		words_add_panel_decision(&words, event->panel_decision);
		break;
	case SEND__V1__EVENT__DATA_ANNUAL_REVIEW_DUE:
		words_add_annual_review(&words, event->annual_review_due);
		break;
	case SEND__V1__EVENT__DATA_TRANSITION:
		words_add_transition(&words, event->transition);
		break;
	default:
		words_add(&words, "An event of a kind that this version of "
				  "baton does not know");
		break;
	}
	if (event->action == SEND__V1__ACTION__ACTION_UPDATE)
		words_add(&words, " (updated)");
}

void
words_organisation(const Send__V1__Organisation *organisation,
		   char text[WORDS_BYTES])
{
	text[0] = '\0';
	if (organisation == NULL)
		return;
	if (organisation->name[0] != '\0') {
		(void)snprintf(text, WORDS_BYTES, "%s", organisation->name);
	} else if (!contract_organisation_format(organisation, text,
						 WORDS_BYTES)) {
		text[0] = '\0';
	}
}

void
words_team(const Send__V1__Team *team, char text[WORDS_BYTES])
{
	text[0] = '\0';
	if (team == NULL)
		return;
	if (team->phone[0] != '\0') {
		(void)snprintf(text, WORDS_BYTES, "%s, %s", team->name,
			       team->phone);
	} else {
		(void)snprintf(text, WORDS_BYTES, "%s", team->name);
	}
}
