/* SPDX-License-Identifier: MIT
 *
 * Endpoints: WhatsApp Business: catalogue, collections, labels, profile.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- save_product ---- */

static const struct zapi_field save_product_params[] = {
    {.name = "currency",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "currency code, e.g. BRL"},
    {.name = "description",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "product description"},
    {.name = "images",
     .type = ZAPI_ARRAY,
     .required = true,
     .also = 1U << ZAPI_STRING,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_URL),
     .doc = "image URLs; the older table has a single URL as text"},
    {.name = "isHidden",
     .type = ZAPI_BOOLEAN,
     .doc = "hide the product in the catalogue"},
    {.name = "name",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "product name"},
    {.name = "price", .type = ZAPI_NUMBER, .required = true, .doc = "price"},
    {.name = "salePrice", .type = ZAPI_NUMBER, .doc = "promotional price"},
    {.name = "retailerId",
     .type = ZAPI_STRING,
     .doc = "the seller's own product id"},
    {.name = "url",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "link of the product"},
    {.name = NULL},
};

static const struct zapi_field save_product_reply[] = {
    {.name = "id", .type = ZAPI_STRING, .doc = "product id"},
    {.name = NULL},
};

/* ---- list_products ---- */

static const struct zapi_field business_params[] = {
    {.name = "nextCursor",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .doc = "cursor of the next page"},
    {.name = NULL},
};

static const struct zapi_field products[] = {
    {.name = "availability",
     .type = ZAPI_STRING,
     .doc = "stock state, e.g. in stock"},
    {.name = "id", .type = ZAPI_STRING, .doc = "product id"},
    {.name = "retailerId",
     .type = ZAPI_STRING,
     .also = 1U << ZAPI_BOOLEAN,
     .doc = "the seller's own product id"},
    {.name = "description", .type = ZAPI_STRING, .doc = "product description"},
    {.name = "price", .type = ZAPI_STRING, .doc = "price as text"},
    {.name = "salePrice",
     .type = ZAPI_STRING,
     .doc = "promotional price as text"},
    {.name = "currency", .type = ZAPI_STRING, .doc = "currency code"},
    {.name = "name", .type = ZAPI_STRING, .doc = "product name"},
    {.name = "quantity",
     .type = ZAPI_STRING,
     .also = 1U << ZAPI_BOOLEAN,
     .doc = "quantity in stock"},
    {.name = "images",
     .type = ZAPI_ARRAY,
     .also = 1U << ZAPI_STRING,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_URL),
     .doc = "image links"},
    {.name = NULL},
};

static const struct zapi_field business_reply[] = {
    {.name = "cartEnabled", .type = ZAPI_BOOLEAN, .doc = "cart is on"},
    {.name = "products",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = products),
     .doc = "products"},
    {.name = NULL},
};

/* ---- list_products_v2 ---- */

static const struct zapi_field list_products_v2_params[] = {
    {.name = "nextCursor",
     .type = ZAPI_STRING,
     .doc = "cursor of the next page"},
    {.name = NULL},
};

/* ---- list_phone_products ---- */

static const struct zapi_field list_phone_products_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "number that owns the catalogue"},
    {.name = "nextCursor",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .doc = "cursor of the next page"},
    {.name = NULL},
};

static const struct zapi_field business_reply_2[] = {
    {.name = "cartEnabled", .type = ZAPI_BOOLEAN, .doc = "cart is on"},
    {.name = "nextCursor",
     .type = ZAPI_STRING,
     .doc = "cursor for the next page"},
    {.name = "products",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = products),
     .doc = "products"},
    {.name = NULL},
};

/* ---- list_phone_products_v2 ---- */

static const struct zapi_field list_phone_products_v2_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "number that owns the catalogue"},
    {.name = "nextCursor",
     .type = ZAPI_STRING,
     .doc = "cursor of the next page"},
    {.name = NULL},
};

/* ---- get_product ---- */

static const struct zapi_field business_params_2[] = {
    {.name = "id",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "product id"},
    {.name = NULL},
};

static const struct zapi_field get_product_reply[] = {
    {.name = "cartEnabled", .type = ZAPI_BOOLEAN, .doc = "cart is on"},
    {.name = "catalogId", .type = ZAPI_STRING, .doc = "catalogue id"},
    {.name = "availability",
     .type = ZAPI_STRING,
     .doc = "stock state, e.g. in stock"},
    {.name = "id", .type = ZAPI_STRING, .doc = "product id"},
    {.name = "retailerId",
     .type = ZAPI_STRING,
     .also = 1U << ZAPI_BOOLEAN,
     .doc = "the seller's own product id"},
    {.name = "description", .type = ZAPI_STRING, .doc = "product description"},
    {.name = "price", .type = ZAPI_STRING, .doc = "price as text"},
    {.name = "salePrice",
     .type = ZAPI_STRING,
     .doc = "promotional price as text"},
    {.name = "currency", .type = ZAPI_STRING, .doc = "currency code"},
    {.name = "name", .type = ZAPI_STRING, .doc = "product name"},
    {.name = "quantity",
     .type = ZAPI_STRING,
     .also = 1U << ZAPI_BOOLEAN,
     .doc = "quantity in stock"},
    {.name = "images",
     .type = ZAPI_ARRAY,
     .also = 1U << ZAPI_STRING,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_URL),
     .doc = "image links"},
    {.name = "product",
     .type = ZAPI_OBJECT,
     .fields = products,
     .doc = "the product, nested as in the older sample"},
    {.name = NULL},
};

/* ---- list_tags ---- */

static const struct zapi_field list_tags_reply[] = {
    {.name = "id", .type = ZAPI_STRING, .doc = "tag id"},
    {.name = "name", .type = ZAPI_STRING, .doc = "tag name"},
    {.name = "color",
     .type = ZAPI_STRING,
     .also = 1U << ZAPI_INTEGER,
     .doc = "colour index, see get_tag_colors"},
    {.name = NULL},
};

/* ---- create_tag ---- */

static const struct zapi_field create_tag_params[] = {
    {.name = "name", .type = ZAPI_STRING, .required = true, .doc = "tag name"},
    {.name = "color",
     .type = ZAPI_NUMBER,
     .doc = "colour index from get_tag_colors"},
    {.name = NULL},
};

static const struct zapi_field create_tag_reply[] = {
    {.name = "id", .type = ZAPI_STRING, .doc = "id of the new tag"},
    {.name = NULL},
};

/* ---- edit_tag ---- */

static const struct zapi_field edit_tag_params[] = {
    {.name = "id",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "tag id"},
    {.name = "name",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "new tag name"},
    {.name = "color",
     .type = ZAPI_NUMBER,
     .doc = "new colour index from get_tag_colors"},
    {.name = NULL},
};

/* ---- delete_tag ---- */

static const struct zapi_field delete_tag_params[] = {
    {.name = "id",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "tag id"},
    {.name = NULL},
};

/* ---- add_chat_tag ---- */

static const struct zapi_field business_params_3[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat"},
    {.name = "tag",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "tag id"},
    {.name = NULL},
};

/* ---- set_chat_notes ---- */

static const struct zapi_field set_chat_notes_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat"},
    {.name = "notes",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text of the note"},
    {.name = NULL},
};

/* ---- set_catalog_config ---- */

static const struct zapi_field set_catalog_config_params[] = {
    {.name = "cartEnabled",
     .type = ZAPI_BOOLEAN,
     .required = true,
     .also = 1U << ZAPI_STRING,
     .doc = "turn the cart on or off"},
    {.name = NULL},
};

/* ---- create_collection ---- */

static const struct zapi_field create_collection_params[] = {
    {.name = "name",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "collection name"},
    {.name = "productIds",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_STRING),
     .doc = "products of the collection"},
    {.name = NULL},
};

static const struct zapi_field create_collection_reply[] = {
    {.name = "collectionId", .type = ZAPI_STRING, .doc = "collection id"},
    {.name = NULL},
};

/* ---- list_collections ---- */

static const struct zapi_field list_collections_reply_collections[] = {
    {.name = "id", .type = ZAPI_STRING, .doc = "collection id"},
    {.name = "name", .type = ZAPI_STRING, .doc = "collection name"},
    {.name = "status",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("PENDING", "APPROVED"),
     .doc = "review state"},
    {.name = NULL},
};

static const struct zapi_field list_collections_reply[] = {
    {.name = "collections",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                       .fields = list_collections_reply_collections),
     .doc = "collections"},
    {.name = "nextCursor",
     .type = ZAPI_STRING,
     .doc = "cursor for the next page; null on the last"},
    {.name = NULL},
};

/* ---- delete_collection ---- */

static const struct zapi_field delete_collection_params[] = {
    {.name = "id",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "collection id"},
    {.name = NULL},
};

/* ---- edit_collection ---- */

static const struct zapi_field edit_collection_params[] = {
    {.name = "id",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "collection id"},
    {.name = "name",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "new collection name"},
    {.name = NULL},
};

static const struct zapi_field edit_collection_reply[] = {
    {.name = "success",
     .type = ZAPI_BOOLEAN,
     .doc = "true when the operation worked, false otherwise"},
    {.name = "collectionId", .type = ZAPI_STRING, .doc = "collection id"},
    {.name = NULL},
};

/* ---- list_collection_products ---- */

static const struct zapi_field list_collection_products_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "number that owns the catalogue"},
    {.name = "collectionId",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .required = true,
     .doc = "collection id"},
    {.name = "nextCursor",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .doc = "cursor of the next page"},
    {.name = NULL},
};

static const struct zapi_field products_2_images[] = {
    {.name = "url", .type = ZAPI_STRING, .format = ZAPI_FORMAT_URL},
    {.name = NULL},
};

static const struct zapi_field products_2[] = {
    {.name = "id", .type = ZAPI_STRING, .doc = "product id"},
    {.name = "name", .type = ZAPI_STRING, .doc = "product name"},
    {.name = "description", .type = ZAPI_STRING, .doc = "product description"},
    {.name = "url",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "product link"},
    {.name = "price",
     .type = ZAPI_STRING,
     .also = 1U << ZAPI_NUMBER,
     .doc = "price"},
    {.name = "currency", .type = ZAPI_STRING, .doc = "currency code"},
    {.name = "isHidden",
     .type = ZAPI_BOOLEAN,
     .doc = "hidden in the catalogue"},
    {.name = "availability",
     .type = ZAPI_STRING,
     .doc = "stock state, e.g. in stock"},
    {.name = "retailerId",
     .type = ZAPI_STRING,
     .doc = "the seller's own product id"},
    {.name = "images",
     .type = ZAPI_ARRAY,
     .also = 1U << ZAPI_STRING,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_URL,
                       .also = 1U << ZAPI_OBJECT, .fields = products_2_images),
     .doc = "image links, or objects with url"},
    {.name = "quantity",
     .type = ZAPI_STRING,
     .doc = "quantity in stock as text"},
    {.name = NULL},
};

static const struct zapi_field list_collection_products_reply[] = {
    {.name = "nextCursor",
     .type = ZAPI_STRING,
     .doc = "cursor for the next page; null on the last"},
    {.name = "products",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = products_2),
     .doc = "products"},
    {.name = NULL},
};

/* ---- add_collection_products ---- */

static const struct zapi_field add_collection_products_params[] = {
    {.name = "collectionId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "current collection id"},
    {.name = "productIds",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_STRING),
     .doc = "products to add"},
    {.name = NULL},
};

static const struct zapi_field business_reply_3[] = {
    {.name = "success",
     .type = ZAPI_BOOLEAN,
     .doc = "true when the operation worked, false otherwise"},
    {.name = "collectionId",
     .type = ZAPI_STRING,
     .doc = "the collection's new id"},
    {.name = NULL},
};

/* ---- remove_collection_products ---- */

static const struct zapi_field remove_collection_products_params[] = {
    {.name = "collectionId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "current collection id"},
    {.name = "productIds",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_STRING),
     .doc = "products to remove"},
    {.name = NULL},
};

/* ---- set_company_description ---- */

static const struct zapi_field set_company_description_params[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "company description; empty removes it"},
    {.name = NULL},
};

/* ---- set_company_email ---- */

static const struct zapi_field set_company_email_params[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_EMAIL,
     .required = true,
     .doc = "contact e-mail; empty removes it"},
    {.name = NULL},
};

/* ---- set_company_address ---- */

static const struct zapi_field set_company_address_params[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "company address; empty removes it"},
    {.name = NULL},
};

/* ---- set_company_websites ---- */

static const struct zapi_field set_company_websites_params[] = {
    {.name = "websites",
     .type = ZAPI_ARRAY,
     .required = true,
     ZAPI_MAX(2),
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_URL),
     .doc = "company websites; empty list removes them"},
    {.name = NULL},
};

/* ---- set_business_hours ---- */

static const struct zapi_field set_business_hours_days[] = {
    {.name = "dayOfWeek",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY",
                         "FRIDAY", "SATURDAY"),
     .doc = "day of the week"},
    {.name = "openTime", .type = ZAPI_STRING, .doc = "opening time, HH:MM"},
    {.name = "closeTime", .type = ZAPI_STRING, .doc = "closing time, HH:MM"},
    {.name = NULL},
};

static const struct zapi_field set_business_hours_params[] = {
    {.name = "timezone",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "IANA time zone, e.g. America/Sao_Paulo"},
    {.name = "days",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = set_business_hours_days),
     .doc = "opening periods; empty list means closed every day"},
    {.name = "mode",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("specificHours", "open24h", "appointmentOnly"),
     .doc = "kind of schedule"},
    {.name = NULL},
};

/* ---- list_available_categories ---- */

static const struct zapi_field list_available_categories_params[] = {
    {.name = "query",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .doc = "search text"},
    {.name = NULL},
};

static const struct zapi_field list_available_categories_reply[] = {
    {.name = "displayName", .type = ZAPI_STRING, .doc = "name to show"},
    {.name = "id", .type = ZAPI_STRING, .doc = "category id"},
    {.name = "label",
     .type = ZAPI_STRING,
     .doc = "category label, missing for some"},
    {.name = NULL},
};

/* ---- set_business_categories ---- */

static const struct zapi_field set_business_categories_params[] = {
    {.name = "categories",
     .type = ZAPI_ARRAY,
     .required = true,
     ZAPI_RANGE(1, 3),
     .items = ZAPI_ROW(.type = ZAPI_STRING, .doc = "a label or an id"),
     .doc = "categories, as returned by list_available_categories"},
    {.name = NULL},
};

/* ---- get_business_profile ---- */

static const struct zapi_field get_business_profile_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "number of the business account, digits only"},
    {.name = NULL},
};

static const struct zapi_field get_business_profile_reply_categories[] = {
    {.name = "displayName", .type = ZAPI_STRING, .doc = "category name"},
    {.name = "label", .type = ZAPI_STRING, .doc = "category label"},
    {.name = "id", .type = ZAPI_STRING, .doc = "category id"},
    {.name = NULL},
};

static const struct zapi_field
    get_business_profile_reply_business_hours_days[] = {
        {.name = "dayOfWeek",
         .type = ZAPI_STRING,
         .enums = ZAPI_WORDS("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY",
                             "THURSDAY", "FRIDAY", "SATURDAY"),
         .doc = "day of the week"},
        {.name = "openTime", .type = ZAPI_STRING, .doc = "opening time, HH:MM"},
        {.name = "closeTime",
         .type = ZAPI_STRING,
         .doc = "closing time, HH:MM"},
        {.name = NULL},
};

static const struct zapi_field get_business_profile_reply_business_hours[] = {
    {.name = "timezone", .type = ZAPI_STRING, .doc = "IANA time zone"},
    {.name = "days",
     .type = ZAPI_ARRAY,
     .items =
         ZAPI_ROW(.type = ZAPI_OBJECT,
                  .fields = get_business_profile_reply_business_hours_days),
     .doc = "opening periods"},
    {.name = "mode",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("specificHours", "open24h", "appointmentOnly"),
     .doc = "kind of schedule"},
    {.name = NULL},
};

static const struct zapi_field get_business_profile_reply[] = {
    {.name = "description", .type = ZAPI_STRING, .doc = "company description"},
    {.name = "address", .type = ZAPI_STRING, .doc = "company address"},
    {.name = "email",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_EMAIL,
     .doc = "company e-mail"},
    {.name = "websites",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_URL),
     .doc = "company websites"},
    {.name = "categories",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                       .fields = get_business_profile_reply_categories),
     .doc = "company categories"},
    {.name = "businessHours",
     .type = ZAPI_OBJECT,
     .fields = get_business_profile_reply_business_hours,
     .doc = "opening hours"},
    {.name = "hasCoverPhoto",
     .type = ZAPI_BOOLEAN,
     .doc = "has a cover picture"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_business_rows[] = {
    {
        .name = "save_product",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/products",
        .params = save_product_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = save_product_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({"id" : "7000000000000001"}),
        .request_example = ZAPI_JSON({
            "currency" : "BRL",
            "description" : "Optical mouse",
            "images" : ["https://example.com/mouse.png"],
            "isHidden" : false,
            "name" : "Mouse",
            "price" : 20,
            "salePrice" : 18,
            "retailerId" : "SKU-001",
            "url" : "https://example.com/mouse"
        }),
        .requires = ZAPI_NEEDS_BUSINESS | ZAPI_NEEDS_MULTI_DEVICE,
        .limits =
            ZAPI_WORDS("one call creates and updates; no product id is sent, "
                       "so retailerId is the only field that could tell them "
                       "apart (the newer page just calls it the product id)",
                       "reply prices are strings and look scaled (the docs' "
                       "sample product sent with price 20 is shown as "
                       "\"20000\"); the unit is not explained"),
        .summary = "Create or update a product of the own catalogue.",
        .doc = "business/edit-product",
    },
    {
        .name = "list_products",
        .section = "business",
        .method = ZAPI_GET,
        .path = "/catalogs",
        .params = business_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = business_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "cartEnabled" : true,
            "products" : [ {
                "availability" : "in stock",
                "id" : "7000000000000001",
                "retailerId" : null,
                "description" : "Optical mouse",
                "price" : "100000",
                "salePrice" : "90000",
                "currency" : "BRL",
                "name" : "Mouse",
                "quantity" : null,
                "images" : ["https://example.com/mouse.png"]
            } ]
        }),
        .params_example = ZAPI_JSON({"nextCursor" : "CURSOR"}),
        .idempotent = true,
        .pagination = ZAPI_PAGES_CURSOR,
        .requires = ZAPI_NEEDS_BUSINESS | ZAPI_NEEDS_MULTI_DEVICE,
        .limits =
            ZAPI_WORDS("a long nextCursor in the query can end in 414 URI Too "
                       "Large; the POST variant takes it in the body",
                       "reply prices are strings and look scaled (the docs' "
                       "sample product sent with price 20 is shown as "
                       "\"20000\"); the unit is not explained"),
        .summary = "Products of the own catalogue.",
        .doc = "business/get-products",
    },
    {
        .name = "list_products_v2",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/catalogs",
        .params = list_products_v2_params,
        .body = ZAPI_BODY_OBJECT,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = business_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "cartEnabled" : true,
            "products" : [ {
                "availability" : "in stock",
                "id" : "7000000000000001",
                "retailerId" : null,
                "description" : "Optical mouse",
                "price" : "100000",
                "salePrice" : "90000",
                "currency" : "BRL",
                "name" : "Mouse",
                "quantity" : null,
                "images" : ["https://example.com/mouse.png"]
            } ]
        }),
        .request_example = ZAPI_JSON({"nextCursor" : "CURSOR"}),
        .idempotent = true,
        .pagination = ZAPI_PAGES_CURSOR,
        .requires = ZAPI_NEEDS_BUSINESS | ZAPI_NEEDS_MULTI_DEVICE,
        .limits = ZAPI_WORDS("same as list_products with the cursor in the "
                             "body, against 414 URI Too Large",
                             "reply prices are strings and look scaled (the "
                             "docs' sample product sent with price 20 is shown "
                             "as \"20000\"); the unit is not explained"),
        .summary = "Products of the own catalogue, cursor in the body.",
        .doc = "business/get-products-v2",
    },
    {
        .name = "list_phone_products",
        .section = "business",
        .method = ZAPI_GET,
        .path = "/catalogs/{phone}",
        .params = list_phone_products_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = business_reply_2),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "cartEnabled" : true,
            "products" : [ {
                "availability" : "in stock",
                "id" : "7000000000000001",
                "retailerId" : null,
                "description" : "Optical mouse",
                "price" : "100000",
                "salePrice" : "90000",
                "currency" : "BRL",
                "name" : "Mouse",
                "quantity" : null,
                "images" : ["https://example.com/mouse.png"]
            } ]
        }),
        .params_example =
            ZAPI_JSON({"phone" : "5511999990001", "nextCursor" : "CURSOR"}),
        .idempotent = true,
        .pagination = ZAPI_PAGES_CURSOR,
        .requires = ZAPI_NEEDS_BUSINESS | ZAPI_NEEDS_MULTI_DEVICE,
        .limits =
            ZAPI_WORDS("a long nextCursor in the query can end in 414 URI Too "
                       "Large; the POST variant takes it in the body",
                       "reply prices are strings and look scaled (the docs' "
                       "sample product sent with price 20 is shown as "
                       "\"20000\"); the unit is not explained"),
        .summary = "Products of any business number's catalogue.",
        .doc = "business/get-products-phone",
    },
    {
        .name = "list_phone_products_v2",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/catalogs/{phone}",
        .params = list_phone_products_v2_params,
        .body = ZAPI_BODY_OBJECT,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = business_reply_2),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "cartEnabled" : true,
            "products" : [ {
                "availability" : "in stock",
                "id" : "7000000000000001",
                "retailerId" : null,
                "description" : "Optical mouse",
                "price" : "100000",
                "salePrice" : "90000",
                "currency" : "BRL",
                "name" : "Mouse",
                "quantity" : null,
                "images" : ["https://example.com/mouse.png"]
            } ]
        }),
        .request_example = ZAPI_JSON({"nextCursor" : "CURSOR"}),
        .params_example = ZAPI_JSON({"phone" : "5511999990001"}),
        .idempotent = true,
        .pagination = ZAPI_PAGES_CURSOR,
        .requires = ZAPI_NEEDS_BUSINESS | ZAPI_NEEDS_MULTI_DEVICE,
        .limits = ZAPI_WORDS("same as list_phone_products with the cursor in "
                             "the body, against 414 URI Too Large",
                             "reply prices are strings and look scaled (the "
                             "docs' sample product sent with price 20 is shown "
                             "as \"20000\"); the unit is not explained"),
        .summary =
            "Products of any business number's catalogue, cursor in the body.",
        .doc = "business/get-products-phone-v2",
    },
    {
        .name = "get_product",
        .section = "business",
        .method = ZAPI_GET,
        .path = "/products/{id}",
        .params = business_params_2,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_product_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "cartEnabled" : true,
            "catalogId" : "9000000000000001",
            "availability" : "in stock",
            "id" : "7000000000000001",
            "retailerId" : null,
            "description" : "Optical mouse",
            "price" : "100000",
            "salePrice" : "90000",
            "currency" : "BRL",
            "name" : "Mouse",
            "images" : ["https://example.com/mouse.png"]
        }),
        .params_example = ZAPI_JSON({"id" : "7000000000000001"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS | ZAPI_NEEDS_MULTI_DEVICE,
        .limits = ZAPI_WORDS("reply prices are strings and look scaled (the "
                             "docs' sample product sent with price 20 is shown "
                             "as \"20000\"); the unit is not explained"),
        .summary = "One product by its id.",
        .doc = "business/get-product-id",
    },
    {
        .name = "delete_product",
        .section = "business",
        .method = ZAPI_DELETE,
        .path = "/products/{id}",
        .params = business_params_2,
        ZAPI_REPLY_SUCCESS(200),
        .params_example = ZAPI_JSON({"id" : "7000000000000001"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS | ZAPI_NEEDS_MULTI_DEVICE,
        .summary = "Delete a product.",
        .doc = "business/delete-product",
    },
    {
        .name = "list_tags",
        .section = "business",
        .method = ZAPI_GET,
        .path = "/tags",
        .reply = ZAPI_ROW(.type = ZAPI_ARRAY,
                          .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                                            .fields = list_tags_reply)),
        .reply_status = 200,
        .reply_example = ZAPI_JSON([
            {"id" : "1", "name" : "New customer", "color" : "1"},
            {"id" : "2", "name" : "Paid", "color" : "0"}
        ]),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS | ZAPI_NEEDS_MULTI_DEVICE,
        .limits = ZAPI_WORDS("only for multi-device connections"),
        .summary = "List the account's tags (labels).",
        .doc = "business/tags",
    },
    {
        .name = "get_tag_colors",
        .section = "business",
        .method = ZAPI_GET,
        .path = "/business/tags/colors",
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT,
                          .items = ZAPI_ROW(.type = ZAPI_STRING,
                                            .doc = "hex colour"),
                          .doc = "map: colour index (text key) to hex colour; "
                                 "keys are dynamic"),
        .reply_status = 200,
        .reply_example =
            ZAPI_JSON({"0" : "#FF9485", "1" : "#64C4FF", "2" : "#FFD429"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits = ZAPI_WORDS("colours differ between Android and iPhone"),
        .summary = "Colours available for tags.",
        .doc = "business/get-tags-colors",
    },
    {
        .name = "create_tag",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/business/create-tag",
        .params = create_tag_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = create_tag_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({"id" : "10"}),
        .request_example = ZAPI_JSON({"name" : "New customer", "color" : 1}),
        .requires = ZAPI_NEEDS_BUSINESS,
        .summary = "Create a tag.",
        .doc = "business/create-tag",
    },
    {
        .name = "edit_tag",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/business/edit-tag/{id}",
        .params = edit_tag_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example =
            ZAPI_JSON({"name" : "Regular customer", "color" : 2}),
        .params_example = ZAPI_JSON({"id" : "10"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits =
            ZAPI_WORDS("name is required even when only the colour changes"),
        .summary = "Rename or recolour a tag.",
        .doc = "business/edit-tag",
    },
    {
        .name = "delete_tag",
        .section = "business",
        .method = ZAPI_DELETE,
        .path = "/business/tag/{id}",
        .params = delete_tag_params,
        ZAPI_REPLY_SUCCESS(200),
        .params_example = ZAPI_JSON({"id" : "10"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS,
        .summary = "Delete a tag.",
        .doc = "business/delete-tag",
    },
    {
        .name = "add_chat_tag",
        .section = "business",
        .method = ZAPI_PUT,
        .path = "/chats/{phone}/tags/{tag}/add",
        .params = business_params_3,
        ZAPI_REPLY_VALUE(200),
        .params_example = ZAPI_JSON({"phone" : "5511999990001", "tag" : "10"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS | ZAPI_NEEDS_MULTI_DEVICE,
        .limits =
            ZAPI_WORDS("no request body", "only for multi-device connections"),
        .summary = "Put a tag on a chat.",
        .doc = "business/tags-add",
    },
    {
        .name = "remove_chat_tag",
        .section = "business",
        .method = ZAPI_PUT,
        .path = "/chats/{phone}/tags/{tag}/remove",
        .params = business_params_3,
        ZAPI_REPLY_VALUE(200),
        .params_example = ZAPI_JSON({"phone" : "5511999990001", "tag" : "10"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS | ZAPI_NEEDS_MULTI_DEVICE,
        .limits =
            ZAPI_WORDS("no request body", "only for multi-device connections"),
        .summary = "Take a tag off a chat.",
        .doc = "business/tags-remove",
    },
    {
        .name = "set_chat_notes",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/chats/{phone}/notes",
        .params = set_chat_notes_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example = ZAPI_JSON({"notes" : "Asked for a quote"}),
        .params_example = ZAPI_JSON({"phone" : "5511999990001"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS | ZAPI_NEEDS_MULTI_DEVICE,
        .limits = ZAPI_WORDS("only for multi-device connections"),
        .summary = "Attach a note to a chat.",
        .doc = "business/save-chats-notes",
    },
    {
        .name = "set_catalog_config",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/catalogs/config",
        .params = set_catalog_config_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example = ZAPI_JSON({"cartEnabled" : true}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS,
        .summary = "Turn the catalogue's cart on or off.",
        .doc = "business/save-catalog-config",
    },
    {
        .name = "create_collection",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/catalogs/collection",
        .params = create_collection_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply =
            ZAPI_ROW(.type = ZAPI_OBJECT, .fields = create_collection_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({"collectionId" : "8000000000000001"}),
        .request_example = ZAPI_JSON({
            "name" : "Peripherals",
            "productIds" : [ "7000000000000001", "7000000000000002" ]
        }),
        .requires = ZAPI_NEEDS_BUSINESS,
        .summary = "Create a collection in the catalogue.",
        .doc = "business/create-collection",
    },
    {
        .name = "list_collections",
        .section = "business",
        .method = ZAPI_GET,
        .path = "/catalogs/collection",
        .params = business_params,
        .reply =
            ZAPI_ROW(.type = ZAPI_OBJECT, .fields = list_collections_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "nextCursor" : "CURSOR",
            "collections" : [
                {
                    "id" : "8000000000000001",
                    "name" : "Peripherals",
                    "status" : "PENDING"
                },
                {
                    "id" : "8000000000000002",
                    "name" : "Audio",
                    "status" : "APPROVED"
                }
            ]
        }),
        .params_example = ZAPI_JSON({"nextCursor" : "CURSOR"}),
        .idempotent = true,
        .pagination = ZAPI_PAGES_CURSOR,
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits = ZAPI_WORDS("status may take values beyond the two listed; "
                             "treat the enum as open"),
        .summary = "List the catalogue's collections.",
        .doc = "business/list-collections",
    },
    {
        .name = "delete_collection",
        .section = "business",
        .method = ZAPI_DELETE,
        .path = "/catalogs/collection/{id}",
        .params = delete_collection_params,
        ZAPI_REPLY_SUCCESS(200),
        .params_example = ZAPI_JSON({"id" : "8000000000000001"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS,
        .summary = "Delete a collection.",
        .doc = "business/delete-collection",
    },
    {
        .name = "edit_collection",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/catalogs/collection-edit/{id}",
        .params = edit_collection_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = edit_collection_reply),
        .reply_status = 200,
        .reply_example =
            ZAPI_JSON({"success" : true, "collectionId" : "8000000000000001"}),
        .success_when = ZAPI_WORDS("success"),
        .request_example = ZAPI_JSON({"name" : "Accessories"}),
        .params_example = ZAPI_JSON({"id" : "8000000000000001"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits =
            ZAPI_WORDS("the reply carries a collectionId; use it from then on"),
        .summary = "Rename a collection.",
        .doc = "business/edit-collection",
    },
    {
        .name = "list_collection_products",
        .section = "business",
        .method = ZAPI_GET,
        .path = "/catalogs/collection-products/{phone}",
        .params = list_collection_products_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .also = 1U << ZAPI_ARRAY,
                          .fields = list_collection_products_reply,
                          .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                                            .fields = products_2),
                          .doc = "an object with products; the newer sample is "
                                 "the bare list"),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "nextCursor" : null,
            "products" : [ {
                "id" : "7000000000000001",
                "name" : "Mouse",
                "description" : "Optical mouse",
                "url" : "https://example.com/mouse",
                "price" : "10000",
                "currency" : "BRL",
                "isHidden" : false,
                "availability" : "in stock",
                "retailerId" : "SKU-001",
                "images" : ["https://example.com/mouse.png"],
                "quantity" : "99"
            } ]
        }),
        .params_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "collectionId" : "8000000000000001",
            "nextCursor" : "CURSOR"
        }),
        .idempotent = true,
        .pagination = ZAPI_PAGES_CURSOR,
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits = ZAPI_WORDS("collectionId changes whenever products are added "
                             "or removed; pass the latest one",
                             "although the path takes any number, the text "
                             "speaks of the own catalogue"),
        .summary = "Products of one collection.",
        .doc = "business/list-collection-products",
    },
    {
        .name = "add_collection_products",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/catalogs/collection/add-product",
        .params = add_collection_products_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = business_reply_3),
        .reply_status = 200,
        .reply_example =
            ZAPI_JSON({"success" : true, "collectionId" : "8000000000000009"}),
        .success_when = ZAPI_WORDS("success"),
        .request_example = ZAPI_JSON({
            "collectionId" : "8000000000000001",
            "productIds" : [ "7000000000000001", "7000000000000002" ]
        }),
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits = ZAPI_WORDS(
            "adding or removing products makes WhatsApp change the collection "
            "id: continue with the collectionId returned"),
        .summary = "Add products to a collection.",
        .doc = "business/add-product-to-collection",
    },
    {
        .name = "remove_collection_products",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/catalogs/collection/remove-product",
        .params = remove_collection_products_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = business_reply_3),
        .reply_status = 200,
        .reply_example =
            ZAPI_JSON({"success" : true, "collectionId" : "8000000000000009"}),
        .success_when = ZAPI_WORDS("success"),
        .request_example = ZAPI_JSON({
            "collectionId" : "8000000000000001",
            "productIds" : ["7000000000000002"]
        }),
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits = ZAPI_WORDS(
            "adding or removing products makes WhatsApp change the collection "
            "id: continue with the collectionId returned"),
        .summary = "Remove products from a collection.",
        .doc = "business/remove-product-from-collection",
    },
    {
        .name = "set_company_description",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/business/company-description",
        .params = set_company_description_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(201),
        .request_example = ZAPI_JSON({"value" : "Hand-made lamps"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits =
            ZAPI_WORDS("an empty value removes the description", "answers 201"),
        .summary = "Set the company's description.",
        .doc = "business/set-description",
    },
    {
        .name = "set_company_email",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/business/company-email",
        .params = set_company_email_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(201),
        .request_example = ZAPI_JSON({"value" : "contact@example.com"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits = ZAPI_WORDS("an empty value removes the e-mail (so the empty "
                             "string must pass the e-mail check)",
                             "text that is no e-mail address is refused",
                             "answers 201"),
        .summary = "Set the company's contact e-mail.",
        .doc = "business/set-email",
    },
    {
        .name = "set_company_address",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/business/company-address",
        .params = set_company_address_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(201),
        .request_example =
            ZAPI_JSON({"value" : "1 Example Street, Sampletown"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits =
            ZAPI_WORDS("an empty value removes the address", "answers 201"),
        .summary = "Set the company's address.",
        .doc = "business/set-address",
    },
    {
        .name = "set_company_websites",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/business/company-websites",
        .params = set_company_websites_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(201),
        .request_example = ZAPI_JSON(
            {"websites" : [ "https://example.com", "https://example.org" ]}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits = ZAPI_WORDS("at most 2 websites, more is an error",
                             "each must be a valid URL",
                             "an empty list removes them", "answers 201"),
        .summary = "Set the company's websites.",
        .doc = "business/set-websites",
    },
    {
        .name = "set_business_hours",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/business/hours",
        .params = set_business_hours_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(201),
        .request_example = ZAPI_JSON({
            "timezone" : "America/Sao_Paulo",
            "days" : [
                {
                    "dayOfWeek" : "MONDAY",
                    "openTime" : "08:00",
                    "closeTime" : "12:00"
                },
                {
                    "dayOfWeek" : "MONDAY",
                    "openTime" : "14:00",
                    "closeTime" : "18:00"
                }
            ],
            "mode" : "specificHours"
        }),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits = ZAPI_WORDS("the same day may appear more than once, one "
                             "entry per opening period",
                             "an empty days list marks every day closed",
                             "times are HH:MM", "answers 201"),
        .summary = "Set the company's opening hours.",
        .doc = "business/set-business-hours",
    },
    {
        .name = "list_available_categories",
        .section = "business",
        .method = ZAPI_GET,
        .path = "/business/available-categories",
        .params = list_available_categories_params,
        .reply =
            ZAPI_ROW(.type = ZAPI_ARRAY,
                     .items =
                         ZAPI_ROW(.type = ZAPI_OBJECT,
                                  .fields = list_available_categories_reply)),
        .reply_status = 200,
        .reply_example = ZAPI_JSON([
            {
                "displayName" : "Other businesses",
                "label" : "OTHER_COMPANIES",
                "id" : "629412378414563"
            },
            {"displayName" : "Car service", "id" : "1223524174334504"}
        ]),
        .params_example = ZAPI_JSON({"query" : "food"}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS,
        .summary = "Categories a company can be given.",
        .doc = "business/available-categories",
    },
    {
        .name = "set_business_categories",
        .section = "business",
        .method = ZAPI_POST,
        .path = "/business/categories",
        .params = set_business_categories_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(201),
        .request_example =
            ZAPI_JSON({"categories" : [ "RESTAURANT", "629412378414563" ]}),
        .idempotent = true,
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits = ZAPI_WORDS(
            "at least 1 and at most 3 categories",
            "each value must equal an id or label from "
            "list_available_categories (label is not always present)",
            "answers 201"),
        .summary = "Assign categories to the company.",
        .doc = "business/set-categories",
    },
    {
        .name = "get_business_profile",
        .section = "business",
        .method = ZAPI_GET,
        .path = "/business/profile",
        .params = get_business_profile_params,
        .reply =
            ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_business_profile_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "description" : "Hand-made lamps",
            "address" : "1 Example Street, Sampletown",
            "email" : "contact@example.com",
            "websites" : ["https://example.com"],
            "categories" : [ {
                "displayName" : "Other businesses",
                "label" : "OTHER_COMPANIES",
                "id" : "629412378414563"
            } ],
            "businessHours" : {
                "timezone" : "America/Sao_Paulo",
                "days" : [ {
                    "dayOfWeek" : "MONDAY",
                    "openTime" : "08:00",
                    "closeTime" : "18:00"
                } ],
                "mode" : "specificHours"
            },
            "hasCoverPhoto" : false
        }),
        .params_example = ZAPI_JSON({"phone" : "5511999990001"}),
        .idempotent = true,
        .limits =
            ZAPI_WORDS("the number asked about must be a business account"),
        .summary = "Public profile of a business account.",
        .doc = "business/profile",
    },
};
const size_t zapi_business_count =
    sizeof zapi_business_rows / sizeof *zapi_business_rows;
