/* SPDX-License-Identifier: MIT */
#ifndef BATON_IDENTIFIER_H
#define BATON_IDENTIFIER_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Forms and check characters of national identifiers. All take
 * NUL-terminated text without spaces; all may be called from any thread.
 */

/** 10 digits, modulus 11, no repeated digit; the 999 test range passes.
 *  Source: NHS Data Dictionary, NHS NUMBER. */
bool identifier_nhs_number_valid(const char *text);

/** 13 characters with a right check letter; temporary UPNs (last character a
 *  letter) pass. Source: DfE UPN guide, CIN census rules 1510 to 1560. */
bool identifier_upn_valid(const char *text);

/** 10 digits with a right check digit. Source: Learning Records Service. */
bool identifier_uln_valid(const char *text);

/** ^[A-Z0-9]{1,9}$. Source: ODS. */
bool identifier_ods_valid(const char *text);

/** 6 digits. Source: GIAS. */
bool identifier_urn_valid(const char *text);

/** 3 digits. Source: DfE LA codes. */
bool identifier_la_valid(const char *text);

/** A calendar date that exists, 1900-01-01 to 2199-12-31, as "YYYY-MM-DD". */
bool identifier_date_valid(const char *text);

/** Days from 1970-01-01 of a valid date. */
int32_t identifier_date_days(const char *text);

#endif /* BATON_IDENTIFIER_H */
