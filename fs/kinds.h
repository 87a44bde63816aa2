/*
 * The table of the tree: every name in the mount is a row, every sort of resource is a kind.
 *
 * kinds.c has only initialisers. Path resolution, fetching, caching, rendering, writing and error reporting are written
 * once, over these rows; a new sort of resource is one `struct kind`, its rows, and the row that hangs its collection
 * into the tree.
 */
#ifndef NEEVFS_FS_KINDS_H
#define NEEVFS_FS_KINDS_H

#include "../api/api.h"
#include "../api/buffer.h"
#include "schema.h"

#include <stdbool.h>
#include <sys/types.h>

struct view;
struct demand;
struct index_row;

/* The ids of the resources above one another that a path names: organisation, project, resource. Lends the strings. */
enum { SCOPE_MAX = 4 };
struct scope {
	const char *ids[SCOPE_MAX];
	unsigned count;
};

enum ttl_class { TTL_LIST, TTL_ITEM, TTL_METRICS, TTL_INVENTORY, TTL_CATALOG, TTL_CLASSES };

/* Which answer of the API a row is read from. */
enum doc { DOC_LIST, DOC_ITEM, DOC_METRICS, DOC_NOTIFICATIONS, DOCS };

enum row_type {
	/* directories */
	ROW_DIR,        /* with `rows` */
	ROW_COLLECTION, /* the resources of `kind`, or its groups; and what is beside them */
	ROW_GROUP,      /* the resources of one group: inventory/REGION */
	ROW_RESOURCE,   /* one resource: its kind's rows */
	ROW_BY_ID,      /* links by id to the resources of the collection above */
	ROW_SHELVES,    /* the shelves of the collection above (shelf.h) */
	ROW_SHELF,      /* links to the resources on one of them */
	ROW_QUERIES,    /* .query: the collection as the server's own filters limit it; its entries are not listed */
	ROW_QUERY,      /* one such: NAME=VALUE,…; groups of links */
	ROW_QUERY_GROUP,
	ROW_OBJECT, /* an object inside a resource whose members are not known before they arrive */
	/* files */
	ROW_FIELD,  /* a scalar and a newline; empty when null or absent */
	ROW_LINES,  /* an array of scalars, a line each */
	ROW_JSON,   /* a value as JSON, indented */
	ROW_VALUE,  /* a member that is not known before it arrives: one of the three above, as it looks */
	ROW_SPEC,   /* spec.json: a draft's text, or what would create the resource again */
	ROW_ERROR,  /* .error: the last refusal here */
	ROW_DUMP,   /* list.json: the collection's listing (dump.h) */
	ROW_TEXT,   /* by `text` */
	ROW_EVENTS, /* what happened to the resources of the collection: grows while it is open */
	ROW_SCRATCH,
	/* symbolic links */
	ROW_LINK, /* target by `text` */
	ROW_SCRATCH_LINK,
};

/* What writing does. All but a spec are commands: one in one write (handlers_action.c). */
enum row_write { WRITE_NEVER, WRITE_SPEC, WRITE_SCALE, WRITE_WAIT, WRITE_NOTIFY, WRITE_REFRESH };

struct row {
	const char *name; /* NULL ends a table; rows that stand for listed things have none */
	enum row_type type;
	enum doc doc;
	const char *pointer; /* into the document */
	mode_t mode;         /* of a file; 0: 0444 */
	enum row_write write;
	bool live;     /* it also changes without an answer of the API: the kernel keeps nothing of it */
	bool optional; /* listed only while its `text`, which then must not park, is there */
	/* Found by its name only. Whoever lists a directory, or has a shell expand a pattern, looks at every file in it
	 * and its size. What that would cost is spared in two ways: a `text` that knows its length beforehand, or what
	 * will do for it, heeds demand->sizes (store.h); any other that takes requests of its own is not listed. */
	bool unlisted;
	const struct row *rows;
	const struct kind *kind;
	/* Renders what needs more than one value: 0, DEMAND_PARKED or -errno (store.h). */
	int (*text)(const struct view *view, struct demand *demand, struct buffer *out);
	const char *words; /* a help text: all that is in it (readmes.h). It is not in drafts, and gives way to a
			      scratch file */
};

/* A column of index.tsv: a value of the listed resource, or what `text` makes of it (index.h). */
struct column {
	const char *name; /* NULL ends a table */
	const char *pointer;
	int (*text)(const struct index_row *row, struct buffer *out);
	int width; /* filled up to it with blanks before it; 0: as it is */
};

/* One answer of the API about a resource. */
struct source {
	const char *path; /* each {} is filled with the id of the next enclosing resource, outermost first; NULL: there
			     is none */
	enum ttl_class ttl;
};

/* A parameter by which the API limits a listing. */
struct filter {
	const char *name; /* NULL ends a table */
	bool number;      /* whole, not negative */
};

/* JSON pointers to what a GPU resource costs: price by configuration and region, times GPUs, times replicas. */
struct price_pointers {
	const char *config, *region, *gpus; /* all NULL: it costs nothing */
	const char *replicas;               /* NULL: one */
};

struct kind {
	const char *name;     /* in keys and messages: "airuntimes" */
	const char *singular; /* in messages: "GPU instance" */
	enum api_service service;
	enum api_service service_else; /* asked when `service` answers 404; the same as `service` if there is none */
	bool paged;
	struct source docs[DOCS];
	const char *probe; /* GET of API_GPU that succeeds only if an unlisted resource exists; NULL: what is not listed
			      is not there */
	bool by_id;        /* directories are named by id, so that a path's ids are known without a list */

	/* JSON pointers into a listed resource. `name` names its directory, `twin` is appended to the second holder of
	 * a name. */
	const char *id, *title, *twin, *group, *status, *created, *updated;
	const char *const *states;    /* that are documented, NULL-terminated; NULL: it has none */
	const char *const *moving;    /* of them, those that pass by themselves: kept 2 s only. NULL-terminated */
	const char *failed;           /* the one in which it will stay, unfit */
	const char *reason;           /* JSON pointer to why it is in its state */
	const char *watched;          /* JSON pointer to what `events` tells of; NULL: of the status */
	const char *terminating;      /* the state after a delete was accepted */
	bool loose;                   /* its members become files as they arrive (member.h) */
	const struct filter *filters; /* of docs[DOC_LIST]; NULL: there are none */
	const struct row *beside;     /* of the collection's directory, where the resources are too */
	const struct row *rows;       /* of a resource's directory */
	const struct column *columns;
	/* Appends the name of the shelf that a listed resource is on (shelf.h); false: on none. NULL: there are no
	 * shelves. */
	bool (*shelf)(const struct kind *kind, struct json resource, struct buffer *out);

	const struct schema *create; /* POST to docs[DOC_LIST].path */
	unsigned absent_s;           /* so long after a create was sent it may still appear (doubt.h) */
	bool remove;                 /* DELETE of docs[DOC_ITEM].path */
	const char *scale;           /* PUT here {"replicas":N} */

	struct price_pointers listed, asked; /* into a listed resource; into the body of a create */
	const char *price;                   /* of a GPU configuration: one GPU for an hour, in USD */
};

extern const struct row root_row;     /* the mount's root */
extern const struct row group_row;    /* a ROW_GROUP */
extern const struct row resource_row; /* a ROW_RESOURCE */
extern const struct row by_id_link_row;
extern const struct row query_row, query_group_row, query_link_row;
extern const struct row shelf_row, shelf_link_row;
extern const struct row object_row; /* a ROW_OBJECT */
extern const struct row value_row;  /* a ROW_VALUE */
extern const struct row scratch_row, scratch_link_row;

enum kind_number {
	KIND_ORG,
	KIND_PROJECT,
	KIND_AIRUNTIME,
	KIND_AIMODEL,
	KIND_CUSTOM_TEMPLATE,
	KIND_TEMPLATE,
	KIND_INVENTORY,
	KIND_CATALOG,
	KINDS
};
extern const struct kind kinds[KINDS];

#endif
