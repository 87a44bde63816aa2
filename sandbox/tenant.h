/*
 * The tenant service: login, and the organisations and projects of the token.
 */
#pragma once

struct call;

void tenant_login(struct call *call);
void tenant_refresh(struct call *call);
void org_list(struct call *call);
void project_list(struct call *call);
