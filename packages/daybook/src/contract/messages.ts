/** The types of the HTTP contract, inferred from its schemas; free of run-time imports. */
import type { z } from 'zod';

import type * as deadLetters from './dead-letter-schemas.ts';
import type * as drain from './drain-schemas.ts';
import type * as schemas from './schemas.ts';

export type Receipt = z.infer<typeof schemas.receiptSchema>;
export type BatchLine = z.infer<typeof schemas.batchLineSchema>;
export type EntryView = z.infer<typeof schemas.entrySchema>;
export type EntryState = z.infer<typeof schemas.pendingSchema>;
export type EntryPage = z.infer<typeof schemas.pageSchema>;
export type TailPageView = z.infer<typeof schemas.tailPageSchema>;
export type Stats = z.infer<typeof schemas.statsSchema>;
export type Problem = z.infer<typeof schemas.problemSchema>;
export type Status = z.infer<typeof schemas.statusSchema>;
export type Registers = z.infer<typeof schemas.registersSchema>;
export type QueueView = z.infer<typeof schemas.queueSchema>;
export type Ledger = z.infer<typeof schemas.ledgerSchema>;
export type DrainRequest = z.infer<typeof drain.drainRequestSchema>;
export type DrainView = z.infer<typeof drain.drainSchema>;
export type DeadLetterPageView = z.infer<typeof deadLetters.deadLetterPageSchema>;
export type DeadLetterView = z.infer<typeof deadLetters.deadLetterSchema>;
export type DeadLetterOutcome = z.infer<typeof deadLetters.deadLetterOutcomeSchema>;
