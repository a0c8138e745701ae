#ifndef BUILD_COMMIT_H
#define BUILD_COMMIT_H

/// The commit that the program was built from, as the builder named it in TWOSTEPD_COMMIT; empty when nobody did.
const char *_Nonnull twostepd_build_commit(void);

#endif
