import * as api from '../../../../protocol/api/people.ts';
import { implement, type Route } from '../../../platform/access/route.ts';
import { requireLiving } from '../../people/living.ts';
import { requireShown } from '../../people/shown.ts';
import { forgetMinor, readMinor, setMinor } from './minors.ts';

export const minorRoutes: readonly Route[] = [
  implement(api.getMinor, async ({ tx, services: { keys }, params: { person }, now, about }) => {
    about([person]);
    await requireShown(tx, keys, person);
    return { minor: await readMinor(tx, keys, person, now) };
  }),
  implement(api.setMinor, async ({ tx, services: { keys }, params: { person }, body, now, about, notify }) => {
    about([person]);
    await requireLiving(tx, person, 'change');
    await setMinor(tx, keys, person, body, now);
    notify('board');
    return { minor: await readMinor(tx, keys, person, now) };
  }),
  implement(api.removeMinor, async ({ tx, params: { person }, about, notify }) => {
    about([person]);
    await requireLiving(tx, person, 'change');
    await forgetMinor(tx, person);
    notify('board');
    return { minor: null };
  }),
];
