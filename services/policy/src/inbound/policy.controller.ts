import { Controller, Get, Inject } from '@nestjs/common';
import type { PublicJwk } from '@countersign/contracts';
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
  bundle(): Policy['bundle'] {
    return this.#policy.bundle;
  }

  @Get('jwks')
  jwks(): { readonly keys: readonly PublicJwk[] } {
    return { keys: this.#policy.jwks };
  }
}
