#include "spec_fault.h"

#include "spec_place.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static size_t faults_kept(const struct spec_faults *faults) {
	return faults->count < SPEC_FAULTS_MAX ? faults->count : SPEC_FAULTS_MAX;
}

void spec_fault_add(struct spec_faults *faults, const char *at, const char *format, ...) {
	if (!at)
		faults->text = NULL;
	size_t offset = at ? (size_t)(at - faults->text) : 0;
	size_t kept = faults_kept(faults);
	size_t index = kept;
	while (index > 0 && faults->list[index - 1].offset > offset)
		index--;
	faults->count++;
	if (index == SPEC_FAULTS_MAX)
		return;
	size_t behind = (kept < SPEC_FAULTS_MAX ? kept : kept - 1) - index; /* the last one makes room */
	struct spec_fault *fault = &faults->list[index];
	memmove(fault + 1, fault, behind * sizeof(*fault));
	fault->offset = offset;
	va_list args;
	va_start(args, format);
	vsnprintf(fault->message, sizeof(fault->message), format, args);
	va_end(args);
}

void spec_faults_show(const struct spec_faults *faults, struct buffer *out) {
	size_t kept = faults_kept(faults);
	for (size_t i = 0; i < kept; i++) {
		const struct spec_fault *fault = &faults->list[i];
		buffer_add_safe(out, fault->message, strlen(fault->message));
		buffer_byte(out, '\n');
		if (faults->text && (i + 1 == kept || fault[1].offset != fault->offset))
			spec_place(faults->schema, faults->text, faults->len, fault->offset, out);
	}
	if (faults->count > kept)
		buffer_printf(out, "and %zu more\n", faults->count - kept);
}
