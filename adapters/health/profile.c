/* SPDX-License-Identifier: MIT */
#include "adapters/health/profile.h"

#include <string.h>

#include "client/contract.h"

/* Whether a setting matches component 1 of a header field. */
static bool
profile_matches(const char *setting, const struct hl7v2_message *message,
		unsigned field)
{
	char text[256];

	if (setting == NULL)
		return true;
	return hl7v2_text(message, HL7V2_CHARSET_UNSTATED,
			  hl7v2_value(message, hl7v2_header(message), field, 1),
			  text, sizeof(text)) == BATON_OK &&
	       strcmp(text, setting) == 0;
}

const struct profile *
profile_find(const struct health_settings *settings,
	     const struct hl7v2_message *message)
{
	for (size_t i = 0; i < settings->profiles_count; i++) {
		const struct profile *profile = &settings->profiles[i];

		if (profile_matches(profile->sending_application, message, 3) &&
		    profile_matches(profile->sending_facility, message, 4))
			return profile;
	}
	return NULL;
}

static baton_err
profile_check_organisation(const struct profile *profile, const char *setting,
			   const char *organisation, struct baton_error *error)
{
	Send__V1__OrganisationScheme scheme;
	char code[16];

	if (organisation == NULL ||
	    contract_organisation_parse(organisation, &scheme, code))
		return BATON_OK;
	return baton_error_set(error, BATON_CONFIG,
			       "health.profiles: %s: %s: must be /ods/CODE, "
			       "/urn/CODE or /la/CODE",
			       profile->name, setting);
}

static baton_err
profile_check_service(const struct profile *profile, const char *setting,
		      const struct profile_service *service,
		      struct baton_error *error)
{
	const ProtobufCEnumDescriptor *codes =
		&send__v1__treatment_function__descriptor;

	if (service->treatment_function != 0 &&
	    service->snomed_care_setting != NULL) {
		return baton_error_set(error, BATON_CONFIG,
				       "health.profiles: %s: %s: give "
				       "treatment_function or "
				       "snomed_care_setting, not both",
				       profile->name, setting);
	}
	if (service->treatment_function == 0 &&
	    service->snomed_care_setting == NULL &&
	    service->kind == SEND__V1__REFERRAL_KIND__REFERRAL_KIND_SERVICE) {
		return baton_error_set(error, BATON_CONFIG,
				       "health.profiles: %s: %s: needs "
				       "treatment_function or "
				       "snomed_care_setting",
				       profile->name, setting);
	}
	if (service->treatment_function != 0 &&
	    protobuf_c_enum_descriptor_get_value(
		    codes, (int)service->treatment_function) == NULL) {
		return baton_error_set(error, BATON_CONFIG,
				       "health.profiles: %s: %s: "
				       "treatment_function is not in the "
				       "contract's code list",
				       profile->name, setting);
	}
	return BATON_OK;
}

static baton_err
profile_check_lists(const struct profile *profile, struct baton_error *error)
{
	baton_err err;

	for (size_t i = 0; i < profile->organisations_count; i++) {
		err = profile_check_organisation(
			profile, "organisations",
			profile->organisations[i].organisation, error);
		if (err != BATON_OK)
			return err;
	}
	for (size_t i = 0; i < profile->services_count; i++) {
		if (profile->services[i].code == NULL) {
			return baton_error_set(error, BATON_CONFIG,
					       "health.profiles: %s: services: "
					       "code is required",
					       profile->name);
		}
		err = profile_check_service(profile, "services",
					    &profile->services[i], error);
		if (err != BATON_OK)
			return err;
	}
	return BATON_OK;
}

baton_err
profile_check(const struct health_settings *settings, struct baton_error *error)
{
	for (size_t i = 0; i < settings->profiles_count; i++) {
		const struct profile *profile = &settings->profiles[i];
		const struct profile_service *service =
			profile->default_service;
		baton_err err;

		err = profile_check_organisation(profile, "from_organisation",
						 profile->from_organisation,
						 error);
		if (err == BATON_OK) {
			err = profile_check_organisation(
				profile, "to_organisation",
				profile->to_organisation, error);
		}
		if (err == BATON_OK) {
			err = profile_check_organisation(
				profile, "contact_team.organisation",
				profile->contact_team->organisation, error);
		}
		if (err == BATON_OK && service != NULL) {
			err = profile_check_service(profile, "default_service",
						    service, error);
		}
		if (err == BATON_OK)
			err = profile_check_lists(profile, error);
		if (err != BATON_OK)
			return err;
	}
	return BATON_OK;
}
