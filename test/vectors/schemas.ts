import { z } from 'zod';
import { Position } from '../../sync/protocol/seal/position.ts';
import { Ack } from '../../sync/protocol/wire/ack.ts';
import { BatchBody, BatchHeader, sealedHeader, serverHeader, TYP } from '../../sync/protocol/wire/batch.ts';
import { Ask, AskHeader, Change, Page, Policy, Presence, Rejection } from '../../sync/protocol/wire/changes.ts';
import {
  EventHeader,
  OpenBody,
  PersonalBody,
  PinValue,
  TemplateValue,
  Uuid,
  WireEvent,
} from '../../sync/protocol/wire/event.ts';
import { Farewell, FarewellHeader, LOGS_TYP, Logs, LogsHeader } from '../../sync/protocol/wire/farewell.ts';
import { DeviceConfig, Inventory, UpdateDirective } from '../../sync/protocol/wire/fleet.ts';
import {
  Grant,
  GrantHeader,
  JOIN_TYP,
  Join,
  JoinHeader,
  Proof,
  ProofHeader,
  Waiting,
} from '../../sync/protocol/wire/join.ts';
import { ServerKeys } from '../../sync/protocol/wire/keys.ts';
import { PhotoState } from '../../sync/protocol/wire/photos.ts';
import { DeviceRequest, ServerBundle } from '../../sync/protocol/wire/provisioning.ts';

const SEALED = {
  batch: [TYP.sealedBatch, TYP.batch],
  ask: [TYP.sealedAsk, TYP.ask],
  page: [TYP.sealedPage, TYP.page],
  grant: [JOIN_TYP.sealedGrant, JOIN_TYP.grant],
  logs: [LOGS_TYP.sealed, LOGS_TYP.logs],
} as const;

/**
 * Returns every schema of the wire by its name in docs/develop/protocol.md, as JSON Schema (2020-12). That page states what such
 * a schema can't: related ranges, canonical base64url.
 */
export function schemas(): unknown {
  const registry = z.registry<{ id: string }>();
  const named: Record<string, z.ZodType> = {
    Uuid,
    Event: WireEvent,
    EventHeader,
    TemplateValue,
    PinValue,
    ...bodies('Open', OpenBody),
    ...bodies('Personal', PersonalBody),
    BatchHeader,
    BatchBody,
    AskHeader,
    Ask,
    AckHeader: serverHeader(TYP.ack),
    Ack,
    PageHeader: serverHeader(TYP.page),
    Page,
    Change,
    Policy,
    Presence,
    UpdateDirective,
    DeviceConfig,
    Inventory,
    LogsHeader,
    Logs,
    FarewellHeader,
    Farewell,
    ServerKeys,
    RejectionHeader: serverHeader(TYP.rejection),
    Rejection,
    JoinHeader,
    Join,
    DeviceRequest,
    Waiting,
    ProofHeader,
    Proof,
    GrantHeader,
    Grant,
    ServerBundle,
    PhotoState,
    Position,
  };
  for (const [kind, [typ, cty]] of Object.entries(SEALED)) named[`SealedHeader.${kind}`] = sealedHeader(typ, cty);
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, {
    uri: (id) => `#/$defs/${id}`,
    // Not a standard format: the pattern beside it says the same.
    override: ({ jsonSchema }) => {
      if (jsonSchema.format === 'lowercase') delete jsonSchema.format;
    },
  }).schemas;
  const defs = Object.fromEntries(Object.entries(made).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]));
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', $defs: defs };
}

function bodies(half: string, types: Readonly<Record<string, z.ZodType>>): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(types).map(([type, schema]) => [`${half}.${type}`, schema]));
}
