import { command } from '../../../../disk/program.ts';
import { Problem } from '../../../../errors/problem.ts';
import type { Contain, Contained } from '../../../../protocol/api/incidents.ts';
import { retireServerKeys } from '../../../core/credentials/pins.ts';
import { revokeDevice } from '../../../core/devices/registry.ts';
import type { Services } from '../../../platform/access/route.ts';
import { endSessionsOf } from '../../../platform/access/session.ts';
import type { Actor } from '../../../platform/audit/actor.ts';
import type { AuditEntry } from '../../../platform/audit/entry.ts';
import { writeAudit } from '../../../platform/audit/write.ts';
import { keysChanged } from '../../../platform/changes/log.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import { remove } from '../../../platform/database/rows.ts';
import { succeedKey } from '../../../platform/keys/succession.ts';
import { addScope, type Doing, entry, holdIncident, noteContained } from './incidents.ts';

/**
 * Contains an incident with one command: rotates server keys, revokes kiosks and ends sessions, with an entry in the timeline
 * and the audit log for each. Each step is its own transaction (or part of the caller's, as in a route). A failed step is
 * reported and doesn't stop the others. Safe to run again. The caller has to refresh its keyring after the transaction: within
 * it, a refresh would wait for itself if the database has only one connection.
 *
 * @throws Problem `incident-unknown`, `incident-closed`
 */
export async function containIncident(
  services: Services,
  incident: string,
  o: Contain,
  actor: Actor,
): Promise<Contained> {
  const { db, keys, now, notify } = services;
  const { row } = await holdIncident(db, keys, incident);
  if (row.closed_at) throw new Problem('incident-closed');
  const done: string[] = [];
  const failed: Contained['failed'] = [];
  const step = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
      done.push(what);
    } catch (cause) {
      const { code, message } =
        cause instanceof Problem
          ? cause
          : { code: 'internal-error', message: 'The step failed; see the server’s log.' };
      if (!(cause instanceof Problem))
        services.log.error(
          { code: 'containment-step-failed', what, err: cause },
          'a step of containing an incident failed',
        );
      failed.push({ what, code, message });
    }
  };
  /** Runs a step in one transaction with its timeline entry and audit row. */
  const inOne = (what: string, resource: string, work: (d: Doing) => Promise<unknown>) =>
    step(what, () =>
      inTransaction(db, async (tx) => {
        const d: Doing = { tx, keys, actor, now: now() };
        await work(d);
        await entry(d, incident, 'contained', what);
        await writeAudit(tx, keys, rowOf(actor, resource), d.now);
      }),
    );
  for (const purpose of new Set(o.rotate)) {
    const announce = (what: string) => async (tx: Doing['tx']) => {
      const at = now();
      await keysChanged(tx, at, purpose);
      await entry({ tx, keys, actor, now: at }, incident, 'contained', what);
      await writeAudit(tx, keys, rowOf(actor, `${purpose} key`), at);
    };
    const made = `The ${purpose} key has a successor.`;
    await step(made, () => succeedKey(db, keys, purpose, now().getTime(), announce(made)));
    const gone = `The previous ${purpose} keys were retired.`;
    if (o.retire) await step(gone, () => retireServerKeys(db, keys, purpose, now().getTime(), announce(gone)));
  }
  for (const device of new Set(o.devices))
    await inOne(`Device ${device} is revoked.`, device, async (d) => {
      await revokeDevice(d.tx, device, d.now);
      await addScope(d, incident, { who: device });
    });
  for (const account of new Set(o.accounts))
    await inOne(`The sessions of account ${account} are ended.`, account, async (d) => {
      await endSessionsOf(d.tx, { account });
      await addScope(d, incident, { who: account });
    });
  if (o.everySession)
    await inOne('Every session is ended.', 'sessions', async ({ tx }) => {
      await tx.deleteFrom('session').execute();
      await remove(tx, 'sign_in_link', { used_at: null });
    });
  if (failed.length === 0)
    await step('The incident is contained.', () =>
      inTransaction(db, (tx) => noteContained({ tx, keys, actor, now: now() }, incident)),
    );
  notify('change');
  notify('board');
  return { done, failed, next: nextSteps(o) };
}

const rowOf = (actor: Actor, resource: string): AuditEntry => ({
  actor,
  action: 'operate',
  route: 'incident contain',
  resource,
  data: ['incident'],
  subjects: [],
  outcome: 'ok',
});

/** Returns the steps that this server can't do itself. */
function nextSteps(o: Contain): string[] {
  return [
    `Give the server new ENCRYPTION_KEY and SECRET_KEY, and run: ${command('keys rotate --re-encrypt')}`,
    'Replace the credentials of the object store and of the database if someone may know them.',
    ...(o.rotate.length > 0 && !o.retire
      ? ['Once the kiosks have been online, retire the previous keys: server keys retire']
      : []),
    ...(o.devices.length > 0 ? ['Collect the revoked kiosks: the data on them is encrypted with their own keys.'] : []),
    ...(o.accounts.length > 0 || o.everySession
      ? ['Reset passwords and second factors that someone may know: accounts reset-totp']
      : []),
    'Check the audit log: audit verify',
  ];
}
