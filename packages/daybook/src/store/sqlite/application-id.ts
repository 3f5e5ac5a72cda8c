/**
 * What tells a store of Daybook from other SQLite databases (https://www.sqlite.org/pragma.html#pragma_application_id).
 */

/** "DAYB", set by the first migration. */
export const APPLICATION_ID = 0x44415942;
