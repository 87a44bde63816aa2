#include "fs.h"

#include "accepted.h"
#include "change.h"
#include "draft.h"
#include "handle.h"
#include "idle.h"
#include "journal.h"
#include "node.h"
#include "op.h"
#include "options.h"
#include "refusal.h"
#include "requests.h"
#include "scales.h"
#include "scratch.h"
#include "sent.h"
#include "stats.h"
#include "sweep.h"
#include "watch.h"

#include <errno.h>
#include <unistd.h>

int fs_open_parts(struct fs *fs, const struct options *options, struct store *store) {
	*fs = (struct fs){.options = options, .store = store, .work = FS_WORK, .uid = getuid(), .gid = getgid()};
	if (nodes_new(&fs->nodes) || drafts_new(&fs->drafts) || scratches_new(&fs->scratches) ||
		accepted_new(&fs->accepted) || sents_new(&fs->sents) || refusals_new(options, &fs->refusals) ||
		sweeps_new(&fs->sweeps) || watches_new(fs, &fs->watches) || stats_new(&fs->stats) ||
		requests_new(&fs->requests) || idles_new(&fs->idles) || ops_new(&fs->ops) ||
		journal_new(options->journal, &fs->journal) || scales_new(&fs->scales) || changes_new(fs, &fs->changes))
		return -ENOMEM;
	return 0;
}

bool fs_work(struct fs *fs, size_t bytes) {
	bool left = fs->work > 0;
	fs->work -= bytes < fs->work ? bytes : fs->work;
	return left;
}

void fs_close_parts(struct fs *fs) {
	changes_free(fs->changes);
	journal_free(fs->journal);
	ops_free(fs->ops);
	sweeps_free(fs->sweeps);
	requests_free(fs->requests);
	stats_free(fs->stats);
	scales_free(fs->scales);
	idles_free(fs->idles);
	refusals_free(fs->refusals);
	sents_free(fs->sents);
	accepted_free(fs->accepted);
	while (fs->handles) {
		if (fs->handles->poll)
			fuse_pollhandle_destroy(fs->handles->poll);
		handle_free(fs->handles);
	}
	watches_free(fs->watches);
	scratches_free(fs->scratches);
	drafts_free(fs->drafts);
	nodes_free(fs->nodes);
	*fs = (struct fs){0};
}
