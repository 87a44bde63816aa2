/*
 * README.txt, one for each sort of directory; rows of the table name these. Each has at most 23 lines of 78 columns,
 * but where there is no link `project`, whose place orgs/ORG/projects/PRJ then takes. What is indented by four blanks
 * can be pasted where the file is: tests/mount/readmes.sh does. NAME, REGION, CONFIG_ID, ORG and PRJ stand for names
 * that are there. What the options ro and allow= do not grant is left out.
 */
#ifndef NEEVFS_FS_READMES_H
#define NEEVFS_FS_READMES_H

struct buffer;
struct demand;
struct view;

int text_readme(const struct view *view, struct demand *demand, struct buffer *out); /* of the row's words; gives 0 */

extern const char readme_root[], readme_mount[];
extern const char readme_orgs[], readme_org[];
extern const char readme_projects[], readme_project[];
extern const char readme_airuntimes[], readme_airuntime[];
extern const char readme_aimodels[], readme_aimodel[];
extern const char readme_custom_templates[], readme_custom_template[];
extern const char readme_templates[], readme_template[];
extern const char readme_inventory[], readme_region[], readme_offer[];
extern const char readme_catalog[], readme_model[];

#endif
