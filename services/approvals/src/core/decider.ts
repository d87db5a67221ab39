import type { Decider } from '@countersign/kernel';
import type { ApprovalCode, ApprovalCommand } from './commands.ts';
import { decide } from './decide.ts';
import type { ApprovalEvent } from './events.ts';
import { evolve, initialState } from './state.ts';
import type { Approval } from './state.ts';

export const approvalDecider: Decider<ApprovalCommand, ApprovalEvent, Approval, ApprovalCode> = { decide, evolve, initialState };
