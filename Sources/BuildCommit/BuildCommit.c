#include "BuildCommit.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *twostepd_build_commit(void) {
#ifdef TWOSTEPD_COMMIT
    return TEXT(TWOSTEPD_COMMIT);
#else
    return "";
#endif
}
