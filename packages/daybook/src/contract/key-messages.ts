/** The types of API keys in the HTTP contract, inferred from their schemas; free of run-time imports. */
import type { z } from 'zod';

import type * as keys from './key-schemas.ts';

export type KeyRequestBody = z.infer<typeof keys.keyRequestSchema>;
export type KeyView = z.infer<typeof keys.keySchema>;
export type CreatedKeyView = z.infer<typeof keys.createdKeySchema>;
export type KeyPageView = z.infer<typeof keys.keyPageSchema>;
