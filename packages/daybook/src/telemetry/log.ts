/**
 * The logger: one event name a line, fields rather than sentences, JSON. Headers, payloads and credentials are never
 * handed to it.
 */
import type { DestinationStream, Logger } from 'pino';
import { pino } from 'pino';

export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'event' };
  return destination === undefined ? pino(options) : pino(options, destination);
}
