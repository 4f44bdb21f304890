import { Problem } from '../../../errors/problem.ts';
import type { Services } from '../../platform/access/route.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { writeAudit } from '../../platform/audit/write.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import type { Tx } from '../../platform/database/schema.ts';
import { lockPeople } from '../people/people.ts';
import { findPeople, readPeople } from '../people/records.ts';
import { linkMail, linkUrl } from './link-text.ts';
import { createLink } from './links.ts';
import { sendMail } from './mail.ts';

/** Someone whose link can be made: known here, not erased; of merged people the one that is left. Locked. @throws Problem `person-unknown` */
export async function linkable(
  tx: Tx,
  { keys }: Pick<Services, 'keys'>,
  id: string,
): Promise<{ id: string; email: string | null; language: string | null }> {
  const { now = id } = (await lockPeople(tx, [id])).get(id) ?? {};
  const person = (await readPeople(tx, keys, [now])).get(now);
  if (!person) throw new Problem('person-unknown');
  return person;
}

/**
 * What follows on a request for a link by mail, after its answer has gone out: so the answer takes the same time, and says
 * the same, no matter who it is about. An address that several people share gets nothing: staff knows who is before
 * them.
 */
export async function mailPersonLink(services: Services, email: string, actor: Actor): Promise<void> {
  const { db, keys, config, now } = services;
  const made = await inTransaction(db, async (tx) => {
    const at = now();
    const found = await findPeople(tx, keys, { email });
    await lockPeople(tx, found);
    const people = [...(await readPeople(tx, keys, found)).values()].filter((p) => !p.mergedInto);
    const person = people.length === 1 ? people[0]! : null;
    const link = person && config.mail ? await createLink(tx, keys, { kind: 'person', person: person.id }, at) : null;
    const entry = {
      actor,
      action: 'sign-in',
      route: 'POST /api/sign-in-links',
      resource: 'mail',
      data: ['person.email'],
      subjects: person ? [person.id] : [],
      outcome: link ? 'ok' : person ? 'mail-not-configured' : 'person-unknown',
    } as const;
    await writeAudit(tx, keys, entry, at);
    return link && { link, to: person!.email!, language: person!.language };
  });
  if (!made || !config.mail) return;
  await sendMail(config.mail, {
    to: made.to,
    ...linkMail('person', made.language, linkUrl(config, 'portal', made.link.token)),
  });
}
