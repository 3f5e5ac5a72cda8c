/**
 * What the database is called inside.
 */

export const DATABASE = 'daybook';
/** The master user, because Amazon RDS keeps and rotates the password of that one. */
export const DATABASE_USER = 'daybook';
export const DATABASE_PORT = 5432;
