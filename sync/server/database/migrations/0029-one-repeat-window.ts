import { statements } from './statements.ts';

/**
 * The repeat window stood twice: in a site's row, by which the server counts, and in its policy, by which kiosks do. It stands
 * in the row alone from now on, and kiosks are told it. What somebody had set by the policy counts; the default site's also for
 * the sites that had none of their own and went by it. Their records are resolved anew.
 */
const CHANGED = `
  select s.id, s.is_default, (p.policy->>'repeatWindowSeconds')::integer as seconds
  from site s join site_policy p on p.site = coalesce(
    (select o.site from site_policy o
     where o.site = case when s.is_default then '00000000-0000-0000-0000-000000000000'::uuid else s.id end),
    '00000000-0000-0000-0000-000000000000'::uuid)
  where (p.policy->>'repeatWindowSeconds')::integer <> s.repeat_seconds`;

export const oneRepeatWindow = statements([
  `insert into attendance_due (person, site, at)
     select c.person, c.site, min(c.at) from checkin c join (${CHANGED}) n on c.site = n.id or (c.site is null and n.is_default)
     where c.person is not null
     group by c.person, c.site, date_trunc('minute', c.at)`,
  `update site set repeat_seconds = n.seconds from (${CHANGED}) n where site.id = n.id`,
  `update site_policy set policy = policy - 'repeatWindowSeconds'`,
  // Every kiosk reads its policy anew: it holds the window of its site from now on.
  `insert into change (tag, at, kind) values (encode(gen_random_bytes(9), 'base64'), now(), 'policy')`,
]);
