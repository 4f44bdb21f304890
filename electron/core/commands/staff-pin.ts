import { z } from 'zod';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import { weakPin } from '../../contract/pin.ts';
import { NO_LOCKOUT } from '../pin/lockout.ts';
import { lockoutSubject, STAFF_DOORS, STAFF_PIN_SETTING } from '../staff/service.ts';
import { storeCommand } from './command.ts';

/** `staff set-pin`: another staff PIN. Whoever may run it without a running core owns the kiosk's folder already. */
export const setStaffPin = storeCommand({
  name: 'staff-set-pin',
  beginsKiosk: true,
  args: z.strictObject({ pin: z.string().regex(/^[0-9]{6,12}$/, 'a staff PIN has 6 to 12 digits') }),
  async run(context, { pin }, output) {
    if (weakPin(pin))
      throw new Problem('pin-weak', 'this PIN is too easy to guess', 'Choose one without repeats or sequences.');
    context.store.setSetting(STAFF_PIN_SETTING, await (await context.pins()).hash(pin));
    context.store.setLockouts(Object.fromEntries(STAFF_DOORS.map((door) => [lockoutSubject(door), NO_LOCKOUT])));
    context.store.append({ type: 'health', open: { code: 'staff-pin-set', detail: {} }, personal: {} });
    output.line({ staffPin: 'set' });
    return 0;
  },
});
