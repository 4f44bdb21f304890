import type { WireEvent } from '../../../protocol/wire/event.ts';
import { scopeOf } from '../../core/devices/registry.ts';
import { livingPerson } from '../../core/people/living.ts';
import { allOfPerson } from '../../core/people/sites.ts';
import { appendChanges, type NewChange } from '../../platform/changes/log.ts';
import type { Batch } from '../../platform/events.ts';
import { instantOf } from '../../platform/instant.ts';
import type { ServerModule } from '../../platform/server-module.ts';

/** Returns whether events of this type may change what kiosks are sent. */
export const concernsKiosks = (modules: readonly ServerModule[], type: unknown): boolean =>
  modules.some(({ onEvent = {} }) => Object.hasOwn(onEvent, type as string));

/**
 * Passes new events of one device to the modules that take their type. Events that no module takes cost nothing.
 *
 * @param events events that the device may send (authority.ts), in the order of the epoch
 * @param kept people that the device has deleted although they must be kept: they are sent to it again
 */
export async function project(
  modules: readonly ServerModule[],
  batch: Batch,
  events: readonly WireEvent[],
  kept: ReadonlySet<string>,
): Promise<void> {
  // From the last module to the first, so that people, whose rows stay locked until the commit, are written late.
  for (const { onEvents = {} } of modules.toReversed())
    for (const [type, take] of Object.entries(onEvents) as [string, Take<Batch, readonly WireEvent[]>][]) {
      const ofType = events.filter((e) => e.header.type === type);
      if (ofType.length > 0) await take(batch, ofType);
    }
  const ours = events.filter((e) => concernsKiosks(modules, e.header.type));
  if (ours.length === 0 && kept.size === 0) return;
  const { tx, device, now } = batch;
  const scope = await scopeOf(tx, device);
  const changes: NewChange[] = [];
  const publish = (more: readonly NewChange[]) => void changes.push(...more);
  const take = async (event: WireEvent) => {
    const named = event.personal.person?.value as string | undefined;
    const person = named === undefined ? null : await livingPerson(tx, named);
    const one = { ...batch, event, scope, person, at: instantOf(event.header, now), publish };
    for (const { onEvent } of modules) await (onEvent?.[event.header.type] as Take<typeof one> | undefined)?.(one);
  };
  for (const event of ours) if (!isDeletion(event)) await take(event);
  for (const person of kept)
    for (const { site: _, ...change } of await allOfPerson(tx, person, scope)) changes.push({ ...change, device });
  // Last, since a request for erasure takes locks that everything else waits for.
  for (const event of ours) if (isDeletion(event)) await take(event);
  await appendChanges(tx, changes, now);
}

/** A module's handler, for events whose type the compiler can't infer here. */
type Take<First, Second = void> = (first: First, second: Second) => Promise<unknown>;

const isDeletion = ({ header: { type, open } }: WireEvent): boolean => type === 'person' && open.change === 'deleted';
