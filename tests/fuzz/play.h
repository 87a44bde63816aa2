/* A mount on the fakes of ../stage.h for the targets that go through the handlers. */
#ifndef NEEVFS_TESTS_FUZZ_PLAY_H
#define NEEVFS_TESTS_FUZZ_PLAY_H

#include "../stage.h"

/* Makes a failed assertion of the fakes an abort, and the log silent. Once. */
void play_init(void);

/* Ends the stage: what still waits is answered by the end of the mount, and all is given back. */
void play_close(struct stage *stage);

/* Answers with any text: as JSON if it is, else as the real one would refuse it. */
void play_answer(struct api_call *call, int status, const char *text);

/* Answers all GETs with what `body` says of them until the request has its own answer; false if it has none. */
bool play_settle(struct stage *stage, fuse_req_t req, const char *(*body)(const struct api_call *call));

#endif
