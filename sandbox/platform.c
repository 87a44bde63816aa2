#include "template.h"

#include "call.h"

#include <stdio.h>
#include <string.h>

struct platform {
	const char *id;
	const char *name;
	const char *description;
	const char *app;
	const char *spec; /* JSON */
};

static const struct platform platforms[] = {
	{"tpl-pytorch", "PyTorch", "PyTorch 2.4 with CUDA 12.4 and JupyterLab", "JupyterLab",
		"{\"image\":\"registry.example/platform/pytorch:2.4-cuda12.4\",\"category\":\"Training\","
		"\"apps\":[{\"name\":\"JupyterLab\",\"port\":8888,\"protocol\":\"HTTP\",\"isUI\":true},"
		"{\"name\":\"ssh\",\"port\":22,\"protocol\":\"TCP\",\"isUI\":false}],"
		"\"env\":{\"NVIDIA_DRIVER_CAPABILITIES\":\"compute,utility\"},\"minDiskGb\":20}"},
	{"tpl-tensorflow", "TensorFlow", "TensorFlow 2.17 with JupyterLab and TensorBoard", "JupyterLab",
		"{\"image\":\"registry.example/platform/tensorflow:2.17-gpu\",\"category\":\"Training\","
		"\"apps\":[{\"name\":\"JupyterLab\",\"port\":8888,\"protocol\":\"HTTP\",\"isUI\":true},"
		"{\"name\":\"TensorBoard\",\"port\":6006,\"protocol\":\"HTTP\",\"isUI\":false},"
		"{\"name\":\"ssh\",\"port\":22,\"protocol\":\"TCP\",\"isUI\":false}],\"env\":{},\"minDiskGb\":20}"},
	{"tpl-vllm", "vLLM", "An OpenAI-compatible inference server", "vLLM",
		"{\"image\":\"registry.example/platform/vllm:0.6.3\",\"category\":\"LLM\","
		"\"apps\":[{\"name\":\"vLLM\",\"port\":8000,\"protocol\":\"HTTP\",\"isUI\":true},"
		"{\"name\":\"ssh\",\"port\":22,\"protocol\":\"TCP\",\"isUI\":false}],"
		"\"env\":{\"VLLM_WORKER_MULTIPROC_METHOD\":\"spawn\"},\"minDiskGb\":20}"},
	{"tpl-comfyui", "ComfyUI", "Node-based image generation", "ComfyUI",
		"{\"image\":\"registry.example/platform/comfyui:0.2\",\"category\":\"Diffusion\","
		"\"apps\":[{\"name\":\"ComfyUI\",\"port\":8188,\"protocol\":\"WebSocket\",\"isUI\":true},"
		"{\"name\":\"ssh\",\"port\":22,\"protocol\":\"TCP\",\"isUI\":false}],\"env\":{},\"minDiskGb\":20}"},
	{"tpl-ubuntu", "Ubuntu 24.04", "A plain system with the GPU driver and a shell in the browser", "Terminal",
		"{\"image\":\"registry.example/platform/ubuntu:24.04-cuda\",\"category\":\"Base\","
		"\"apps\":[{\"name\":\"Terminal\",\"port\":7681,\"protocol\":\"HTTP\",\"isUI\":true},"
		"{\"name\":\"ssh\",\"port\":22,\"protocol\":\"TCP\",\"isUI\":false}],\"env\":{},\"minDiskGb\":10}"},
};

enum { PLATFORM_COUNT = sizeof platforms / sizeof *platforms };

static const struct platform *find(const char *id) {
	for (size_t i = 0; i < PLATFORM_COUNT; i++)
		if (!strcmp(platforms[i].id, id))
			return &platforms[i];
	return NULL;
}

bool platform_find(const char *id, struct template_facts *ret_facts) {
	const struct platform *platform = find(id);
	if (!platform)
		return false;
	*ret_facts = (struct template_facts){.active = true};
	snprintf(ret_facts->id, sizeof ret_facts->id, "%s", platform->id);
	snprintf(ret_facts->name, sizeof ret_facts->name, "%s", platform->name);
	snprintf(ret_facts->app, sizeof ret_facts->app, "%s", platform->app);
	return true;
}

static void platform_write(const struct platform *platform, struct json *json) {
	json_open(json, NULL, '{');
	json_string(json, "id", platform->id);
	json_string(json, "name", platform->name);
	json_string(json, "description", platform->description);
	json_raw(json, "templateSpec", platform->spec);
	json_string(json, "ownerOrgId", "org-platform");
	json_close(json, '}');
}

void platform_list(struct call *call) {
	struct page page;
	if (!call_page(call, PLATFORM_COUNT, &page))
		return;
	struct json *json = &call->answer.body;
	json_open(json, NULL, '{');
	json_open(json, "data", '[');
	for (size_t i = page.first; i < page.end; i++)
		platform_write(&platforms[i], json);
	json_close(json, ']');
	page_write(&page, json);
	json_close(json, '}');
}

void platform_get(struct call *call) {
	const struct platform *platform = find(call->args[0]);
	if (platform)
		platform_write(platform, &call->answer.body);
	else
		call_not_found(call, "the template");
}
