import { Controller, Headers, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import type { Gateway } from '../compose.ts';
import { callbackBytes } from './channels-door.ts';
import { GATEWAY } from './runs.controller.ts';

/** Where vendors of channels call back: handed on byte for byte to approvals, which has their secrets. */
@Controller('channels')
export class ChannelsController {
  readonly #gateway: Gateway;
  constructor(@Inject(GATEWAY) gateway: Gateway) {
    this.#gateway = gateway;
  }

  @Post(':channel/callback')
  @HttpCode(200)
  callback(@Param('channel') channel: string, @Headers('x-slack-request-timestamp') timestamp: string | undefined, @Headers('x-slack-signature') signature: string | undefined, @Req() request: object) {
    return this.#gateway.callbacks({ channel, body: callbackBytes(request), timestamp, signature });
  }
}
