#ifndef BUILD_COMMIT_H
#define BUILD_COMMIT_H

/// The commit of the build, as given to the compiler in TWOSTEPD_COMMIT; empty when it was not given.
const char *_Nonnull twostepd_build_commit(void);

#endif
