/* The request bodies of the API documents (gpu, aimodels), row by row. */
#include "schema.h"
#include "schema_rules.h"

/* A table is read by its columns. */
/* clang-format off */

#define INT32_MAXIMUM 2147483647 /* format: int32 */

/* A DNS label. */
#define LABEL                                                                                                          \
	.type = SCHEMA_STRING, .pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",                                           \
	.hint = "lower-case letters, digits and hyphens, beginning and ending with a letter or a digit"

#define BASE64 "[A-Za-z0-9+/]+={0,2}"
#define HEX "[0-9a-fA-F]"

/* Host with a dot or a port, or localhost; path; tag, digest or both. */
#define IMAGE_HOST "([A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+(:[0-9]+)?|[A-Za-z0-9-]+:[0-9]+|localhost)"
#define IMAGE_PATH "(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)+"
#define IMAGE_TAG ":[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
#define IMAGE_DIGEST "@[A-Za-z][A-Za-z0-9+._-]*:" HEX "{32,}"

/* A string that names something of the API: any text but none. */
#define IDENTIFIER .type = SCHEMA_STRING, .has_min = true, .min = 1
#define RANGE(min_, max_) .has_min = true, .min = (min_), .has_max = true, .max = (max_)
#define AT_LEAST(min_) .has_min = true, .min = (min_)
#define AT_MOST(max_) .has_max = true, .max = (max_)

/* The same in several: for who writes a spec. */
#define OWN_NAME "The directory's; it can be left out"
#define REGION "A directory in inventory/"
#define CONFIG "A directory in inventory/REGION/"
#define COUNT "From min_gpu_count to max_gpu_count of inventory/REGION/CONFIG_ID/"
#define PLAN "How it is billed, such as gpu-h200-on-demand-1h"

static const struct schema text = {.type = SCHEMA_STRING};

/* GPU instances */

static const struct schema ssh_key = {
	.type = SCHEMA_STRING,
	RANGE(50, 2000),
	/* The documents' dot matches no line feed; POSIX's would. */
	.pattern = "^(ssh-rsa|ssh-ed25519)[[:space:]]+" BASE64 "([[:space:]]+[^\n]*)?$",
	.hint = "a public key as in id_ed25519.pub: ssh-ed25519 or ssh-rsa, the key in base64, a comment",
	.about = "An RSA key has at least 2048 bits",
	.rule = rule_ssh_key,
};

static const struct schema custom_port = {
	.type = SCHEMA_OBJECT,
	.members = (const struct schema[]){
		{.name = "name", LABEL, .required = true, RANGE(1, 15)},
		{.name = "containerPort", .type = SCHEMA_INTEGER, .required = true, RANGE(1, 65535)},
		{.name = "protocol", .type = SCHEMA_STRING, .choices = (const char *const[]){"TCP", NULL}},
		{.name = "serviceType", .type = SCHEMA_STRING, .choices = (const char *const[]){"External", NULL}},
		{0},
	},
};

static const struct schema udp_range = {
	.type = SCHEMA_OBJECT,
	.members = (const struct schema[]){
		{.name = "name", LABEL, RANGE(1, 15)},
		{.name = "startPort", .type = SCHEMA_INTEGER, .required = true, RANGE(1024, 65535)},
		{.name = "endPort", .type = SCHEMA_INTEGER, RANGE(1024, 65535)},
		{0},
	},
	.about = "At most 20 ports, up to endPort; without it, startPort alone",
	.rule = rule_udp_range,
};

#define STORAGE_TYPE {.name = "type", .type = SCHEMA_STRING, .required = true}
/* The response calls the mode by another name. */
#define STORAGE_MODE {.name = "mode", .type = SCHEMA_STRING, .required = true, .from = "/subType"}

static const struct schema persistent_storages[] = {
	{
		.name = "local",
		.type = SCHEMA_OBJECT,
		.members = (const struct schema[]){
			STORAGE_TYPE,
			STORAGE_MODE,
			{.name = "sizeGB", .type = SCHEMA_INTEGER, .required = true, RANGE(1, INT32_MAXIMUM)},
			{.name = "mountPath", IDENTIFIER},
			{0},
		},
	},
	{
		.name = "network",
		.type = SCHEMA_OBJECT,
		.members = (const struct schema[]){
			STORAGE_TYPE,
			STORAGE_MODE,
			{.name = "name", IDENTIFIER},
			{.name = "sizeGB", .type = SCHEMA_INTEGER, RANGE(1, INT32_MAXIMUM)},
			{.name = "mountPath", IDENTIFIER},
			{
				.name = "existing_volume_id",
				.type = SCHEMA_STRING,
				.pattern = "^" HEX "{8}(-" HEX "{4}){3}-" HEX "{12}$",
				.hint = "a UUID, like 123e4567-e89b-12d3-a456-426614174000",
				.from = "-", /* the response does not tell a new volume from one that was there */
			},
			{0},
		},
		.about = "A new volume of sizeGB, or an existing one: one of the two",
		.rule = rule_network_volume,
	},
	{0},
};

static const struct schema storages[] = {
	{
		.name = "ephemeral",
		.type = SCHEMA_OBJECT,
		.members = (const struct schema[]){
			STORAGE_TYPE,
			{.name = "sizeGb", .type = SCHEMA_INTEGER, RANGE(1, 20), .from = "/sizeGB"},
			{0},
		},
	},
	{.name = "persistent", .type = SCHEMA_OBJECT, .tag = "mode", .variants = persistent_storages},
	{0},
};

const struct schema schema_airuntime = {
	.type = SCHEMA_OBJECT,
	.members = (const struct schema[]){
		{.name = "name", LABEL, .required = true, RANGE(1, 63), .about = OWN_NAME},
		{.name = "region", IDENTIFIER, .required = true, .about = REGION},
		{
			.name = "templateID",
			.type = SCHEMA_STRING,
			.required = true,
			.pattern = "^tpl-[^/[:space:]]+$",
			.hint = "a template's id: tpl-...",
			.about = "A directory in templates/, or the file id of one of the organisation's own",
		},
		{.name = "gpuConfigID", IDENTIFIER, .required = true, .about = CONFIG},
		{.name = "gpuCount", .type = SCHEMA_INTEGER, .required = true, RANGE(1, INT32_MAXIMUM), .about = COUNT},
		{.name = "sshKeys", .type = SCHEMA_ARRAY, AT_MOST(10), .unique = "", .element = &ssh_key},
		{.name = "planId", IDENTIFIER, .required = true, .about = PLAN},
		{
			.name = "customPorts",
			.type = SCHEMA_ARRAY,
			AT_MOST(10),
			.element = &custom_port,
			.unique = "/name",
			.about = "No two of one name",
		},
		{
			.name = "udpPortRanges",
			.type = SCHEMA_ARRAY,
			AT_MOST(5),
			.element = &udp_range,
			.unique = "/name",
			.about = "At most 64 ports together, and no two of one name",
			.rule = rule_udp_ranges,
		},
		{.name = "storage", .type = SCHEMA_OBJECT, .tag = "type", .variants = storages},
		{0},
	},
};

/* Model deployments */

const struct schema schema_aimodel = {
	.type = SCHEMA_OBJECT,
	.members = (const struct schema[]){
		{.name = "name", LABEL, .required = true, RANGE(3, 30), .about = OWN_NAME},
		{
			.name = "catalog_id",
			.type = SCHEMA_STRING,
			.required = true,
			.pattern = "^[a-zA-Z0-9_.-]+$",
			.hint = "the catalog's id: letters, digits, '_', '-' and '.', without a slash",
			.from = "-", /* the response has the model's path; only the catalog knows its id */
		},
		{.name = "region", IDENTIFIER, .required = true, .about = REGION},
		{.name = "gpu_config_id", IDENTIFIER, .required = true, .about = CONFIG},
		{.name = "gpu_count", .type = SCHEMA_INTEGER, .required = true, AT_LEAST(1), .about = COUNT},
		{.name = "plan_id", IDENTIFIER, .required = true, .about = PLAN, .from = "-", .assumed = true}, /* no answer tells how it is billed */
		{
			.name = "config",
			.type = SCHEMA_OBJECT,
			.about = "Of the inference server; the ranges are in catalog/ID/configurations",
			.open = true,
			.untold = true, /* by the documents; if it is there, it is taken */
			.members = (const struct schema[]){
				{.name = "max_model_len", .type = SCHEMA_INTEGER, AT_LEAST(1)},
				{.name = "max_num_seqs", .type = SCHEMA_INTEGER, AT_LEAST(1)},
				{.name = "extra_args", .type = SCHEMA_ARRAY, .element = &text},
				{0},
			},
		},
		{0},
	},
};

/* Templates of an organisation */

const struct schema schema_template = {
	.type = SCHEMA_OBJECT,
	.members = (const struct schema[]){
		{
			.name = "name",
			.type = SCHEMA_STRING,
			.required = true,
			RANGE(3, 100),
			.pattern = "^[A-Za-z0-9 _-]+$",
			.hint = "letters, digits, spaces, hyphens and underscores",
			.about = OWN_NAME,
		},
		{.name = "description", .type = SCHEMA_STRING, .required = true},
		{
			.name = "image",
			.type = SCHEMA_STRING,
			.required = true,
			.pattern = "^" IMAGE_HOST IMAGE_PATH "(" IMAGE_TAG "(" IMAGE_DIGEST ")?|" IMAGE_DIGEST ")$",
			.hint = "an image with its registry and a tag or digest, like ghcr.io/org/image:v1",
		},
		{.name = "oci_registry_username", .type = SCHEMA_STRING},
		{.name = "oci_registry_token", .type = SCHEMA_STRING, .secret = true, .from = "-"},
		{.name = "category", .type = SCHEMA_STRING, .required = true, .about = "Such as LLM, Diffusion, Vision"},
		{0},
	},
};
