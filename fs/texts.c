#include "texts.h"

#include "../api/scope.h"
#include "links.h"
#include "offer.h"
#include "options.h"
#include "refusal.h"
#include "sent.h"
#include "spec.h"
#include "view.h"

#include <errno.h>
#include <string.h>

int text_version(const struct view *view, struct demand *demand, struct buffer *out) {
	(void)view;
	(void)demand;
	buffer_add(out, NEEVFS_VERSION "\n");
	return 0;
}

int text_options(const struct view *view, struct demand *demand, struct buffer *out) {
	(void)demand;
	options_show(view->fs->options, out);
	return 0;
}

int text_errors(const struct view *view, struct demand *demand, struct buffer *out) {
	(void)demand;
	refusal_all(view->fs->refusals, out);
	return 0;
}

int text_nothing(const struct view *view, struct demand *demand, struct buffer *out) {
	(void)view;
	(void)demand;
	(void)out;
	return 0;
}

int text_own_id(const struct view *view, struct demand *demand, struct buffer *out) {
	(void)demand;
	const char *id = view->scope.ids[view->scope.count - 1];
	buffer_add_safe(out, id, strlen(id));
	buffer_byte(out, '\n');
	return 0;
}

/* ---- spec.json ---- */

/* A deployment's answer does not say by which plan it is billed. Left out where that is not known; the create will name
 * it as missing. */
static int plan_find(
	const struct view *view, struct json response, struct json sent, struct demand *demand, char **ret) {
	struct json config = json_at(response, "/gpu_config_id"), plan = json_member(sent, "plan_id");
	struct scope project = view->scope;
	bool guessed;
	if (plan.type == JSON_STRING)
		return (*ret = json_text_dup(plan)) ? 0 : -ENOMEM;
	if (config.type != JSON_STRING)
		return 0;
	SCOPED(scope_free) char *config_id = json_text_dup(config);
	project.count = 2; /* organisation and project */
	return config_id ? offer_plan(view->fs->store, &project, config_id, demand, ret, &guessed) : -ENOMEM;
}

int text_spec(const struct view *view, struct json response, bool guess, struct demand *demand, struct buffer *out) {
	SCOPED(scope_free) char *plan = NULL;
	SCOPED(scope_free) char *catalog = NULL;
	SCOPED(buffer_free) struct buffer config = {0};
	if (view->kind == &kinds[KIND_AIMODEL]) {
		struct json sent = sent_find(view->fs->sents, view->kind, view->scope.ids[view->scope.count - 1]);
		SCOPED(scope_free) char *model = json_text_dup(json_at(response, "/model_id"));
		int rc = model ? catalog_id(view, model, demand, &catalog) : -ENOMEM;
		if (!rc && guess)
			rc = plan_find(view, response, sent, demand, &plan);
		if (rc)
			return rc;
		struct json asked = json_member(sent, "config");
		if (guess && asked.type == JSON_OBJECT && json_member(response, "config").type == JSON_ABSENT)
			json_compact(asked, &config);
	}
	const struct spec_override overrides[] = {{catalog ? "catalog_id" : "", catalog}, {plan ? "plan_id" : "", plan},
		{config.len ? "config" : "", config.data}, {NULL, NULL}};
	spec_render(view->kind->create, response, overrides, out);
	return config.error;
}
