import { DATABASES } from '../kit/databases.ts';
import { readOptions } from '../options.ts';
import { runTable, textOf, wrongIn } from './table.ts';

/*
 * npm run test:authority
 * The outcome of every kind of event that a kiosk can send, by the person's relation to the kiosk.
 * Exit: 0 all as required, 1 not, 2 wrong usage.
 */

readOptions('npm run test:authority', {});

let cells = 0;
let wrong = 0;
for (const { name, unavailable, start } of DATABASES) {
  if (unavailable) continue;
  const home = await start();
  const database = await home.open();
  const table = await runTable(database);
  await database.close();
  await home.remove();
  cells += table.cells.length;
  wrong += wrongIn(table);
  console.log(`\nOn ${name}\n\n${textOf(table)}`);
}
console.log(`\n${cells} cells, ${wrong} wrong`);
process.exit(wrong === 0 ? 0 : 1);
