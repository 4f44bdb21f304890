import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { base32, technicianUri } from '../../../sync/protocol/seal/technician-code.ts';
import { givenName } from '../../../sync/protocol/wire/name.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import { storeCommand } from '../commands/command.ts';
import { NO_LOCKOUT } from '../pin/lockout.ts';
import { TECHNICIAN_LOCKOUT } from './door.ts';
import { addTechnician, keptTechnicians, readTechnicians, removeTechnician, type Technician } from './technicians.ts';
import { readTold } from './told.ts';

const told = ({ id, name, enrolledAt, paper }: Technician) => ({
  id,
  name,
  enrolledAt,
  paperCodes: paper.length,
  from: 'kiosk' as const,
});

/** `technician add`: the secret and the codes on paper leave here once, and are never told again. */
export const addTechnicianCommand = storeCommand({
  name: 'technician add',
  args: z.strictObject({ name: givenName(60) }),
  async run({ store, site, changed }, { name }, output) {
    const made = addTechnician(readTechnicians(store), {
      id: randomUUID(),
      name,
      now: Date.now(),
      random: randomBytes,
    });
    const { id } = made.technician;
    store.append(
      { type: 'technician', open: { what: 'enrolled', outcome: 'done', technician: id }, personal: { name } },
      keptTechnicians(made.all),
    );
    // Wrong codes of before count no more, as with a new staff PIN.
    store.setLockouts({ [TECHNICIAN_LOCKOUT]: NO_LOCKOUT });
    changed();
    output.line({
      technician: told(made.technician),
      uri: technicianUri(made.secret, `${name} (${site.site})`),
      secret: base32(made.secret),
      paper: made.paper,
    });
    return 0;
  },
});

/** `technician remove`: their codes open nothing any more. */
export const removeTechnicianCommand = storeCommand({
  name: 'technician remove',
  args: z.strictObject({ technician: z.string().trim().min(1).max(100) }),
  async run({ store, changed }, args, output) {
    const wanted = args.technician.toLowerCase();
    const here = readTechnicians(store);
    const ofServer = readTold(store).some(({ id, name }) => id === wanted || name.toLowerCase() === wanted);
    if (ofServer && !here.some(({ id, name }) => id === wanted || name.toLowerCase() === wanted))
      throw new Problem(
        'technician-of-server',
        `${args.technician} is a technician of the server, which would tell this kiosk of them again`,
        'Remove them there: console, Fleet, Technicians.',
      );
    const { all, technician } = removeTechnician(here, args.technician);
    const { id, name } = technician;
    store.append(
      { type: 'technician', open: { what: 'removed', outcome: 'done', technician: id }, personal: { name } },
      keptTechnicians(all),
    );
    changed();
    output.line({ removed: told(technician) });
    return 0;
  },
});

/** `technician list`; nothing of their secrets. */
export const listTechniciansCommand = storeCommand({
  name: 'technician list',
  args: z.strictObject({}),
  async run({ store }, _args, output) {
    for (const technician of readTechnicians(store)) output.line(told(technician));
    for (const { id, name, paper } of readTold(store))
      output.line({ id, name, enrolledAt: null, paperCodes: paper.length, from: 'server' });
    return 0;
  },
});

export const TECHNICIAN_COMMANDS = [addTechnicianCommand, removeTechnicianCommand, listTechniciansCommand] as const;
