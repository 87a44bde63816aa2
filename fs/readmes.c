#include "readmes.h"

#include "change.h"
#include "links.h"
#include "options.h"
#include "view.h"

#include <string.h>

/* The first byte of a line that needs one of these, which are bits: of enum change_verb, and that anything is written.
 */
#define CREATE "\001"
#define SCALE "\002"
#define DELETE "\004"
#define ANY "\007"
#define WRITE "\010"
enum { GRANTED_WRITE = 8 };
_Static_assert(CHANGE_CREATE == 1 && CHANGE_SCALE == 2 && CHANGE_DELETE == 4, "the marks are bits of what is granted");

static const char link[] = "project/";

/* Whether the link is there, if the text speaks of it at all. */
static bool readme_linked(const struct view *view, struct demand *demand) {
	const struct item *org, *project;
	if (!strstr(view->row->words, link) || !project_known(view, demand, &org, &project))
		return true;
	demand->until_ms = 0;
	return false;
}

/* Where there is no link, with the whole path to a project. */
static void line_add(struct buffer *out, const char *line, size_t len, bool linked) {
	size_t link_len = strlen(link);
	for (const char *at; !linked && (at = memmem(line, len, link, link_len)); line = at + link_len) {
		buffer_append(out, line, (size_t)(at - line));
		buffer_add(out, "orgs/ORG/projects/PRJ/");
		len -= (size_t)(at - line) + link_len;
	}
	buffer_append(out, line, len);
}

int text_readme(const struct view *view, struct demand *demand, struct buffer *out) {
	const struct options *options = view->fs->options;
	unsigned granted = options->read_only ? 0 : options->allow | GRANTED_WRITE;
	bool whole = true, linked = readme_linked(view, demand);
	for (const char *line = view->row->words, *end; *line; line = end) {
		end = strchr(line, '\n') + 1;
		bool marked = *line < ' ' && *line != '\n', shown = !marked || (granted & (unsigned)*line);
		whole &= shown;
		if (shown)
			line_add(out, line + marked, (size_t)(end - line - marked), linked);
	}
	if (whole)
		return 0;
	buffer_add(out, options->read_only ? "Mounted with ro" : "Mounted with allow=");
	if (!options->read_only)
		options_show_allow(options, out);
	buffer_add(out, ": what that does not grant is left out here.\n");
	return 0;
}

/* Lines of text, as they stand. */
/* clang-format off */

const char readme_root[] =
	"neevfs: NeevCloud's AI cloud as files. Each directory has a README.txt.\n"
	"\n"
	"  project/airuntimes/NAME/   GPU instances\n"
	"  project/aimodels/NAME/     model deployments\n"
	"  orgs/ORG/projects/PRJ/     every project; orgs/ORG/templates/: own templates\n"
	"  templates/ inventory/ catalog/   what there is to create from\n"
	"  .neevfs/                   this mount: its status, errors, cost\n"
	"\n"
	"    grep . project/airuntimes/*/status\n"
	"    column -ts$'\\t' project/airuntimes/index.tsv\n"
	"    grep . inventory/*/*/price_per_gpu_per_hour\n"
	"    tail -n 20 .neevfs/errors                  # what was refused, and why\n"
	ANY "Create, scale, delete. It costs money until the directory is gone:\n"
	CREATE "    mkdir project/airuntimes/new\n"
	CREATE "    cp project/airuntimes/NAME/spec.json project/airuntimes/new/\n"
	SCALE "    echo 3 > project/aimodels/NAME/replicas\n"
	DELETE "    rmdir project/airuntimes/new\n"
	ANY "To only look around: mount with -o ro, or allow=none, with which wait works.\n"
	"The manual: man 5 neevfs\n";

const char readme_mount[] =
	"This mount itself.\n"
	"\n"
	"    cat status                             # how services, token, mount are\n"
	"    cat options                            # as they are in force\n"
	"    tail -n 20 errors                      # the last refusals, in words\n"
	"    column -ts$'\\t' requests              # what the API was asked\n"
	"    cat stats                              # counters, for Prometheus\n"
	"    column -ts$'\\t' cost                  # what an hour costs, by project\n"
	WRITE "    echo project/airuntimes > refresh      # forget what was answered about it\n"
	"    cat version\n";

const char readme_orgs[] =
	"The organisations that the token may see, named by id. One that is not listed\n"
	"is found by its id, if the API lets the token in.\n"
	"\n"
	"    ls -d */\n"
	"    cat */name\n"
	"    grep . */projects/*/airuntimes/*/status\n"
	"    column -ts$'\\t' index.tsv              # a table; list.json has all of it\n";

const char readme_org[] =
	"An organisation: its own templates for GPU instances, and its projects.\n"
	"\n"
	"    cat name description\n"
	"    ls projects\n"
	"    grep . templates/*/status\n"
	"    column -ts$'\\t' templates/index.tsv\n"
	"    column -ts$'\\t' projects/index.tsv\n";

const char readme_projects[] =
	"The projects that the token may see, named by id. One that is not listed is\n"
	"found by its id, if the API lets the token in.\n"
	"\n"
	"    ls -d */\n"
	"    grep . */airuntimes/*/status\n"
	"    grep . */aimodels/*/replicas\n"
	"    column -ts$'\\t' index.tsv              # a table; list.json has all of it\n";

const char readme_project[] =
	"A project: airuntimes/ has its GPU instances, aimodels/ its deployments.\n"
	"\n"
	"    grep . airuntimes/*/status aimodels/*/status\n"
	"    column -ts$'\\t' airuntimes/index.tsv\n"
	"    tail -f airuntimes/events              # what changes there, as it changes\n"
	"    column -ts$'\\t' aimodels/index.tsv\n"
	"\n"
	"ssh_config has a block for each instance that runs. ls does not show it, as it\n"
	"costs a request for each of them:\n"
	"    cat ssh_config\n"
	"    ssh -F ssh_config NAME\n";

const char readme_airuntimes[] =
	"GPU instances. Each is billed until its directory is gone.\n"
	"\n"
	"    column -ts$'\\t' index.tsv              # a table; list.json has all of it\n"
	"    grep . */status                        # one request for a hundred of them\n"
	"    ls .by-status/Running\n"
	"    tail -f events                         # what changes; . is the API itself\n"
	CREATE "A name has 1 to 63 lower case letters, digits, and hyphens between them.\n"
	CREATE "Create: mkdir makes a draft, local and free; its spec.json makes the instance.\n"
	CREATE "    mkdir new || cat .error\n"
	CREATE "    cp spec.example.json new/spec.json.plan\n"
	CREATE "    cat new/spec.json.plan                 # what is checked, sent, and paid\n"
	CREATE "    mv new/spec.json.plan new/spec.json || cat new/.error\n"
	CREATE "    echo \"Running 600\" > new/wait          # until it runs, at most 10 minutes\n"
	CREATE "For ssh a spec needs sshKeys, a list of public keys: the example has none.\n"
	CREATE "Create one like another, with two GPUs (all members: spec.schema.json):\n"
	CREATE "    mkdir two\n"
	CREATE "    jq '.gpuCount = 2' NAME/spec.json > two/spec.json || cat two/.error\n"
	DELETE "Delete. Only rmdir does; rm -r is refused, as is rmdir for 5 s after it:\n"
	DELETE "    rmdir new two\n"
	DELETE "    echo gone > new/wait || [ ! -e new ]   # until it is no longer billed\n"
	DELETE "(ENOENT then means that it has gone already.)\n";

const char readme_airuntime[] =
	"A GPU instance; each file is a field of it.\n"
	"\n"
	"    grep . status reason gpuCount region createdAt\n"
	WRITE "    echo \"Running 600\" > wait              # until it runs, at most 10 minutes\n"
	"    cat sshAccess/directCommand uiAccess/proxyUrl\n"
	"    grep . metrics/*                       # percent\n"
	"    cat idle                               # minutes, counted while it is read\n"
	"    cat cost/usdPerHour\n"
	"    cat info.json                          # all that the API says of it\n"
	"    ls -l gpu template                     # what it was made of\n"
	"    cat .error                             # the last refusal here, in words\n"
	CREATE "Create one like it. Nothing of this one can be changed:\n"
	CREATE "    mkdir ../copy\n"
	CREATE "    cp spec.json ../copy/ || cat ../copy/.error\n"
	DELETE "Delete:\n"
	DELETE "    cd .. && rmdir NAME\n";

const char readme_aimodels[] =
	"Model deployments. Each is billed until its directory is gone.\n"
	"\n"
	"    column -ts$'\\t' index.tsv              # a table; list.json has all of it\n"
	"    grep . */status */replicas             # one request for a hundred of them\n"
	"    ls .by-status/ready\n"
	"    tail -f events                         # what changes; . is the API itself\n"
	SCALE "Scale, and wait until it is done, at most 15 minutes:\n"
	SCALE "    echo 3 > NAME/replicas\n"
	SCALE "    echo \"ready 900\" > NAME/wait\n"
	CREATE "A name has 3 to 30 lower case letters, digits, and hyphens between them.\n"
	CREATE "Create: mkdir makes a draft, local and free; its spec.json deploys the model.\n"
	CREATE "    mkdir new || cat .error\n"
	CREATE "    cp spec.example.json new/spec.json.plan\n"
	CREATE "    cat new/spec.json.plan                 # what is checked, sent, and paid\n"
	CREATE "    mv new/spec.json.plan new/spec.json || cat new/.error\n"
	DELETE "Delete. Only rmdir does; rm -r is refused, as is rmdir for 5 s after it:\n"
	DELETE "    rmdir new\n"
	DELETE "    echo gone > new/wait || [ ! -e new ]   # until it is no longer billed\n"
	DELETE "(ENOENT then means that it has gone already.)\n";

const char readme_aimodel[] =
	"A model deployment; each file is a field of it.\n"
	"\n"
	"    grep . status replicas region gpu_count\n"
	SCALE "    echo 3 > replicas                      # scale; the call fails if refused\n"
	WRITE "    echo \"ready 900\" > wait                # until it is, at most 15 minutes\n"
	"    cat endpoint_url\n"
	"    cat cost/usdPerHour\n"
	"    cat info.json                          # all that the API says of it\n"
	"    ls -l gpu model                        # what it was made of\n"
	"    cat .error                             # the last refusal here, in words\n"
	CREATE "Create one like it (where spec.json lacks config, add it: it is not told):\n"
	CREATE "    mkdir ../copy\n"
	CREATE "    cp spec.json ../copy/ || cat ../copy/.error\n"
	DELETE "Delete:\n"
	DELETE "    cd .. && rmdir NAME\n";

const char readme_custom_templates[] =
	"The organisation's own templates for GPU instances. They cost nothing.\n"
	"\n"
	"    column -ts$'\\t' index.tsv              # a table; list.json has all of it\n"
	"    grep . */image\n"
	"    ls .by-status/Active\n"
	CREATE "A name has 3 to 100 letters, digits, spaces, hyphens and underscores.\n"
	CREATE "Create: mkdir makes a draft, local; its spec.json makes the template.\n"
	CREATE "    mkdir new || cat .error\n"
	CREATE "    cp spec.example.json new/spec.json.plan\n"
	CREATE "    cat new/spec.json.plan                 # what is checked and sent\n"
	CREATE "    mv new/spec.json.plan new/spec.json || cat new/.error\n"
	DELETE "Delete. Only rmdir does; rm -r is refused, as is rmdir for 5 s after it:\n"
	DELETE "    rmdir new\n";

const char readme_custom_template[] =
	"A template of the organisation; each file is a field of it.\n"
	"\n"
	"    grep . image category status\n"
	"    cat apps.json                          # ports that it opens\n"
	"    cat info.json                          # all that the API says of it\n"
	"    cat id                                 # the templateID in a spec\n"
	WRITE "    echo \"Active 600\" > wait               # until it was found good\n"
	"    cat .error                             # the last refusal here, in words\n"
	CREATE "Create one like it (a registry's token is never told: add it):\n"
	CREATE "    mkdir ../copy\n"
	CREATE "    cp spec.json ../copy/ || cat ../copy/.error\n"
	DELETE "Delete:\n"
	DELETE "    cd .. && rmdir NAME\n";

const char readme_templates[] =
	"The platform's templates for GPU instances, named by id: the templateID in a\n"
	"spec.\n"
	"\n"
	"    ls -d */\n"
	"    grep . */description\n"
	"    column -ts$'\\t' index.tsv              # a table; list.json has all of it\n";

const char readme_template[] =
	"A template of the platform. Its directory's name is the templateID in a spec.\n"
	"\n"
	"    cat description\n"
	"    cat info.json                          # all that the API says of it\n";

const char readme_inventory[] =
	"GPU configurations on offer, by region, with their price.\n"
	"\n"
	"    column -ts$'\\t' index.tsv              # a table; list.json has all of it\n"
	"    grep . */*/price_per_gpu_per_hour      # in USD\n"
	"    grep . */*/available_gpu_count\n"
	"    ls .available/*                        # what can be had now\n"
	"    ls .query/region=REGION,vram_min=40    # by the API; also what is not free\n"
	"Free GPUs of 80 GB or more for instances, the cheapest first:\n"
	"    awk -F'\\t' '$4>=80 && $6 && $8==\"airuntime\"' index.tsv | sort -t$'\\t' -nk5\n"
	ANY "An e-mail when one is free again, and those that were asked for:\n"
	ANY "    echo 1 > REGION/CONFIG_ID/notify\n"
	"    cat notifications.json\n";

const char readme_region[] =
	"GPU configurations on offer in this region, named by id: the gpuConfigID in a\n"
	"spec.\n"
	"\n"
	"    grep . */price_per_gpu_per_hour        # in USD\n"
	"    grep . */available_gpu_count\n"
	"    ls ../.available/*                     # what can be had now, everywhere\n"
	ANY "    echo 1 > CONFIG_ID/notify              # an e-mail when it is free again\n";

const char readme_offer[] =
	"A GPU configuration on offer in this region; each file is a field of it.\n"
	"\n"
	"    grep . gpu_model vram_gib price_per_gpu_per_hour\n"
	"    grep . available_gpu_count min_gpu_count max_gpu_count\n"
	"    cat config.json                        # what the API says of it by itself\n"
	"    cat info.json                          # its entry in the inventory\n"
	ANY "    echo 1 > notify                        # an e-mail when it is free again\n";

const char readme_catalog[] =
	"Models that can be deployed, named by id: the catalog_id in a spec.\n"
	"\n"
	"    ls -d */\n"
	"    grep . */model_id\n"
	"    column -ts$'\\t' index.tsv              # a table; list.json has all of it\n";

const char readme_model[] =
	"A model to be deployed. Its directory's name is the catalog_id in a spec.\n"
	"\n"
	"    cat model_id\n"
	"    cat info.json                          # all that the API says of it\n"
	"    cat spec.example.json                  # a spec that would deploy it\n"
	CREATE "Deploy it; it is billed until the rmdir:\n"
	CREATE "    mkdir ../../project/aimodels/new\n"
	CREATE "    cp spec.example.json ../../project/aimodels/new/spec.json\n"
	DELETE "    rmdir ../../project/aimodels/new\n";
