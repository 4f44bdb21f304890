/** Opens the store of a folder and prints the outcome: `opened`, or the Problem's code. */
import { openKeys } from '../../../electron/core/keys/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';

const home = process.argv[2]!;
try {
  const store = await openStore({ home, keys: await openKeys({ home, deviceSecret: null }) });
  store.close();
  console.log('opened');
} catch (error) {
  console.log((error as { code?: string }).code ?? String(error));
}
