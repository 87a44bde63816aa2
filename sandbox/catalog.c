#include "catalog.h"

#include "call.h"

#include <string.h>

static const struct catalog_model models[] = {
	{"meta-llama-Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct", "Llama 3.1 8B Instruct",
		"text-generation", "nvidia-l40s-48gb", 1, {1024, 131072, 16384}, {1, 512, 64}},
	{"meta-llama-Llama-3.3-70B-Instruct", "meta-llama/Llama-3.3-70B-Instruct", "Llama 3.3 70B Instruct",
		"text-generation", "nvidia-h100-80gb", 4, {1024, 131072, 32768}, {1, 256, 32}},
	{"Qwen-Qwen2.5-Coder-32B-Instruct", "Qwen/Qwen2.5-Coder-32B-Instruct", "Qwen2.5 Coder 32B", "text-generation",
		"nvidia-a100-80gb", 2, {1024, 131072, 32768}, {1, 256, 32}},
	{"mistralai-Mistral-7B-Instruct-v0.3", "mistralai/Mistral-7B-Instruct-v0.3", "Mistral 7B Instruct v0.3",
		"text-generation", "nvidia-l40s-48gb", 1, {1024, 32768, 8192}, {1, 512, 64}},
	{"google-gemma-2-27b-it", "google/gemma-2-27b-it", "Gemma 2 27B", "text-generation", "nvidia-h100-80gb", 1,
		{1024, 8192, 8192}, {1, 256, 64}},
	{"BAAI-bge-m3", "BAAI/bge-m3", "BGE M3", "embedding", "nvidia-l40s-48gb", 1, {512, 8192, 8192}, {1, 1024, 256}},
};

enum { MODEL_COUNT = sizeof models / sizeof *models };

const struct catalog_model *catalog_find(const char *id) {
	for (size_t i = 0; i < MODEL_COUNT; i++)
		if (!strcmp(models[i].id, id))
			return &models[i];
	return NULL;
}

const struct catalog_model *catalog_at(size_t index) {
	return &models[index % MODEL_COUNT];
}

static void range_write(struct json *json, const char *name, const struct range *range) {
	json_open(json, name, '{');
	json_integer(json, "min", range->min);
	json_integer(json, "max", range->max);
	json_integer(json, "default", range->otherwise);
	json_close(json, '}');
}

void catalog_list(struct call *call) {
	struct page page;
	if (!call_page(call, MODEL_COUNT, &page))
		return;
	struct json *json = &call->answer.body;
	json_open(json, NULL, '{');
	json_open(json, "data", '[');
	for (size_t i = page.first; i < page.end; i++) {
		const struct catalog_model *model = &models[i];
		json_open(json, NULL, '{');
		json_string(json, "id", model->id);
		json_string(json, "model_id", model->model_id);
		json_string(json, "name", model->name);
		json_string(json, "task", model->task);
		json_open(json, "configurations", '{');
		range_write(json, "max_model_len", &model->max_model_len);
		range_write(json, "max_num_seqs", &model->max_num_seqs);
		json_close(json, '}');
		json_open(json, "recommended_gpu", '{');
		json_string(json, "gpu_config_id", model->gpu_config_id);
		json_integer(json, "gpu_count", model->gpu_count);
		json_close(json, '}');
		json_close(json, '}');
	}
	json_close(json, ']');
	page_write(&page, json);
	json_close(json, '}');
}
