#include "readmes.h"

/* Lines of text, as they stand. */
/* clang-format off */

const char readme_root[] =
	"neevfs: NeevCloud's AI cloud as files. Each directory has a README.txt.\n"
	"\n"
	"  project/airuntimes/NAME/   GPU instances of the only project\n"
	"  project/aimodels/NAME/     its model deployments\n"
	"  orgs/ORG/projects/PRJ/     every project; orgs/ORG/templates/: own templates\n"
	"  templates/ inventory/ catalog/   what there is to create from\n"
	"  .neevfs/                   this mount: its status, errors, cost\n"
	"\n"
	"    grep . project/airuntimes/*/status\n"
	"    column -ts$'\\t' project/airuntimes/index.tsv\n"
	"    grep . inventory/*/*/price_per_gpu_per_hour\n"
	"    tail -n 20 .neevfs/errors                  # what was refused, and why\n"
	"Create, scale, delete. It costs money until the directory is gone:\n"
	"    mkdir project/airuntimes/new\n"
	"    cp project/airuntimes/NAME/spec.json project/airuntimes/new/\n"
	"    echo 3 > project/aimodels/NAME/replicas\n"
	"    rmdir project/airuntimes/new\n"
	"Mounted with ro or allow=none it changes nothing; wait works with allow=none.\n"
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
	"    echo project/airuntimes > refresh      # forget what was answered about it\n"
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
	"    tail -f events                         # what changes, as it changes\n"
	"A name has 1 to 63 lower case letters, digits, and hyphens between them.\n"
	"Create: mkdir makes a draft, local and free; its spec.json makes the instance.\n"
	"    mkdir new || cat .error\n"
	"    cp spec.example.json new/spec.json.plan\n"
	"    cat new/spec.json.plan                 # what is checked, sent, and paid\n"
	"    mv new/spec.json.plan new/spec.json || cat new/.error\n"
	"    echo \"Running 600\" > new/wait          # until it runs, at most 10 minutes\n"
	"Create one like another, with two GPUs (all members: spec.schema.json):\n"
	"    mkdir two\n"
	"    jq '.gpuCount = 2' NAME/spec.json > two/spec.json || cat two/.error\n"
	"Delete. Only rmdir does; rm -r is refused, as is rmdir for 5 s after it:\n"
	"    rmdir new two\n"
	"    echo gone > new/wait || [ ! -e new ]   # until it is no longer billed\n"
	"(ENOENT then means that it has gone already.)\n";

const char readme_airuntime[] =
	"A GPU instance; each file is a field of it.\n"
	"\n"
	"    grep . status reason gpuCount region createdAt\n"
	"    echo \"Running 600\" > wait              # until it runs, at most 10 minutes\n"
	"    cat sshAccess/directCommand uiAccess/proxyUrl\n"
	"    grep . metrics/*                       # percent\n"
	"    cat idle                               # minutes, counted while it is read\n"
	"    cat cost/usdPerHour\n"
	"    cat info.json                          # all that the API says of it\n"
	"    ls -l gpu template                     # what it was made of\n"
	"    cat .error                             # the last refusal here, in words\n"
	"Create one like it. Nothing of this one can be changed:\n"
	"    mkdir ../copy\n"
	"    cp spec.json ../copy/ || cat ../copy/.error\n"
	"Delete:\n"
	"    cd .. && rmdir NAME\n";

const char readme_aimodels[] =
	"Model deployments. Each is billed until its directory is gone.\n"
	"\n"
	"    column -ts$'\\t' index.tsv              # a table; list.json has all of it\n"
	"    grep . */status */replicas             # one request for a hundred of them\n"
	"    ls .by-status/ready\n"
	"    tail -f events                         # what changes, as it changes\n"
	"Scale, and wait until it is done, at most 15 minutes:\n"
	"    echo 3 > NAME/replicas\n"
	"    echo \"ready 900\" > NAME/wait\n"
	"A name has 3 to 30 lower case letters, digits, and hyphens between them.\n"
	"Create: mkdir makes a draft, local and free; its spec.json deploys the model.\n"
	"    mkdir new || cat .error\n"
	"    cp spec.example.json new/spec.json.plan\n"
	"    cat new/spec.json.plan                 # what is checked, sent, and paid\n"
	"    mv new/spec.json.plan new/spec.json || cat new/.error\n"
	"Delete. Only rmdir does; rm -r is refused, as is rmdir for 5 s after it:\n"
	"    rmdir new\n"
	"    echo gone > new/wait || [ ! -e new ]   # until it is no longer billed\n"
	"(ENOENT then means that it has gone already.)\n";

const char readme_aimodel[] =
	"A model deployment; each file is a field of it.\n"
	"\n"
	"    grep . status replicas region gpu_count\n"
	"    echo 3 > replicas                      # scale; the call fails if refused\n"
	"    echo \"ready 900\" > wait                # until it is, at most 15 minutes\n"
	"    cat endpoint_url\n"
	"    cat cost/usdPerHour\n"
	"    cat info.json                          # all that the API says of it\n"
	"    ls -l gpu model                        # what it was made of\n"
	"    cat .error                             # the last refusal here, in words\n"
	"Create one like it:\n"
	"    mkdir ../copy\n"
	"    cp spec.json ../copy/ || cat ../copy/.error\n"
	"Delete:\n"
	"    cd .. && rmdir NAME\n";

const char readme_custom_templates[] =
	"The organisation's own templates for GPU instances. They cost nothing.\n"
	"\n"
	"    column -ts$'\\t' index.tsv              # a table; list.json has all of it\n"
	"    grep . */image\n"
	"    ls .by-status/Active\n"
	"A name has 3 to 100 letters, digits, spaces, hyphens and underscores.\n"
	"Create: mkdir makes a draft, local; its spec.json makes the template.\n"
	"    mkdir new || cat .error\n"
	"    cp spec.example.json new/spec.json.plan\n"
	"    cat new/spec.json.plan                 # what is checked and sent\n"
	"    mv new/spec.json.plan new/spec.json || cat new/.error\n"
	"Delete. Only rmdir does; rm -r is refused, as is rmdir for 5 s after it:\n"
	"    rmdir new\n";

const char readme_custom_template[] =
	"A template of the organisation; each file is a field of it.\n"
	"\n"
	"    grep . image category status\n"
	"    cat apps.json                          # ports that it opens\n"
	"    cat info.json                          # all that the API says of it\n"
	"    cat id                                 # the templateID in a spec\n"
	"    echo \"Active 600\" > wait               # until it was found good\n"
	"    cat .error                             # the last refusal here, in words\n"
	"Create one like it (a registry's token is never told: add it):\n"
	"    mkdir ../copy\n"
	"    cp spec.json ../copy/ || cat ../copy/.error\n"
	"Delete:\n"
	"    cd .. && rmdir NAME\n";

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
	"An e-mail when one is free again, and those that were asked for:\n"
	"    echo 1 > REGION/CONFIG_ID/notify\n"
	"    cat notifications.json\n";

const char readme_region[] =
	"GPU configurations on offer in this region, named by id: the gpuConfigID in a\n"
	"spec.\n"
	"\n"
	"    grep . */price_per_gpu_per_hour        # in USD\n"
	"    grep . */available_gpu_count\n"
	"    ls ../.available/*                     # what can be had now, everywhere\n"
	"    echo 1 > CONFIG_ID/notify              # an e-mail when it is free again\n";

const char readme_offer[] =
	"A GPU configuration on offer in this region; each file is a field of it.\n"
	"\n"
	"    grep . gpu_model vram_gib price_per_gpu_per_hour\n"
	"    grep . available_gpu_count min_gpu_count max_gpu_count\n"
	"    cat config.json                        # what the API says of it by itself\n"
	"    cat info.json                          # its entry in the inventory\n"
	"    echo 1 > notify                        # an e-mail when it is free again\n";

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
	"Deploy it; it is billed until the rmdir:\n"
	"    mkdir ../../project/aimodels/new\n"
	"    cp spec.example.json ../../project/aimodels/new/spec.json\n"
	"    rmdir ../../project/aimodels/new\n";
