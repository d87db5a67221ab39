import { Controller, Get, Inject } from '@nestjs/common';
import type { PublicJwk } from '@countersign/contracts';
import { CodedError } from '@countersign/service-host';
import type { Policy } from '../compose.ts';

export const POLICY = Symbol('policy');

/** What anybody may know: which rules decide, and the keys that verify what was decided. */
@Controller()
export class PolicyController {
  readonly #policy: Policy;
  constructor(@Inject(POLICY) policy: Policy) {
    this.#policy = policy;
  }

  @Get('policy/bundle')
  bundle(): NonNullable<ReturnType<Policy['bundle']>> {
    const bundle = this.#policy.bundle();
    if (bundle === undefined) throw new CodedError('not_ready', 'no rules are in force yet', { status: 503, retryAfterS: 1 });
    return bundle;
  }

  @Get('jwks')
  jwks(): { readonly keys: readonly PublicJwk[] } {
    return { keys: this.#policy.jwks };
  }
}
