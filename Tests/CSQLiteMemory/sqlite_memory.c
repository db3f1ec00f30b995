#include "sqlite_memory.h"

#include <sqlite3.h>

static int result = SQLITE_ERROR;

__attribute__((constructor)) static void switch_statistics_off(void) {
    result = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

bool sqlite_memory_statistics_are_off(void) { return result == SQLITE_OK; }
