import { Body, Controller, Get, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { validateChannelCallbackRequest, validateChannelLinkRequest, validateResendRequest } from '@countersign/contracts';
import type { ChannelCallbackRequest, ChannelLinkRequest, ChannelLinkView, ChannelList, DeadDeliveryList, ResendRequest, ResendResponse } from '@countersign/contracts';
import { Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { Channels } from '../compose-channels.ts';
import type { ApprovalService } from '../compose.ts';
import { APPROVALS } from './governed.consumer.ts';

/** Places outside where people are asked: who is linked, what did not arrive, what vendors send back. */
@Controller('channels')
export class ChannelsController {
  readonly #channels: Channels;
  constructor(@Inject(APPROVALS) approvals: ApprovalService) {
    this.#channels = approvals.channels;
  }

  @Get()
  @UseGuards(PersonGuard)
  list(@Person() { person }: AuthenticatedPerson): Promise<ChannelList> {
    return this.#channels.list(person);
  }

  @Get('dead')
  @UseGuards(PersonGuard)
  @Roles('operator')
  dead(): Promise<DeadDeliveryList> {
    return this.#channels.dead();
  }

  @Post(':channel/resend')
  @HttpCode(200)
  @UseGuards(PersonGuard)
  @Roles('operator')
  async resend(@Param('channel') channel: string, @Body(validated(validateResendRequest)) { approval }: ResendRequest): Promise<ResendResponse> {
    return { resent: await this.#channels.resend(channel, approval) };
  }

  /** The link is a statement signed by the person: it authenticates itself. */
  @Post(':channel/links')
  @HttpCode(200)
  link(@Param('channel') channel: string, @Body(validated(validateChannelLinkRequest)) { jws }: ChannelLinkRequest): Promise<ChannelLinkView> {
    return this.#channels.link(channel, jws);
  }

  @Post(':channel/unlink')
  @HttpCode(200)
  @UseGuards(PersonGuard)
  async unlink(@Param('channel') channel: string, @Person() { person }: AuthenticatedPerson) {
    return { unlinked: await this.#channels.unlink(channel, person) };
  }

  /** Brought by the gateway as the vendor sent it; the vendor's own signature is checked here, where the secret is. */
  @Post(':channel/callbacks')
  @HttpCode(200)
  callback(@Param('channel') channel: string, @Body(validated(validateChannelCallbackRequest)) body: ChannelCallbackRequest) {
    return this.#channels.callback(channel, body);
  }
}
