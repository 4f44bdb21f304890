import * as api from '../../../protocol/api/people.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { requireLiving } from '../people/living.ts';
import { requireShown } from '../people/shown.ts';
import { templateCounts } from './count.ts';
import { forgetTemplates } from './forget.ts';

export const templateRoutes: readonly Route[] = [
  implement(api.countTemplates, async ({ tx, services: { keys }, params: { person }, about }) => {
    about([person]);
    await requireShown(tx, keys, person);
    return { person, models: await templateCounts(tx, person) };
  }),
  implement(api.deleteTemplates, async ({ tx, services: { keys }, params: { person }, now, about, notify }) => {
    about([person]);
    await requireLiving(tx, person, 'change');
    await forgetTemplates(tx, keys, [person], now);
    notify('change');
    return { person, models: await templateCounts(tx, person) };
  }),
];
