import type { Command } from '@commander-js/extra-typings';
import * as api from '../../../sync/protocol/api/staff.ts';
import { StaffRole } from '../../../sync/protocol/wire/event.ts';
import { memberNamed } from '../../core/staff/members.ts';
import { oneOf } from '../options.ts';
import { print, printEach } from '../output.ts';
import { asOperator, call } from '../server/environment.ts';
import { handedText } from '../staff/sheet.ts';

/** `fleet staff list | add | reset | remove`: who may unlock the kiosks of a site. */
export function registerFleetStaff(fleet: Command): void {
  const staff = fleet
    .command('staff')
    .description('Manage kiosk staff of one site or all sites. For a single kiosk, use `staff` on it.');
  staff
    .command('list')
    .description('List who can unlock kiosks, in which role, and which kiosks have confirmed it.')
    .option('--json', 'one JSON object per line')
    .action(async (o) => {
      const { items: all } = await call(api.listKioskStaff);
      printEach(o.json, all, memberText, 'No kiosk staff was added on the server.');
    });
  staff
    .command('add <name>')
    .description('Add a staff member. Shows their starter PIN, and a technician’s second factor, once.')
    .requiredOption('--role <role>', 'desk, supervisor or technician', oneOf(StaffRole.options))
    .option('--site <id>', 'only at this site’s kiosks (default: all sites)')
    .option('--badge <number>', 'a badge that also unlocks the kiosks; its number as a reader gives it')
    .option('--json', 'one JSON object, without the QR code')
    .action(async (name, o) => {
      const wanted = { name, role: o.role, site: o.site ?? null, badge: o.badge ?? null };
      const added = await call(api.addKioskStaff, { body: wanted });
      print(o.json, added, handed(added, 'was added; kiosks receive it the next time they connect'));
    });
  staff
    .command('reset <name-or-id>')
    .description('Give a staff member a new starter PIN, second factor or badge. The old one stops working.')
    .option('--factor', 'reset a technician’s second factor instead of the PIN')
    .option('--badge <number>', 'give them this badge; empty to remove it')
    .option('--json', 'one JSON object, without the QR code')
    .action(async (member, o) => {
      const reset = api.StaffReset.parse(
        o.badge !== undefined ? { what: 'badge', badge: o.badge || null } : { what: o.factor ? 'factor' : 'pin' },
      );
      const made = await asOperator(async (ask) => {
        const { id } = only((await ask(api.listKioskStaff)).items, member);
        return ask(api.resetKioskStaff, { params: { member: id }, body: reset });
      });
      print(o.json, made, handed(made, 'was changed; kiosks receive it the next time they connect'));
    });
  staff
    .command('remove <name-or-id>')
    .description('Remove a staff member. Each kiosk locks them out the next time it connects.')
    .option('--json', 'one JSON object')
    .action(async (which, o) => {
      const removed = await asOperator(async (ask) => {
        const { id } = only((await ask(api.listKioskStaff)).items, which);
        const { items } = await ask(api.removeKioskStaff, { params: { member: id } });
        return items.find((one) => one.id === id)!;
      });
      print(o.json, removed, memberText);
    });
}

/** Finds a member by id, or by a name that is unique. @throws Problem `staff-unknown`, `staff-ambiguous` */
const only = (all: readonly api.KioskStaff[], which: string) =>
  memberNamed(
    all.filter(({ removedAt }) => removedAt === null),
    which,
  );

const handed = ({ member, pin, factor }: api.HandedOver, done: string): string =>
  handedText(member.name, done, pin, factor);

const PINS = { own: 'own PIN', start: 'starter PIN', none: 'no PIN' } as const;

function memberText(m: api.KioskStaff): string {
  const where = m.kiosk ? `kiosk ${m.kiosk.name} alone` : m.site === null ? 'all sites' : `site ${m.site}`;
  const by = [
    m.role,
    ...(m.pin ? [PINS[m.pin]] : []),
    ...(m.badge ? ['badge'] : []),
    ...(m.paperLeft === null ? [] : [`${m.paperLeft} paper codes left`]),
    ...(m.removedAt === null ? [] : [`removed ${m.removedAt}`]),
  ];
  const known = `${m.confirmed} of ${m.kiosks} kiosks have ${m.removedAt === null ? 'them' : 'forgotten them'}`;
  const waiting = m.waiting.map((k) => `${k.name}${k.revoked ? ' (revoked: it no longer receives anything)' : ''}`);
  return [
    `${m.name}  ${m.id}  ${where}, ${by.join(', ')}; ${known}`,
    ...(waiting.length > 0 ? [`  not yet: ${waiting.join(', ')}`] : []),
  ].join('\n');
}
