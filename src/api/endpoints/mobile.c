/* SPDX-License-Identifier: MIT
 *
 * Endpoints: instances that are the primary device: registration, PIN, e-mail.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- mobile_registration_available ---- */

static const struct zapi_field mobile_registration_available_params[] = {
    {.name = "ddi",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "country calling code"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "number to register: area code plus number, without the country "
            "code, digits only"},
    {.name = NULL},
};

static const struct zapi_field mobile_registration_available_reply[] = {
    {.name = "available",
     .type = ZAPI_BOOLEAN,
     .doc = "false: registration cannot go on"},
    {.name = "blocked",
     .type = ZAPI_BOOLEAN,
     .doc = "number is banned or blocked"},
    {.name = "appealToken",
     .type = ZAPI_STRING,
     .doc = "for banned numbers: token for mobile_request_unbanning"},
    {.name = "smsWaitSeconds",
     .type = ZAPI_NUMBER,
     .doc = "seconds to wait before asking by SMS; 0 = now"},
    {.name = "voiceWaitSeconds",
     .type = ZAPI_NUMBER,
     .doc = "seconds to wait before asking by voice call; 0 = now"},
    {.name = "waOldWaitSeconds",
     .type = ZAPI_NUMBER,
     .doc = "seconds to wait before asking by pop-up in the app; 0 = now"},
    {.name = "waOldEligible",
     .type = ZAPI_BOOLEAN,
     .doc = "pop-up in the app is possible"},
    {.name = "reason", .type = ZAPI_STRING, .doc = "cause of an error"},
    {.name = NULL},
};

/* ---- mobile_request_registration_code ---- */

static const struct zapi_field mobile_request_registration_code_params[] = {
    {.name = "ddi",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "country calling code"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "number to register: area code plus number, without the country "
            "code, digits only"},
    {.name = "method",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("sms", "voice", "wa_old"),
     .doc = "how the code is delivered (wa_old = pop-up in the WhatsApp app)"},
    {.name = NULL},
};

static const struct zapi_field mobile_request_registration_code_reply[] = {
    {.name = "success", .type = ZAPI_BOOLEAN, .doc = "request was sent"},
    {.name = "captcha",
     .type = ZAPI_STRING,
     .doc = "base64 captcha image; when present it must be answered with "
            "mobile_respond_captcha"},
    {.name = "blocked", .type = ZAPI_BOOLEAN, .doc = "number is banned"},
    {.name = "retryAfter",
     .type = ZAPI_NUMBER,
     .also = 1U << ZAPI_STRING,
     .doc = "seconds before a new request"},
    {.name = "smsWaitSeconds",
     .type = ZAPI_NUMBER,
     .doc = "seconds to wait before asking by SMS; 0 = now"},
    {.name = "voiceWaitSeconds",
     .type = ZAPI_NUMBER,
     .doc = "seconds to wait before asking by voice call; 0 = now"},
    {.name = "waOldWaitSeconds",
     .type = ZAPI_NUMBER,
     .doc = "seconds to wait before asking by pop-up in the app; 0 = now"},
    {.name = "method",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("sms", "voice", "wa_old"),
     .doc = "delivery method used"},
    {.name = NULL},
};

/* ---- mobile_respond_captcha ---- */

static const struct zapi_field mobile_respond_captcha_params[] = {
    {.name = "captcha",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CODE,
     .required = true,
     .doc = "text read from the captcha image"},
    {.name = NULL},
};

/* ---- mobile_confirm_registration_code ---- */

static const struct zapi_field mobile_confirm_registration_code_params[] = {
    {.name = "code",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CODE,
     .required = true,
     .doc = "confirmation code"},
    {.name = NULL},
};

static const struct zapi_field mobile_confirm_registration_code_reply[] = {
    {.name = "success",
     .type = ZAPI_BOOLEAN,
     .doc = "instance is now connected"},
    {.name = "confirmSecurityCode",
     .type = ZAPI_BOOLEAN,
     .doc = "true: the two-step PIN must be confirmed with "
            "mobile_confirm_pin_code"},
    {.name = "deviceConfirm",
     .type = ZAPI_BOOLEAN,
     .doc = "true: the transfer must be accepted on the phone that holds the "
            "number, then finished with mobile_device_transfer_confirmed"},
    {.name = NULL},
};

/* ---- mobile_request_unbanning ---- */

static const struct zapi_field mobile_request_unbanning_params[] = {
    {.name = "appealToken",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "token from mobile_registration_available"},
    {.name = "description",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text for WhatsApp's review"},
    {.name = NULL},
};

static const struct zapi_field mobile_request_unbanning_reply[] = {
    {.name = "success", .type = ZAPI_BOOLEAN, .doc = "appeal was sent"},
    {.name = "status",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("IN_REVIEW", "UNBANNED"),
     .doc = "state of the appeal"},
    {.name = NULL},
};

/* ---- mobile_confirm_pin_code ---- */

static const struct zapi_field mobile_confirm_pin_code_params[] = {
    {.name = "code",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CODE,
     .required = true,
     .doc = "two-step verification PIN"},
    {.name = NULL},
};

/* ---- get_security_email ---- */

static const struct zapi_field get_security_email_reply[] = {
    {.name = "success", .type = ZAPI_BOOLEAN, .doc = "request worked"},
    {.name = "hasEmail", .type = ZAPI_BOOLEAN, .doc = "an e-mail is set"},
    {.name = "email",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_EMAIL,
     .doc = "address"},
    {.name = "verified", .type = ZAPI_BOOLEAN, .doc = "address was verified"},
    {.name = NULL},
};

/* ---- set_security_email ---- */

static const struct zapi_field set_security_email_params[] = {
    {.name = "email",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_EMAIL,
     .required = true,
     .doc = "address to set"},
    {.name = NULL},
};

static const struct zapi_field set_security_email_reply[] = {
    {.name = "success", .type = ZAPI_BOOLEAN, .doc = "request worked"},
    {.name = "message",
     .type = ZAPI_STRING,
     .doc =
         "VERIFY_EMAIL asks for verify_security_email; otherwise error text"},
    {.name = NULL},
};

/* ---- verify_security_email ---- */

static const struct zapi_field verify_security_email_params[] = {
    {.name = "verificationCode",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CODE,
     .required = true,
     .doc = "code from the e-mail"},
    {.name = NULL},
};

/* ---- get_security_two_fa_code ---- */

static const struct zapi_field get_security_two_fa_code_reply[] = {
    {.name = "success", .type = ZAPI_BOOLEAN, .doc = "request worked"},
    {.name = "hasCode", .type = ZAPI_BOOLEAN, .doc = "a PIN is set"},
    {.name = NULL},
};

/* ---- set_security_two_fa_code ---- */

static const struct zapi_field set_security_two_fa_code_params[] = {
    {.name = "code",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CODE,
     .required = true,
     .doc = "PIN to set"},
    {.name = NULL},
};

/* ---- remove_security_email ---- */

static const struct zapi_field remove_security_email_reply[] = {
    {.name = "success", .type = ZAPI_BOOLEAN, .doc = "request worked"},
    {.name = "message",
     .type = ZAPI_STRING,
     .doc = "error text, or a confirmation such as REMOVED"},
    {.name = NULL},
};

/* ---- remove_security_two_fa_code ---- */

static const struct zapi_field remove_security_two_fa_code_reply[] = {
    {.name = "success", .type = ZAPI_BOOLEAN, .doc = "request worked"},
    {.name = "message", .type = ZAPI_STRING, .doc = "error text on failure"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_mobile_rows[] = {
    {
        .name = "mobile_registration_available",
        .section = "mobile",
        .method = ZAPI_POST,
        .path = "/mobile/registration-available",
        .params = mobile_registration_available_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT,
                          .fields = mobile_registration_available_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "available" : true,
            "smsWaitSeconds" : 0,
            "voiceWaitSeconds" : 0,
            "waOldWaitSeconds" : 0,
            "waOldEligible" : false
        }),
        .request_example = ZAPI_JSON({"ddi" : "55", "phone" : "11999990001"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_MOBILE,
        .limits =
            ZAPI_WORDS("must be called before mobile_request_registration_code",
                       "some blocked numbers are only found out when the code "
                       "is requested, and then no appealToken is given"),
        .summary = "Check whether a number can be registered on a mobile "
                   "instance and start its onboarding.",
        .doc = "mobile/registration-available",
    },
    {
        .name = "mobile_request_registration_code",
        .section = "mobile",
        .method = ZAPI_POST,
        .path = "/mobile/request-registration-code",
        .params = mobile_request_registration_code_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT,
                          .fields = mobile_request_registration_code_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "success" : true,
            "retryAfter" : 60,
            "smsWaitSeconds" : 60,
            "voiceWaitSeconds" : 60,
            "waOldWaitSeconds" : 60,
            "method" : "sms"
        }),
        .success_when = ZAPI_WORDS("success", "captcha"),
        .request_example = ZAPI_JSON(
            {"ddi" : "55", "phone" : "11999990001", "method" : "sms"}),
        .requires = ZAPI_NEEDS_MOBILE,
        .limits = ZAPI_WORDS(
            "needs a prior mobile_registration_available call for the same "
            "number",
            "after a captcha is answered, do not request the code again",
            "wa_old needs the current phone at hand with the app open",
            "success false with captcha or blocked present is an answer to act "
            "on, not a transport failure"),
        .summary = "Ask WhatsApp to send the confirmation code.",
        .doc = "mobile/request-code",
    },
    {
        .name = "mobile_respond_captcha",
        .section = "mobile",
        .method = ZAPI_POST,
        .path = "/mobile/respond-captcha",
        .params = mobile_respond_captcha_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example = ZAPI_JSON({"captcha" : "246810"}),
        .requires = ZAPI_NEEDS_MOBILE,
        .limits =
            ZAPI_WORDS("only needed when mobile_request_registration_code "
                       "returned a captcha"),
        .summary = "Answer the captcha returned when the code was requested.",
        .doc = "mobile/captcha-confirm",
    },
    {
        .name = "mobile_confirm_registration_code",
        .section = "mobile",
        .method = ZAPI_POST,
        .path = "/mobile/confirm-registration-code",
        .params = mobile_confirm_registration_code_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT,
                          .fields = mobile_confirm_registration_code_reply),
        .reply_status = 200,
        .reply_example =
            ZAPI_JSON({"success" : false, "confirmSecurityCode" : true}),
        .success_when =
            ZAPI_WORDS("success", "confirmSecurityCode", "deviceConfirm"),
        .request_example = ZAPI_JSON({"code" : "246810"}),
        .requires = ZAPI_NEEDS_MOBILE,
        .limits =
            ZAPI_WORDS("comes after mobile_registration_available and "
                       "mobile_request_registration_code",
                       "success false with confirmSecurityCode or "
                       "deviceConfirm true is a further step, not a failure"),
        .summary = "Confirm the received code and connect the number.",
        .doc = "mobile/confirm-code",
    },
    {
        .name = "mobile_device_transfer_confirmed",
        .section = "mobile",
        .method = ZAPI_GET,
        .path = "/mobile/device-transfer-confirmed",
        ZAPI_REPLY_SUCCESS(200),
        .requires = ZAPI_NEEDS_MOBILE,
        .limits = ZAPI_WORDS(
            "a GET that changes state: moves the number from the phone to the "
            "instance",
            "only after mobile_confirm_registration_code answered "
            "deviceConfirm true and the user accepted the notice on the phone",
            "called too early it gives status 400 and nothing is transferred"),
        .summary = "Finish the transfer of a number from its phone to a mobile "
                   "instance.",
        .doc = "en/mobile/device-transfer-confirmed",
    },
    {
        .name = "mobile_request_unbanning",
        .section = "mobile",
        .method = ZAPI_POST,
        .path = "/mobile/request-unbanning",
        .params = mobile_request_unbanning_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT,
                          .fields = mobile_request_unbanning_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({"success" : true, "status" : "IN_REVIEW"}),
        .success_when = ZAPI_WORDS("success"),
        .request_example = ZAPI_JSON({
            "appealToken" : "appeal-token-0001",
            "description" : "The number is used for customer support only."
        }),
        .requires = ZAPI_NEEDS_MOBILE,
        .summary = "Appeal the ban of a number.",
        .doc = "mobile/request-unbanning",
    },
    {
        .name = "mobile_confirm_pin_code",
        .section = "mobile",
        .method = ZAPI_POST,
        .path = "/mobile/confirm-pin-code",
        .params = mobile_confirm_pin_code_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example = ZAPI_JSON({"code" : "246810"}),
        .requires = ZAPI_NEEDS_MOBILE,
        .limits = ZAPI_WORDS(
            "only needed when two-step verification is set on the account"),
        .summary = "Confirm the two-step verification PIN while registering.",
        .doc = "mobile/confirm-security-code",
    },
    {
        .name = "mobile_recovery_pin_code",
        .section = "mobile",
        .method = ZAPI_POST,
        .path = "/mobile/recovery-pin-code",
        ZAPI_REPLY_SUCCESS(200),
        .requires = ZAPI_NEEDS_MOBILE,
        .limits = ZAPI_WORDS(
            "the e-mail goes to the address linked to the WhatsApp account",
            "no request body is documented"),
        .summary = "Have WhatsApp e-mail a link to reset the PIN.",
        .doc = "mobile/forgot-security-code",
    },
    {
        .name = "get_security_email",
        .section = "mobile",
        .method = ZAPI_GET,
        .path = "/security/email",
        .reply =
            ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_security_email_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "success" : true,
            "hasEmail" : true,
            "email" : "owner@example.com",
            "verified" : false
        }),
        .success_when = ZAPI_WORDS("success"),
        .idempotent = true,
        .requires = ZAPI_NEEDS_MOBILE,
        .limits = ZAPI_WORDS("only for mobile instances"),
        .summary = "Read the e-mail set on the WhatsApp account.",
        .doc = "mobile/get-account-email",
    },
    {
        .name = "set_security_email",
        .section = "mobile",
        .method = ZAPI_POST,
        .path = "/security/email",
        .params = set_security_email_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply =
            ZAPI_ROW(.type = ZAPI_OBJECT, .fields = set_security_email_reply),
        .reply_status = 200,
        .reply_example =
            ZAPI_JSON({"success" : true, "message" : "VERIFY_EMAIL"}),
        .success_when = ZAPI_WORDS("success"),
        .request_example = ZAPI_JSON({"email" : "owner@example.com"}),
        .requires = ZAPI_NEEDS_MOBILE,
        .limits = ZAPI_WORDS("only for mobile instances",
                             "a code may be sent to the address, to be passed "
                             "to verify_security_email"),
        .summary = "Set the e-mail of the WhatsApp account.",
        .doc = "mobile/set-account-email",
    },
    {
        .name = "verify_security_email",
        .section = "mobile",
        .method = ZAPI_POST,
        .path = "/security/verify-email",
        .params = verify_security_email_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example = ZAPI_JSON({"verificationCode" : "246810"}),
        .requires = ZAPI_NEEDS_MOBILE,
        .limits = ZAPI_WORDS("only for mobile instances"),
        .summary = "Verify the account e-mail with the code received there.",
        .doc = "mobile/verify-email",
    },
    {
        .name = "get_security_two_fa_code",
        .section = "mobile",
        .method = ZAPI_GET,
        .path = "/security/two-fa-code",
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT,
                          .fields = get_security_two_fa_code_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({"success" : true, "hasCode" : false}),
        .success_when = ZAPI_WORDS("success"),
        .idempotent = true,
        .requires = ZAPI_NEEDS_MOBILE,
        .limits = ZAPI_WORDS("only for mobile instances"),
        .summary = "Tell whether the account has a two-step PIN.",
        .doc = "mobile/get-has-security-code",
    },
    {
        .name = "set_security_two_fa_code",
        .section = "mobile",
        .method = ZAPI_POST,
        .path = "/security/two-fa-code",
        .params = set_security_two_fa_code_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example = ZAPI_JSON({"code" : "246810"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_MOBILE,
        .limits = ZAPI_WORDS("only for mobile instances"),
        .summary = "Set the two-step PIN of the account.",
        .doc = "mobile/set-security-code",
    },
    {
        .name = "remove_security_email",
        .section = "mobile",
        .method = ZAPI_POST,
        .path = "/security/email/remove",
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT,
                          .fields = remove_security_email_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({"success" : true, "message" : "REMOVED"}),
        .success_when = ZAPI_WORDS("success"),
        .idempotent = true,
        .requires = ZAPI_NEEDS_MOBILE,
        .limits = ZAPI_WORDS("only for mobile instances",
                             "no request body is documented"),
        .summary = "Remove the e-mail from the account.",
        .doc = "mobile/remove-account-email",
    },
    {
        .name = "remove_security_two_fa_code",
        .section = "mobile",
        .method = ZAPI_POST,
        .path = "/security/two-fa-code/remove",
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT,
                          .fields = remove_security_two_fa_code_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({"success" : true}),
        .success_when = ZAPI_WORDS("success"),
        .idempotent = true,
        .requires = ZAPI_NEEDS_MOBILE,
        .limits = ZAPI_WORDS("only for mobile instances",
                             "no request body is documented"),
        .summary = "Remove the two-step PIN from the account.",
        .doc = "mobile/remove-security-code",
    },
};
const size_t zapi_mobile_count =
    sizeof zapi_mobile_rows / sizeof *zapi_mobile_rows;
