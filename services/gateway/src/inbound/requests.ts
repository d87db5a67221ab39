import { validateEndRunRequest } from '@countersign/contracts';
import type { EndRunRequest } from '@countersign/contracts';

/** How long a proposal waits for its first answer, ms, where the caller does not say. */
export const defaultWaitMs = 10_000;

/** A run may be ended without a body. */
export const isEndRequest = (value: unknown): value is EndRunRequest | undefined => value === undefined || value === null || validateEndRunRequest(value);
