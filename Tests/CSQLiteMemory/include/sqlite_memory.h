#pragma once
#include <stdbool.h>

/// Whether SQLite's statistics of memory were switched off, before `main`.
///
/// With them each allocation of each connection takes one lock of the whole process, for which the worlds of the
/// simulation, several at once, wait a quarter of their time. They can only be switched off before the first database
/// is opened, and by a function of variable arguments, which Swift cannot call.
/// https://sqlite.org/c3ref/c_config_covering_index_scan.html#sqliteconfigmemstatus
bool sqlite_memory_statistics_are_off(void);
