/*
 * The tenant service: login, and the organisations and projects of the token.
 */
#pragma once

#include <stdbool.h>

struct call;

/* Whether it is a token that is accepted now. False: the call was refused. */
bool tenant_accepts(struct call *call, const char *token);

/* Sets what is accepted: INTERFACE.md. False: the call was refused. */
bool tenant_control(struct call *call);

void tenant_login(struct call *call);
void tenant_refresh(struct call *call);
void org_list(struct call *call);
void project_list(struct call *call);
