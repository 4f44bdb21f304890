import { z } from 'zod';
import { secretText, technicianUri } from '../../../sync/protocol/seal/technician-code.ts';
import { BadgeNumber } from '../../../sync/protocol/wire/changes.ts';
import { StaffRole } from '../../../sync/protocol/wire/event.ts';
import { givenName } from '../../../sync/protocol/wire/name.ts';
import { type CommandContext, storeCommand } from '../command.ts';
import { createPersonPins, readPeppers } from '../pin/person-pins.ts';
import { refuseWeak } from '../pin/pin-hash.ts';
import { newPin } from './emergency.ts';
import { addMember, removeMember, resetMember, sealEmergencyPin } from './manage.ts';
import { knownStaff, memberNamed } from './members.ts';
import { createStaffRecords } from './records.ts';
import { staffRow } from './screen.ts';

/* `staff …`: who works at the kiosk on this machine. Running these without a running core requires owning the kiosk's folder. */

const managing = ({ store, changed }: CommandContext) => ({
  store,
  records: createStaffRecords({ store, changed, log: () => undefined }),
});

async function startPin(context: CommandContext): Promise<{ pin: string; kept: { stored: string; start: boolean } }> {
  const pin = newPin();
  const pins = createPersonPins(await context.pins(), () => readPeppers(context.store.roster.pinPeppers));
  return { pin, kept: { stored: await pins.hash(pin), start: true } };
}

/** `staff add`: prints the PIN for the first use, and a technician's secret and paper codes, only this once. */
export const addStaffCommand = storeCommand({
  name: 'staff add',
  beginsKiosk: true,
  args: z.strictObject({ name: givenName(60), role: StaffRole, badge: BadgeNumber.nullable() }),
  async run(context, { name, role, badge }, output) {
    const { pin, kept } = await startPin(context);
    const { member, handed } = addMember(managing(context), { name, role, badge, pin: kept });
    output.line({
      member: staffRow(member, 'kiosk'),
      pin,
      ...(handed && {
        uri: technicianUri(handed.secret, `${name} (${context.site.site})`),
        secret: secretText(handed.secret),
        paper: handed.paper,
      }),
    });
    return 0;
  },
});

export const listStaffCommand = storeCommand({
  name: 'staff list',
  args: z.strictObject({}),
  async run({ store }, _args, output) {
    for (const one of knownStaff(store))
      output.line({ ...staffRow(one, one.from), paperCodes: one.factor?.paper.length ?? null });
    return 0;
  },
});

export const removeStaffCommand = storeCommand({
  name: 'staff remove',
  args: z.strictObject({ member: z.string().trim().min(1).max(100) }),
  async run(context, { member: which }, output) {
    const member = removeMember(managing(context), memberNamed(knownStaff(context.store), which).id);
    output.line({ removed: staffRow(member, 'kiosk') });
    return 0;
  },
});

/** `staff reset-pin`: a PIN for the first use, replacing a forgotten one. */
export const resetStaffPinCommand = storeCommand({
  name: 'staff reset-pin',
  args: z.strictObject({ member: z.string().trim().min(1).max(100) }),
  async run(context, { member: which }, output) {
    const { pin, kept } = await startPin(context);
    const { id } = memberNamed(knownStaff(context.store), which);
    output.line({ member: staffRow(resetMember(managing(context), id, { pin: kept }), 'kiosk'), pin });
    return 0;
  },
});

/** `staff set-pin`: sets a new sealed emergency PIN. */
export const setEmergencyPinCommand = storeCommand({
  name: 'staff-set-pin',
  beginsKiosk: true,
  args: z.strictObject({ pin: z.string().regex(/^[0-9]{6,12}$/, 'the emergency PIN has 6 to 12 digits') }),
  async run(context, { pin }, output) {
    refuseWeak(pin);
    sealEmergencyPin(context.store, await (await context.pins()).hash(pin));
    output.line({ staffPin: 'set' });
    return 0;
  },
});

export const STAFF_COMMANDS = [
  addStaffCommand,
  listStaffCommand,
  removeStaffCommand,
  resetStaffPinCommand,
  setEmergencyPinCommand,
] as const;
